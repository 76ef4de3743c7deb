/* Where a ledger ended, as people and the state file tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "jobs/run_heads.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct row {
    const char *text;
    bool good;
    uint32_t partition;
    uint32_t chunk;
    bool has_hash;
};

static const struct row rows[] = {
    {"0:17", true, 0, 17, false},
    {"63:4000000", true, 63, 4000000, false},
    {"0:17:" HEX, true, 0, 17, true},
    {"0:0", true, 0, 0, false},
    {"00:1", false, 0, 0, false},
    {"64:1", false, 0, 0, false},
    {"0", false, 0, 0, false},
    {"0:", false, 0, 0, false},
    {":1", false, 0, 0, false},
    {"-1:1", false, 0, 0, false},
    {"0:-1", false, 0, 0, false},
    {"0: 1", false, 0, 0, false},
    {"0:1 ", false, 0, 0, false},
    {"0:1:", false, 0, 0, false},
    {"0:1:00", false, 0, 0, false},
    {"0:1:" HEX "0", false, 0, 0, false},
    {"0:12345678901", false, 0, 0, false},
    {"", false, 0, 0, false},
};

static void a_head_is_told_as_partition_chunk_and_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct claim_known known;
        assert_int_equal(run_heads_parse(rows[i].text, &known), rows[i].good);
        if (!rows[i].good)
            continue;
        assert_int_equal(known.partition, rows[i].partition);
        assert_int_equal(known.chunk, rows[i].chunk);
        assert_int_equal(known.has_hash, rows[i].has_hash);
        if (known.has_hash)
            assert_int_equal(known.hash.bytes[1], 0x11);
    }
}

static void read_text(const char *file, char text[512])
{
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    text[fread(text, 1, 511, in)] = '\0';
    fclose(in);
}

static void the_state_file_keeps_the_newest_head_of_each_partition(void **state)
{
    (void)state;
    char folder[] = "/tmp/daybook-heads.XXXXXX", text[512];
    assert_non_null(mkdtemp(folder));
    char file[64];
    snprintf(file, sizeof file, "%s/heads", folder);
    struct run_heads heads = {.file = file};
    const struct digest hash = {{0xab}};
    run_heads_note(&heads, 0, 5, &hash);
    run_heads_note(&heads, 0, 7, &hash);
    run_heads_note(&heads, 3, 1, &hash);
    run_heads_note(&heads, 4, 0, &hash); // nothing was written there
    run_heads_save(&heads);
    struct stat about;
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    read_text(file, text);
    assert_int_equal(strncmp(text, "0:7:ab00", 8), 0);
    assert_non_null(strstr(text, "\n3:1:ab00"));
    assert_null(strstr(text, "\n4:"));
    assert_null(strstr(text, "0:5:"));

    // A process that knows less does not take back what another one wrote.
    struct run_heads behind = {.file = file};
    run_heads_note(&behind, 0, 6, &hash);
    run_heads_save(&behind);
    read_text(file, text);
    assert_int_equal(strncmp(text, "0:7:ab00", 8), 0);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0); // nothing else was left there
}

/* A ledger that went back and was shown to lack nothing. */
static void what_is_replaced_is_all_that_stays_known(void **state)
{
    (void)state;
    char folder[] = "/tmp/daybook-heads.XXXXXX", text[512], file[64];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/heads", folder);
    struct run_heads heads = {.file = file};
    const struct digest hash = {{0xab}}, other = {{0xcd}};
    run_heads_note(&heads, 0, 7, &hash);
    run_heads_note(&heads, 1, 9, &hash);
    run_heads_save(&heads);
    const struct claim_known now = {.partition = 0, .chunk = 3, .has_hash = true, .hash = other};
    run_heads_replace(&heads, &now, 1);
    assert_int_equal(heads.count, 1);
    assert_int_equal(heads.known[0].chunk, 3);
    read_text(file, text);
    assert_int_equal(strncmp(text, "0:3:cd00", 8), 0);
    assert_null(strstr(text, "1:9:"));
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_told_as_partition_chunk_and_hash),
        cmocka_unit_test(the_state_file_keeps_the_newest_head_of_each_partition),
        cmocka_unit_test(what_is_replaced_is_all_that_stays_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
