#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs/expect_head.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NOTHING "0000000000000000000000000000000000000000000000000000000000000000"

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    static const char *const heads[] = {"0:0:" NOTHING, "0:12:" HASH, "63:4294967295:" HASH};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct expect_head head;
        char text[EXPECT_HEAD_BYTES];
        assert_true(expect_head_parse(heads[i], &head));
        expect_head_write(&head, text);
        assert_string_equal(text, heads[i]);
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "0",
        "0:1",
        HASH,
        "0:1:",
        ":1:" HASH,
        "0::" HASH,
        "64:1:" HASH,
        "0:1:" HASH "0",
        "0:4294967296:" HASH,
        "-1:1:" HASH,
        "0:+1:" HASH,
        " 0:1:" HASH,
        "0:1: " HASH,
        "00:1:" HASH,
        "0:01:" HASH,
        "0:0:" HASH,
        "0:1:" HASH " ",
        "0:1:0x" HASH,
        "0:99999999999999999999999:" HASH,
        "0:1:g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    };
    struct expect_head head = {.partition = 7};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (expect_head_parse(wrong[i], &head))
            fail_msg("%s was taken", wrong[i]);
    }
    assert_int_equal(head.partition, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
