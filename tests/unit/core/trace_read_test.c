#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/pack.h"
#include "core/trace_read.h"
#include "trace_sample.h"

static struct sample sample;

static int fill(void **state)
{
    (void)state;
    sample_fill(&sample);
    return 0;
}

/* Reads to the end or the first problem, from a copy that is no byte longer. */
static enum unpack_result read_all(const uint8_t *bytes, size_t byte_count, size_t *items,
                                   size_t *offset)
{
    struct trace_item item;
    uint8_t *copy = malloc(byte_count + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, byte_count);
    copy = realloc(copy, byte_count == 0 ? 1 : byte_count);
    assert_non_null(copy);
    *items = *offset = 0;
    enum unpack_result result = UNPACK_WHOLE;
    while (*offset < byte_count && result == UNPACK_WHOLE) {
        size_t used;
        result = trace_read(copy + *offset, byte_count - *offset, &item, &used);
        if (result == UNPACK_WHOLE) {
            assert_true(used > 0 && used <= TRACE_ITEM_BYTES_MAX);
            assert_true(used <= byte_count - *offset);
            *offset += used;
            ++*items;
        }
    }
    free(copy);
    return result;
}

static void every_prefix_shows_its_whole_items_and_then_is_cut(void **state)
{
    (void)state;
    size_t items, offset, whole = 0;
    for (size_t i = 0; i <= sample.used; i++) {
        while (whole < sample.items &&
               (whole + 1 < sample.items ? sample.starts[whole + 1] : sample.used) <= i)
            whole++;
        size_t end = whole < sample.items ? sample.starts[whole] : sample.used;
        enum unpack_result result = read_all(sample.bytes, i, &items, &offset);
        assert_int_equal(items, whole);
        assert_int_equal(offset, end);
        assert_int_equal(result, i == end ? UNPACK_WHOLE : UNPACK_CUT);
    }
}

/* Whatever comes out: no crash, no byte too far, no item from before the flipped byte missing. */
static void every_byte_flipped_harms_nothing_before_it(void **state)
{
    (void)state;
    size_t items, offset, good = 0;
    for (size_t i = 0; i < sample.used; i++) {
        while (good + 1 < sample.items && sample.starts[good + 1] <= i)
            good++;
        for (int bit = 0; bit < 8; bit++) {
            sample.bytes[i] ^= (uint8_t)(1 << bit);
            (void)read_all(sample.bytes, sample.used, &items, &offset);
            sample.bytes[i] ^= (uint8_t)(1 << bit);
            assert_true(items >= good);
        }
    }
}

static void what_no_item_can_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t byte_count;
        const char *problem;
    } rows[] = {
        {"\xdd\xff\x00\x00\x00", 5, "too many values"},
        {"\x91\x1a", 2, "kind and an instant"},
        {"\x92\xff\x00", 3, "kind and an instant"},
        {"\x92\x1a\xff", 3, "kind and an instant"},
        {"\x92\x00\x00", 3, "not known"},
        {"\x92\x1d\x00", 3, "not known"},
        {"\x93\x1a\x00\x00", 4, "too many fields"},
        {"\x92\x0d\x00", 3, "too few fields"},
        {"\x93\x0d\x00\xff", 4, "another type"},         // cancel: a negative call
        {"\x93\x0d\x00\xc3", 4, "another type"},         // a bool
        {"\x93\x0d\x00\xc0", 4, "another type"},         // nil
        {"\x93\x19\x00\xc4\x01\x00", 6, "another type"}, // gone: bytes as status
        // alive: an instant of the database beyond 2^63
        {"\x94\x18\x00\xcf\x80\x00\x00\x00\x00\x00\x00\x00\x00", 13, "another type"},
        {"\x0a", 1, "not an array"}, // a line end behind a trace
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trace_item item;
        size_t used;
        enum unpack_result result =
            trace_read((const uint8_t *)rows[i].bytes, rows[i].byte_count, &item, &used);
        if (result != UNPACK_BAD || strstr(item.unpacked.problem, rows[i].problem) == NULL)
            fail_msg("row %zu: %d, %s", i, result,
                     result == UNPACK_BAD ? item.unpacked.problem : "-");
    }
}

static void texts_keys_and_hashes_of_another_size_are_refused(void **state)
{
    (void)state;
    struct trace_item item;
    size_t used;
    uint8_t bytes[TRACE_ITEM_BYTES_MAX], zeros[64] = {0};
    static const char text[TRACE_TEXT_MAX + 2] =
        "tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt";
    for (size_t length = TRACE_TEXT_MAX; length <= TRACE_TEXT_MAX + 1; length++) {
        struct pack pack = pack_into(bytes, sizeof(bytes));
        pack_array(&pack, 4);
        pack_uint(&pack, TRACE_KIND_NOTE);
        pack_uint(&pack, 0);
        pack_text(&pack, text, length);
        pack_uint(&pack, 0);
        assert_int_equal(trace_read(bytes, (size_t)(pack.at - bytes), &item, &used),
                         length == TRACE_TEXT_MAX ? UNPACK_WHOLE : UNPACK_BAD);
    }
    for (size_t length = DIGEST_BYTES - 1; length <= DIGEST_BYTES + 1; length++) {
        struct pack pack = pack_into(bytes, sizeof(bytes));
        pack_array(&pack, 8);
        pack_uint(&pack, TRACE_KIND_CHUNK_OUT);
        for (int i = 0; i < 6; i++)
            pack_uint(&pack, 0);
        pack_bytes(&pack, zeros, length);
        assert_int_equal(trace_read(bytes, (size_t)(pack.at - bytes), &item, &used),
                         length == DIGEST_BYTES ? UNPACK_WHOLE : UNPACK_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_prefix_shows_its_whole_items_and_then_is_cut, fill),
        cmocka_unit_test_setup(every_byte_flipped_harms_nothing_before_it, fill),
        cmocka_unit_test(what_no_item_can_be_is_refused),
        cmocka_unit_test(texts_keys_and_hashes_of_another_size_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
