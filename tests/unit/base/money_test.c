#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "aborts.h"
#include "base/money.h"

static void only_1_to_18_ascii_digits_are_an_amount(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_amount;
        int64_t amount_minor;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"007", true, 7},
        {"2000000", true, 2000000},
        {"1000000000000", true, AMOUNT_MAX},
        {"1000000000001", false, 0},
        {"999999999999999999", false, 0},
        {"1000000000000000000", false, 0},
        {"000000000000000000", true, 0},
        {"0000000000000000000", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"1,000", false, 0},
        {"1e3", false, 0},
        {"0x10", false, 0},
        {"nan", false, 0},
        {"\xef\xbc\x91", false, 0}, // full-width digit one
        {"\xd9\xa1", false, 0},     // arabic-indic digit one
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t amount_minor = -42;
        bool parsed = money_parse(rows[i].text, strlen(rows[i].text), &amount_minor);
        if (parsed != rows[i].is_amount)
            fail_msg("\"%s\" parsed: %d", rows[i].text, parsed);
        assert_int_equal(amount_minor, parsed ? rows[i].amount_minor : -42);
    }
}

static void parsing_stops_at_the_given_length(void **state)
{
    (void)state;
    int64_t amount_minor = 0;
    assert_true(money_parse("1234x", 4, &amount_minor));
    assert_int_equal(amount_minor, 1234);
    assert_false(money_parse("12\0"
                             "4",
                             4, &amount_minor));
}

static void amounts_print_with_separators(void **state)
{
    (void)state;
    static const struct {
        int64_t amount_minor;
        const char *text;
    } rows[] = {
        {0, "0"},
        {7, "7"},
        {999, "999"},
        {1000, "1,000"},
        {12345, "12,345"},
        {123456, "123,456"},
        {1234567, "1,234,567"},
        {-1, "-1"},
        {-999, "-999"},
        {-1000, "-1,000"},
        {MONEY_MAX, "999,999,999,999,999,999"},
        {-MONEY_MAX, "-999,999,999,999,999,999"},
        {INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buffer[MONEY_TEXT_BYTES];
        assert_ptr_equal(money_format(rows[i].amount_minor, buffer), buffer);
        assert_string_equal(buffer, rows[i].text);
    }
}

static void sums_and_differences_are_exact(void **state)
{
    (void)state;
    assert_int_equal(money_add(2, 3), 5);
    assert_int_equal(money_add(-2, 3), 1);
    assert_int_equal(money_add(MONEY_MAX - 1, 1), MONEY_MAX);
    assert_int_equal(money_sub(2, 3), -1);
    assert_int_equal(money_sub(-MONEY_MAX, -MONEY_MAX), 0);
}

static void add_beyond_18_digits(void)
{
    (void)money_add(MONEY_MAX, 1);
}

static void add_below_18_digits(void)
{
    (void)money_add(-MONEY_MAX, -1);
}

static void add_beyond_64_bits(void)
{
    (void)money_add(INT64_MAX, INT64_MAX);
}

static void subtract_beyond_18_digits(void)
{
    (void)money_sub(MONEY_MAX, -1);
}

static void subtract_beyond_64_bits(void)
{
    (void)money_sub(INT64_MIN, 1);
}

static void a_sum_that_is_no_amount_aborts(void **state)
{
    (void)state;
    assert_aborts(add_beyond_18_digits);
    assert_aborts(add_below_18_digits);
    assert_aborts(add_beyond_64_bits);
    assert_aborts(subtract_beyond_18_digits);
    assert_aborts(subtract_beyond_64_bits);
}

static void known_currencies_have_their_exponent(void **state)
{
    (void)state;
    assert_int_equal(money_exponent("KRW"), 0);
    assert_int_equal(money_exponent("JPY"), 0);
    assert_int_equal(money_exponent("USD"), 2);
    assert_int_equal(money_exponent("krw"), -1);
    assert_int_equal(money_exponent("ZZZ"), -1);
    assert_int_equal(money_exponent(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_1_to_18_ascii_digits_are_an_amount),
        cmocka_unit_test(parsing_stops_at_the_given_length),
        cmocka_unit_test(amounts_print_with_separators),
        cmocka_unit_test(sums_and_differences_are_exact),
        cmocka_unit_test(a_sum_that_is_no_amount_aborts),
        cmocka_unit_test(known_currencies_have_their_exponent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
