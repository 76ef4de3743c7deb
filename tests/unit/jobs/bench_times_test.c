/* Times out of traces that are written here by hand, in ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/pack.h"
#include "base/time.h"
#include "jobs/bench_times.h"

#define POLL_INTERVAL_MS 100
#define ONE ((uint64_t)1 << 32 | 1)
#define TWO ((uint64_t)1 << 32 | 2)

struct field {
    enum trace_field field;
    uint64_t value;
    const char *text;
};

static struct bench_trace *trace;
static const struct bench_times *times;

static void open_for(uint32_t accounts)
{
    trace = bench_trace_open(accounts, POLL_INTERVAL_MS * NS_PER_MS);
    times = bench_trace_times(trace);
}

static int close_trace(void **state)
{
    (void)state;
    bench_trace_close(trace);
    return 0;
}

static void pack_field(struct pack *pack, enum trace_field field, const struct field *given)
{
    static const uint8_t zeros[32];
    const char *text = given != NULL && given->text != NULL ? given->text : "";
    switch (trace_field_type(field)) {
    case TRACE_TYPE_NATURAL:
    case TRACE_TYPE_INTEGER:
        pack_uint(pack, given == NULL ? 0 : given->value);
        return;
    case TRACE_TYPE_BOOL:
        pack_bool(pack, false);
        return;
    case TRACE_TYPE_TEXT:
        pack_text(pack, text, strlen(text));
        return;
    case TRACE_TYPE_KEY:
        pack_bytes(pack, zeros, 16);
        return;
    case TRACE_TYPE_DIGEST:
        pack_bytes(pack, zeros, 32);
        return;
    }
}

/* An item at so many us, with these fields; ended by TRACE_NOTHING. */
static void item_us(enum trace_kind kind, uint64_t at_us, const struct field *given)
{
    uint8_t bytes[TRACE_ITEM_BYTES_MAX];
    struct pack pack = pack_into(bytes, sizeof bytes);
    const struct trace_form *form = trace_form(kind);
    struct trace_item item;
    uint32_t count = 0;
    size_t used;
    while (form->fields[count] != TRACE_NOTHING)
        count++;
    pack_array(&pack, count + 2);
    pack_uint(&pack, kind);
    pack_uint(&pack, at_us * NS_PER_US);
    for (uint32_t i = 0; i < count; i++) {
        const struct field *found = NULL;
        for (size_t j = 0; given[j].field != TRACE_NOTHING; j++)
            found = given[j].field == form->fields[i] ? &given[j] : found;
        pack_field(&pack, form->fields[i], found);
    }
    assert_int_equal(trace_read(bytes, (size_t)(pack.at - bytes), &item, &used), UNPACK_WHOLE);
    bench_trace_take(trace, &item);
}

#define ITEM(kind, at_ms, ...)                                                                     \
    item_us(TRACE_KIND_##kind, (uint64_t)((at_ms)*1000),                                           \
            (const struct field[]){__VA_ARGS__, {TRACE_NOTHING, 0, NULL}})
#define OF(id)                                                                                     \
    {                                                                                              \
        TRACE_SETTLEMENT, (id), NULL                                                               \
    }
#define WITH(field, value)                                                                         \
    {                                                                                              \
        TRACE_##field, (value), NULL                                                               \
    }

static void row(double at_ms, uint64_t id)
{
    ITEM(ROW, at_ms, OF(id));
}

static void call(enum trace_kind kind, double at_ms, uint64_t id, uint64_t step, uint64_t name)
{
    item_us(kind, (uint64_t)(at_ms * 1000),
            (const struct field[]){
                OF(id), WITH(STEP, step), WITH(CALL, name), {TRACE_NOTHING, 0, NULL}});
}

static void reply(double at_ms, uint64_t name, enum answer answer)
{
    ITEM(REPLY, at_ms, WITH(CALL, name), WITH(ANSWER, answer));
}

static void chunk(double at_ms, uint64_t number)
{
    ITEM(CHUNK_OUT, at_ms, WITH(CHUNK, number));
}

static void outcome(double at_ms, uint64_t id, uint64_t step, enum outcome_state state)
{
    ITEM(OUTCOME, at_ms, OF(id), WITH(STEP, step), WITH(STATE, state));
}

static void intent(double at_ms, uint64_t id, uint64_t step)
{
    ITEM(INTENT, at_ms, OF(id), WITH(STEP, step));
}

static void written(double at_ms, uint64_t number, enum status status)
{
    ITEM(WRITTEN, at_ms, WITH(CHUNK, number), {TRACE_STATUS, 0, status_name(status)});
}

static void part_is(enum bench_part part, double ms)
{
    assert_int_equal(times->part_ns[part], (uint64_t)(ms * 1e6));
}

static void all_is(const struct histogram *histogram, uint64_t count, double most_ms)
{
    assert_int_equal(histogram->count, count);
    assert_int_equal(histogram->most_ns, (uint64_t)(most_ms * 1e6));
}

/* Deposit seen at 30, collect in doubt never, payout in doubt once, one chunk tried twice. */
static void tell_a_settlement(void)
{
    row(10, ONE);
    call(TRACE_KIND_POLL, 10.5, ONE, 0, 1);
    reply(30, 1, ANSWER_BALANCE);
    chunk(50, 1);
    outcome(50, ONE, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    intent(50, ONE, STEP_COLLECT);
    written(80, 1, STATUS_OK);
    call(TRACE_KIND_TRANSFER, 95, ONE, STEP_COLLECT, 2);
    reply(100, 2, ANSWER_ACCEPTED);
    for (int i = 0; i < 2; i++) {
        chunk(i == 0 ? 120 : 131, 2);
        outcome(i == 0 ? 120 : 131, ONE, STEP_COLLECT, OUTCOME_ACCEPTED);
        outcome(i == 0 ? 120 : 131, ONE, STEP_HOLD, OUTCOME_POSTED);
        intent(i == 0 ? 120 : 131, ONE, STEP_PAYOUT);
        written(i == 0 ? 130 : 140, 2, i == 0 ? STATUS_STORE_BUSY : STATUS_OK);
    }
    call(TRACE_KIND_TRANSFER, 141, ONE, STEP_PAYOUT, 3);
    reply(150, 3, ANSWER_IN_DOUBT);
    call(TRACE_KIND_INQUIRY, 160, ONE, STEP_PAYOUT, 4);
    reply(170, 4, ANSWER_ACCEPTED);
    chunk(180, 3);
    outcome(180, ONE, STEP_PAYOUT, OUTCOME_ACCEPTED);
    outcome(180, ONE, STEP_CLOSING, OUTCOME_SETTLED);
    written(200, 3, STATUS_STORE_ALREADY);
}

static void every_moment_of_a_settlement_belongs_to_one_part(void **state)
{
    (void)state;
    open_for(1);
    tell_a_settlement();
    assert_int_equal(times->settled, 1);
    part_is(BENCH_CPU, 0.5 + 1);
    part_is(BENCH_BANK, 19.5 + 5 + 9 + 10);
    part_is(BENCH_TOKENS, 15 + 10);
    part_is(BENCH_DATABASE, 20 + 30 + 20 + 20 + 10 + 20);
    assert_int_equal(times->gathering_ns, 50 * NS_PER_MS);
    uint64_t sum_ns = 0;
    for (size_t i = 0; i < BENCH_PARTS; i++)
        sum_ns += times->part_ns[i];
    assert_int_equal(sum_ns, times->response[BENCH_WHOLE].most_ns);
    assert_int_equal(times->first_ns, 10 * NS_PER_MS);
    assert_int_equal(times->last_ns, 200 * NS_PER_MS);
}

static void a_step_is_done_when_its_commit_is_acknowledged(void **state)
{
    (void)state;
    open_for(1);
    tell_a_settlement();
    all_is(&times->response[STEP_DEPOSIT], 1, 70);
    all_is(&times->response[STEP_COLLECT], 1, 130);
    all_is(&times->response[STEP_HOLD], 1, 130);
    all_is(&times->response[STEP_PAYOUT], 1, 190);
    all_is(&times->response[BENCH_WHOLE], 1, 190);
    all_is(&times->commit, 3, 30);
}

static void service_is_one_call_and_what_got_no_answer_is_told_apart(void **state)
{
    (void)state;
    open_for(1);
    tell_a_settlement();
    all_is(&times->service[STEP_DEPOSIT], 1, 19.5);
    all_is(&times->service[STEP_COLLECT], 1, 5);
    all_is(&times->service[STEP_PAYOUT], 2, 10);
    assert_int_equal(times->answered_ns, 34500 * NS_PER_US); // not the 9 ms in doubt
}

static void balances_after_the_deposit_belong_to_the_closing(void **state)
{
    (void)state;
    open_for(1);
    row(1, ONE);
    call(TRACE_KIND_POLL, 2, ONE, 0, 1);
    reply(4, 1, ANSWER_BALANCE);
    chunk(5, 1);
    outcome(5, ONE, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    written(6, 1, STATUS_OK);
    call(TRACE_KIND_POLL, 7, ONE, 0, 2);
    reply(12, 2, ANSWER_BALANCE);
    all_is(&times->service[STEP_DEPOSIT], 1, 2);
    all_is(&times->service[STEP_CLOSING], 1, 5);
    assert_int_equal(times->settled, 0);
    part_is(BENCH_BANK, 0); // only settled ones count
}

/* Polled every 100 ms, lands at 1000, is seen by the poll of 1013. */
static void waiting_counts_from_the_instant_at_which_the_deposit_was_to_land(void **state)
{
    (void)state;
    open_for(2);
    bench_trace_expect(trace, ONE, 1000 * NS_PER_MS);
    row(100, TWO);
    row(100, ONE);
    for (int i = 1; i <= 9; i++) {
        call(TRACE_KIND_POLL, 100 * i + 5, ONE, 0, 1);
        reply(100 * i + 10, 1, ANSWER_BALANCE);
    }
    call(TRACE_KIND_POLL, 1013, ONE, 0, 1);
    chunk(1015, 1); // another's
    outcome(1015, TWO, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    reply(1020, 1, ANSWER_BALANCE);
    written(1040, 1, STATUS_OK);
    chunk(1050, 2);
    outcome(1050, ONE, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    outcome(1050, ONE, STEP_CLOSING, OUTCOME_SETTLED);
    written(1060, 2, STATUS_OK);
    part_is(BENCH_TOKENS, 13);
    assert_int_equal(times->poll_ns, 10 * NS_PER_MS);
    part_is(BENCH_BANK, 7);
    part_is(BENCH_DATABASE, 40);
    assert_int_equal(times->gathering_ns, 10 * NS_PER_MS);
    part_is(BENCH_CPU, 0);
    all_is(&times->response[BENCH_WHOLE], 1, 60);
    all_is(&times->response[STEP_DEPOSIT], 2, 940); // TWO was opened at 100
}

static void an_engine_that_comes_late_hides_nothing(void **state)
{
    (void)state;
    open_for(1);
    bench_trace_expect(trace, ONE, 2000 * NS_PER_MS);
    row(2500, ONE);
    call(TRACE_KIND_POLL, 2510, ONE, 0, 1);
    reply(2515, 1, ANSWER_BALANCE);
    chunk(2520, 1);
    outcome(2520, ONE, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    outcome(2520, ONE, STEP_CLOSING, OUTCOME_SETTLED);
    written(2530, 1, STATUS_OK);
    all_is(&times->response[STEP_DEPOSIT], 1, 530);
    all_is(&times->service[STEP_DEPOSIT], 1, 5);
    part_is(BENCH_TOKENS, 510);
    assert_int_equal(times->poll_ns, 0);
}

static void what_was_under_way_before_is_not_counted(void **state)
{
    (void)state;
    open_for(1);
    ITEM(ROW, 10, OF(ONE), WITH(SEQ, 2));
    chunk(20, 1);
    outcome(20, ONE, STEP_CLOSING, OUTCOME_SETTLED);
    written(30, 1, STATUS_OK);
    assert_int_equal(times->settled, 0);
    all_is(&times->response[BENCH_WHOLE], 0, 0);
}

static void a_chunk_that_nobody_acknowledged_makes_nothing_durable(void **state)
{
    (void)state;
    open_for(1);
    row(10, ONE);
    chunk(20, 1);
    outcome(20, ONE, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    ITEM(CLAIM, 30, WITH(BATCH, 1));
    written(40, 1, STATUS_OK);
    all_is(&times->response[STEP_DEPOSIT], 0, 0);
    all_is(&times->commit, 0, 0);
}

static void undone_transfers_are_no_steps_and_ends_come_once(void **state)
{
    (void)state;
    open_for(1);
    row(10, ONE);
    chunk(20, 1);
    ITEM(OUTCOME, 20, OF(ONE), WITH(STEP, STEP_COLLECT), WITH(DIRECTION, TRANSFER_UNDO),
         WITH(STATE, OUTCOME_ACCEPTED));
    outcome(20, ONE, STEP_CLOSING, OUTCOME_SETTLED);
    outcome(20, ONE, STEP_CLOSING, OUTCOME_SETTLED);
    written(30, 1, STATUS_OK);
    all_is(&times->response[STEP_COLLECT], 0, 0);
    all_is(&times->response[BENCH_WHOLE], 1, 20);
    assert_int_equal(times->settled, 1);
}

static void what_the_disk_dropped_is_told_and_strangers_are_not_looked_at(void **state)
{
    (void)state;
    open_for(1);
    row(10, ONE);
    row(10, TWO); // no room was asked for it
    call(TRACE_KIND_POLL, 11, TWO, 0, 1);
    reply(12, 1, ANSWER_BALANCE);
    reply(13, 99, ANSWER_BALANCE); // its call was dropped
    chunk(14, 1);
    outcome(14, TWO, STEP_DEPOSIT, OUTCOME_DEPOSITED);
    ITEM(DROPPED, 15, WITH(COUNT, 40));
    ITEM(DROPPED, 16, WITH(COUNT, 2));
    assert_int_equal(times->dropped, 42);
    all_is(&times->service[STEP_DEPOSIT], 0, 0);
}

static void runs_are_added_up(void **state)
{
    (void)state;
    static struct bench_times all;
    memset(&all, 0, sizeof all);
    open_for(1);
    tell_a_settlement();
    bench_times_merge(&all, times);
    bench_times_merge(&all, times);
    assert_int_equal(all.settled, 2);
    assert_int_equal(all.part_ns[BENCH_TOKENS], 50 * NS_PER_MS);
    assert_int_equal(all.response[STEP_PAYOUT].count, 2);
    assert_int_equal(all.first_ns, 10 * NS_PER_MS);
    assert_int_equal(all.last_ns, 200 * NS_PER_MS);
    struct bench_times *nothing = test_calloc(1, sizeof *nothing);
    bench_times_merge(nothing, times);
    assert_memory_equal(nothing, times, sizeof *nothing);
    test_free(nothing);
}

#define TEST(f) cmocka_unit_test_teardown(f, close_trace)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_moment_of_a_settlement_belongs_to_one_part),
        TEST(a_step_is_done_when_its_commit_is_acknowledged),
        TEST(service_is_one_call_and_what_got_no_answer_is_told_apart),
        TEST(balances_after_the_deposit_belong_to_the_closing),
        TEST(waiting_counts_from_the_instant_at_which_the_deposit_was_to_land),
        TEST(an_engine_that_comes_late_hides_nothing),
        TEST(what_was_under_way_before_is_not_counted),
        TEST(a_chunk_that_nobody_acknowledged_makes_nothing_durable),
        TEST(undone_transfers_are_no_steps_and_ends_come_once),
        TEST(what_the_disk_dropped_is_told_and_strangers_are_not_looked_at),
        TEST(runs_are_added_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
