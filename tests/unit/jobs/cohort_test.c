#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "jobs/cohort.h"
#include "jobs/cohort_place.h"

#define HEAD                                                                                       \
    "account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,currency,"            \
    "repayment_minor,hold_minor,expected_minor,expect_at,opening_minor\n"
#define ROW(ref, va) ref ",north," va ",004,P-1,Kim,KRW,100,20,500,,\n"

static bool is_bank(const char *name, void *context)
{
    (void)context;
    return strcmp(name, "north") == 0;
}

/* The errors, to be freed. */
static char *read_text(struct cohort *cohort, const char *text, size_t bytes, bool *good)
{
    char *said;
    size_t said_bytes;
    FILE *errors = open_memstream(&said, &said_bytes);
    struct cohort_input input = {.file = "f.csv",
                                 .text = text,
                                 .text_bytes = bytes,
                                 .is_bank = is_bank,
                                 .banks_hint = "known: north"};
    assert_non_null(errors);
    *good = cohort_read(cohort, &input, errors);
    fclose(errors);
    return said;
}

struct wrong {
    const char *text;
    size_t bytes; /* 0: strlen */
    const char *said;
};

static const struct wrong wrongs[] = {
    {"", 0, "f.csv:1:1: the file is empty\n"},
    {"\n\n", 0, "f.csv:1:1: the file is empty\n"},
    {HEAD, 0, "f.csv:1:1: the file names columns but has no account\n"},
    {"account_ref,bank\na,north\n", 0, "f.csv:1:1: column virtual_account is missing\n"},
    {"acount_ref,bank\n", 0,
     "f.csv:1:1: unknown column \"acount_ref\"; did you mean account_ref?\n"},
    {"account_ref,bank,zzzzzzzzzz\n", 0, "f.csv:1:18: unknown column \"zzzzzzzzzz\"\n"},
    {"account_ref,bank,bank\n", 0, "f.csv:1:18: column bank stands here twice\n"},
    // Of rows under a wrong header nothing is said, however many fields they have.
    {"hold_minor\n2\n", 0, "f.csv:1:1: column account_ref is missing\n"},
    {"a,b,c,d,e,f,g,h,i,j,k,l,m,n\n1,2,3,4,5,6,7,8,9,10,11,12,13,14\n", 0,
     "f.csv:1:1: unknown column \"a\"\n"},
    {HEAD ROW("a", "V-1") ROW("b", "V-2") ROW("a", "V-3"), 0,
     "f.csv:4:1: account_ref a stands here twice; first in line 2\n"},
    {HEAD ROW("a", "V-1") ROW("b", "V-1"), 0,
     "f.csv:3:9: virtual_account V-1 stands here twice; first in line 2\n"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,-1,20,500,,\n", 0,
     "f.csv:2:29: repayment_minor \"-1\" is not an amount: digits only, in minor units, at most "
     "1000000000000\n"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,100,1000000000000000000,500,,\n", 0,
     "f.csv:2:33: hold_minor \"1000000000000000000\" is not an amount"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,1.5,20,500,,\n", 0, "f.csv:2:29: repayment_minor \"1.5\""},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW, 5,20,500,,\n", 0, "f.csv:2:29: repayment_minor \" 5\""},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,,20,500,,\n", 0, "f.csv:2:29: repayment_minor \"\""},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,100,20,119,,\n", 0,
     "f.csv:2:36: expected_minor 119 is below repayment and hold together (120)\n"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,0,0,0,,\n", 0, "f.csv:2:33: expected_minor is 0;"},
    {HEAD "a,south,V-1,004,P-1,Kim,KRW,100,20,500,,\n", 0,
     "f.csv:2:3: bank south is not in the configuration (known: north)\n"},
    {HEAD "a,north,V-1,004,P-1,Kim,XXQ,100,20,500,,\n", 0,
     "f.csv:2:25: \"XXQ\" is not a currency that daybook knows\n"},
    {HEAD ROW("a", "V-1") "b,north,V-2,004,P-1,Kim,USD,100,20,500,,\n", 0,
     "f.csv:3:25: currency USD, but the batch is in KRW"},
    {HEAD "a,north,V/1,004,P-1,Kim,KRW,100,20,500,,\n", 0,
     "f.csv:2:9: virtual_account must be 1 to 40 letters, digits and hyphens\n"},
    {HEAD "a,north,V-1,004,P 1,Kim,KRW,100,20,500,,\n", 0, "f.csv:2:17: payout_account must be"},
    {HEAD ",north,V-1,004,P-1,Kim,KRW,100,20,500,,\n", 0, "f.csv:2:1: account_ref must be 1 to 64"},
    {HEAD "a,north,V-1,004,P-1,,KRW,100,20,500,,\n", 0, "f.csv:2:21: holder_name must be 1 to 70"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,100,20,500,tomorrow,\n", 0,
     "f.csv:2:40: expect_at \"tomorrow\" is not a time with its zone"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,100,20,500,2026-03-25T09:00,\n", 0, "f.csv:2:40: expect_at"},
    {HEAD "a,north,V-1\n", 0, "f.csv:2:1: 3 fields, but the first line names 12\n"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,100,20,500,,,\n", 0, "f.csv:2:1: 13 fields, but"},
    {HEAD "a,north,V-1,004,P-1,\"Kim,KRW,100,20,500,,\n", 0,
     "f.csv:2:21: a quoted field that does not end\n"},
    {HEAD "a,north,V-1,004,P-1,K\"im,KRW,100,20,500,,\n", 0, "f.csv:2:22: a quote in the wrong"},
    {HEAD "a,north,V-1,004,P-1,\"Kim\"x,KRW,100,20,500,,\n", 0, "f.csv:2:26: a quote in the wrong"},
    {HEAD "a,north,V-1,004,P-1,\"K\nim\",KRW,100,20,500,,\n", 0,
     "f.csv:2:21: holder_name has a line break\n"},
    {HEAD "a,north,V-1,004,P-1,K\tim,KRW,100,20,500,,\n", 0, "f.csv:2:22: a control character\n"},
    {HEAD "a,north,V-1,004,P-1,\xea\xb9\x80\xff,KRW,100,20,500,,\n", 0,
     "f.csv:2:22: bytes that are not UTF-8"},
    {HEAD "a,north,V-1,004,P-1,\xb1\xe8,KRW,100,20,500,,\n", 0,
     "f.csv:2:21: bytes that are not UTF-8"}, // EUC-KR
    {HEAD "a,n\0rth,V-1\n", sizeof(HEAD "a,n\0rth,V-1\n") - 1, "f.csv:2:4: a NUL byte"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,1000000000001,0,,,\n", 0,
     "f.csv:2:29: repayment_minor \"1000000000001\" is not an amount"},
    {HEAD "a,north,V-1,004,P-1,Kim,KRW,1000000000000,1,,,\n", 0,
     "f.csv:2:1: repayment_minor and hold_minor together pass 1000000000000\n"},
    // Columns in another order, with a quoted field before the wrong one, and characters counted.
    {"holder_name,account_ref,bank,virtual_account,payout_bank,payout_account,currency,"
     "repayment_minor,hold_minor\n\"\xea\xb9\x80, \xec\xb2\xa0\",a,north,V-1,004,P-1,KRW,x,0\n",
     0, "f.csv:2:32: repayment_minor \"x\""},
};

static void bad_input_is_refused_with_line_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct cohort cohort;
        bool good;
        size_t bytes = wrongs[i].bytes != 0 ? wrongs[i].bytes : strlen(wrongs[i].text);
        char *said = read_text(&cohort, wrongs[i].text, bytes, &good);
        if (good || strncmp(said, wrongs[i].said, strlen(wrongs[i].said)) != 0)
            fail_msg("row %zu: wanted %s said %s", i, wrongs[i].said, said);
        free(said);
    }
}

/* The same with other line ends: the places stay. */
static void places_are_the_same_with_crlf_and_with_a_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        char text[4096];
        size_t used = 0;
        if (wrongs[i].bytes != 0 || strstr(wrongs[i].text, "K\n") != NULL)
            continue;
        memcpy(text, "\xEF\xBB\xBF", 3);
        used = 3;
        for (const char *at = wrongs[i].text; *at != '\0'; at++) {
            if (*at == '\n')
                text[used++] = '\r';
            text[used++] = *at;
        }
        struct cohort cohort;
        bool good;
        char *said = read_text(&cohort, text, used, &good);
        if (good || strncmp(said, wrongs[i].said, strlen(wrongs[i].said)) != 0)
            fail_msg("row %zu: wanted %s said %s", i, wrongs[i].said, said);
        free(said);
    }
}

static void crlf_a_mark_quotes_and_a_missing_last_line_end_are_read_rightly(void **state)
{
    (void)state;
    static const char text[] =
        "\xEF\xBB\xBF"
        "account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,"
        "currency,repayment_minor,hold_minor\r\n"
        "\"a \"\"x\"\", 1\",north,V-1,004,P-1,\xea\xb9\x80\xec\xb2\xa0\xec\x88\x98,KRW,100,20\r\n"
        "\r\n"
        "b,north,V-2,004,P-1,Kim,KRW,0,0";
    struct cohort cohort;
    bool good;
    char *said = read_text(&cohort, text, sizeof text - 1, &good);
    assert_string_equal(said, "");
    assert_true(good);
    assert_int_equal(cohort.row_count, 2);
    assert_string_equal(cohort_text(&cohort, &cohort.rows[0], COHORT_REF), "a \"x\", 1");
    assert_string_equal(cohort_text(&cohort, &cohort.rows[0], COHORT_HOLDER),
                        "\xea\xb9\x80\xec\xb2\xa0\xec\x88\x98");
    assert_int_equal(cohort.rows[0].repayment_minor, 100);
    assert_true(cohort.rows[0].expected_minor == COHORT_NONE);
    assert_true(cohort.rows[1].opening_minor == COHORT_NONE);
    assert_string_equal(cohort.currency, "KRW");
    assert_int_equal(cohort.repayment_minor, 100);
    cohort_free(&cohort);
    free(said);
}

static void positions_follow_the_time_then_the_name_whatever_the_files_order(void **state)
{
    (void)state;
    static const char text[] = HEAD "c,north,V-1,004,P-1,Kim,KRW,1,0,,,\n"
                                    "b,north,V-2,004,P-1,Kim,KRW,1,0,,2026-03-25T10:00Z,\n"
                                    "a,north,V-3,004,P-1,Kim,KRW,1,0,,,7\n"
                                    "d,north,V-4,004,P-1,Kim,KRW,1,0,,2026-03-25 18:30:15+09:00,\n";
    struct cohort cohort;
    bool good;
    char *said = read_text(&cohort, text, sizeof text - 1, &good);
    assert_string_equal(said, "");
    static const char *const order[] = {"d", "b", "a", "c"};
    for (uint32_t i = 0; i < 4; i++)
        assert_string_equal(cohort_text(&cohort, &cohort.rows[i], COHORT_REF), order[i]);
    assert_int_equal(cohort.rows[0].expect_at_us, INT64_C(1774431015000000));
    assert_int_equal(cohort.rows[2].opening_minor, 7);
    assert_int_equal(cohort.rows[2].record, 3);
    cohort_free(&cohort);
    free(said);
}

static void of_many_errors_the_first_twenty_are_told_and_the_rest_counted(void **state)
{
    (void)state;
    char text[8192] = HEAD;
    size_t used = strlen(text);
    for (int i = 0; i < 27; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "a%d,north,V-%d,004,P-1,Kim,KRW,x,0,,,\n", i, i);
    struct cohort cohort;
    bool good;
    char *said = read_text(&cohort, text, used, &good);
    assert_false(good);
    assert_non_null(strstr(said, "f.csv:21:"));
    assert_null(strstr(said, "f.csv:22:"));
    assert_non_null(strstr(said, "… and 7 more errors\n"));
    free(said);
}

static void sums_that_pass_all_bounds_are_refused(void **state)
{
    (void)state;
    enum { PEOPLE = 1000000, ROW_BYTES = 80 };
    char *text = malloc(sizeof HEAD + (size_t)PEOPLE * ROW_BYTES);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "%s", HEAD);
    for (int i = 0; i < PEOPLE; i++)
        used += (size_t)sprintf(text + used, "a%d,north,V-%d,004,P-1,Kim,KRW,1000000000000,0,,,\n",
                                i, i);
    struct cohort cohort;
    bool good;
    char *said = read_text(&cohort, text, used, &good);
    assert_false(good);
    assert_string_equal(said,
                        "f.csv:1000001:40: the sum of repayment_minor passes 18 digits here\n");
    free(said);
    free(text);
}

static void a_key_seed_is_the_one_that_was_agreed(void **state)
{
    (void)state;
    struct hash *hash = hash_open();
    static const char agreed[] = "daybook key seed 1\0acme\0"
                                 "2026-03-25\0p-1";
    struct idem_key seed = cohort_key_seed(hash, "acme", "2026-03-25", "p-1");
    struct digest digest = hash_once(hash, agreed, sizeof agreed);
    assert_memory_equal(seed.bytes, digest.bytes, sizeof seed.bytes);
    hash_close(hash);
}

static struct digest digest_of(const struct cohort_canonical *row, const char *currency)
{
    struct hash *hash = hash_open();
    cohort_digest_begin(hash, "acme", "2026-03-25", currency);
    cohort_digest_add(hash, row);
    struct digest digest = hash_end(hash);
    hash_close(hash);
    return digest;
}

static void every_field_of_a_plan_is_in_its_digest(void **state)
{
    (void)state;
    struct cohort_canonical row = {
        .texts = {"a", "north", "V-1", "004", "P-1", "Kim"},
        .repayment_minor = 1,
        .hold_minor = 2,
        .expected_minor = COHORT_NONE,
        .opening_minor = COHORT_NONE,
        .expect_at_us = COHORT_NONE,
    };
    struct digest first = digest_of(&row, "KRW");
    struct digest other = digest_of(&row, "USD");
    assert_memory_not_equal(first.bytes, other.bytes, DIGEST_BYTES);
    for (int text = 0; text < COHORT_TEXTS; text++) {
        struct cohort_canonical changed = row;
        changed.texts[text] = "Z";
        other = digest_of(&changed, "KRW");
        assert_memory_not_equal(first.bytes, other.bytes, DIGEST_BYTES);
    }
    int64_t *const numbers[] = {&row.repayment_minor, &row.hold_minor, &row.expected_minor,
                                &row.opening_minor, &row.expect_at_us};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t kept = *numbers[i];
        *numbers[i] = 0;
        other = digest_of(&row, "KRW");
        assert_memory_not_equal(first.bytes, other.bytes, DIGEST_BYTES);
        *numbers[i] = kept;
    }
}

static void any_byte_that_no_field_may_have_is_found_anywhere(void **state)
{
    (void)state;
    char text[41];
    for (int byte = 0; byte < 256; byte++) {
        bool allowed = (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\r';
        for (size_t at = 0; at < sizeof text; at++) {
            const char *wrong = NULL;
            memset(text, 'a', sizeof text);
            text[at] = (char)byte;
            size_t found = cohort_first_wrong(text, sizeof text, &wrong);
            assert_int_equal(found, allowed ? sizeof text : at);
            assert_int_equal(wrong == NULL, allowed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_that_no_field_may_have_is_found_anywhere),
        cmocka_unit_test(bad_input_is_refused_with_line_and_column),
        cmocka_unit_test(places_are_the_same_with_crlf_and_with_a_mark),
        cmocka_unit_test(crlf_a_mark_quotes_and_a_missing_last_line_end_are_read_rightly),
        cmocka_unit_test(positions_follow_the_time_then_the_name_whatever_the_files_order),
        cmocka_unit_test(of_many_errors_the_first_twenty_are_told_and_the_rest_counted),
        cmocka_unit_test(sums_that_pass_all_bounds_are_refused),
        cmocka_unit_test(a_key_seed_is_the_one_that_was_agreed),
        cmocka_unit_test(every_field_of_a_plan_is_in_its_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
