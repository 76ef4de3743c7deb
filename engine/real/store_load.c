#include "real/store_load.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/failpoint.h"
#include "sql.h"

#define INT4_OID 23
#define INT8_OID 20
#define INT4_ARRAY_OID 1007
#define PARAMS_MAX 7

/* Columns of the load statements; those of the transfer only of LOAD_UNDER_WAY and LOAD_REQUESTED,
   those of the request only of the latter. */
enum column {
    COLUMN_DB_NOW,
    COLUMN_SETTLEMENT_ID,
    COLUMN_OPENED,
    COLUMN_BANK,
    COLUMN_MAPPING_ID,
    COLUMN_KEY_SEED,
    COLUMN_REPAYMENT,
    COLUMN_HOLD,
    COLUMN_EXPECTED,
    COLUMN_OPENING,
    COLUMN_FLOOR_HELD,
    COLUMN_FLOOR_PAYABLE,
    COLUMN_FLOOR_RESIDUE,
    COLUMN_FLOOR_RECEIVED,
    COLUMN_DEPOSIT,
    COLUMN_SEEN,
    COLUMN_OUTCOME_SEQ,
    COLUMN_DONE_STEPS,
    COLUMN_VIRTUAL_ACCOUNT,
    COLUMN_PAYOUT_BANK,
    COLUMN_PAYOUT_ACCOUNT,
    COLUMN_HOLDER_NAME,
    COLUMN_EXPECT_AT,
    COLUMN_COUNT_FRESH,
    COLUMN_TRANSFER_STEP = COLUMN_COUNT_FRESH,
    COLUMN_TRANSFER_KIND,
    COLUMN_TRANSFER_GENERATION,
    COLUMN_TRANSFER_STATE,
    COLUMN_TRANSFER_ATTEMPTS,
    COLUMN_TRANSFER_AMOUNT,
    COLUMN_TRANSFER_INTENDED_AT,
    COLUMN_TRANSFER_SEND_BEFORE,
    COLUMN_TRANSFER_DECIDED_AT,
    COLUMN_TRANSFER_BODY,
    COLUMN_ACCEPTED_COLLECT,
    COLUMN_ACCEPTED_HOLD,
    COLUMN_ACCEPTED_PAYOUT,
    COLUMN_COMPENSATING,
    COLUMN_COUNT_UNDER_WAY,
    COLUMN_REQUEST_ID = COLUMN_COUNT_UNDER_WAY,
    COLUMN_REQUEST_KIND,
    COLUMN_REQUEST_STEP,
    COLUMN_REQUEST_TRANSFER,
    COLUMN_REQUEST_GENERATION,
    COLUMN_REQUEST_ATTEMPTS,
    COLUMN_REQUEST_AMOUNT,
    COLUMN_REQUEST_RESIDUE,
    COLUMN_REQUEST_MAPPING,
    COLUMN_REQUEST_BANK_REF,
    COLUMN_REQUEST_OFF,
    COLUMN_NEW_VIRTUAL_ACCOUNT,
    COLUMN_NEW_PAYOUT_BANK,
    COLUMN_NEW_PAYOUT_ACCOUNT,
    COLUMN_NEW_HOLDER_NAME,
    COLUMN_PLACE,
    COLUMN_LATER,
    COLUMN_END_STATE,
    COLUMN_END_HELD,
    COLUMN_END_PAYABLE,
    COLUMN_END_RESIDUE,
    COLUMN_PARK_CODE,
    COLUMN_FEE,
    COLUMN_COUNT,
};

static int column_count(enum load_scope scope)
{
    switch (scope) {
    case LOAD_UNDER_WAY:
        return COLUMN_COUNT_UNDER_WAY;
    case LOAD_FRESH:
    case LOAD_AGAIN:
        return COLUMN_COUNT_FRESH;
    case LOAD_REQUESTED:
        return COLUMN_COUNT;
    }
    CHECK(false);
    return 0;
}

struct statement {
    const char *name;
    const char *sql;
};

static struct statement statement_of(enum load_scope scope)
{
    switch (scope) {
    case LOAD_UNDER_WAY:
        return (struct statement){"under_way", sql_store_load_under_way};
    case LOAD_FRESH:
        return (struct statement){"fresh", sql_store_load_fresh};
    case LOAD_AGAIN:
        return (struct statement){"again", sql_store_load_again};
    case LOAD_REQUESTED:
        return (struct statement){"requested", sql_store_load_requested};
    }
    CHECK(false);
    return (struct statement){NULL, NULL};
}

static Oid fifth_type(enum load_scope scope)
{
    if (scope == LOAD_AGAIN)
        return INT4_ARRAY_OID;
    return scope == LOAD_REQUESTED ? INT8_OID : INT4_OID;
}

/* Positions are one list for two numbers. */
static int param_count(enum load_scope scope)
{
    return scope == LOAD_AGAIN ? PARAMS_MAX - 1 : PARAMS_MAX;
}

/*
 * Pages are read by walking keys, whatever the statistics say: right after an import there are
 * none, and a plan that reads whole tables would cost seconds a page.
 */
static const char pages_settings_sql[] =
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;"
    "SET enable_mergejoin = off; SET enable_hashagg = off; SET enable_sort = off;"
    "SET jit = off; SET max_parallel_workers_per_gather = 0;"
    "SET plan_cache_mode = force_generic_plan";

enum status store_pages_prepare(struct store_pages *pages, char error[PG_ERROR_BYTES])
{
    PGresult *set = pg_exec(pages->conn, pages_settings_sql);
    enum status status = pg_result_status(pages->conn, set, error);
    PQclear(set);
    for (int scope = LOAD_UNDER_WAY; scope <= LOAD_REQUESTED && status == STATUS_OK; scope++) {
        const struct statement statement = statement_of((enum load_scope)scope);
        const Oid types[PARAMS_MAX] = {
            INT4_OID, INT4_OID, INT4_OID, INT4_OID, fifth_type((enum load_scope)scope),
            INT4_OID, INT4_OID};
        PGresult *result = pg_prepare(pages->conn, statement.name, statement.sql,
                                      param_count((enum load_scope)scope), types);
        status = pg_result_status(pages->conn, result, error);
        PQclear(result);
    }
    return status;
}

/* ---- asking ----------------------------------------------------------------------------- */

/* int4[] in binary: dimensions 1, no NULLs, the element's type, length, lower bound 1; elements. */
struct positions {
    uint32_t words[5 + 2 * LOAD_ROWS_MAX];
    int bytes;
};

static void put_positions(struct positions *out, const uint32_t *positions, uint32_t count)
{
    const uint32_t head[5] = {count == 0 ? 0 : 1, 0, INT4_OID, count, 1};
    uint32_t words = count == 0 ? 3 : 5;
    for (uint32_t i = 0; i < words; i++)
        out->words[i] = __builtin_bswap32(head[i]);
    for (uint32_t i = 0; i < count; i++) {
        out->words[words++] = __builtin_bswap32(4);
        out->words[words++] = __builtin_bswap32(positions[i]);
    }
    out->bytes = (int)(words * sizeof(uint32_t));
}

/* Some bank shows all that ever came in: what was posted of it must be known. */
static bool wants_received(const struct store_config *config)
{
    for (uint32_t i = 0; i < config->bank_count; i++)
        if (profile_rules(config->banks[i].profile)->pool == POOL_RECEIVED)
            return true;
    return false;
}

/* A refusal to send shows as a lost connection at the next turn. */
static void ask(struct store_pages *pages)
{
    const struct store_config *config = pages->config;
    const struct store_load *load = &pages->load;
    struct positions list;
    const uint64_t after_request = __builtin_bswap64(load->after_request);
    const uint32_t numbers[PARAMS_MAX] = {
        __builtin_bswap32(config->batch_id),       __builtin_bswap32(config->partition),
        __builtin_bswap32(config->epoch),          __builtin_bswap32(config->plan_revision),
        __builtin_bswap32(load->after_position),   __builtin_bswap32(load->row_max),
        __builtin_bswap32(wants_received(config)),
    };
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    for (int i = 0; i < PARAMS_MAX; i++) {
        values[i] = (const char *)&numbers[i];
        lengths[i] = sizeof(numbers[i]);
        formats[i] = 1;
    }
    if (load->scope == LOAD_AGAIN) {
        put_positions(&list, load->positions, load->position_count);
        values[4] = (const char *)list.words;
        lengths[4] = list.bytes;
        values[5] = values[6];
    }
    if (load->scope == LOAD_REQUESTED) {
        values[4] = (const char *)&after_request;
        lengths[4] = sizeof(after_request);
    }
    pages->status = STATUS_STORE_BROKEN; // until rows came
    (void)PQsendQueryPrepared(pages->conn, statement_of((enum load_scope)load->scope).name,
                              param_count((enum load_scope)load->scope), values, lengths, formats,
                              1);
    FAILPOINT(page_sent);
    if (load->scope == LOAD_FRESH)
        FAILPOINT(opening_sent);
}

void store_pages_begin(struct store_pages *pages, const struct store_load *load, uint64_t now_ns)
{
    CHECK(!pages->busy);
    CHECK(load->row_max > 0 && load->row_max <= LOAD_ROWS_MAX);
    CHECK(load->scope != LOAD_AGAIN || load->position_count <= load->row_max);
    pages->load = *load;
    pages->busy = true;
    pages->tries = 0;
    pages->row_count = 0;
    pages->at_end = false;
    pages->time = (struct store_time){.asked_at_ns = now_ns};
    ask(pages);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* A text column into a field of `capacity` bytes with its NUL; false: missing or too long. */
static bool read_text(const PGresult *result, int row, int column, char *out, size_t capacity)
{
    int length = PQgetlength(result, row, column);
    if (PQgetisnull(result, row, column) || (size_t)length >= capacity)
        return false;
    memcpy(out, PQgetvalue(result, row, column), (size_t)length);
    out[length] = 0;
    return true;
}

static bool read_bank(const struct store_config *config, const PGresult *result, int row,
                      uint8_t *bank)
{
    char name[BANK_TEXT_MAX + 1];
    if (!read_text(result, row, COLUMN_BANK, name, sizeof(name)))
        return false;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        if (strcmp(config->banks[i].name, name) == 0) {
            *bank = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* Four columns from `first` on. */
static bool read_parties(const PGresult *result, int row, int first, struct parties *parties)
{
    return read_text(result, row, first, parties->virtual_account,
                     sizeof(parties->virtual_account)) &&
           read_text(result, row, first + 1, parties->payout_bank, sizeof(parties->payout_bank)) &&
           read_text(result, row, first + 2, parties->payout_account,
                     sizeof(parties->payout_account)) &&
           read_text(result, row, first + 3, parties->holder_name, sizeof(parties->holder_name));
}

static bool read_bool(const PGresult *result, int row, int column)
{
    return PQgetvalue(result, row, column)[0] != 0;
}

static bool read_transfer(const PGresult *result, int row, struct load_transfer *transfer)
{
    *transfer = (struct load_transfer){
        .step = (uint8_t)pg_get_u16(result, row, COLUMN_TRANSFER_STEP),
        .kind = (uint8_t)pg_get_u16(result, row, COLUMN_TRANSFER_KIND),
        .state = (uint8_t)pg_get_u16(result, row, COLUMN_TRANSFER_STATE),
        .generation = pg_get_u16(result, row, COLUMN_TRANSFER_GENERATION),
        .attempts = pg_get_u16(result, row, COLUMN_TRANSFER_ATTEMPTS),
        .amount_minor = pg_get_i64(result, row, COLUMN_TRANSFER_AMOUNT),
    };
    if (transfer->step == 0)
        return true;
    if (PQgetlength(result, row, COLUMN_TRANSFER_BODY) != DIGEST_BYTES)
        return false;
    transfer->intended_at_us = pg_get_us(result, row, COLUMN_TRANSFER_INTENDED_AT);
    transfer->send_before_us = pg_get_us(result, row, COLUMN_TRANSFER_SEND_BEFORE);
    if (transfer->state != 0)
        transfer->decided_at_us = pg_get_us(result, row, COLUMN_TRANSFER_DECIDED_AT);
    memcpy(transfer->body_digest.bytes, PQgetvalue(result, row, COLUMN_TRANSFER_BODY),
           DIGEST_BYTES);
    return true;
}

static void read_accepted(const PGresult *result, int row, uint16_t accepted[STEP_CLOSING])
{
    for (int step = STEP_COLLECT; step <= STEP_PAYOUT; step++)
        accepted[step] =
            pg_get_u16(result, row, COLUMN_ACCEPTED_COLLECT + (step - (int)STEP_COLLECT));
}

static bool read_request(const PGresult *result, int row, struct load_row *out)
{
    out->place = (uint8_t)pg_get_u16(result, row, COLUMN_PLACE);
    out->later = (uint8_t)pg_get_u16(result, row, COLUMN_LATER);
    out->end_state = (uint8_t)pg_get_u16(result, row, COLUMN_END_STATE);
    out->end_held_minor = pg_get_i64(result, row, COLUMN_END_HELD);
    out->end_payable_minor = pg_get_i64(result, row, COLUMN_END_PAYABLE);
    out->end_residue_minor = pg_get_i64(result, row, COLUMN_END_RESIDUE);
    out->fee_minor = pg_get_i64(result, row, COLUMN_FEE);
    out->request = (struct load_request){
        .id = pg_get_u64(result, row, COLUMN_REQUEST_ID),
        .kind = (uint8_t)pg_get_u16(result, row, COLUMN_REQUEST_KIND),
        .step = (uint8_t)pg_get_u16(result, row, COLUMN_REQUEST_STEP),
        .transfer_kind = (uint8_t)pg_get_u16(result, row, COLUMN_REQUEST_TRANSFER),
        .is_off = read_bool(result, row, COLUMN_REQUEST_OFF),
        .generation = pg_get_u16(result, row, COLUMN_REQUEST_GENERATION),
        .attempts = pg_get_u16(result, row, COLUMN_REQUEST_ATTEMPTS),
        .amount_minor = pg_get_i64(result, row, COLUMN_REQUEST_AMOUNT),
        .residue_minor = pg_get_i64(result, row, COLUMN_REQUEST_RESIDUE),
        .mapping_id = pg_get_i64(result, row, COLUMN_REQUEST_MAPPING),
    };
    return read_text(result, row, COLUMN_PARK_CODE, out->park_code, sizeof(out->park_code)) &&
           read_text(result, row, COLUMN_REQUEST_BANK_REF, out->request.bank_ref,
                     sizeof(out->request.bank_ref)) &&
           read_parties(result, row, COLUMN_NEW_VIRTUAL_ACCOUNT, &out->request.parties);
}

/* A request to the run names a bank that it may not have: the core says so. */
static bool is_of_run(struct load_row *out)
{
    out->bank = UINT8_MAX;
    return settlement_position(out->settlement_id) == 0;
}

/* False: the row does not hang together (no plan, no mapping, or a bank that the run has not). */
static bool read_row(const struct store_config *config, const PGresult *result, int row,
                     struct load_row *out)
{
    *out = (struct load_row){.bank = 0};
    out->settlement_id = pg_get_u64(result, row, COLUMN_SETTLEMENT_ID);
    bool has_transfer = PQnfields(result) >= COLUMN_COUNT_UNDER_WAY;
    bool has_request = PQnfields(result) == COLUMN_COUNT;
    if (PQgetisnull(result, row, COLUMN_MAPPING_ID) ||
        !(read_bank(config, result, row, &out->bank) || is_of_run(out)) ||
        !read_parties(result, row, COLUMN_VIRTUAL_ACCOUNT, &out->parties) ||
        (has_transfer && !read_transfer(result, row, &out->transfer)) ||
        (has_request && !read_request(result, row, out)))
        return false;
    if (has_transfer) {
        read_accepted(result, row, out->accepted_generation);
        out->is_compensating = read_bool(result, row, COLUMN_COMPENSATING);
    }
    bool opened = read_bool(result, row, COLUMN_OPENED);
    out->state = opened ? LOAD_STATE_OPEN : LOAD_STATE_BLOCKED;
    out->done_steps = (uint8_t)pg_get_u16(result, row, COLUMN_DONE_STEPS);
    out->outcome_seq = pg_get_u16(result, row, COLUMN_OUTCOME_SEQ);
    out->mapping_id = pg_get_i64(result, row, COLUMN_MAPPING_ID);
    CHECK(PQgetlength(result, row, COLUMN_KEY_SEED) == IDEM_KEY_BYTES);
    memcpy(out->key_seed.bytes, PQgetvalue(result, row, COLUMN_KEY_SEED), IDEM_KEY_BYTES);
    out->repayment_minor = pg_get_i64(result, row, COLUMN_REPAYMENT);
    out->hold_minor = pg_get_i64(result, row, COLUMN_HOLD);
    out->expected_minor = pg_get_i64(result, row, COLUMN_EXPECTED);
    if (!PQgetisnull(result, row, COLUMN_EXPECT_AT))
        out->expect_at_us = pg_get_us(result, row, COLUMN_EXPECT_AT);
    out->opening_minor = pg_get_i64(result, row, COLUMN_OPENING);
    out->floor_held_minor = pg_get_i64(result, row, COLUMN_FLOOR_HELD);
    out->floor_payable_minor = pg_get_i64(result, row, COLUMN_FLOOR_PAYABLE);
    out->floor_residue_minor = pg_get_i64(result, row, COLUMN_FLOOR_RESIDUE);
    out->floor_received_minor = pg_get_i64(result, row, COLUMN_FLOOR_RECEIVED);
    out->deposit_minor = pg_get_i64(result, row, COLUMN_DEPOSIT);
    out->seen_minor = pg_get_i64(result, row, COLUMN_SEEN);
    return true;
}

/* Pages are walked by position: nothing may lie behind. */
static void check_order(const struct store_pages *pages, uint64_t before, uint64_t settlement_id)
{
    if (pages->load.scope == LOAD_FRESH)
        CHECK(settlement_id > before);
    if (pages->load.scope == LOAD_UNDER_WAY)
        CHECK(settlement_id < before);
}

static void on_rows(struct store_pages *pages, const PGresult *result, char error[PG_ERROR_BYTES])
{
    int count = PQntuples(result);
    CHECK(PQnfields(result) == column_count((enum load_scope)pages->load.scope));
    CHECK(count >= 1);
    pages->time.db_now_us = pg_get_us(result, 0, COLUMN_DB_NOW);
    // One row without a settlement carries the time of an empty page.
    if (PQgetisnull(result, 0, COLUMN_SETTLEMENT_ID))
        count = 0;
    CHECK(count <= (int)pages->load.row_max);
    for (int row = 0; row < count; row++) {
        if (!read_row(pages->config, result, row, &pages->rows[row])) {
            snprintf(error, PG_ERROR_BYTES,
                     "the plan or mapping of settlement %" PRIu64
                     " is missing, or its bank is not configured",
                     pages->rows[row].settlement_id);
            return;
        }
        if (row > 0)
            check_order(pages, pages->rows[row - 1].settlement_id, pages->rows[row].settlement_id);
    }
    pages->row_count = (uint32_t)count;
    pages->at_end = pages->row_count < pages->load.row_max;
    pages->status = STATUS_OK;
}

static void on_result(struct store_pages *pages, PGresult *result, char error[PG_ERROR_BYTES])
{
    enum status status = pg_result_status(pages->conn, result, error);
    if (status != STATUS_OK)
        pages->status = status;
    else
        on_rows(pages, result, error);
    PQclear(result);
}

/*
 * Another opener was there first, after this statement's snapshot: ask again, and see its row. It
 * has committed, so each further try gets at least one account further.
 */
static bool ask_again(struct store_pages *pages)
{
    if (pages->status != STATUS_STORE_TWICE)
        return false;
    pages->tries++;
    if (pages->tries > LOAD_ROWS_MAX) {
        pages->status = STATUS_STORE_BUSY;
        return false;
    }
    ask(pages);
    return true;
}

static void lose(struct store_pages *pages, char error[PG_ERROR_BYTES])
{
    if (pages->status != STATUS_STORE_LOST)
        pg_error_text(pages->conn, NULL, error);
    pages->status = STATUS_STORE_LOST;
}

bool store_pages_turn(struct store_pages *pages, char error[PG_ERROR_BYTES])
{
    CHECK(pages->busy);
    int flushed = PQflush(pages->conn);
    bool lost = flushed < 0 || PQconsumeInput(pages->conn) == 0;
    pages->writable_wanted = flushed > 0;
    while (!lost) {
        if (PQisBusy(pages->conn))
            return false;
        PGresult *result = PQgetResult(pages->conn);
        if (result != NULL)
            on_result(pages, result, error);
        else if (!ask_again(pages))
            break;
    }
    if (lost || PQstatus(pages->conn) == CONNECTION_BAD)
        lose(pages, error);
    if (pages->status != STATUS_OK)
        pages->row_count = 0;
    if (pages->time.db_now_us == 0)
        pages->time.asked_at_ns = 0;
    pages->busy = false;
    pages->writable_wanted = false;
    return true;
}
