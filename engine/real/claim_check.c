#include "real/claim_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "sql.h"

#define NUMBER_BYTES 24
#define REFUSED                                                                                    \
    "nothing was paid\nHINT: connect to the server that has the newest data; to pay from this "    \
    "one, first reconcile it with each bank's book (daybook reconcile COHORT --date D): what it "  \
    "lost may have been paid already"

/* ---- what it promises ---- */

enum { COLUMN_PID = 6, COLUMN_START };

struct promise {
    const char *name;
    const char *broken; /* this value is refused … */
    const char *wanted; /* … or, where it is NULL, any but this one */
    const char *refusal;
};

#define LOST "the database server has %s = %s: what it reports as written could be lost"

/* In the order of the columns of claim_server.sql. */
static const struct promise promises[] = {
    {"fsync", "off", "on", NULL},
    {"full_page_writes", "off", "on", NULL},
    {"server_encoding", NULL, "UTF8", NULL},
    {"primary", NULL, "f",
     "the database server is a standby in recovery\nHINT: connect to the primary"},
    {"writable", NULL, "f",
     "the database is set to read-only (default_transaction_read_only = on)\n"
     "HINT: find out why; then ALTER DATABASE or ALTER ROLE … RESET "
     "default_transaction_read_only"},
    {"schema", NULL, "t", "the database has no schema daybook\nHINT: run `daybook schema apply`"},
};

_Static_assert(sizeof(promises) / sizeof(promises[0]) == CLAIM_PROMISE_COUNT, "all are counted");

PGresult *claim_check_ask(PGconn *control)
{
    return pg_run_as_login(control, sql_claim_server, 0, NULL);
}

const char *claim_check_name(uint32_t promise)
{
    CHECK(promise < CLAIM_PROMISE_COUNT);
    return promises[promise].name;
}

enum status claim_check_promise(const PGresult *server, uint32_t index,
                                char error[STORE_ERROR_BYTES])
{
    CHECK(index < CLAIM_PROMISE_COUNT);
    const struct promise *promise = &promises[index];
    const char *value = PQgetvalue(server, 0, (int)index);
    bool kept = promise->broken != NULL ? strcmp(value, promise->broken) != 0
                                        : strcmp(value, promise->wanted) == 0;
    if (kept)
        return STATUS_OK;
    if (promise->refusal != NULL)
        snprintf(error, STORE_ERROR_BYTES, "%s", promise->refusal);
    else
        snprintf(error, STORE_ERROR_BYTES, LOST "\nHINT: set %s to %s", promise->name, value,
                 promise->name, promise->wanted);
    return STATUS_BAD_CONFIG;
}

/* A pooler's session is not the server's: the lock would be its, and so would its loss. */
enum status claim_check_session(PGconn *control, const PGresult *server,
                                struct claim_former *session, char error[STORE_ERROR_BYTES])
{
    if (PQstatus(control) != CONNECTION_OK) { // it has no process id any more
        snprintf(error, STORE_ERROR_BYTES, "the control session was lost while it began");
        return STATUS_STORE_LOST;
    }
    session->pid = (int)strtoul(PQgetvalue(server, 0, COLUMN_PID), NULL, 10);
    snprintf(session->start, sizeof(session->start), "%s", PQgetvalue(server, 0, COLUMN_START));
    if (session->pid == PQbackendPID(control) && session->start[0] != 0)
        return STATUS_OK;
    snprintf(error, STORE_ERROR_BYTES,
             "a connection pooler stands between: the server's session is not the one that this "
             "program has\n"
             "HINT: name the Postgres server itself in `database`");
    return STATUS_BAD_CONFIG;
}

enum status claim_check_schema(PGconn *control, char error[STORE_ERROR_BYTES])
{
    PGresult *result =
        pg_run(control, "SELECT coalesce(max(version), 0) FROM daybook.schema_version", 0, NULL);
    enum status status = pg_result_status(control, result, error);
    int wanted = sql_migrations[sql_migration_count - 1].version;
    int found = status == STATUS_OK ? (int)strtoul(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    if (status == STATUS_OK && found != wanted) {
        snprintf(error, STORE_ERROR_BYTES,
                 "the database's schema is version %d, this program needs %d\nHINT: %s", found,
                 wanted, found < wanted ? "run `daybook schema apply`" : "use a newer daybook");
        status = STATUS_BAD_CONFIG;
    }
    return status;
}

/* ---- did it go backwards ---- */

enum status claim_check_timeline(PGconn *control, const struct claim_config *config,
                                 int64_t *timeline, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES];
    snprintf(batch, sizeof(batch), "%" PRIu32, config->batch_id);
    const char *params[] = {batch};
    PGresult *result = pg_run(control, sql_claim_timeline, 1, params);
    enum status status = pg_result_status(control, result, error);
    if (status == STATUS_OK) {
        *timeline = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        int64_t last = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
        if (!PQgetisnull(result, 0, 1)) {
            snprintf(error, STORE_ERROR_BYTES,
                     "the database is on timeline %" PRId64 ", run %s saw timeline %" PRId64
                     ": it was restored or failed over since; " REFUSED,
                     *timeline, PQgetvalue(result, 0, 2), last);
            status = STATUS_STORE_BEHIND;
        }
    }
    PQclear(result);
    return status;
}

static enum status compare(const PGresult *result, const struct claim_config *config,
                           const struct claim_known *known, char error[STORE_ERROR_BYTES])
{
    char hex[2 * DIGEST_BYTES + 1];
    unsigned long head = strtoul(PQgetvalue(result, 0, 0), NULL, 10);
    hex_write(hex, known->hash.bytes, DIGEST_BYTES);
    if (head < known->chunk) {
        snprintf(error, STORE_ERROR_BYTES,
                 "batch %" PRIu32 " partition %" PRIu32 " ends at chunk %lu, but chunk %" PRIu32
                 " is known (%s): the database is an older copy; " REFUSED,
                 config->batch_id, known->partition, head, known->chunk, known->from);
        return STATUS_STORE_BEHIND;
    }
    if (known->has_hash && strcmp(PQgetvalue(result, 0, 1), hex) != 0) {
        snprintf(error, STORE_ERROR_BYTES,
                 "batch %" PRIu32 " partition %" PRIu32 " chunk %" PRIu32
                 " has another hash than is known (%s): the database has another past; " REFUSED,
                 config->batch_id, known->partition, known->chunk, known->from);
        return STATUS_STORE_BEHIND;
    }
    return STATUS_OK;
}

enum status claim_check_known(PGconn *control, const struct claim_config *config,
                              const struct claim_known *known, char error[STORE_ERROR_BYTES])
{
    if (known->chunk == 0)
        return STATUS_OK;
    char batch[NUMBER_BYTES], partition[NUMBER_BYTES], chunk[NUMBER_BYTES];
    snprintf(batch, sizeof(batch), "%" PRIu32, config->batch_id);
    snprintf(partition, sizeof(partition), "%" PRIu32, known->partition);
    snprintf(chunk, sizeof(chunk), "%" PRIu32, known->chunk);
    const char *params[] = {batch, partition, chunk};
    PGresult *result = pg_run(control, sql_claim_known, 3, params);
    enum status status = pg_result_status(control, result, error);
    if (status == STATUS_OK)
        status = compare(result, config, known, error);
    PQclear(result);
    return status;
}
