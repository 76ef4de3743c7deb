#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jobs/bench_pack.h"

static const char *const document =
    "{\"format\": \"daybook-bench\", \"version\": 1, \"none\": null, \"yes\": true, \"no\": false,"
    " \"numbers\": [0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, "
    "9223372036854775807, -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649, "
    "-9223372036854775808],"
    " \"reals\": [0.0, 1.5, -10440.25, 1e300],"
    " \"texts\": [\"\", \"a\", \"한국\", \"0123456789012345678901234567890123456789\"],"
    " \"sixteen\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],"
    " \"map\": {\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,"
    "\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":{}}}";

static uint8_t *packed_document(size_t *bytes, json_t **value)
{
    *value = json_loads(document, 0, NULL);
    assert_non_null(*value);
    return bench_pack(*value, bytes);
}

static json_t *unpack(const void *bytes, size_t count, const char **problem)
{
    size_t at;
    return bench_unpack(bytes, count, problem, &at);
}

static void what_is_packed_comes_back_the_same(void **state)
{
    (void)state;
    size_t bytes;
    const char *problem;
    json_t *value;
    uint8_t *packed = packed_document(&bytes, &value);
    json_t *back = unpack(packed, bytes, &problem);
    assert_null(problem);
    assert_true(json_equal(value, back));
    json_decref(back);
    json_decref(value);
    free(packed);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    size_t bytes;
    const char *problem;
    json_t *value;
    uint8_t *packed = packed_document(&bytes, &value);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    assert_true(bytes <= page);
    // Against a page that nobody may read: one byte too far would be a crash.
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < bytes; i++) {
        uint8_t *start = pages + page - i;
        memcpy(start, packed, i);
        assert_null(unpack(start, i, &problem));
        assert_non_null(problem);
    }
    munmap(pages, 2 * page);
    json_decref(value);
    free(packed);
}

static void every_changed_byte_is_read_or_refused(void **state)
{
    (void)state;
    size_t bytes;
    const char *problem;
    json_t *value;
    uint8_t *packed = packed_document(&bytes, &value);
    for (size_t i = 0; i < bytes; i++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            packed[i] ^= (uint8_t)flip;
            json_t *back = unpack(packed, bytes, &problem);
            assert_true((back == NULL) == (problem != NULL));
            json_decref(back);
            packed[i] ^= (uint8_t)flip;
        }
    }
    json_decref(value);
    free(packed);
}

#define REFUSED(bytes, why)                                                                        \
    do {                                                                                           \
        const char *problem;                                                                       \
        assert_null(unpack((bytes), sizeof(bytes) - 1, &problem));                                 \
        assert_string_equal(problem, (why));                                                       \
    } while (0)

static void what_results_do_not_have_is_refused(void **state)
{
    (void)state;
    REFUSED("", "cut off");
    REFUSED("\xdd\xff\xff\xff\xff", "cut off"); // declares what nobody could hold
    REFUSED("\xdf\xff\xff\xff\xff\xa1", "cut off");
    REFUSED("\xdb\xff\xff\xff\xffx", "cut off");
    REFUSED("\x01\x02", "something follows the value");
    REFUSED("\xc4\x01x", "a value of a kind that results do not have");
    REFUSED("\xca\x00\x00\x00\x00", "a value of a kind that results do not have");
    REFUSED("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "a number is too great");
    REFUSED("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "a number is none");
    REFUSED("\x81\x01\x02", "a key is not a text");
    REFUSED("\xa1\xff", "a text is not UTF-8, or holds a NUL");
    REFUSED("\xa1\x00", "a text is not UTF-8, or holds a NUL");
    char deep[BENCH_PACK_DEPTH_MAX + 2];
    const char *problem;
    memset(deep, 0x91, sizeof deep);
    deep[BENCH_PACK_DEPTH_MAX] = 0x01;
    assert_null(unpack(deep, BENCH_PACK_DEPTH_MAX + 1, &problem));
    assert_string_equal(problem, "too deep");
    deep[BENCH_PACK_DEPTH_MAX - 1] = 0x01;
    json_t *back = unpack(deep, BENCH_PACK_DEPTH_MAX, &problem);
    assert_non_null(back);
    json_decref(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back_the_same),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_changed_byte_is_read_or_refused),
        cmocka_unit_test(what_results_do_not_have_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
