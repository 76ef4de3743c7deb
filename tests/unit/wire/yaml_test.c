/* What readers of YAML see of each other: the first error stays, and nothing is read after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/yaml.h"

static struct fy_node *open_text(struct yaml *yaml, const char *text, char *error, size_t capacity)
{
    error[0] = 0;
    return yaml_open(yaml, "f.yaml", text, strlen(text), error, capacity);
}

static void after_the_first_error_nothing_is_read(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b", NULL};
    char error[128];
    struct yaml yaml;
    const char *text;
    size_t text_bytes;
    struct fy_node *root = open_text(&yaml, "a: 1\nb: 2\n", error, sizeof(error));
    assert_non_null(root);
    assert_true(yaml_map(&yaml, root, keys));
    assert_false(yaml_fail(&yaml, NULL, "first"));
    assert_false(yaml_fail(&yaml, root, "second"));
    assert_false(yaml_map(&yaml, root, keys));
    assert_false(yaml_text(&yaml, yaml_get(root, "a"), &text, &text_bytes));
    assert_string_equal(error, "f.yaml:1:1: first");
    yaml_close(&yaml);
}

static void what_is_no_value_is_no_text(void **state)
{
    (void)state;
    char error[128];
    struct yaml yaml;
    const char *text;
    size_t text_bytes;
    assert_non_null(open_text(&yaml, "a: 1\n", error, sizeof(error)));
    assert_false(yaml_text(&yaml, NULL, &text, &text_bytes));
    assert_string_equal(error, "f.yaml:1:1: here must be one value");
    yaml_close(&yaml);
}

static void durations_and_items_have_bounds(void **state)
{
    (void)state;
    char error[128];
    struct yaml yaml;
    uint64_t duration_ns;
    struct fy_node *root = open_text(&yaml, "a: [x]\nb: {c: d}\n", error, sizeof(error));
    assert_null(yaml_item(yaml_get(root, "a"), UINT32_MAX));
    assert_null(yaml_item(yaml_get(root, "a"), 1));
    assert_non_null(yaml_item(yaml_get(root, "a"), 0));
    assert_null(yaml_item(yaml_get(root, "b"), 1));
    assert_false(yaml_duration(&yaml, yaml_get(root, "b"), NULL, &duration_ns));
    assert_string_equal(error, "f.yaml:2:4: here must be one value");
    yaml_close(&yaml);
}

static void an_error_is_cut_to_its_room(void **state)
{
    (void)state;
    static const char *const words[] = {"a23456789012345678901234567890123456789",
                                        "b23456789012345678901234567890123456789",
                                        "c23456789012345678901234567890123456789",
                                        "d23456789012345678901234567890123456789",
                                        "e23456789012345678901234567890123456789",
                                        "f23456789012345678901234567890123456789",
                                        "g23456789012345678901234567890123456789",
                                        "h23456789012345678901234567890123456789",
                                        NULL};
    char error[512];
    struct yaml yaml;
    uint32_t index;
    struct fy_node *root = open_text(&yaml, "a: x\n", error, sizeof(error));
    assert_false(yaml_word(&yaml, yaml_get(root, "a"), words, &index));
    assert_non_null(strstr(error, "allowed are: a234"));
    assert_true(strlen(error) < 384);
    yaml_close(&yaml);
    assert_null(open_text(&yaml, "", error, 8));
    assert_string_equal(error, "f.yaml:");
    yaml_close(&yaml);
}

/* Tabs and both kinds of line ends are text; other controls are not, wherever they stand. */
static void line_ends_and_tabs_are_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"a: 1\r\nb: 2\r\n", ""},
        {"a: 1 \t# comment\n", ""},
        {"a: 1\r\n# \x01\n",
         "f.yaml:2:1: the line has control characters or is not UTF-8; save it as UTF-8"},
        {"a: 1\n---\nb: 2\n",
         "f.yaml:1:1: the file holds more than one document; keep one, without `---`"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[256];
        struct yaml yaml;
        struct fy_node *root = open_text(&yaml, rows[i].text, error, sizeof(error));
        assert_int_equal(root != NULL, rows[i].error[0] == 0);
        assert_string_equal(error, rows[i].error);
        yaml_close(&yaml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_the_first_error_nothing_is_read),
        cmocka_unit_test(what_is_no_value_is_no_text),
        cmocka_unit_test(durations_and_items_have_bounds),
        cmocka_unit_test(an_error_is_cut_to_its_room),
        cmocka_unit_test(line_ends_and_tabs_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
