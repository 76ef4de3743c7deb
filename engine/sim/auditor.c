#include "sim/auditor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/auditor_state.h"

#define MAPPINGS_MOST 10U

/* ---- begin and end --------------------------------------------------------------------------- */

static void *zeroed(size_t count, size_t item_bytes)
{
    void *memory = calloc(count, item_bytes);
    CHECK(memory != NULL);
    return memory;
}

static void set_floor(struct audited_account *account, const struct audited_floor *floor)
{
    account->floor_held_minor = floor->held_minor;
    account->floor_payable_minor = floor->payable_minor;
    account->floor_residue_minor = floor->residue_minor;
    account->ledger[LEDGER_VIRTUAL] =
        floor->held_minor + floor->payable_minor + floor->residue_minor;
    account->ledger[LEDGER_HELD] = -floor->held_minor;
    account->ledger[LEDGER_PAYABLE] = -floor->payable_minor;
    account->ledger[LEDGER_RESIDUE] = -floor->residue_minor;
}

static struct audited_floor first_floor(const struct workload_account *plan)
{
    return (struct audited_floor){.held_minor = plan->floor_held_minor,
                                  .payable_minor = plan->floor_payable_minor,
                                  .residue_minor = plan->floor_residue_minor};
}

static void open_person(struct auditor *auditor, uint32_t person)
{
    const struct workload_account *plan = &auditor->workload->accounts[person];
    struct audited_floor floor = first_floor(plan);
    set_floor(&auditor->accounts[person], &floor);
    auditor->persons[person].bank_minor = workload_floor(plan);
    auditor->persons[person].virtual_minor = workload_floor(plan) - plan->opening_minor;
    auditor->persons[person].held_minor = plan->floor_held_minor;
    auditor->persons[person].received_minor = workload_floor(plan) - plan->opening_minor;
    auditor->accounts[person].floor_received_minor = auditor->persons[person].received_minor;
}

struct auditor *auditor_open(const struct workload *workload, const struct auditor_rules *rules,
                             struct hash *hash)
{
    struct auditor *auditor = zeroed(1, sizeof(*auditor));
    auditor->workload = workload;
    auditor->rules = *rules;
    auditor->hash = hash;
    auditor->accounts = zeroed(workload_total(workload), sizeof(*auditor->accounts));
    auditor->persons = zeroed(workload->count, sizeof(*auditor->persons));
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        auditor->engines[i].calls = zeroed(rules->calls_max, sizeof(struct audited_call));
    keymap_init(&auditor->keys);
    for (uint32_t i = 0; i < workload_total(workload); i++)
        auditor->accounts[i].mapping_id = workload->accounts[i].mapping_id;
    for (uint32_t i = 0; i < workload->count; i++)
        open_person(auditor, i);
    return auditor;
}

void auditor_close(struct auditor *auditor)
{
    keymap_deinit(&auditor->keys);
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        free(auditor->engines[i].calls);
    free(auditor->transfers);
    free(auditor->requests);
    free(auditor->accounts);
    free(auditor->persons);
    free(auditor);
}

void auditor_complain(struct auditor *auditor, const char *format, ...)
{
    if (auditor->complaints++ > 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(auditor->text, sizeof(auditor->text), format, arguments);
    va_end(arguments);
}

const char *auditor_complaint(const struct auditor *auditor)
{
    return auditor->complaints == 0 ? NULL : auditor->text;
}

uint64_t auditor_transfers(const struct auditor *auditor)
{
    return auditor->transfers_given;
}

struct audited_person *auditor_person(const struct auditor *auditor, uint32_t index)
{
    return &auditor->persons[workload_person(auditor->workload, index)];
}

struct audited_transfer *auditor_newest(const struct auditor *auditor, uint32_t who)
{
    uint32_t at = auditor->accounts[who].newest;
    return at == 0 ? NULL : &auditor->transfers[at - 1];
}

struct audited_transfer *auditor_newest_of(const struct auditor *auditor, uint32_t who,
                                           uint8_t step, uint8_t kind)
{
    for (uint32_t i = auditor->transfer_count; i-- > 0;) {
        struct audited_transfer *transfer = &auditor->transfers[i];
        if (transfer->account == who && transfer->step == step && transfer->kind == kind)
            return transfer;
    }
    return NULL;
}

int64_t auditor_floor(const struct auditor *auditor, uint32_t index)
{
    const struct audited_account *account = &auditor->accounts[index];
    return auditor->workload->accounts[index].opening_minor + account->floor_held_minor +
           account->floor_payable_minor + account->floor_residue_minor;
}

int64_t auditor_step_amount(const struct auditor *auditor, uint32_t account, uint8_t step)
{
    const struct workload_account *plan = &auditor->workload->accounts[account];
    switch ((enum step_kind)step) {
    case STEP_COLLECT:
        return plan->repayment_minor;
    case STEP_HOLD:
        return plan->hold_minor;
    case STEP_PAYOUT:
        return auditor->accounts[account].deposit_minor +
               auditor->accounts[account].floor_payable_minor +
               auditor->accounts[account].unheld_minor - plan->repayment_minor - plan->hold_minor;
    case STEP_DEPOSIT:
    case STEP_CLOSING:
        return 0;
    }
    return 0;
}

int64_t auditor_shown_before(const struct auditor *auditor, uint32_t account)
{
    if (auditor->rules.pool != POOL_RECEIVED)
        return auditor_floor(auditor, account);
    return auditor->accounts[account].floor_received_minor +
           auditor->workload->accounts[account].opening_minor;
}

int64_t auditor_shown(const struct auditor *auditor, uint32_t account)
{
    const struct audited_person *person = auditor_person(auditor, account);
    uint32_t first = workload_person(auditor->workload, account);
    return auditor->rules.pool == POOL_RECEIVED
               ? workload_floor(&auditor->workload->accounts[first]) + person->came_minor
               : person->bank_minor;
}

void auditor_begins(struct auditor *auditor, uint32_t engine, const struct settle_start *start,
                    uint64_t now_ns)
{
    uint32_t month = start->batch_id - WORKLOAD_BATCH, epoch = start->epoch;
    struct audited_chain *chain = &auditor->chains[month][start->partition];
    struct audited_engine *begins = &auditor->engines[engine];
    if (epoch <= chain->epoch)
        auditor_complain(auditor, "epoch %u follows %u", epoch, chain->epoch);
    chain->epoch = epoch;
    memset(begins->calls, 0, auditor->rules.calls_max * sizeof(*begins->calls));
    *begins = (struct audited_engine){.month = month,
                                      .partition = start->partition,
                                      .epoch = epoch,
                                      .heard_at_ns = now_ns,
                                      .calls = begins->calls};
    for (uint32_t i = 0; i < auditor->workload->count; i++)
        auditor->persons[i].in_flight[engine] = 0;
}

/* Money came back, and this one opens before anybody has said done to it: its floor lacks it. */
static void note_open_returns(struct auditor *auditor, uint32_t before)
{
    for (uint32_t i = 0; i < auditor->request_count; i++) {
        const struct audited_request *request = &auditor->requests[i];
        if (request->account == before && request->decision == 0 &&
            request->request.kind == REQUEST_RETURN)
            auditor_person(auditor, before)->is_clouded = true;
    }
}

/* An account has at most one open settlement, and begins with what the one before it left. */
void auditor_opened(struct auditor *auditor, uint32_t index, const struct audited_floor *floor)
{
    struct audited_account *account = &auditor->accounts[index];
    struct audited_person *person = auditor_person(auditor, index);
    struct audited_floor left =
        first_floor(&auditor->workload->accounts[workload_person(auditor->workload, index)]);
    if (account->is_open || floor->follows != person->newest_open)
        auditor_complain(auditor, "settlement %u opens and follows %u, not %u", index + 1,
                         floor->follows, person->newest_open);
    if (person->newest_open != 0) {
        const struct audited_account *before = &auditor->accounts[person->newest_open - 1];
        if (!before->is_ended)
            auditor_complain(auditor, "settlement %u opens although %u has not ended", index + 1,
                             person->newest_open);
        note_open_returns(auditor, person->newest_open - 1);
        left = (struct audited_floor){.held_minor = before->end_held_minor,
                                      .payable_minor = before->end_payable_minor,
                                      .residue_minor = before->end_residue_minor};
    }
    if (floor->held_minor != left.held_minor || floor->payable_minor != left.payable_minor ||
        floor->residue_minor != left.residue_minor)
        auditor_complain(auditor, "settlement %u opens with another floor than was left",
                         index + 1);
    account->is_open = true;
    set_floor(account, floor);
    account->floor_received_minor = person->received_minor;
    person->newest_open = index + 1;
}

void auditor_clock_steps(struct auditor *auditor)
{
    auditor->clock_steps++;
}

static bool is_owner(const struct auditor *auditor, const struct audited_engine *engine)
{
    return engine->epoch == auditor->chains[engine->month][engine->partition].epoch;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* A bucket that leaks rate_per_s calls a second holds at most `burst`: the same as at most
   burst + rate * w calls in every window of w. Incarnations make no difference to a bank. */
static void pour(struct auditor *auditor, uint64_t *bucket, uint64_t *at_ns, uint32_t rate_per_s,
                 uint64_t now_ns)
{
    uint64_t full = (uint64_t)auditor->rules.burst * NS_PER_S;
    if (now_ns < *at_ns)
        now_ns = *at_ns;
    uint64_t waited_ns = now_ns - *at_ns;
    bool all = waited_ns > full / rate_per_s;
    uint64_t drained = all ? full : waited_ns * rate_per_s;
    *bucket = *bucket > drained ? *bucket - drained : 0;
    *bucket += NS_PER_S;
    *at_ns = now_ns;
    if (*bucket > full)
        auditor_complain(auditor, "rate: more than burst %u + %u/s calls", auditor->rules.burst,
                         rate_per_s);
}

/* The bank's rate, or a higher one that somebody asks for; and what an engine said done to. */
static void check_rate(struct auditor *auditor, struct audited_engine *engine, uint64_t now_ns)
{
    pour(auditor, &auditor->bucket, &auditor->bucket_at_ns, auditor->rules.rate_per_s, now_ns);
    if (engine->rate_per_s != 0)
        pour(auditor, &engine->bucket, &engine->bucket_at_ns, engine->rate_per_s, now_ns);
}

/* The person that these outside names belong to. */
static uint32_t person_of(struct auditor *auditor, const struct parties *parties)
{
    unsigned long number = strtoul(parties->virtual_account + 2, NULL, 10);
    if (number < 1 || number > auditor->workload->count) {
        auditor_complain(auditor, "a call names the unknown account %s", parties->virtual_account);
        return 0;
    }
    const struct parties *plan = &auditor->workload->accounts[number - 1].parties;
    if (strcmp(parties->virtual_account, plan->virtual_account) != 0 ||
        strcmp(parties->payout_bank, plan->payout_bank) != 0 ||
        strcmp(parties->holder_name, plan->holder_name) != 0)
        auditor_complain(auditor, "a call's parties differ from the plan's of account %lu", number);
    return (uint32_t)number - 1;
}

/* A payout goes, and is asked about, by the mapping of its intent, whatever counts since then; all
   else by any that the account ever had. */
static void check_receiver(struct auditor *auditor, const struct parties *parties, uint32_t who,
                           uint32_t at)
{
    const struct audited_transfer *transfer = at == 0 ? NULL : &auditor->transfers[at - 1];
    bool is_payout = transfer != NULL && transfer->step == STEP_PAYOUT;
    int64_t newest_id = auditor->accounts[who].mapping_id;
    bool is_right = false;
    for (uint32_t nth = 0; !is_right && nth <= MAPPINGS_MOST; nth++) {
        int64_t mapping_id = workload_amended(auditor->workload, who, nth);
        struct parties its;
        bool may_be = is_payout ? mapping_id == transfer->mapping_id : mapping_id <= newest_id;
        is_right = may_be && workload_parties(auditor->workload, who, mapping_id, &its) &&
                   strcmp(parties->payout_account, its.payout_account) == 0;
    }
    // An amended account counts for looks before that is written.
    if (!is_right && (transfer != NULL || parties->payout_account[0] != '3'))
        auditor_complain(auditor, "a call's parties differ from the plan's of account %u", who + 1);
}

/* The same key again: the bank must still keep it when the last byte of this send arrives. */
static void check_repeat(struct auditor *auditor, const struct audited_transfer *transfer,
                         uint64_t now_ns)
{
    const struct auditor_rules *rules = &auditor->rules;
    uint32_t who = transfer->account + 1;
    if (transfer->unanswered > 0 && rules->key_lifetime_ns > 0 &&
        transfer->clock_steps == auditor->clock_steps) {
        int64_t ends_us = transfer->intended_at_us + (int64_t)(rules->key_lifetime_ns / NS_PER_US);
        uint64_t wait_ns = rules->linger_ns + rules->processing_ns;
        if (rules->linger_unknown ||
            transfer->send_before_us + (int64_t)(wait_ns / NS_PER_US) > ends_us)
            auditor_complain(auditor, "I7: account %u step %u sent again under a key that expires",
                             who, transfer->step);
    }
    if (transfer->sends > 1 && !transfer->was_not_done && !transfer->was_by_other &&
        now_ns - transfer->sent_at_ns < rules->repeat_delay_ns)
        auditor_complain(auditor, "account %u step %u sent again after %" PRIu64 " ms", who,
                         transfer->step, (now_ns - transfer->sent_at_ns) / NS_PER_MS);
}

/* The permission is judged at the instant at which the engine decided, for whoever decided. */
static void check_permission(struct auditor *auditor, const struct audited_engine *engine,
                             const struct audited_transfer *transfer, int64_t db_now_us)
{
    uint32_t who = transfer->account + 1;
    bool is_older = transfer->epoch > engine->epoch;
    int64_t before_us = is_older ? transfer->older_send_before_us : transfer->send_before_us;
    if (transfer->clock_steps == auditor->clock_steps && db_now_us >= before_us)
        auditor_complain(auditor, "I3: account %u step %u sent %" PRId64 " us after send_before",
                         who, transfer->step, db_now_us - before_us);
    if (transfer->sends > 1U + transfer->attempts)
        auditor_complain(auditor, "P3: account %u step %u: send %u with %u attempt records", who,
                         transfer->step, transfer->sends, transfer->attempts);
}

static void check_send_by_owner(struct auditor *auditor, struct audited_transfer *transfer,
                                uint64_t now_ns)
{
    const struct audited_account *account = &auditor->accounts[transfer->account];
    uint32_t who = transfer->account + 1;
    check_repeat(auditor, transfer, now_ns);
    if (auditor->rules.inquiry != INQUIRY_REPEAT && transfer->open_sends > 0 &&
        transfer->not_founds < 2)
        auditor_complain(auditor, "P5: account %u step %u in doubt sent again after %u not-founds",
                         who, transfer->step, transfer->not_founds);
    if (transfer->state != 0 && transfer->state != OUTCOME_PENDING)
        auditor_complain(auditor, "account %u step %u sent after its outcome %u", who,
                         transfer->step, transfer->state);
    bool is_undo = transfer->kind == TRANSFER_UNDO;
    if (auditor_is_done(account, transfer->step) != is_undo || account->newest == 0 ||
        &auditor->transfers[account->newest - 1] != transfer)
        auditor_complain(auditor, "I8: account %u step %u sent with steps %x done", who,
                         transfer->step, account->done_steps);
    const struct audited_person *person = auditor_person(auditor, transfer->account);
    if (!transfer->is_booked && !transfer->is_reversed && !is_undo && !person->is_clouded &&
        transfer->amount_minor > person->bank_minor)
        auditor_complain(auditor, "account %u step %u: more than the account holds", who,
                         transfer->step);
    if (account->is_parked || account->is_ended)
        auditor_complain(auditor, "account %u: sent although parked or ended", who);
    if (transfer->is_by_hand)
        auditor_complain(auditor, "account %u step %u: sent although it was paid by hand", who,
                         transfer->step);
    transfer->was_not_done = false;
    transfer->open_sends = 1 + (transfer->not_founds < 2 ? transfer->open_sends : 0);
    transfer->not_founds = 0;
}

/* What an earlier engine intended is compared with what would be sent now. */
static void check_body(struct auditor *auditor, const struct audited_engine *engine,
                       const struct audited_transfer *transfer, const struct bank_call *call)
{
    if (transfer->intended_epoch < engine->epoch && call->body_digest == NULL)
        auditor_complain(auditor, "P3: account %u step %u sent without its body's digest",
                         transfer->account + 1, transfer->step);
}

static void check_send(struct auditor *auditor, const struct audited_engine *engine,
                       struct audited_transfer *transfer, uint64_t now_ns, int64_t db_now_us)
{
    transfer->sends++;
    auditor->transfers_given++;
    check_permission(auditor, engine, transfer, db_now_us);
    if (is_owner(auditor, engine))
        check_send_by_owner(auditor, transfer, now_ns);
    else if (transfer->epoch <= engine->epoch)
        transfer->open_sends++; // nobody will ever record what it is answered
    // Else the owner has permitted it anew: its not-founds are later than this permission's linger.
    transfer->unanswered++;
    transfer->was_by_other = !is_owner(auditor, engine);
    if (now_ns > transfer->sent_at_ns)
        transfer->sent_at_ns = now_ns;
}

/* The transfer that the order names, from a committed intent; 0: there is none. */
static uint32_t ordered(struct auditor *auditor, const struct transfer_order *order)
{
    uint32_t at = keymap_find(&auditor->keys, &order->key);
    if (at == KEYMAP_NONE) {
        auditor_complain(auditor, "I3: a call under a key without a committed intent, %" PRIu64,
                         order->settlement_id);
        return 0;
    }
    const struct audited_transfer *transfer = &auditor->transfers[at];
    if (workload_settlement(auditor->workload, transfer->account) != order->settlement_id ||
        transfer->step != order->step || transfer->generation != order->generation ||
        transfer->amount_minor != order->amount_minor || transfer->kind != order->kind)
        auditor_complain(auditor, "I2: account %u: a call differs from its intent",
                         transfer->account + 1);
    return at + 1;
}

static void open_call(struct auditor *auditor, struct audited_engine *engine,
                      const struct bank_call *call, struct audited_call opened)
{
    if (call->call.index >= auditor->rules.calls_max) {
        auditor_complain(auditor, "call slot %u is out of range", call->call.index);
        return;
    }
    struct audited_call *slot = &engine->calls[call->call.index];
    if (slot->is_open)
        auditor_complain(auditor, "call slot %u is given out twice", call->call.index);
    *slot = opened;
    slot->is_open = true;
    slot->generation = call->call.generation;
    engine->calls_in_flight++;
    uint32_t together = 0; // what the bank allows, all partitions of a process make
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        if (auditor->engines[i].month == engine->month &&
            auditor->engines[i].epoch == engine->epoch)
            together += auditor->engines[i].calls_in_flight;
    if (together > auditor->rules.calls_max)
        auditor_complain(auditor, "%u calls in flight, more than %u", together,
                         auditor->rules.calls_max);
}

static void check_ownership(struct auditor *auditor, struct audited_engine *engine, uint64_t now_ns)
{
    if (is_owner(auditor, engine))
        check_rate(auditor, engine, now_ns);
    if (engine->is_gone)
        auditor_complain(auditor, "P0: a call after ownership was lost");
    if (now_ns > engine->heard_at_ns && now_ns - engine->heard_at_ns > auditor->rules.alive_ns)
        auditor_complain(auditor, "P0: a call %" PRIu64 " ms after the last statement",
                         (now_ns - engine->heard_at_ns) / NS_PER_MS);
}

void auditor_calls(struct auditor *auditor, uint32_t engine_at, const struct bank_call *call,
                   uint64_t now_ns, int64_t db_now_us)
{
    struct audited_engine *engine = &auditor->engines[engine_at];
    check_ownership(auditor, engine, now_ns);
    uint32_t person = person_of(auditor, call->parties);
    uint32_t who = engine->month * auditor->workload->count + person;
    if (auditor->workload->accounts[who].is_blocked)
        auditor_complain(auditor, "account %u is blocked, and a call is made", who + 1);
    uint32_t transfer = 0;
    if (call->call_kind == CALL_BALANCE) {
        auditor->accounts[who].back_seen_minor = auditor->accounts[who].back_minor;
        auditor_on_look(auditor, engine, who, now_ns);
    } else {
        transfer = ordered(auditor, call->order);
        if (++auditor->persons[person].in_flight[engine_at] > 1)
            auditor_complain(auditor, "I8: account %u has two calls in flight", who + 1);
    }
    if (transfer != 0 && auditor->transfers[transfer - 1].account != who)
        auditor_complain(auditor, "I2: account %u: a call with another's key", who + 1);
    check_receiver(auditor, call->parties, who, transfer);
    if (transfer != 0 && call->call_kind == CALL_TRANSFER)
        check_body(auditor, engine, &auditor->transfers[transfer - 1], call);
    if (transfer != 0 && call->call_kind == CALL_TRANSFER)
        check_send(auditor, engine, &auditor->transfers[transfer - 1], now_ns, db_now_us);
    open_call(auditor, engine, call,
              (struct audited_call){.call_kind = call->call_kind,
                                    .account = who,
                                    .transfer = transfer,
                                    .asked_at_ns = now_ns,
                                    .asked_at_us = db_now_us});
}

void auditor_writes(struct auditor *auditor, uint32_t engine_at, const struct chunk *chunk)
{
    const struct audited_engine *engine = &auditor->engines[engine_at];
    if (engine->is_gone)
        auditor_complain(auditor, "P0: chunk %u after ownership was lost", chunk->number);
    if (chunk->epoch != engine->epoch)
        auditor_complain(auditor, "P4: chunk %u with epoch %u of %u", chunk->number, chunk->epoch,
                         engine->epoch);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void on_send_answer(struct audited_transfer *transfer, enum answer answer)
{
    switch (answer) {
    case ANSWER_ACCEPTED:
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
    case ANSWER_NOT_DONE:
    case ANSWER_CHANGED:
        transfer->open_sends--;
        transfer->unanswered--;
        transfer->was_not_done = answer == ANSWER_NOT_DONE;
        transfer->was_changed |= answer == ANSWER_CHANGED;
        transfer->was_refused |=
            answer == ANSWER_REJECTED_LATER || answer == ANSWER_REJECTED_PERSON;
        return;
    case ANSWER_IN_DOUBT:
    case ANSWER_PENDING:
    case ANSWER_BALANCE:
    case ANSWER_NOT_FOUND:
        return;
    }
}

/* A bank that has forgotten the key says not-found of what it has. */
static bool is_kept(const struct auditor *auditor, const struct audited_transfer *transfer,
                    int64_t at_us)
{
    uint64_t lifetime_ns = auditor->rules.key_lifetime_ns;
    return lifetime_ns == 0 || transfer->clock_steps != auditor->clock_steps ||
           at_us < transfer->intended_at_us + (int64_t)(lifetime_ns / NS_PER_US);
}

static void on_balance(struct audited_account *account, int64_t balance_minor)
{
    account->told_minor[account->told_count++ % AUDITED_LOOKS] = balance_minor;
}

bool auditor_was_told(const struct auditor *auditor, uint32_t account, int64_t balance_minor)
{
    const struct audited_account *its = &auditor->accounts[account];
    for (uint32_t i = 0; i < AUDITED_LOOKS && i < its->told_count; i++)
        if (its->told_minor[i] == balance_minor)
            return true;
    return false;
}

/* Not found counts only when asked after the last possible send and the bank's processing time. */
static void on_inquiry_answer(const struct auditor *auditor, struct audited_transfer *transfer,
                              const struct audited_call *call, enum answer answer,
                              int64_t answered_at_us)
{
    // Where linger is not stated, nothing proves: a not-found lets the same key go again, no more.
    uint64_t linger_ns = auditor->rules.linger_unknown ? 0 : auditor->rules.linger_ns;
    uint64_t wait_ns = linger_ns + auditor->rules.processing_ns;
    int64_t counts_from_us = transfer->send_before_us + (int64_t)(wait_ns / NS_PER_US);
    bool by_clock =
        transfer->clock_steps != auditor->clock_steps || call->asked_at_us >= counts_from_us;
    bool by_time = transfer->sends == 0 || call->asked_at_ns >= transfer->sent_at_ns + wait_ns;
    if (answer == ANSWER_NOT_FOUND && by_clock && by_time &&
        is_kept(auditor, transfer, answered_at_us))
        transfer->not_founds++;
    transfer->was_shown_refused |=
        answer == ANSWER_REJECTED_LATER || answer == ANSWER_REJECTED_PERSON;
}

static void on_reply(struct auditor *auditor, uint32_t engine_at, const struct bank_reply *reply,
                     uint64_t now_ns)
{
    struct audited_engine *engine = &auditor->engines[engine_at];
    struct audited_call *call = &engine->calls[reply->call.index];
    if (!call->is_open || call->generation != reply->call.generation) {
        auditor_complain(auditor, "call slot %u is answered twice", reply->call.index);
        return;
    }
    call->is_open = false;
    engine->calls_in_flight--;
    if (call->call_kind != CALL_BALANCE)
        auditor_person(auditor, call->account)->in_flight[engine_at]--;
    if (reply->throttled && call->call_kind == CALL_BALANCE)
        auditor->accounts[call->account].looked_epoch = 0; // it is the bank that waits
    if (is_owner(auditor, engine) && reply->answer == ANSWER_BALANCE)
        on_balance(&auditor->accounts[call->account], reply->balance_minor);
    if (call->transfer == 0 || !is_owner(auditor, engine))
        return; // what is answered to one who was taken over, nobody records
    struct audited_transfer *transfer = &auditor->transfers[call->transfer - 1];
    if (call->call_kind == CALL_TRANSFER)
        on_send_answer(transfer, reply->answer);
    else
        on_inquiry_answer(auditor, transfer, call, reply->answer,
                          call->asked_at_us + (int64_t)((now_ns - call->asked_at_ns) / NS_PER_US));
}

static void on_statement(struct audited_engine *engine, const struct store_time *time,
                         uint64_t now_ns)
{
    uint64_t heard_at_ns = time->asked_at_ns == 0 ? now_ns : time->asked_at_ns;
    if (heard_at_ns > engine->heard_at_ns)
        engine->heard_at_ns = heard_at_ns;
}

void auditor_hears(struct auditor *auditor, uint32_t engine, const struct event *event,
                   uint64_t now_ns)
{
    switch (event->kind) {
    case EVENT_BANK_REPLY:
        on_reply(auditor, engine, &event->bank_reply, now_ns);
        return;
    case EVENT_STORE_LOADED:
    case EVENT_STORE_WRITTEN:
    case EVENT_STORE_ALIVE:
        on_statement(&auditor->engines[engine], &event->time, now_ns);
        return;
    case EVENT_STORE_GONE:
        auditor->engines[engine].is_gone = true;
        return;
    case EVENT_REQUESTED:
    case EVENT_STOP:
        return;
    }
}
