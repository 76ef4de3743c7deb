#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/completion.h"
#include "jobs/config.h"
#include "jobs/options.h"
#include "written.h"

/* The words after "'COMMAND') echo '", up to the closing quote, with a blank at either end. */
static char *options_of(const char *script, const char *command)
{
    char start[96], *words = NULL;
    snprintf(start, sizeof start, "'%s') echo '", command);
    const char *at = strstr(script, start);
    assert_non_null(at);
    at += strlen(start);
    assert_true(asprintf(&words, " %.*s ", (int)strcspn(at, "'"), at) > 0);
    return words;
}

static void every_command_and_option_is_completed_by_bash(void **state)
{
    (void)state;
    char *script = written(completion_write_bash), word[96];
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        char *words = options_of(script, command->name);
        for (size_t k = 0; k < command->option_count; k++) {
            snprintf(word, sizeof word, " --%s ", command->options[k].name);
            assert_non_null(strstr(words, word));
        }
        free(words);
    }
    for (size_t i = 0; i < config_key_count; i++) {
        snprintf(word, sizeof word, "%s=", config_keys[i].name);
        assert_non_null(strstr(script, word));
    }
    free(script);
}

static void every_command_and_option_is_completed_by_zsh(void **state)
{
    (void)state;
    char *script = written(completion_write_zsh), word[96];
    assert_memory_equal(script, "#compdef daybook\n", 17);
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        snprintf(word, sizeof word, "    ('%s')\n", command->name);
        const char *section = strstr(script, word);
        assert_non_null(section);
        const char *end = strstr(section, ";;");
        for (size_t k = 0; k < command->option_count; k++) {
            const struct job_option *option = &command->options[k];
            snprintf(word, sizeof word, option->letter != 0 ? ",--%s}'[" : "--%s''[", option->name);
            const char *at = strstr(section, word);
            if (at == NULL || at > end)
                fail_msg("%s has no --%s", command->name, option->name);
        }
    }
    free(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_and_option_is_completed_by_bash),
        cmocka_unit_test(every_command_and_option_is_completed_by_zsh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
