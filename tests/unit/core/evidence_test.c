/* What a person's word about a transfer in doubt, or one that came back, is worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/request.h"
#include "harness.h"

static struct bank_rules *rules(void)
{
    return &world->config.banks[0];
}

static void again(void)
{
    world_close(NULL);
    world_open(NULL);
}

/* A payout in doubt, sent `ago_ns` before the start by an earlier run. */
static struct account *add_doubt(uint64_t ago_ns)
{
    struct account *account = add_under_way(STEP_HOLD);
    add_intent(account, STEP_PAYOUT, 650, ago_ns);
    return account;
}

/* … for which that run called a person. */
static struct account *add_parked_doubt(uint64_t ago_ns)
{
    return park_before(add_doubt(ago_ns), PARK_LINGER_UNKNOWN);
}

static void always(struct account *account, enum call_kind kind, struct said said)
{
    account->scripts[kind].is_endless = true;
    say(account, kind, said);
}

#define ALWAYS(account, kind, ...) always(account, kind, (struct said){__VA_ARGS__})

/* It is as it was before anybody asked. */
static void assert_untouched(uint32_t position)
{
    assert_int_equal(count_records(position, RECORD_OUTCOME), 0);
    assert_int_equal(count_records(position, RECORD_ENTRY), 0);
    assert_int_equal(count_calls(position, CALL_TRANSFER), 0);
}

/* The word counted, and the settlement went on from there. */
static void assert_word_counted(uint32_t position, enum request_kind word)
{
    assert_settled(position);
    switch (word) {
    case REQUEST_PAID:
        assert_int_equal(outcome_of(position, OUTCOME_ACCEPTED)->generation, 1);
        assert_int_equal(count_calls(position, CALL_TRANSFER), 0);
        return;
    case REQUEST_PAID_BY_HAND:
        assert_string_equal(outcome_of(position, OUTCOME_BY_HAND)->outcome.text.bank_ref, "SLIP 7");
        assert_int_equal(outcome_of(position, OUTCOME_BY_HAND)->generation, 1);
        assert_int_equal(outcome_of(position, OUTCOME_REJECTED_PERSON)->generation, 1);
        assert_int_equal(count_calls(position, CALL_TRANSFER), 0);
        return;
    case REQUEST_NOT_PAID:
        assert_int_equal(outcome_of(position, OUTCOME_REJECTED_LATER)->generation, 1);
        assert_int_equal(outcome_of(position, OUTCOME_ACCEPTED)->generation, 2);
        assert_int_equal(count_calls(position, CALL_TRANSFER), 1);
        return;
    case REQUEST_PARK:
    case REQUEST_RELEASE:
    case REQUEST_AMEND:
    case REQUEST_WRITE_OFF:
    case REQUEST_RATE:
    case REQUEST_SUPERSEDE:
    case REQUEST_RETURN:
    case REQUEST_RAISE:
        break;
    }
    fail();
}

static const enum request_kind words[] = {REQUEST_PAID, REQUEST_PAID_BY_HAND, REQUEST_NOT_PAID};

/* Where the money is if the word is true. */
static void make_true(struct account *account, enum request_kind word)
{
    account->balance_minor = word == REQUEST_NOT_PAID ? 700 : 50;
}

/* ---- what the bank says ---------------------------------------------------------------------- */

struct weighed {
    enum answer answer;
    const char *codes[3]; /* by word; NULL: it counts */
};

static const struct weighed weighed[] = {
    {ANSWER_ACCEPTED, {NULL, REQUEST_CODE_BANK_PAID, REQUEST_CODE_BANK_PAID}},
    {ANSWER_PENDING,
     {REQUEST_CODE_BANK_PENDING, REQUEST_CODE_BANK_PENDING, REQUEST_CODE_BANK_PENDING}},
    {ANSWER_REJECTED_LATER, {REQUEST_CODE_BANK_REJECTED, NULL, NULL}},
    {ANSWER_REJECTED_PERSON, {REQUEST_CODE_BANK_REJECTED, NULL, NULL}},
    {ANSWER_NOT_FOUND, {REQUEST_CODE_BANK_UNKNOWN, NULL, NULL}},
};
#define WEIGHED_COUNT (sizeof(weighed) / sizeof(weighed[0]))

static void a_word_counts_where_the_bank_does_not_contradict_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * 3 * WEIGHED_COUNT; i++) {
        const struct weighed *row = &weighed[i / 6];
        enum request_kind word = words[i / 2 % 3];
        again();
        world->config.scope = i % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        struct account *account = add_parked_doubt(60 * S);
        ALWAYS(account, CALL_INQUIRY, .answer = row->answer, .code = "BANK");
        make_true(account, word);
        struct load_request *request = ask_word(1, word);
        run_to_end(SETTLE_END_COMPLETE);
        const char *code = row->codes[i / 2 % 3];
        if (code != NULL) {
            assert_refused_as(request, code);
            assert_untouched(1);
        } else {
            assert_done(request);
            assert_word_counted(1, word);
        }
    }
}

/* It is not parked: refused or not, what the bank said means to it what it always means. */
static void a_refused_word_about_one_under_way_does_not_keep_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * WEIGHED_COUNT; i++) {
        const struct weighed *row = &weighed[i / 3];
        enum request_kind word = words[i % 3];
        again();
        struct account *account = add_doubt(60 * S);
        SAY(account, CALL_INQUIRY, .answer = row->answer, .code = "BANK");
        SAY(account, CALL_INQUIRY, .answer = row->answer, .code = "BANK");
        ALWAYS(account, CALL_INQUIRY, .answer = row->answer, .code = "BANK");
        if (row->answer == ANSWER_ACCEPTED)
            account->balance_minor = 50;
        else
            make_true(account, word);
        struct load_request *request = ask_word(1, word);
        start();
        run_for(5 * S);
        const char *code = row->codes[i % 3];
        if (code == NULL)
            assert_word_counted(1, word);
        else
            assert_refused_as(request, code);
        run_for(60 * S);
        assert_true(is_done());
        audit_end();
        audit_answered();
        if (row->answer == ANSWER_ACCEPTED)
            assert_settled(1);
        if (row->answer == ANSWER_PENDING)
            assert_non_null(outcome_of(1, OUTCOME_PENDING));
    }
}

/* A command alone that is refused leaves it to the next run. */
static void a_refused_word_alone_leaves_it_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * WEIGHED_COUNT; i++) {
        const char *code = weighed[i / 3].codes[i % 3];
        if (code == NULL)
            continue;
        again();
        world->config.scope = SETTLE_REQUESTED;
        ALWAYS(add_doubt(60 * S), CALL_INQUIRY, .answer = weighed[i / 3].answer);
        struct load_request *request = ask_word(1, words[i % 3]);
        run_to_end(SETTLE_END_COMPLETE);
        assert_refused_as(request, code);
        assert_untouched(1);
        assert_int_equal(settle_counts(world->settle)->in_doubt, 0);
    }
}

static void the_bank_s_own_no_is_what_is_recorded(void **state)
{
    (void)state;
    static const struct {
        enum request_kind word;
        enum answer answer;
        const char *said, *code;
        enum outcome_state no;
    } rows[] = {
        {REQUEST_NOT_PAID, ANSWER_REJECTED_PERSON, "E7", "E7", OUTCOME_REJECTED_LATER},
        {REQUEST_NOT_PAID, ANSWER_REJECTED_LATER, "", REQUEST_WORD_NOT_PAID,
         OUTCOME_REJECTED_LATER},
        {REQUEST_NOT_PAID, ANSWER_NOT_FOUND, "E8", REQUEST_WORD_NOT_PAID, OUTCOME_REJECTED_LATER},
        {REQUEST_PAID_BY_HAND, ANSWER_REJECTED_LATER, "E7", "E7", OUTCOME_REJECTED_PERSON},
        {REQUEST_PAID_BY_HAND, ANSWER_NOT_FOUND, "E8", REQUEST_WORD_NOT_PAID,
         OUTCOME_REJECTED_PERSON},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        again();
        struct account *account = add_parked_doubt(60 * S);
        ALWAYS(account, CALL_INQUIRY, .answer = rows[i].answer, .code = rows[i].said);
        make_true(account, rows[i].word);
        ask_word(1, rows[i].word);
        run_to_end(SETTLE_END_COMPLETE);
        assert_string_equal(outcome_of(1, rows[i].no)->outcome.text.code, rows[i].code);
        assert_settled(1);
    }
}

static void a_fee_that_the_bank_names_with_its_word_is_taken_account_of(void **state)
{
    (void)state;
    struct account *account = add_parked_doubt(60 * S);
    ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED, .fee_minor = 3);
    assert_non_null(ask_word(1, REQUEST_PAID));
    run_to_end(SETTLE_END_COMPLETE);
    assert_parked(1, PARK_FEE_TAKEN);
    assert_int_equal(balance_of(1, LEDGER_FEE), 3);
}

/* ---- the bank is silent ---------------------------------------------------------------------- */

static void a_bank_that_gives_no_answer_decides_nothing(void **state)
{
    (void)state;
    static const enum answer answers[] = {ANSWER_IN_DOUBT, ANSWER_NOT_DONE, ANSWER_BALANCE,
                                          ANSWER_CHANGED};
    for (size_t i = 0; i < 2 * 3 * 4; i++) {
        again();
        struct account *account = i % 2 == 0 ? add_parked_doubt(60 * S) : add_doubt(60 * S);
        ALWAYS(account, CALL_INQUIRY, .answer = answers[i / 6]);
        struct load_request *request = ask_word(1, words[i / 2 % 3]);
        run_to_end(i % 2 == 0 ? SETTLE_END_COMPLETE : SETTLE_END_DOUBT);
        assert_decided(request, DECISION_BUSY, REQUEST_CODE_BANK_SILENT);
        assert_untouched(1);
    }
}

static void a_bank_that_answers_at_the_last_try_is_heard(void **state)
{
    (void)state;
    struct account *account = add_parked_doubt(60 * S);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
    account->balance_minor = 50;
    struct load_request *request = ask_word(1, REQUEST_PAID);
    run_to_end(SETTLE_END_COMPLETE);
    assert_done(request);
    assert_settled(1);
}

static void a_word_waits_for_the_bank_no_longer_than_a_run_waits(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        again();
        world->config.resolve_wait_ns = 1 * S;
        world->config.poll_tries = 100;
        world->config.scope = i == 3 ? SETTLE_REQUESTED : SETTLE_ALL;
        struct account *account = i == 0 || i == 3 ? add_doubt(60 * S)
                                  : i == 4         ? add_ended(OUTCOME_SETTLED, 0, 0)
                                                   : add_parked_doubt(60 * S);
        // It says slow down for a minute, or for ever that it does not know.
        if (i == 2)
            SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true,
                .retry_after_ns = 60 * S);
        else
            ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT);
        struct load_request *request =
            i == 4 ? ask_return(1, STEP_PAYOUT, 1) : ask_word(1, REQUEST_NOT_PAID);
        run_to_end_within(5 * S, i == 0 ? SETTLE_END_DOUBT : SETTLE_END_COMPLETE);
        assert_decided(request, DECISION_BUSY, REQUEST_CODE_BANK_SILENT);
        assert_untouched(1);
        assert_int_equal(settle_counts(world->settle)->in_doubt, i == 0);
    }
}

static void a_stop_in_the_middle_leaves_the_request_open(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        again();
        struct account *account = i == 0 ? add_doubt(60 * S) : add_parked_doubt(60 * S);
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_IN_DOUBT);
        struct load_request *request = ask_word(1, REQUEST_PAID);
        stop_at(START_NS + 30 * MS);
        run_to_end(SETTLE_END_STOPPED);
        assert_null(decision_of(request->id));
        assert_untouched(1);
        // Parked, it counts as that alone.
        assert_int_equal(settle_counts(world->settle)->in_doubt, i == 0);
    }
}

static void an_answer_that_comes_while_a_run_drains_still_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        again();
        struct account *account = add_parked_doubt(60 * S);
        ALWAYS(account, CALL_INQUIRY, .after_ns = 100 * MS,
               .answer = words[i] == REQUEST_PAID ? ANSWER_ACCEPTED : ANSWER_REJECTED_LATER);
        struct load_request *request = ask_word(1, words[i]);
        stop_at(START_NS + 50 * MS);
        run_to_end(SETTLE_END_STOPPED);
        assert_done(request);
        assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
        assert_null(outcome_of(1, OUTCOME_SETTLED));
    }
}

/* ---- when it is too early -------------------------------------------------------------------- */

static void what_may_still_arrive_cannot_be_said_not_to_be_paid(void **state)
{
    (void)state;
    // Sent 1.2 s ago, it was permitted for 1 s; 0.7 s more it may linger and be processed.
    for (size_t i = 0; i < 2 * 2 * 3; i++) {
        bool by_key = i / 6 == 0;
        if (!by_key && i % 6 / 2 == 0)
            continue; // that it was paid nobody contradicts
        again();
        world->config.scope = i % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        rules()->inquiry = by_key ? INQUIRY_BY_KEY : INQUIRY_NONE;
        struct account *account = add_parked_doubt(1200 * MS);
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
        struct load_request *request = ask_word(1, words[i % 6 / 2]);
        run_to_end(SETTLE_END_COMPLETE);
        assert_refused_as(request, REQUEST_CODE_TOO_EARLY);
        assert_untouched(1);
        assert_int_equal(count_calls(1, CALL_INQUIRY), by_key);
    }
}

/* By the records it is late, but who had the batch before may have sent until its own permission
   ended by a clock that was set. */
static void what_is_late_by_the_database_alone_waits_for_our_own_clock(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * 2 * 2 * 2; i++) {
        again();
        rules()->inquiry = i % 2 == 0 ? INQUIRY_BY_KEY : INQUIRY_REPEAT;
        bool is_alone = i / 8 == 1;
        world->config.scope = is_alone ? SETTLE_REQUESTED : SETTLE_ALL;
        struct account *account = is_alone ? add_doubt(60 * S) : add_parked_doubt(60 * S);
        enum request_kind word = words[1 + i / 2 % 2];
        make_true(account, word);
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
        if (i / 4 % 2 == 1)
            world->config.resolve_wait_ns = 1 * S; // no longer than a run waits
        struct load_request *request = ask_word(1, word);
        start();
        run_for(900 * MS);
        assert_null(decision_of(request->id));
        run_to_end(SETTLE_END_COMPLETE);
        if (i / 4 % 2 == 0) {
            assert_done(request);
            assert_word_counted(1, word);
            assert_true(world->now_ns >= START_NS + 1700 * MS);
        } else if (i % 2 == 0) {
            assert_decided(request, DECISION_BUSY, REQUEST_CODE_BANK_SILENT);
            assert_untouched(1);
        } else {
            assert_refused_as(request, REQUEST_CODE_TOO_EARLY);
            assert_untouched(1);
        }
    }
}

static void
where_nobody_knows_how_long_it_lingers_no_word_says_that_it_will_not_arrive(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * 3; i++) {
        again();
        rules()->linger_ns = AT_NEVER;
        rules()->inquiry = i % 2 == 0 ? INQUIRY_BY_KEY : INQUIRY_NONE;
        struct account *account = add_parked_doubt(3600 * S);
        account->balance_minor = 50;
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
        struct load_request *request = ask_word(1, words[i / 2]);
        run_to_end(SETTLE_END_COMPLETE);
        if (words[i / 2] != REQUEST_PAID) {
            assert_refused_as(request, PARK_LINGER_UNKNOWN);
            assert_untouched(1);
        } else if (i % 2 == 0) {
            assert_refused_as(request, REQUEST_CODE_BANK_UNKNOWN);
        } else {
            assert_done(request);
        }
    }
}

/* However long ago that was. */
static void what_the_bank_once_had_is_not_gone_because_it_is_not_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        again();
        struct account *account = add_parked_doubt(60 * S);
        account->row.transfer.state = OUTCOME_PENDING;
        account->row.transfer.decided_at_us = db_us(START_NS - 59 * S);
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
        ALWAYS(add_doubt(60 * S), CALL_INQUIRY, .answer = ANSWER_IN_DOUBT); // keeps the run going
        start();
        run_for(4 * S);
        struct load_request *request = ask_word(1, words[i]);
        run_to_end(SETTLE_END_DOUBT);
        assert_refused_as(request, REQUEST_CODE_TOO_EARLY);
        assert_untouched(1);
    }
}

static void of_a_key_that_the_bank_keeps_no_longer_the_word_alone_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * 3; i++) {
        again();
        rules()->key_lifetime_ns = 30 * S;
        struct account *account = add_parked_doubt(60 * S);
        if (i % 2 == 1)
            account->row.transfer.state = OUTCOME_PENDING;
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
        make_true(account, words[i / 2]);
        struct load_request *request = ask_word(1, words[i / 2]);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(request);
        assert_word_counted(1, words[i / 2]);
    }
}

/* ---- banks that cannot be asked by key ------------------------------------------------------- */

static void where_the_bank_cannot_be_asked_the_word_alone_counts(void **state)
{
    (void)state;
    static const enum inquiry_kind inquiries[] = {INQUIRY_NONE, INQUIRY_REPEAT};
    for (size_t i = 0; i < 2 * 2 * 3; i++) {
        again();
        rules()->inquiry = inquiries[i % 2];
        world->config.scope = i / 2 % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        enum request_kind word = words[i / 4];
        struct account *account = park_before(add_doubt(60 * S), PARK_NO_INQUIRY);
        make_true(account, word);
        struct load_request *request = ask_word(1, word);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(request);
        assert_word_counted(1, word);
        assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
        if (word == REQUEST_PAID) {
            const struct bank_text *text = &outcome_of(1, OUTCOME_ACCEPTED)->outcome.text;
            assert_string_equal(text->code, REQUEST_WORD);
            assert_string_equal(text->bank_ref, "SLIP 7");
        }
    }
}

/* A bank that knows a repeat by its key: between two sends. */
static void a_word_between_two_sends_of_the_same_key(void **state)
{
    (void)state;
    static const char *const codes[] = {NULL, REQUEST_CODE_TOO_EARLY, REQUEST_CODE_TOO_EARLY};
    for (size_t i = 0; i < 3; i++) {
        again();
        rules()->inquiry = INQUIRY_REPEAT;
        rules()->repeat_delay_ns = 5 * S;
        struct account *account = add_under_way(STEP_HOLD);
        SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
        start();
        run_for(200 * MS);
        struct load_request *request = ask_word(1, words[i]);
        run_to_end(SETTLE_END_COMPLETE);
        assert_settled(1);
        assert_int_equal(count_calls(1, CALL_TRANSFER), codes[i] == NULL ? 1 : 2);
        if (codes[i] == NULL)
            assert_done(request);
        else
            assert_refused_as(request, codes[i]);
    }
}

/* Late enough, the bank never having received it: paid again under another key, or by hand. */
static void a_late_word_between_two_sends_counts(void **state)
{
    (void)state;
    for (size_t i = 1; i < 3; i++) {
        again();
        rules()->inquiry = INQUIRY_REPEAT;
        rules()->repeat_delay_ns = 5 * S;
        SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
        start();
        run_for(4 * S);
        struct load_request *request = ask_word(1, words[i]);
        if (words[i] == REQUEST_PAID_BY_HAND)
            account_at(1)->balance_minor = 50;
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(request);
        assert_settled(1);
        assert_int_equal(count_calls(1, CALL_TRANSFER), words[i] == REQUEST_NOT_PAID ? 2 : 1);
    }
}

/* Not one byte of it left: whoever says that it was paid means something else. */
static void what_was_surely_never_sent_was_not_paid(void **state)
{
    (void)state;
    rules()->inquiry = INQUIRY_REPEAT;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE,
        .retry_after_ns = 5 * S);
    start();
    run_for(1 * S);
    struct load_request *request = ask_word(1, REQUEST_PAID);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused_as(request, REQUEST_CODE_BANK_UNKNOWN);
    assert_int_equal(account_at(1)->balance_minor, 50);
    assert_settled(1);
}

/* The bank said slow down, and it waits for its turn to be asked about. */
static void a_word_while_a_turn_to_ask_is_waited_for(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        again();
        struct account *account = add_doubt(60 * S);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true,
            .retry_after_ns = 3 * S);
        ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_ACCEPTED);
        account->balance_minor = 50;
        world->config.resolve_wait_ns = i == 0 ? 10 * S : 2500 * MS;
        start();
        run_for(1 * S);
        struct load_request *request = ask_word(1, REQUEST_PAID);
        run_for(1 * S);
        assert_null(decision_of(request->id));
        run_to_end(SETTLE_END_COMPLETE); // it is waited for from the word on
        assert_done(request);
        assert_settled(1);
    }
}

static void a_word_between_two_sends_of_one_that_can_be_asked_about(void **state)
{
    (void)state;
    struct account *account = add_under_way(STEP_HOLD);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 5 * S);
    start();
    run_for(1 * S);
    struct load_request *request = ask_word(1, REQUEST_PAID);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused_as(request, REQUEST_CODE_TOO_EARLY);
    assert_settled(1);
    assert_int_equal(account->balance_minor, 50);
}

/* Paid again, it waits for its turn as any other. */
static void what_is_to_be_paid_again_waits_for_room(void **state)
{
    (void)state;
    rules()->inquiry = INQUIRY_REPEAT;
    rules()->calls_max = 1;
    add_parked_doubt(60 * S);
    add_parked_doubt(60 * S);
    add_parked_doubt(60 * S);
    for (uint32_t position = 1; position <= 3; position++)
        ask_word(position, REQUEST_NOT_PAID);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 3; position++) {
        assert_settled(position);
        assert_int_equal(call_of(position, CALL_TRANSFER, 1)->generation, 2);
    }
}

/* ---- one that came back ---------------------------------------------------------------------- */

static void a_return_counts_unless_the_bank_has_it_as_paid(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        enum decision_state decision;
        const char *code, *said; /* by whom */
        bool is_new;             /* a bank may lag behind what it did a moment ago */
    } rows[] = {
        {ANSWER_ACCEPTED, DECISION_REFUSED, REQUEST_CODE_BANK_PAID, NULL, false},
        {ANSWER_PENDING, DECISION_REFUSED, REQUEST_CODE_BANK_PAID, NULL, false},
        {ANSWER_REJECTED_LATER, DECISION_DONE, "", "BANK", false},
        {ANSWER_REJECTED_PERSON, DECISION_DONE, "", "BANK", true},
        {ANSWER_NOT_FOUND, DECISION_DONE, "", REQUEST_WORD, false},
        {ANSWER_NOT_FOUND, DECISION_REFUSED, REQUEST_CODE_TOO_EARLY, NULL, true},
        {ANSWER_IN_DOUBT, DECISION_BUSY, REQUEST_CODE_BANK_SILENT, NULL, false},
    };
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        again();
        world->config.scope = i % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        struct account *account = add_ended(OUTCOME_SETTLED, 0, 7);
        ALWAYS(account, CALL_INQUIRY, .answer = rows[i / 2].answer, .code = "BANK");
        if (rows[i / 2].is_new)
            account->row.transfer.send_before_us = db_us(START_NS) + 60 * US_PER_S;
        struct load_request *request = ask_return(1, STEP_PAYOUT, 1);
        run_to_end(SETTLE_END_COMPLETE);
        assert_decided(request, rows[i / 2].decision, rows[i / 2].code);
        if (rows[i / 2].said == NULL) {
            assert_untouched(1);
            continue;
        }
        const struct record *reversed = outcome_of(1, OUTCOME_REVERSED);
        assert_string_equal(reversed->outcome.text.code, rows[i / 2].said);
        assert_int_equal(reversed->outcome.amount_minor, 650);
        assert_int_equal(reversed->generation, 1);
        const struct record *end = outcome_of(1, OUTCOME_RETURNED);
        assert_int_equal(end->outcome.amount_minor, 650);
        assert_int_equal(end->outcome.residue_minor, 7);
        assert_int_equal(end->outcome.held_minor, 50);
        assert_int_equal(balance_of(1, LEDGER_PAYABLE), -650);
        assert_int_equal(balance_of(1, LEDGER_VIRTUAL), 650);
        assert_int_equal(record_of(1, RECORD_ENTRY, 1)->kind, KIND_REVERSAL);
    }
}

static void where_the_bank_cannot_be_asked_a_return_counts(void **state)
{
    (void)state;
    rules()->inquiry = INQUIRY_NONE;
    add_ended(OUTCOME_SETTLED, 0, 0);
    struct load_request *request = ask_return(1, STEP_COLLECT, 1);
    run_to_end(SETTLE_END_COMPLETE);
    assert_done(request);
    assert_int_equal(outcome_of(1, OUTCOME_RETURNED)->outcome.amount_minor, 300);
    assert_string_equal(outcome_of(1, OUTCOME_REVERSED)->outcome.text.bank_ref, "SLIP 8");
    assert_int_equal(count_calls(1, CALL_INQUIRY), 0);
}

/* ---- by hand, and later ---------------------------------------------------------------------- */

/* What was accepted once, came back, and was then paid by hand is no transfer that a bank could be
   asked about. */
static void a_step_done_by_hand_is_not_taken_back_for_an_older_transfer_of_it(void **state)
{
    (void)state;
    struct account *account = add_parked_doubt(60 * S);
    account->row.transfer.generation = 2;
    world->written[0].record.generation = 2;
    account->row.accepted_generation[STEP_PAYOUT] = 1;
    account->balance_minor = 57; // 7 beyond the ledger
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    ALWAYS(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON, .code = "BACK");
    struct load_request *request = ask_word(1, REQUEST_PAID_BY_HAND);
    run_to_end(SETTLE_END_COMPLETE);
    assert_done(request);
    assert_null(outcome_of(1, OUTCOME_REVERSED));
    assert_settled(1);
    assert_int_equal(outcome_of(1, OUTCOME_SETTLED)->outcome.residue_minor, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_word_counts_where_the_bank_does_not_contradict_it),
        WORLD_TEST(a_refused_word_about_one_under_way_does_not_keep_it),
        WORLD_TEST(a_refused_word_alone_leaves_it_as_it_was),
        WORLD_TEST(the_bank_s_own_no_is_what_is_recorded),
        WORLD_TEST(a_fee_that_the_bank_names_with_its_word_is_taken_account_of),
        WORLD_TEST(a_bank_that_gives_no_answer_decides_nothing),
        WORLD_TEST(a_bank_that_answers_at_the_last_try_is_heard),
        WORLD_TEST(a_word_waits_for_the_bank_no_longer_than_a_run_waits),
        WORLD_TEST(a_stop_in_the_middle_leaves_the_request_open),
        WORLD_TEST(an_answer_that_comes_while_a_run_drains_still_decides),
        WORLD_TEST(what_may_still_arrive_cannot_be_said_not_to_be_paid),
        WORLD_TEST(what_is_late_by_the_database_alone_waits_for_our_own_clock),
        WORLD_TEST(where_nobody_knows_how_long_it_lingers_no_word_says_that_it_will_not_arrive),
        WORLD_TEST(what_the_bank_once_had_is_not_gone_because_it_is_not_found),
        WORLD_TEST(of_a_key_that_the_bank_keeps_no_longer_the_word_alone_tells),
        WORLD_TEST(where_the_bank_cannot_be_asked_the_word_alone_counts),
        WORLD_TEST(a_word_between_two_sends_of_the_same_key),
        WORLD_TEST(a_late_word_between_two_sends_counts),
        WORLD_TEST(what_was_surely_never_sent_was_not_paid),
        WORLD_TEST(a_word_while_a_turn_to_ask_is_waited_for),
        WORLD_TEST(a_word_between_two_sends_of_one_that_can_be_asked_about),
        WORLD_TEST(what_is_to_be_paid_again_waits_for_room),
        WORLD_TEST(a_return_counts_unless_the_bank_has_it_as_paid),
        WORLD_TEST(where_the_bank_cannot_be_asked_a_return_counts),
        WORLD_TEST(a_step_done_by_hand_is_not_taken_back_for_an_older_transfer_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
