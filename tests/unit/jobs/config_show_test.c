#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/config_show.h"

static const char file[] = "time_zone: Asia/Seoul\n"
                           "run:\n"
                           "  slots: 500\n"
                           "  send_before: 1500ms\n"
                           "  hold: post\n"
                           "banks:\n"
                           "  north:\n"
                           "    profile: p.yaml\n"
                           "    url: http://127.0.0.1:8080\n"
                           "    collection_account: C-1\n"
                           "    linger: never\n";

static struct config *load(char **environment, const char *const *sets, const char *database)
{
    struct config *config = calloc(1, sizeof *config);
    struct config_sources sources = {
        .file = "d.yaml",
        .text = file,
        .text_bytes = sizeof file - 1,
        .environment = environment,
        .sets = sets,
        .database = database,
    };
    assert_true(config_load(config, &sources, stderr));
    return config;
}

/* The line of a general key, or of the bank's. */
static struct config_line line_of(const struct config *config, bool is_bank,
                                  const struct bank_rules *rules, const char *name)
{
    const struct config_key *keys = is_bank ? config_bank_keys : config_keys;
    size_t count = is_bank ? config_bank_key_count : config_key_count;
    struct config_line line;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            config_show_key(config, is_bank ? &config->banks[0] : NULL, rules, i, &line);
            return line;
        }
    }
    fail_msg("no key %s", name);
    return line;
}

static void expect_line(const struct config *config, const char *name, const char *value,
                        const char *origin)
{
    struct config_line line = line_of(config, false, NULL, name);
    assert_string_equal(line.key, name);
    assert_string_equal(line.value, value);
    assert_string_equal(line.origin, origin);
}

static void every_value_says_where_it_comes_from(void **state)
{
    (void)state;
    char over[] = "DAYBOOK_RUN_OVER=pay", slots[] = "DAYBOOK_RUN_SLOTS=600";
    char *environment[] = {over, slots, NULL};
    static const char *const sets[] = {"run.slots=700", "claim.lock_wait=90s", NULL};
    struct config *config = load(environment, sets, "host=h dbname=d");
    expect_line(config, "time_zone", "Asia/Seoul", "d.yaml:1:12");
    expect_line(config, "run.send_before", "1500ms", "d.yaml:4:16");
    expect_line(config, "run.over", "pay", "DAYBOOK_RUN_OVER");
    expect_line(config, "run.slots", "700", "--set"); // over the environment, over the file
    expect_line(config, "claim.lock_wait", "90s", "--set");
    expect_line(config, "run.resolve_wait", "15min", "default");
    expect_line(config, "run.hold", "post", "d.yaml:5:9");
    expect_line(config, "state_folder", "", "default");
    expect_line(config, "database", "host=h dbname=d", "--database");
    config_close(config);
}

static void what_the_configuration_leaves_open_is_the_profiles(void **state)
{
    (void)state;
    struct config *config = load(NULL, NULL, NULL);
    struct bank_rules rules = {.rate_per_s = 20,
                               .poll_interval_ns = 60 * NS_PER_S,
                               .linger_ns = 5 * NS_PER_S,
                               .later_wait_ns = AT_NEVER};
    struct config_line line = line_of(config, true, &rules, "rate");
    assert_string_equal(line.key, "banks.north.rate");
    assert_string_equal(line.value, "20");
    assert_string_equal(line.origin, "profile p.yaml");
    assert_string_equal(line_of(config, true, &rules, "poll_interval").value, "1min");
    assert_string_equal(line_of(config, true, &rules, "later_wait").value, "never");
    line = line_of(config, true, &rules, "linger"); // stated over the profile's
    assert_string_equal(line.value, "never");
    assert_string_equal(line.origin, "d.yaml:11:13");
    assert_string_equal(line_of(config, true, NULL, "rate").value, ""); // no profile was found
    assert_string_equal(line_of(config, true, &rules, "connections").value, "");
    config_close(config);
}

static void no_secret_is_shown(void **state)
{
    (void)state;
    char database[] = "DAYBOOK_DATABASE=postgresql://me:hidden@host/db";
    char password[] = "DAYBOOK_DATABASE_PASSWORD=hidden",
         token[] = "DAYBOOK_BANKS_NORTH_TOKEN=hidden";
    char *environment[] = {database, password, token, NULL};
    struct config *config = load(environment, NULL, NULL);
    struct config_line line = line_of(config, false, NULL, "database");
    assert_null(strstr(line.value, "hidden"));
    assert_non_null(strstr(line.value, "password=********"));
    assert_non_null(strstr(line.value, "host=host"));
    config_show_secret(config, NULL, &line);
    assert_string_equal(line.value, "********");
    assert_string_equal(line.origin, "DAYBOOK_DATABASE_PASSWORD");
    config_show_secret(config, &config->banks[0], &line);
    assert_string_equal(line.key, "banks.north.token");
    assert_string_equal(line.value, "********");
    assert_string_equal(line.origin, "DAYBOOK_BANKS_NORTH_TOKEN");
    config_close(config);
    config = load(NULL, NULL, NULL);
    config_show_secret(config, &config->banks[0], &line);
    assert_string_equal(line.value, "");
    assert_string_equal(line.origin, "default");
    config_close(config);
}

/* What is shown can be written into a file again. */
static void every_default_is_shown_as_it_may_be_written(void **state)
{
    (void)state;
    struct config *config = load(NULL, NULL, NULL);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        struct config_line line;
        char error[VALUE_ERROR_BYTES];
        int64_t value;
        config_show_key(config, NULL, NULL, i, &line);
        if (key->rule.kind == VALUE_TEXT)
            continue;
        assert_true(value_parse(&key->rule, line.value, &value, error));
        assert_int_equal(value, *(int64_t *)(void *)((char *)config + key->offset));
    }
    config_close(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_says_where_it_comes_from),
        cmocka_unit_test(what_the_configuration_leaves_open_is_the_profiles),
        cmocka_unit_test(no_secret_is_shown),
        cmocka_unit_test(every_default_is_shown_as_it_may_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
