/*
 * The auditor must be able to complain. One honest story of two accounts is told again and again,
 * each time with one lie in it, and the auditor must name it. Chunks are hashed here by the core's
 * encoder, so that the honest story also proves that the auditor's own encoder agrees with it.
 */
#include <string.h>

#include "core/canonical.h"
#include "payday.h"

#define DB_NOW INT64_C(1000000000)
#define SEND_BEFORE (DB_NOW + 1000000)

enum lie {
    HONEST,
    SENT_BEFORE_COMMIT,
    SENT_TOO_LATE,
    SENT_OTHER_AMOUNT,
    SENT_OTHER_PARTIES,
    SENT_TWICE_AT_ONCE,
    SENT_AGAIN_WITHOUT_ATTEMPT,
    SENT_AGAIN_IN_DOUBT,
    SENT_AFTER_OUTCOME,
    ASKED_A_BLOCKED_ACCOUNT,
    ASKED_TOO_FAST,
    ASKED_AFTER_GONE,
    ASKED_WHILE_NOT_ALIVE,
    ANSWERED_TWICE,
    LOOKED_AT_TOO_SOON,
    LOOKED_AT_TOO_LATE,
    BANK_PAID_TWICE,
    BANK_KNOWS_ANOTHER_KEY,
    BANK_PAID_ANOTHER_AMOUNT,
    BANK_PAID_SOMEONE_ELSE,
    BANK_PAID_UNSENT,
    BANK_PAID_AFTER_REJECTION,
    ACCEPTED_WITHOUT_THE_BANK,
    ACCEPTED_WITH_OTHER_REFERENCE,
    REJECTED_ALTHOUGH_PAID,
    REJECTED_WHILE_IN_DOUBT,
    NEW_KEY_WITHOUT_REJECTION,
    KEY_USED_AGAIN,
    STEP_TOO_EARLY,
    INTENT_OTHER_AMOUNT,
    INTENT_WITHOUT_DEPOSIT,
    ENTRY_MISSING,
    ENTRY_WITHOUT_OUTCOME,
    ENTRY_OF_ZERO,
    ENTRY_WITH_ITSELF,
    DEPOSIT_TOO_LARGE,
    DEPOSIT_NOT_TOLD,
    END_NOT_TOLD,
    OUTCOME_NUMBER_SKIPPED,
    SETTLED_TOO_EARLY,
    SETTLED_WITH_OTHER_HELD,
    CHUNK_SKIPPED,
    CHUNK_TWICE,
    CHUNK_OF_OLD_EPOCH,
    CHUNK_OTHER_PREVIOUS,
    CHUNK_OTHER_HASH,
    CHUNK_OTHER_TOTALS,
    EPOCH_GOES_BACK,
    SENT_AGAIN_UNDER_AN_EXPIRING_KEY,
    FEE_NOT_POSTED,
    REVERSED_BY_NOBODY,
    PARKED_WITHOUT_A_CAUSE,
    PARKED_FOR_A_NO_THAT_WAS_NONE,
    PARKED_UNASKED,
    RELEASED_UNASKED,
    GIVEN_UP_UNASKED,
    PAID_BY_HAND_UNASKED,
    DECIDED_UNASKED,
    DECIDED_TWICE,
    DECIDED_OTHERWISE,
    DECIDED_AND_NOT_DONE,
    DECIDED_OUT_OF_ORDER,
    REFUSED_FOR_NOTHING,
    AMENDED_TO_ANOTHER,
    NEVER_DECIDED,
    WENT_BACK_WITHOUT_A_REASON,
    UNDONE_WITHOUT_A_REASON,
    END_NOT_REACHED,
    END_NOT_RECORDED,
    LIE_COUNT,
};

static const char *const complaints[LIE_COUNT] = {
    [SENT_BEFORE_COMMIT] = "I3: a call under a key without a committed intent",
    [SENT_TOO_LATE] = "I3: account 1 step 2 sent",
    [SENT_OTHER_AMOUNT] = "I2: account 1: a call differs from its intent",
    [SENT_OTHER_PARTIES] = "a call's parties differ from the plan's of account 1",
    [SENT_TWICE_AT_ONCE] = "I8: account 1 has two calls in flight",
    [SENT_AGAIN_WITHOUT_ATTEMPT] = "P3: account 1 step 2: send 2 with 0 attempt",
    [SENT_AGAIN_IN_DOUBT] = "P5: account 1 step 2 in doubt sent again",
    [SENT_AFTER_OUTCOME] = "account 1 step 2 sent after its outcome",
    [ASKED_A_BLOCKED_ACCOUNT] = "account 2 is blocked",
    [ASKED_TOO_FAST] = "rate: more than burst",
    [ASKED_AFTER_GONE] = "P0: a call after ownership was lost",
    [ASKED_WHILE_NOT_ALIVE] = "P0: a call 6000 ms after the last statement",
    [ANSWERED_TWICE] = "call slot 0 is answered twice",
    [LOOKED_AT_TOO_SOON] = "account 1 is looked at again after 4999 ms",
    [LOOKED_AT_TOO_LATE] = "account 1 waits for a look since 30001 ms",
    [BANK_PAID_TWICE] = "I1: account 1 step 2 is paid twice",
    [BANK_KNOWS_ANOTHER_KEY] = "which no intent names",
    [BANK_PAID_ANOTHER_AMOUNT] = "I2: account 1 step 2: the bank has other parties or amount",
    [BANK_PAID_SOMEONE_ELSE] = "I2: account 1 step 2: the bank has other parties or amount",
    [BANK_PAID_UNSENT] = "I13: account 1 step 2 is at the bank and was never sent",
    [BANK_PAID_AFTER_REJECTION] = "I13: account 1 step 2 is paid after its recorded rejection",
    [ACCEPTED_WITHOUT_THE_BANK] = "I13: account 1 step 2 accepted as 'tr_1', the bank has ''",
    [ACCEPTED_WITH_OTHER_REFERENCE] = "I13: account 1 step 2 accepted as 'tr_9'",
    [REJECTED_ALTHOUGH_PAID] = "I13: account 1 step 2 rejected, but the bank accepted it",
    [REJECTED_WHILE_IN_DOUBT] = "P5: account 1 step 2 rejected while in doubt",
    [NEW_KEY_WITHOUT_REJECTION] = "I4: account 1 step 2: a new key without a rejection",
    [KEY_USED_AGAIN] = "I4: account 1 step 4: a key is used again",
    [STEP_TOO_EARLY] = "I8: account 1: intent of step 4 with step 1 done",
    [INTENT_OTHER_AMOUNT] = "I2: account 1 step 2: intent of 101",
    [INTENT_WITHOUT_DEPOSIT] = "account 1: an intent that its state forbids",
    [ENTRY_MISSING] = "step 2: an entry is missing",
    [ENTRY_WITHOUT_OUTCOME] = "step 2: an entry is without its outcome",
    [ENTRY_OF_ZERO] = "I12: account 1: an entry of 0",
    [ENTRY_WITH_ITSELF] = "I12: account 1: an entry names no two ledger accounts",
    [DEPOSIT_TOO_LARGE] = "account 1: deposit 1001 of 1000 at the bank",
    [DEPOSIT_NOT_TOLD] = "account 1: a deposit of 1000 that no bank told",
    [END_NOT_TOLD] = "account 1 ends with 50, which no bank told",
    [OUTCOME_NUMBER_SKIPPED] = "account 1: outcome 2 follows 0",
    [SETTLED_TOO_EARLY] = "account 1 ends with step 3 done",
    [SETTLED_WITH_OTHER_HELD] = "I12: account 1 ends with held 49",
    [CHUNK_SKIPPED] = "I16: chunk 2 follows 0",
    [CHUNK_TWICE] = "I16: chunk 1 follows 1",
    [CHUNK_OF_OLD_EPOCH] = "I23: chunk 1 with epoch 2 committed under 3",
    [CHUNK_OTHER_PREVIOUS] = "I15: chunk 1 does not follow",
    [CHUNK_OTHER_HASH] = "I19: chunk 1 has another hash",
    [CHUNK_OTHER_TOTALS] = "I20: chunk 1 has other totals",
    [EPOCH_GOES_BACK] = "epoch 3 follows 3",
    [SENT_AGAIN_UNDER_AN_EXPIRING_KEY] = "I7: account 1 step 2 sent again under a key",
    [FEE_NOT_POSTED] = "step 2: an entry is missing",
    [REVERSED_BY_NOBODY] = "I9: account 1 step 2 reversed, not by the bank",
    [PARKED_WITHOUT_A_CAUSE] = "account 1 is parked for key_expired, which is none",
    [PARKED_FOR_A_NO_THAT_WAS_NONE] = "account 1 is parked for account_closed, which is none",
    [PARKED_UNASKED] = "account 1: outcome 21 without a decision",
    [RELEASED_UNASKED] = "account 1: outcome 31 without a decision",
    [GIVEN_UP_UNASKED] = "account 1: outcome 26 without a decision",
    [PAID_BY_HAND_UNASKED] = "account 1: outcome 9 without a decision",
    [DECIDED_UNASKED] = "a decision about request 9, which nobody made",
    [DECIDED_TWICE] = "a decision about request 1, which has one",
    [DECIDED_OTHERWISE] = "request 1: another decision than was asked for",
    [DECIDED_AND_NOT_DONE] = "account 1: a decision of kind 4 without its effect",
    [DECIDED_OUT_OF_ORDER] = "request 2 is answered before 1",
    [REFUSED_FOR_NOTHING] = "account 1: refused for already_parked, which is not so",
    [AMENDED_TO_ANOTHER] = "request 1: another decision than was asked for",
    [NEVER_DECIDED] = "request 1 of kind 4 was never answered",
    [WENT_BACK_WITHOUT_A_REASON] = "account 1: goes back without a reason",
    [UNDONE_WITHOUT_A_REASON] = "account 1: step 2 is undone, and nobody goes back",
    [END_NOT_REACHED] = "account 1 has not ended",
    [END_NOT_RECORDED] = "I13: account 1 step 4: bank 1, store's outcome 0",
};

struct story {
    enum lie lie;
    struct workload workload;
    struct auditor *auditor;
    struct hash *hash;
    struct record records[16];
    uint32_t record_count;
    uint32_t number;
    struct digest head;
    uint64_t now_ns;
    uint32_t calls;
    int64_t told_minor; /* the balance that the bank tells */
};

/* ---- telling --------------------------------------------------------------------------------- */

static struct record *add(struct story *story, enum record_kind record_kind, enum step_kind step)
{
    assert_true(story->record_count < 16);
    struct record *record = &story->records[story->record_count++];
    *record = (struct record){.settlement_id = workload_settlement(&story->workload, 0),
                              .record_kind = (uint8_t)record_kind,
                              .step = (uint8_t)step};
    return record;
}

static struct record *outcome(struct story *story, enum step_kind step, enum outcome_state state,
                              int64_t amount_minor, uint16_t seq, uint16_t generation)
{
    struct record *record = add(story, RECORD_OUTCOME, step);
    record->generation = generation;
    record->outcome.seq = seq;
    record->outcome.state = (uint8_t)state;
    record->outcome.amount_minor = amount_minor;
    record->outcome.at_us = DB_NOW;
    return record;
}

static void entry(struct story *story, enum step_kind step, uint16_t generation,
                  enum ledger_account debit, enum ledger_account credit, int64_t amount_minor)
{
    struct record *record = add(story, RECORD_ENTRY, step);
    record->generation = generation;
    record->entry.line = (uint8_t)story->record_count;
    record->entry.debit = (uint8_t)debit;
    record->entry.credit = (uint8_t)credit;
    record->entry.amount_minor = amount_minor;
}

static struct idem_key key_of(enum step_kind step, uint16_t generation)
{
    return (struct idem_key){.bytes = {(uint8_t)step, (uint8_t)generation, 0xab}};
}

static void intent(struct story *story, enum step_kind step, uint16_t generation,
                   int64_t amount_minor)
{
    struct record *record = add(story, RECORD_INTENT, step);
    record->generation = generation;
    record->intent.key = key_of(step, generation);
    record->intent.amount_minor = amount_minor;
    record->intent.mapping_id = story->workload.accounts[0].mapping_id;
    record->intent.intended_at_us = DB_NOW;
    record->intent.send_before_us = SEND_BEFORE;
    record->intent.parties = &story->workload.accounts[0].parties;
}

/* Commit what was told, as the next chunk; `lies` makes it the one that the lie is in. */
static void commit(struct story *story, bool lies)
{
    struct chunk chunk = {.batch_id = WORKLOAD_BATCH,
                          .epoch = 3,
                          .number = ++story->number,
                          .records = story->records,
                          .record_count = story->record_count,
                          .prev_hash = story->head};
    enum lie lie = lies ? story->lie : HONEST;
    for (uint32_t i = 0; i < story->record_count; i++) {
        if (story->records[i].record_kind != RECORD_ENTRY)
            continue;
        chunk.entry_count++;
        chunk.debit_total_minor += story->records[i].entry.amount_minor;
    }
    chunk.number += lie == CHUNK_SKIPPED;
    chunk.epoch -= lie == CHUNK_OF_OLD_EPOCH;
    chunk.prev_hash.bytes[0] ^= lie == CHUNK_OTHER_PREVIOUS;
    chunk.debit_total_minor += lie == CHUNK_OTHER_TOTALS;
    chunk.hash =
        canonical_chunk_hash(story->hash, &chunk.prev_hash, chunk.records, chunk.record_count);
    chunk.hash.bytes[31] ^= lie == CHUNK_OTHER_HASH;
    auditor_committed(story->auditor, &chunk, story->now_ns);
    if (lie == CHUNK_TWICE)
        auditor_committed(story->auditor, &chunk, story->now_ns);
    story->head = chunk.hash;
    story->record_count = 0;
}

static void call(struct story *story, enum call_kind call_kind, const struct transfer_order *order,
                 const struct parties *parties, int64_t db_now_us)
{
    struct bank_call given = {.call = {story->calls++, 1},
                              .call_kind = (uint8_t)call_kind,
                              .order = order,
                              .parties = parties};
    auditor_calls(story->auditor, 0, &given, story->now_ns, db_now_us);
}

static void answer(struct story *story, uint32_t call_index, enum answer answered)
{
    struct bank_text none = {0};
    struct event event = {
        .kind = EVENT_BANK_REPLY,
        .bank_reply = {.call = {call_index, 1}, .answer = (uint8_t)answered, .text = &none}};
    if (answered == ANSWER_BALANCE)
        event.bank_reply.balance_minor = story->told_minor;
    auditor_hears(story->auditor, 0, &event, story->now_ns);
}

static struct transfer_order order_of(enum step_kind step, uint16_t generation,
                                      int64_t amount_minor)
{
    return (struct transfer_order){.settlement_id = settlement_id(WORKLOAD_BATCH, 0, 1),
                                   .key = key_of(step, generation),
                                   .amount_minor = amount_minor,
                                   .step = (uint8_t)step,
                                   .generation = generation};
}

static void send(struct story *story, enum step_kind step, uint16_t generation,
                 int64_t amount_minor)
{
    struct transfer_order order = order_of(step, generation, amount_minor);
    call(story, CALL_TRANSFER, &order, &story->workload.accounts[0].parties, DB_NOW);
}

static struct mock_transfer booked(const struct story *story, enum step_kind step,
                                   uint16_t generation, int64_t amount_minor, uint64_t id)
{
    const struct parties *parties = &story->workload.accounts[0].parties;
    const char *to = step == STEP_PAYOUT ? parties->payout_account : WORKLOAD_COLLECTION;
    struct mock_transfer transfer = {.accepted = true, .amount_minor = amount_minor, .id = id};
    struct idem_key key = key_of(step, generation);
    for (uint32_t i = 0; i < IDEM_KEY_BYTES; i++)
        snprintf(transfer.key + 2 * i, 3, "%02x", key.bytes[i]);
    snprintf(transfer.from, sizeof(transfer.from), "%s", parties->virtual_account);
    snprintf(transfer.to, sizeof(transfer.to), "%s", to);
    return transfer;
}

static void hear_store(struct story *story)
{
    auditor_hears(story->auditor, 0, &(struct event){.kind = EVENT_STORE_ALIVE}, story->now_ns);
}

/* ---- the story ------------------------------------------------------------------------------- */

static void begin(struct story *story)
{
    struct auditor_rules rules = {.collection_account = WORKLOAD_COLLECTION,
                                  .suspense_account = WORKLOAD_SUSPENSE,
                                  .rate_per_s = 10,
                                  .burst = 5,
                                  .calls_max = 32,
                                  .processing_ns = NS_PER_S,
                                  .linger_ns = NS_PER_S,
                                  .alive_ns = 5 * NS_PER_S,
                                  .inquiry = INQUIRY_BY_KEY,
                                  .parks_over = true,
                                  .closing_seen = true,
                                  .poll_interval_ns = 5 * NS_PER_S,
                                  .forgotten_ns = 30 * NS_PER_S};
    if (story->lie == ASKED_TOO_FAST)
        rules.poll_interval_ns = 0;
    if (story->lie == SENT_AGAIN_UNDER_AN_EXPIRING_KEY) {
        rules.inquiry = INQUIRY_REPEAT;
        rules.key_lifetime_ns = NS_PER_S;
    }
    struct swarm swarm;
    swarm_none(&swarm);
    workload_init(&story->workload, 2, &swarm, 1);
    struct workload_account *account = &story->workload.accounts[0];
    account->repayment_minor = 100;
    account->hold_minor = 50;
    account->expected_minor = 1000;
    story->workload.accounts[1].is_blocked = true;
    story->hash = hash_open();
    story->auditor = auditor_open(&story->workload, &rules, story->hash);
    story->now_ns = NS_PER_S;
    const struct settle_start start = {.batch_id = WORKLOAD_BATCH, .epoch = 3};
    auditor_begins(story->auditor, 0, &start, story->now_ns);
    if (story->lie == EPOCH_GOES_BACK)
        auditor_begins(story->auditor, 0, &start, story->now_ns);
    auditor_opened(story->auditor, 0, &(struct audited_floor){0});
    auditor_deposited(story->auditor, 0, 1000);
}

static void ask_for_balances(struct story *story)
{
    const struct parties *parties = &story->workload.accounts[0].parties;
    for (uint32_t i = 0; i < (story->lie == ASKED_TOO_FAST ? 6 : 1); i++)
        call(story, CALL_BALANCE, NULL, parties, DB_NOW);
    if (story->lie == ASKED_A_BLOCKED_ACCOUNT)
        call(story, CALL_BALANCE, NULL, &story->workload.accounts[1].parties, DB_NOW);
    story->told_minor = story->lie == DEPOSIT_NOT_TOLD ? 999 : 1000;
    answer(story, 0, ANSWER_BALANCE);
    if (story->lie == ANSWERED_TWICE)
        answer(story, 0, ANSWER_BALANCE);
    if (story->lie == ASKED_AFTER_GONE) {
        auditor_hears(story->auditor, 0, &(struct event){.kind = EVENT_STORE_GONE}, story->now_ns);
        call(story, CALL_BALANCE, NULL, parties, DB_NOW);
    }
    if (story->lie == LOOKED_AT_TOO_SOON || story->lie == LOOKED_AT_TOO_LATE) {
        story->now_ns += (story->lie == LOOKED_AT_TOO_SOON ? 4999 : 30001) * NS_PER_MS;
        hear_store(story);
        call(story, CALL_BALANCE, NULL, parties, DB_NOW);
        answer(story, 0, ANSWER_BALANCE);
    }
    story->now_ns += 6 * NS_PER_S;
    if (story->lie == ASKED_WHILE_NOT_ALIVE)
        call(story, CALL_BALANCE, NULL, parties, DB_NOW);
    hear_store(story);
}

static void deposit_and_intend(struct story *story)
{
    int64_t deposit = story->lie == DEPOSIT_TOO_LARGE ? 1001 : 1000;
    if (story->lie != INTENT_WITHOUT_DEPOSIT) {
        uint16_t seq = story->lie == OUTCOME_NUMBER_SKIPPED ? 2 : 1;
        outcome(story, STEP_DEPOSIT, OUTCOME_DEPOSITED, deposit, seq, 0)->outcome.available_minor =
            deposit;
        entry(story, STEP_DEPOSIT, 0, LEDGER_VIRTUAL, LEDGER_PAYABLE, deposit);
    }
    if (story->lie == STEP_TOO_EARLY)
        intent(story, STEP_PAYOUT, 1, 850);
    intent(story, STEP_COLLECT, 1, story->lie == INTENT_OTHER_AMOUNT ? 101 : 100);
    if (story->lie == NEW_KEY_WITHOUT_REJECTION)
        intent(story, STEP_COLLECT, 2, 100);
    if (story->lie == SENT_BEFORE_COMMIT)
        send(story, STEP_COLLECT, 1, 100);
    commit(story, true);
    hear_store(story);
}

static void attempt(struct story *story, enum step_kind step)
{
    struct record *record = add(story, RECORD_ATTEMPT, step);
    record->generation = 1;
    record->attempt.number = 1;
    record->attempt.at_us = DB_NOW;
    record->attempt.send_before_us = SEND_BEFORE;
    commit(story, false);
}

static void send_collect(struct story *story)
{
    struct transfer_order order = order_of(STEP_COLLECT, 1, 100);
    struct parties parties = story->workload.accounts[0].parties;
    order.amount_minor += story->lie == SENT_OTHER_AMOUNT;
    parties.payout_account[3] ^= story->lie == SENT_OTHER_PARTIES;
    if (story->lie != BANK_PAID_UNSENT)
        call(story, CALL_TRANSFER, &order, &parties,
             story->lie == SENT_TOO_LATE ? SEND_BEFORE : DB_NOW);
    if (story->lie == SENT_TWICE_AT_ONCE)
        send(story, STEP_COLLECT, 1, 100);
    if (story->lie == SENT_AGAIN_WITHOUT_ATTEMPT) {
        answer(story, story->calls - 1, ANSWER_NOT_DONE);
        send(story, STEP_COLLECT, 1, 100);
    }
    if (story->lie == SENT_AFTER_OUTCOME)
        attempt(story, STEP_COLLECT);
    if (story->lie == SENT_AGAIN_IN_DOUBT || story->lie == SENT_AGAIN_UNDER_AN_EXPIRING_KEY) {
        answer(story, story->calls - 1, ANSWER_IN_DOUBT);
        attempt(story, STEP_COLLECT);
        send(story, STEP_COLLECT, 1, 100);
    }
}

static void book_collect(struct story *story)
{
    struct mock_transfer transfer = booked(story, STEP_COLLECT, 1, 100, 1);
    transfer.amount_minor += story->lie == BANK_PAID_ANOTHER_AMOUNT;
    transfer.fee_minor = story->lie == FEE_NOT_POSTED ? 5 : 0;
    transfer.to[0] ^= story->lie == BANK_PAID_SOMEONE_ELSE;
    transfer.key[5] ^= story->lie == BANK_KNOWS_ANOTHER_KEY;
    if (story->lie == REJECTED_WHILE_IN_DOUBT || story->lie == BANK_PAID_AFTER_REJECTION) {
        enum answer answered =
            story->lie == REJECTED_WHILE_IN_DOUBT ? ANSWER_IN_DOUBT : ANSWER_REJECTED_LATER;
        answer(story, story->calls - 1, answered);
        outcome(story, STEP_COLLECT, OUTCOME_REJECTED_LATER, 100, 2, 1);
        commit(story, false);
    }
    if (story->lie != ACCEPTED_WITHOUT_THE_BANK)
        auditor_booked(story->auditor, &transfer);
    if (story->lie == BANK_PAID_TWICE)
        auditor_booked(story->auditor, &transfer);
    if (story->lie == REJECTED_ALTHOUGH_PAID) {
        outcome(story, STEP_COLLECT, OUTCOME_REJECTED_LATER, 100, 2, 1);
        commit(story, false);
    }
    if (story->lie != BANK_PAID_UNSENT)
        answer(story, story->calls - 1, ANSWER_ACCEPTED);
}

static void park(struct story *story, const char *code)
{
    struct record *parked = outcome(story, STEP_PAYOUT, OUTCOME_PARKED, 0, 4, 1);
    snprintf(parked->outcome.text.code, sizeof(parked->outcome.text.code), "%s", code);
    commit(story, false);
}

static void record_collect(struct story *story)
{
    struct record *accepted = outcome(story, STEP_COLLECT, OUTCOME_ACCEPTED, 100, 2, 1);
    snprintf(accepted->outcome.text.bank_ref, sizeof(accepted->outcome.text.bank_ref), "%s",
             story->lie == ACCEPTED_WITH_OTHER_REFERENCE ? "tr_9" : "tr_1");
    entry(story, STEP_COLLECT, 1, LEDGER_COLLECTION, LEDGER_VIRTUAL, 100);
    if (story->lie != ENTRY_MISSING)
        entry(story, STEP_COLLECT, 1, LEDGER_PAYABLE, LEDGER_RECEIVABLE, 100);
    if (story->lie == ENTRY_WITHOUT_OUTCOME)
        entry(story, STEP_COLLECT, 1, LEDGER_FEE, LEDGER_VIRTUAL, 1);
    if (story->lie == ENTRY_OF_ZERO)
        entry(story, STEP_COLLECT, 1, LEDGER_FEE, LEDGER_VIRTUAL, 0);
    if (story->lie == ENTRY_WITH_ITSELF)
        entry(story, STEP_COLLECT, 1, LEDGER_VIRTUAL, LEDGER_VIRTUAL, 1);
    outcome(story, STEP_HOLD, OUTCOME_POSTED, 50, 3, 0);
    entry(story, STEP_HOLD, 0, LEDGER_PAYABLE, LEDGER_HELD, 50);
    intent(story, STEP_PAYOUT, 1, 850);
    if (story->lie == KEY_USED_AGAIN)
        story->records[story->record_count - 1].intent.key = key_of(STEP_COLLECT, 1);
    commit(story, false);
    if (story->lie == PARKED_WITHOUT_A_CAUSE)
        park(story, "key_expired");
    if (story->lie == PARKED_FOR_A_NO_THAT_WAS_NONE)
        park(story, "account_closed");
    if (story->lie == REVERSED_BY_NOBODY) {
        outcome(story, STEP_COLLECT, OUTCOME_REVERSED, 100, 4, 1);
        commit(story, false);
    }
    if (story->lie == SENT_AFTER_OUTCOME) {
        send(story, STEP_COLLECT, 1, 100);
        answer(story, story->calls - 1, ANSWER_ACCEPTED);
    }
}

static void ask(struct story *story, uint64_t id, uint64_t after, enum request_kind kind)
{
    const struct load_request request = {.id = id, .kind = (uint8_t)kind};
    auditor_requested(story->auditor, 0, after, &request);
}

static void decide(struct story *story, uint64_t id, enum request_kind kind,
                   enum decision_state state, const char *code)
{
    struct record *record = add(story, RECORD_DECISION, 0);
    record->decision.request_id = id;
    record->decision.request_kind = (uint8_t)kind;
    record->decision.state = (uint8_t)state;
    record->decision.at_us = DB_NOW;
    snprintf(record->decision.code, sizeof(record->decision.code), "%s", code);
}

static void decide_falsely(struct story *story)
{
    enum lie lie = story->lie;
    if (lie == DECIDED_UNASKED) {
        decide(story, 9, REQUEST_PARK, DECISION_REFUSED, "no");
        return;
    }
    ask(story, 1, 0, REQUEST_PARK);
    ask(story, 2, 1, REQUEST_PARK);
    if (lie == DECIDED_OUT_OF_ORDER)
        decide(story, 2, REQUEST_PARK, DECISION_REFUSED, "under_way");
    if (lie == NEVER_DECIDED)
        return;
    bool is_done = lie == DECIDED_AND_NOT_DONE || lie == AMENDED_TO_ANOTHER;
    decide(story, 1, lie == DECIDED_OTHERWISE ? REQUEST_RELEASE : REQUEST_PARK,
           is_done ? DECISION_DONE : DECISION_REFUSED,
           is_done ? "" : (lie == REFUSED_FOR_NOTHING ? "already_parked" : "under_way"));
    if (lie == AMENDED_TO_ANOTHER)
        story->records[story->record_count - 1].decision.mapping_id = 5;
    if (lie == DECIDED_TWICE)
        decide(story, 1, REQUEST_PARK, DECISION_REFUSED, "under_way");
}

/* What needs a person, and what persons ask for, while the payout waits to be sent. */
static void meddle(struct story *story)
{
    enum lie lie = story->lie;
    if (lie == PARKED_UNASKED)
        snprintf(outcome(story, STEP_PAYOUT, OUTCOME_PARKED, 0, 4, 1)->outcome.text.code,
                 CODE_TEXT_MAX, "parked_by_person");
    if (lie == RELEASED_UNASKED)
        outcome(story, STEP_PAYOUT, OUTCOME_RELEASED, 0, 4, 1);
    if (lie == GIVEN_UP_UNASKED)
        outcome(story, STEP_CLOSING, OUTCOME_WRITTEN_OFF, 850, 4, 0);
    if (lie == PAID_BY_HAND_UNASKED)
        outcome(story, STEP_PAYOUT, OUTCOME_BY_HAND, 850, 4, 1);
    if (lie == WENT_BACK_WITHOUT_A_REASON)
        outcome(story, STEP_PAYOUT, OUTCOME_COMPENSATING, 0, 4, 1);
    if (lie == UNDONE_WITHOUT_A_REASON) {
        intent(story, STEP_COLLECT, 7, 100);
        story->records[0].kind = TRANSFER_UNDO;
    }
    if (lie >= DECIDED_UNASKED && lie <= NEVER_DECIDED)
        decide_falsely(story);
    if (story->record_count > 0)
        commit(story, false);
}

static void pay_out(struct story *story)
{
    story->now_ns += NS_PER_S;
    hear_store(story);
    send(story, STEP_PAYOUT, 1, 850);
    struct mock_transfer transfer = booked(story, STEP_PAYOUT, 1, 850, 2);
    auditor_booked(story->auditor, &transfer);
    answer(story, story->calls - 1, ANSWER_ACCEPTED);
    if (story->lie == END_NOT_RECORDED || story->lie == SETTLED_TOO_EARLY)
        return;
    struct record *accepted = outcome(story, STEP_PAYOUT, OUTCOME_ACCEPTED, 850, 4, 1);
    snprintf(accepted->outcome.text.bank_ref, sizeof(accepted->outcome.text.bank_ref), "tr_2");
    entry(story, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, 850);
    commit(story, false);
}

static void end(struct story *story)
{
    if (story->lie != END_NOT_REACHED && story->lie != END_NOT_RECORDED) {
        call(story, CALL_BALANCE, NULL, &story->workload.accounts[0].parties, DB_NOW);
        story->told_minor = story->lie == END_NOT_TOLD ? 1000 : 50;
        answer(story, story->calls - 1, ANSWER_BALANCE);
        uint16_t seq = story->lie == SETTLED_TOO_EARLY ? 4 : 5;
        struct record *settled = outcome(story, STEP_CLOSING, OUTCOME_SETTLED, 0, seq, 0);
        settled->outcome.available_minor = 50;
        settled->outcome.held_minor = story->lie == SETTLED_WITH_OTHER_HELD ? 49 : 50;
        commit(story, false);
    }
    auditor_ends(story->auditor);
}

static void tell(struct story *story, enum lie lie)
{
    *story = (struct story){.lie = lie};
    begin(story);
    ask_for_balances(story);
    deposit_and_intend(story);
    send_collect(story);
    book_collect(story);
    record_collect(story);
    meddle(story);
    pay_out(story);
    end(story);
}

static void close_story(struct story *story)
{
    auditor_close(story->auditor);
    hash_close(story->hash);
    workload_deinit(&story->workload);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void an_honest_story_has_no_complaint(void **state)
{
    (void)state;
    struct story story;
    tell(&story, HONEST);
    const char *complaint = auditor_complaint(story.auditor);
    if (complaint != NULL)
        fail_msg("%s", complaint);
    assert_int_equal(auditor_transfers(story.auditor), 2);
    close_story(&story);
}

static void every_lie_is_named(void **state)
{
    (void)state;
    for (enum lie lie = HONEST + 1; lie < LIE_COUNT; lie++) {
        struct story story;
        tell(&story, lie);
        const char *complaint = auditor_complaint(story.auditor);
        if (complaint == NULL || strstr(complaint, complaints[lie]) == NULL)
            fail_msg("lie %d: wanted '%s', got '%s'", (int)lie, complaints[lie],
                     complaint == NULL ? "(nothing)" : complaint);
        close_story(&story);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_story_has_no_complaint),
        cmocka_unit_test(every_lie_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
