#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "jobs/bench_require.h"

static void thresholds_are_read_in_the_unit_of_what_is_measured(void **state)
{
    (void)state;
    const struct {
        const char *text, *metric;
        enum bench_relation relation;
        double value;
    } rows[] = {
        {"settlements_per_s>=10000", "settlements_per_s", BENCH_AT_LEAST, 10000},
        {"settlements_per_s >= 10_000.5", "settlements_per_s", BENCH_AT_LEAST, 10000.5},
        {"payout.response.p99<=50ms", "payout.response.p99", BENCH_AT_MOST, 5e7},
        {"deposit.service.p999<250us", "deposit.service.p999", BENCH_LESS, 250000},
        {"memory_bytes<=64MiB", "memory_bytes", BENCH_AT_MOST, 64 << 20},
        {"time_share.database<40%", "time_share.database", BENCH_LESS, 0.4},
        {"time_share.cpu>0.125", "time_share.cpu", BENCH_MORE, 0.125},
        {"trace_dropped<=0", "trace_dropped", BENCH_AT_MOST, 0},
        {"seconds<4.25", "seconds", BENCH_LESS, 4.25},
        {"cpu_ns_per_settlement.engine<=45us", "cpu_ns_per_settlement.engine", BENCH_AT_MOST,
         45000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_require require;
        char error[VALUE_ERROR_BYTES];
        if (!bench_require_parse(rows[i].text, &require, error))
            fail_msg("%s: %s", rows[i].text, error);
        assert_string_equal(require.metric.name, rows[i].metric);
        assert_int_equal(require.relation, rows[i].relation);
        assert_true(fabs(require.value - rows[i].value) < 1e-9);
    }
}

static void what_is_no_threshold_is_refused_with_its_reason(void **state)
{
    (void)state;
    const struct {
        const char *text, *error;
    } rows[] = {
        {"settlements_per_s", "compares nothing"},
        {"settlements_per_s=10", "compares nothing"},
        {"", "compares nothing"},
        {">=10", "nothing is measured by the name"},
        {"settlement_per_s>=10", "did you mean settlements_per_s?"},
        {"settlements_per_s>=", "not a number"},
        {"settlements_per_s>=ten", "not a number"},
        {"settlements_per_s>=1.2.3", "not a number"},
        {"settlements_per_s>=1.", "not a number"},
        {"settlements_per_s>=.5", "not a number"},
        {"settlements_per_s>=-5", "not a number"},
        {"settlements_per_s>=1__0", "not a number"},
        {"settlements_per_s>=1234567890123456", "not a number"},
        {"settlements_per_s>==5", "not a number"},
        {"payout.response.p99<=50", "duration"}, // of what?
        {"payout.response.p99<=never", "not within"},
        {"memory_bytes<=64MB", "size"},
        {"time_share.cpu<=120%", "chance"},
        {"a.name.that.is.much.longer.than.any.metric.has.ever.been<=1", "nothing is measured"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_require require;
        char error[VALUE_ERROR_BYTES];
        if (bench_require_parse(rows[i].text, &require, error))
            fail_msg("%s was taken", rows[i].text);
        if (strstr(error, rows[i].error) == NULL)
            fail_msg("%s: %s", rows[i].text, error);
    }
}

static void a_point_meets_it_fails_it_or_does_not_know(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum bench_result result;
    } rows[] = {
        {"settlements_per_s>=100", BENCH_MET},    {"settlements_per_s>100", BENCH_FAILED},
        {"settlements_per_s<=100", BENCH_MET},    {"settlements_per_s<100", BENCH_FAILED},
        {"settlements_per_s>99", BENCH_MET},      {"settlements_per_s<101", BENCH_MET},
        {"payout.response.p99<=50ms", BENCH_MET}, {"payout.response.p99<=49ms", BENCH_FAILED},
        {"memory_bytes<=1GiB", BENCH_UNMEASURED},
    };
    json_t *point = json_loads("{\"settlements_per_s\": {\"median\": 100.0}, \"memory_bytes\": "
                               "null, \"latency_ns\": {\"payout\": {\"response\": {\"p99\": "
                               "50000000}}}}",
                               0, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench_require require;
        char error[VALUE_ERROR_BYTES];
        double measured = -1;
        assert_true(bench_require_parse(rows[i].text, &require, error));
        assert_int_equal(bench_require_judge(&require, point, &measured), rows[i].result);
    }
    json_decref(point);
}

static void relations_are_shown_as_they_are_written(void **state)
{
    (void)state;
    assert_string_equal(bench_relation_text(BENCH_LESS), "<");
    assert_string_equal(bench_relation_text(BENCH_AT_MOST), "<=");
    assert_string_equal(bench_relation_text(BENCH_MORE), ">");
    assert_string_equal(bench_relation_text(BENCH_AT_LEAST), ">=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_are_read_in_the_unit_of_what_is_measured),
        cmocka_unit_test(what_is_no_threshold_is_refused_with_its_reason),
        cmocka_unit_test(a_point_meets_it_fails_it_or_does_not_know),
        cmocka_unit_test(relations_are_shown_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
