#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/request.h"
#include "harness.h"
#include "stranger.h"

static struct bank_rules *rules(void)
{
    return &world->config.banks[0];
}

/* A request of this kind, as a person would file it now. */
static struct load_request *ask_kind(uint32_t position, enum request_kind kind)
{
    switch (kind) {
    case REQUEST_PAID:
    case REQUEST_PAID_BY_HAND:
    case REQUEST_NOT_PAID:
        return ask_word(position, kind);
    case REQUEST_AMEND:
        return ask_amend(position, 77);
    case REQUEST_RETURN:
        return ask_return(position, STEP_PAYOUT, 1);
    case REQUEST_RAISE:
        return ask_raise(position, 40, -15);
    case REQUEST_RATE:
        return ask_rate(0, 500);
    case REQUEST_PARK:
    case REQUEST_RELEASE:
    case REQUEST_WRITE_OFF:
    case REQUEST_SUPERSEDE:
        break;
    }
    return ask(position, kind);
}

/* ---- whenever it comes ----------------------------------------------------------------------- */

/* Each kind at each instant of a whole course, and with a page that comes late: answered once,
   whatever is under way. The audit judges the rest. With DAYBOOK_FULL=1 three times as many. */
static void sweep(enum settle_scope scope, uint64_t load_ns, uint64_t write_ns, uint64_t step_ns)
{
    if (getenv("DAYBOOK_FULL") == NULL)
        step_ns *= 3;
    for (enum request_kind kind = REQUEST_PAID; kind <= REQUEST_RAISE; kind++) {
        for (uint64_t at_ns = 0; at_ns < 400 * MS; at_ns += step_ns) {
            world_close(NULL);
            world_open(NULL);
            world->config.scope = scope;
            world->load_ns = load_ns;
            world->write_ns = write_ns;
            add_usual();
            SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
            SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_REJECTED_PERSON, .code = "NO");
            start();
            run_until(START_NS + at_ns);
            for (uint32_t position = 1; position <= 3 && !is_done(); position++)
                ask_kind(position, kind);
            bool is_heard = !is_done();
            run_for(60 * S);
            assert_true(is_done());
            audit_end();
            if (is_heard && settle_end(world->settle) == SETTLE_END_COMPLETE && at_ns < 150 * MS)
                audit_answered();
        }
    }
}

static void any_request_at_any_instant_is_answered_once(void **state)
{
    (void)state;
    sweep(SETTLE_ALL, 1 * MS, 2 * MS, 3 * MS);
}

static void so_it_is_where_the_page_was_read_long_before_it_comes(void **state)
{
    (void)state;
    sweep(SETTLE_ALL, 50 * MS, 2 * MS, 7 * MS);
    sweep(SETTLE_ALL, 90 * MS, 30 * MS, 11 * MS);
}

/* ---- in a slot ------------------------------------------------------------------------------- */

static void a_busy_answer_to_one_that_waits_for_its_turn_to_send_stops_nothing(void **state)
{
    (void)state;
    rules()->rate_per_s = 2;
    rules()->burst = 1;
    add_under_way(STEP_HOLD);
    start();
    run_for(100 * MS);
    struct load_request *amend = ask_amend(1, 77);
    run_to_end(SETTLE_END_COMPLETE);
    assert_decided(amend, DECISION_BUSY, REQUEST_CODE_UNDER_WAY);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
    assert_int_equal(count_records(1, RECORD_ATTEMPT), 0);
    assert_settled(1);
}

/* Waits of every kind, by what the bank says; three seconds and more. */
static void wait_for_a_look(struct account *account)
{
    say_often(account, CALL_BALANCE, 2, (struct said){.answer = ANSWER_NOT_DONE});
}

static void wait_for_room(struct account *account)
{
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 4 * S, .after_ns = 10 * MS);
    (void)account;
}

static void wait_to_send_again(struct account *account)
{
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 4 * S);
}

static void wait_to_ask_again(struct account *account)
{
    rules()->processing_ns = 4 * S;
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
}

static void wait_for_a_turn_to_ask(struct account *account)
{
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 4 * S);
}

static void wait_for_the_last_look(struct account *account)
{
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(account, CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 4 * S);
}

static void wait_for_a_second_look(struct account *account)
{
    rules()->processing_ns = 4 * S;
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 700);
}

static void show_surplus(struct account *account)
{
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    say_often(account, CALL_BALANCE, 2,
              (struct said){.answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = 700});
}

static void wait_for_a_turn_to_confirm(struct account *account)
{
    show_surplus(account);
    SAY(account, CALL_INQUIRY, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 4 * S);
}

static void wait_to_confirm_again(struct account *account)
{
    show_surplus(account);
    rules()->processing_ns = 2 * S;
    say_often(account, CALL_INQUIRY, 2, (struct said){.answer = ANSWER_NOT_FOUND});
}

/* Whatever it waits for, it can be parked there, and goes on from there when it is released. */
static void who_waits_can_be_parked_whatever_for(void **state)
{
    (void)state;
    static void (*const waits[])(struct account *) = {
        wait_for_a_look,        wait_for_room,          wait_to_send_again,
        wait_to_ask_again,      wait_for_a_turn_to_ask, wait_for_the_last_look,
        wait_for_a_second_look, wait_to_confirm_again,  wait_for_a_turn_to_confirm,
    };
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_usual();
        waits[i](account);
        start();
        run_for(3 * S);
        struct load_request *park = ask(1, REQUEST_PARK);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(park);
        assert_parked(1, PARK_BY_PERSON);
        assert_null(outcome_of(1, OUTCOME_SETTLED));
        for (uint32_t kind = CALL_BALANCE; kind <= CALL_INQUIRY; kind++)
            account->scripts[kind].used = account->scripts[kind].count;
        ask(1, REQUEST_RELEASE);
        drop_and_start(false);
        run_to_end(SETTLE_END_COMPLETE);
        assert_settled(1);
        assert_int_equal(account->balance_minor, 50);
    }
}

/* ---- wherever it stands ---------------------------------------------------------------------- */

enum place {
    PLACE_FRESH,
    PLACE_UNDER_WAY,
    PLACE_IN_DOUBT,
    PLACE_PARKED,
    PLACE_PARKED_FRESH,
    PLACE_PARKED_IN_DOUBT,
    PLACE_ENDED,
    PLACE_BLOCKED,
    PLACE_COUNT,
};

static struct account *add_at(enum place place)
{
    struct account *account;
    switch (place) {
    case PLACE_FRESH:
        return add_usual();
    case PLACE_UNDER_WAY:
        return add_under_way(STEP_COLLECT);
    case PLACE_IN_DOUBT:
    case PLACE_PARKED_IN_DOUBT:
        account = add_under_way(STEP_HOLD);
        add_intent(account, STEP_PAYOUT, 650, 60 * S);
        return place == PLACE_IN_DOUBT ? account : park_before(account, PARK_KEY_EXPIRED);
    case PLACE_PARKED:
        account = park_before(add_under_way(STEP_HOLD), "CLOSED");
        add_intent(account, STEP_PAYOUT, 650, 60 * S);
        account->row.transfer.state = OUTCOME_REJECTED_PERSON;
        return account;
    case PLACE_PARKED_FRESH:
        return park_before(add_usual(), PARK_BY_PERSON);
    case PLACE_ENDED:
        return add_ended(OUTCOME_SETTLED, 0, 0);
    case PLACE_BLOCKED:
        account = add_usual();
        account->row.state = LOAD_STATE_BLOCKED;
        return account;
    case PLACE_COUNT:
        break;
    }
    fail();
    return NULL;
}

/* What the store has, answered before anything else happens: why not, or "" where it is done. */
static const char *const answers[PLACE_COUNT][REQUEST_RAISE + 1] = {
    [PLACE_FRESH] = {[REQUEST_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                     [REQUEST_PAID_BY_HAND] = REQUEST_CODE_NOT_IN_DOUBT,
                     [REQUEST_NOT_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                     [REQUEST_PARK] = "",
                     [REQUEST_RELEASE] = REQUEST_CODE_NOT_PARKED,
                     [REQUEST_AMEND] = "",
                     [REQUEST_WRITE_OFF] = "",
                     [REQUEST_SUPERSEDE] = "",
                     [REQUEST_RETURN] = REQUEST_CODE_NOT_ENDED,
                     [REQUEST_RAISE] = ""},
    [PLACE_UNDER_WAY] = {[REQUEST_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                         [REQUEST_PAID_BY_HAND] = REQUEST_CODE_NOT_IN_DOUBT,
                         [REQUEST_NOT_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                         [REQUEST_PARK] = "",
                         [REQUEST_RELEASE] = REQUEST_CODE_NOT_PARKED,
                         [REQUEST_AMEND] = "",
                         [REQUEST_WRITE_OFF] = REQUEST_CODE_NOT_PARKED,
                         [REQUEST_SUPERSEDE] = REQUEST_CODE_HAS_DEPOSIT,
                         [REQUEST_RETURN] = REQUEST_CODE_NOT_ENDED,
                         [REQUEST_RAISE] = ""},
    [PLACE_IN_DOUBT] = {[REQUEST_PAID] = REQUEST_CODE_BANK_UNKNOWN,
                        [REQUEST_PAID_BY_HAND] = "",
                        [REQUEST_NOT_PAID] = "",
                        [REQUEST_PARK] = "",
                        [REQUEST_RELEASE] = REQUEST_CODE_NOT_PARKED,
                        [REQUEST_AMEND] = REQUEST_CODE_IN_DOUBT,
                        [REQUEST_WRITE_OFF] = REQUEST_CODE_IN_DOUBT,
                        [REQUEST_SUPERSEDE] = REQUEST_CODE_HAS_DEPOSIT,
                        [REQUEST_RETURN] = REQUEST_CODE_NOT_ENDED,
                        [REQUEST_RAISE] = ""},
    [PLACE_PARKED] = {[REQUEST_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                      [REQUEST_PAID_BY_HAND] = REQUEST_CODE_NOT_IN_DOUBT,
                      [REQUEST_NOT_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                      [REQUEST_PARK] = REQUEST_CODE_PARKED,
                      [REQUEST_RELEASE] = "",
                      [REQUEST_AMEND] = "",
                      [REQUEST_WRITE_OFF] = "",
                      [REQUEST_SUPERSEDE] = REQUEST_CODE_HAS_DEPOSIT,
                      [REQUEST_RETURN] = REQUEST_CODE_NOT_ENDED,
                      [REQUEST_RAISE] = ""},
    [PLACE_PARKED_FRESH] = {[REQUEST_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                            [REQUEST_PAID_BY_HAND] = REQUEST_CODE_NOT_IN_DOUBT,
                            [REQUEST_NOT_PAID] = REQUEST_CODE_NOT_IN_DOUBT,
                            [REQUEST_PARK] = REQUEST_CODE_PARKED,
                            [REQUEST_RELEASE] = "",
                            [REQUEST_AMEND] = "",
                            [REQUEST_WRITE_OFF] = "",
                            [REQUEST_SUPERSEDE] = REQUEST_CODE_PARKED,
                            [REQUEST_RETURN] = REQUEST_CODE_NOT_ENDED,
                            [REQUEST_RAISE] = ""},
    [PLACE_PARKED_IN_DOUBT] = {[REQUEST_PAID] = REQUEST_CODE_BANK_UNKNOWN,
                               [REQUEST_PAID_BY_HAND] = "",
                               [REQUEST_NOT_PAID] = "",
                               [REQUEST_PARK] = REQUEST_CODE_PARKED,
                               [REQUEST_RELEASE] = "",
                               [REQUEST_AMEND] = REQUEST_CODE_IN_DOUBT,
                               [REQUEST_WRITE_OFF] = REQUEST_CODE_IN_DOUBT,
                               [REQUEST_SUPERSEDE] = REQUEST_CODE_HAS_DEPOSIT,
                               [REQUEST_RETURN] = REQUEST_CODE_NOT_ENDED,
                               [REQUEST_RAISE] = ""},
    [PLACE_ENDED] = {[REQUEST_PAID] = REQUEST_CODE_ENDED,
                     [REQUEST_PAID_BY_HAND] = REQUEST_CODE_ENDED,
                     [REQUEST_NOT_PAID] = REQUEST_CODE_ENDED,
                     [REQUEST_PARK] = REQUEST_CODE_ENDED,
                     [REQUEST_RELEASE] = REQUEST_CODE_NOTHING,
                     [REQUEST_AMEND] = REQUEST_CODE_ENDED,
                     [REQUEST_WRITE_OFF] = REQUEST_CODE_ENDED,
                     [REQUEST_SUPERSEDE] = REQUEST_CODE_ENDED,
                     [REQUEST_RETURN] = "",
                     [REQUEST_RAISE] = REQUEST_CODE_ENDED},
};

static const char *answer_at(enum place place, enum request_kind kind)
{
    return place == PLACE_BLOCKED ? REQUEST_CODE_BLOCKED : answers[place][kind];
}

static void each_request_has_its_answer_in_each_place(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * PLACE_COUNT * (REQUEST_RAISE + 1); i++) {
        enum place place = i / 2 % PLACE_COUNT;
        enum request_kind kind = i / 2 / PLACE_COUNT;
        if (kind == 0 || kind == REQUEST_RATE)
            continue;
        world_close(NULL);
        world_open(NULL);
        world->config.scope = i % 2 == 0 ? SETTLE_ALL : SETTLE_REQUESTED;
        struct account *account = add_at(place);
        if (kind == REQUEST_PAID_BY_HAND && answer_at(place, kind)[0] == 0)
            account->balance_minor = 50;
        struct load_request *request = ask_kind(1, kind);
        run_to_end(SETTLE_END_COMPLETE);
        const char *code = answer_at(place, kind);
        if (code[0] == 0)
            assert_done(request);
        else
            assert_refused_as(request, code);
        // Refused, nothing of it has moved where nothing else was asked for.
        if (code[0] != 0 && world->config.scope == SETTLE_REQUESTED) {
            assert_int_equal(count_records(1, RECORD_OUTCOME), 0);
            assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
        }
        if (code[0] != 0 && world->config.scope == SETTLE_ALL && place <= PLACE_IN_DOUBT)
            assert_settled(1);
    }
}

static void what_was_to_come_after_a_refused_request_is_off(void **state)
{
    (void)state;
    for (enum place place = 0; place < PLACE_COUNT; place++) {
        world_close(NULL);
        world_open(NULL);
        world->config.scope = SETTLE_REQUESTED;
        add_at(place);
        struct load_request *request = ask(1, REQUEST_RELEASE);
        request->is_off = true;
        run_to_end(SETTLE_END_COMPLETE);
        assert_refused_as(request, REQUEST_CODE_OFF);
        assert_int_equal(count_records(1, RECORD_OUTCOME), 0);
    }
}

/* ---- words that are out of date -------------------------------------------------------------- */

static void a_word_about_another_transfer_than_the_newest_is_stale(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.scope = SETTLE_REQUESTED;
        add_at(PLACE_PARKED_IN_DOUBT);
        struct load_request *request = ask_word(1, REQUEST_PAID);
        request->step = (uint8_t)(request->step - (i == 0));
        request->transfer_kind = i == 1;
        request->generation = (uint16_t)(request->generation + (i == 2));
        request->attempts = i == 3;
        run_to_end(SETTLE_END_COMPLETE);
        assert_decided(request, DECISION_STALE, REQUEST_CODE_NEWER);
        assert_int_equal(count_records(1, RECORD_OUTCOME) + world->seen_count, 0);
    }
}

static void a_return_of_what_is_not_there_is_stale(void **state)
{
    (void)state;
    static const struct {
        uint8_t step, kind;
        uint16_t generation;
    } rows[] = {
        {STEP_DEPOSIT, TRANSFER_NORMAL, 1}, {STEP_CLOSING, TRANSFER_NORMAL, 1},
        {STEP_HOLD, TRANSFER_NORMAL, 0},    {STEP_HOLD, TRANSFER_NORMAL, 1},
        {STEP_PAYOUT, TRANSFER_UNDO, 1},    {STEP_PAYOUT, TRANSFER_NORMAL, 2},
        {STEP_PAYOUT, TRANSFER_NORMAL, 0},
    };
    for (size_t i = 0; i <= sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        struct account *account = add_ended(OUTCOME_SETTLED, 0, 0);
        bool is_back_already = i == sizeof(rows) / sizeof(rows[0]);
        struct load_request *request = ask_return(1, STEP_PAYOUT, 1);
        if (is_back_already) {
            account->row.done_steps = steps_up_to(STEP_HOLD);
        } else {
            request->step = rows[i].step;
            request->transfer_kind = rows[i].kind;
            request->generation = rows[i].generation;
        }
        run_to_end(SETTLE_END_COMPLETE);
        assert_decided(request, DECISION_STALE, REQUEST_CODE_NEWER);
        assert_int_equal(count_records(1, RECORD_OUTCOME) + world->seen_count, 0);
    }
}

/* ---- the run's ------------------------------------------------------------------------------- */

static void a_rate_holds_from_its_answer_on(void **state)
{
    (void)state;
    static const int64_t rates[] = {50, 1000};
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        rules()->rate_per_s = (uint32_t)rates[1 - i];
        rules()->burst = 1;
        for (uint32_t k = 0; k < 40; k++)
            add_account(300, 50, 1000, 0);
        struct load_request *rate = ask_rate(0, rates[i]);
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(rate);
        uint64_t took_ns = world->seen[39].at_ns - world->seen[0].at_ns;
        assert_true(i == 0 ? took_ns >= 39 * NS_PER_S / 50 : took_ns < 200 * MS);
        const struct record *decision = decision_of(rate->id);
        assert_int_equal(settlement_position(decision->settlement_id), 0);
    }
}

static void a_rate_of_a_bank_that_the_run_has_not_is_refused(void **state)
{
    (void)state;
    add_usual();
    struct load_request *rate = ask_rate(1, 50);
    run_to_end(SETTLE_END_COMPLETE);
    assert_refused_as(rate, REQUEST_CODE_NO_BANK);
    assert_settled(1);
}

/* ---- several --------------------------------------------------------------------------------- */

static void of_several_about_one_settlement_the_first_is_done_and_others_hear_busy(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        world_close(NULL);
        world_open(NULL);
        world->config.scope = SETTLE_REQUESTED;
        add_at(PLACE_PARKED_IN_DOUBT);
        struct load_request *first =
            i == 0 ? ask_word(1, REQUEST_NOT_PAID) : ask(1, REQUEST_RELEASE);
        struct load_request *others[] = {ask(1, REQUEST_PARK), ask_word(1, REQUEST_PAID),
                                         ask_raise(1, 40, 0)};
        run_to_end(SETTLE_END_COMPLETE);
        assert_done(first);
        for (size_t k = 0; k < 3; k++)
            if (i == 0 || k != 0)
                assert_int_not_equal(decision_of(others[k]->id)->decision.state, DECISION_DONE);
        if (i == 0)
            for (size_t k = 0; k < 3; k++)
                assert_decided(others[k], DECISION_BUSY, REQUEST_CODE_UNDER_WAY);
    }
}

static void many_requests_come_page_by_page(void **state)
{
    (void)state;
    for (uint32_t slots = 1; slots <= 16; slots += 5) {
        world_close(NULL);
        world_open(NULL);
        world->config.slots = slots;
        world->config.scope = SETTLE_REQUESTED;
        for (uint32_t i = 0; i < 30; i++)
            park_before(add_under_way(STEP_HOLD), "CLOSED");
        for (uint32_t i = 0; i < 30; i++)
            ask(i + 1, REQUEST_RELEASE);
        run_to_end(SETTLE_END_COMPLETE);
        for (uint32_t i = 0; i < 30; i++)
            assert_settled(i + 1);
    }
}

static void a_stop_leaves_requests_open(void **state)
{
    (void)state;
    add_at(PLACE_PARKED);
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_IN_DOUBT, .after_ns = 500 * MS);
    start();
    run_for(100 * MS);
    world->load_ns = 100 * MS;
    struct load_request *release = ask(1, REQUEST_RELEASE);
    stop_at(START_NS + 150 * MS); // the page is under way, and so is a call
    run_to_end(SETTLE_END_STOPPED);
    assert_null(decision_of(release->id));
    assert_int_equal(world->written_count, 1); // the earlier intent
}

static void without_requests_a_command_alone_ends_at_once(void **state)
{
    (void)state;
    world->config.scope = SETTLE_REQUESTED;
    add_usual();
    add_under_way(STEP_HOLD);
    run_to_end_within(100 * MS, SETTLE_END_COMPLETE);
    assert_int_equal(world->seen_count + world->written_count, 0);
    assert_int_equal(world->loads[LOAD_UNDER_WAY] + world->loads[LOAD_FRESH], 0);
    assert_false(settle_counts(world->settle)->has_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(any_request_at_any_instant_is_answered_once),
        WORLD_TEST(so_it_is_where_the_page_was_read_long_before_it_comes),
        WORLD_TEST(a_busy_answer_to_one_that_waits_for_its_turn_to_send_stops_nothing),
        WORLD_TEST(who_waits_can_be_parked_whatever_for),
        WORLD_TEST(each_request_has_its_answer_in_each_place),
        WORLD_TEST(what_was_to_come_after_a_refused_request_is_off),
        WORLD_TEST(a_word_about_another_transfer_than_the_newest_is_stale),
        WORLD_TEST(a_return_of_what_is_not_there_is_stale),
        WORLD_TEST(a_rate_holds_from_its_answer_on),
        WORLD_TEST(a_rate_of_a_bank_that_the_run_has_not_is_refused),
        WORLD_TEST(of_several_about_one_settlement_the_first_is_done_and_others_hear_busy),
        WORLD_TEST(many_requests_come_page_by_page),
        WORLD_TEST(a_stop_leaves_requests_open),
        WORLD_TEST(without_requests_a_command_alone_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
