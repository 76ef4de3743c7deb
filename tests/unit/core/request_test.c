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
   whatever is under way. The audit judges the rest. */
static void sweep(enum settle_scope scope, uint64_t load_ns, uint64_t write_ns, uint64_t step_ns)
{
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(any_request_at_any_instant_is_answered_once),
        WORLD_TEST(so_it_is_where_the_page_was_read_long_before_it_comes),
        WORLD_TEST(a_busy_answer_to_one_that_waits_for_its_turn_to_send_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
