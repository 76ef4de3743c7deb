#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/config.h"

#define BANK                                                                                       \
    "banks:\n"                                                                                     \
    "  north:\n"                                                                                   \
    "    profile: p.yaml\n"                                                                        \
    "    url: http://127.0.0.1:8080/v1/\n"                                                         \
    "    collection_account: C-1\n"

struct loaded {
    struct config *config;
    char *said;
    bool good;
};

static struct loaded load(const char *text, char **environment, const char *const *sets)
{
    struct loaded loaded = {.config = calloc(1, sizeof(struct config))};
    size_t said_bytes;
    struct config_sources sources = {
        .file = text == NULL ? NULL : "d.yaml",
        .text = text,
        .text_bytes = text == NULL ? 0 : strlen(text),
        .environment = environment,
        .sets = sets,
    };
    FILE *errors = open_memstream(&loaded.said, &said_bytes);
    assert_non_null(errors);
    loaded.good = config_load(loaded.config, &sources, errors);
    fclose(errors);
    return loaded;
}

static void let_go(struct loaded *loaded)
{
    config_close(loaded->config);
    free(loaded->said);
}

static void defaults_hold_where_nothing_is_said(void **state)
{
    (void)state;
    struct loaded loaded = load(NULL, NULL, NULL);
    assert_true(loaded.good);
    assert_string_equal(loaded.said, "");
    assert_int_equal(loaded.config->slots, 16384);
    assert_int_equal(loaded.config->send_before_ns, 10 * NS_PER_S);
    assert_int_equal(loaded.config->closing_check, 0);
    assert_string_equal(loaded.config->time_zone, "UTC");
    assert_null(loaded.config->database);
    assert_int_equal(loaded.config->bank_count, 0);
    let_go(&loaded);
}

static void a_file_of_comments_alone_says_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# later\n  # more", "---\n", "{}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct loaded loaded = load(texts[i], NULL, NULL);
        assert_string_equal(loaded.said, "");
        assert_true(loaded.good);
        let_go(&loaded);
    }
}

static void a_whole_file_is_read(void **state)
{
    (void)state;
    struct loaded loaded = load("database: host=/run dbname=d user=u # where\n"
                                "run:\n"
                                "  slots: 100\n"
                                "  hold: transfer\n"
                                "  send_before: 1s\n" BANK "    suspense_account: S-1\n"
                                "    rate: 50\n"
                                "    linger: never\n",
                                NULL, NULL);
    assert_string_equal(loaded.said, "");
    assert_true(loaded.good);
    const struct config_bank *bank = config_bank(loaded.config, "north");
    assert_non_null(bank);
    assert_string_equal(bank->host, "127.0.0.1");
    assert_int_equal(bank->port, 8080);
    assert_string_equal(bank->path_prefix, "/v1");
    assert_int_equal(bank->line, 7);
    assert_int_equal(loaded.config->slots, 100);
    assert_int_equal(loaded.config->hold, 1);
    struct bank_rules profile = {.rate_per_s = 9, .burst = 7, .calls_max = 3, .linger_ns = 5};
    struct bank_rules rules = config_rules(bank, &profile);
    assert_int_equal(rules.rate_per_s, 50);
    assert_int_equal(rules.burst, 7);
    assert_true(rules.linger_ns == AT_NEVER);
    let_go(&loaded);
}

static void a_session_that_says_nothing_is_lost_after_twice_stale_after(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t answer_ns;
    } rows[] = {
        {"", 60 * NS_PER_S},
        {"claim:\n  stale_after: 10s\n", 20 * NS_PER_S},
        {"claim:\n  stale_after: 800ms\n  heartbeat: 10ms\n", 2 * NS_PER_S},
        {"claim:\n  stale_after: 10s\n  answer_within: 7s\n", 7 * NS_PER_S},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded = load(rows[i].text, NULL, NULL);
        assert_string_equal(loaded.said, "");
        assert_int_equal(loaded.config->answer_within_ns, rows[i].answer_ns);
        let_go(&loaded);
    }
}

static void a_not_found_counts_after_permission_linger_and_processing(void **state)
{
    (void)state;
    struct config config = {.alive_ns = 5, .send_before_ns = 10};
    struct bank_rules rules = {.linger_ns = 100, .processing_ns = 1000};
    assert_int_equal(config_resolve_least_ns(&config, &rules), 1105);
    config.send_before_ns = 3;
    assert_int_equal(config_resolve_least_ns(&config, &rules), 1103);
    rules.linger_ns = AT_NEVER;
    assert_int_equal(config_resolve_least_ns(&config, &rules), 1003);
}

static void flag_beats_environment_beats_file_beats_default(void **state)
{
    (void)state;
    char *environment[] = {"DAYBOOK_RUN_SLOTS=200", "DAYBOOK_RUN_DRAIN=2s",
                           "DAYBOOK_BANKS_NORTH_RATE=60", "DAYBOOK_RUN_OVER=", NULL};
    const char *const sets[] = {"run.slots=300", "banks.north.burst=8", NULL};
    struct loaded loaded =
        load("run:\n  slots: 100\n  drain: 1s\n  alive: 9s\n" BANK "    rate: 50\n    burst: 5\n",
             environment, sets);
    assert_string_equal(loaded.said, "");
    assert_int_equal(loaded.config->slots, 300);
    assert_int_equal(loaded.config->drain_ns, 2 * NS_PER_S);
    assert_int_equal(loaded.config->alive_ns, 9 * NS_PER_S);
    assert_int_equal(loaded.config->banks[0].rate, 60);
    assert_int_equal(loaded.config->banks[0].burst, 8);
    let_go(&loaded);
}

struct wrong {
    const char *text;
    const char *said; /* begins so */
};

static const struct wrong wrongs[] = {
    {"run:\n  slot: 5\n", "d.yaml:2:3: unknown key run.slot\n      slot: 5\n      ^\n"
                          "hint: did you mean run.slots?\n"},
    {"run:\n  slots: many\n", "d.yaml:2:10: run.slots: \"many\" is not a whole number\n"
                              "      slots: many\n             ^\n"},
    {"run:\n  slots: 0\n", "d.yaml:2:10: run.slots: \"0\" is not within 1 to 65536\n"},
    {"run:\n  send_before: 10\n", "d.yaml:2:16: run.send_before: \"10\" is not a duration"},
    {"run:\n  over: maybe\n", "d.yaml:2:9: run.over: \"maybe\" is not one of park, pay\n"},
    {"run: 5\n", "d.yaml:1:1: unknown key run\n"},
    {"run:\n  slots: [1, 2]\n", "d.yaml:2:3: run.slots must be one value"},
    {"run:\n  slots:\n", "d.yaml:2:3: run.slots has no value\n"},
    {"run:\n  slots: 1\n  slots: 2\n", "d.yaml:3:3: "},
    {"runs:\n  slots: 1\n", "d.yaml:2:3: unknown key runs.slots\n"},
    {"- a\n", "d.yaml:1:1: the file must be a mapping of keys\n"},
    {"run:\n  slots: {\n", "d.yaml:"},
    {"run:\n\tslots: 1\n", "d.yaml:2:1: "},
    {"database: host=x password=y\n", "d.yaml:1:1: database: a password does not belong here\n"},
    {"database: nonsense\n", "d.yaml:1:11: database: not a connection string"},
    {"banks:\n  north: 5\n", "d.yaml:2:3: banks.north must be a section of keys\n"},
    {"banks:\n  no rth:\n    rate: 1\n", "d.yaml:2:3: a bank's name is 1 to 16"},
    {"banks:\n  north:\n    rate: 1\n", "d.yaml:2:3: banks.north.profile is missing\n"},
    {BANK "    token: secret\n", "d.yaml:6:5: unknown key banks.north.token\n"},
    {BANK "    url: ftp://x\n", "d.yaml:6:5: "},
    {"banks:\n  north:\n    url: https://x:1\n", "d.yaml:3:10: url: https is not supported yet"},
    {"banks:\n  north:\n    url: http://x\n", "d.yaml:3:10: url: the port is missing"},
    {"banks:\n  north:\n    url: http://x:70000\n", "d.yaml:3:10: url: the port is not within"},
    {"banks:\n  north:\n    url: \"http://x:1/a b\"\n", "d.yaml:3:11: url: the path has a byte"},
    {"banks:\n  north:\n    collection_account: C/1\n",
     "d.yaml:3:25: collection_account: an account number is 1 to 40 letters"},
    {BANK "run:\n  hold: transfer\n",
     "d.yaml:2:3: banks.north.suspense_account is missing, and run.hold is transfer\n"},
    {BANK "run:\n  retry_base: 1s\n  retry_cap: 10ms\n",
     "d.yaml:1:1: run.retry_cap is below run.retry_base\n"},
    {"claim:\n  heartbeat: 10s\n", "d.yaml:1:1: run.alive must be more than claim.heartbeat\n"},
};

static void a_wrong_file_is_refused_where_it_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct loaded loaded = load(wrongs[i].text, NULL, NULL);
        if (loaded.good || strncmp(loaded.said, wrongs[i].said, strlen(wrongs[i].said)) != 0)
            fail_msg("row %zu:\n%s\nsaid:\n%s", i, wrongs[i].text, loaded.said);
        let_go(&loaded);
    }
}

static void all_errors_of_a_file_are_told(void **state)
{
    (void)state;
    struct loaded loaded = load("run:\n  slots: x\n  drain: y\ntime_zon: z\n", NULL, NULL);
    assert_non_null(strstr(loaded.said, "d.yaml:2:10: "));
    assert_non_null(strstr(loaded.said, "d.yaml:3:10: "));
    assert_non_null(strstr(loaded.said, "d.yaml:4:1: "));
    let_go(&loaded);
}

static void bytes_that_are_no_text_are_refused_at_their_line(void **state)
{
    (void)state;
    // The parser itself does not come back from the last one.
    static const char *const lines[] = {"  slots: 1\0 0", "  # \x1b[31m", "%\xff\xfe x"};
    static const size_t line_bytes[] = {12, 9, 5};
    for (size_t i = 0; i < 3; i++) {
        char text[64] = "run:\n";
        memcpy(text + 5, lines[i], line_bytes[i]);
        struct config *config = calloc(1, sizeof *config);
        char *said;
        size_t said_bytes;
        FILE *errors = open_memstream(&said, &said_bytes);
        struct config_sources sources = {
            .file = "d.yaml", .text = text, .text_bytes = 5 + line_bytes[i]};
        assert_false(config_load(config, &sources, errors));
        fclose(errors);
        static const char expected[] =
            "d.yaml:2:1: the line has control characters or is not UTF-8\n";
        assert_int_equal(strncmp(said, expected, sizeof expected - 1), 0);
        config_close(config);
        free(said);
    }
}

static void wrong_variables_and_flags_are_named(void **state)
{
    (void)state;
    char *wrong[] = {"DAYBOOK_RUN_SLOTS=x", NULL};
    char *unknown[] = {"DAYBOOK_RUN_SLOT=1", "DAYBOOK_OTHER=1", NULL};
    const char *const sets[] = {"run.slots", "run.slot=1", NULL};
    struct loaded loaded = load(NULL, wrong, NULL);
    assert_string_equal(loaded.said, "DAYBOOK_RUN_SLOTS: run.slots: \"x\" is not a whole number\n");
    let_go(&loaded);
    loaded = load(NULL, unknown, NULL);
    assert_non_null(strstr(loaded.said, "DAYBOOK_RUN_SLOT: no configuration key"));
    assert_null(strstr(loaded.said, "DAYBOOK_OTHER"));
    let_go(&loaded);
    loaded = load(NULL, NULL, sets);
    assert_non_null(strstr(loaded.said, "--set: \"run.slots\" is not KEY=VALUE\n"));
    assert_non_null(strstr(loaded.said, "--set: unknown key run.slot\n"));
    let_go(&loaded);
}

static void a_password_comes_from_the_environment_or_a_closed_file_only(void **state)
{
    (void)state;
    char *environment[] = {"DAYBOOK_DATABASE=host=x password=from-environment",
                           "DAYBOOK_BANKS_NORTH_TOKEN=from-environment", NULL};
    const char *const sets[] = {"database=host=x password=on-the-command-line", NULL};
    struct loaded loaded = load(BANK, environment, NULL);
    assert_true(loaded.good);
    assert_string_equal(loaded.config->banks[0].token, "from-environment");
    let_go(&loaded);
    loaded = load(BANK, NULL, sets);
    assert_false(loaded.good);
    assert_null(strstr(loaded.said, "on-the-command-line"));
    let_go(&loaded);

    char file[] = "/tmp/daybook-secret-XXXXXX";
    int fd = mkstemp(file);
    assert_int_equal(write(fd, "from-file\n", 10), 10);
    close(fd);
    char text[512];
    snprintf(text, sizeof text, BANK "    token_file: %s\n", file);
    chmod(file, 0644);
    loaded = load(text, NULL, NULL);
    assert_false(loaded.good);
    assert_non_null(strstr(loaded.said, "chmod 600"));
    assert_null(strstr(loaded.said, "from-file"));
    let_go(&loaded);
    chmod(file, 0600);
    loaded = load(text, NULL, NULL);
    assert_true(loaded.good);
    assert_string_equal(loaded.config->banks[0].token, "from-file");
    let_go(&loaded);
    unlink(file);
}

static void every_default_of_the_table_is_sound(void **state)
{
    (void)state;
    const struct config_key *tables[] = {config_keys, config_bank_keys};
    const size_t counts[] = {config_key_count, config_bank_key_count};
    for (int table = 0; table < 2; table++) {
        for (size_t i = 0; i < counts[table]; i++) {
            const struct config_key *key = &tables[table][i];
            char error[VALUE_ERROR_BYTES];
            int64_t value;
            assert_non_null(key->help);
            if (key->initial != NULL && !value_parse(&key->rule, key->initial, &value, error))
                fail_msg("%s: its default: %s", key->name, error);
            for (size_t other = 0; other < i; other++)
                assert_string_not_equal(key->name, tables[table][other].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_where_nothing_is_said),
        cmocka_unit_test(a_file_of_comments_alone_says_nothing),
        cmocka_unit_test(a_whole_file_is_read),
        cmocka_unit_test(a_session_that_says_nothing_is_lost_after_twice_stale_after),
        cmocka_unit_test(a_not_found_counts_after_permission_linger_and_processing),
        cmocka_unit_test(flag_beats_environment_beats_file_beats_default),
        cmocka_unit_test(a_wrong_file_is_refused_where_it_is_wrong),
        cmocka_unit_test(all_errors_of_a_file_are_told),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_at_their_line),
        cmocka_unit_test(wrong_variables_and_flags_are_named),
        cmocka_unit_test(a_password_comes_from_the_environment_or_a_closed_file_only),
        cmocka_unit_test(every_default_of_the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
