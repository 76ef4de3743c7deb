#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct row {
    const char *bytes;
    size_t byte_count;
    const char *cleaned;
};

#define ROW(bytes, cleaned)                                                                        \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, cleaned                                                          \
    }

static const struct row clean[] = {
    ROW("", ""),
    ROW("Kim", "Kim"),
    ROW(" ~", " ~"),
    ROW("\xc2\xa0", "\xc2\xa0"),         // U+00A0, first beyond C1
    ROW("\xdf\xbf", "\xdf\xbf"),         // U+07FF
    ROW("\xe0\xa0\x80", "\xe0\xa0\x80"), // U+0800
    ROW("\xea\xb9\x80\xeb\xb3\x84", "\xea\xb9\x80\xeb\xb3\x84"),
    ROW("\xed\x9f\xbf", "\xed\x9f\xbf"),                         // U+D7FF, last before surrogates
    ROW("\xee\x80\x80", "\xee\x80\x80"),                         // U+E000, first after them
    ROW("\xef\xbf\xbf", "\xef\xbf\xbf"),                         // U+FFFF
    ROW("\xe2\x80\x94\xe2\x80\xa7", "\xe2\x80\x94\xe2\x80\xa7"), // U+2014, U+2027
    ROW("\xe2\x80\xaf\xe2\x81\xa5", "\xe2\x80\xaf\xe2\x81\xa5"), // U+202F, U+2065
    ROW("\xf0\x90\x80\x80", "\xf0\x90\x80\x80"),                 // U+10000
    ROW("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"),                 // U+10FFFF
};

static const struct row unclean[] = {
    ROW("a\0b", "a?b"),
    ROW("a\nb", "a?b"),
    ROW("\x1b[31mred", "?[31mred"),
    ROW("\x7f", "?"),
    ROW("\xc2\x80", "??"), // U+0080, C1
    ROW("\xc2\x9f", "??"), // U+009F, C1
    ROW("\x80", "?"),      // continuation alone
    ROW("\xc0\xaf", "??"), // overlong '/'
    ROW("\xc1\xbf", "??"),
    ROW("\xe0\x9f\xbf", "???"),      // overlong
    ROW("\xf0\x8f\xbf\xbf", "????"), // overlong
    ROW("\xed\xa0\x80", "???"),      // surrogate
    ROW("\xed\xbf\xbf", "???"),      // surrogate
    ROW("\xf4\x90\x80\x80", "????"), // beyond U+10FFFF
    ROW("\xf5\x80\x80\x80", "????"),
    ROW("\xff\xfe", "??"),
    ROW("\xea\xb9", "??"),      // cut short
    ROW("\xea\xb9\x41", "??A"), // cut short by a letter
    ROW("\xf0\x90\x80", "???"), // cut short
    ROW("ok\xea\xb9\x80\xea", "ok\xea\xb9\x80?"),
    ROW("\xe2\x80\xa8", "???"), // U+2028, another line
    ROW("\xe2\x80\xae", "???"), // U+202E, turns round
    ROW("\xe2\x81\xa6", "???"), // U+2066
    ROW("\xe2\x81\xa9", "???"), // U+2069
    ROW("\xef\xbb\xbf", "???"), // U+FEFF, not seen
};

static void valid_text_without_controls_is_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++) {
        char out[64];
        if (!text_is_clean(clean[i].bytes, clean[i].byte_count))
            fail_msg("row %zu", i);
        assert_int_equal(text_clean(out, sizeof(out), clean[i].bytes, clean[i].byte_count),
                         clean[i].byte_count);
        assert_string_equal(out, clean[i].cleaned);
    }
}

static void bad_bytes_and_controls_become_question_marks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
        char out[64];
        if (text_is_clean(unclean[i].bytes, unclean[i].byte_count))
            fail_msg("row %zu", i);
        (void)text_clean(out, sizeof(out), unclean[i].bytes, unclean[i].byte_count);
        assert_string_equal(out, unclean[i].cleaned);
    }
}

/* Line and paragraph separators, what turns a line round, and the byte order mark. */
static bool deceives(uint32_t code)
{
    return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

/* RFC 3629's own way round: decode a would-be character and see whether it encodes back. */
static bool decodes(const uint8_t *s, size_t byte_count)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least, most;
    } forms[] = {
        {0x80, 0x00, 0x20, 0x7e},
        {0xe0, 0xc0, 0xa0, 0x7ff},
        {0xf0, 0xe0, 0x800, 0xffff},
        {0xf8, 0xf0, 0x10000, 0x10ffff},
    };
    if ((s[0] & forms[byte_count - 1].mask) != forms[byte_count - 1].lead)
        return false;
    uint32_t code = s[0] & (uint8_t)~forms[byte_count - 1].mask;
    for (size_t i = 1; i < byte_count; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return false;
        code = code << 6 | (s[i] & 0x3f);
    }
    return code >= forms[byte_count - 1].least && code <= forms[byte_count - 1].most &&
           !(code >= 0xd800 && code <= 0xdfff) && !deceives(code);
}

static void every_pair_and_triple_of_bytes_is_judged_as_the_standard_says(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1U << 24; i++) {
        const uint8_t s[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        bool a = decodes(s, 1), b = decodes(s + 1, 1), c = decodes(s + 2, 1);
        bool expected =
            (a && b && c) || (a && decodes(s + 1, 2)) || (decodes(s, 2) && c) || decodes(s, 3);
        if (text_is_clean((const char *)s, 3) != expected)
            fail_msg("%02x %02x %02x", s[0], s[1], s[2]);
    }
}

static void the_cut_falls_between_characters(void **state)
{
    (void)state;
    static const char text[] = "a\xea\xb9\x80"
                               "b";
    static const struct {
        size_t capacity;
        const char *cut;
    } rows[] = {{1, ""}, {2, "a"}, {3, "a"}, {4, "a"}, {5, "a\xea\xb9\x80"}, {6, text}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[8];
        memset(out, 0x55, sizeof(out));
        assert_int_equal(text_clean(out, rows[i].capacity, text, strlen(text)),
                         strlen(rows[i].cut));
        assert_string_equal(out, rows[i].cut);
        assert_int_equal(out[rows[i].capacity], 0x55); // nothing beyond the capacity
    }
    char untouched = 0x55;
    assert_int_equal(text_clean(&untouched, 0, "x", 1), 0);
    assert_int_equal(untouched, 0x55);
}

/* Every byte, at every place of a text of every length to three words, alone and before others. */
static void plain_bytes_end_at_the_first_that_is_not_plain(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 24; count++) {
        char *text = malloc(count == 0 ? 1 : count); // its end is seen by the sanitizer
        assert_non_null(text);
        memset(text, 'a', count);
        assert_int_equal(text_plain_bytes(text, count), count);
        for (size_t at = 0; at < count; at++)
            for (unsigned byte = 0; byte < 256; byte++) {
                bool is_plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
                memset(text, ' ', count);
                text[at] = (char)byte;
                assert_int_equal(text_is_plain(text[at]), is_plain);
                assert_int_equal(text_plain_bytes(text, count), is_plain ? count : at);
                memset(text + at, (int)byte, count - at);
                assert_int_equal(text_plain_bytes(text, count), is_plain ? count : at);
            }
        free(text);
    }
}

static void cleaned_text_is_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
        for (size_t capacity = 1; capacity < 12; capacity++) {
            char out[12];
            size_t bytes = text_clean(out, capacity, unclean[i].bytes, unclean[i].byte_count);
            assert_true(bytes < capacity && out[bytes] == 0);
            assert_true(text_is_clean(out, bytes));
        }
    }
}

static void a_fitting_text_is_clean_and_of_1_to_most_bytes(void **state)
{
    (void)state;
    assert_false(text_fits("", 0, 4));
    assert_true(text_fits("a", 1, 4));
    assert_true(text_fits("abcd", 4, 4));
    assert_false(text_fits("abcde", 5, 4));
    assert_false(text_fits("a\nb", 3, 4));
}

/* What a bank may try, as one short clean line that no log, terminal or statement stumbles over. */
static void what_a_hostile_bank_says_is_one_short_clean_line(void **state)
{
    (void)state;
    static const struct row rows[] = {
        ROW("no\0money", "no?money"),
        ROW("\xc7\xd1 \xb0\xfa", "?? ??"), // EUC-KR
        ROW("\x1b]0;owned\x07\x1b[2J", "?]0;owned??[2J"),
        ROW("no\nlevel=info msg=\"paid\"", "no?level=info msg=\"paid\""),
        ROW("no\r\n\r\nHTTP/1.1 200 OK", "no????HTTP/1.1 200 OK"),
        ROW("\xe2\x80\xa8x\xc2\x85y", "???x??y"),          // U+2028, and C1's next line
        ROW("%n%s%n", "%n%s%n"),                           // never a format
        ROW("'); DROP TABLE x;--", "'); DROP TABLE x;--"), // never a statement
    };
    char out[32];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t used = text_clean(out, sizeof(out), rows[i].bytes, rows[i].byte_count);
        assert_string_equal(out, rows[i].cleaned);
        assert_true(text_is_clean(out, used));
    }
    size_t huge_bytes = 10U << 20;
    char *huge = malloc(huge_bytes);
    assert_non_null(huge);
    memset(huge, 0xed, huge_bytes);
    assert_int_equal(text_clean(out, sizeof(out), huge, huge_bytes), sizeof(out) - 1);
    assert_string_equal(out, "???????????????????????????????");
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_hostile_bank_says_is_one_short_clean_line),
        cmocka_unit_test(valid_text_without_controls_is_clean),
        cmocka_unit_test(bad_bytes_and_controls_become_question_marks),
        cmocka_unit_test(every_pair_and_triple_of_bytes_is_judged_as_the_standard_says),
        cmocka_unit_test(the_cut_falls_between_characters),
        cmocka_unit_test(plain_bytes_end_at_the_first_that_is_not_plain),
        cmocka_unit_test(cleaned_text_is_clean),
        cmocka_unit_test(a_fitting_text_is_clean_and_of_1_to_most_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
