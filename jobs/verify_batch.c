#include "jobs/verify_batch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/verify_requests.h"
#include "jobs/verify_state.h"
#include "sql.h"

#define FAULTS_SHOWN 20
#define SETTLEMENTS_SHOWN 5 /* one bad chunk makes many bad settlements */

static void note_first(struct verify *verify, uint32_t partition, uint32_t chunk)
{
    struct verify_totals *totals = verify->totals;
    bool is_mine = strcmp(totals->cohort, verify->batch->cohort) == 0 &&
                   strcmp(totals->date, verify->batch->date) == 0;
    bool is_earlier =
        partition < totals->partition || (partition == totals->partition && chunk < totals->chunk);
    if (chunk == 0 || (totals->has_first && !(is_mine && is_earlier)))
        return;
    totals->has_first = true;
    memcpy(totals->cohort, verify->batch->cohort, sizeof totals->cohort);
    memcpy(totals->date, verify->batch->date, sizeof totals->date);
    totals->partition = partition;
    totals->chunk = chunk;
}

void verify_fault(struct verify *verify, uint32_t partition, uint32_t chunk, const char *format,
                  ...)
{
    char message[256], line[512];
    va_list list;
    verify->totals->faults++;
    note_first(verify, partition, chunk);
    if (verify->faults++ >= FAULTS_SHOWN)
        return;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    int used = snprintf(line, sizeof line, "%s %s: ", verify->batch->cohort, verify->batch->date);
    if (chunk > 0)
        used += snprintf(line + used, sizeof line - (size_t)used,
                         "partition %" PRIu32 " chunk %" PRIu32 ": ", partition, chunk);
    snprintf(line + used, sizeof line - (size_t)used, "%s", message);
    // What stands in a ledger that was tampered with may be anything.
    char clean[512];
    text_clean(clean, sizeof clean, line, strlen(line));
    fprintf(stderr, "%s\n", clean);
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
    RECORD_PROFILE,
    RECORD_BODY,
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
    int64_t kind = db_binary_int(row, 0, RECORD_KIND);
    bool is_entry = kind == RECORD_ENTRY || kind == RECORD_DECISION;
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
    case RECORD_DECISION:
        record.decision.request_id = (uint64_t)db_binary_int(row, 0, RECORD_HELD);
        record.decision.request_kind = (uint8_t)number;
        record.decision.state = state;
        record.decision.amount_minor = amount;
        record.decision.mapping_id = db_binary_int(row, 0, RECORD_FIRST);
        record.decision.at_us = at_us;
        take_text(record.decision.code, sizeof record.decision.code, row, RECORD_CODE);
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

/* An intent's body, which the chain does not cover. */
static const char *wrong_body(struct verify *verify, const struct verify_settlement *s,
                              const struct record *record, const PGresult *row)
{
    const struct transfer_order order = {
        .settlement_id = record->settlement_id,
        .key = record->intent.key,
        .amount_minor = record->intent.amount_minor,
        .step = record->step,
        .kind = record->kind,
        .generation = record->generation,
    };
    if (PQgetlength(row, 0, RECORD_BODY) != DIGEST_BYTES)
        return "an intent whose body digest is none";
    const struct digest body = db_binary_digest(row, 0, RECORD_BODY);
    return verify_bodies_check(verify->bodies, s->parties, verify->links[verify->next_link].epoch,
                               db_binary_int(row, 0, RECORD_PROFILE), &order, &body);
}

/* As a run's closing record counts them. */
static void count_end(struct verify *verify, const struct verify_settlement *s,
                      const struct record *record)
{
    struct verify_link *link = &verify->links[verify->next_link];
    if (record->record_kind != RECORD_OUTCOME || !verify_settlement_counts(s, record))
        return;
    link->parked += record->outcome.state == OUTCOME_PARKED;
    link->settled += record->outcome.state == OUTCOME_SETTLED;
    link->ended +=
        outcome_is_end(record->outcome.state) && record->outcome.state != OUTCOME_SETTLED;
}

/* What is wrong with a record of the settlement; NULL of what is the run's. */
static const char *judge(struct verify *verify, struct verify_settlement *s,
                         const struct record *record, const PGresult *row)
{
    const char *wrong;
    if (record->record_kind == RECORD_DECISION) {
        const struct verify_request *request = verify_requests_decide(verify, record, &wrong);
        return request == NULL || s == NULL ? wrong
                                            : verify_settlement_decision(s, record, request);
    }
    wrong = verify_settlement_record(s, verify->hash, record);
    return wrong == NULL && record->record_kind == RECORD_INTENT
               ? wrong_body(verify, s, record, row)
               : wrong;
}

static void check_settlement(struct verify *verify, const struct record *record,
                             const PGresult *row, uint32_t chunk)
{
    uint32_t partition = settlement_partition(record->settlement_id);
    struct verify_settlement *s = find_settlement(verify, record->settlement_id);
    bool is_of_run =
        settlement_position(record->settlement_id) == 0 && record->record_kind == RECORD_DECISION;
    if (s == NULL && !is_of_run) {
        verify_fault(verify, partition, chunk,
                     "a record of settlement %" PRIu64 ", which is not planned",
                     record->settlement_id);
        return;
    }
    bool was_settled = s != NULL && s->end_state == OUTCOME_SETTLED;
    if (s != NULL)
        count_end(verify, s, record);
    const char *wrong = judge(verify, s, record, row);
    if (wrong != NULL && verify->settlement_faults++ < SETTLEMENTS_SHOWN)
        verify_fault(verify, partition, chunk, "settlement %" PRIu64 ": %s", record->settlement_id,
                     wrong);
    else if (wrong != NULL)
        note_first(verify, partition, chunk);
    if (s != NULL && s->end_state == OUTCOME_SETTLED && !was_settled)
        verify->totals->settled++;
}

/* Closes the chunks before this place; false: the place is in no chunk of the chain. */
static bool go_to_chunk(struct verify *verify, uint32_t partition, uint32_t chunk)
{
    while (verify->next_link < verify->link_count) {
        const struct verify_link *link = &verify->links[verify->next_link];
        if (link->partition == partition && link->number == chunk)
            return true;
        if (link->partition > partition || (link->partition == partition && link->number > chunk))
            return false;
        verify_chain_close(verify);
    }
    return false;
}

/* Told once a chunk: one gap moves all that follow. */
static void check_position(struct verify *verify, const PGresult *row, uint32_t partition,
                           uint32_t chunk)
{
    int64_t position = db_binary_int(row, 0, RECORD_POSITION);
    if (position != verify->position + 1)
        verify_fault(verify, partition, chunk,
                     "position %" PRId64 " stands where %" PRId64 " should", position,
                     verify->position + 1);
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
            verify_fault(verify, partition, chunk,
                         "position %" PRId64 " holds what no run can write", verify->position);
        keep_record(verify, &record);
        check_settlement(verify, &record, row, chunk);
    } else if (verify->stray_partition != partition || verify->stray_chunk != chunk) {
        verify_fault(verify, partition, chunk, "its records are in no chunk of the chain");
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
        verify_chain_close(verify);
    for (uint32_t i = 0; !failed && i < verify->settlement_count; i++) {
        const char *wrong = verify_settlement_end(&verify->settlements[i]);
        if (wrong != NULL && verify->settlement_faults++ < SETTLEMENTS_SHOWN)
            verify_fault(verify, 0, 0, "position %u: %s", i + 1, wrong);
    }
    if (verify->settlement_faults > SETTLEMENTS_SHOWN)
        verify_fault(verify, 0, 0,
                     "… and %" PRIu64 " more records that do not follow their settlement's",
                     verify->settlement_faults - SETTLEMENTS_SHOWN);
    return !failed;
}

/* ---- references ---- */

static bool check_openings(struct verify *verify)
{
    const char *const params[] = {verify->batch->id, verify->batch->revision};
    PGresult *result = db_query(verify->db, sql_verify_openings, 2, params);
    if (result == NULL)
        return false;
    for (int row = 0; row < PQntuples(result); row++)
        verify_fault(verify, 0, 0, "%s", db_text(result, row, 0));
    PQclear(result);
    return true;
}

bool verify_batch(struct db *db, struct hash *hash, const struct batch *batch,
                  const struct verify_wanted *wanted, struct verify_totals *totals)
{
    struct verify verify = {.db = db, .hash = hash, .batch = batch, .totals = totals};
    if (!wanted->quiet)
        printf("%s %s\n", batch->cohort, batch->date);
    verify.bodies = verify_bodies_open(db, hash, batch->currency);
    bool asked = verify.bodies != NULL && verify_plan_read(&verify) &&
                 verify_requests_read(&verify) && verify_chain_read(&verify) &&
                 read_records(&verify) && verify_chain_ends(&verify, wanted) &&
                 check_openings(&verify);
    if (verify.faults > FAULTS_SHOWN)
        fprintf(stderr, "%s %s: … and %" PRIu64 " more\n", batch->cohort, batch->date,
                verify.faults - FAULTS_SHOWN);
    totals->batches++;
    verify_bodies_close(verify.bodies);
    free(verify.settlements);
    free(verify.requests);
    free(verify.links);
    free(verify.records);
    return asked;
}
