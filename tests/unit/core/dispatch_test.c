#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"

/* Bursts, rates and calls in flight are audited at every call of every test (audit.h). */

static struct bank_rules *rules(uint32_t bank)
{
    return &world->config.banks[bank];
}

static uint32_t count_in_flight(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->seen_count; i++)
        count += world->seen[i].ended_ns == AT_NEVER;
    return count;
}

static uint32_t count_of_bank(uint32_t bank, uint64_t from_ns, uint64_t to_ns)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->seen_count; i++) {
        const struct seen *call = &world->seen[i];
        count += call->bank == bank && call->at_ns >= from_ns && call->at_ns < to_ns;
    }
    return count;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void when_there_is_work_99_percent_of_the_allowance_is_used(void **state)
{
    (void)state;
    static const struct {
        uint32_t rate_per_s, burst;
    } rows[] = {{7, 1}, {153, 1}, {153, 20}, {999, 3}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (i > 0) {
            world_close(NULL);
            world_open(NULL);
        }
        *rules(0) = (struct bank_rules){.rate_per_s = rows[i].rate_per_s,
                                        .burst = rows[i].burst,
                                        .calls_max = 60,
                                        .inquiry = INQUIRY_BY_KEY,
                                        .call_timeout_ns = 1 * S,
                                        .key_lifetime_ns = AT_NEVER,
                                        .poll_interval_ns = 3600 * S,
                                        .later_tries = 1};
        world->config.slots = 300;
        for (uint32_t k = 0; k < 60; k++)
            add_account(300, 50, 1000, 0);
        start();
        run_for(60 * S);
        uint64_t span_ns = world->seen[59].at_ns - START_NS;
        uint64_t allowed = span_ns * rows[i].rate_per_s / NS_PER_S; // the bucket starts empty
        assert_true(60 * 100 >= allowed * 99);
        assert_in_range(settle_rate_used(world->settle, 0), 980, 1000);
    }
}

static void a_run_starts_with_an_empty_bucket(void **state)
{
    (void)state;
    rules(0)->rate_per_s = 10;
    rules(0)->burst = 10;
    for (uint32_t i = 0; i < 10; i++)
        add_account(300, 50, 1000, 0);
    start();
    run_for(99 * MS);
    assert_int_equal(world->seen_count, 0);
    run_for(902 * MS);
    assert_int_equal(world->seen_count, 10);
}

static void calls_in_flight_reach_calls_max_and_no_more(void **state)
{
    (void)state;
    rules(0)->calls_max = 3;
    world->latency_ns = 900 * MS;
    for (uint32_t i = 0; i < 20; i++)
        add_account(300, 50, 1000, 0);
    start();
    run_for(500 * MS);
    assert_int_equal(count_in_flight(), 3);
    assert_int_equal(settle_counts(world->settle)->calls_in_flight, 3);
    run_for(1 * S);
    assert_int_equal(count_in_flight(), 3);
}

static void answers_are_timed_by_bank_and_refusals_to_take_a_call_are_none(void **state)
{
    (void)state;
    uint64_t total_ns = 7;
    world->config.bank_count = 2;
    world->config.banks[1] = world->config.banks[0];
    world->latency_ns = 30 * MS;
    struct account *account = add_usual();
    SAY(account, CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT, .is_done = true); // no whole answer
    run_to_end_within(60 * S, SETTLE_END_COMPLETE);
    assert_settled(1);
    // deposit, inquiry, payout, closing
    assert_int_equal(settle_answers(world->settle, 0, &total_ns), 4);
    assert_in_range(total_ns, 4 * 30 * MS, 4 * 32 * MS);
    assert_int_equal(settle_answers(world->settle, 1, &total_ns), 0);
    assert_int_equal(total_ns, 0);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void inquiry_goes_before_transfer_before_closing_before_poll(void **state)
{
    (void)state;
    rules(0)->rate_per_s = 2;
    rules(0)->burst = 1;
    add_usual();
    add_under_way(STEP_PAYOUT);
    add_under_way(STEP_HOLD);
    add_intent(add_under_way(STEP_HOLD), STEP_PAYOUT, 650, 60 * S);
    world->config.send_before_ns = 10 * S;
    world->latency_ns = 30 * S; // nothing new joins in
    rules(0)->call_timeout_ns = 60 * S;
    start();
    run_for(3 * S);
    assert_int_equal(world->seen_count, 4);
    assert_int_equal(world->seen[0].call_kind, CALL_INQUIRY);
    assert_int_equal(world->seen[1].call_kind, CALL_TRANSFER);
    assert_int_equal(world->seen[2].position, 2);
    assert_int_equal(world->seen[3].position, 1);
}

/* ---- other partitions of the run ------------------------------------------------------------- */

static struct throttle shared;

static void share_tokens(uint32_t rate_per_s)
{
    rules(0)->rate_per_s = rate_per_s;
    rules(0)->burst = 1;
    throttle_init(&shared, rate_per_s, 1, START_NS);
    world->config.throttles[0] = &shared;
    world->config.sharers = 2;
}

static void looking_gives_way_to_another_partition_s_paying(void **state)
{
    (void)state;
    share_tokens(100);
    add_usual();
    throttle_wait(&shared, 1, RANK_PAY);
    start();
    run_for(500 * MS);
    assert_int_equal(world->seen_count, 0);
    throttle_wait(&shared, 1, RANK_NONE);
    run_for(20 * MS);
    assert_int_equal(world->seen_count, 1);
}

static void who_waits_for_a_token_to_pay_says_so_and_says_when_it_is_over(void **state)
{
    (void)state;
    share_tokens(2);
    add_under_way(STEP_HOLD);
    start();
    run_for(400 * MS);
    assert_int_equal(throttle_turn(&shared, 1, RANK_LOOK, world->now_ns), TURN_URGENT);
    run_for(200 * MS);
    assert_int_equal(throttle_turn(&shared, 1, RANK_LOOK, world->now_ns), TURN_MINE);
    assert_int_equal(count_calls(1, CALL_TRANSFER), 1);
}

/* It is given way to with every token anew, not only with the first. */
static void an_equal_that_waits_longer_gets_each_token_first(void **state)
{
    (void)state;
    share_tokens(10);
    for (uint32_t i = 0; i < 5; i++)
        add_account(300, 50, 1000, 0);
    throttle_wait(&shared, 1, RANK_LOOK); // and is at something else, all the time
    throttle_served(&shared, 2);
    start();
    for (uint32_t token = 1; token <= 4; token++) {
        run_until(START_NS + (100 + (token - 1) * 101) * MS); // a full bucket earns nothing
        assert_int_equal(count_of_bank(0, 0, AT_NEVER), token - 1);
        run_for(1 * MS);
        assert_int_equal(count_of_bank(0, 0, AT_NEVER), token);
    }
}

static void who_is_gone_waits_for_nothing(void **state)
{
    (void)state;
    share_tokens(2);
    add_under_way(STEP_HOLD);
    start();
    run_for(400 * MS);
    assert_int_equal(throttle_turn(&shared, 1, RANK_LOOK, world->now_ns), TURN_URGENT);
    gone_at(START_NS + 420 * MS);
    run_for(50 * MS);
    assert_int_equal(settle_end(world->settle), SETTLE_END_GONE);
    assert_int_equal(throttle_turn(&shared, 1, RANK_LOOK, world->now_ns), TURN_MINE);
}

static void a_permission_that_passes_while_waiting_for_a_token_is_renewed(void **state)
{
    (void)state;
    rules(0)->rate_per_s = 2;
    rules(0)->burst = 1;
    // Inquiries take every token for a while; the intent's permission passes.
    for (uint32_t i = 0; i < 6; i++) {
        struct account *account = add_under_way(STEP_HOLD);
        add_intent(account, STEP_PAYOUT, 650, 60 * S);
        SAY(account, CALL_INQUIRY, .answer = ANSWER_REJECTED_PERSON);
    }
    add_under_way(STEP_HOLD);
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(7);
    assert_in_range(count_records(7, RECORD_ATTEMPT), 1, 3);
    assert_int_equal(count_calls(7, CALL_TRANSFER), 1);
}

static void more_calls_than_a_turn_s_commands_go_out_in_the_next_turn(void **state)
{
    (void)state;
    rules(0)->burst = rules(0)->calls_max = 60;
    world->config.slots = 300;
    for (uint32_t i = 0; i < 60; i++)
        add_account(300, 50, 1000, 0);
    world->load_ns = 200 * MS; // the bucket is full when they come in
    start();
    run_for(601 * MS); // requests, those under way, and they
    assert_int_equal(world->seen_count, 60);
    assert_int_equal(world->seen[59].at_ns, world->seen[0].at_ns);
}

static void waits_that_end_together_do_not_overfill_a_chunk(void **state)
{
    (void)state;
    world->config.slots = 60;
    world->config.chunk_records = 2;
    rules(0)->burst = rules(0)->calls_max = 20;
    for (uint32_t i = 0; i < 12; i++)
        SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE,
            .retry_after_ns = 1 * S);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(most_in_a_chunk(RECORD_ATTEMPT), 2);
    for (uint32_t position = 1; position <= 12; position++)
        assert_settled(position);
}

static void permissions_renewed_together_do_not_overfill_a_chunk(void **state)
{
    (void)state;
    world->config.slots = 60;
    world->config.chunk_records = 2;
    rules(0)->rate_per_s = 14;
    rules(0)->burst = 1;
    rules(0)->calls_max = 20;
    for (uint32_t i = 0; i < 14; i++)
        add_under_way(STEP_HOLD);
    // All are permitted when the first is told to slow down; then their permissions pass.
    SAY(account_at(14), CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 4 * S);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 14; position++) {
        assert_settled(position);
        assert_in_range(count_records(position, RECORD_ATTEMPT), 1, 3);
    }
    assert_in_range(most_in_a_chunk(RECORD_ATTEMPT), 1, 2);
}

/* ---- intents ahead of sending ---------------------------------------------------------------- */

static uint32_t most_ahead(uint64_t duration_ns)
{
    uint32_t most = 0;
    uint64_t until_ns = world->now_ns + duration_ns;
    while (!is_done() && world->now_ns < until_ns) {
        run_until(next_at());
        uint32_t intents = 0;
        uint32_t sent = 0;
        for (uint32_t position = 1; position <= world->account_count; position++) {
            intents += count_records(position, RECORD_INTENT);
            sent += count_calls(position, CALL_TRANSFER);
        }
        assert_true(intents >= sent);
        most = intents - sent > most ? intents - sent : most;
    }
    return most;
}

static void intents_run_at_most_a_second_of_tokens_ahead(void **state)
{
    (void)state;
    world->config.slots = 300;
    rules(0)->rate_per_s = 5;
    rules(0)->burst = 1;
    for (uint32_t i = 0; i < 30; i++)
        add_under_way(STEP_HOLD);
    start();
    assert_in_range(most_ahead(20 * S), 3, 5);
}

static void intents_run_at_most_a_second_of_slots_ahead(void **state)
{
    (void)state;
    world->config.slots = 300;
    rules(0)->calls_max = 6;
    world->latency_ns = 3 * S;
    rules(0)->call_timeout_ns = 9 * S;
    for (uint32_t i = 0; i < 40; i++)
        add_under_way(STEP_HOLD);
    start();
    assert_in_range(most_ahead(3 * S - 1 * MS), 1, 6); // nothing known yet: the slots
    run_for(2 * MS);
    assert_in_range(most_ahead(12 * S), 1, 6);
    run_for(3 * S);
    assert_in_range(most_ahead(6 * S), 1, 2); // 6 slots of 3 s: two a second
}

/* ---- slow down ------------------------------------------------------------------------------- */

static void slow_down_pauses_the_whole_bank_and_no_other(void **state)
{
    (void)state;
    world->config.bank_count = 2;
    for (uint32_t i = 0; i < 30; i++)
        add_usual()->row.bank = (uint8_t)(i % 2);
    rules(0)->calls_max = rules(1)->calls_max = 1;
    SAY(account_at(3), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .retry_after_ns = 3 * S);
    run_to_end(SETTLE_END_COMPLETE);
    uint64_t from_ns = call_of(3, CALL_BALANCE, 1)->ended_ns;
    assert_int_equal(count_of_bank(0, from_ns, from_ns + 3 * S), 0);
    assert_true(count_of_bank(0, from_ns + 3 * S, from_ns + 3 * S + 200 * MS) > 2);
    assert_true(count_of_bank(1, from_ns, from_ns + 1 * S) > 20);
    for (uint32_t position = 1; position <= 30; position++)
        assert_settled(position);
    assert_int_equal(settle_counts(world->settle)->throttled, 1);
}

static void without_a_word_how_long_the_pauses_grow(void **state)
{
    (void)state;
    rules(0)->calls_max = 1;
    say_often(add_usual(), CALL_BALANCE, 6,
              (struct said){.answer = ANSWER_NOT_DONE, .throttled = true});
    run_to_end(SETTLE_END_COMPLETE);
    static const uint64_t most_ms[] = {20, 40, 80, 160, 200, 200};
    for (uint32_t n = 1; n <= 6; n++) {
        uint64_t wait_ns =
            call_of(1, CALL_BALANCE, n + 1)->at_ns - call_of(1, CALL_BALANCE, n)->ended_ns;
        assert_in_range(wait_ns, most_ms[n - 1] * MS / 2, most_ms[n - 1] * MS + 1 * MS);
    }
    assert_settled(1);
}

static void a_good_answer_makes_the_next_pause_short_again(void **state)
{
    (void)state;
    world->config.banks[0].calls_max = 1;
    struct account *account = add_usual();
    say_often(account, CALL_BALANCE, 5,
              (struct said){.answer = ANSWER_NOT_DONE, .throttled = true});
    SAY(account, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .throttled = true);
    run_to_end(SETTLE_END_COMPLETE);
    uint64_t wait_ns = call_of(1, CALL_TRANSFER, 2)->at_ns - call_of(1, CALL_TRANSFER, 1)->ended_ns;
    assert_true(wait_ns < 90 * MS);
}

static void a_wave_of_refusals_is_one_pause_as_long_as_the_longest_says(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
            .after_ns = 20 * MS + i, .retry_after_ns = i == 5 ? 4 * S : 0);
    start();
    run_for(30 * MS);
    assert_int_equal(world->seen_count, 8);
    run_to_end(SETTLE_END_COMPLETE);
    uint64_t from_ns = call_of(6, CALL_BALANCE, 1)->ended_ns;
    assert_int_equal(count_of_bank(0, from_ns, from_ns + 4 * S), 0);
    // Not eight refusals in a row: the pause after the wave is the first one.
    assert_true(count_of_bank(0, from_ns + 4 * S, from_ns + 4 * S + 100 * MS) >= 8);
}

static void a_wave_of_refusals_does_not_make_the_pause_grow(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true);
    run_to_end(SETTLE_END_COMPLETE);
    uint64_t pause_ns = call_of(1, CALL_BALANCE, 2)->at_ns - call_of(1, CALL_BALANCE, 1)->ended_ns;
    assert_in_range(pause_ns, 10 * MS, 30 * MS);
}

static void nobody_is_permitted_to_send_while_the_bank_is_paused(void **state)
{
    (void)state;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_BALANCE, .after_ns = 500 * MS);
    SAY(add_account(300, 50, 1000, 0), CALL_BALANCE, .answer = ANSWER_NOT_DONE, .throttled = true,
        .after_ns = 30 * MS, .retry_after_ns = 4 * S);
    run_to_end(SETTLE_END_COMPLETE);
    int64_t until_us = db_us(call_of(3, CALL_BALANCE, 1)->ended_ns + 4 * S);
    assert_true(record_of(2, RECORD_INTENT, 1)->intent.intended_at_us >= until_us);
    assert_true(record_of(1, RECORD_ATTEMPT, 1)->attempt.at_us >= until_us);
    assert_int_equal(count_records(1, RECORD_ATTEMPT), 1);
    assert_int_equal(count_records(2, RECORD_ATTEMPT), 0);
}

/* Every ninth call is told to slow down, for longer than a permission lasts. */
static void every_9th_is_too_fast(struct seen *call)
{
    if (world->seen_count % 9 != 0)
        bank_decides(call);
    else
        call->said = (struct said){
            .answer = ANSWER_NOT_DONE, .throttled = true, .retry_after_ns = 1500 * MS};
}

static uint32_t count_all_calls(enum call_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->seen_count; i++)
        count += world->seen[i].call_kind == kind;
    return count;
}

static uint32_t count_all_records(enum record_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->written_count; i++)
        count += world->written[i].record.record_kind == kind;
    return count;
}

static void after_a_pause_only_what_can_be_sent_soon_is_permitted_again(void **state)
{
    (void)state;
    world->config.slots = 64;
    rules(0)->rate_per_s = 200;
    world->config.resolve_wait_ns = 60 * S;
    world->on_call = every_9th_is_too_fast;
    for (uint32_t i = 0; i < ACCOUNTS_MAX; i++)
        add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= ACCOUNTS_MAX; position++)
        assert_settled(position);
    uint32_t sends = count_all_calls(CALL_TRANSFER);
    uint32_t permissions = count_all_records(RECORD_INTENT) + count_all_records(RECORD_ATTEMPT);
    assert_int_equal(count_all_records(RECORD_INTENT), 2 * ACCOUNTS_MAX);
    assert_in_range(sends, 2 * ACCOUNTS_MAX, 2 * ACCOUNTS_MAX + 30);
    assert_in_range(permissions, sends, sends + sends * 2 / 3);
}

static void who_waits_to_send_again_goes_before_new_intents(void **state)
{
    (void)state;
    world->config.slots = 64;
    rules(0)->rate_per_s = 2;
    rules(0)->burst = 1;
    for (uint32_t i = 0; i < 6; i++)
        add_under_way(STEP_HOLD);
    SAY(account_at(6), CALL_TRANSFER, .answer = ANSWER_NOT_DONE);
    run_to_end(SETTLE_END_COMPLETE);
    assert_true(record_of(6, RECORD_ATTEMPT, 1)->attempt.at_us <
                record_of(3, RECORD_INTENT, 1)->intent.intended_at_us);
}

static void slow_down_is_not_a_failed_try(void **state)
{
    (void)state;
    struct account *account = add_usual();
    say_often(account, CALL_BALANCE, 10,
              (struct said){.answer = ANSWER_NOT_DONE, .throttled = true});
    SAY(account, CALL_BALANCE, .answer = ANSWER_BALANCE);
    say_often(account, CALL_BALANCE, 10,
              (struct said){.answer = ANSWER_NOT_DONE, .throttled = true});
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(world->loads[LOAD_AGAIN], 0); // it never lost its place
}

/* ---- alive ----------------------------------------------------------------------------------- */

static void nobody_is_called_without_word_from_the_database(void **state)
{
    (void)state;
    world->is_mute = true;
    world->config.alive_ns = 2 * S;
    rules(0)->rate_per_s = 10;
    rules(0)->burst = 1;
    for (uint32_t i = 0; i < 50; i++)
        add_account(300, 50, 1000, 0);
    world->config.slots = 200;
    start();
    run_for(3 * S);
    // The last word was the page's, soon after the start, or the one heartbeat.
    uint64_t last_ns = world->seen[world->seen_count - 1].at_ns;
    assert_in_range(last_ns, START_NS + 2 * S, START_NS + 2600 * MS);
    uint32_t before = world->seen_count;
    run_for(5 * S);
    assert_int_equal(world->seen_count, before);
    world->is_mute = false;
    expect_alive();
    run_for(1 * S);
    assert_true(world->seen_count > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(when_there_is_work_99_percent_of_the_allowance_is_used),
        WORLD_TEST(a_run_starts_with_an_empty_bucket),
        WORLD_TEST(calls_in_flight_reach_calls_max_and_no_more),
        WORLD_TEST(answers_are_timed_by_bank_and_refusals_to_take_a_call_are_none),
        WORLD_TEST(inquiry_goes_before_transfer_before_closing_before_poll),
        WORLD_TEST(looking_gives_way_to_another_partition_s_paying),
        WORLD_TEST(who_waits_for_a_token_to_pay_says_so_and_says_when_it_is_over),
        WORLD_TEST(an_equal_that_waits_longer_gets_each_token_first),
        WORLD_TEST(who_is_gone_waits_for_nothing),
        WORLD_TEST(a_permission_that_passes_while_waiting_for_a_token_is_renewed),
        WORLD_TEST(more_calls_than_a_turn_s_commands_go_out_in_the_next_turn),
        WORLD_TEST(waits_that_end_together_do_not_overfill_a_chunk),
        WORLD_TEST(permissions_renewed_together_do_not_overfill_a_chunk),
        WORLD_TEST(intents_run_at_most_a_second_of_tokens_ahead),
        WORLD_TEST(intents_run_at_most_a_second_of_slots_ahead),
        WORLD_TEST(slow_down_pauses_the_whole_bank_and_no_other),
        WORLD_TEST(without_a_word_how_long_the_pauses_grow),
        WORLD_TEST(a_good_answer_makes_the_next_pause_short_again),
        WORLD_TEST(a_wave_of_refusals_is_one_pause_as_long_as_the_longest_says),
        WORLD_TEST(a_wave_of_refusals_does_not_make_the_pause_grow),
        WORLD_TEST(nobody_is_permitted_to_send_while_the_bank_is_paused),
        WORLD_TEST(after_a_pause_only_what_can_be_sent_soon_is_permitted_again),
        WORLD_TEST(who_waits_to_send_again_goes_before_new_intents),
        WORLD_TEST(slow_down_is_not_a_failed_try),
        WORLD_TEST(nobody_is_called_without_word_from_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
