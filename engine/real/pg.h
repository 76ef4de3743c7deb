/*
 * pg: what store and claim share of libpq: opening a session, statuses, big-endian values.
 *
 * A session is opened by its connection string alone: no PG* variable of the environment (PGHOST,
 * PGSERVICEFILE, PGPASSFILE, PGOPTIONS …) is read.
 */
#ifndef DAYBOOK_REAL_PG_H
#define DAYBOOK_REAL_PG_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/status.h"

#define PG_ERROR_BYTES 512
#define PG_VERSION_LEAST 140000
#define PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01, from which timestamptz counts */

/*
 * Open a session (blocks), as role daybook_engine, with its settings; it is non-blocking, and bound
 * by pg_answer_within(answer_ns). On failure *out is NULL and `error` says why and what to do:
 * UNREACHABLE, STORE_LOST, STORE_DENIED or BAD_CONFIG.
 */
MUST_USE enum status pg_open(const char *conninfo, const char *application_name, uint64_t answer_ns,
                             PGconn **out, char error[PG_ERROR_BYTES]);
/* Does a server take sessions there? Blocks, for ten seconds at most. */
bool pg_is_up(const char *conninfo);

/* Drops every variable that libpq would read; the first session does it by itself. */
void pg_forget_environment(void);

/*
 * Asking. These block, but no longer than the session's bound: a server that says nothing for so
 * long is given up, the session with it, and the result is NULL (pg_result_status: STORE_LOST), as
 * it is where the session was lost before anything could be sent.
 */

/* For all that is asked from now on; makes the session non-blocking. 0: no bound, blocking. */
void pg_answer_within(PGconn *conn, uint64_t answer_ns);
/* Several statements in one string; the last one's result, or the first one's that failed. */
PGresult *pg_exec(PGconn *conn, const char *sql);
PGresult *pg_prepare(PGconn *conn, const char *name, const char *sql, int param_count,
                     const Oid *param_types);
/* One statement with text parameters; results in text or in binary. */
PGresult *pg_run_form(PGconn *conn, const char *sql, int param_count, const char *const *params,
                      bool binary);
PGresult *pg_run(PGconn *conn, const char *sql, int param_count, const char *const *params);
/* The last result of what PQsend… began. */
PGresult *pg_answer(PGconn *conn);
/* True: PQgetResult would not wait. False: it would, still, at until_ns. */
MUST_USE bool pg_wait(PGconn *conn, uint64_t until_ns);
/* The session is of no use any more: whatever is done with it fails, and nothing waits. */
void pg_give_up(PGconn *conn);
/*
 * The same with the rights of the login role: seeing and ending sessions is that one's right, for
 * nobody logs in as daybook_engine. The session goes back to the engine's role afterwards.
 */
PGresult *pg_run_as_login(PGconn *conn, const char *sql, int param_count,
                          const char *const *params);
/* OK, or what the result's SQLSTATE means; `error` then holds it with its message. */
enum status pg_result_status(PGconn *conn, const PGresult *result, char error[PG_ERROR_BYTES]);
/* What an SQLSTATE means for whoever sent the statement; NULL or "": the connection is lost. */
enum status pg_sqlstate_status(const char *sqlstate);
/* "SQLSTATE message", cleaned; details are left out, for they hold rows. */
void pg_error_text(PGconn *conn, const PGresult *result, char error[PG_ERROR_BYTES]);

/* Values of a binary result; CHECKs the length, which the statement's text fixes. */
static inline uint64_t pg_get_u64(const PGresult *result, int row, int column)
{
    uint64_t big;
    CHECK(PQgetlength(result, row, column) == sizeof(big));
    memcpy(&big, PQgetvalue(result, row, column), sizeof(big));
    return __builtin_bswap64(big);
}

static inline int64_t pg_get_i64(const PGresult *result, int row, int column)
{
    return (int64_t)pg_get_u64(result, row, column);
}

static inline uint16_t pg_get_u16(const PGresult *result, int row, int column)
{
    uint16_t big;
    CHECK(PQgetlength(result, row, column) == sizeof(big));
    memcpy(&big, PQgetvalue(result, row, column), sizeof(big));
    return __builtin_bswap16(big);
}

/* A timestamptz as microseconds since the Unix epoch. */
static inline int64_t pg_get_us(const PGresult *result, int row, int column)
{
    return pg_get_i64(result, row, column) + PG_EPOCH_US;
}

#endif
