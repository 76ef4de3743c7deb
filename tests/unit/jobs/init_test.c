#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/init.h"
#include "written.h"

static bool loads(const char *text)
{
    struct config *config = calloc(1, sizeof *config);
    const struct config_sources sources = {
        .file = "d.yaml", .text = text, .text_bytes = strlen(text)};
    bool good = config_load(config, &sources, stderr);
    assert_int_equal(config->bank_count, 1);
    config_close(config);
    return good;
}

static void the_example_is_a_configuration(void **state)
{
    (void)state;
    char *text = written(init_write);
    assert_true(loads(text));
    free(text);
}

/* What a person does to it: takes the "# " away. Secrets would have to be there. */
static void it_still_is_with_every_key_switched_on(void **state)
{
    (void)state;
    char *text = written(init_write), *edited = calloc(1, strlen(text) + 1), *out = edited;
    for (char *line = text; *line != '\0';) {
        size_t bytes = strcspn(line, "\n"), indent = strspn(line, " ");
        size_t name = strspn(line + indent + 2, "abcdefghijklmnopqrstuvwxyz_");
        bool is_key = line[indent] == '#' && name > 0 &&
                      memcmp(line + indent + 2 + name, ": ", 2) == 0 &&
                      memcmp(line + indent + 2 + name - 5, "_file", 5) != 0;
        if (is_key)
            out += sprintf(out, "%.*s%.*s\n", (int)indent, line, (int)(bytes - indent - 2),
                           line + indent + 2);
        else
            out += sprintf(out, "%.*s\n", (int)bytes, line);
        line += bytes + (line[bytes] == '\n');
    }
    assert_true(loads(edited));
    free(edited);
    free(text);
}

static void assert_key(const char *text, const char *name)
{
    char plain[64], comment[64];
    const char *dot = strchr(name, '.');
    snprintf(plain, sizeof plain, " %s: ", dot != NULL ? dot + 1 : name);
    snprintf(comment, sizeof comment, "\n%s: ", name);
    if (strstr(text, plain) == NULL && strstr(text, comment) == NULL)
        fail_msg("%s is missing", name);
}

static void every_key_is_in_it(void **state)
{
    (void)state;
    char *text = written(init_write);
    for (size_t i = 0; i < config_key_count; i++)
        assert_key(text, config_keys[i].name);
    for (size_t i = 0; i < config_bank_key_count; i++)
        assert_key(text, config_bank_keys[i].name);
    // A key without a default and without an example would show as dots.
    assert_null(strstr(text, ": …\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_a_configuration),
        cmocka_unit_test(it_still_is_with_every_key_switched_on),
        cmocka_unit_test(every_key_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
