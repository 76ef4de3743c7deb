#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

static struct hash *hash;

static int open_hash(void **state)
{
    (void)state;
    hash = hash_open();
    return hash == NULL;
}

static int close_hash(void **state)
{
    (void)state;
    hash_close(hash);
    return 0;
}

static void assert_digest(struct digest digest, const char *hex)
{
    char text[2 * DIGEST_BYTES + 1];
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest.bytes[i]);
    assert_string_equal(text, hex);
}

/* FIPS 180-4's own examples, and its million of 'a'. */
static const struct {
    const char *message;
    const char *hex;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void the_standards_examples_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        assert_digest(hash_once(hash, examples[i].message, strlen(examples[i].message)),
                      examples[i].hex);
    hash_begin(hash);
    char thousand[1000];
    memset(thousand, 'a', sizeof(thousand));
    for (int i = 0; i < 1000; i++)
        hash_add(hash, thousand, sizeof(thousand));
    assert_digest(hash_end(hash),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_make_the_same_digest_as_the_whole(void **state)
{
    (void)state;
    const char *message = examples[2].message;
    size_t bytes = strlen(message);
    for (size_t cut = 0; cut <= bytes; cut++) {
        hash_begin(hash);
        hash_add(hash, message, cut);
        hash_add(hash, message + cut, bytes - cut);
        assert_digest(hash_end(hash), examples[2].hex);
    }
}

static void beginning_forgets_what_was_not_ended(void **state)
{
    (void)state;
    hash_begin(hash);
    hash_add(hash, "left over", 9);
    assert_digest(hash_once(hash, "abc", 3), examples[1].hex);
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    hash_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_examples_come_out),
        cmocka_unit_test(pieces_make_the_same_digest_as_the_whole),
        cmocka_unit_test(beginning_forgets_what_was_not_ended),
        cmocka_unit_test(closing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, open_hash, close_hash);
}
