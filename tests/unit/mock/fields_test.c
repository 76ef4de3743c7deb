#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "mock/fields.h"

struct read {
    char text[16];
    char inner[16];
    int64_t number;
};

static const char *read_fields(struct read *read, const char *bytes, size_t byte_count)
{
    const struct field inner[] = {
        {"in", .text = read->inner, .text_capacity = sizeof read->inner},
    };
    const struct field fields[] = {
        {"text", .text = read->text, .text_capacity = sizeof read->text},
        {"object", FIELD_OBJECT, .optional = true, .fields = inner, .field_count = 1},
        {"number", FIELD_INTEGER, .number = &read->number},
    };
    memset(read, 0, sizeof *read);
    // An exact copy on the heap: the address sanitizer sees a read past its end.
    char *copy = malloc(byte_count == 0 ? 1 : byte_count);
    assert_non_null(copy);
    memcpy(copy, bytes, byte_count);
    const char *wrong = fields_read(copy, byte_count, fields, 3);
    free(copy);
    return wrong;
}

static void good_bodies_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text, *inner;
        int64_t number;
    } rows[] = {
        {"{\"text\":\"a\",\"number\":1}", "a", "", 1},
        {" { \"number\" : 0 , \t\"text\"\r\n: \"\" } \n", "", "", 0},
        {"{\"text\":\"a\",\"number\":-5,\"object\":{\"in\":\"b\"}}", "a", "b", -5},
        {"{\"text\":\"\\\"\\\\\\/\",\"number\":1000000000000}", "\"\\/", "", 1000000000000},
        {"{\"text\":\"\\uAc00\\u00e9x\",\"number\":1}", "\xea\xb0\x80\xc3\xa9x", "", 1},
        {"{\"text\":\"\\ud83d\\ude00\",\"number\":1}", "\xf0\x9f\x98\x80", "", 1},
        {"{\"text\":\"\xea\xb0\x80\",\"number\":1}", "\xea\xb0\x80", "", 1},
        {"{\"te\\u0078t\":\"a\",\"number\":1}", "a", "", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct read read;
        const char *wrong = read_fields(&read, rows[i].body, strlen(rows[i].body));
        if (wrong != NULL)
            fail_msg("%s: %s", rows[i].body, wrong);
        assert_string_equal(read.text, rows[i].text);
        assert_string_equal(read.inner, rows[i].inner);
        assert_true(read.number == rows[i].number);
    }
}

static void bad_bodies_are_refused(void **state)
{
    (void)state;
#define BODY(text) text, sizeof(text) - 1
    static const struct {
        const char *body;
        size_t bytes;
    } rows[] = {
        {BODY("")},
        {BODY("{")},
        {BODY("{}")},
        {BODY("null")},
        {BODY("{\"text\":\"a\",\"number\":1}x")},
        {BODY("{\"text\":\"a\",\"number\":1}\0")},
        {BODY("{\"text\":\"a\",\"number\":1,}")},
        {BODY("{\"text\":\"a\" \"number\":1}")},
        {BODY("{\"text\" \"a\",\"number\":1}")},
        {BODY("{\"text\":\"a\",\"text\":\"a\",\"number\":1}")},
        {BODY("{\"text\":\"a\",\"number\":1,\"other\":1}")},
        {BODY("{\"text\":\"a\",\"number\":01}")},
        {BODY("{\"text\":\"a\",\"number\":+1}")},
        {BODY("{\"text\":\"a\",\"number\":- 1}")},
        {BODY("{\"text\":\"a\",\"number\":1.5}")},
        {BODY("{\"text\":\"a\",\"number\":1e2}")},
        {BODY("{\"text\":\"a\",\"number\":\"1\"}")},
        {BODY("{\"text\":\"a\",\"number\":1000000000001}")},
        {BODY("{\"text\":1,\"number\":1}")},
        {BODY("{\"text\":\"sixteen bytes!!!\",\"number\":1}")},
        {BODY("{\"text\":\"a\nb\",\"number\":1}")},
        {BODY("{\"text\":\"a\0b\",\"number\":1}")},
        {BODY("{\"text\":\"a\x7f\",\"number\":1}")},
        {BODY("{\"text\":\"\\n\",\"number\":1}")},
        {BODY("{\"text\":\"\\x\",\"number\":1}")},
        {BODY("{\"text\":\"\\u0000\",\"number\":1}")},
        {BODY("{\"text\":\"\\u001f\",\"number\":1}")},
        {BODY("{\"text\":\"\\u12g4\",\"number\":1}")},
        {BODY("{\"text\":\"\\ud83d\",\"number\":1}")},
        {BODY("{\"text\":\"\\ud83d\\u0041\",\"number\":1}")},
        {BODY("{\"text\":\"\\ude00\",\"number\":1}")},
        {BODY("{\"text\":\"\xff\",\"number\":1}")},
        {BODY("{\"text\":\"\xc0\xaf\",\"number\":1}")},
        {BODY("{\"text\":\"a\",\"number\":1,\"object\":{}}")},
        {BODY("{\"text\":\"a\",\"number\":1,\"object\":{\"in\":{\"in\":\"\"}}}")},
    };
#undef BODY
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct read read;
        if (read_fields(&read, rows[i].body, rows[i].bytes) == NULL)
            fail_msg("%s was accepted", rows[i].body);
    }
}

/* What the scanner accepts, jansson reads too, and reads the same. */
static void check_against_jansson(const char *body, size_t bytes, uint32_t *accepted)
{
    struct read read;
    if (read_fields(&read, body, bytes) != NULL)
        return;
    json_t *json = json_loadb(body, bytes, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    const char *text;
    json_int_t number;
    assert_int_equal(json_unpack(json, "{s:s, s:I}", "text", &text, "number", &number), 0);
    assert_string_equal(read.text, text);
    assert_true(read.number == number);
    json_decref(json);
    (*accepted)++;
}

static void nothing_is_accepted_that_jansson_refuses(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "{\"text\":\"a\\u00e9\\/\",\"number\":120,\"object\":{\"in\":\"b\"}}",
        " {\"number\": -7 ,\"text\" :\"\xea\xb0\x80\\ud83d\\ude00\"}",
    };
    static const char alphabet[] = "{}[]\",:\\u0123489abtnrdeE+-. \n\xea\xb0\x80\xff\x01";
    struct prng prng = prng_split(3, "fields test");
    uint32_t accepted = 0;
    for (uint32_t round = 0; round < 200000; round++) {
        char body[128];
        const char *seed = seeds[round % 2];
        size_t bytes = strlen(seed);
        memcpy(body, seed, bytes);
        for (uint64_t changes = prng_below(&prng, 4); changes > 0; changes--)
            body[prng_below(&prng, bytes)] = alphabet[prng_below(&prng, sizeof alphabet)];
        check_against_jansson(body, bytes, &accepted);
    }
    assert_true(accepted > 1000); // or the test would compare nothing
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char body[] = "{\"text\":\"a\\u00e9\",\"number\":12,\"object\":{\"in\":\"b\"}}";
    struct read read;
    for (size_t bytes = 0; bytes < sizeof body - 1; bytes++)
        assert_non_null(read_fields(&read, body, bytes));
    assert_null(read_fields(&read, body, sizeof body - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_bodies_are_read_whole),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(nothing_is_accepted_that_jansson_refuses),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
