#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify_story.h"

static void a_settlement_by_the_rules_is_whole(void **state)
{
    (void)state;
    struct story story = good_story();
    assert_null(judge(&story));
}

static void opening_money_and_a_floor_are_counted(void **state)
{
    (void)state;
    struct story story = good_story();
    story.settlement.opening_minor = 40;
    story.settlement.floor_residue_minor = 3;
    assert_string_equal(judge(&story), "entries of the outcome before are missing");
    memmove(&story.records[4], &story.records[3], 15 * sizeof story.records[0]);
    story.count++;
    story.records[3] = (struct record){.record_kind = RECORD_ENTRY,
                                       .step = STEP_DEPOSIT,
                                       .entry = {2, LEDGER_VIRTUAL, LEDGER_HELD, 40}};
    story.records[18].outcome.held_minor = HOLD + 40;
    story.records[18].outcome.residue_minor = 8;
    assert_null(judge(&story));
}

static void no_record_can_be_missing(void **state)
{
    (void)state;
    for (uint32_t place = 0; place < 17; place++) {
        struct story story = good_story();
        if (place == 6) // a last attempt: only the hash chain can miss it
            continue;
        without(&story, place);
        if (judge(&story) == NULL)
            fail_msg("record %u is missing and nobody saw", place);
    }
}

static void no_two_neighbours_can_change_places(void **state)
{
    (void)state;
    for (uint32_t place = 0; place + 1 < 18; place++) {
        struct story story = good_story();
        if (place == 6) // an attempt may come before or after "pending"
            continue;
        swapped(&story, place, place + 1);
        if (judge(&story) == NULL)
            fail_msg("records %u and %u changed places and nobody saw", place, place + 1);
    }
}

static void no_record_can_be_there_twice(void **state)
{
    (void)state;
    for (uint32_t place = 0; place < 18; place++) {
        struct story story = good_story();
        story.records[story.count++] = story.records[place];
        if (judge(&story) == NULL)
            fail_msg("record %u came again at the end and nobody saw", place);
    }
}

static void every_amount_is_checked(void **state)
{
    (void)state;
    static const uint32_t amounts[] = {1, 2, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        struct story story = good_story();
        struct record *record = &story.records[amounts[i]];
        if (record->record_kind == RECORD_INTENT)
            record->intent.amount_minor++;
        else if (record->record_kind == RECORD_ENTRY)
            record->entry.amount_minor++;
        else
            record->outcome.amount_minor++;
        if (judge(&story) == NULL)
            fail_msg("record %u has another amount and nobody saw", amounts[i]);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    struct story story = good_story();
    story.settlement.is_opened = false;
    assert_string_equal(judge(&story), "a deposit of a settlement that never opened");
    story = good_story();
    story.records[3].intent.key.bytes[0] ^= 1;
    assert_string_equal(judge(&story), "an intent with a key that is not its own");
    story = good_story();
    story.records[3].intent.mapping_id = 8;
    assert_string_equal(judge(&story), "an intent with another mapping than the plan");
    story = good_story();
    without(&story, 4);
    assert_string_equal(judge(&story),
                        "a new generation although the old one was not rejected for now");
    story = good_story();
    story.records[4].outcome.state = OUTCOME_REJECTED_PERSON;
    assert_string_equal(judge(&story),
                        "a record where a final no, a reversal or the person's fee must park");
    story = good_story();
    story.records[9].entry.credit = LEDGER_HELD;
    assert_string_equal(judge(&story), "an entry that its step does not have");
    story = good_story();
    story.records[17].outcome.held_minor++;
    assert_string_equal(judge(&story), "an end with another held amount than the entries give");
    story = good_story();
    story.records[17].outcome.residue_minor++;
    assert_string_equal(judge(&story), "an end with another residue than the entries give");
    story = good_story();
    story.records[11].outcome.state = 19;
    assert_string_equal(judge(&story), "an outcome that this program does not know");
    story = good_story();
    story.count = 15; // accepted, and its entry is cut off
    assert_string_equal(judge(&story), "entries of the last outcome are missing");
}

static void a_held_transfer_leaves_the_account(void **state)
{
    (void)state;
    struct story story = good_story();
    story.count = 11;
    story.seq = 5;
    intent(&story, STEP_HOLD, 1, HOLD);
    outcome(&story, STEP_HOLD, OUTCOME_ACCEPTED, 1, HOLD);
    entry(&story, STEP_HOLD, 1, LEDGER_PAYABLE, LEDGER_HELD, HOLD);
    entry(&story, STEP_HOLD, 2, LEDGER_SUSPENSE, LEDGER_VIRTUAL, HOLD);
    intent(&story, STEP_PAYOUT, 1, REST);
    outcome(&story, STEP_PAYOUT, OUTCOME_ACCEPTED, 1, REST);
    entry(&story, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, REST);
    outcome(&story, STEP_CLOSING, OUTCOME_SETTLED, 0, 0);
    assert_string_equal(judge(&story), "a transfer for the hold, which this batch posts");
    story.settlement.hold_by_transfer = true;
    assert_null(judge(&story)); // nothing of it is held in the account
    story.records[story.count - 1].outcome.held_minor = HOLD;
    assert_non_null(judge(&story));
}

static void a_hold_is_not_posted_where_the_batch_transfers_it(void **state)
{
    (void)state;
    struct story story = good_story();
    story.settlement.hold_by_transfer = true;
    assert_string_equal(judge(&story), "a hold posted, which this batch transfers");
}

/* The good story up to the payout, which is then reversed and parked. */
static struct story reversed_story(void)
{
    struct story story = good_story();
    story.count = 16;
    story.seq = (uint16_t)story.records[14].outcome.seq;
    outcome(&story, STEP_PAYOUT, OUTCOME_REVERSED, 1, REST);             // 16
    entry(&story, STEP_PAYOUT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, REST); // 17
    story.records[17].kind = KIND_REVERSAL;
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0); // 18
    return story;
}

static void a_reversal_mirrors_what_was_accepted_and_parks(void **state)
{
    (void)state;
    struct story story = reversed_story();
    assert_null(judge(&story));
    story = reversed_story();
    story.records[17].kind = TRANSFER_NORMAL; // not marked as one that takes back
    assert_non_null(judge(&story));
    story = reversed_story();
    story.records[17].entry.debit = LEDGER_PAYABLE;
    story.records[17].entry.credit = LEDGER_VIRTUAL; // the same once more
    assert_string_equal(judge(&story), "an entry that its step does not have");
    story = reversed_story();
    story.records[16].generation = 2;
    assert_string_equal(judge(&story), "a transfer reversed that was not accepted");
    story = reversed_story();
    story.records[16].outcome.amount_minor--;
    assert_string_equal(judge(&story), "a transfer reversed with another amount than was accepted");
    story = reversed_story();
    story.records[17].entry.amount_minor--;
    assert_non_null(judge(&story));
    story = reversed_story();
    without(&story, 17);
    assert_string_equal(judge(&story), "entries of the outcome before are missing");
    story = reversed_story();
    story.count--; // and nobody looks at it
    assert_string_equal(judge(&story), "a final no, a reversal or the person's fee did not park");
    story = reversed_story();
    story.records[18].outcome.state = OUTCOME_SETTLED;
    assert_non_null(judge(&story));
    story = reversed_story();
    story.records[18].outcome.state = OUTCOME_REVERSED;
    story.records[18].outcome.amount_minor = REST; // twice
    assert_string_equal(judge(&story), "a transfer reversed that was not accepted");
}

static void a_collect_is_reversed_by_both_its_lines(void **state)
{
    (void)state;
    struct story story = good_story();
    story.count = 16;
    story.seq = (uint16_t)story.records[14].outcome.seq;
    outcome(&story, STEP_COLLECT, OUTCOME_REVERSED, 2, REPAYMENT);
    entry(&story, STEP_COLLECT, 1, LEDGER_VIRTUAL, LEDGER_COLLECTION, REPAYMENT);
    entry(&story, STEP_COLLECT, 2, LEDGER_RECEIVABLE, LEDGER_PAYABLE, REPAYMENT);
    story.records[17].kind = story.records[18].kind = KIND_REVERSAL;
    outcome(&story, STEP_COLLECT, OUTCOME_PARKED, 2, 0);
    assert_null(judge(&story));
    without(&story, 18);
    assert_non_null(judge(&story));
}

/* The payout of the good story, with a fee, and what followed. */
static struct story fee_story(enum ledger_account from)
{
    struct story story = good_story();
    story.count = 16;
    story.seq = (uint16_t)story.records[14].outcome.seq;
    story.generation = 1;
    entry(&story, STEP_PAYOUT, 2, LEDGER_FEE, from, 5); // 16
    if (from == LEDGER_VIRTUAL)
        outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0); // 17
    else
        outcome(&story, STEP_CLOSING, OUTCOME_SETTLED, 0, 0); // 17
    story.records[17].outcome.held_minor = from == LEDGER_VIRTUAL ? 0 : HOLD;
    return story;
}

static void a_fee_comes_after_its_transfer_from_the_house_or_parks(void **state)
{
    (void)state;
    struct story story = fee_story(LEDGER_COLLECTION);
    assert_null(judge(&story));
    story = fee_story(LEDGER_VIRTUAL);
    assert_null(judge(&story));
    static const char no_fee[] = "a fee that no accepted transfer asks for";
    story = fee_story(LEDGER_PAYABLE);
    assert_string_equal(judge(&story), no_fee);
    story = fee_story(LEDGER_COLLECTION);
    story.records[16].entry.line = 3;
    assert_string_equal(judge(&story), no_fee);
    story = fee_story(LEDGER_COLLECTION);
    story.records[16].step = STEP_COLLECT;
    assert_string_equal(judge(&story), no_fee);
    story = fee_story(LEDGER_COLLECTION);
    story.records[16].entry.amount_minor = 0;
    assert_non_null(judge(&story));
    story = fee_story(LEDGER_VIRTUAL);
    story.count--;
    assert_string_equal(judge(&story), "a final no, a reversal or the person's fee did not park");
    story = good_story();
    story.count = 13; // after a post, no bank took anything
    story.seq = (uint16_t)story.records[11].outcome.seq;
    entry(&story, STEP_HOLD, 2, LEDGER_FEE, LEDGER_COLLECTION, 5);
    assert_string_equal(judge(&story), no_fee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_settlement_by_the_rules_is_whole),
        cmocka_unit_test(opening_money_and_a_floor_are_counted),
        cmocka_unit_test(no_record_can_be_missing),
        cmocka_unit_test(no_two_neighbours_can_change_places),
        cmocka_unit_test(no_record_can_be_there_twice),
        cmocka_unit_test(every_amount_is_checked),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_held_transfer_leaves_the_account),
        cmocka_unit_test(a_hold_is_not_posted_where_the_batch_transfers_it),
        cmocka_unit_test(a_reversal_mirrors_what_was_accepted_and_parks),
        cmocka_unit_test(a_collect_is_reversed_by_both_its_lines),
        cmocka_unit_test(a_fee_comes_after_its_transfer_from_the_house_or_parks),
    };
    return cmocka_run_group_tests(tests, open_hash, close_hash);
}
