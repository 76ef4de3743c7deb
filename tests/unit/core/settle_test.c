#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness.h"
#include "stranger.h"

#include "aborts.h"

/* ---- the store ------------------------------------------------------------------------------- */

static void the_store_gone_ends_at_once_and_no_command_follows(void **state)
{
    (void)state;
    // At every ms of a small payday.
    for (uint64_t at_ms = 1; at_ms < 90; at_ms += 3) {
        world_close(NULL);
        world_open(NULL);
        for (uint32_t i = 0; i < 4; i++)
            SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_BALANCE, .after_ns = (20 + i * 7) * MS);
        gone_at(START_NS + at_ms * MS);
        start();
        run_until(START_NS + at_ms * MS);
        assert_true(is_done());
        assert_int_equal(settle_end(world->settle), SETTLE_END_GONE);
        assert_int_equal(settle_counts(world->settle)->fatal, STATUS_STORE_LOST);
        assert_true(settle_next_at(world->settle) <= world->now_ns);
        // Whatever still comes in, nothing goes out.
        uint32_t commands = world->command_count;
        uint64_t records = settle_counts(world->settle)->records;
        for (uint32_t i = 0; i < 50 && world->pending_count > 0; i++) {
            world->now_ns += 10 * MS;
            world_turn();
        }
        assert_int_equal(world->command_count, commands);
        assert_int_equal(settle_counts(world->settle)->records, records);
    }
}

static void a_chunk_s_answer_decides_how_the_run_ends(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        enum settle_end end;
    } rows[] = {
        {STATUS_STORE_ALREADY, SETTLE_END_COMPLETE}, {STATUS_STORE_LOST, SETTLE_END_GONE},
        {STATUS_STORE_FENCED, SETTLE_END_GONE},      {STATUS_STORE_DIFFERS, SETTLE_END_FATAL},
        {STATUS_STORE_TWICE, SETTLE_END_FATAL},      {STATUS_STORE_DENIED, SETTLE_END_FATAL},
        {STATUS_STORE_BROKEN, SETTLE_END_FATAL},     {STATUS_INTERNAL, SETTLE_END_FATAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_close(NULL);
        world_open(NULL);
        enum status statuses[] = {rows[i].status, STATUS_OK};
        world->write_statuses = statuses;
        add_usual();
        run_to_end_within(5 * S, rows[i].end);
        if (rows[i].end != SETTLE_END_COMPLETE) {
            assert_int_equal(settle_counts(world->settle)->fatal, rows[i].status);
            assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
        }
    }
}

static void a_busy_chunk_is_tried_again_with_the_same_bytes(void **state)
{
    (void)state;
    enum status statuses[] = {STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_OK};
    world->write_statuses = statuses; // the world checks the hash of what comes again
    for (uint32_t i = 0; i < 8; i++)
        add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 8; position++)
        assert_settled(position);
}

static void a_chunk_that_was_written_starts_the_count_of_tries_anew(void **state)
{
    (void)state;
    enum status statuses[] = {STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_STORE_ALREADY,
                              STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_OK};
    world->write_statuses = statuses;
    add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
}

static void nobody_waits_for_more_records_when_nothing_is_in_flight(void **state)
{
    (void)state;
    world->config.chunk_delay_ns = 3600 * S;
    add_usual();
    run_to_end_within(1 * S, SETTLE_END_COMPLETE);
    assert_settled(1);
}

static void a_chunk_that_stays_busy_ends_the_run_after_chunk_tries(void **state)
{
    (void)state;
    enum status statuses[] = {STATUS_STORE_BUSY, STATUS_STORE_BUSY, STATUS_STORE_BUSY,
                              STATUS_STORE_ALREADY};
    world->write_statuses = statuses;
    add_usual();
    run_to_end_within(5 * S, SETTLE_END_GONE);
    assert_int_equal(settle_counts(world->settle)->fatal, STATUS_STORE_BUSY);
    assert_int_equal(*world->write_statuses, STATUS_STORE_ALREADY); // three were used
    assert_int_equal(count_calls(1, CALL_TRANSFER), 0);
}

static void the_head_is_that_of_the_newest_written_chunk(void **state)
{
    (void)state;
    struct digest hash;
    for (uint32_t i = 0; i < 8; i++)
        add_usual();
    start();
    for (uint32_t i = 0; i < 100 && !is_done(); i++) {
        run_until(next_at());
        assert_int_equal(settle_head(world->settle, &hash), world->chunk_count);
        assert_memory_equal(&hash, &world->head_hash, sizeof(hash));
    }
    assert_true(world->chunk_count > 3);
}

/* ---- a full chunk ---------------------------------------------------------------------------- */

static void a_full_chunk_stops_new_calls_but_answers_still_fit(void **state)
{
    (void)state;
    world->config.chunk_records = 2;
    world->config.slots = 64;
    for (uint32_t i = 0; i < 40; i++)
        add_usual();
    world->holds_chunks = true;
    start();
    run_for(5 * S);
    assert_int_equal(settle_counts(world->settle)->chunks_ns, 0); // none is written
    // One chunk is written, the other is past its mark: the answers of the polls are in it.
    assert_non_null(world->chunk);
    uint32_t seen = world->seen_count;
    assert_int_equal(seen, world->config.banks[0].calls_max);
    for (uint32_t i = 0; i < seen; i++)
        assert_true(world->seen[i].ended_ns != AT_NEVER);
    run_for(5 * S);
    assert_int_equal(world->seen_count, seen);
    world->holds_chunks = false;
    answer_chunk(STATUS_OK);
    run_for(world->write_ns + 1 * MS);
    // This one took all the time there was, but for its first record's way into it.
    assert_in_range(settle_counts(world->settle)->chunks_ns, 9 * S, 11 * S);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 40; position++)
        assert_settled(position);
}

static void chunks_of_one_record_carry_a_whole_payday(void **state)
{
    (void)state;
    world->config.chunk_records = 1;
    world->config.slots = 4;
    for (uint32_t i = 0; i < 12; i++)
        SAY(add_usual(), CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    run_to_end(SETTLE_END_COMPLETE);
    for (uint32_t position = 1; position <= 12; position++)
        assert_settled(position);
}

/* ---- stop ------------------------------------------------------------------------------------ */

static void a_stop_takes_the_answers_that_come_and_makes_no_new_call(void **state)
{
    (void)state;
    world->latency_ns = 300 * MS;
    for (uint32_t i = 0; i < 6; i++)
        add_under_way(STEP_HOLD);
    stop_at(START_NS + 100 * MS);
    run_to_end_within(1 * S, SETTLE_END_STOPPED);
    assert_int_equal(world->seen_count, 6);
    for (uint32_t position = 1; position <= 6; position++) {
        assert_int_equal(count_calls(position, CALL_TRANSFER), 1);
        assert_non_null(outcome_of(position, OUTCOME_ACCEPTED)); // recorded before the end
    }
}

static void a_stop_at_any_moment_ends_and_loses_no_answer(void **state)
{
    (void)state;
    for (uint64_t at_ms = 1; at_ms < 400; at_ms += 7) {
        world_close(NULL);
        world_open(NULL);
        for (uint32_t i = 0; i < 6; i++)
            SAY(add_usual(), CALL_TRANSFER, .answer = i % 2 ? ANSWER_ACCEPTED : ANSWER_NOT_DONE);
        stop_at(START_NS + at_ms * MS);
        start();
        run_for(10 * S);
        assert_true(is_done());
        audit_end();
        for (uint32_t i = 0; i < world->seen_count; i++) {
            const struct seen *call = &world->seen[i];
            assert_true(call->at_ns <= START_NS + at_ms * MS);
            if (call->said.is_done) {
                bool is_recorded = false;
                for (uint32_t n = 1; n <= count_records(call->position, RECORD_OUTCOME); n++) {
                    const struct record *r = record_of(call->position, RECORD_OUTCOME, n);
                    is_recorded |= r->step == call->step && r->outcome.state == OUTCOME_ACCEPTED;
                }
                assert_true(is_recorded);
            }
        }
    }
}

static void a_stop_waits_for_an_answer_no_longer_than_the_drain(void **state)
{
    (void)state;
    world->config.banks[0].call_timeout_ns = 3600 * S;
    struct account *account = add_under_way(STEP_HOLD);
    SAY(account, CALL_TRANSFER, .answer = ANSWER_ACCEPTED, .after_ns = AT_NEVER);
    stop_at(START_NS + 100 * MS);
    run_to_end_within(3 * S, SETTLE_END_STOPPED);
    assert_in_range(world->now_ns, START_NS + 2100 * MS, START_NS + 2101 * MS);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 1); // sent, and not answered
}

static void a_stop_leaves_what_was_never_sent_out_of_doubt(void **state)
{
    (void)state;
    struct account *clean = add_under_way(STEP_HOLD);
    SAY(clean, CALL_TRANSFER, .answer = ANSWER_NOT_DONE, .retry_after_ns = 60 * S);
    struct account *doubtful = add_under_way(STEP_HOLD);
    SAY(doubtful, CALL_TRANSFER, .answer = ANSWER_IN_DOUBT);
    doubtful->scripts[CALL_INQUIRY].is_endless = true;
    SAY(doubtful, CALL_INQUIRY, .answer = ANSWER_NOT_FOUND);
    stop_at(START_NS + 1 * S);
    run_to_end_within(3 * S, SETTLE_END_STOPPED);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 1);
}

/* ---- stale answers --------------------------------------------------------------------------- */

static void a_stop_before_all_were_loaded_says_that_it_does_not_know_them(void **state)
{
    (void)state;
    world->load_ns = 50 * MS;
    world->config.slots = 4;
    add_intent(add_under_way(STEP_HOLD), STEP_PAYOUT, 650, 60 * S);
    add_intent(add_under_way(STEP_HOLD), STEP_PAYOUT, 650, 60 * S);
    start();
    stop_at(START_NS + 110 * MS); // one of them is here, the other's page is under way
    run_to_end(SETTLE_END_STOPPED);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 1);
    assert_false(settle_counts(world->settle)->has_all);
}

static void a_second_stop_changes_nothing(void **state)
{
    (void)state;
    SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_IN_DOUBT, .after_ns = AT_NEVER);
    world->config.banks[0].call_timeout_ns = 60 * S;
    start();
    stop_at(START_NS + 100 * MS);
    stop_at(START_NS + 1500 * MS);
    run_to_end(SETTLE_END_STOPPED);
    assert_in_range(world->now_ns, START_NS + 2100 * MS, START_NS + 2200 * MS);
}

static void many_calls_that_time_out_together_are_all_cancelled(void **state)
{
    (void)state;
    world->config.slots = 64;
    world->config.banks[0].calls_max = world->config.banks[0].burst = 40;
    world->load_ns = 200 * MS; // the bucket is full when they come in
    for (uint32_t i = 0; i < 40; i++)
        SAY(add_usual(), CALL_BALANCE, .answer = ANSWER_IN_DOUBT, .after_ns = AT_NEVER);
    run_to_end(SETTLE_END_COMPLETE);
    assert_int_equal(settle_counts(world->settle)->timeouts, 40);
    assert_settled(40);
    assert_in_range(settle_latency(world->settle, CALL_BALANCE)->count, 120, 130);
}

static void banks_share_the_calls_that_there_can_be(void **state)
{
    (void)state;
    world->config.bank_count = 2;
    world->config.banks[0].calls_max = world->config.banks[1].calls_max = CALLS_MAX;
    add_usual();
    run_to_end(SETTLE_END_COMPLETE);
    assert_settled(1);
    assert_int_equal(settle_rate_used(world->settle, 1), 0);
}

static void a_stop_after_all_were_loaded_knows_them(void **state)
{
    (void)state;
    add_intent(add_under_way(STEP_HOLD), STEP_PAYOUT, 650, 60 * S);
    start();
    stop_at(START_NS + 10 * MS);
    run_to_end(SETTLE_END_STOPPED);
    assert_true(settle_counts(world->settle)->has_all);
    assert_int_equal(settle_counts(world->settle)->in_doubt, 1);
}

static void an_answer_for_an_earlier_call_of_the_slot_harms_nobody(void **state)
{
    (void)state;
    world->config.banks[0].calls_max = 1; // one slot for all calls
    for (uint32_t i = 0; i < 3; i++)
        add_usual();
    start();
    uint32_t stale = 0;
    while (!is_done()) {
        run_until(next_at());
        // Every call answered so far is answered once more: accepted, whatever it was.
        for (uint32_t i = world->seen_count; i-- > 0 && i + 3 > world->seen_count;) {
            if (world->seen[i].ended_ns == AT_NEVER || is_done())
                continue;
            struct pending *pending = expect(world->now_ns, EVENT_BANK_REPLY);
            pending->event.bank_reply =
                (struct bank_reply){.call = world->seen[i].slot, .answer = ANSWER_ACCEPTED};
            stale++;
            world_turn();
        }
    }
    assert_int_equal(settle_end(world->settle), SETTLE_END_COMPLETE);
    assert_true(stale > 10);
    assert_int_equal(settle_counts(world->settle)->stale_replies, stale);
    audit_end();
    for (uint32_t position = 1; position <= 3; position++) {
        assert_settled(position);
        assert_int_equal(count_calls(position, CALL_TRANSFER), 2);
    }
}

/* ---- next_at --------------------------------------------------------------------------------- */

static void next_at_is_never_while_only_events_can_help(void **state)
{
    (void)state;
    world->is_mute = true;
    world->holds_chunks = true;
    add_under_way(STEP_HOLD);
    start();
    run_for(1 * S);
    assert_true(settle_next_at(world->settle) == AT_NEVER);
}

static void a_wait_is_told_by_next_at_to_the_ns(void **state)
{
    (void)state;
    SAY(add_under_way(STEP_HOLD), CALL_TRANSFER, .answer = ANSWER_NOT_DONE,
        .retry_after_ns = 3 * S);
    start();
    run_for(1 * S);
    assert_int_equal(settle_next_at(world->settle), call_of(1, CALL_TRANSFER, 1)->ended_ns + 3 * S);
}

/* ---- whatever happens ------------------------------------------------------------------------ */

/* The harness fails a core that spins, pays twice, sends unpermitted or writes out of order. */
static void draw_world(struct prng *prng)
{
    struct settle_config *config = &world->config;
    config->bank_count = (uint32_t)prng_between(prng, 1, 3);
    config->slots = (uint32_t)prng_between(prng, 1, 40);
    config->chunk_records = (uint32_t)prng_between(prng, 1, prng_chance(prng, 1, 2) ? 4 : 300);
    config->hold_by_transfer = prng_chance(prng, 1, 2);
    config->closing = (enum closing_check)prng_below(prng, 3);
    config->seed = prng_next(prng);
    if (prng_chance(prng, 1, 4))
        config->deadline_at_ns = START_NS + prng_below(prng, 20 * S);
    for (uint32_t i = 0; i < config->bank_count; i++) {
        struct bank_rules *rules = &config->banks[i];
        rules->rate_per_s = (uint32_t)prng_between(prng, 10, 2000);
        rules->burst = (uint32_t)prng_between(prng, 1, 20);
        rules->calls_max = (uint32_t)prng_between(prng, 1, 20);
        rules->inquiry = prng_chance(prng, 1, 5) ? INQUIRY_REPEAT : INQUIRY_BY_KEY;
        if (prng_chance(prng, 1, 4))
            rules->key_lifetime_ns = prng_between(prng, 3, 20) * S;
    }
    uint32_t accounts = (uint32_t)prng_between(prng, 1, 24);
    for (uint32_t i = 0; i < accounts; i++) {
        struct account *account =
            add_account((int64_t)prng_below(prng, 3) * 100, (int64_t)prng_below(prng, 3) * 25, 1000,
                        prng_chance(prng, 1, 6) ? 500 : 1000);
        account->row.bank = (uint8_t)prng_below(prng, config->bank_count);
    }
    world->latency_ns = prng_between(prng, 1, 100) * MS;
    world->write_ns = prng_between(prng, 1, 30) * MS;
    stranger_open(prng_next(prng));
}

static void no_script_makes_the_core_spin_hang_or_pay_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 80; seed++) {
        struct prng prng;
        prng_init(&prng, seed);
        world_close(NULL);
        world_open(NULL);
        draw_world(&prng);
        start();
        run_for(600 * S);
        if (!is_done())
            fail_msg("seed %u does not end", (unsigned)seed);
        audit_end();
        stranger_audit();
    }
}

static void a_core_dropped_again_and_again_ends_what_it_began(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 80; seed++) {
        struct prng prng;
        prng_init(&prng, seed * 1000);
        world_close(NULL);
        world_open(NULL);
        draw_world(&prng);
        start();
        for (uint32_t i = 0; i < 6 && !is_done(); i++) {
            run_for(prng_below(&prng, 1500) * MS);
            drop_and_start(prng_chance(&prng, 1, 2));
        }
        run_for(600 * S);
        if (!is_done())
            fail_msg("seed %u does not end", (unsigned)seed);
        audit_end();
        stranger_audit();
    }
}

/* ---- a broken contract ----------------------------------------------------------------------- */

static void time_goes_back(void)
{
    settle_input(world->settle, NULL, 0, world->now_ns - 1);
}

static void no_room_for_commands(void)
{
    struct command commands[4];
    assert_int_equal(settle_output(world->settle, commands, 3, world->now_ns), 0);
}

static void a_chunk_that_is_not_being_written(void)
{
    struct event event = {.kind = EVENT_STORE_WRITTEN};
    settle_input(world->settle, &event, 1, world->now_ns);
}

static void broken_contracts_abort(void **state)
{
    (void)state;
    add_under_way(STEP_PAYOUT);
    add_intent(add_under_way(STEP_HOLD), STEP_PAYOUT, 650, 60 * S);
    start();
    assert_aborts(time_goes_back);
    assert_aborts(no_room_for_commands);
    assert_aborts(a_chunk_that_is_not_being_written);
}

static void a_dry_run_takes_nothing_and_tells_the_size(void **state)
{
    (void)state;
    struct arena arena;
    world->start = (struct settle_start){.batch_id = BATCH, .partition = PARTITION, .accounts = 9};
    world->hash = hash_open();
    arena_init(&arena, NULL, 0);
    assert_null(settle_init(&arena, world->hash, &world->config, &world->start, 0));
    size_t few_bytes = arena.used_bytes;
    world->start.accounts = 9 + 1000;
    arena_init(&arena, NULL, 0);
    assert_null(settle_init(&arena, world->hash, &world->config, &world->start, 0));
    // 16 bytes a waiting account, whatever else the configuration takes.
    assert_in_range(arena.used_bytes - few_bytes, 16 * 1000 - 64, 16 * 1000 + 64);
    hash_close(world->hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_store_gone_ends_at_once_and_no_command_follows),
        WORLD_TEST(a_chunk_s_answer_decides_how_the_run_ends),
        WORLD_TEST(a_busy_chunk_is_tried_again_with_the_same_bytes),
        WORLD_TEST(a_chunk_that_was_written_starts_the_count_of_tries_anew),
        WORLD_TEST(nobody_waits_for_more_records_when_nothing_is_in_flight),
        WORLD_TEST(a_chunk_that_stays_busy_ends_the_run_after_chunk_tries),
        WORLD_TEST(the_head_is_that_of_the_newest_written_chunk),
        WORLD_TEST(a_full_chunk_stops_new_calls_but_answers_still_fit),
        WORLD_TEST(chunks_of_one_record_carry_a_whole_payday),
        WORLD_TEST(a_stop_takes_the_answers_that_come_and_makes_no_new_call),
        WORLD_TEST(a_stop_leaves_what_was_never_sent_out_of_doubt),
        WORLD_TEST(a_stop_at_any_moment_ends_and_loses_no_answer),
        WORLD_TEST(a_stop_waits_for_an_answer_no_longer_than_the_drain),
        WORLD_TEST(a_stop_before_all_were_loaded_says_that_it_does_not_know_them),
        WORLD_TEST(a_second_stop_changes_nothing),
        WORLD_TEST(many_calls_that_time_out_together_are_all_cancelled),
        WORLD_TEST(banks_share_the_calls_that_there_can_be),
        WORLD_TEST(a_stop_after_all_were_loaded_knows_them),
        WORLD_TEST(an_answer_for_an_earlier_call_of_the_slot_harms_nobody),
        WORLD_TEST(next_at_is_never_while_only_events_can_help),
        WORLD_TEST(a_wait_is_told_by_next_at_to_the_ns),
        WORLD_TEST(no_script_makes_the_core_spin_hang_or_pay_twice),
        WORLD_TEST(a_core_dropped_again_and_again_ends_what_it_began),
        WORLD_TEST(broken_contracts_abort),
        WORLD_TEST(a_dry_run_takes_nothing_and_tells_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
