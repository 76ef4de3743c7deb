/*
 * harness: a core in a scripted world. Include after cmocka.h.
 *
 * The store answers from hand-made rows after a fixed time, or when the test says so. The bank
 * answers each account's calls from a script, then by its book. Time jumps to settle_next_at or to
 * the next answer. Whatever a test is about, the world checks every call and every record (see
 * audit.h), and that no turn is taken for nothing.
 */
#ifndef DAYBOOK_TESTS_CORE_HARNESS_H
#define DAYBOOK_TESTS_CORE_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#include "base/time.h"
#include "core/course.h"
#include "core/settle.h"

#define ACCOUNTS_MAX 64U
#define SCRIPT_MAX 40U
#define SEEN_MAX 6000U
#define WRITTEN_MAX 4000U
#define PENDING_MAX 512U
#define REQUESTS_MAX 64U
#define TURN_EVENTS 32U
#define TURN_COMMANDS 16U
#define IDLE_TURNS_MAX 3U
#define BATCH 5
#define PARTITION 2
#define DB_START_US INT64_C(1700000000000000)
#define START_NS (100000 * NS_PER_S)
#define MS NS_PER_MS
#define S NS_PER_S

/* What the bank answers to one call. */
struct said {
    enum answer answer;
    bool throttled;
    bool is_done;     /* transfer: the bank carries it out, whatever it answers */
    bool has_balance; /* balance: not the book's */
    int64_t balance_minor;
    int64_t fee_minor;
    uint64_t after_ns; /* 0: the world's latency; AT_NEVER: not before it is cancelled */
    uint64_t retry_after_ns;
    const char *code;
};

struct script {
    struct said said[SCRIPT_MAX];
    uint32_t count, used;
    bool is_endless; /* the last one is said for ever */
};

struct account {
    struct load_row row, first_row; /* now, and when the first core of the test started */
    bool is_under_way;
    int64_t balance_minor;
    struct script scripts[3]; /* by enum call_kind */
};

/* What somebody asked for. */
struct wish {
    struct load_request request;
    uint32_t position; /* 0: the run's */
    uint8_t bank;      /* … about this one */
    uint8_t later;     /* enum load_later */
};

/* A call that the core handed out. */
struct seen {
    enum call_kind call_kind;
    uint32_t position;
    uint8_t bank, step, kind;
    uint16_t generation;
    bool has_digest;
    struct idem_key key;
    int64_t amount_minor;
    struct slot slot;
    uint64_t at_ns;
    uint64_t ended_ns; /* AT_NEVER: in flight */
    struct said said;
};

struct written {
    struct record record;
    uint32_t chunk;
};

struct pending {
    uint64_t at_ns;
    uint64_t order;
    uint32_t seen; /* bank reply: of this call */
    struct event event;
    struct bank_text text;
};

struct world {
    struct settle_config config;
    struct settle_start start;
    struct account accounts[ACCOUNTS_MAX]; /* position 1 first */
    uint32_t account_count;
    uint64_t latency_ns, write_ns, load_ns, alive_ns;
    int64_t db_step_us;                          /* by so much was the database's clock set */
    bool is_begun;                               /* a core was started */
    bool is_mute;                                /* no heartbeat */
    bool holds_chunks;                           /* a chunk is answered when the test says so */
    enum status *write_statuses, *load_statuses; /* answers before OK; ended by STATUS_OK */
    void (*on_call)(struct seen *);              /* another bank than the scripts */
    bool (*is_poison)(const struct record *);    /* the database refuses a chunk with such */
    struct wish wishes[REQUESTS_MAX];
    uint32_t wish_count;

    struct memory memory;
    struct hash *hash;
    struct settle *settle;
    uint64_t now_ns;
    uint64_t last_turn_ns;
    uint32_t idle_turns;
    struct pending pending[PENDING_MAX];
    uint32_t pending_count;
    uint64_t next_order;
    struct load_row page[LOAD_ROWS_MAX];
    const struct chunk *chunk; /* being written */
    uint64_t chunk_at_ns;      /* handed out */
    struct digest chunk_hash, head_hash;
    uint32_t chunk_count; /* committed */
    uint32_t loads[4];    /* by enum load_scope */
    uint32_t command_count;

    struct seen seen[SEEN_MAX];
    uint32_t seen_count;
    struct written written[WRITTEN_MAX]; /* committed records in order */
    uint32_t written_count;
};

static struct world *world;

static inline int64_t db_us(uint64_t now_ns)
{
    return DB_START_US + world->db_step_us + (int64_t)(now_ns / NS_PER_US);
}

static inline struct account *account_at(uint32_t position)
{
    assert_in_range(position, 1, world->account_count);
    return &world->accounts[position - 1];
}

#include "ledger_rows.h"

#include "audit.h"

/* ---- before it starts ------------------------------------------------------------------------ */

static inline int world_open(void **state)
{
    (void)state;
    world = calloc(1, sizeof(*world));
    assert_non_null(world);
    world->config = (struct settle_config){.bank_count = 1,
                                           .slots = 16,
                                           .chunk_records = 200,
                                           .chunk_delay_ns = 10 * MS,
                                           .send_before_ns = 1 * S,
                                           .resolve_wait_ns = 10 * S,
                                           .drain_ns = 2 * S,
                                           .alive_ns = 5 * S,
                                           .retry_base_ns = 20 * MS,
                                           .retry_cap_ns = 200 * MS,
                                           .poll_tries = 3,
                                           .chunk_tries = 3,
                                           .closing = CLOSING_ALL,
                                           .deadline_at_ns = AT_NEVER,
                                           .seed = 1};
    for (uint32_t i = 0; i < BANKS_MAX; i++)
        world->config.banks[i] = (struct bank_rules){.rate_per_s = 1000,
                                                     .burst = 10,
                                                     .calls_max = 8,
                                                     .inquiry = INQUIRY_BY_KEY,
                                                     .call_timeout_ns = 1 * S,
                                                     .processing_ns = 500 * MS,
                                                     .linger_ns = 200 * MS,
                                                     .key_lifetime_ns = AT_NEVER,
                                                     .repeat_delay_ns = 50 * MS,
                                                     .poll_interval_ns = 2 * S,
                                                     .later_wait_ns = 300 * MS,
                                                     .later_tries = 3};
    world->latency_ns = 20 * MS;
    world->write_ns = 2 * MS;
    world->load_ns = world->alive_ns = 1 * MS;
    world->now_ns = START_NS;
    return 0;
}

static inline int world_close(void **state)
{
    (void)state;
    if (world->settle != NULL) {
        memory_close(&world->memory);
        hash_close(world->hash);
    }
    free(world);
    world = NULL;
    return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

/* An account whose deposit has not been looked for. */
static inline struct account *add_account(int64_t repayment_minor, int64_t hold_minor,
                                          int64_t expected_minor, int64_t balance_minor)
{
    assert_true(world->account_count < ACCOUNTS_MAX);
    struct account *account = &world->accounts[world->account_count++];
    account->balance_minor = balance_minor;
    account->row =
        (struct load_row){.settlement_id = settlement_id(BATCH, PARTITION, world->account_count),
                          .mapping_id = 1000 + world->account_count,
                          .repayment_minor = repayment_minor,
                          .hold_minor = hold_minor,
                          .expected_minor = expected_minor,
                          .seen_minor = -1};
    account->row.key_seed.bytes[15] = (uint8_t)world->account_count;
    snprintf(account->row.parties.virtual_account, ACCOUNT_TEXT_MAX, "%u", world->account_count);
    return account;
}

/* 300 to collect, 50 to hold, 650 to pay out. */
static inline struct account *add_usual(void)
{
    return add_account(300, 50, 1000, 1000);
}

/* A bit of each step up to this one. */
static inline uint8_t steps_up_to(enum step_kind step)
{
    return (uint8_t)((2U << step) - 2);
}

/* The usual one, of which an earlier run wrote the deposit and `step_done`. */
static inline struct account *add_under_way(enum step_kind step_done)
{
    static const int64_t left_minor[] = {
        [STEP_DEPOSIT] = 1000, [STEP_COLLECT] = 700, [STEP_HOLD] = 700, [STEP_PAYOUT] = 50};
    struct account *account = add_account(300, 50, 1000, left_minor[step_done]);
    account->is_under_way = true;
    account->row.done_steps = steps_up_to(step_done);
    account->row.outcome_seq = (uint16_t)step_done;
    account->row.deposit_minor = 1000;
    return account;
}

/* … and the intent of a transfer after it, `ago_ns` before the start. */
static inline void add_intent(struct account *account, enum step_kind step, int64_t amount_minor,
                              uint64_t ago_ns)
{
    int64_t intended_us = db_us(START_NS - ago_ns);
    account->row.transfer = (struct load_transfer){
        .step = (uint8_t)step,
        .generation = 1,
        .amount_minor = amount_minor,
        .intended_at_us = intended_us,
        .send_before_us = intended_us + (int64_t)(world->config.send_before_ns / NS_PER_US)};
    audit_earlier_intent(account);
}

/* The newest outcome that an earlier run wrote for it was this park. */
static inline struct account *park_before(struct account *account, const char *code)
{
    account->row.place = LOAD_PLACE_PARKED;
    account->row.outcome_seq++;
    strcpy(account->row.park_code, code);
    return account;
}

/* The usual one, which an earlier run settled; the rest was there beyond the ledger. */
static inline struct account *add_ended(enum outcome_state end, int64_t payable_minor,
                                        int64_t residue_minor)
{
    struct account *account = add_under_way(STEP_PAYOUT);
    account->balance_minor += payable_minor + residue_minor;
    account->row.place = LOAD_PLACE_ENDED;
    account->row.outcome_seq = 5;
    account->row.end_state = (uint8_t)end;
    account->row.end_payable_minor = payable_minor;
    account->row.end_residue_minor = residue_minor;
    account->row.end_held_minor = 50;
    account->row.accepted_generation[STEP_COLLECT] = 1;
    account->row.accepted_generation[STEP_PAYOUT] = 1;
    account->row.transfer = (struct load_transfer){
        .step = STEP_PAYOUT, .generation = 1, .state = OUTCOME_ACCEPTED, .amount_minor = 650};
    return account;
}

/* The next calls of this kind for the account are answered so. */
static inline void say(struct account *account, enum call_kind kind, struct said said)
{
    struct script *script = &account->scripts[kind];
    assert_true(script->count < SCRIPT_MAX);
    script->said[script->count++] = said;
}

#define SAY(account, kind, ...) say(account, kind, (struct said){__VA_ARGS__})

static inline void say_often(struct account *account, enum call_kind kind, uint32_t times,
                             struct said said)
{
    for (uint32_t i = 0; i < times; i++)
        say(account, kind, said);
}

/* ---- what will happen ------------------------------------------------------------------------ */

static inline struct pending *expect(uint64_t at_ns, enum event_kind kind)
{
    assert_true(world->pending_count < PENDING_MAX);
    struct pending *pending = &world->pending[world->pending_count++];
    *pending = (struct pending){.at_ns = at_ns, .order = world->next_order++, .seen = UINT32_MAX};
    pending->event.kind = kind;
    return pending;
}

static inline void expect_alive(void)
{
    struct pending *pending = expect(world->now_ns + 500 * MS, EVENT_STORE_ALIVE);
    pending->event.time.asked_at_ns = pending->at_ns - world->alive_ns;
    pending->event.time.db_now_us = db_us(pending->at_ns);
}

static inline void stop_at(uint64_t at_ns)
{
    expect(at_ns, EVENT_STOP);
}

static inline void gone_at(uint64_t at_ns)
{
    expect(at_ns, EVENT_STORE_GONE)->event.store_gone = STATUS_STORE_LOST;
}

static inline enum status next_status(enum status **statuses)
{
    if (*statuses == NULL || **statuses == STATUS_OK)
        return STATUS_OK;
    return *(*statuses)++;
}

#include "wishes.h"

static inline bool has_poison(const struct chunk *chunk)
{
    for (uint32_t i = 0; world->is_poison != NULL && i < chunk->record_count; i++)
        if (world->is_poison(&chunk->records[i]))
            return true;
    return false;
}

static inline void answer_chunk(enum status status)
{
    if (status == STATUS_OK && has_poison(world->chunk))
        status = STATUS_STORE_REFUSED;
    struct pending *pending = expect(world->now_ns + world->write_ns, EVENT_STORE_WRITTEN);
    pending->event.store_written.status = status;
    pending->event.store_written.number = world->chunk->number;
    pending->event.time.asked_at_ns = world->chunk_at_ns;
    pending->event.time.db_now_us = db_us(pending->at_ns);
}

static inline bool is_in_scope(uint32_t position, uint8_t scope)
{
    uint8_t place = recorded_row(position).place;
    return place == (scope == LOAD_UNDER_WAY ? LOAD_PLACE_UNDER_WAY : LOAD_PLACE_FRESH);
}

/* As the database has them at this instant; they come when the page does. */
static inline uint32_t page_of(const struct store_load *load, bool *at_end)
{
    uint32_t count = 0;
    *at_end = true;
    for (uint32_t i = 0; load->scope == LOAD_AGAIN && i < load->position_count; i++)
        world->page[count++] = recorded_row(load->positions[i]);
    bool by_position = load->scope == LOAD_UNDER_WAY || load->scope == LOAD_FRESH;
    uint32_t way = load->scope == LOAD_FRESH ? 1 : UINT32_MAX; // down
    uint32_t position = load->after_position + way;
    for (; by_position && position >= 1 && position <= world->account_count; position += way) {
        if (!is_in_scope(position, load->scope))
            continue;
        *at_end = count < load->row_max;
        if (!*at_end)
            break;
        world->page[count++] = recorded_row(position);
    }
    for (uint32_t i = 0; load->scope == LOAD_REQUESTED && i < world->wish_count; i++) {
        const struct wish *wish = &world->wishes[i];
        if (wish->request.id <= load->after_request || decision_of(wish->request.id) != NULL)
            continue;
        *at_end = count < load->row_max;
        if (!*at_end)
            break;
        world->page[count++] = wished_row(wish);
    }
    assert_true(count <= load->row_max);
    return count;
}

static inline void answer_load(const struct store_load *load)
{
    bool at_end;
    enum status status = next_status(&world->load_statuses);
    world->loads[load->scope]++;
    if (load->scope == LOAD_REQUESTED)
        audit_asks();
    uint32_t count = page_of(load, &at_end);
    struct pending *pending = expect(world->now_ns + world->load_ns, EVENT_STORE_LOADED);
    pending->event.store_loaded =
        (struct store_loaded){.scope = load->scope,
                              .status = status,
                              .at_end = at_end,
                              .rows = world->page,
                              .row_count = status == STATUS_OK ? count : 0};
}

/* ---- the bank -------------------------------------------------------------------------------- */

static inline bool is_taken(const struct seen *call)
{
    for (uint32_t i = 0; i < world->seen_count; i++) {
        const struct seen *other = &world->seen[i];
        if (other != call && other->said.is_done && other->call_kind == CALL_TRANSFER &&
            memcmp(&other->key, &call->key, sizeof(call->key)) == 0)
            return true;
    }
    return false;
}

static inline struct said by_book(const struct seen *call)
{
    if (call->call_kind == CALL_BALANCE)
        return (struct said){.answer = ANSWER_BALANCE};
    if (call->call_kind == CALL_TRANSFER || is_taken(call))
        return (struct said){.answer = ANSWER_ACCEPTED};
    return (struct said){.answer = ANSWER_NOT_FOUND};
}

static inline void bank_decides(struct seen *call)
{
    struct account *account = account_at(call->position);
    struct script *script = &account->scripts[call->call_kind];
    if (script->used < script->count)
        call->said = script->said[script->used++];
    else
        call->said = script->is_endless ? script->said[script->count - 1] : by_book(call);
    struct said *said = &call->said;
    if (call->call_kind != CALL_TRANSFER)
        return;
    said->is_done |= said->answer == ANSWER_ACCEPTED;
    if (said->is_done && !is_taken(call))
        account->balance_minor +=
            call->kind == TRANSFER_UNDO ? call->amount_minor : -call->amount_minor;
}

static inline void expect_reply(uint32_t index, uint64_t at_ns)
{
    const struct seen *call = &world->seen[index];
    const struct said *said = &call->said;
    struct pending *pending = expect(at_ns, EVENT_BANK_REPLY);
    pending->seen = index;
    if (said->code != NULL)
        strncpy(pending->text.code, said->code, CODE_TEXT_MAX);
    pending->event.bank_reply =
        (struct bank_reply){.call = call->slot,
                            .answer = (uint8_t)said->answer,
                            .throttled = said->throttled,
                            .http_status = said->answer == ANSWER_IN_DOUBT ? 0 : 200,
                            .retry_after_ns = said->retry_after_ns};
    if (said->answer == ANSWER_BALANCE)
        pending->event.bank_reply.balance_minor =
            said->has_balance ? said->balance_minor : account_at(call->position)->balance_minor;
    else
        pending->event.bank_reply.fee_minor = said->fee_minor;
}

static inline void take_call(const struct bank_call *call)
{
    assert_true(world->seen_count < SEEN_MAX);
    struct seen *seen = &world->seen[world->seen_count];
    *seen = (struct seen){.call_kind = call->call_kind,
                          .position = (uint32_t)atoi(call->parties->virtual_account),
                          .bank = call->bank,
                          .has_digest = call->body_digest != NULL,
                          .slot = call->call,
                          .at_ns = world->now_ns,
                          .ended_ns = AT_NEVER};
    if (call->order != NULL) {
        assert_int_equal(settlement_position(call->order->settlement_id), seen->position);
        seen->step = call->order->step;
        seen->kind = call->order->kind;
        seen->generation = call->order->generation;
        seen->key = call->order->key;
        seen->amount_minor = call->order->amount_minor;
    }
    world->seen_count++;
    if (seen->call_kind == CALL_TRANSFER)
        assert_string_equal(call->parties->payout_account,
                            recorded_row(seen->position).parties.payout_account);
    audit_call(seen);
    if (world->on_call != NULL)
        world->on_call(seen);
    else
        bank_decides(seen);
    uint64_t after_ns = seen->said.after_ns == 0 ? world->latency_ns : seen->said.after_ns;
    if (after_ns != AT_NEVER)
        expect_reply(world->seen_count - 1, world->now_ns + after_ns);
}

static inline void cancel_call(struct slot slot)
{
    for (uint32_t i = world->seen_count; i-- > 0;) {
        struct seen *call = &world->seen[i];
        if (call->ended_ns != AT_NEVER || slot_pack(call->slot) != slot_pack(slot))
            continue;
        for (uint32_t k = 0; k < world->pending_count; k++)
            if (world->pending[k].seen == i)
                return; // its answer is under way
        call->said.answer = ANSWER_IN_DOUBT;
        expect_reply(i, world->now_ns + 1);
        return;
    }
    fail_msg("a cancel of no call");
}

/* ---- turns ----------------------------------------------------------------------------------- */

static inline void carry_out(const struct command *command)
{
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        take_call(&command->bank_call);
        return;
    case COMMAND_BANK_CANCEL:
        cancel_call(command->bank_cancel);
        return;
    case COMMAND_STORE_LOAD:
        answer_load(&command->store_load);
        return;
    case COMMAND_STORE_CHUNK:
        audit_chunk(command->store_chunk);
        world->chunk = command->store_chunk;
        world->chunk_at_ns = world->now_ns;
        if (!world->holds_chunks)
            answer_chunk(next_status(&world->write_statuses));
        return;
    }
    fail_msg("a command of no kind");
}

/* The earliest that is due, taken out. */
static inline bool next_due(struct pending *due)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < world->pending_count; i++) {
        const struct pending *p = &world->pending[i];
        if (p->at_ns <= world->now_ns &&
            (best == UINT32_MAX || p->at_ns < world->pending[best].at_ns ||
             (p->at_ns == world->pending[best].at_ns && p->order < world->pending[best].order)))
            best = i;
    }
    if (best == UINT32_MAX)
        return false;
    *due = world->pending[best];
    world->pending[best] = world->pending[--world->pending_count];
    return true;
}

static inline void happen(const struct pending *pending)
{
    const struct event *event = &pending->event;
    if (event->kind == EVENT_BANK_REPLY && pending->seen != UINT32_MAX)
        world->seen[pending->seen].ended_ns = world->now_ns;
    if (event->kind == EVENT_STORE_ALIVE && !world->is_mute)
        expect_alive();
    if (event->kind == EVENT_STORE_WRITTEN &&
        status_class(event->store_written.status) == STATUS_CLASS_OK)
        audit_commit(world->chunk);
    // Surely not written: another chunk may come under its number.
    if (event->kind == EVENT_STORE_WRITTEN && event->store_written.status == STATUS_STORE_REFUSED)
        world->chunk = NULL;
}

static inline void world_turn(void)
{
    struct pending due[TURN_EVENTS];
    struct event events[TURN_EVENTS];
    uint32_t count = 0;
    while (count < TURN_EVENTS && next_due(&due[count])) {
        happen(&due[count]);
        events[count] = due[count].event;
        if (events[count].kind == EVENT_BANK_REPLY)
            events[count].bank_reply.text = &due[count].text;
        count++;
    }
    settle_input(world->settle, events, count, world->now_ns);
    struct command commands[TURN_COMMANDS];
    uint32_t command_count = settle_output(world->settle, commands, TURN_COMMANDS, world->now_ns);
    assert_true(command_count <= TURN_COMMANDS);
    for (uint32_t i = 0; i < command_count; i++)
        carry_out(&commands[i]);
    world->command_count += command_count;
    bool is_idle = count + command_count == 0 && world->now_ns == world->last_turn_ns;
    world->idle_turns = is_idle ? world->idle_turns + 1 : 0;
    world->last_turn_ns = world->now_ns;
    if (world->idle_turns > IDLE_TURNS_MAX)
        fail_msg("the core spins");
}

static inline uint64_t next_at(void)
{
    uint64_t at_ns = settle_next_at(world->settle);
    for (uint32_t i = 0; i < world->pending_count; i++)
        if (world->pending[i].at_ns < at_ns)
            at_ns = world->pending[i].at_ns;
    return at_ns < world->now_ns ? world->now_ns : at_ns;
}

static inline bool is_done(void)
{
    return settle_phase(world->settle) == SETTLE_DONE;
}

/* Turns at every instant up to `at_ns`, or to the end. */
static inline void run_until(uint64_t at_ns)
{
    while (!is_done() && next_at() <= at_ns) {
        world->now_ns = next_at();
        world_turn();
    }
    if (!is_done() && at_ns > world->now_ns)
        world->now_ns = at_ns;
}

static inline void run_for(uint64_t duration_ns)
{
    run_until(world->now_ns + duration_ns);
}

static inline void take_memory(struct arena *arena)
{
    world->settle = settle_init(arena, world->hash, &world->config, &world->start, world->now_ns);
}

static inline void start(void)
{
    world->start.batch_id = BATCH;
    world->start.partition = PARTITION;
    world->start.epoch = 3;
    world->start.accounts = world->account_count;
    world->start.chunk = world->chunk_count;
    world->start.hash = world->head_hash;
    world->start.time.asked_at_ns = world->now_ns - 1 * MS;
    world->start.time.db_now_us = db_us(world->now_ns);
    world->hash = hash_open();
    memory_open(&world->memory, take_memory);
    for (uint32_t i = 0; !world->is_begun && i < world->account_count; i++)
        world->accounts[i].first_row = world->accounts[i].row;
    world->is_begun = true;
    expect_alive();
    world_turn();
}

/* From the start to the end, which must come within `limit_ns`, and in this way. */
static inline void run_to_end_within(uint64_t limit_ns, enum settle_end end)
{
    if (world->settle == NULL)
        start();
    run_for(limit_ns);
    if (!is_done())
        fail_msg("it did not end");
    assert_int_equal(settle_end(world->settle), end);
    audit_end();
    if (end == SETTLE_END_COMPLETE || end == SETTLE_END_DOUBT || end == SETTLE_END_DEADLINE)
        audit_answered();
}

static inline void run_to_end(enum settle_end end)
{
    run_to_end_within(600 * S, end);
}

#include "seen.h"

#endif
