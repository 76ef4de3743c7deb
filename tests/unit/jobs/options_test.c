#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/options.h"

#define WORDS_MAX 12

/* Parses "daybook WORDS…" with stderr kept in `said`. */
static enum options_result parse(struct job *job, char said[1024], const char *const words[])
{
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "daybook"};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    enum options_result result = options_parse(argc, argv, job);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    said[fread(said, 1, 1023, file)] = '\0';
    fclose(file);
    return result;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void options_come_in_every_usual_form(void **state)
{
    (void)state;
    struct job job;
    char said[1024];
    assert_int_equal(parse(&job, said,
                           WORDS("run", "acme", "--date", "2026-03-25", "-q", "-ojson",
                                 "--deadline=18:30", "-c", "x.yaml")),
                     OPTIONS_RUN);
    assert_string_equal(job.command->name, "run");
    assert_string_equal(job_operand(&job, 0), "acme");
    assert_null(job_operand(&job, 1));
    assert_true(job_flag(&job, "quiet"));
    assert_false(job_flag(&job, "take-over"));
    assert_int_equal(job_number(&job, "output"), 1);
    assert_int_equal(job_number(&job, "deadline"), 1110);
    assert_string_equal(job_text(&job, "config"), "x.yaml");
    assert_string_equal(job_text(&job, "color"), "auto");
    assert_null(job_text(&job, "database"));
    assert_string_equal(said, "");
}

static void the_last_value_wins_and_repeated_ones_are_all_there(void **state)
{
    (void)state;
    struct job job;
    char said[1024];
    assert_int_equal(parse(&job, said,
                           WORDS("plan", "acme", "--date=2026-01-01", "--date", "2026-03-25",
                                 "--set", "a=1", "--set=b=2")),
                     OPTIONS_RUN);
    assert_string_equal(job_text(&job, "date"), "2026-03-25");
    assert_string_equal(job_text_at(&job, "set", 0), "a=1");
    assert_string_equal(job_text_at(&job, "set", 1), "b=2");
    assert_null(job_text_at(&job, "set", 2));
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct job job;
    char said[1024];
    assert_int_equal(parse(&job, said, WORDS("plan", "--date", "2026-03-25", "--", "-odd")),
                     OPTIONS_RUN);
    assert_string_equal(job_operand(&job, 0), "-odd");
    assert_int_equal(parse(&job, said, WORDS("import", "--date", "2026-03-25", "acme", "-")),
                     OPTIONS_RUN);
    assert_string_equal(job_operand(&job, 1), "-");
}

static void a_wrong_command_line_is_refused_with_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *const words[6];
        const char *error, *hint;
    } rows[] = {
        {{"rnu"}, "unknown command \"rnu\"", "did you mean `daybook run`?"},
        {{"schema"}, "unknown command \"schema\"", "did you mean `daybook schema apply`?"},
        {{"run", "acme", "--dat", "2026-03-25"}, "unknown option --dat", "did you mean --date?"},
        {{"run", "acme", "-x"}, "unknown option -x", NULL},
        {{"run", "acme", "--date"}, "--date needs a value", NULL},
        {{"run", "acme", "--date", "tomorrow"}, "\"tomorrow\" is not a date", NULL},
        {{"run", "acme"}, "--date is missing", "add --date DATE"},
        {{"run", "--date", "2026-03-25"}, "COHORT is missing", "daybook run COHORT"},
        {{"run", "a", "b", "--date", "2026-03-25"}, "one word too many", NULL},
        {{"run", "a", "--quiet=yes", "--date", "2026-03-25"}, "--quiet takes no value", NULL},
        {{"run", "a", "-oyaml", "--date", "2026-03-25"}, "is not one of table, json", NULL},
        {{"demo", "--accounts", "5"}, "within 10 to 1000000", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct job job;
        char said[1024];
        assert_int_equal(parse(&job, said, rows[i].words), OPTIONS_BAD);
        if (strstr(said, rows[i].error) == NULL)
            fail_msg("row %zu: %s", i, said);
        if (rows[i].hint != NULL && strstr(said, rows[i].hint) == NULL)
            fail_msg("row %zu has no hint %s: %s", i, rows[i].hint, said);
    }
}

static void every_row_of_the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        assert_true(command->option_count <= JOB_OPTIONS_MAX);
        for (size_t k = 0; k < command->option_count; k++) {
            const struct job_option *option = &command->options[k];
            char error[VALUE_ERROR_BYTES];
            int64_t value;
            assert_non_null(option->help);
            // A flag has no argument, everything else has one.
            assert_true((option->rule.kind == VALUE_FLAG) == (option->argument == NULL));
            if (option->initial != NULL &&
                !value_parse(&option->rule, option->initial, &value, error))
                fail_msg("%s --%s: its default: %s", command->name, option->name, error);
            for (size_t other = 0; other < k; other++) {
                assert_string_not_equal(option->name, command->options[other].name);
                assert_true(option->letter == 0 ||
                            option->letter != command->options[other].letter);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_come_in_every_usual_form),
        cmocka_unit_test(the_last_value_wins_and_repeated_ones_are_all_there),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_wrong_command_line_is_refused_with_what_to_do),
        cmocka_unit_test(every_row_of_the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
