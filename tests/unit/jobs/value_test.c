#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "jobs/value.h"

struct row {
    enum value_kind kind;
    const char *text;
    int64_t value; /* REFUSED: not a value */
};

#define REFUSED INT64_MIN

static const struct row rows[] = {
    {VALUE_INTEGER, "0", 0},
    {VALUE_INTEGER, "16_384", 16384},
    {VALUE_INTEGER, "_1", REFUSED},
    {VALUE_INTEGER, "1_", REFUSED},
    {VALUE_INTEGER, "1__0", REFUSED},
    {VALUE_INTEGER, "-1", REFUSED},
    {VALUE_INTEGER, "+1", REFUSED},
    {VALUE_INTEGER, " 1", REFUSED},
    {VALUE_INTEGER, "1e3", REFUSED},
    {VALUE_INTEGER, "", REFUSED},
    {VALUE_INTEGER, "99999999999999999999", REFUSED},
    {VALUE_DURATION, "0", 0},
    {VALUE_DURATION, "20ms", 20000000},
    {VALUE_DURATION, "10s", 10000000000},
    {VALUE_DURATION, "15min", 900000000000},
    {VALUE_DURATION, "2h", 7200000000000},
    {VALUE_DURATION, "500us", 500000},
    {VALUE_DURATION, "never", VALUE_NONE},
    {VALUE_DURATION, "10", REFUSED},
    {VALUE_DURATION, "10 s", REFUSED},
    {VALUE_DURATION, "10m", REFUSED},
    {VALUE_DURATION, "1.5s", REFUSED},
    {VALUE_DURATION, "9999999999999h", REFUSED},
    {VALUE_SIZE, "4096", 4096},
    {VALUE_SIZE, "64KiB", 65536},
    {VALUE_SIZE, "64KB", REFUSED},
    {VALUE_BOOL, "yes", 1},
    {VALUE_BOOL, "off", 0},
    {VALUE_BOOL, "maybe", REFUSED},
    {VALUE_MONEY, "1000000000000", 1000000000000},
    {VALUE_MONEY, "1000000000001", REFUSED},
    {VALUE_MONEY, "1_000", REFUSED},
    {VALUE_CHANCE, "0", 0},
    {VALUE_CHANCE, "25ppm", 25},
    {VALUE_CHANCE, "0.5%", 5000},
    {VALUE_CHANCE, "12%", 120000},
    {VALUE_CHANCE, "0.00001%", REFUSED},
    {VALUE_CHANCE, "100%", 1000000},
    {VALUE_CHANCE, "101%", REFUSED},
    {VALUE_CHANCE, "12", REFUSED},
    {VALUE_DATE, "1970-01-01", 0},
    {VALUE_DATE, "2026-03-25", 20537},
    {VALUE_DATE, "2024-02-29", 19782},
    {VALUE_DATE, "today", REFUSED}, // only where the rule names it
    {VALUE_DATE, "2025-02-29", REFUSED},
    {VALUE_DATE, "2100-02-29", REFUSED},
    {VALUE_DATE, "2026-13-01", REFUSED},
    {VALUE_DATE, "2026-3-25", REFUSED},
    {VALUE_DATE, "2026-03-25 ", REFUSED},
    {VALUE_CLOCK, "18:30", 1110},
    {VALUE_CLOCK, "24:00", REFUSED},
    {VALUE_CLOCK, "1:30", REFUSED},
    {VALUE_INSTANT, "2026-03-25T09:00Z", INT64_C(1774429200000000)},
    {VALUE_INSTANT, "2026-03-25 18:00:00+09:00", INT64_C(1774429200000000)},
    {VALUE_INSTANT, "2026-03-25T08:59:59-00:00", INT64_C(1774429199000000)},
    {VALUE_INSTANT, "2026-03-25T09:00", REFUSED},
    {VALUE_INSTANT, "2026-03-25T09:00:60Z", REFUSED},
    {VALUE_INSTANT, "2026-03-25T09:00+9:00", REFUSED},
    {VALUE_INSTANT, "2026-03-25T09:00Zx", REFUSED},
    {VALUE_INSTANT, "2026-03-25T09:00:0", REFUSED},
    {VALUE_TEXT, "a", 0},
    {VALUE_TEXT, "", REFUSED},
    {VALUE_TEXT, "a\nb", REFUSED},
    {VALUE_TEXT, "\xff", REFUSED},
};

static void every_kind_reads_its_own_form_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value_rule rule = {.kind = rows[i].kind};
        char error[VALUE_ERROR_BYTES];
        int64_t value = 0;
        bool taken = value_parse(&rule, rows[i].text, &value, error);
        if (taken != (rows[i].value != REFUSED) || (taken && value != rows[i].value))
            fail_msg("kind %d \"%s\": %s %lld", rows[i].kind, rows[i].text,
                     taken ? "taken as" : "refused", (long long)value);
    }
}

static void limits_are_told_in_the_kinds_own_unit(void **state)
{
    (void)state;
    struct value_rule rule = {.kind = VALUE_DURATION, .least = 1000000, .most = 10000000000};
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    assert_false(value_parse(&rule, "1min", &value, error));
    assert_string_equal(error, "\"1min\" is not within 1ms to 10s");
    assert_false(value_parse(&rule, "never", &value, error));
    assert_false(value_parse(&rule, "0", &value, error));
    assert_true(value_parse(&rule, "10s", &value, error));
    assert_true(value_parse(&rule, "1ms", &value, error));
}

static void a_wrong_choice_is_told_all_of_them(void **state)
{
    (void)state;
    struct value_rule rule = {.kind = VALUE_CHOICE, .choices = "all|sample|off"};
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    assert_true(value_parse(&rule, "off", &value, error));
    assert_int_equal(value, 2);
    assert_false(value_parse(&rule, "of", &value, error));
    assert_string_equal(error, "\"of\" is not one of all, sample, off");
    assert_false(value_parse(&rule, "", &value, error));
    assert_false(value_parse(&rule, "all|sample", &value, error));
}

static void a_date_may_be_one_of_its_words(void **state)
{
    (void)state;
    struct value_rule rule = {.kind = VALUE_DATE, .choices = "today|yesterday"};
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    assert_true(value_parse(&rule, "today", &value, error));
    assert_int_equal(value, -1);
    assert_true(value_parse(&rule, "yesterday", &value, error));
    assert_int_equal(value, -2);
    assert_true(value_parse(&rule, "1970-01-01", &value, error));
    assert_int_equal(value, 0);
    assert_false(value_parse(&rule, "tomorrow", &value, error));
    assert_string_equal(error,
                        "\"tomorrow\" is not a date such as 2026-03-25, nor today|yesterday");
}

static void what_is_shown_of_a_wrong_value_has_no_control_bytes(void **state)
{
    (void)state;
    struct value_rule rule = {.kind = VALUE_INTEGER};
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    assert_false(value_parse(&rule, "1\033[31m\n", &value, error));
    assert_null(strchr(error, '\033'));
    assert_null(strchr(error, '\n'));
}

static const char *name_at(size_t index, void *context)
{
    static const char *const names[] = {"deadline", "take-over", "database"};
    (void)context;
    return names[index];
}

static void the_nearest_name_is_found_and_a_far_one_is_not(void **state)
{
    (void)state;
    assert_string_equal(value_nearest("dedline", name_at, 3, NULL), "deadline");
    assert_string_equal(value_nearest("takeover", name_at, 3, NULL), "take-over");
    assert_null(value_nearest("verbose", name_at, 3, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_reads_its_own_form_and_nothing_else),
        cmocka_unit_test(limits_are_told_in_the_kinds_own_unit),
        cmocka_unit_test(a_wrong_choice_is_told_all_of_them),
        cmocka_unit_test(a_date_may_be_one_of_its_words),
        cmocka_unit_test(what_is_shown_of_a_wrong_value_has_no_control_bytes),
        cmocka_unit_test(the_nearest_name_is_found_and_a_far_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
