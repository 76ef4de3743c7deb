#include "real/claim_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "sql.h"

#define NUMBER_BYTES 24
#define REFUSED                                                                                    \
    "nothing was paid\nHINT: connect to the server that has the newest data; to pay from this "    \
    "one, first reconcile it with each bank's book: what it lost may have been paid already"

enum status claim_check_timeline(PGconn *control, int64_t *timeline, char error[STORE_ERROR_BYTES])
{
    PGresult *result = pg_run(control, sql_claim_timeline, 0, NULL);
    enum status status = pg_result_status(control, result, error);
    if (status == STATUS_OK) {
        *timeline = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        int64_t last = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
        if (!PQgetisnull(result, 0, 1) && last != *timeline) {
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
