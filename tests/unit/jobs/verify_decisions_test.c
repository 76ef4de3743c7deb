/* What only a person permits, ways back, and ends other than settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify_story.h"

#define OPENING INT64_C(40)

/* ---- parts of stories ---- */

static struct story planned(void)
{
    struct story story = good_story();
    story.count = 0;
    story.seq = 0;
    return story;
}

static void deposit(struct story *story)
{
    outcome(story, STEP_DEPOSIT, OUTCOME_DEPOSITED, 0, DEPOSIT);
    entry(story, STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, DEPOSIT);
}

static void collected(struct story *story, uint16_t generation)
{
    outcome(story, STEP_COLLECT, OUTCOME_ACCEPTED, generation, REPAYMENT);
    entry(story, STEP_COLLECT, 1, LEDGER_COLLECTION, LEDGER_VIRTUAL, REPAYMENT);
    entry(story, STEP_COLLECT, 2, LEDGER_PAYABLE, LEDGER_RECEIVABLE, REPAYMENT);
}

static void held(struct story *story)
{
    outcome(story, STEP_HOLD, OUTCOME_POSTED, 0, HOLD);
    entry(story, STEP_HOLD, 1, LEDGER_PAYABLE, LEDGER_HELD, HOLD);
}

/* Up to the payout, which is sent. */
static struct story paying(void)
{
    struct story story = planned();
    deposit(&story);
    intent(&story, STEP_COLLECT, 1, REPAYMENT);
    collected(&story, 1);
    held(&story);
    intent(&story, STEP_PAYOUT, 1, REST);
    return story;
}

static void paid(struct story *story, uint16_t generation, enum outcome_state state)
{
    outcome(story, STEP_PAYOUT, state, generation, REST);
    entry(story, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, REST);
}

static void ended(struct story *story, enum outcome_state state, int64_t payable,
                  int64_t held_minor, int64_t residue)
{
    outcome(story, STEP_CLOSING, state, 0, payable);
    story->records[story->count - 1].outcome.held_minor = held_minor;
    story->records[story->count - 1].outcome.residue_minor = residue;
}

/* Of the closing step, before the outcome that it belongs to. */
static void moved(struct story *story, enum ledger_account debit, enum ledger_account credit,
                  int64_t amount)
{
    story->generation = (uint16_t)(story->seq + 1);
    entry(story, STEP_CLOSING, 1, debit, credit, amount);
}

static struct record *newest(struct story *story)
{
    return &story->records[story->count - 1];
}

/* ---- stories ---- */

static struct story parked_and_released(void)
{
    struct story story = paying();
    outcome(&story, STEP_PAYOUT, OUTCOME_REJECTED_PERSON, 1, REST);
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0);
    decided(&story, REQUEST_RELEASE, 0, 0);
    outcome(&story, STEP_PAYOUT, OUTCOME_RELEASED, 0, 0);
    intent(&story, STEP_PAYOUT, 2, REST);
    paid(&story, 2, OUTCOME_ACCEPTED);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story parked_by_a_person(void)
{
    struct story story = planned();
    decided(&story, REQUEST_PARK, 0, 0);
    outcome(&story, STEP_DEPOSIT, OUTCOME_PARKED, 0, 0);
    memcpy(newest(&story)->outcome.text.code, "parked_by_person", 17);
    return story;
}

static struct story said_to_be_paid(void)
{
    struct story story = paying();
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0);
    decided(&story, REQUEST_PAID, STEP_PAYOUT, 1);
    paid(&story, 1, OUTCOME_ACCEPTED);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story said_not_to_be_paid(void)
{
    struct story story = paying();
    decided(&story, REQUEST_NOT_PAID, STEP_PAYOUT, 1);
    outcome(&story, STEP_PAYOUT, OUTCOME_REJECTED_LATER, 1, REST);
    intent(&story, STEP_PAYOUT, 2, REST);
    paid(&story, 2, OUTCOME_ACCEPTED);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story paid_by_hand(void)
{
    struct story story = paying();
    struct verify_request *request = decided(&story, REQUEST_PAID_BY_HAND, STEP_PAYOUT, 1);
    memcpy(request->bank_ref, "slip 7", 7);
    outcome(&story, STEP_PAYOUT, OUTCOME_REJECTED_PERSON, 1, REST);
    paid(&story, 1, OUTCOME_BY_HAND);
    memcpy(story.records[story.count - 2].outcome.text.bank_ref, "slip 7", 7);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story compensated(void)
{
    struct story story = paying();
    outcome(&story, STEP_PAYOUT, OUTCOME_REJECTED_PERSON, 1, REST); // 9
    outcome(&story, STEP_PAYOUT, OUTCOME_COMPENSATING, 0, 0);       // 10
    story.kind = TRANSFER_UNDO;
    outcome(&story, STEP_HOLD, OUTCOME_POSTED, 0, HOLD);            // 11
    entry(&story, STEP_HOLD, 1, LEDGER_HELD, LEDGER_PAYABLE, HOLD); // 12
    intent(&story, STEP_COLLECT, 1, REPAYMENT);                     // 13
    outcome(&story, STEP_COLLECT, OUTCOME_ACCEPTED, 1, REPAYMENT);  // 14
    entry(&story, STEP_COLLECT, 1, LEDGER_VIRTUAL, LEDGER_COLLECTION, REPAYMENT);
    entry(&story, STEP_COLLECT, 2, LEDGER_RECEIVABLE, LEDGER_PAYABLE, REPAYMENT);
    story.kind = TRANSFER_NORMAL;
    ended(&story, OUTCOME_COMPENSATED, DEPOSIT, 0, 0);
    return story;
}

static struct story reversed_and_paid_again(void)
{
    struct story story = paying();
    paid(&story, 1, OUTCOME_ACCEPTED);
    outcome(&story, STEP_PAYOUT, OUTCOME_REVERSED, 1, REST);
    story.kind = KIND_REVERSAL;
    entry(&story, STEP_PAYOUT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, REST);
    story.kind = TRANSFER_NORMAL;
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0);
    decided(&story, REQUEST_RELEASE, 0, 0);
    outcome(&story, STEP_PAYOUT, OUTCOME_RELEASED, 0, 0);
    intent(&story, STEP_PAYOUT, 2, REST);
    paid(&story, 2, OUTCOME_ACCEPTED);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story returned(void)
{
    struct story story = good_story();
    decided(&story, REQUEST_RETURN, STEP_PAYOUT, 1); // 18
    outcome(&story, STEP_PAYOUT, OUTCOME_REVERSED, 1, REST);
    newest(&story)->outcome.seq = story.seq;
    story.kind = KIND_REVERSAL;
    entry(&story, STEP_PAYOUT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, REST);
    story.kind = TRANSFER_NORMAL;
    ended(&story, OUTCOME_RETURNED, REST, HOLD, 5);
    return story;
}

static struct story residue_released(void)
{
    struct story story = good_story();
    decided(&story, REQUEST_RELEASE, 0, 0);
    moved(&story, LEDGER_RESIDUE, LEDGER_PAYABLE, 5);
    ended(&story, OUTCOME_SETTLED, 5, HOLD, 0);
    return story;
}

static struct story raised_before_the_deposit(void)
{
    struct story story = planned();
    struct verify_request *request = decided(&story, REQUEST_RAISE, 0, 0);
    request->amount_minor = 70;
    request->residue_minor = -5;
    story.settlement.floor_residue_minor = 5;
    outcome(&story, STEP_DEPOSIT, OUTCOME_RAISED, 0, 70);
    newest(&story)->outcome.residue_minor = -5;
    deposit(&story);
    intent(&story, STEP_COLLECT, 1, REPAYMENT);
    collected(&story, 1);
    held(&story);
    intent(&story, STEP_PAYOUT, 1, REST + 70);
    outcome(&story, STEP_PAYOUT, OUTCOME_ACCEPTED, 1, REST + 70);
    entry(&story, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, REST + 70);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story raised_while_parked(void)
{
    struct story story = paying();
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0);
    decided(&story, REQUEST_RAISE, 0, 0)->amount_minor = 70;
    moved(&story, LEDGER_PAYABLE, LEDGER_RESIDUE, 70);
    outcome(&story, STEP_PAYOUT, OUTCOME_RAISED, 0, 0);
    newest(&story)->outcome.residue_minor = 70;
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 1, 0);
    decided(&story, REQUEST_PAID, STEP_PAYOUT, 1);
    paid(&story, 1, OUTCOME_ACCEPTED);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 70);
    return story;
}

static struct story written_off_untouched(void)
{
    struct story story = planned();
    story.settlement.opening_minor = OPENING;
    story.settlement.floor_payable_minor = 9;
    decided(&story, REQUEST_WRITE_OFF, 0, 0);
    entry(&story, STEP_CLOSING, 2, LEDGER_VIRTUAL, LEDGER_HELD, OPENING);
    ended(&story, OUTCOME_WRITTEN_OFF, 9, OPENING, 0);
    return story;
}

static struct story written_off_half_way(void)
{
    struct story story = planned();
    deposit(&story);
    intent(&story, STEP_COLLECT, 1, REPAYMENT);
    collected(&story, 1);
    held(&story);
    outcome(&story, STEP_PAYOUT, OUTCOME_PARKED, 0, 0);
    decided(&story, REQUEST_WRITE_OFF, 0, 0);
    ended(&story, OUTCOME_WRITTEN_OFF, REST, HOLD, 0);
    return story;
}

/* The bank took 5 out of the account: its owner bears it. */
static struct story written_off_after_a_fee(void)
{
    struct story story = planned();
    deposit(&story);
    intent(&story, STEP_COLLECT, 1, REPAYMENT);
    collected(&story, 1);
    entry(&story, STEP_COLLECT, 3, LEDGER_FEE, LEDGER_VIRTUAL, 5);
    outcome(&story, STEP_COLLECT, OUTCOME_PARKED, 1, 0);
    decided(&story, REQUEST_WRITE_OFF, 0, 0);
    story.generation = 0;
    entry(&story, STEP_CLOSING, 3, LEDGER_PAYABLE, LEDGER_FEE, 5);
    ended(&story, OUTCOME_WRITTEN_OFF, DEPOSIT - REPAYMENT - 5, 0, 0);
    return story;
}

static struct story superseded(void)
{
    struct story story = planned();
    outcome(&story, STEP_DEPOSIT, OUTCOME_SHORT, 0, 0);
    decided(&story, REQUEST_SUPERSEDE, 0, 0);
    ended(&story, OUTCOME_SUPERSEDED, 0, 0, 0);
    return story;
}

static struct story given_back(void)
{
    struct story story = planned();
    story.settlement.unhold = true;
    story.settlement.opening_minor = OPENING;
    story.settlement.floor_held_minor = 20;
    deposit(&story);
    entry(&story, STEP_DEPOSIT, 2, LEDGER_VIRTUAL, LEDGER_HELD, OPENING);
    entry(&story, STEP_DEPOSIT, 3, LEDGER_HELD, LEDGER_PAYABLE, OPENING + 20);
    intent(&story, STEP_COLLECT, 1, REPAYMENT);
    collected(&story, 1);
    held(&story);
    intent(&story, STEP_PAYOUT, 1, REST + OPENING + 20);
    outcome(&story, STEP_PAYOUT, OUTCOME_ACCEPTED, 1, REST + OPENING + 20);
    entry(&story, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, REST + OPENING + 20);
    ended(&story, OUTCOME_SETTLED, 0, HOLD, 0);
    return story;
}

static struct story amended(void)
{
    struct story story = planned();
    deposit(&story);
    struct verify_request *request = decided(&story, REQUEST_AMEND, 0, 0);
    request->mapping_id = 8;
    request->parties = 3;
    intent(&story, STEP_COLLECT, 1, REPAYMENT);
    newest(&story)->intent.mapping_id = 8;
    collected(&story, 1);
    held(&story);
    return story;
}

static struct story (*const stories[])(void) = {
    parked_and_released,
    parked_by_a_person,
    said_to_be_paid,
    said_not_to_be_paid,
    paid_by_hand,
    compensated,
    reversed_and_paid_again,
    returned,
    residue_released,
    raised_before_the_deposit,
    raised_while_parked,
    written_off_untouched,
    written_off_half_way,
    written_off_after_a_fee,
    superseded,
    given_back,
    amended,
};

#define STORIES (sizeof stories / sizeof stories[0])

/* ---- tests ---- */

static void every_story_is_whole(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        struct story story = stories[i]();
        const char *wrong = judge(&story);
        if (wrong != NULL)
            fail_msg("story %u: %s", i, wrong);
    }
}

/* Only the hash chain can miss it: a last attempt, and a person's "not paid", without which the no
   is the bank's own. */
static bool is_free(const struct story *story, uint32_t place)
{
    const struct record *record = &story->records[place];
    return record->record_kind == RECORD_ATTEMPT ||
           (record->record_kind == RECORD_DECISION &&
            record->decision.request_kind == REQUEST_NOT_PAID);
}

static void no_record_of_them_can_be_missing_but_the_last(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        uint32_t count = stories[i]().count;
        for (uint32_t place = 0; place + 1 < count; place++) {
            struct story story = stories[i]();
            if (is_free(&story, place))
                continue;
            without(&story, place);
            if (judge(&story) == NULL)
                fail_msg("story %u: record %u is missing and nobody saw", i, place);
        }
    }
}

static void no_two_neighbours_of_them_can_change_places(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        uint32_t count = stories[i]().count;
        for (uint32_t place = 0; place + 1 < count; place++) {
            struct story story = stories[i]();
            if (is_free(&story, place))
                continue;
            swapped(&story, place, place + 1);
            if (judge(&story) == NULL)
                fail_msg("story %u: records %u and %u changed places", i, place, place + 1);
        }
    }
}

/* A decision comes once by its request; all else, by its place. */
static void no_record_of_them_can_be_there_twice(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        uint32_t count = stories[i]().count;
        for (uint32_t place = 0; place < count; place++) {
            struct story story = stories[i]();
            if (story.records[place].record_kind == RECORD_DECISION)
                continue;
            story.records[story.count++] = story.records[place];
            if (judge(&story) == NULL)
                fail_msg("story %u: record %u came again at the end", i, place);
        }
    }
}

static void every_amount_of_them_is_checked(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        uint32_t count = stories[i]().count;
        for (uint32_t place = 0; place < count; place++) {
            struct story story = stories[i]();
            struct record *record = &story.records[place];
            if (record->record_kind == RECORD_INTENT)
                record->intent.amount_minor++;
            else if (record->record_kind == RECORD_ENTRY)
                record->entry.amount_minor++;
            else if (record->record_kind == RECORD_OUTCOME && record->outcome.amount_minor > 0 &&
                     record->outcome.state != OUTCOME_SHORT)
                record->outcome.amount_minor++;
            else
                continue;
            if (judge(&story) == NULL)
                fail_msg("story %u: record %u has another amount", i, place);
        }
    }
}

/* One that was not done permits nothing; what permits one thing permits no other. */
static void a_decision_permits_what_it_says_and_nothing_else(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STORIES; i++) {
        uint32_t count = stories[i]().count;
        for (uint32_t place = 0; place < count; place++) {
            for (uint8_t kind = 0; kind <= REQUEST_RAISE; kind++) {
                struct story story = stories[i]();
                if (story.records[place].record_kind != RECORD_DECISION ||
                    story.requests[place]->kind == kind || (kind == 0 && is_free(&story, place)))
                    continue;
                struct verify_request other = *story.requests[place];
                other.kind = kind;
                story.requests[place] = &other;
                if (kind == 0)
                    story.records[place].decision.state = DECISION_REFUSED;
                if (judge(&story) == NULL)
                    fail_msg("story %u: decision %u may be of kind %u", i, place, kind);
            }
        }
    }
}

static void a_word_is_about_the_transfer_that_was_seen(void **state)
{
    (void)state;
    static const char not_as_it_stands[] =
        "a decision that cannot be done as the settlement stands";
    struct story story = paid_by_hand();
    struct verify_request other = *story.requests[9];
    assert_int_equal(other.kind, REQUEST_PAID_BY_HAND);
    story.requests[9] = &other;
    other.attempts = 1;
    assert_string_equal(judge(&story), not_as_it_stands);
    other.attempts = 0;
    other.generation = 2;
    assert_string_equal(judge(&story), not_as_it_stands);
    other.generation = 1;
    other.step = STEP_COLLECT;
    assert_string_equal(judge(&story), not_as_it_stands);
    other.step = STEP_PAYOUT;
    other.transfer_kind = TRANSFER_UNDO;
    assert_string_equal(judge(&story), not_as_it_stands);
    other.transfer_kind = TRANSFER_NORMAL;
    assert_null(judge(&story));
    other.bank_ref[0] = 'x';
    assert_string_equal(judge(&story), "a step done by hand under another reference than was told");
}

static void nothing_moves_while_it_is_parked(void **state)
{
    (void)state;
    struct story story = parked_and_released();
    without(&story, 11);
    without(&story, 11); // the decision, and the release
    assert_string_equal(judge(&story), "an intent of a parked settlement");
    story = said_to_be_paid();
    without(&story, 10);
    assert_string_equal(judge(&story), "a parked settlement went on without a person");
    story = parked_by_a_person();
    without(&story, 0);
    assert_string_equal(judge(&story), "parked by a person who did not ask for it");
    // Records that the database refused leave a second one.
    story = parked_by_a_person();
    outcome(&story, STEP_DEPOSIT, OUTCOME_PARKED, 0, 0);
    assert_string_equal(judge(&story), "a parked settlement went on without a person");
    memcpy(newest(&story)->outcome.text.code, "record_refused", 15);
    assert_null(judge(&story));
}

static void ends_need_a_person_where_no_step_leads_to_them(void **state)
{
    (void)state;
    struct story story = superseded();
    without(&story, 1);
    assert_string_equal(judge(&story), "an end that nobody asked for");
    story = written_off_untouched();
    story.settlement.is_opened = false;
    assert_string_equal(judge(&story), "an end of a settlement that never opened");
    story = residue_released();
    without(&story, 18);
    assert_string_equal(judge(&story), "an entry that its step does not have");
    story = returned();
    without(&story, 18);
    assert_string_equal(judge(&story), "an outcome after the settlement's end");
    story = written_off_half_way();
    newest(&story)->outcome.residue_minor = 1;
    assert_string_equal(judge(&story), "an end with another residue than the entries give");
    newest(&story)->outcome.residue_minor = 0;
    newest(&story)->outcome.held_minor = 0;
    assert_string_equal(judge(&story), "an end with another held amount than the entries give");
    newest(&story)->outcome.held_minor = HOLD;
    newest(&story)->outcome.amount_minor = 0;
    assert_string_equal(judge(&story), "an end with another payable amount than the entries give");
}

static void what_goes_backwards_undoes_the_newest_step_first(void **state)
{
    (void)state;
    struct story story = compensated();
    story.records[10].outcome.state = OUTCOME_PARKED; // nobody goes back by himself then
    assert_non_null(judge(&story));
    story = compensated();
    story.records[13].kind = TRANSFER_NORMAL;
    assert_string_equal(judge(&story), "an intent out of the order of steps");
    story = compensated();
    story.records[15].kind = TRANSFER_NORMAL;
    assert_string_equal(judge(&story), "an entry that its step does not have");
    story = compensated(); // the bank refuses to give it back: a person's
    story.records[14].outcome.state = OUTCOME_REJECTED_LATER;
    story.count = 15;
    story.seq--;
    assert_string_equal(judge(&story), "a final no, a reversal or the person's fee did not park");
    outcome(&story, STEP_COLLECT, OUTCOME_PARKED, 1, 0);
    assert_null(judge(&story));
    story = compensated();
    story.settlement.hold_by_transfer = true;
    assert_non_null(judge(&story));
}

static void what_came_back_once_comes_back_no_more(void **state)
{
    (void)state;
    struct story story = returned();
    decided(&story, REQUEST_RETURN, STEP_PAYOUT, 1);
    assert_string_equal(judge(&story), "a decision that cannot be done as the settlement stands");
    story = paid_by_hand(); // no transfer of ours
    decided(&story, REQUEST_RETURN, STEP_PAYOUT, 1);
    assert_string_equal(judge(&story), "a decision that cannot be done as the settlement stands");
    story = residue_released();
    decided(&story, REQUEST_RELEASE, 0, 0);
    assert_string_equal(judge(&story), "a decision that cannot be done as the settlement stands");
}

static void a_refused_amendment_changes_no_names(void **state)
{
    (void)state;
    struct story story = amended();
    story.records[2].decision.state = DECISION_REFUSED;
    assert_string_equal(judge(&story), "an intent with another mapping than the plan");
    story.records[3].intent.mapping_id = 7;
    assert_null(judge(&story));
}

static void closing_records_count_first_ends_and_parks_that_are_news(void **state)
{
    (void)state;
    struct story story = raised_while_parked();
    struct verify_settlement settlement = story.settlement;
    uint32_t parks = 0, ends = 0;
    for (uint32_t i = 0; i < story.count; i++) {
        const struct record *record = &story.records[i];
        bool counts =
            record->record_kind == RECORD_OUTCOME && verify_settlement_counts(&settlement, record);
        parks += counts && record->outcome.state == OUTCOME_PARKED;
        ends += counts && outcome_is_end(record->outcome.state);
        if (record->record_kind == RECORD_DECISION)
            assert_null(verify_settlement_decision(&settlement, record, story.requests[i]));
        else
            assert_null(verify_settlement_record(&settlement, hash, record));
    }
    assert_int_equal(parks, 1);
    assert_int_equal(ends, 1);
    struct record further = {.record_kind = RECORD_OUTCOME, .outcome = {.state = OUTCOME_SETTLED}};
    assert_false(verify_settlement_counts(&settlement, &further));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_story_is_whole),
        cmocka_unit_test(no_record_of_them_can_be_missing_but_the_last),
        cmocka_unit_test(no_two_neighbours_of_them_can_change_places),
        cmocka_unit_test(no_record_of_them_can_be_there_twice),
        cmocka_unit_test(every_amount_of_them_is_checked),
        cmocka_unit_test(a_decision_permits_what_it_says_and_nothing_else),
        cmocka_unit_test(a_word_is_about_the_transfer_that_was_seen),
        cmocka_unit_test(nothing_moves_while_it_is_parked),
        cmocka_unit_test(ends_need_a_person_where_no_step_leads_to_them),
        cmocka_unit_test(what_goes_backwards_undoes_the_newest_step_first),
        cmocka_unit_test(what_came_back_once_comes_back_no_more),
        cmocka_unit_test(a_refused_amendment_changes_no_names),
        cmocka_unit_test(closing_records_count_first_ends_and_parks_that_are_news),
    };
    return cmocka_run_group_tests(tests, open_hash, close_hash);
}
