/*
 * auditor_chunk: judges what a chunk commits: its place in the chain, each record's place in its
 * settlement, and that every outcome comes with exactly its entries.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/auditor_state.h"

/* ---- canonical bytes, by the auditor's own encoder of the documented format 1 ---------------- */

struct encoder {
    uint8_t bytes[256];
    uint32_t count;
};

static void encode(struct encoder *e, uint64_t value, uint32_t width)
{
    CHECK(e->count + width <= sizeof(e->bytes));
    for (uint32_t i = 0; i < width; i++)
        e->bytes[e->count + i] = (uint8_t)(value >> 8 * (width - 1 - i));
    e->count += width;
}

static void encode_bytes(struct encoder *e, const void *bytes, size_t byte_count)
{
    CHECK(e->count + byte_count <= sizeof(e->bytes));
    memcpy(e->bytes + e->count, bytes, byte_count);
    e->count += (uint32_t)byte_count;
}

static void encode_text(struct encoder *e, const char *text)
{
    encode(e, strlen(text), 1);
    encode_bytes(e, text, strlen(text));
}

static void encode_outcome(struct encoder *e, const struct record *r)
{
    encode(e, r->outcome.seq, 2);
    encode(e, r->outcome.state, 1);
    encode(e, (uint64_t)r->outcome.amount_minor, 8);
    encode(e, (uint64_t)r->outcome.available_minor, 8);
    encode(e, (uint64_t)r->outcome.held_minor, 8);
    encode(e, (uint64_t)r->outcome.residue_minor, 8);
    encode(e, (uint64_t)r->outcome.at_us, 8);
    encode_text(e, r->outcome.text.code);
    encode_text(e, r->outcome.text.bank_ref);
}

static void encode_record(struct encoder *e, const struct record *r)
{
    e->count = 0;
    encode(e, r->record_kind, 1);
    encode(e, r->settlement_id, 8);
    encode(e, r->step, 1);
    encode(e, r->kind, 1);
    encode(e, r->generation, 2);
    if (r->record_kind == RECORD_INTENT) {
        encode_bytes(e, r->intent.key.bytes, IDEM_KEY_BYTES);
        encode(e, (uint64_t)r->intent.amount_minor, 8);
        encode(e, (uint64_t)r->intent.mapping_id, 8);
        encode(e, (uint64_t)r->intent.intended_at_us, 8);
        encode(e, (uint64_t)r->intent.send_before_us, 8);
    } else if (r->record_kind == RECORD_ATTEMPT) {
        encode(e, r->attempt.number, 2);
        encode(e, (uint64_t)r->attempt.at_us, 8);
        encode(e, (uint64_t)r->attempt.send_before_us, 8);
    } else if (r->record_kind == RECORD_OUTCOME) {
        encode_outcome(e, r);
    } else {
        encode(e, r->entry.line, 1);
        encode(e, r->entry.debit, 1);
        encode(e, r->entry.credit, 1);
        encode(e, (uint64_t)r->entry.amount_minor, 8);
    }
}

/* ---- the chain ------------------------------------------------------------------------------- */

static void check_totals(struct auditor *auditor, const struct chunk *chunk)
{
    struct encoder encoder;
    uint32_t entries = 0;
    int64_t debits = 0;
    hash_begin(auditor->hash);
    hash_add(auditor->hash, chunk->prev_hash.bytes, DIGEST_BYTES);
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        encode_record(&encoder, record);
        hash_add(auditor->hash, encoder.bytes, encoder.count);
        entries += record->record_kind == RECORD_ENTRY;
        debits += record->record_kind == RECORD_ENTRY ? record->entry.amount_minor : 0;
    }
    struct digest hash = hash_end(auditor->hash);
    if (memcmp(&hash, &chunk->hash, sizeof(hash)) != 0)
        auditor_complain(auditor, "I19: chunk %u has another hash", chunk->number);
    if (entries != chunk->entry_count || debits != chunk->debit_total_minor)
        auditor_complain(auditor, "I20: chunk %u has other totals", chunk->number);
}

static struct audited_chain *chain_of(struct auditor *auditor, const struct chunk *chunk)
{
    uint32_t month = chunk->batch_id - WORKLOAD_BATCH;
    if (month < auditor->workload->months && chunk->partition == 0)
        return &auditor->chains[month];
    auditor_complain(auditor, "chunk %u is of another partition", chunk->number);
    return &auditor->chains[0];
}

static void check_chain(struct auditor *auditor, const struct chunk *chunk)
{
    struct audited_chain *chain = chain_of(auditor, chunk);
    if (chunk->number != chain->number + 1)
        auditor_complain(auditor, "I16: chunk %u follows %u", chunk->number, chain->number);
    if (chunk->epoch < chain->chunk_epoch || chunk->epoch != chain->epoch)
        auditor_complain(auditor, "I23: chunk %u with epoch %u committed under %u", chunk->number,
                         chunk->epoch, chain->epoch);
    if (memcmp(&chunk->prev_hash, &chain->hash, sizeof(chunk->prev_hash)) != 0)
        auditor_complain(auditor, "I15: chunk %u does not follow the head's hash", chunk->number);
    if (chunk->record_count == 0)
        auditor_complain(auditor, "chunk %u is empty", chunk->number);
    chain->number = chunk->number;
    chain->chunk_epoch = chunk->epoch;
    chain->hash = chunk->hash;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool is_pair(const struct audited_entry *a, const struct audited_entry *b)
{
    return a->settlement_id == b->settlement_id && a->step == b->step && a->debit == b->debit &&
           a->credit == b->credit && a->kind == b->kind && a->generation == b->generation &&
           a->amount_minor == b->amount_minor && a->is_found != b->is_found;
}

/* An owed entry and a found one cancel each other out. */
static void match_entry(struct auditor *auditor, struct audited_entry entry)
{
    for (uint32_t i = 0; i < auditor->entry_count; i++) {
        if (is_pair(&auditor->entries[i], &entry)) {
            auditor->entries[i] = auditor->entries[--auditor->entry_count];
            return;
        }
    }
    if (auditor->entry_count < AUDITED_ENTRIES_MAX)
        auditor->entries[auditor->entry_count++] = entry;
    else
        auditor_complain(auditor, "I12: too many entries without their outcome");
}

static void owe(struct auditor *auditor, const struct record *outcome, enum ledger_account debit,
                enum ledger_account credit, int64_t amount_minor)
{
    match_entry(auditor, (struct audited_entry){.settlement_id = outcome->settlement_id,
                                                .step = outcome->step,
                                                .kind = outcome->outcome.state == OUTCOME_REVERSED
                                                            ? KIND_REVERSAL
                                                            : TRANSFER_NORMAL,
                                                .debit = (uint8_t)debit,
                                                .credit = (uint8_t)credit,
                                                .generation = outcome->generation,
                                                .amount_minor = amount_minor});
}

/* debits - credits, over all months */
static void count_person(struct auditor *auditor, uint32_t who, uint8_t ledger_account,
                         int64_t amount_minor)
{
    struct audited_person *person = auditor_person(auditor, who);
    if (ledger_account == LEDGER_VIRTUAL)
        person->virtual_minor += amount_minor;
    else if (ledger_account == LEDGER_HELD)
        person->held_minor -= amount_minor;
}

static void on_entry(struct auditor *auditor, const struct record *r, uint32_t who)
{
    if (r->entry.amount_minor <= 0)
        auditor_complain(auditor, "I12: account %u: an entry of %" PRId64, who + 1,
                         r->entry.amount_minor);
    if (r->entry.debit < LEDGER_VIRTUAL || r->entry.debit > LEDGER_RESIDUE ||
        r->entry.credit < LEDGER_VIRTUAL || r->entry.credit > LEDGER_RESIDUE ||
        r->entry.debit == r->entry.credit) {
        auditor_complain(auditor, "I12: account %u: an entry names no two ledger accounts",
                         who + 1);
        return;
    }
    auditor->accounts[who].ledger[r->entry.debit] += r->entry.amount_minor;
    auditor->accounts[who].ledger[r->entry.credit] -= r->entry.amount_minor;
    count_person(auditor, who, r->entry.debit, r->entry.amount_minor);
    count_person(auditor, who, r->entry.credit, -r->entry.amount_minor);
    match_entry(auditor, (struct audited_entry){.settlement_id = r->settlement_id,
                                                .step = r->step,
                                                .kind = r->kind,
                                                .debit = r->entry.debit,
                                                .credit = r->entry.credit,
                                                .generation = r->generation,
                                                .is_found = true,
                                                .amount_minor = r->entry.amount_minor});
}

/* ---- intents and attempts -------------------------------------------------------------------- */

static struct audited_transfer *newest(struct auditor *auditor, uint32_t who)
{
    uint32_t at = auditor->accounts[who].newest;
    return at == 0 ? NULL : &auditor->transfers[at - 1];
}

static uint32_t epoch_of(const struct auditor *auditor, const struct record *r)
{
    return auditor->chains[settlement_batch(r->settlement_id) - WORKLOAD_BATCH].epoch;
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
                                                       .generation = r->generation,
                                                       .amount_minor = r->intent.amount_minor,
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

static void on_intent(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    const struct audited_transfer *before = newest(auditor, who);
    bool same_step = before != NULL && before->step == r->step;
    uint32_t generation = same_step ? before->generation + 1U : 1U;
    if (keymap_find(&auditor->keys, &r->intent.key) != KEYMAP_NONE) {
        auditor_complain(auditor, "I4: account %u step %u: a key is used again", who + 1, r->step);
        return;
    }
    if (!moves_money(auditor, r->step) || r->kind != TRANSFER_NORMAL)
        auditor_complain(auditor, "account %u: an intent for step %u", who + 1, r->step);
    if (account->is_parked || account->is_ended || !account->has_deposit ||
        auditor_is_over(auditor, who))
        auditor_complain(auditor, "account %u: an intent that its state forbids", who + 1);
    if (r->step != account->step_done + 1)
        auditor_complain(auditor, "I8: account %u: intent of step %u with step %u done", who + 1,
                         r->step, account->step_done);
    if (same_step && before->state != OUTCOME_REJECTED_LATER)
        auditor_complain(auditor, "I4: account %u step %u: a new key without a rejection for now",
                         who + 1, r->step);
    if (r->generation != generation)
        auditor_complain(auditor, "I4: account %u step %u: generation %u, not %u", who + 1, r->step,
                         r->generation, generation);
    if (r->intent.amount_minor <= 0 ||
        r->intent.amount_minor != auditor_step_amount(auditor, who, r->step))
        auditor_complain(auditor, "I2: account %u step %u: intent of %" PRId64, who + 1, r->step,
                         r->intent.amount_minor);
    if (r->intent.mapping_id != auditor->workload->accounts[who].mapping_id)
        auditor_complain(auditor, "I2: account %u: intent with another mapping", who + 1);
    add_transfer(auditor, r, who);
}

static struct audited_transfer *named(struct auditor *auditor, const struct record *r, uint32_t who,
                                      const char *what)
{
    struct audited_transfer *transfer = newest(auditor, who);
    if (transfer == NULL || transfer->step != r->step || transfer->generation != r->generation) {
        auditor_complain(auditor, "account %u step %u: %s without its intent", who + 1, r->step,
                         what);
        return NULL;
    }
    return transfer;
}

static void on_attempt(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_transfer *transfer = named(auditor, r, who, "an attempt");
    if (transfer == NULL)
        return;
    if (r->attempt.number != transfer->attempts + 1)
        auditor_complain(auditor, "account %u step %u: attempt %u follows %u", who + 1, r->step,
                         r->attempt.number, transfer->attempts);
    if (transfer->state != 0 && transfer->state != OUTCOME_PENDING)
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

/* ---- outcomes -------------------------------------------------------------------------------- */

static void step_is_done(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    if (r->step != account->step_done + 1)
        auditor_complain(auditor, "I8: account %u: step %u done after step %u", who + 1, r->step,
                         account->step_done);
    account->step_done = r->step;
}

/* What the outcome reversed takes back stands the other way round. */
static void owe_line(struct auditor *auditor, const struct record *r, enum ledger_account debit,
                     enum ledger_account credit)
{
    if (r->outcome.state == OUTCOME_REVERSED)
        owe(auditor, r, credit, debit, r->outcome.amount_minor);
    else
        owe(auditor, r, debit, credit, r->outcome.amount_minor);
}

static void owe_step(struct auditor *auditor, const struct record *r)
{
    if (r->step == STEP_COLLECT) {
        owe_line(auditor, r, LEDGER_COLLECTION, LEDGER_VIRTUAL);
        owe_line(auditor, r, LEDGER_PAYABLE, LEDGER_RECEIVABLE);
    } else if (r->step == STEP_HOLD) {
        owe_line(auditor, r, LEDGER_PAYABLE, LEDGER_HELD);
        if (auditor->rules.hold_by_transfer)
            owe_line(auditor, r, LEDGER_SUSPENSE, LEDGER_VIRTUAL);
    } else {
        owe_line(auditor, r, LEDGER_PAYABLE, LEDGER_VIRTUAL);
    }
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
    account->has_deposit = true;
    account->deposit_minor = r->outcome.amount_minor;
    auditor_person(auditor, who)->received_minor += r->outcome.amount_minor + plan->opening_minor;
    step_is_done(auditor, r, who);
    owe(auditor, r, LEDGER_VIRTUAL, LEDGER_PAYABLE, r->outcome.amount_minor);
    if (plan->opening_minor > 0)
        owe(auditor, r, LEDGER_VIRTUAL, LEDGER_HELD, plan->opening_minor);
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
    if (transfer->state == OUTCOME_ACCEPTED || outcome_is_rejected(transfer->state))
        auditor_complain(auditor, "account %u step %u has two outcomes", who + 1, r->step);
    transfer->state = OUTCOME_ACCEPTED;
    step_is_done(auditor, r, who);
    owe_step(auditor, r);
    if (transfer->fee_minor > 0)
        owe(auditor, r, LEDGER_FEE, auditor->rules.fee_is_ours ? LEDGER_COLLECTION : LEDGER_VIRTUAL,
            transfer->fee_minor);
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

static void on_transfer_rejected(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_transfer *transfer = named(auditor, r, who, "rejected");
    if (transfer == NULL)
        return;
    if (transfer->is_booked)
        auditor_complain(auditor, "I13: account %u step %u rejected, but the bank accepted it",
                         who + 1, r->step);
    if (!is_proven(auditor, transfer))
        auditor_complain(auditor, "P5: account %u step %u rejected while in doubt", who + 1,
                         r->step);
    if (transfer->state != 0 && transfer->state != OUTCOME_PENDING)
        auditor_complain(auditor, "account %u step %u has two outcomes", who + 1, r->step);
    transfer->state = r->outcome.state;
}

static void on_reversed(struct auditor *auditor, const struct record *r, uint32_t who)
{
    for (uint32_t i = 0; i < auditor->transfer_count; i++) {
        struct audited_transfer *transfer = &auditor->transfers[i];
        if (transfer->account != who || transfer->step != r->step ||
            transfer->generation != r->generation || transfer->state != OUTCOME_ACCEPTED)
            continue;
        if (r->outcome.amount_minor != transfer->amount_minor)
            auditor_complain(auditor, "I9: account %u step %u reversed with another amount",
                             who + 1, r->step);
        if (!transfer->is_reversed)
            auditor_complain(auditor, "I9: account %u step %u reversed, not by the bank", who + 1,
                             r->step);
        auditor->accounts[who].has_reversal = true;
        transfer->state = OUTCOME_REVERSED;
        owe_step(auditor, r);
        return;
    }
    auditor_complain(auditor, "I9: account %u step %u reversed without being accepted", who + 1,
                     r->step);
}

static void on_posted(struct auditor *auditor, const struct record *r, uint32_t who)
{
    int64_t amount = auditor_step_amount(auditor, who, r->step);
    bool is_post = r->step == STEP_HOLD && !auditor->rules.hold_by_transfer;
    bool is_right = r->outcome.state == OUTCOME_SKIPPED ? amount == 0 : is_post && amount > 0;
    if (!is_right || r->outcome.amount_minor != amount || r->step < STEP_COLLECT)
        auditor_complain(auditor, "account %u step %u: outcome %u of %" PRId64, who + 1, r->step,
                         r->outcome.state, r->outcome.amount_minor);
    step_is_done(auditor, r, who);
    if (r->outcome.state == OUTCOME_POSTED)
        owe_step(auditor, r);
}

static void on_settled(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    int64_t residue = r->outcome.residue_minor - account->floor_residue_minor;
    if (account->step_done != STEP_PAYOUT || r->step != STEP_CLOSING)
        auditor_complain(auditor, "account %u ends with step %u done", who + 1, account->step_done);
    account->is_ended = true;
    auditor_person(auditor, who)->received_minor += residue;
    account->end_held_minor = r->outcome.held_minor;
    account->end_payable_minor = r->outcome.amount_minor;
    account->end_residue_minor = r->outcome.residue_minor;
    if (residue < 0)
        auditor_complain(auditor, "I12: account %u ends with less residue than before", who + 1);
    else if (residue > 0)
        owe(auditor, r, LEDGER_VIRTUAL, LEDGER_RESIDUE, residue);
}

static void on_short(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    if (account->has_deposit || r->step != STEP_DEPOSIT)
        auditor_complain(auditor, "account %u is short although it has its deposit", who + 1);
    if (r->outcome.amount_minor < 0 ||
        r->outcome.amount_minor > auditor_person(auditor, who)->came_minor)
        auditor_complain(auditor, "account %u: %" PRId64 " seen, %" PRId64 " came", who + 1,
                         r->outcome.amount_minor, auditor_person(auditor, who)->came_minor);
    account->is_short = true;
}

static void on_parked(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const char *code = r->outcome.text.code;
    auditor->accounts[who].is_parked = true;
    if (code[0] == 0)
        auditor_complain(auditor, "account %u is parked without a reason", who + 1);
    else if (!auditor_may_park(auditor, who, r))
        auditor_complain(auditor, "account %u is parked for %s, which is none", who + 1, code);
}

static void on_outcome(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    struct audited_transfer *transfer;
    if (r->outcome.seq != account->outcome_seq + 1)
        auditor_complain(auditor, "account %u: outcome %u follows %u", who + 1, r->outcome.seq,
                         account->outcome_seq);
    if (account->is_ended || account->is_parked)
        auditor_complain(auditor, "account %u: an outcome after its end", who + 1);
    account->outcome_seq = r->outcome.seq;
    switch ((enum outcome_state)r->outcome.state) {
    case OUTCOME_DEPOSITED:
        on_deposited(auditor, r, who);
        return;
    case OUTCOME_ACCEPTED:
        on_transfer_accepted(auditor, r, who);
        return;
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
        on_transfer_rejected(auditor, r, who);
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
    case OUTCOME_SETTLED:
        on_settled(auditor, r, who);
        return;
    case OUTCOME_REVERSED:
        on_reversed(auditor, r, who);
        return;
    case OUTCOME_BY_HAND:
    case OUTCOME_COMPENSATED:
    case OUTCOME_RETURNED:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_WRITTEN_OFF:
    case OUTCOME_COMPENSATING:
    case OUTCOME_RELEASED:
    case OUTCOME_RAISED:
        break;
    }
    auditor_complain(auditor, "account %u: outcome state %u", who + 1, r->outcome.state);
}

/* What was looked at last is what the ledger has; what came back before it was found out. */
static void check_closing(struct auditor *auditor, const struct record *r, uint32_t who,
                          int64_t in_account)
{
    const struct audited_account *account = &auditor->accounts[who];
    int64_t before_minor = account->floor_residue_minor;
    bool is_received = auditor->rules.pool == POOL_RECEIVED;
    int64_t shown_minor = is_received
                              ? auditor_shown_before(auditor, who) + account->deposit_minor +
                                    r->outcome.residue_minor - before_minor
                              : in_account;
    if (r->outcome.available_minor != shown_minor || shown_minor > auditor_shown(auditor, who))
        auditor_complain(auditor, "account %u ends with %" PRId64 " at the bank", who + 1,
                         auditor_shown(auditor, who));
    if (!auditor_was_told(auditor, who, r->outcome.available_minor))
        auditor_complain(auditor, "account %u ends with %" PRId64 ", which no bank told", who + 1,
                         r->outcome.available_minor);
    if (auditor->rules.asks_always && !is_received && account->back_seen_minor > 0)
        auditor_complain(auditor, "I9: account %u ends, and %" PRId64 " had come back", who + 1,
                         account->back_seen_minor);
}

/* I12: payable 0, virtual + suspense = held + residue, receivable = -repayment. Judged when all
   entries of the chunk are known. */
static void check_settled(struct auditor *auditor, const struct record *r, uint32_t who)
{
    const int64_t *ledger = auditor->accounts[who].ledger;
    int64_t in_account = ledger[LEDGER_VIRTUAL];
    if (ledger[LEDGER_PAYABLE] != 0 || r->outcome.amount_minor != 0)
        auditor_complain(auditor, "I12: account %u ends with payable %" PRId64, who + 1,
                         -ledger[LEDGER_PAYABLE]);
    if (ledger[LEDGER_RECEIVABLE] != -auditor->workload->accounts[who].repayment_minor)
        auditor_complain(auditor, "I12: account %u ends with receivable %" PRId64, who + 1,
                         ledger[LEDGER_RECEIVABLE]);
    if (in_account != r->outcome.held_minor + r->outcome.residue_minor ||
        r->outcome.residue_minor != -ledger[LEDGER_RESIDUE] ||
        r->outcome.held_minor != -ledger[LEDGER_HELD] - ledger[LEDGER_SUSPENSE])
        auditor_complain(auditor, "I12: account %u ends with held %" PRId64 ", residue %" PRId64,
                         who + 1, r->outcome.held_minor, r->outcome.residue_minor);
    if (auditor->rules.closing_seen)
        check_closing(auditor, r, who, in_account);
    int64_t residue_minor = r->outcome.residue_minor - auditor->accounts[who].floor_residue_minor;
    if (residue_minor > 0 && auditor_is_sum(auditor, who, residue_minor, true))
        auditor_complain(auditor, "I9: account %u: %" PRId64 " that came back ends as residue",
                         who + 1, residue_minor);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void on_record(struct auditor *auditor, const struct record *r)
{
    uint32_t who = workload_find(auditor->workload, r->settlement_id);
    if (who == UINT32_MAX) {
        auditor_complain(auditor, "a record of the unknown settlement %" PRIu64, r->settlement_id);
        return;
    }
    switch ((enum record_kind)r->record_kind) {
    case RECORD_INTENT:
        on_intent(auditor, r, who);
        return;
    case RECORD_ATTEMPT:
        on_attempt(auditor, r, who);
        return;
    case RECORD_OUTCOME:
        on_outcome(auditor, r, who);
        return;
    case RECORD_ENTRY:
        on_entry(auditor, r, who);
        return;
    case RECORD_DECISION:
        break;
    }
    auditor_complain(auditor, "a record of kind %u", r->record_kind);
}

void auditor_committed(struct auditor *auditor, const struct chunk *chunk)
{
    check_chain(auditor, chunk);
    check_totals(auditor, chunk);
    auditor->entry_count = 0;
    for (uint32_t i = 0; i < chunk->record_count; i++)
        on_record(auditor, &chunk->records[i]);
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        uint32_t who = workload_find(auditor->workload, r->settlement_id);
        if (who != UINT32_MAX && r->record_kind == RECORD_OUTCOME &&
            r->outcome.state == OUTCOME_SETTLED)
            check_settled(auditor, r, who);
    }
    if (auditor->entry_count > 0)
        auditor_complain(auditor, "I12: chunk %u, settlement %" PRIu64 " step %u: an entry is %s",
                         chunk->number, auditor->entries[0].settlement_id, auditor->entries[0].step,
                         auditor->entries[0].is_found ? "without its outcome" : "missing");
}
