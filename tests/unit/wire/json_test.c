#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/prng.h"
#include "guard.h"
#include "json_oracle.h"

#define TEXT_BYTES_MAX 8192
#define ROUNDS 150000

struct text {
    const char *bytes;
    size_t count;
};

#define TEXT(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static struct guard guard;
static void *room;
static size_t room_bytes;

static int open_all(void **state)
{
    (void)state;
    guard = guard_open();
    room_bytes = json_oracle_room_bytes(GUARD_ROOM_BYTES);
    room = malloc(room_bytes);
    assert_non_null(room);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    free(room);
    guard_close(&guard);
    return 0;
}

static const struct json_node *scan(const char *bytes, size_t count)
{
    return json_scan(guard_copy(&guard, bytes, count), count, room, room_bytes);
}

static enum json_verdict compare(const char *bytes, size_t count)
{
    return json_oracle_compare(guard_copy(&guard, bytes, count), count, room, room_bytes);
}

static void check_verdicts(const struct text *texts, size_t count, enum json_verdict wanted)
{
    for (size_t i = 0; i < count; i++) {
        enum json_verdict verdict = compare(texts[i].bytes, texts[i].count);
        if (verdict != wanted)
            fail_msg("text %zu, %s: %d", i, texts[i].bytes, (int)verdict);
    }
}

static void what_is_json_is_read_as_jansson_reads_it(void **state)
{
    (void)state;
    static const struct text texts[] = {
        TEXT("{}"),
        TEXT("[]"),
        TEXT(" \t\r\n{ \t\r\n} \t\r\n"),
        TEXT("[ ]\n"),
        TEXT("[[],{},[[]],[{}],{\"a\":[]}]"),
        TEXT("[null,true,false]"),
        TEXT(" [ null , true , false ] "),
        TEXT("{\"a\":null,\"b\":true,\"c\":false}"),
        TEXT("{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }"),
        TEXT("{\"\":1}"),
        TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
        TEXT("[{\"a\":1},{\"a\":1}]"),
        TEXT("{\"a\":1,\"A\":1,\"ab\":1,\"\":1,\" a\":1}"),
        TEXT("{\"a\":{\"b\":1},\"c\":{\"b\":1},\"b\":1}"),
        // integers
        TEXT("[0,-0,1,-1,10,-10]"),
        TEXT("[999999999999999999,-999999999999999999]"),
        TEXT("[9223372036854775807]"),
        TEXT("[-9223372036854775808]"),
        TEXT("[9223372036854775806,-9223372036854775807]"),
        // reals
        TEXT("[0.0,-0.0,0e0,0E+0,0e-0]"),
        TEXT("[1.5,-1.5,1e5,1E5,1e+5,1e-5,1.25e10]"),
        TEXT("[1.0]"),
        TEXT("[50000.0,5e4]"),
        TEXT("[1e307,9.999e307,99e306,0.001e310,1e-400,-1e307]"),
        TEXT("[0e999999999999999999999,0.000e400,-0e400]"),
        TEXT("[1e-999999999999999999999]"),
        TEXT("[0.00000000000000000000000000000000000001e345]"),
        TEXT("[12345678901234567890123456789.5]"),
        TEXT("[12345678901234567890e0]"),
        // texts
        TEXT("[\"\"]"),
        TEXT("[\"a\",\"abcdefgh\",\"abcdefghi\",\"abcdefghijklmnopqrstuvwxyz\"]"),
        TEXT("[\"\x7f\"]"),
        TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
        TEXT("[\"a\\nb\",\"\\n\",\"\\n\\n\",\"\\\\\"]"),
        TEXT("[\"\\u0001\\u001f\\u0020\\u007f\\u0080\\u07ff\\u0800\\uffff\"]"),
        TEXT("[\"\\uAbCd\\uabcd\\uABCD\"]"),
        TEXT("[\"\\ud800\\udc00\\udbff\\udfff\\ud83d\\ude00\"]"),
        TEXT("[\"\\uD83D\\uDE00\"]"),
        TEXT("[\"\\ud7ff\\ue000\"]"),
        TEXT("[\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"]"),
        TEXT("[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]"),
        TEXT("[\"\xea\xb9\x80\xed\x95\x98\xeb\x82\x98\",\"\xea\xb9\x80\\n\xed\x95\x98x\"]"),
        TEXT("[\"\xef\xbb\xbf\"]"),
        TEXT("{\"\\u0061\":1,\"b\":2}"),
        TEXT("{\"\xea\xb9\x80\":1,\"\\uae40\\u0020\":2}"),
        TEXT("{\"a\\nb\":{\"a\\nb\":\"a\\nb\"}}"),
    };
    check_verdicts(texts, sizeof(texts) / sizeof(texts[0]), JSON_BOTH_ACCEPT);
}

static void what_is_no_json_is_refused_by_both(void **state)
{
    (void)state;
    static const struct text texts[] = {
        TEXT(""),
        TEXT(" "),
        TEXT("1"),
        TEXT("\"a\""),
        TEXT("null"),
        TEXT("true"),
        TEXT("\xef\xbb\xbf{}"),
        TEXT("\0{}"),
        TEXT("{}\0"),
        TEXT("{}x"),
        TEXT("{}{}"),
        TEXT("{},"),
        TEXT("{}}"),
        TEXT("[]]"),
        TEXT("{} 1"),
        TEXT("{]"),
        TEXT("[}"),
        TEXT("{\"a\":1]"),
        TEXT("[1}"),
        TEXT("["),
        TEXT("{"),
        TEXT("[1"),
        TEXT("[1,"),
        TEXT("[1,]"),
        TEXT("[,]"),
        TEXT("[,1]"),
        TEXT("[1,,2]"),
        TEXT("[1 2]"),
        TEXT("[1;2]"),
        TEXT("[\f1]"),
        TEXT("[\v1]"),
        TEXT("[\xc2\xa0]"),
        TEXT("[//\n1]"),
        TEXT("[/**/1]"),
        TEXT("{\"a\"}"),
        TEXT("{\"a\":}"),
        TEXT("{\"a\":1,}"),
        TEXT("{,\"a\":1}"),
        TEXT("{\"a\" 1}"),
        TEXT("{\"a\"::1}"),
        TEXT("{\"a\",1}"),
        TEXT("{a:1}"),
        TEXT("{'a':1}"),
        TEXT("{1:1}"),
        TEXT("{null:1}"),
        TEXT("{\"a\":1 \"b\":2}"),
        TEXT("{\"a\":1:2}"),
        TEXT("[\"a\":1]"),
        TEXT("['a']"),
        TEXT("[undefined]"),
        TEXT("[nul]"),
        TEXT("[nulll]"),
        TEXT("[Null]"),
        TEXT("[NULL]"),
        TEXT("[tru]"),
        TEXT("[true1]"),
        TEXT("[truefalse]"),
        TEXT("[fals]"),
        TEXT("[False]"),
        TEXT("[NaN]"),
        TEXT("[Infinity]"),
        TEXT("[-Infinity]"),
        // names twice, at any depth and however they are written
        TEXT("{\"a\":1,\"a\":1}"),
        TEXT("{\"a\":1,\"b\":2,\"a\":1}"),
        TEXT("{\"a\":1,\"\\u0061\":1}"),
        TEXT("{\"\\u0061\":1,\"a\":1}"),
        TEXT("{\"\\u0061\":1,\"\\u0061\":1}"),
        TEXT("{\"\":1,\"\":1}"),
        TEXT("{\"x\":[{\"a\":1,\"a\":2}]}"),
        TEXT("{\"x\":{\"a\":{},\"a\":[]}}"),
        TEXT("{\"a\":{\"b\":[1,2,{\"c\":3}]},\"d\":[],\"a\":1}"),
        TEXT("{\"\xea\xb9\x80\":1,\"\\uae40\":1}"),
        TEXT("{\"/\":1,\"\\/\":1}"),
        // numbers
        TEXT("[01]"),
        TEXT("[-01]"),
        TEXT("[00]"),
        TEXT("[-]"),
        TEXT("[- 1]"),
        TEXT("[--1]"),
        TEXT("[+1]"),
        TEXT("[.5]"),
        TEXT("[-.5]"),
        TEXT("[1.]"),
        TEXT("[1.e5]"),
        TEXT("[1e]"),
        TEXT("[1e+]"),
        TEXT("[1e-]"),
        TEXT("[1e5.5]"),
        TEXT("[1ee5]"),
        TEXT("[1.5.5]"),
        TEXT("[0x10]"),
        TEXT("[1_000]"),
        TEXT("[1,000.0.0]"),
        TEXT("[9223372036854775808]"),
        TEXT("[-9223372036854775809]"),
        TEXT("[9999999999999999999]"),
        TEXT("[10000000000000000000]"),
        TEXT("[18446744073709551615]"),
        TEXT("[18446744073709551616]"),
        TEXT("[18446744073709551617]"),
        TEXT("[99999999999999999999999999999999999999]"),
        TEXT("[1e309]"),
        TEXT("[-1e309]"),
        TEXT("[1E400]"),
        TEXT("[1.8e308]"),
        TEXT("[0.1e310]"),
        TEXT("[1e999999999999999999999]"),
        // texts
        TEXT("[\"]"),
        TEXT("[\"a]"),
        TEXT("[\"a\\\"]"),
        TEXT("[\"\\"),
        TEXT("[\"\\\""),
        TEXT("[\"\\u"),
        TEXT("[\"\\u0\"]"),
        TEXT("[\"\\u00\"]"),
        TEXT("[\"\\u006\"]"),
        TEXT("[\"\\u006g\"]"),
        TEXT("[\"\\u00 6\"]"),
        TEXT("[\"\\u+061\"]"),
        TEXT("[\"\\U0061\"]"),
        TEXT("[\"\\x61\"]"),
        TEXT("[\"\\a\"]"),
        TEXT("[\"\\0\"]"),
        TEXT("[\"\\'\"]"),
        TEXT("[\"\\\n\"]"),
        TEXT("[\"\\\0\"]"),
        TEXT("[\"a\nb\"]"),
        TEXT("[\"a\tb\"]"),
        TEXT("[\"a\0b\"]"),
        TEXT("[\"\x01\"]"),
        TEXT("[\"\x1f\"]"),
        TEXT("[\"\\n\n\"]"),
        TEXT("[\"\\u0000\"]"),
        TEXT("{\"\\u0000\":1}"),
        TEXT("{\"a\\u0000b\":1}"),
        TEXT("[\"\\ud800\"]"),
        TEXT("[\"\\udbff\"]"),
        TEXT("[\"\\udc00\"]"),
        TEXT("[\"\\udfff\"]"),
        TEXT("[\"\\ud800a\"]"),
        TEXT("[\"\\ud800\\n\"]"),
        TEXT("[\"\\ud800\\u0061\"]"),
        TEXT("[\"\\ud800\\ud800\"]"),
        TEXT("[\"\\ud800\\ue000\"]"),
        TEXT("[\"\\ud800\\udc0\"]"),
        TEXT("[\"\\ud800\\u\"]"),
        TEXT("[\"\\udc00\\ud800\"]"),
        TEXT("[\"\x80\"]"),
        TEXT("[\"\xbf\"]"),
        TEXT("[\"\xc0\x80\"]"),
        TEXT("[\"\xc1\xbf\"]"),
        TEXT("[\"\xc2\"]"),
        TEXT("[\"\xc2\x7f\"]"),
        TEXT("[\"\xc2\xc0\"]"),
        TEXT("[\"\xe0\x80\x80\"]"),
        TEXT("[\"\xe0\x9f\xbf\"]"),
        TEXT("[\"\xe1\x80\"]"),
        TEXT("[\"\xed\xa0\x80\"]"),
        TEXT("[\"\xed\xbf\xbf\"]"),
        TEXT("[\"\xf0\x80\x80\x80\"]"),
        TEXT("[\"\xf0\x8f\xbf\xbf\"]"),
        TEXT("[\"\xf4\x90\x80\x80\"]"),
        TEXT("[\"\xf5\x80\x80\x80\"]"),
        TEXT("[\"\xf1\x80\x80\"]"),
        TEXT("[\"\xff\"]"),
        TEXT("[\"\xfe\"]"),
        TEXT("[\"\xc7\xd1\"]"),
        TEXT("[\"\\n\xff\"]"),
        TEXT("{\"\xff\":1}"),
        TEXT("[\xff]"),
        TEXT("[\"\xc2"),
        TEXT("[\"\xf0\x9f\x98"),
    };
    check_verdicts(texts, sizeof(texts) / sizeof(texts[0]), JSON_BOTH_REFUSE);
}

static void only_the_stated_limits_refuse_what_jansson_accepts(void **state)
{
    (void)state;
    static const struct text texts[] = {
        TEXT("[1e308]"),    TEXT("[-1e308]"),  TEXT("[1.7e308]"),
        TEXT("[0.01e310]"), TEXT("[100e306]"), TEXT("{\"a\":[[{\"b\":1e308}]]}"),
    };
    check_verdicts(texts, sizeof(texts) / sizeof(texts[0]), JSON_OURS_LIMITS);
    static char text[GUARD_ROOM_BYTES];
    for (unsigned count = JSON_MEMBERS_MAX - 1; count <= JSON_MEMBERS_MAX + 1; count++) {
        size_t used = 0;
        for (unsigned i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%c\"%u\":%u",
                                     i == 0 ? '{' : ',', i, i);
        text[used++] = '}';
        assert_int_equal(compare(text, used),
                         count <= JSON_MEMBERS_MAX ? JSON_BOTH_ACCEPT : JSON_OURS_LIMITS);
    }
}

static void values_lie_as_deep_as_jansson_lets_them(void **state)
{
    (void)state;
    static char text[GUARD_ROOM_BYTES];
    for (size_t depth = JSON_DEPTH_MAX - 2; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        enum json_verdict wanted = depth <= JSON_DEPTH_MAX ? JSON_BOTH_ACCEPT : JSON_BOTH_REFUSE;
        assert_int_equal(compare(text, 2 * depth), wanted);
        text[depth] = '1';
        memset(text + depth + 1, ']', depth);
        wanted = depth + 1 <= JSON_DEPTH_MAX ? JSON_BOTH_ACCEPT : JSON_BOTH_REFUSE;
        assert_int_equal(compare(text, 2 * depth + 1), wanted);
    }
    memset(text, '[', sizeof(text));
    assert_int_equal(compare(text, sizeof(text)), JSON_BOTH_REFUSE);
    for (size_t i = 0; i + 5 <= sizeof(text); i += 5)
        memcpy(text + i, "{\"a\":", 5);
    assert_int_equal(compare(text, sizeof(text)), JSON_BOTH_REFUSE);
}

static const char sample[] = "{\"id\":\"tr_1\\u00e9\\/\",\"amount\":-9223372036854775808,"
                             "\"list\":[1,{\"deep\":[null,true,false]},2.5e-3],\"\xea\xb9\x80\":"
                             "\"\\ud83d\\ude00\xed\x95\x98\",\"empty\":{},\"none\":[]}";

static void values_are_found_where_they_lie(void **state)
{
    (void)state;
    const struct json_node *root = scan(sample, sizeof(sample) - 1);
    assert_non_null(root);
    const struct json_node *id = json_member(root, "id", 2);
    assert_int_equal(id->kind, JSON_KIND_TEXT);
    assert_int_equal(id->text_bytes, 7);
    assert_memory_equal(id->text, "tr_1\xc3\xa9/", 7);
    const struct json_node *amount = json_member(root, "amount", 6);
    assert_int_equal(amount->kind, JSON_KIND_INTEGER);
    assert_true(amount->integer == INT64_MIN);
    const struct json_node *list = json_member(root, "list", 4);
    assert_int_equal(list->count, 3);
    assert_int_equal(json_item(list, 2)->kind, JSON_KIND_REAL);
    assert_null(json_item(list, 3));
    const struct json_node *deep = json_member(json_item(list, 1), "deep", 4);
    assert_int_equal(json_item(deep, 0)->kind, JSON_KIND_NULL);
    assert_int_equal(json_item(deep, 2)->kind, JSON_KIND_BOOL);
    const struct json_node *name = json_member(root, "\xea\xb9\x80", 3);
    assert_memory_equal(name->text, "\xf0\x9f\x98\x80\xed\x95\x98", 7);
    assert_int_equal(json_member(root, "empty", 5)->count, 0);
    // What is deeper is not there, nor a part of a name.
    assert_null(json_member(root, "deep", 4));
    assert_null(json_member(root, "amoun", 5));
    assert_null(json_member(root, "amountx", 7));
    assert_null(json_member(list, "deep", 4));
    assert_null(json_item(root, 0));
}

static void no_prefix_is_json(void **state)
{
    (void)state;
    for (size_t count = 0; count < sizeof(sample) - 1; count++)
        assert_int_equal(compare(sample, count), JSON_BOTH_REFUSE);
    assert_int_equal(compare(sample, sizeof(sample) - 1), JSON_BOTH_ACCEPT);
}

static void every_byte_changed_is_the_same_to_both(void **state)
{
    (void)state;
    char text[sizeof(sample)];
    unsigned accepted = 0;
    for (size_t at = 0; at < sizeof(sample) - 1; at++) {
        memcpy(text, sample, sizeof(sample));
        for (unsigned byte = 0; byte < 256; byte++) {
            text[at] = (char)byte;
            enum json_verdict verdict = compare(text, sizeof(sample) - 1);
            // Only a NUL is passed over by jansson alone.
            assert_true(verdict == JSON_BOTH_ACCEPT || verdict == JSON_BOTH_REFUSE ||
                        (verdict == JSON_OURS_LIMITS && byte == 0));
            accepted += verdict == JSON_BOTH_ACCEPT;
        }
    }
    assert_in_range(accepted, 1000, 256 * sizeof(sample)); // or little was compared
}

/* Values grown from a seed, then a few bytes of them changed, moved, doubled or lost. */
struct grown {
    struct prng prng;
    char text[TEXT_BYTES_MAX];
    size_t bytes;
};

static void put(struct grown *grown, const char *bytes, size_t count)
{
    if (grown->bytes + count > sizeof(grown->text))
        return;
    memcpy(grown->text + grown->bytes, bytes, count);
    grown->bytes += count;
}

static void put_one_of(struct grown *grown, const struct text *texts, size_t count)
{
    const struct text *text = &texts[prng_below(&grown->prng, count)];
    put(grown, text->bytes, text->count);
}

static void put_text(struct grown *grown)
{
    static const struct text pieces[] = {
        TEXT("a"),
        TEXT("b"),
        TEXT("abcdefgh"),
        TEXT("\\n"),
        TEXT("\\\""),
        TEXT("\\\\"),
        TEXT("\\/"),
        TEXT("\\u0061"),
        TEXT("\\u0000"),
        TEXT("\\ud83d"),
        TEXT("\\ude00"),
        TEXT("\\ud83d\\ude00"),
        TEXT("\xea\xb9\x80"),
        TEXT("\xff"),
        TEXT("\xf0\x9f\x98\x80"),
        TEXT("\t"),
        TEXT("\xed\xa0\x80"),
        TEXT("\\uae40"),
        TEXT("\x7f"),
        TEXT("0123456789abcdef"),
    };
    // Mostly what is right: a text of many wrong pieces says no more than one.
    put(grown, "\"", 1);
    for (uint64_t left = prng_below(&grown->prng, 3); left > 0; left--)
        put_one_of(grown, pieces, prng_below(&grown->prng, 8) == 0 ? 20 : 8);
    put(grown, "\"", 1);
}

static void put_space(struct grown *grown)
{
    static const struct text spaces[] = {TEXT(" "), TEXT("\n"), TEXT("\t"), TEXT("\r"), TEXT("\f")};
    if (prng_below(&grown->prng, 16) == 0)
        put_one_of(grown, spaces, prng_below(&grown->prng, 8) == 0 ? 5 : 4);
}

static void put_value(struct grown *grown, unsigned depth)
{
    static const struct text scalars[] = {
        TEXT("0"),     TEXT("-1"),   TEXT("50000"), TEXT("9223372036854775807"),
        TEXT("true"),  TEXT("null"), TEXT("false"), TEXT("-9223372036854775808"),
        TEXT("1.5"),   TEXT("1e5"),  TEXT("1e307"), TEXT("9223372036854775808"),
        TEXT("1e308"), TEXT("01"),   TEXT("1e309"), TEXT("-"),
    };
    uint64_t kind = prng_below(&grown->prng, depth == 0 ? 2 : 5);
    put_space(grown);
    if (depth < 6 && kind < 2) {
        put(grown, kind == 0 ? "{" : "[", 1);
        for (uint64_t count = prng_below(&grown->prng, 5), i = 0; i < count; i++) {
            put(grown, ",", i > 0);
            put_space(grown);
            if (kind == 0) {
                put_text(grown);
                put_space(grown);
                put(grown, ":", 1);
            }
            put_value(grown, depth + 1);
        }
        put(grown, kind == 0 ? "}" : "]", 1);
    } else if (kind == 2) {
        put_text(grown);
    } else {
        put_one_of(grown, scalars, prng_below(&grown->prng, 16) == 0 ? 16 : 11);
    }
    put_space(grown);
}

static void change(struct grown *grown)
{
    static const char alphabet[] = "{}[]\",:\\u0123489abtnrdeE+-. \n\xea\xb0\x80\xff\x01";
    size_t at = (size_t)prng_below(&grown->prng, grown->bytes);
    size_t left = grown->bytes - at;
    switch (prng_below(&grown->prng, 3)) {
    case 0:
        grown->text[at] = alphabet[prng_below(&grown->prng, sizeof(alphabet))];
        return;
    case 1:
        memmove(grown->text + at, grown->text + at + 1, left - 1);
        grown->bytes--;
        return;
    default:
        if (grown->bytes == sizeof(grown->text))
            return;
        memmove(grown->text + at + 1, grown->text + at, left);
        grown->bytes++;
    }
}

static void what_is_drawn_is_the_same_to_both(void **state)
{
    (void)state;
    static struct grown grown;
    unsigned verdicts[JSON_DIFFER + 1] = {0};
    grown.prng = prng_split(7, "json test");
    for (unsigned round = 0; round < ROUNDS; round++) {
        grown.bytes = 0;
        put_value(&grown, 0);
        for (uint64_t changes = prng_below(&grown.prng, 3); changes > 0 && grown.bytes > 1;
             changes--)
            change(&grown);
        enum json_verdict verdict = compare(grown.text, grown.bytes);
        if (verdict == JSON_DIFFER)
            fail_msg("round %u: %.*s", round, (int)grown.bytes, grown.text);
        verdicts[verdict]++;
    }
    assert_in_range(verdicts[JSON_BOTH_ACCEPT], ROUNDS / 5, ROUNDS); // or little was compared
    assert_in_range(verdicts[JSON_BOTH_REFUSE], ROUNDS / 5, ROUNDS);
    assert_in_range(verdicts[JSON_OURS_LIMITS], 1, ROUNDS / 20);
}

static void a_room_too_small_refuses_and_is_not_left(void **state)
{
    (void)state;
    size_t enough = json_oracle_room_bytes(sizeof(sample));
    bool was_read = false;
    for (size_t bytes = 0; bytes <= enough; bytes++) {
        char *small = malloc(bytes == 0 ? 1 : bytes); // its end is seen by the sanitizer
        assert_non_null(small);
        bool is_read = json_scan(sample, sizeof(sample) - 1, small, bytes) != NULL;
        free(small);
        assert_true(is_read || !was_read);
        was_read = is_read;
    }
    assert_true(was_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json_is_read_as_jansson_reads_it),
        cmocka_unit_test(what_is_no_json_is_refused_by_both),
        cmocka_unit_test(only_the_stated_limits_refuse_what_jansson_accepts),
        cmocka_unit_test(values_lie_as_deep_as_jansson_lets_them),
        cmocka_unit_test(values_are_found_where_they_lie),
        cmocka_unit_test(no_prefix_is_json),
        cmocka_unit_test(every_byte_changed_is_the_same_to_both),
        cmocka_unit_test(what_is_drawn_is_the_same_to_both),
        cmocka_unit_test(a_room_too_small_refuses_and_is_not_left),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
