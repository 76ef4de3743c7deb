#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/forecast_site.h"
#include "jobs/run_forecast.h"

static char folder[] = "/tmp/daybook-site.XXXXXX";
static char error[FILE_ERROR_BYTES];
static struct config config;
static struct config_bank here, there;
static const struct bank_rules rules = {
    .rate_per_s = 500, .calls_max = 64, .poll_interval_ns = 60 * NS_PER_S};

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/daybook-site.XXXXXX");
    assert_non_null(mkdtemp(folder));
    config = (struct config){.state_folder = folder,
                             .slots = 16384,
                             .chunk_delay_ns = 50 * (int64_t)NS_PER_MS,
                             .closing_check = CLOSING_OFF};
    here = (struct config_bank){.name = "here", .url = "http://127.0.0.1:1", .host = "127.0.0.1"};
    there = (struct config_bank){.name = "there", .url = "http://b:1", .host = "b"};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char file[sizeof folder + sizeof MACHINE_FILE];
    snprintf(file, sizeof file, "%s/%s", folder, MACHINE_FILE);
    unlink(file);
    return rmdir(folder);
}

static void save_speed(void)
{
    const struct machine_speed speed = {.settlements_per_s = 10000,
                                        .engine_ns = 45000,
                                        .bank_ns = 30000,
                                        .postgres_ns = 60000,
                                        .chunk_commit_ns = 9 * NS_PER_MS,
                                        .lanes = 1};
    assert_true(machine_save(folder, &speed, error));
}

/* A payday of 1,000 at one bank. */
static void plan_at(struct forecast_site *site, const struct config_bank *bank)
{
    forecast_site_begin(site, &config);
    forecast_site_add(site, bank->name, bank, &rules);
    forecast_site_plan(site, 0, 1000);
    forecast_site_end(site);
}

static void what_was_not_measured_is_assumed(void **state)
{
    (void)state;
    struct forecast_site site;
    plan_at(&site, &there);
    assert_int_equal(site.found, MACHINE_ABSENT);
    assert_true(site.is_speed_assumed && site.is_call_assumed[0]);
    assert_int_equal(site.input.machine_per_s, FORECAST_ASSUMED_PER_S);
    assert_int_equal(site.input.chunk_commit_ns, FORECAST_ASSUMED_COMMIT_NS);
    assert_int_equal(site.input.banks[0].call_ns, FORECAST_ASSUMED_CALL_NS);
    assert_int_equal(site.input.banks[0].calls, 3000);
    assert_int_equal(site.input.banks[0].rate_per_s, 500);
    assert_int_equal(site.input.banks[0].calls_max, 64);
    assert_int_equal(site.input.slots, 16384);
    assert_int_equal(site.input.poll_ns, 60 * NS_PER_S);
}

static void what_was_measured_is_used(void **state)
{
    (void)state;
    struct forecast_site site;
    struct machine_bank bank = {.name = "there", .url = "http://b:1", .call_ns = 33 * NS_PER_MS};
    save_speed();
    assert_true(machine_save_run(folder, 4 * NS_PER_MS, &bank, 1, error));
    plan_at(&site, &there);
    assert_false(site.is_speed_assumed || site.is_call_assumed[0]);
    assert_int_equal(site.input.banks[0].call_ns, 33 * NS_PER_MS);
    assert_int_equal(site.input.chunk_commit_ns, 4 * NS_PER_MS); // a run's before a benchmark's
    // Of 135 us a settlement the bank's 30 are spent elsewhere.
    assert_int_equal(site.input.machine_per_s, 12857);
    plan_at(&site, &here);
    assert_true(site.is_call_assumed[0]); // another bank
    assert_int_equal(site.input.machine_per_s, 10000);
}

static void a_benchmark_alone_tells_the_commit_too(void **state)
{
    (void)state;
    struct forecast_site site;
    save_speed();
    plan_at(&site, &there);
    assert_int_equal(site.input.chunk_commit_ns, 9 * NS_PER_MS);
}

static void without_a_state_folder_all_is_assumed(void **state)
{
    (void)state;
    static char none[] = "none";
    struct forecast_site site;
    save_speed();
    config.state_folder = none;
    plan_at(&site, &there);
    assert_true(site.is_speed_assumed);
}

static void each_limit_has_its_words(void **state)
{
    (void)state;
    static const struct {
        enum forecast_limit limit;
        uint64_t value;
        const char *name, *words;
    } rows[] = {
        {FORECAST_RATE, 1500, "rate", "bank there's rate of 1,500 calls/s"},
        {FORECAST_CALLS, 64, "calls", "bank there's 64 calls in flight, 100 ms each"},
        {FORECAST_SLOTS, 16384, "slots", "run.slots, 16,384 settlements under way"},
        {FORECAST_MACHINE, 2000, "machine", "this machine and its database, 2,000 settlements/s"},
        {FORECAST_PATH, 1, "path", "one settlement's calls and commits at bank there"},
        {FORECAST_DEPOSITS, 1, "deposits", "when the last deposit arrives at bank there"},
    };
    struct forecast_site site;
    char words[FORECAST_WORDS_BYTES];
    plan_at(&site, &there);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct forecast_bound bound = {.limit = rows[i].limit, .value = rows[i].value};
        bool is_shared = rows[i].limit == FORECAST_SLOTS || rows[i].limit == FORECAST_MACHINE;
        assert_string_equal(forecast_site_limit(rows[i].limit), rows[i].name);
        assert_string_equal(forecast_site_words(&site, &bound, words), rows[i].words);
        assert_int_equal(forecast_site_bank(&site, &bound) == NULL, is_shared);
    }
}

static void an_error_is_of_the_forecast(void **state)
{
    (void)state;
    const struct run_forecast forecast = {.duration_ns = 20 * NS_PER_S};
    const struct run_forecast none = {0};
    assert_int_equal(run_forecast_error(&forecast, 21 * NS_PER_S), 50);
    assert_int_equal(run_forecast_error(&forecast, 15 * NS_PER_S), -250);
    assert_int_equal(run_forecast_error(&none, NS_PER_S), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_not_measured_is_assumed),
        TEST(what_was_measured_is_used),
        TEST(a_benchmark_alone_tells_the_commit_too),
        TEST(without_a_state_folder_all_is_assumed),
        TEST(each_limit_has_its_words),
        TEST(an_error_is_of_the_forecast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
