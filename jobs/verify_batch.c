#include "jobs/verify_batch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "core/canonical.h"
#include "jobs/cohort.h"
#include "jobs/verify_settlement.h"
#include "sql.h"

#define FAULTS_SHOWN 20
#define SETTLEMENTS_SHOWN 5 /* one bad chunk makes many bad settlements */

struct link {
    uint32_t partition, number;
    uint32_t records, entries;
    int64_t debit_total_minor;
    struct digest hash, prev_hash;
};

struct verify {
    struct db *db;
    struct hash *hash;
    const struct batch *batch;
    struct verify_totals *totals;
    uint64_t faults;
    uint64_t settlement_faults;
    /* the plan */
    struct verify_settlement *settlements;
    uint32_t settlement_count;
    uint32_t partition_at[PARTITIONS_MAX + 1]; /* first index of each partition */
    /* the chain */
    struct link *links;
    uint32_t link_count, next_link;
    struct record *records; /* of the chunk being read */
    uint32_t record_count, record_capacity;
    int64_t position;                      /* of its newest record */
    uint32_t stray_partition, stray_chunk; /* the newest that is not in the chain */
};

static __attribute__((format(printf, 4, 5))) void fault(struct verify *verify, uint32_t partition,
                                                        uint32_t chunk, const char *format, ...)
{
    char message[256];
    va_list list;
    verify->totals->faults++;
    if (verify->faults++ >= FAULTS_SHOWN)
        return;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    fprintf(stderr, "%s %s: ", verify->batch->cohort, verify->batch->date);
    if (chunk > 0)
        fprintf(stderr, "partition %u chunk %u: ", partition, chunk);
    fprintf(stderr, "%s\n", message);
}

/* ---- the plan ---- */

enum plan_column {
    PLAN_ID,
    PLAN_REPAYMENT,
    PLAN_HOLD,
    PLAN_EXPECTED,
    PLAN_OPENING,
    PLAN_EXPECT_AT,
    PLAN_MAPPING,
    PLAN_SEED,
    PLAN_OPENED,
    PLAN_FLOOR_HELD,
    PLAN_FLOOR_PAYABLE,
    PLAN_FLOOR_RESIDUE,
    PLAN_TEXTS,
};

static void check_place(struct verify *verify, uint64_t id)
{
    uint32_t partition = settlement_partition(id);
    uint32_t place = verify->settlement_count - verify->partition_at[partition];
    for (uint32_t later = partition + 1; later <= PARTITIONS_MAX; later++)
        verify->partition_at[later] = verify->settlement_count + 1;
    if (settlement_position(id) != place + 1)
        fault(verify, 0, 0, "the plan has a gap or a stranger at position %u",
              settlement_position(id));
}

/* A row of the plan: into the digest, and ready for its records. */
static void take_plan_row(struct verify *verify, struct hash *digest, const PGresult *row)
{
    struct verify_settlement *s = &verify->settlements[verify->settlement_count];
    struct cohort_canonical canonical = {
        .repayment_minor = db_binary_int(row, 0, PLAN_REPAYMENT),
        .hold_minor = db_binary_int(row, 0, PLAN_HOLD),
        .expected_minor = COHORT_NONE,
        .opening_minor = COHORT_NONE,
        .expect_at_us = COHORT_NONE,
    };
    if (!PQgetisnull(row, 0, PLAN_EXPECTED))
        canonical.expected_minor = db_binary_int(row, 0, PLAN_EXPECTED);
    if (!PQgetisnull(row, 0, PLAN_OPENING))
        canonical.opening_minor = db_binary_int(row, 0, PLAN_OPENING);
    if (!PQgetisnull(row, 0, PLAN_EXPECT_AT))
        canonical.expect_at_us = db_binary_time_us(row, 0, PLAN_EXPECT_AT);
    for (int text = 0; text < COHORT_TEXTS; text++)
        canonical.texts[text] = PQgetvalue(row, 0, PLAN_TEXTS + text);
    cohort_digest_add(digest, &canonical);
    *s = (struct verify_settlement){
        .repayment_minor = canonical.repayment_minor,
        .hold_minor = canonical.hold_minor,
        .mapping_id = db_binary_int(row, 0, PLAN_MAPPING),
        .floor_held_minor = db_binary_int(row, 0, PLAN_FLOOR_HELD),
        .floor_payable_minor = db_binary_int(row, 0, PLAN_FLOOR_PAYABLE),
        .floor_residue_minor = db_binary_int(row, 0, PLAN_FLOOR_RESIDUE),
        .is_opened = !PQgetisnull(row, 0, PLAN_OPENED),
    };
    if (canonical.opening_minor != COHORT_NONE)
        s->opening_minor = canonical.opening_minor;
    struct idem_key seed = cohort_key_seed(verify->hash, verify->batch->cohort, verify->batch->date,
                                           canonical.texts[COHORT_REF]);
    s->key_seed = seed;
    if (PQgetlength(row, 0, PLAN_SEED) != IDEM_KEY_BYTES ||
        memcmp(PQgetvalue(row, 0, PLAN_SEED), seed.bytes, IDEM_KEY_BYTES) != 0)
        fault(verify, 0, 0, "account %s has another key seed than its name gives",
              canonical.texts[COHORT_REF]);
}

static bool read_plan(struct verify *verify)
{
    const struct batch *batch = verify->batch;
    const char *const params[] = {batch->id, batch->revision};
    struct hash *digest = hash_open();
    bool failed = false;
    const PGresult *row;
    CHECK(digest != NULL);
    verify->settlements = calloc(batch->accounts, sizeof verify->settlements[0]);
    CHECK(verify->settlements != NULL);
    cohort_digest_begin(digest, batch->cohort, batch->date, batch->currency);
    bool begun = db_stream_begin(verify->db, sql_verify_plan, 2, params);
    while (begun && (row = db_stream_next(verify->db, &failed)) != NULL) {
        if (verify->settlement_count < batch->accounts) {
            check_place(verify, (uint64_t)db_binary_int(row, 0, PLAN_ID));
            take_plan_row(verify, digest, row);
            verify->settlement_count++;
        } else {
            fault(verify, 0, 0, "the plan has more accounts than were planned");
        }
    }
    char hex[2 * DIGEST_BYTES + 1];
    struct digest sum = hash_end(digest);
    hex_write(hex, sum.bytes, DIGEST_BYTES);
    hash_close(digest);
    if (begun && !failed && strcmp(hex, batch->digest) != 0)
        fault(verify, 0, 0, "the plan is not the one whose digest was recorded");
    return begun && !failed;
}

static struct verify_settlement *find_settlement(struct verify *verify, uint64_t id)
{
    uint32_t partition = settlement_partition(id);
    uint32_t count = verify->partition_at[partition + 1] - verify->partition_at[partition];
    uint32_t position = settlement_position(id);
    if (position == 0 || position > count)
        return NULL;
    return &verify->settlements[verify->partition_at[partition] + position - 1];
}

/* ---- the chain ---- */

static bool read_links(struct verify *verify)
{
    const char *const params[] = {verify->batch->id};
    PGresult *result = db_query_binary(verify->db, sql_verify_chunks, 1, params);
    if (result == NULL)
        return false;
    verify->link_count = (uint32_t)PQntuples(result);
    verify->links = calloc(verify->link_count + 1, sizeof verify->links[0]);
    CHECK(verify->links != NULL);
    for (int i = 0; i < PQntuples(result); i++)
        verify->links[i] = (struct link){
            .partition = (uint32_t)db_binary_int(result, i, 0),
            .number = (uint32_t)db_binary_int(result, i, 1),
            .records = (uint32_t)db_binary_int(result, i, 2),
            .entries = (uint32_t)db_binary_int(result, i, 3),
            .debit_total_minor = db_binary_int(result, i, 4),
            .hash = db_binary_digest(result, i, 5),
            .prev_hash = db_binary_digest(result, i, 6),
        };
    PQclear(result);
    return true;
}

static bool is_same(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

/* A chunk of the chain with the records that were read for it. */
static void check_link(struct verify *verify, const struct link *link, const struct link *before)
{
    static const struct digest nothing;
    const struct digest *prev = before == NULL ? &nothing : &before->hash;
    uint32_t expected = before == NULL ? 1 : before->number + 1;
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
    if (link->number != expected)
        fault(verify, link->partition, link->number, "chunks before it are missing");
    if (!is_same(&link->prev_hash, prev))
        fault(verify, link->partition, link->number, "it does not follow the chunk before it");
    if (verify->record_count != link->records || entries != link->entries)
        fault(verify, link->partition, link->number,
              "%u records and %u entries are there, %u and %u were written", verify->record_count,
              entries, link->records, link->entries);
    if (overflow || debit_total != link->debit_total_minor)
        fault(verify, link->partition, link->number, "its debit total is not that of its entries");
    if (!is_same(&hash, &link->hash))
        fault(verify, link->partition, link->number,
              "its hash is not that of its records: something was changed after it was written");
    verify->totals->entries += entries;
}

static void close_chunk(struct verify *verify)
{
    const struct link *link = &verify->links[verify->next_link];
    const struct link *before = verify->next_link > 0 ? link - 1 : NULL;
    if (before != NULL && before->partition != link->partition)
        before = NULL;
    check_link(verify, link, before);
    verify->totals->chunks++;
    verify->totals->records += verify->record_count;
    verify->record_count = 0;
    verify->position = 0;
    verify->next_link++;
}

/* ---- the records ---- */

enum record_column {
    RECORD_ID,
    RECORD_KIND,
    RECORD_CHUNK,
    RECORD_POSITION,
    RECORD_STEP,
    RECORD_TRANSFER_KIND,
    RECORD_GENERATION,
    RECORD_NUMBER,
    RECORD_STATE,
    RECORD_CREDIT,
    RECORD_AMOUNT,
    RECORD_FIRST,
    RECORD_HELD,
    RECORD_RESIDUE,
    RECORD_AT,
    RECORD_SEND_BEFORE,
    RECORD_KEY,
    RECORD_CODE,
    RECORD_BANK_REF,
};

static void take_text(char *out, size_t capacity, const PGresult *row, int column)
{
    snprintf(out, capacity, "%s", PQgetvalue(row, 0, column));
}

static bool is_byte(const PGresult *row, int column)
{
    int64_t value = db_binary_int(row, 0, column);
    return value >= 0 && value <= UINT8_MAX;
}

/* A column is wider than what is hashed of it: what an engine cannot have written must not pass for
   what it wrote. */
static bool fits_record(const PGresult *row)
{
    bool is_entry = db_binary_int(row, 0, RECORD_KIND) == RECORD_ENTRY;
    return is_byte(row, RECORD_STEP) && is_byte(row, RECORD_TRANSFER_KIND) &&
           is_byte(row, RECORD_STATE) && is_byte(row, RECORD_CREDIT) &&
           (!is_entry || is_byte(row, RECORD_NUMBER)) &&
           PQgetlength(row, 0, RECORD_CODE) <= CODE_TEXT_MAX &&
           PQgetlength(row, 0, RECORD_BANK_REF) <= BANK_REF_MAX;
}

static struct record record_of(const PGresult *row)
{
    struct record record = {
        .settlement_id = (uint64_t)db_binary_int(row, 0, RECORD_ID),
        .record_kind = (uint8_t)db_binary_int(row, 0, RECORD_KIND),
        .step = (uint8_t)db_binary_int(row, 0, RECORD_STEP),
        .kind = (uint8_t)db_binary_int(row, 0, RECORD_TRANSFER_KIND),
        .generation = (uint16_t)db_binary_int(row, 0, RECORD_GENERATION),
    };
    int64_t amount = db_binary_int(row, 0, RECORD_AMOUNT);
    int64_t at_us = db_binary_time_us(row, 0, RECORD_AT);
    int64_t send_before_us = db_binary_time_us(row, 0, RECORD_SEND_BEFORE);
    uint16_t number = (uint16_t)db_binary_int(row, 0, RECORD_NUMBER);
    uint8_t state = (uint8_t)db_binary_int(row, 0, RECORD_STATE);
    switch ((enum record_kind)record.record_kind) {
    case RECORD_INTENT:
        memcpy(record.intent.key.bytes, PQgetvalue(row, 0, RECORD_KEY), IDEM_KEY_BYTES);
        record.intent.amount_minor = amount;
        record.intent.mapping_id = db_binary_int(row, 0, RECORD_FIRST);
        record.intent.intended_at_us = at_us;
        record.intent.send_before_us = send_before_us;
        break;
    case RECORD_ATTEMPT:
        record.attempt.number = number;
        record.attempt.at_us = at_us;
        record.attempt.send_before_us = send_before_us;
        break;
    case RECORD_OUTCOME:
        record.outcome.seq = number;
        record.outcome.state = state;
        record.outcome.amount_minor = amount;
        record.outcome.available_minor = db_binary_int(row, 0, RECORD_FIRST);
        record.outcome.held_minor = db_binary_int(row, 0, RECORD_HELD);
        record.outcome.residue_minor = db_binary_int(row, 0, RECORD_RESIDUE);
        record.outcome.at_us = at_us;
        take_text(record.outcome.text.code, sizeof record.outcome.text.code, row, RECORD_CODE);
        take_text(record.outcome.text.bank_ref, sizeof record.outcome.text.bank_ref, row,
                  RECORD_BANK_REF);
        break;
    case RECORD_ENTRY:
        record.entry.line = (uint8_t)number;
        record.entry.debit = state;
        record.entry.credit = (uint8_t)db_binary_int(row, 0, RECORD_CREDIT);
        record.entry.amount_minor = amount;
        break;
    }
    return record;
}

static void keep_record(struct verify *verify, const struct record *record)
{
    if (verify->record_count == verify->record_capacity) {
        verify->record_capacity = verify->record_capacity == 0 ? 4096 : verify->record_capacity * 2;
        verify->records =
            realloc(verify->records, verify->record_capacity * sizeof verify->records[0]);
        CHECK(verify->records != NULL);
    }
    verify->records[verify->record_count++] = *record;
}

static void check_settlement(struct verify *verify, const struct record *record, uint32_t chunk)
{
    uint32_t partition = settlement_partition(record->settlement_id);
    struct verify_settlement *s = find_settlement(verify, record->settlement_id);
    if (s == NULL) {
        fault(verify, partition, chunk, "a record of settlement %" PRIu64 ", which is not planned",
              record->settlement_id);
        return;
    }
    bool was_ended = s->is_ended;
    const char *wrong = verify_settlement_record(s, verify->hash, record);
    if (wrong != NULL && verify->settlement_faults++ < SETTLEMENTS_SHOWN)
        fault(verify, partition, chunk, "settlement %" PRIu64 ": %s", record->settlement_id, wrong);
    verify->totals->settled += s->is_ended && !was_ended;
}

/* Closes the chunks before this place; false: the place is in no chunk of the chain. */
static bool go_to_chunk(struct verify *verify, uint32_t partition, uint32_t chunk)
{
    while (verify->next_link < verify->link_count) {
        const struct link *link = &verify->links[verify->next_link];
        if (link->partition == partition && link->number == chunk)
            return true;
        if (link->partition > partition || (link->partition == partition && link->number > chunk))
            return false;
        close_chunk(verify);
    }
    return false;
}

/* Told once a chunk: one gap moves all that follow. */
static void check_position(struct verify *verify, const PGresult *row, uint32_t partition,
                           uint32_t chunk)
{
    int64_t position = db_binary_int(row, 0, RECORD_POSITION);
    if (position != verify->position + 1)
        fault(verify, partition, chunk, "position %" PRId64 " stands where %" PRId64 " should",
              position, verify->position + 1);
    verify->position = position;
}

static void take_record(struct verify *verify, const PGresult *row)
{
    struct record record = record_of(row);
    uint32_t partition = settlement_partition(record.settlement_id);
    uint32_t chunk = (uint32_t)db_binary_int(row, 0, RECORD_CHUNK);
    if (go_to_chunk(verify, partition, chunk)) {
        check_position(verify, row, partition, chunk);
        if (!fits_record(row))
            fault(verify, partition, chunk, "position %" PRId64 " holds what no run can write",
                  verify->position);
        keep_record(verify, &record);
        check_settlement(verify, &record, chunk);
    } else if (verify->stray_partition != partition || verify->stray_chunk != chunk) {
        fault(verify, partition, chunk, "its records are in no chunk of the chain");
        verify->stray_partition = partition;
        verify->stray_chunk = chunk;
    }
}

static bool read_records(struct verify *verify)
{
    const char *const params[] = {verify->batch->id};
    bool failed = false;
    const PGresult *row;
    if (!db_stream_begin(verify->db, sql_verify_records, 1, params))
        return false;
    while ((row = db_stream_next(verify->db, &failed)) != NULL)
        take_record(verify, row);
    while (!failed && verify->next_link < verify->link_count)
        close_chunk(verify);
    for (uint32_t i = 0; !failed && i < verify->settlement_count; i++) {
        const char *wrong = verify_settlement_end(&verify->settlements[i]);
        if (wrong != NULL && verify->settlement_faults++ < SETTLEMENTS_SHOWN)
            fault(verify, 0, 0, "position %u: %s", i + 1, wrong);
    }
    if (verify->settlement_faults > SETTLEMENTS_SHOWN)
        fault(verify, 0, 0, "… and %" PRIu64 " more records that do not follow their settlement's",
              verify->settlement_faults - SETTLEMENTS_SHOWN);
    return !failed;
}

/* ---- heads and closings ---- */

static void check_head(struct verify *verify, const PGresult *heads, int row, bool quiet)
{
    uint32_t partition = (uint32_t)db_int(heads, row, 0);
    uint64_t records = 0, entries = 0;
    int64_t debit_total = 0;
    const struct link *newest = NULL;
    static const struct digest nothing;
    char hex[2 * DIGEST_BYTES + 1];
    for (uint32_t i = 0; i < verify->link_count; i++) {
        const struct link *link = &verify->links[i];
        if (link->partition != partition)
            continue;
        newest = link;
        records += link->records;
        entries += link->entries;
        if (__builtin_add_overflow(debit_total, link->debit_total_minor, &debit_total))
            debit_total = INT64_MIN;
    }
    hex_write(hex, newest == NULL ? nothing.bytes : newest->hash.bytes, DIGEST_BYTES);
    uint32_t chunk = newest == NULL ? 0 : newest->number;
    if (db_int(heads, row, 1) != chunk || strcmp(db_text(heads, row, 5), hex) != 0)
        fault(verify, partition, chunk, "the head is at chunk %s, the newest chunk is %u",
              db_text(heads, row, 1), chunk);
    else if ((uint64_t)db_int(heads, row, 2) != records ||
             (uint64_t)db_int(heads, row, 3) != entries || db_int(heads, row, 4) != debit_total)
        fault(verify, partition, chunk, "the head's totals are not those of the chunks");
    if (!quiet)
        printf("  partition %u: chunk %u, closing hash %s\n", partition, chunk, hex);
}

static bool check_heads(struct verify *verify, bool quiet)
{
    const char *const params[] = {verify->batch->id};
    PGresult *heads = db_query(verify->db, sql_verify_heads, 1, params);
    if (heads == NULL)
        return false;
    for (int row = 0; row < PQntuples(heads); row++)
        check_head(verify, heads, row, quiet);
    if (PQntuples(heads) == 0 && verify->link_count > 0)
        fault(verify, 0, 0, "there are chunks but no head");
    PQclear(heads);
    return true;
}

static bool check_references(struct verify *verify)
{
    const char *const params[] = {verify->batch->id, verify->batch->revision};
    PGresult *result = db_query(verify->db, sql_verify_closings, 1, params);
    if (result == NULL)
        return false;
    if (PQntuples(result) > 0)
        fault(verify, (uint32_t)db_int(result, 0, 0), (uint32_t)db_int(result, 0, 1),
              "the closing record of run %s has another hash", db_text(result, 0, 2));
    PQclear(result);
    result = db_query(verify->db, sql_verify_profiles, 1, params);
    if (result == NULL)
        return false;
    if (PQntuples(result) > 0)
        fault(verify, 0, (uint32_t)db_int(result, 0, 0),
              "the intent at position %s names no bank profile", db_text(result, 0, 1));
    PQclear(result);
    result = db_query(verify->db, sql_verify_openings, 2, params);
    if (result == NULL)
        return false;
    if (PQntuples(result) > 0)
        fault(verify, 0, 0, "settlement %s opened on another floor than was left",
              db_text(result, 0, 0));
    PQclear(result);
    return true;
}

bool verify_batch(struct db *db, struct hash *hash, const struct batch *batch, bool quiet,
                  struct verify_totals *totals)
{
    struct verify verify = {.db = db, .hash = hash, .batch = batch, .totals = totals};
    if (!quiet)
        printf("%s %s\n", batch->cohort, batch->date);
    bool asked = read_plan(&verify) && read_links(&verify) && read_records(&verify) &&
                 check_heads(&verify, quiet) && check_references(&verify);
    if (verify.faults > FAULTS_SHOWN)
        fprintf(stderr, "%s %s: … and %" PRIu64 " more\n", batch->cohort, batch->date,
                verify.faults - FAULTS_SHOWN);
    totals->batches++;
    free(verify.settlements);
    free(verify.links);
    free(verify.records);
    return asked;
}
