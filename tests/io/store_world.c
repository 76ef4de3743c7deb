#include "store_world.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "core/canonical.h"
#include "real/clock.h"
#include "real/pg.h"

static const struct profile_site site = {.host = "bank.test",
                                         .path_prefix = "",
                                         .token = "",
                                         .collection_account = "COLLECT-1",
                                         .suspense_account = "SUSPENSE-1",
                                         .currency = "KRW"};

static PGresult *run(struct world *world, const char *format, va_list arguments)
{
    char sql[4096];
    int used = vsnprintf(sql, sizeof(sql), format, arguments);
    CHECK(used > 0 && (size_t)used < sizeof(sql));
    PGresult *result = PQexec(world->admin, sql);
    ExecStatusType kind = PQresultStatus(result);
    if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s\n%s", sql, PQerrorMessage(world->admin));
        abort();
    }
    return result;
}

void world_do(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PQclear(run(world, format, arguments));
    va_end(arguments);
}

static const char *first_value(PGresult *result)
{
    static char text[1024];
    text[0] = 0;
    if (PQntuples(result) > 0)
        snprintf(text, sizeof(text), "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

const char *world_ask(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PGresult *result = run(world, format, arguments);
    va_end(arguments);
    return first_value(result);
}

int64_t world_ask_number(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PGresult *result = run(world, format, arguments);
    va_end(arguments);
    return strtoll(first_value(result), NULL, 10);
}

void world_open(struct world *world, const char *conninfo, const char *profile_file)
{
    char error[PROFILE_ERROR_BYTES];
    world->conninfo = conninfo;
    world->admin = PQconnectdb(conninfo);
    CHECK(PQstatus(world->admin) == CONNECTION_OK);
    world->hash = hash_open();
    world->profile = profile_load(profile_file, &site, error);
    if (world->profile == NULL) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    world->profile_id = (int32_t)world_ask_number(
        world, "INSERT INTO daybook.bank_profile (bank, sha256, collection_account, "
               "suspense_account, body) VALUES ('bank1', sha256('x'), 'COLLECT-1', 'SUSPENSE-1', "
               "'x') RETURNING profile_id");
}

void world_close(struct world *world)
{
    PQfinish(world->admin);
    profile_close(world->profile);
    hash_close(world->hash);
}

uint32_t world_batch(struct world *world, const char *cohort, const char *date, const char *prefix,
                     uint32_t accounts)
{
    world_do(world,
             "INSERT INTO daybook.account (account_ref) SELECT '%s-' || n FROM "
             "generate_series(1, %u) n ORDER BY n ON CONFLICT DO NOTHING",
             prefix, accounts);
    world_do(world,
             "INSERT INTO daybook.mapping (account_id, version, bank, virtual_account, "
             "payout_bank, payout_account, holder_name) SELECT a.account_id, 1, 'bank1', 'V' || "
             "a.account_id, 'bank2', '9988' || a.account_id, 'Kim ' || n FROM generate_series(1, "
             "%u) n JOIN daybook.account a ON a.account_ref = '%s-' || n ON CONFLICT DO NOTHING",
             accounts, prefix);
    uint32_t batch_id = (uint32_t)world_ask_number(
        world,
        "INSERT INTO daybook.batch (cohort, settle_date, currency) VALUES ('%s', '%s', 'KRW') "
        "RETURNING batch_id",
        cohort, date);
    world_do(world,
             "INSERT INTO daybook.plan_bank (batch_id, revision, bank, accounts, collects, holds, "
             "repayment_minor, hold_minor, expected_minor) SELECT %u, 1, 'bank1', n, n, n, "
             "300 * n, 100 * n, 1000 * n FROM (SELECT %u AS n) x",
             batch_id, accounts);
    world_do(world,
             "INSERT INTO daybook.plan_revision (batch_id, revision, accounts, partitions, "
             "plan_digest, operator) VALUES (%u, 1, %u, 1, sha256('p'), 'tester')",
             batch_id, accounts);
    world_do(world,
             "INSERT INTO daybook.plan (settlement_id, revision, account_id, mapping_id, key_seed, "
             "repayment_minor, hold_minor, expected_minor, expect_at) "
             "SELECT (%u::bigint << 32) + n, 1, "
             "a.account_id, m.mapping_id, md5(n::text)::uuid, 300, 100, 1000, "
             "CASE n %% 2 WHEN 1 THEN timestamptz '2026-08-25 09:30:00.000001+00' END FROM "
             "generate_series(1, %u) n JOIN daybook.account a ON a.account_ref = '%s-' || n JOIN "
             "daybook.mapping m ON m.account_id = a.account_id ORDER BY n",
             batch_id, accounts, prefix);
    world_do(world, "INSERT INTO daybook.batch_head (batch_id, revision) VALUES (%u, 1)", batch_id);
    return batch_id;
}

struct claim_config world_claim_config(const struct world *world, uint32_t batch_id)
{
    static struct claim_former former;
    former = (struct claim_former){.pid = 0};
    return (struct claim_config){.conninfo = world->conninfo,
                                 .batch_id = batch_id,
                                 .lock_wait_ns = 200 * NS_PER_MS,
                                 .stale_ns = 30 * NS_PER_S,
                                 .heartbeat_ns = 100 * NS_PER_MS,
                                 .raise_wait_ns = 5 * NS_PER_S,
                                 .answer_ns = 30 * NS_PER_S,
                                 .former = &former,
                                 .host = "testhost",
                                 .run_kind = "run",
                                 .operator_name = "alice"};
}

struct store_config world_store_config(const struct world *world, uint32_t batch_id, uint32_t epoch)
{
    return (struct store_config){
        .conninfo = world->conninfo,
        .answer_ns = 30 * NS_PER_S,
        .batch_id = batch_id,
        .epoch = epoch,
        .plan_revision = 1,
        .bank_count = 1,
        .banks = {{.name = "bank1", .profile = world->profile, .profile_id = world->profile_id}},
        .hash = world->hash,
    };
}

struct claim *world_claim(const struct world *world, uint32_t batch_id)
{
    char error[STORE_ERROR_BYTES];
    struct claim *claim = NULL;
    const struct claim_config config = world_claim_config(world, batch_id);
    if (claim_open(&config, &claim, error) != STATUS_OK ||
        claim_take(claim, NULL, 0, error) != STATUS_OK) {
        fprintf(stderr, "claim: %s\n", error);
        abort();
    }
    return claim;
}

struct store *world_store(const struct world *world, uint32_t batch_id, uint32_t epoch)
{
    char error[STORE_ERROR_BYTES];
    const struct store_config config = world_store_config(world, batch_id, epoch);
    struct store *store = store_open(&config, error);
    if (store == NULL) {
        fprintf(stderr, "store: %s\n", error);
        abort();
    }
    return store;
}

struct event world_wait(struct store *store)
{
    uint64_t until_ns = clock_now_ns() + 20 * NS_PER_S;
    struct event events[4];
    for (;;) {
        uint64_t now_ns = clock_now_ns();
        CHECK(now_ns < until_ns);
        if (store_turn(store, events, now_ns) > 0)
            return events[0];
        struct store_wait waits[2];
        store_waits(store, waits);
        struct pollfd fds[2];
        for (int i = 0; i < 2; i++)
            fds[i] = (struct pollfd){
                .fd = waits[i].fd,
                .events =
                    (short)((waits[i].readable ? POLLIN : 0) | (waits[i].writable ? POLLOUT : 0)),
            };
        CHECK(fds[0].fd >= 0 || fds[1].fd >= 0);
        (void)poll(fds, 2, 1000);
    }
}

enum status world_write(struct store *store, const struct chunk *chunk)
{
    store_chunk(store, chunk, clock_now_ns());
    struct event event = world_wait(store);
    CHECK(event.kind == EVENT_STORE_WRITTEN && event.store_written.number == chunk->number);
    return event.store_written.status;
}

struct event world_load(struct store *store, const struct store_load *load)
{
    store_load(store, load, clock_now_ns());
    struct event event = world_wait(store);
    CHECK(event.kind == EVENT_STORE_LOADED);
    if (event.store_loaded.status != STATUS_OK)
        fprintf(stderr, "%s: %s\n", status_name(event.store_loaded.status), store_error(store));
    return event;
}

/* ---- records ---- */

/* Instants with odd microseconds, so that a lost digit would show. */
#define AT_US INT64_C(1785800000123457)

struct book *book_open(struct world *world, uint32_t batch_id, uint32_t epoch)
{
    struct book *book = calloc(1, sizeof(*book));
    CHECK(book != NULL);
    book->hash = world->hash;
    book->batch_id = batch_id;
    book->epoch = epoch;
    book->parties = (struct parties){.virtual_account = "V1",
                                     .payout_bank = "bank2",
                                     .payout_account = "99881",
                                     .holder_name = "Kim 1"};
    return book;
}

void book_close(struct book *book)
{
    free(book);
}

static struct record *add(struct book *book, enum record_kind kind, uint32_t position,
                          enum step_kind step, uint16_t generation)
{
    CHECK(book->record_count < BOOK_RECORDS_MAX);
    struct record *record = &book->records[book->record_count++];
    *record = (struct record){.settlement_id = settlement_id(book->batch_id, 0, position),
                              .record_kind = (uint8_t)kind,
                              .step = (uint8_t)step,
                              .bank = book->bank,
                              .generation = generation};
    return record;
}

void book_outcome(struct book *book, uint32_t position, uint16_t seq, enum step_kind step,
                  uint16_t generation, enum outcome_state state, int64_t amount_minor)
{
    struct record *record = add(book, RECORD_OUTCOME, position, step, generation);
    record->outcome.seq = seq;
    record->outcome.state = (uint8_t)state;
    record->outcome.amount_minor = amount_minor;
    record->outcome.at_us = AT_US + position;
    if (state == OUTCOME_DEPOSITED || state == OUTCOME_SHORT || state == OUTCOME_SETTLED)
        record->outcome.available_minor = amount_minor;
    if (state == OUTCOME_SETTLED)
        record->outcome.held_minor = 100;
    if (state == OUTCOME_ACCEPTED)
        snprintf(record->outcome.text.bank_ref, sizeof(record->outcome.text.bank_ref), "tr_%u_%u",
                 position, seq);
    if (state == OUTCOME_PARKED || state == OUTCOME_REJECTED_LATER)
        snprintf(record->outcome.text.code, sizeof(record->outcome.text.code), "closed");
}

void book_intent(struct book *book, uint32_t position, enum step_kind step, uint16_t generation,
                 int64_t amount_minor, int64_t mapping_id)
{
    struct record *record = add(book, RECORD_INTENT, position, step, generation);
    record->intent.key.bytes[0] = (uint8_t)step;
    memcpy(record->intent.key.bytes + 4, &position, sizeof(position));
    record->intent.key.bytes[15] = (uint8_t)generation;
    record->intent.amount_minor = amount_minor;
    record->intent.mapping_id = mapping_id;
    record->intent.intended_at_us = AT_US;
    record->intent.send_before_us = AT_US + 10 * US_PER_S;
    record->intent.parties = &book->parties;
}

void book_attempt(struct book *book, uint32_t position, enum step_kind step, uint16_t generation,
                  uint16_t number)
{
    struct record *record = add(book, RECORD_ATTEMPT, position, step, generation);
    record->attempt.number = number;
    record->attempt.at_us = AT_US + number * 60 * US_PER_S;
    record->attempt.send_before_us = record->attempt.at_us + 10 * US_PER_S;
}

void book_entry(struct book *book, uint32_t position, enum step_kind step, uint8_t line,
                enum ledger_account debit, enum ledger_account credit, int64_t amount_minor)
{
    struct record *record = add(book, RECORD_ENTRY, position, step, 0);
    record->entry.line = line;
    record->entry.debit = (uint8_t)debit;
    record->entry.credit = (uint8_t)credit;
    record->entry.amount_minor = amount_minor;
}

void book_decision(struct book *book, uint32_t position, uint64_t request_id,
                   enum request_kind kind, enum decision_state state, int64_t mapping_id)
{
    struct record *record = add(book, RECORD_DECISION, position, 0, 0);
    record->decision.request_id = request_id;
    record->decision.request_kind = (uint8_t)kind;
    record->decision.state = (uint8_t)state;
    record->decision.mapping_id = mapping_id;
    record->decision.at_us = AT_US;
    if (state != DECISION_DONE)
        snprintf(record->decision.code, sizeof(record->decision.code), "under_way");
}

void book_undo(struct book *book)
{
    CHECK(book->record_count > 0);
    book->records[book->record_count - 1].kind = TRANSFER_UNDO;
}

void book_deposit(struct book *book, uint32_t position)
{
    book_outcome(book, position, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_entry(book, position, STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, 1000);
    book_intent(book, position, STEP_COLLECT, 1, 300, position);
}

void book_collect(struct book *book, uint32_t position)
{
    book_outcome(book, position, 2, STEP_COLLECT, 1, OUTCOME_ACCEPTED, 300);
    book_entry(book, position, STEP_COLLECT, 1, LEDGER_COLLECTION, LEDGER_VIRTUAL, 300);
    book_entry(book, position, STEP_COLLECT, 2, LEDGER_PAYABLE, LEDGER_RECEIVABLE, 300);
    book_outcome(book, position, 3, STEP_HOLD, 0, OUTCOME_POSTED, 100);
    book_entry(book, position, STEP_HOLD, 1, LEDGER_PAYABLE, LEDGER_HELD, 100);
    book_intent(book, position, STEP_PAYOUT, 1, 600, position);
}

void book_payout(struct book *book, uint32_t position)
{
    book_outcome(book, position, 4, STEP_PAYOUT, 1, OUTCOME_ACCEPTED, 600);
    book_entry(book, position, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, 600);
    book_outcome(book, position, 5, STEP_CLOSING, 0, OUTCOME_SETTLED, 0);
}

void book_settle(struct book *book, uint32_t position)
{
    book_deposit(book, position);
    book_collect(book, position);
    book_payout(book, position);
}

const struct chunk *book_chunk(struct book *book)
{
    struct chunk chunk = {.batch_id = book->batch_id,
                          .epoch = book->epoch,
                          .number = book->chunk.number + 1,
                          .records = book->records,
                          .record_count = book->record_count,
                          .prev_hash = book->chunk.hash};
    for (uint32_t i = 0; i < book->record_count; i++) {
        if (book->records[i].record_kind != RECORD_ENTRY)
            continue;
        chunk.entry_count++;
        chunk.debit_total_minor += book->records[i].entry.amount_minor;
    }
    chunk.hash =
        canonical_chunk_hash(book->hash, &chunk.prev_hash, book->records, book->record_count);
    book->chunk = chunk;
    book->record_count = 0;
    return &book->chunk;
}
