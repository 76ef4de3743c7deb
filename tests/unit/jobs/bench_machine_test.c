/* When a benchmark's result is kept as this machine's speed, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/bench.h"
#include "jobs/machine.h"
#include "jobs/options_bench.h"

static char folder[] = "/tmp/daybook-bench-machine.XXXXXX";
static const struct job_command command = {
    .name = "bench run", .options = options_bench_run, .option_count = OPTIONS_BENCH_RUN};
static struct job job;
static struct bench bench;
static struct bench_point point;
static json_t *document;

static int prepare(void **state)
{
    (void)state;
    job = (struct job){.program = "daybook", .command = &command};
    bench = (struct bench){
        .job = &job,
        .is_quiet = true,
        .workload = {.accounts = 10000, .closing_check = "off"},
        .cluster = (struct cluster *)(void *)folder, // there is one; it is not looked into
        .state_folder = folder,
    };
    point = (struct bench_point){.connections = 256};
    document = json_loads("{\"points\": [{\"settlements_per_s\": {\"median\": 10440.4},"
                          " \"cpu_ns_per_settlement\": {\"engine\": 41000, \"bank\": 28000, "
                          "\"postgres\": 67000}, \"latency_ns\": {\"commit\": {\"service\": "
                          "{\"p50\": 9000000}}}}]}",
                          0, NULL);
    assert_non_null(document);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    char name[64];
    json_decref(document);
    snprintf(name, sizeof name, "%s/" MACHINE_FILE, folder);
    unlink(name);
    return 0;
}

static enum machine_found kept(struct machine *machine)
{
    char error[FILE_ERROR_BYTES];
    bench_machine_keep(&bench, &point, document);
    return machine_load(folder, machine, error);
}

static void a_payday_at_full_speed_is_kept(void **state)
{
    (void)state;
    struct machine machine;
    assert_int_equal(kept(&machine), MACHINE_KNOWN);
    assert_int_equal(machine.speed.settlements_per_s, 10440);
    assert_int_equal(machine.speed.engine_ns, 41000);
    assert_int_equal(machine.speed.bank_ns, 28000);
    assert_int_equal(machine.speed.postgres_ns, 67000);
    assert_int_equal(machine.speed.chunk_commit_ns, 9000000);
    assert_int_equal(machine.speed.lanes, 1);
}

static void lanes_are_told(void **state)
{
    (void)state;
    struct machine machine;
    point.lanes = 4;
    assert_int_equal(kept(&machine), MACHINE_KNOWN);
    assert_int_equal(machine.speed.lanes, 4);
}

static void what_something_else_slowed_down_is_not(void **state)
{
    (void)state;
    struct machine machine;
    const struct bench good = bench;
    const struct bench_point good_point = point;
    for (int i = 0;; i++) {
        bench = good;
        point = good_point;
        switch (i) {
        case 0:
            bench.workload.accounts = 9999; // over before the start is forgotten
            break;
        case 1:
            bench.workload.bank = "north";
            break;
        case 2:
            bench.workload.bank_rate_per_s = 500;
            break;
        case 3:
            bench.workload.spread_ns = 1;
            break;
        case 4:
            bench.workload.closing_check = "all";
            break;
        case 5:
            bench.cluster = NULL;
            break;
        case 6:
            bench.over = BENCH_OVER_CONCURRENCY;
            break;
        case 7:
            point.rate_per_s = 100;
            break;
        case 8:
            point.latency_ns = NS_PER_MS;
            break;
        case 9:
            bench.state_folder = NULL;
            break;
        default:
            return;
        }
        if (kept(&machine) != MACHINE_ABSENT)
            fail_msg("case %d was kept", i);
    }
}

static void without_a_trace_nothing_is_kept(void **state)
{
    (void)state;
    struct machine machine;
    json_object_del(json_array_get(json_object_get(document, "points"), 0), "latency_ns");
    assert_int_equal(kept(&machine), MACHINE_ABSENT);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "%s/" MACHINE_FILE ".lock", folder);
    unlink(name);
    return rmdir(folder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, prepare, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_payday_at_full_speed_is_kept),
        TEST(lanes_are_told),
        TEST(what_something_else_slowed_down_is_not),
        TEST(without_a_trace_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
