/*
 * auditor_outcome: judges each record's place in its settlement, and what each outcome comes with.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/auditor_state.h"

/* ---- intents and attempts -------------------------------------------------------------------- */

static uint32_t epoch_of(const struct auditor *auditor, const struct record *r)
{
    return auditor_chain(auditor, r->settlement_id)->epoch;
}

static void add_transfer(struct auditor *auditor, const struct record *r, uint32_t who)
{
    if (auditor->transfer_count == auditor->transfer_capacity) {
        auditor->transfer_capacity = auditor->transfer_capacity * 2 + 256;
        auditor->transfers =
            realloc(auditor->transfers, auditor->transfer_capacity * sizeof(*auditor->transfers));
        CHECK(auditor->transfers != NULL);
    }
    uint32_t at = auditor->transfer_count++;
    auditor->transfers[at] = (struct audited_transfer){.account = who,
                                                       .step = r->step,
                                                       .kind = auditor_kind(r->kind),
                                                       .generation = r->generation,
                                                       .amount_minor = r->intent.amount_minor,
                                                       .mapping_id = r->intent.mapping_id,
                                                       .intended_at_us = r->intent.intended_at_us,
                                                       .send_before_us = r->intent.send_before_us,
                                                       .epoch = epoch_of(auditor, r),
                                                       .intended_epoch = epoch_of(auditor, r),
                                                       .clock_steps = auditor->clock_steps};
    auditor->accounts[who].newest = at + 1;
    keymap_add(&auditor->keys, &r->intent.key, at);
}

static bool moves_money(const struct auditor *auditor, uint8_t step)
{
    return step == STEP_COLLECT || step == STEP_PAYOUT ||
           (step == STEP_HOLD && auditor->rules.hold_by_transfer);
}

static bool is_open(const struct audited_transfer *transfer)
{
    return transfer != NULL && (transfer->state == 0 || transfer->state == OUTCOME_PENDING);
}

/* The step behind which nothing is missing. */
uint8_t auditor_last_done(const struct audited_account *account)
{
    uint8_t step = 0;
    while (step < STEP_PAYOUT && auditor_is_done(account, step + 1U))
        step++;
    return step;
}

/* Done, and of an amount that there is something to undo. */
bool auditor_is_to_undo(const struct auditor *auditor, uint32_t who, uint8_t step)
{
    return auditor_is_done(&auditor->accounts[who], step) &&
           auditor_step_amount(auditor, who, step) != 0;
}

static void check_normal(struct auditor *auditor, const struct record *r, uint32_t who,
                         const struct audited_transfer *before)
{
    const struct audited_account *account = &auditor->accounts[who];
    bool by_person =
        before != NULL && account->released_seq > before->decided_seq &&
        (before->state == OUTCOME_REJECTED_PERSON || before->state == OUTCOME_REVERSED);
    if (account->is_compensating)
        auditor_complain(auditor, "account %u: an intent of step %u on its way back", who + 1,
                         r->step);
    if (r->step > auditor_last_done(account) + 1 || auditor_is_done(account, r->step))
        auditor_complain(auditor, "I8: account %u: intent of step %u with step %u done", who + 1,
                         r->step, auditor_last_done(account));
    if (before != NULL && before->state != OUTCOME_REJECTED_LATER && !by_person)
        auditor_complain(auditor, "I4: account %u step %u: a new key without a rejection for now",
                         who + 1, r->step);
}

/* Newest step first, what is done and surely so, and by itself once. */
static void check_undo(struct auditor *auditor, const struct record *r, uint32_t who,
                       const struct audited_transfer *before)
{
    const struct audited_account *account = &auditor->accounts[who];
    const struct audited_transfer *undone =
        auditor_newest_of(auditor, who, r->step, TRANSFER_NORMAL);
    if (!account->is_compensating || r->step == STEP_PAYOUT)
        auditor_complain(auditor, "account %u: step %u is undone, and nobody goes back", who + 1,
                         r->step);
    if (undone == NULL || (undone->state != OUTCOME_ACCEPTED && !undone->is_by_hand))
        auditor_complain(auditor, "account %u: step %u is undone in doubt", who + 1, r->step);
    for (uint8_t above = r->step + 1U; above <= STEP_PAYOUT; above++)
        if (auditor_is_to_undo(auditor, who, above))
            auditor_complain(auditor, "account %u: step %u is undone before step %u", who + 1,
                             r->step, above);
    if (!auditor_is_done(account, r->step))
        auditor_complain(auditor, "account %u: step %u is undone, and is not done", who + 1,
                         r->step);
    bool is_asked_for =
        before == NULL || before->is_by_word || account->released_seq > before->decided_seq;
    if (before != NULL && (!outcome_is_rejected(before->state) || !is_asked_for))
        auditor_complain(auditor, "I4: account %u step %u: undone again by itself", who + 1,
                         r->step);
}

static void check_intent(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    bool may_be = !account->is_parked && !account->is_ended && account->has_deposit;
    if (!moves_money(auditor, r->step) || r->kind > TRANSFER_UNDO)
        auditor_complain(auditor, "account %u: an intent for step %u", who + 1, r->step);
    if (!may_be || (auditor_is_over(auditor, who) && !account->was_released))
        auditor_complain(auditor, "account %u: an intent that its state forbids", who + 1);
    if (r->intent.amount_minor <= 0 ||
        r->intent.amount_minor != auditor_step_amount(auditor, who, r->step))
        auditor_complain(auditor, "I2: account %u step %u: intent of %" PRId64, who + 1, r->step,
                         r->intent.amount_minor);
    if (r->intent.mapping_id != account->mapping_id)
        auditor_complain(auditor, "I2: account %u: intent with another mapping", who + 1);
}

void auditor_on_intent(struct auditor *auditor, const struct record *r, uint32_t who)
{
    uint8_t kind = auditor_kind(r->kind);
    const struct audited_transfer *before = auditor_newest_of(auditor, who, r->step, kind);
    uint32_t generation = before != NULL ? before->generation + 1U : 1U;
    if (keymap_find(&auditor->keys, &r->intent.key) != KEYMAP_NONE) {
        auditor_complain(auditor, "I4: account %u step %u: a key is used again", who + 1, r->step);
        return;
    }
    check_intent(auditor, r, who);
    if (kind == TRANSFER_UNDO)
        check_undo(auditor, r, who, before);
    else
        check_normal(auditor, r, who, before);
    if (is_open(auditor_newest(auditor, who)))
        auditor_complain(auditor, "I8: account %u: an intent while another transfer is open",
                         who + 1);
    if (r->generation != generation)
        auditor_complain(auditor, "I4: account %u step %u: generation %u, not %u", who + 1, r->step,
                         r->generation, generation);
    add_transfer(auditor, r, who);
}

static struct audited_transfer *named(struct auditor *auditor, const struct record *r, uint32_t who,
                                      const char *what)
{
    struct audited_transfer *transfer = auditor_newest(auditor, who);
    if (transfer == NULL || transfer->step != r->step || transfer->kind != r->kind ||
        transfer->generation != r->generation) {
        auditor_complain(auditor, "account %u step %u: %s without its intent", who + 1, r->step,
                         what);
        return NULL;
    }
    return transfer;
}

void auditor_on_attempt(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_transfer *transfer = named(auditor, r, who, "an attempt");
    if (transfer == NULL)
        return;
    if (r->attempt.number != transfer->attempts + 1)
        auditor_complain(auditor, "account %u step %u: attempt %u follows %u", who + 1, r->step,
                         r->attempt.number, transfer->attempts);
    if (!is_open(transfer))
        auditor_complain(auditor, "account %u step %u: an attempt after the outcome", who + 1,
                         r->step);
    if (r->attempt.send_before_us < transfer->send_before_us)
        auditor_complain(auditor, "account %u step %u: send_before goes back", who + 1, r->step);
    if (transfer->epoch != epoch_of(auditor, r))
        transfer->older_send_before_us = transfer->send_before_us;
    transfer->epoch = epoch_of(auditor, r);
    transfer->clock_steps = auditor->clock_steps;
    transfer->attempts = r->attempt.number;
    transfer->send_before_us = r->attempt.send_before_us;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void step_is_done(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    if (r->step > auditor_last_done(account) + 1 || auditor_is_done(account, r->step) ||
        account->is_compensating)
        auditor_complain(auditor, "I8: account %u: step %u done after step %u", who + 1, r->step,
                         auditor_last_done(account));
    account->done_steps |= (uint8_t)(1U << r->step);
}

static void step_is_undone(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    if (!account->is_compensating || !auditor_is_done(account, r->step))
        auditor_complain(auditor, "account %u: step %u undone, and %s", who + 1, r->step,
                         account->is_compensating ? "it was not done" : "nobody goes back");
    account->done_steps &= (uint8_t) ~(1U << r->step);
}

/* What is undone or reversed stands the other way round. */
static void owe_line(struct auditor *auditor, const struct record *r, uint8_t kind,
                     enum ledger_account debit, enum ledger_account credit)
{
    if (kind == TRANSFER_NORMAL)
        auditor_owe(auditor, r, kind, debit, credit, r->outcome.amount_minor);
    else
        auditor_owe(auditor, r, kind, credit, debit, r->outcome.amount_minor);
}

static void owe_step(struct auditor *auditor, const struct record *r, uint8_t kind)
{
    if (r->step == STEP_COLLECT) {
        owe_line(auditor, r, kind, LEDGER_COLLECTION, LEDGER_VIRTUAL);
        owe_line(auditor, r, kind, LEDGER_PAYABLE, LEDGER_RECEIVABLE);
    } else if (r->step == STEP_HOLD) {
        owe_line(auditor, r, kind, LEDGER_PAYABLE, LEDGER_HELD);
        if (auditor->rules.hold_by_transfer)
            owe_line(auditor, r, kind, LEDGER_SUSPENSE, LEDGER_VIRTUAL);
    } else {
        owe_line(auditor, r, kind, LEDGER_PAYABLE, LEDGER_VIRTUAL);
    }
}

/* An entry of the closing step, numbered by the outcome that it comes with. */
void auditor_owe_closing(struct auditor *auditor, const struct record *r, enum ledger_account debit,
                         enum ledger_account credit, int64_t amount_minor)
{
    struct record closing = *r;
    closing.step = STEP_CLOSING;
    closing.generation = r->outcome.seq;
    if (amount_minor > 0)
        auditor_owe(auditor, &closing, TRANSFER_NORMAL, debit, credit, amount_minor);
}

static void on_deposited(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const struct workload_account *plan = &auditor->workload->accounts[who];
    struct audited_account *account = &auditor->accounts[who];
    if (account->has_deposit || r->step != STEP_DEPOSIT)
        auditor_complain(auditor, "account %u: its deposit is recorded twice", who + 1);
    if (plan->is_blocked || (who >= auditor->workload->count && !account->is_open))
        auditor_complain(auditor, "account %u is blocked and has a deposit", who + 1);
    if (r->outcome.amount_minor !=
            r->outcome.available_minor - auditor_shown_before(auditor, who) ||
        r->outcome.amount_minor < workload_threshold(plan) ||
        r->outcome.available_minor > auditor_shown(auditor, who))
        auditor_complain(auditor, "account %u: deposit %" PRId64 " of %" PRId64 " at the bank",
                         who + 1, r->outcome.amount_minor, auditor_shown(auditor, who));
    if (!auditor_was_told(auditor, who, r->outcome.available_minor))
        auditor_complain(auditor, "account %u: a deposit of %" PRId64 " that no bank told", who + 1,
                         r->outcome.available_minor);
    bool gives_back = (auditor->rules.unhold >> workload_month(auditor->workload, who) & 1) != 0;
    account->has_deposit = true;
    account->deposit_minor = r->outcome.amount_minor;
    account->deposited_at_ns = auditor->now_ns;
    account->unheld_minor = gives_back ? account->floor_held_minor + plan->opening_minor : 0;
    auditor_person(auditor, who)->received_minor += r->outcome.amount_minor + plan->opening_minor;
    step_is_done(auditor, r, who);
    auditor_owe(auditor, r, TRANSFER_NORMAL, LEDGER_VIRTUAL, LEDGER_PAYABLE,
                r->outcome.amount_minor);
    if (plan->opening_minor > 0)
        auditor_owe(auditor, r, TRANSFER_NORMAL, LEDGER_VIRTUAL, LEDGER_HELD, plan->opening_minor);
    if (account->unheld_minor > 0)
        auditor_owe(auditor, r, TRANSFER_NORMAL, LEDGER_HELD, LEDGER_PAYABLE,
                    account->unheld_minor);
}

/* From us; or from who pays the transfer, which for an undo are we. */
static void owe_fee(struct auditor *auditor, const struct record *r, uint32_t who,
                    const struct audited_transfer *transfer)
{
    bool is_ours = auditor->rules.fee_is_ours || transfer->kind == TRANSFER_UNDO;
    if (transfer->fee_minor == 0)
        return;
    if (transfer->is_by_word) { // nobody told us
        auditor_person(auditor, who)->is_clouded |= !is_ours;
        return;
    }
    auditor->accounts[who].fee_minor += is_ours ? 0 : transfer->fee_minor;
    auditor_owe(auditor, r, transfer->kind, LEDGER_FEE,
                is_ours ? LEDGER_COLLECTION : LEDGER_VIRTUAL, transfer->fee_minor);
}

static void transfer_is_done(struct auditor *auditor, const struct record *r, uint32_t who)
{
    uint8_t kind = auditor_kind(r->kind);
    if (kind == TRANSFER_UNDO)
        step_is_undone(auditor, r, who);
    else
        step_is_done(auditor, r, who);
    owe_step(auditor, r, kind);
}

static void on_transfer_accepted(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_transfer *transfer = named(auditor, r, who, "accepted");
    if (transfer == NULL)
        return;
    char reference[BANK_REF_MAX + 1] = "";
    CHECK(snprintf(reference, sizeof(reference), "tr_%" PRIu64, transfer->bank_id) > 0);
    bool was_booked = transfer->is_booked || transfer->is_reversed;
    if (!was_booked || strcmp(reference, r->outcome.text.bank_ref) != 0)
        auditor_complain(auditor, "I13: account %u step %u accepted as '%s', the bank has '%s'",
                         who + 1, r->step, r->outcome.text.bank_ref, was_booked ? reference : "");
    if (r->outcome.amount_minor != transfer->amount_minor)
        auditor_complain(auditor, "I13: account %u step %u accepted with another amount", who + 1,
                         r->step);
    if (!is_open(transfer))
        auditor_complain(auditor, "account %u step %u has two outcomes", who + 1, r->step);
    transfer->is_by_word = strcmp(r->outcome.text.code, "by_person") == 0;
    transfer->state = OUTCOME_ACCEPTED;
    transfer->decided_seq = r->outcome.seq;
    transfer_is_done(auditor, r, who);
    owe_fee(auditor, r, who, transfer);
}

/*
 * A no that allows a new key (P5): every send has its whole answer; or the bank shows it under the
 * key; or a repeat was refused, and what went before it was surely never received.
 */
static bool is_proven(const struct auditor *auditor, const struct audited_transfer *transfer)
{
    return transfer->unanswered == 0 || transfer->was_shown_refused ||
           (auditor->rules.inquiry == INQUIRY_BY_KEY && transfer->was_refused &&
            transfer->not_founds >= 2 && !auditor->rules.linger_unknown);
}

/* The ledger has it as not done: what came back is where it belongs. */
static void found_out(struct audited_account *account, const struct audited_transfer *transfer)
{
    if (!transfer->is_reversed || transfer->kind == TRANSFER_UNDO)
        return;
    account->back_minor -= transfer->amount_minor;
    if (account->back_seen_minor > account->back_minor)
        account->back_seen_minor = account->back_minor;
}

static void on_transfer_rejected(struct auditor *auditor, const struct record *r, uint32_t who,
                                 bool by_word)
{
    struct audited_transfer *transfer = named(auditor, r, who, "rejected");
    if (transfer == NULL)
        return;
    if (transfer->is_booked)
        auditor_complain(auditor, "I13: account %u step %u rejected, but the bank accepted it",
                         who + 1, r->step);
    if (by_word)
        auditor_check_word(auditor, r, who, transfer);
    else if (!is_proven(auditor, transfer))
        auditor_complain(auditor, "P5: account %u step %u rejected while in doubt", who + 1,
                         r->step);
    if (!is_open(transfer))
        auditor_complain(auditor, "account %u step %u has two outcomes", who + 1, r->step);
    transfer->is_by_word = by_word;
    transfer->state = r->outcome.state;
    transfer->decided_seq = r->outcome.seq;
    found_out(&auditor->accounts[who], transfer);
    // A fee for what the bank took back at once: nobody told of it.
    if (transfer->fee_minor > 0 && !auditor->rules.fee_is_ours)
        auditor_person(auditor, who)->is_clouded = true;
}

static void on_by_hand(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_transfer *transfer = named(auditor, r, who, "done by hand");
    if (transfer == NULL)
        return;
    if (transfer->state != OUTCOME_REJECTED_PERSON || !transfer->is_by_word ||
        r->outcome.amount_minor != transfer->amount_minor)
        auditor_complain(auditor, "account %u step %u: done by hand, and not surely not by us",
                         who + 1, r->step);
    transfer->is_by_hand = true;
    transfer_is_done(auditor, r, who);
}

static void on_reversed(struct auditor *auditor, const struct record *r, uint32_t who)
{
    for (uint32_t i = 0; i < auditor->transfer_count; i++) {
        struct audited_transfer *transfer = &auditor->transfers[i];
        if (transfer->account != who || transfer->step != r->step || transfer->kind != r->kind ||
            transfer->generation != r->generation || transfer->state != OUTCOME_ACCEPTED)
            continue;
        if (r->outcome.amount_minor != transfer->amount_minor)
            auditor_complain(auditor, "I9: account %u step %u reversed with another amount",
                             who + 1, r->step);
        if (!transfer->is_reversed)
            auditor_complain(auditor, "I9: account %u step %u reversed, not by the bank", who + 1,
                             r->step);
        if (!auditor_is_done(&auditor->accounts[who], r->step))
            auditor_complain(auditor, "I9: account %u step %u reversed, and is not done", who + 1,
                             r->step);
        auditor->accounts[who].has_reversal = true;
        found_out(&auditor->accounts[who], transfer);
        auditor->accounts[who].done_steps &= (uint8_t) ~(1U << r->step);
        transfer->state = OUTCOME_REVERSED;
        transfer->decided_seq = r->outcome.seq;
        owe_step(auditor, r, KIND_REVERSAL);
        return;
    }
    auditor_complain(auditor, "I9: account %u step %u reversed without being accepted", who + 1,
                     r->step);
}

static void on_posted(struct auditor *auditor, const struct record *r, uint32_t who)
{
    int64_t amount = auditor_step_amount(auditor, who, r->step);
    bool is_undo = r->kind == TRANSFER_UNDO;
    bool is_post = r->step == STEP_HOLD && !auditor->rules.hold_by_transfer;
    bool is_right =
        r->outcome.state == OUTCOME_SKIPPED ? amount == 0 && !is_undo : is_post && amount > 0;
    if (!is_right || r->outcome.amount_minor != amount || r->step < STEP_COLLECT)
        auditor_complain(auditor, "account %u step %u: outcome %u of %" PRId64, who + 1, r->step,
                         r->outcome.state, r->outcome.amount_minor);
    if (is_undo)
        step_is_undone(auditor, r, who);
    else
        step_is_done(auditor, r, who);
    if (r->outcome.state == OUTCOME_POSTED)
        owe_step(auditor, r, auditor_kind(r->kind));
}

static void on_compensating(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    const struct audited_transfer *newest = auditor_newest(auditor, who);
    bool is_due = newest != NULL && newest->kind == TRANSFER_NORMAL &&
                  newest->state == OUTCOME_REJECTED_PERSON && !newest->is_by_hand &&
                  (auditor->rules.compensated_steps >> newest->step & 1) != 0;
    if (!is_due || account->is_compensating)
        auditor_complain(auditor, "account %u: goes back without a reason, step %u", who + 1,
                         r->step);
    account->is_compensating = true;
}

static void on_short(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    if (account->has_deposit || r->step != STEP_DEPOSIT)
        auditor_complain(auditor, "account %u is short although it has its deposit", who + 1);
    if (r->outcome.amount_minor < 0 ||
        r->outcome.amount_minor > auditor_person(auditor, who)->came_minor +
                                      auditor->accounts[who].back_seen_minor +
                                      workload_floor(&auditor->workload->accounts[who]))
        auditor_complain(auditor, "account %u: %" PRId64 " seen, %" PRId64 " came", who + 1,
                         r->outcome.amount_minor, auditor_person(auditor, who)->came_minor);
    account->is_short = true;
}

static void on_parked(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    const char *code = r->outcome.text.code;
    bool is_as_before = account->reparks && strcmp(code, account->park_code) == 0;
    if (code[0] == 0)
        auditor_complain(auditor, "account %u is parked without a reason", who + 1);
    else if (!is_as_before && !auditor_may_park(auditor, who, r))
        auditor_complain(auditor, "account %u is parked for %s, which is none", who + 1, code);
    account->is_parked = true;
    account->reparks = false;
    memcpy(account->park_code, code, sizeof(account->park_code));
}

/* ---- what persons ask for -------------------------------------------------------------------- */

static void on_released(struct auditor *auditor, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    account->was_released = true;
    account->released_seq = account->outcome_seq;
}

/* Money of an earlier settlement, which reached this one when somebody said so. */
static void on_raised(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    const struct load_request *asked = &auditor->requests[account->granted - 1].request;
    int64_t payable_minor = account->has_deposit ? 0 : asked->amount_minor;
    int64_t residue_minor = asked->residue_minor + asked->amount_minor - payable_minor;
    if (r->outcome.amount_minor != payable_minor || r->outcome.residue_minor != residue_minor)
        auditor_complain(auditor, "account %u: its floor is raised by %" PRId64 " and %" PRId64,
                         who + 1, r->outcome.amount_minor, r->outcome.residue_minor);
    account->floor_payable_minor += payable_minor;
    account->floor_residue_minor += residue_minor;
    account->ledger[LEDGER_VIRTUAL] += asked->amount_minor + asked->residue_minor;
    account->ledger[LEDGER_PAYABLE] -= asked->amount_minor;
    account->ledger[LEDGER_RESIDUE] -= asked->residue_minor;
    if (account->has_deposit)
        auditor_owe_closing(auditor, r, LEDGER_PAYABLE, LEDGER_RESIDUE, asked->amount_minor);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void judge(struct auditor *auditor, const struct record *r, uint32_t who, bool by_word)
{
    struct audited_transfer *transfer;
    switch ((enum outcome_state)r->outcome.state) {
    case OUTCOME_DEPOSITED:
        on_deposited(auditor, r, who);
        return;
    case OUTCOME_ACCEPTED:
        on_transfer_accepted(auditor, r, who);
        return;
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
        on_transfer_rejected(auditor, r, who, by_word);
        return;
    case OUTCOME_PENDING:
        transfer = named(auditor, r, who, "pending");
        if (transfer != NULL)
            transfer->state = OUTCOME_PENDING;
        return;
    case OUTCOME_POSTED:
    case OUTCOME_SKIPPED:
        on_posted(auditor, r, who);
        return;
    case OUTCOME_SHORT:
        on_short(auditor, r, who);
        return;
    case OUTCOME_PARKED:
        on_parked(auditor, r, who);
        return;
    case OUTCOME_REVERSED:
        on_reversed(auditor, r, who);
        return;
    case OUTCOME_BY_HAND:
        on_by_hand(auditor, r, who);
        return;
    case OUTCOME_COMPENSATING:
        on_compensating(auditor, r, who);
        return;
    case OUTCOME_RELEASED:
        on_released(auditor, who);
        return;
    case OUTCOME_RAISED:
        on_raised(auditor, r, who);
        return;
    case OUTCOME_SETTLED:
    case OUTCOME_COMPENSATED:
    case OUTCOME_RETURNED:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_WRITTEN_OFF:
        auditor_on_end(auditor, r, who);
        return;
    }
    auditor_complain(auditor, "account %u: outcome state %u", who + 1, r->outcome.state);
}

void auditor_on_outcome(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    uint8_t owed = account->owed_kind;
    if (r->outcome.seq != account->outcome_seq + 1)
        auditor_complain(auditor, "account %u: outcome %u follows %u", who + 1, r->outcome.seq,
                         account->outcome_seq);
    account->outcome_seq = r->outcome.seq;
    if (!auditor_on_effect(auditor, r, who))
        return;
    judge(auditor, r, who, owed == REQUEST_NOT_PAID || owed == REQUEST_PAID_BY_HAND);
}
