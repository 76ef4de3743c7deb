/* What a hostile bank says of itself, on its way into a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rest.h"

static const struct profile *profile;
static struct profile_scratch *scratch;

static struct bank_answer read_body(uint16_t status, const char *body, size_t body_bytes)
{
    struct transfer_order order = rest_order(STEP_COLLECT, 50000);
    struct bank_answer answer;
    profile_read(profile, scratch, CALL_TRANSFER, &order, &rest_parties, status, -1, body,
                 body_bytes, &answer);
    return answer;
}

/* A body that is no UTF-8 is no JSON (RFC 8259, 8.1), and so in doubt. */
static void codes_are_cleaned_and_cut(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        enum answer answer;
        const char *code;
    } rows[] = {
        {"a\\u001b[31m\\u0007", ANSWER_PENDING, "a?[31m?"},
        {"a\\r\\nlevel=info paid", ANSWER_PENDING, "a??level=info paid"},
        {"%n%s%n", ANSWER_PENDING, "%n%s%n"},
        {"x'); DROP TABLE entry;--", ANSWER_PENDING, "x'); DROP TABLE entry;--"},
        {"\\u0085\\u009b", ANSWER_PENDING, "????"},
        {"you said Bearer s3cret", ANSWER_PENDING, "token_echoed"},
        {"a\\u0000b", ANSWER_IN_DOUBT, "unparsed"},
        {"\xc7\xd1", ANSWER_IN_DOUBT, "unparsed"}, // EUC-KR
        {"\\ud800", ANSWER_IN_DOUBT, "unparsed"},  // half a surrogate pair
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[512];
        int count = snprintf(body, sizeof(body),
                             "{\"id\":\"tr_1\",\"account_id\":\"VA-0001\","
                             "\"destination_account_id\":\"COLLECT-1\",\"amount\":50000,"
                             "\"currency\":\"KRW\",\"status\":\"submitted\","
                             "\"idempotency_key\":\"" REST_KEY "\",\"failure_code\":\"%s\"}",
                             rows[i].said);
        struct bank_answer answer = read_body(200, body, (size_t)count);
        assert_int_equal(answer.answer, rows[i].answer);
        assert_string_equal(answer.text.code, rows[i].code);
    }
}

/* Ten megabytes as a code: a text as it stands takes no room, one with an escape finds none. */
static void ten_megabytes_are_in_doubt(void **state)
{
    (void)state;
    static const char head[] = "{\"type\":\"";
    size_t body_bytes = 10U << 20;
    char *body = malloc(body_bytes);
    assert_non_null(body);
    memset(body, 'a', body_bytes);
    memcpy(body, head, sizeof(head) - 1);
    memcpy(body + body_bytes - 2, "\"}", 2);
    struct bank_answer answer = read_body(409, body, body_bytes);
    assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
    assert_string_equal(answer.text.code, "unlisted");
    memcpy(body + body_bytes - 4, "\\n", 2);
    answer = read_body(409, body, body_bytes);
    assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
    assert_string_equal(answer.text.code, "unparsed");
    free(body);
}

static int setup(void **state)
{
    (void)state;
    profile = rest_open();
    scratch = profile_scratch_open(65536);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    profile_scratch_close(scratch);
    profile_close((struct profile *)(uintptr_t)profile);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_cleaned_and_cut),
        cmocka_unit_test(ten_megabytes_are_in_doubt),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
