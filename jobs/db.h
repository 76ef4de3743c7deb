/*
 * db: a blocking session with Postgres, for everything that is not the lane.
 *
 * Errors are printed once, here, with the server's HINT where it gave one; the caller gets NULL or
 * false and passes db_exit_code on. Only the conninfo of the configuration decides where it goes:
 * all PG* variables are dropped from the environment at the first db_open.
 */
#ifndef DAYBOOK_JOBS_DB_H
#define DAYBOOK_JOBS_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "jobs/config.h"

#define DB_PARAMS_MAX 16

struct db;

/* The whole conninfo, with the password where one is configured: never to be printed. NULL: the
   configuration names no database; reported. To be freed by db_conninfo_free. */
char *db_conninfo(const struct config *config);
void db_conninfo_free(char *conninfo);

/* NULL: reported, *exit_code says which. `name` is what people see in pg_stat_activity. */
struct db *db_open(const struct config *config, const char *name, int *exit_code);
void db_close(struct db *db);
/* For what is asked from now on: without an answer for so long, the session is lost. Not for COPY
   and streams. As opened: no bound. */
void db_answer_within(struct db *db, uint64_t answer_ns);
/* Exit code that fits the newest error. */
int db_exit_code(const struct db *db);

/* Is the schema there, and of this version? Reports what to do otherwise. */
MUST_USE bool db_check_schema(struct db *db);

/* One statement with `count` text parameters (NULL: SQL NULL). NULL: reported. PQclear it. */
PGresult *db_query(struct db *db, const char *sql, int count, const char *const *params);
/* The same with values in binary. */
PGresult *db_query_binary(struct db *db, const char *sql, int count, const char *const *params);
/* The same, for statements without rows. */
MUST_USE bool db_execute(struct db *db, const char *sql, int count, const char *const *params);
/* The same, without waiting: sent now, and answered, once, when the answer is there. Nothing else
   may be asked of the session meanwhile. */
/* False: not reported. */
MUST_USE bool db_ask(struct db *db, const char *sql, int count, const char *const *params);
/* NULL: it is not there yet, or failed (*failed; not reported). PQclear it. */
PGresult *db_answer(struct db *db, bool *failed);
/* db_execute in two parts: the server works while the caller does something else. After a begin
   that succeeded comes the end, before anything else of this session. */
MUST_USE bool db_execute_begin(struct db *db, const char *sql, int count,
                               const char *const *params);
MUST_USE bool db_execute_end(struct db *db);
/* Several statements in one string, without parameters. */
MUST_USE bool db_script(struct db *db, const char *sql);

/* COPY … FROM STDIN: begin, put as often as needed, end. */
MUST_USE bool db_copy_begin(struct db *db, const char *sql);
MUST_USE bool db_copy_put(struct db *db, const char *bytes, size_t byte_count);
MUST_USE bool db_copy_end(struct db *db);

/* A statement whose rows come one by one, in binary; at most one at a time. */
MUST_USE bool db_stream_begin(struct db *db, const char *sql, int count, const char *const *params);
/* The next row, valid until the next call; NULL: at the end, or failed (reported, *failed). */
const PGresult *db_stream_next(struct db *db, bool *failed);

PGconn *db_connection(struct db *db);

/* ---- values of a result ---- */

int64_t db_int(const PGresult *result, int row, int column); /* text form; NULL is 0 */
/* NULL is "". What it gives may be printed: control bytes have become '?'. */
const char *db_text(const PGresult *result, int row, int column);
/* Binary form: network order. A NULL is 0. */
int64_t db_binary_int(const PGresult *result, int row, int column);
struct digest db_binary_digest(const PGresult *result, int row, int column);
/* Microseconds since 1970 of a binary timestamptz. */
int64_t db_binary_time_us(const PGresult *result, int row, int column);

#endif
