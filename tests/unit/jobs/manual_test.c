#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/config.h"
#include "jobs/manual.h"
#include "jobs/options.h"
#include "written.h"

static const char *shown_text;

static void write_shown(FILE *out)
{
    manual_text(out, shown_text);
}

static char *shown(const char *text)
{
    shown_text = text;
    return written(write_shown);
}

static void text_is_shown_by_roff_as_it_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text, *roff;
    } rows[] = {
        {"a b", "a b\n"},
        {"a\n\n  b ", "a b\n"},
        {".so x", "\\&.so x\n"},
        {"'x", "\\&'x\n"},
        {"--date", "\\-\\-date\n"},
        {"a\\b", "a\\eb\n"},
        {"`x` ~ ^", "\\(gax\\(ga \\(ti \\(ha\n"},
        {"… é", "\\[u2026] \\[u00E9]\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *roff = shown(rows[i].text);
        assert_string_equal(roff, rows[i].roff);
        free(roff);
    }
}

static void no_line_that_could_be_broken_is_longer_than_80_bytes(void **state)
{
    (void)state;
    char *page = written(manual_write);
    for (char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > 80 && memchr(line, ' ', strcspn(line, "\n")) != NULL)
            fail_msg("%.*s", (int)strcspn(line, "\n"), line);
    }
    free(page);
}

/* As the page writes names: with \- for a hyphen. */
static void assert_bold(const char *page, const char *name)
{
    char wanted[256] = "\\fB";
    size_t used = 3;
    for (; *name != '\0'; name++)
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, *name == '-' ? "\\%c" : "%c",
                                 *name);
    snprintf(wanted + used, sizeof wanted - used, "\\fR");
    if (strstr(page, wanted) == NULL)
        fail_msg("the page lacks %s", wanted);
}

static void every_command_option_and_key_stands_in_the_page(void **state)
{
    (void)state;
    char *page = written(manual_write), name[96];
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        snprintf(name, sizeof name, "\n.SS daybook %s", command->name);
        const char *section = strstr(page, name);
        assert_non_null(section);
        for (size_t k = 0; k < command->option_count; k++) {
            snprintf(name, sizeof name, "--%s", command->options[k].name);
            assert_bold(section, name);
        }
    }
    for (size_t i = 0; i < config_key_count; i++)
        assert_bold(page, config_keys[i].name);
    for (size_t i = 0; i < config_bank_key_count; i++) {
        snprintf(name, sizeof name, "banks.NAME.%s", config_bank_keys[i].name);
        assert_bold(page, name);
    }
    free(page);
}

static void every_exit_code_stands_in_the_page(void **state)
{
    (void)state;
    static const enum job_exit codes[] = {
        JOB_DONE,      JOB_SOME_LEFT,   JOB_STOPPED,  JOB_IN_DOUBT,  JOB_OWNED,  JOB_USAGE,
        JOB_BAD_INPUT, JOB_UNREACHABLE, JOB_INTERNAL, JOB_TRY_AGAIN, JOB_DENIED, JOB_BAD_CONFIG};
    char *page = written(manual_write), code[16];
    const char *section = strstr(page, ".SH EXIT STATUS");
    assert_non_null(section);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        snprintf(code, sizeof code, "%d", (int)codes[i]);
        assert_bold(section, code);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_shown_by_roff_as_it_was_meant),
        cmocka_unit_test(no_line_that_could_be_broken_is_longer_than_80_bytes),
        cmocka_unit_test(every_command_option_and_key_stands_in_the_page),
        cmocka_unit_test(every_exit_code_stands_in_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
