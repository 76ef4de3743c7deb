/* The chain of a batch: its chunks, where it ends, and who else says so. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "core/canonical.h"
#include "jobs/verify_state.h"
#include "sql.h"

static const struct digest nothing;

bool verify_chain_read(struct verify *verify)
{
    const char *const params[] = {verify->batch->id};
    PGresult *result = db_query_binary(verify->db, sql_verify_chunks, 1, params);
    if (result == NULL)
        return false;
    verify->link_count = (uint32_t)PQntuples(result);
    verify->links = calloc(verify->link_count + 1, sizeof verify->links[0]);
    CHECK(verify->links != NULL);
    for (int i = 0; i < PQntuples(result); i++)
        verify->links[i] = (struct verify_link){
            .partition = (uint32_t)db_binary_int(result, i, 0),
            .number = (uint32_t)db_binary_int(result, i, 1),
            .records = (uint32_t)db_binary_int(result, i, 2),
            .entries = (uint32_t)db_binary_int(result, i, 3),
            .debit_total_minor = db_binary_int(result, i, 4),
            .hash = db_binary_digest(result, i, 5),
            .prev_hash = db_binary_digest(result, i, 6),
            .epoch = (uint32_t)db_binary_int(result, i, 7),
        };
    PQclear(result);
    return true;
}

static bool is_same(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

/* ---- one chunk ---- */

static void check_place(struct verify *verify, const struct verify_link *link,
                        const struct verify_link *before)
{
    const struct digest *prev = before == NULL ? &nothing : &before->hash;
    if (link->number != (before == NULL ? 1 : before->number + 1))
        verify_fault(verify, link->partition, link->number, "chunks before it are missing");
    if (!is_same(&link->prev_hash, prev))
        verify_fault(verify, link->partition, link->number,
                     "it does not follow the chunk before it");
    if (before != NULL && link->epoch < before->epoch)
        verify_fault(verify, link->partition, link->number,
                     "it is of epoch %" PRIu32 ", the chunk before it of %" PRIu32, link->epoch,
                     before->epoch);
}

/* The records that were read for it. */
static void check_records(struct verify *verify, const struct verify_link *link,
                          const struct verify_link *before)
{
    const struct digest *prev = before == NULL ? &nothing : &before->hash;
    uint32_t entries = 0;
    int64_t debit_total = 0;
    bool overflow = false;
    for (uint32_t i = 0; i < verify->record_count; i++) {
        const struct record *record = &verify->records[i];
        if (record->record_kind != RECORD_ENTRY)
            continue;
        entries++;
        overflow |= __builtin_add_overflow(debit_total, record->entry.amount_minor, &debit_total);
    }
    struct digest hash =
        canonical_chunk_hash(verify->hash, prev, verify->records, verify->record_count);
    if (verify->record_count != link->records || entries != link->entries)
        verify_fault(verify, link->partition, link->number,
                     "%" PRIu32 " records and %" PRIu32 " entries are there, %" PRIu32
                     " and %" PRIu32 " were written",
                     verify->record_count, entries, link->records, link->entries);
    if (overflow || debit_total != link->debit_total_minor)
        verify_fault(verify, link->partition, link->number,
                     "its debit total is not that of its entries");
    if (!is_same(&hash, &link->hash))
        verify_fault(
            verify, link->partition, link->number,
            "its hash is not that of its records: something was changed after it was written");
    verify->totals->entries += entries;
}

void verify_chain_close(struct verify *verify)
{
    const struct verify_link *link = &verify->links[verify->next_link];
    const struct verify_link *before = verify->next_link > 0 ? link - 1 : NULL;
    if (before != NULL && before->partition != link->partition)
        before = NULL;
    check_place(verify, link, before);
    check_records(verify, link, before);
    verify->totals->chunks++;
    verify->totals->records += verify->record_count;
    verify->record_count = 0;
    verify->position = 0;
    verify->next_link++;
}

/* ---- sums up to a chunk ---- */

struct sums {
    const struct verify_link *newest; /* NULL: no chunk */
    uint64_t records, entries;
    int64_t debit_total_minor;
    uint64_t settled, ended, parked; /* of one epoch */
};

static struct sums sum_to(const struct verify *verify, uint32_t partition, uint32_t chunk,
                          uint32_t epoch)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < verify->link_count; i++) {
        const struct verify_link *link = &verify->links[i];
        if (link->partition != partition || link->number > chunk)
            continue;
        sums.newest = link;
        sums.records += link->records;
        sums.entries += link->entries;
        sums.settled += link->epoch == epoch ? link->settled : 0;
        sums.ended += link->epoch == epoch ? link->ended : 0;
        sums.parked += link->epoch == epoch ? link->parked : 0;
        if (__builtin_add_overflow(sums.debit_total_minor, link->debit_total_minor,
                                   &sums.debit_total_minor))
            sums.debit_total_minor = INT64_MIN;
    }
    return sums;
}

/* ---- heads ---- */

static json_t *head_json(const struct batch *batch, const struct expect_head *head)
{
    char hex[2 * DIGEST_BYTES + 1];
    hex_write(hex, head->hash.bytes, DIGEST_BYTES);
    return json_pack("{s:s, s:s, s:I, s:I, s:s}", "cohort", batch->cohort, "settle_date",
                     batch->date, "partition", (json_int_t)head->partition, "chunk",
                     (json_int_t)head->chunk, "hash", hex);
}

static void check_head(struct verify *verify, const PGresult *heads, int row,
                       const struct verify_wanted *wanted)
{
    uint32_t partition = (uint32_t)db_int(heads, row, 0);
    struct sums sums = sum_to(verify, partition, UINT32_MAX, 0);
    struct expect_head head = {.partition = partition};
    char text[EXPECT_HEAD_BYTES], hex[2 * DIGEST_BYTES + 1];
    if (sums.newest != NULL) {
        head.chunk = sums.newest->number;
        head.hash = sums.newest->hash;
    }
    hex_write(hex, head.hash.bytes, DIGEST_BYTES);
    if (db_int(heads, row, 1) != head.chunk || strcmp(db_text(heads, row, 5), hex) != 0)
        verify_fault(verify, partition, head.chunk,
                     "the head is at chunk %s, the newest chunk is %" PRIu32,
                     db_text(heads, row, 1), head.chunk);
    else if ((uint64_t)db_int(heads, row, 2) != sums.records ||
             (uint64_t)db_int(heads, row, 3) != sums.entries ||
             db_int(heads, row, 4) != sums.debit_total_minor)
        verify_fault(verify, partition, head.chunk,
                     "the head's totals are not those of the chunks");
    expect_head_write(&head, text);
    if (wanted->closing != NULL)
        json_array_append_new(wanted->closing, head_json(verify->batch, &head));
    if (!wanted->quiet)
        printf("  partition %" PRIu32 ": chunk %" PRIu32 ", closing hash %s\n", partition,
               head.chunk, text);
}

static bool check_heads(struct verify *verify, const struct verify_wanted *wanted)
{
    const char *const params[] = {verify->batch->id};
    PGresult *heads = db_query(verify->db, sql_verify_heads, 1, params);
    if (heads == NULL)
        return false;
    for (int row = 0; row < PQntuples(heads); row++)
        check_head(verify, heads, row, wanted);
    if (PQntuples(heads) == 0 && verify->link_count > 0)
        verify_fault(verify, 0, 0, "there are chunks but no head");
    PQclear(heads);
    return true;
}

/* What was printed once must be in the chain still, whatever was added since. */
static void check_expected(struct verify *verify, const struct expect_head *expected)
{
    struct sums sums = sum_to(verify, expected->partition, expected->chunk, 0);
    uint32_t newest = sums.newest == NULL ? 0 : sums.newest->number;
    if (newest != expected->chunk)
        verify_fault(verify, expected->partition, newest + 1,
                     "the ledger ends before it, chunk %" PRIu32
                     " is expected: its end was cut off, or this is an older copy",
                     expected->chunk);
    else if (newest > 0 && !is_same(&sums.newest->hash, &expected->hash))
        verify_fault(verify, expected->partition, newest, "it has another hash than is expected");
}

/* ---- closing records ---- */

enum closing_column {
    CLOSING_PARTITION,
    CLOSING_CHUNK,
    CLOSING_RUN,
    CLOSING_EPOCH,
    CLOSING_RECORDS,
    CLOSING_ENTRIES,
    CLOSING_DEBIT_TOTAL,
    CLOSING_HASH,
    CLOSING_SETTLED,
    CLOSING_ENDED,
    CLOSING_PARKED,
    CLOSING_MOST,
    CLOSING_LEAST,
};

static const char *wrong_closing(const struct verify *verify, const PGresult *rows, int row)
{
    uint32_t chunk = (uint32_t)db_int(rows, row, CLOSING_CHUNK);
    uint32_t epoch = (uint32_t)db_int(rows, row, CLOSING_EPOCH);
    struct sums sums = sum_to(verify, (uint32_t)db_int(rows, row, CLOSING_PARTITION), chunk, epoch);
    char hex[2 * DIGEST_BYTES + 1];
    hex_write(hex, sums.newest == NULL ? nothing.bytes : sums.newest->hash.bytes, DIGEST_BYTES);
    if (epoch == 0)
        return "is of no run";
    if ((sums.newest == NULL ? 0 : sums.newest->number) != chunk)
        return "names a chunk that is not there";
    if (strcmp(db_text(rows, row, CLOSING_HASH), hex) != 0)
        return "has another hash";
    if ((uint64_t)db_int(rows, row, CLOSING_RECORDS) != sums.records ||
        (uint64_t)db_int(rows, row, CLOSING_ENTRIES) != sums.entries ||
        db_int(rows, row, CLOSING_DEBIT_TOTAL) != sums.debit_total_minor)
        return "has other totals than the chunks";
    if ((uint64_t)db_int(rows, row, CLOSING_SETTLED) != sums.settled ||
        (uint64_t)db_int(rows, row, CLOSING_ENDED) != sums.ended ||
        (uint64_t)db_int(rows, row, CLOSING_PARKED) != sums.parked)
        return "has other counts than the records";
    if (db_int(rows, row, CLOSING_LEAST) < 0 ||
        (uint64_t)db_int(rows, row, CLOSING_MOST) > verify->batch->accounts)
        return "counts more accounts than there are";
    return NULL;
}

/* A run writes nothing after its closing record. */
static bool goes_on(const struct verify *verify, uint32_t partition, uint32_t chunk, uint32_t epoch)
{
    for (uint32_t i = 0; i < verify->link_count; i++) {
        const struct verify_link *link = &verify->links[i];
        if (link->partition == partition && link->epoch == epoch && link->number > chunk)
            return true;
    }
    return false;
}

static bool check_closings(struct verify *verify)
{
    const char *const params[] = {verify->batch->id};
    PGresult *rows = db_query(verify->db, sql_verify_closings, 1, params);
    if (rows == NULL)
        return false;
    for (int row = 0; row < PQntuples(rows); row++) {
        uint32_t partition = (uint32_t)db_int(rows, row, CLOSING_PARTITION);
        uint32_t chunk = (uint32_t)db_int(rows, row, CLOSING_CHUNK);
        const char *wrong = wrong_closing(verify, rows, row);
        if (wrong == NULL &&
            goes_on(verify, partition, chunk, (uint32_t)db_int(rows, row, CLOSING_EPOCH)))
            wrong = "is followed by further chunks of its run";
        if (wrong != NULL)
            verify_fault(verify, partition, chunk, "the closing record of run %s %s",
                         db_text(rows, row, CLOSING_RUN), wrong);
    }
    PQclear(rows);
    return true;
}

static bool check_runs(struct verify *verify)
{
    const char *const params[] = {verify->batch->id};
    PGresult *rows = db_query(verify->db, sql_verify_runs, 1, params);
    if (rows == NULL)
        return false;
    for (int row = 0; row < PQntuples(rows); row++)
        verify_fault(verify, 0, 0, "%s", db_text(rows, row, 0));
    PQclear(rows);
    return true;
}

bool verify_chain_ends(struct verify *verify, const struct verify_wanted *wanted)
{
    for (uint32_t i = 0; i < wanted->head_count; i++)
        check_expected(verify, &wanted->heads[i]);
    return check_heads(verify, wanted) && check_closings(verify) && check_runs(verify);
}
