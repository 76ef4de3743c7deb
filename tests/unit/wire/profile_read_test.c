#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/time.h"
#include "guard.h"
#include "rest.h"

#define SCRATCH_BYTES 16384

#define BALANCE                                                                                    \
    "{\"account_id\":\"VA-0001\",\"current_balance\":9,\"available_balance\":1000000,"             \
    "\"currency\":\"KRW\",\"type\":\"balance_lookup\"}"
#define BOOK(status, more)                                                                         \
    "{\"id\":\"tr_1\",\"account_id\":\"VA-0001\",\"destination_account_id\":\"COLLECT-1\","        \
    "\"amount\":50000,\"currency\":\"KRW\",\"status\":\"" status "\"," more                        \
    "\"idempotency_key\":\"" REST_KEY "\",\"type\":\"account_transfer\"}"
#define PAYOUT(status, more)                                                                       \
    "{\"id\":\"tr_2\",\"account_id\":\"VA-0001\",\"destination_account_number\":\"111-222-333\","  \
    "\"amount\":50000,\"currency\":\"KRW\",\"status\":\"" status "\"," more                        \
    "\"idempotency_key\":\"" REST_KEY "\",\"type\":\"payout\"}"
#define LIST(items) "{\"data\":[" items "],\"next_cursor\":null}"
#define ERROR(type, more)                                                                          \
    "{\"type\":\"" type "\",\"title\":\"t\",\"detail\":\"d\"," more "\"status\":400}"
#define FAILURE(code) "\"failure_code\":\"" code "\","
#define CODE(code) "\"code\":\"" code "\","

static struct profile *profile;
static struct profile_scratch *scratch;
static struct guard guard;

static struct bank_answer read_with(const struct profile *bank, enum call_kind call_kind,
                                    enum step_kind step, uint16_t status, int64_t retry_after_s,
                                    const char *body, size_t body_bytes)
{
    struct bank_answer answer;
    struct transfer_order order = rest_order(step, 50000);
    profile_read(bank, scratch, call_kind, call_kind == CALL_BALANCE ? NULL : &order, &rest_parties,
                 status, retry_after_s, guard_copy(&guard, body, body_bytes), body_bytes, &answer);
    return answer;
}

static struct bank_answer read_answer(enum call_kind call_kind, enum step_kind step,
                                      uint16_t status, const char *body)
{
    return read_with(profile, call_kind, step, status, -1, body, strlen(body));
}

struct row {
    enum call_kind call_kind;
    enum step_kind step;
    uint16_t status;
    const char *body;
    enum answer answer;
    const char *code;
    const char *bank_ref;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct bank_answer answer = read_answer(row->call_kind, row->step, row->status, row->body);
        if (answer.answer != row->answer || strcmp(answer.text.code, row->code) != 0 ||
            strcmp(answer.text.bank_ref, row->bank_ref) != 0)
            fail_msg("row %zu: answer %d, code %s, reference %s", i, answer.answer,
                     answer.text.code, answer.text.bank_ref);
        assert_int_equal(answer.throttled, false);
        assert_int_equal(answer.fee_minor, 0);
        assert_int_equal(answer.retry_after_ns, 0);
    }
}

static void a_balance_is_what_is_available(void **state)
{
    (void)state;
    struct bank_answer answer = read_answer(CALL_BALANCE, 0, 200, BALANCE);
    assert_int_equal(answer.answer, ANSWER_BALANCE);
    assert_int_equal(answer.balance_minor, 1000000);
    assert_string_equal(answer.text.code, "");
    static const char *const good[] = {
        "{\"account_id\":\"VA-0001\",\"available_balance\":-5}",
        "{\"available_balance\":0,\"account_id\":\"VA-0001\",\"loan\":null,\"x\":[1.5,{}]}",
        " {\"account_id\":\"VA-0001\",\"available_balance\":999999999999999999}\r\n",
    };
    static const int64_t amounts[] = {-5, 0, 999999999999999999};
    for (size_t i = 0; i < 3; i++) {
        answer = read_answer(CALL_BALANCE, 0, 200, good[i]);
        assert_int_equal(answer.answer, ANSWER_BALANCE);
        assert_true(answer.balance_minor == amounts[i]);
    }
}

static void what_is_not_an_amount_is_no_balance(void **state)
{
    (void)state;
    static const char *const amounts[] = {
        "1000000.0",
        "1e6",
        "\"1000000\"",
        "null",
        "true",
        "[1]",
        "{}",
        "01",
        "1000000000000000000",
        "1E400",
        "-",
        "+1",
        "0x10",
        "NaN",
        "-1000000000000000000",
        "99999999999999999999999",
    };
    char body[256];
    for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
        snprintf(body, sizeof(body), "{\"account_id\":\"VA-0001\",\"available_balance\":%s}",
                 amounts[i]);
        struct bank_answer answer = read_answer(CALL_BALANCE, 0, 200, body);
        assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
        assert_string_equal(answer.text.code, "unparsed");
        assert_int_equal(answer.balance_minor, 0);
    }
}

static void an_answer_must_be_one_whole_json(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        " ",
        "{",
        "null",
        "[]",
        "\"x\"",
        "<html>502</html>",
        BALANCE "x",
        BALANCE "{}",
        BALANCE BALANCE,
        "[" BALANCE "]",
        "{\"account_id\":\"VA-0001\",\"account_id\":\"VA-0001\",\"available_balance\":1}",
        "{\"account_id\":\"VA-0001\",\"available_balance\":1,\"available_balance\":2}",
        "{\"account_id\":\"VA-0001\",\"available_balance\":1,}",
        "{'account_id':'VA-0001','available_balance':1}",
        "{\"account_id\":\"VA-0001\",\"available_balance\":1,\"x\":\"\xff\"}",
        "{\"account_id\":\"VA-0001\",\"available_balance\":1,\"x\":\"\\u0000\"}",
        "{\"account_id\":\"VA-0001\",\"available_balance\":1,\"x\":\"\\ud800\"}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct bank_answer answer = read_answer(CALL_BALANCE, 0, 200, bodies[i]);
        assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
        assert_string_equal(answer.text.code, "unparsed");
    }
    struct bank_answer answer =
        read_with(profile, CALL_BALANCE, 0, 200, -1, BALANCE "\0", sizeof(BALANCE));
    assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
}

static void every_row_of_the_table_is_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {CALL_TRANSFER, STEP_COLLECT, 200, BOOK("complete", ""), ANSWER_ACCEPTED, "", "tr_1"},
        {CALL_TRANSFER, STEP_COLLECT, 200, BOOK("pending_approval", ""), ANSWER_PENDING,
         "pending_approval", "tr_1"},
        {CALL_TRANSFER, STEP_COLLECT, 200, BOOK("canceled", ""), ANSWER_REJECTED_PERSON, "canceled",
         "tr_1"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("complete", ""), ANSWER_ACCEPTED, "", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("submitted", ""), ANSWER_PENDING, "submitted",
         "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("pending_submission", ""), ANSWER_PENDING,
         "pending_submission", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("pending_reviewing", ""), ANSWER_PENDING,
         "pending_reviewing", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("requires_attention", ""), ANSWER_PENDING,
         "requires_attention", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("rejected", FAILURE("account_stopped")),
         ANSWER_REJECTED_PERSON, "account_stopped", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("rejected", FAILURE("limit_exceeded")),
         ANSWER_REJECTED_LATER, "limit_exceeded", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("rejected", FAILURE("insufficient_funds")),
         ANSWER_REJECTED_LATER, "insufficient_funds", "tr_2"},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("rejected", ""), ANSWER_REJECTED_PERSON,
         "rejected", "tr_2"},

        {CALL_INQUIRY, STEP_COLLECT, 200, LIST(BOOK("complete", "")), ANSWER_ACCEPTED, "", "tr_1"},
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(PAYOUT("complete", "")), ANSWER_ACCEPTED, "", "tr_2"},
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(PAYOUT("submitted", "")), ANSWER_PENDING, "submitted",
         "tr_2"},
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(PAYOUT("rejected", FAILURE("account_closed"))),
         ANSWER_REJECTED_PERSON, "account_closed", "tr_2"},
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(PAYOUT("rejected", FAILURE("insufficient_funds"))),
         ANSWER_REJECTED_LATER, "insufficient_funds", "tr_2"},
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(PAYOUT("canceled", "")), ANSWER_REJECTED_PERSON,
         "canceled", "tr_2"},
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(""), ANSWER_NOT_FOUND, "", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":[]}", ANSWER_NOT_FOUND, "", ""},

        {CALL_TRANSFER, STEP_PAYOUT, 400, ERROR("invalid_parameters_error", ""),
         ANSWER_REJECTED_PERSON, "invalid_parameters_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 400, ERROR("malformed_request_error", ""),
         ANSWER_REJECTED_PERSON, "malformed_request_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 401, ERROR("invalid_api_key_error", ""), ANSWER_NOT_DONE,
         "invalid_api_key_error", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 401, ERROR("invalid_api_key_error", ""), ANSWER_NOT_DONE,
         "invalid_api_key_error", ""},
        {CALL_BALANCE, 0, 401, ERROR("invalid_api_key_error", ""), ANSWER_NOT_DONE,
         "invalid_api_key_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 403, ERROR("insufficient_permissions_error", ""),
         ANSWER_REJECTED_PERSON, "insufficient_permissions_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 403, ERROR("private_feature_error", ""),
         ANSWER_REJECTED_PERSON, "private_feature_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 403, ERROR("environment_mismatch_error", ""),
         ANSWER_REJECTED_PERSON, "environment_mismatch_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 404, ERROR("object_not_found_error", ""),
         ANSWER_REJECTED_PERSON, "object_not_found_error", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409, ERROR("invalid_operation_error", CODE("account_stopped")),
         ANSWER_REJECTED_PERSON, "account_stopped", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409, ERROR("invalid_operation_error", CODE("account_closed")),
         ANSWER_REJECTED_PERSON, "account_closed", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409,
         ERROR("invalid_operation_error", CODE("insufficient_funds")), ANSWER_REJECTED_LATER,
         "insufficient_funds", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409, ERROR("invalid_operation_error", CODE("limit_exceeded")),
         ANSWER_REJECTED_LATER, "limit_exceeded", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409, ERROR("idempotency_key_already_used_error", ""),
         ANSWER_IN_DOUBT, "idempotency_key_already_used_er", ""},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_no_row_lists_is_in_doubt(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {CALL_TRANSFER, STEP_PAYOUT, 500, ERROR("internal_server_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 503, "{}", ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 504, "gateway timeout", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 408, ERROR("invalid_parameters_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 201, PAYOUT("complete", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 202, PAYOUT("complete", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 302, PAYOUT("complete", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 500, PAYOUT("complete", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("Complete", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("complete ", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("returned", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, PAYOUT("", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, "{}", ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, LIST(PAYOUT("complete", "")), ANSWER_IN_DOUBT, "unlisted",
         ""},
        {CALL_TRANSFER, STEP_PAYOUT, 200, ERROR("invalid_parameters_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 400, "{\"type\":7}", ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 400, ERROR("new_error", ""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 404, ERROR("api_method_not_found_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409, ERROR("invalid_operation_error", CODE("brand_new")),
         ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_TRANSFER, STEP_PAYOUT, 409, ERROR("invalid_operation_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 404, ERROR("object_not_found_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 400, ERROR("invalid_parameters_error", ""), ANSWER_IN_DOUBT,
         "unlisted", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 500, LIST(""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 404, LIST(""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 206, LIST(""), ANSWER_IN_DOUBT, "unlisted", ""},
        {CALL_BALANCE, 0, 404, ERROR("object_not_found_error", ""), ANSWER_IN_DOUBT, "unlisted",
         ""},
        {CALL_BALANCE, 0, 500, BALANCE, ANSWER_IN_DOUBT, "unlisted", ""},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void an_inquiry_must_show_one_transfer_or_none(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {CALL_INQUIRY, STEP_PAYOUT, 200, LIST(PAYOUT("complete", "") "," PAYOUT("complete", "")),
         ANSWER_IN_DOUBT, "many", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":[],\"next_cursor\":\"x\"}", ANSWER_IN_DOUBT,
         "many", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200,
         "{\"data\":[" PAYOUT("complete", "") "],\"next_cursor\":\"x\"}", ANSWER_IN_DOUBT, "many",
         ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":[null]}", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":[[]]}", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":null}", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":{}}", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{}", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "[]", ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, PAYOUT("complete", ""), ANSWER_IN_DOUBT, "unparsed", ""},
        {CALL_INQUIRY, STEP_PAYOUT, 200, "{\"data\":[{}]}", ANSWER_IN_DOUBT, "unlisted", ""},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* One value of a good answer, replaced. */
static void assert_replaced(enum call_kind call_kind, enum step_kind step, const char *body,
                            const char *from, const char *to, const char *code)
{
    char changed[1024];
    const char *at = strstr(body, from);
    assert_non_null(at);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - body), body, to, at + strlen(from));
    struct bank_answer answer = read_answer(call_kind, step, 200, changed);
    if (answer.answer != ANSWER_IN_DOUBT || strcmp(answer.text.code, code) != 0)
        fail_msg("%s: answer %d, code %s", changed, answer.answer, answer.text.code);
    assert_string_equal(answer.text.bank_ref, "");
    assert_int_equal(answer.balance_minor, 0);
}

static void an_echo_that_differs_is_in_doubt(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *code;
    } rows[] = {
        {REST_KEY, "000102030405060708090a0b0c0d0efe", "echo_key"},
        {REST_KEY, "000102030405060708090A0B0C0D0EFF", "echo_key"},
        {REST_KEY, "", "echo_key"},
        {"\"idempotency_key\"", "\"another\"", "echo_key"},
        {"\"" REST_KEY "\"", "null", "echo_key"},
        {"\"" REST_KEY "\"", "7", "echo_key"},
        {"VA-0001", "VA-0002", "echo_from"},
        {"VA-0001", "VA-00011", "echo_from"},
        {"VA-0001", "VA-000", "echo_from"},
        {"VA-0001", "VA-0001\\u0020", "echo_from"},
        {"COLLECT-1", "COLLECT-2", "echo_to"},
        {"\"destination_account_id\"", "\"destination\"", "echo_to"},
        {"50000", "50001", "echo_amount"},
        {"50000", "-50000", "echo_amount"},
        {"50000", "50000.0", "echo_amount"},
        {"50000", "5e4", "echo_amount"},
        {"50000", "\"50000\"", "echo_amount"},
        {"50000", "null", "echo_amount"},
        {"\"amount\"", "\"amonut\"", "echo_amount"},
        {"KRW", "USD", "echo_currency"},
        {"\"currency\"", "\"curr\"", "echo_currency"},
        {"\"tr_1\"", "\"\"", "no_reference"},
        {"\"tr_1\"", "7", "no_reference"},
        {"\"id\"", "\"ident\"", "no_reference"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_replaced(CALL_TRANSFER, STEP_COLLECT, BOOK("complete", ""), rows[i].from, rows[i].to,
                        rows[i].code);
        assert_replaced(CALL_TRANSFER, STEP_COLLECT, BOOK("pending_approval", ""), rows[i].from,
                        rows[i].to, rows[i].code);
        assert_replaced(CALL_INQUIRY, STEP_COLLECT, LIST(BOOK("complete", "")), rows[i].from,
                        rows[i].to, rows[i].code);
    }
    assert_replaced(CALL_TRANSFER, STEP_PAYOUT, PAYOUT("complete", ""), "111-222-333",
                    "111-222-334", "echo_to");
    assert_replaced(CALL_TRANSFER, STEP_PAYOUT, BOOK("complete", ""), "tr_1", "tr_1", "echo_to");
    assert_replaced(CALL_BALANCE, 0, BALANCE, "VA-0001", "VA-0002", "echo_virtual_account");
    assert_replaced(CALL_BALANCE, 0, BALANCE, "KRW", "USD", "echo_currency");
    assert_replaced(CALL_BALANCE, 0, BALANCE, "\"KRW\"", "null", "echo_currency");
}

static void a_refusal_shown_for_another_transfer_is_in_doubt(void **state)
{
    (void)state;
    assert_replaced(CALL_INQUIRY, STEP_COLLECT, LIST(BOOK("rejected", "")), REST_KEY, "x",
                    "echo_key");
    assert_replaced(CALL_INQUIRY, STEP_COLLECT, LIST(BOOK("rejected", "")), "50000", "50001",
                    "echo_amount");
    struct bank_answer answer = read_answer(
        CALL_TRANSFER, STEP_COLLECT, 409,
        ERROR("invalid_operation_error", CODE("account_stopped") "\"idempotency_key\":\"x\","));
    assert_int_equal(answer.answer, ANSWER_REJECTED_PERSON);
}

static void throttling_slows_the_bank_for_as_long_as_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t header_s;
        uint64_t wait_s;
    } rows[] = {
        {ERROR("rate_limited_error", "\"retry_after\":3,"), -1, 3},
        {ERROR("rate_limited_error", "\"retry_after\":3,"), 2, 3},
        {ERROR("rate_limited_error", "\"retry_after\":3,"), 5, 5},
        {ERROR("rate_limited_error", ""), 4, 4},
        {ERROR("rate_limited_error", ""), 0, 0},
        {ERROR("rate_limited_error", ""), -1, 0},
        {ERROR("rate_limited_error", "\"retry_after\":-7,"), -1, 0},
        {ERROR("rate_limited_error", "\"retry_after\":1.5,"), -1, 0},
        {ERROR("rate_limited_error", "\"retry_after\":null,"), -1, 0},
        {ERROR("rate_limited_error", "\"retry_after\":1000000000000,"), -1, 86400},
    };
    static const enum call_kind calls[] = {CALL_BALANCE, CALL_TRANSFER, CALL_INQUIRY};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t j = 0; j < 3; j++) {
            struct bank_answer answer =
                read_with(profile, calls[j], STEP_PAYOUT, 429, rows[i].header_s, rows[i].body,
                          strlen(rows[i].body));
            assert_int_equal(answer.answer, ANSWER_NOT_DONE);
            assert_true(answer.throttled);
            assert_int_equal(answer.retry_after_ns, rows[i].wait_s * NS_PER_S);
            assert_string_equal(answer.text.code, "rate_limited_error");
        }
    }
    struct bank_answer answer =
        read_with(profile, CALL_TRANSFER, STEP_PAYOUT, 429, 9, "slow down", 9);
    assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
    assert_false(answer.throttled);
    assert_int_equal(answer.retry_after_ns, 9 * NS_PER_S);
}

static void texts_of_the_bank_are_cleaned_and_cut(void **state)
{
    (void)state;
    struct bank_answer answer =
        read_answer(CALL_TRANSFER, STEP_COLLECT, 200,
                    "{\"id\":\"a\\nb\\u001b[31m\",\"account_id\":\"VA-0001\","
                    "\"destination_account_id\":\"COLLECT-1\",\"amount\":50000,"
                    "\"currency\":\"KRW\",\"status\":\"submitted\","
                    "\"idempotency_key\":\"" REST_KEY "\","
                    "\"failure_code\":\"가나다라마바사아자차카\"}");
    assert_int_equal(answer.answer, ANSWER_PENDING);
    assert_string_equal(answer.text.bank_ref, "a?b?[31m");
    assert_string_equal(answer.text.code, "가나다라마바사아자차");
}

/* Every prefix of good answers, each before a forbidden page. */
static void no_prefix_of_a_good_answer_is_definitive(void **state)
{
    (void)state;
    static const char *const bodies[] = {BOOK("complete", ""), LIST(BOOK("complete", "")),
                                         LIST("")};
    static const enum call_kind calls[] = {CALL_TRANSFER, CALL_INQUIRY, CALL_INQUIRY};
    for (size_t i = 0; i < 3; i++)
        for (size_t count = 0; count < strlen(bodies[i]); count++) {
            struct bank_answer answer =
                read_with(profile, calls[i], STEP_COLLECT, 200, -1, bodies[i], count);
            assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
        }
}

/* Read once more by hand: does the answer say that our very transfer is done? */
static bool says_done(const char *body, size_t body_bytes)
{
    json_t *root = json_loadb(body, body_bytes, JSON_REJECT_DUPLICATES, NULL);
    const char *status = json_string_value(json_object_get(root, "status"));
    const char *key = json_string_value(json_object_get(root, "idempotency_key"));
    const char *from = json_string_value(json_object_get(root, "account_id"));
    const char *to = json_string_value(json_object_get(root, "destination_account_id"));
    const char *currency = json_string_value(json_object_get(root, "currency"));
    const json_t *amount = json_object_get(root, "amount");
    bool is_done = status != NULL && strcmp(status, "complete") == 0 && key != NULL &&
                   strcmp(key, REST_KEY) == 0 && from != NULL && strcmp(from, "VA-0001") == 0 &&
                   to != NULL && strcmp(to, "COLLECT-1") == 0 && currency != NULL &&
                   strcmp(currency, "KRW") == 0 && json_is_integer(amount) &&
                   json_integer_value(amount) == 50000;
    json_decref(root);
    return is_done;
}

static void a_flipped_byte_is_never_accepted_as_something_else(void **state)
{
    (void)state;
    static const char good[] = BOOK("complete", "");
    char body[sizeof(good)];
    uint32_t accepted = 0;
    for (size_t at = 0; at < sizeof(good) - 1; at++)
        for (unsigned flip = 1; flip < 256; flip++) {
            memcpy(body, good, sizeof(good));
            body[at] = (char)((unsigned char)body[at] ^ flip);
            struct bank_answer answer =
                read_with(profile, CALL_TRANSFER, STEP_COLLECT, 200, -1, body, sizeof(good) - 1);
            if (answer.answer == ANSWER_ACCEPTED) {
                assert_true(says_done(body, sizeof(good) - 1));
                accepted++;
            } else {
                assert_int_equal(answer.answer, ANSWER_IN_DOUBT);
            }
        }
    // Only what nobody looks at may differ: the reference's letters and the type.
    assert_in_range(accepted, 1, 255 * (4 + 4 + 16));
}

static void a_flipped_byte_of_a_list_is_never_a_wrong_not_found(void **state)
{
    (void)state;
    static const char good[] = LIST(BOOK("complete", ""));
    char body[sizeof(good)];
    for (size_t at = 0; at < sizeof(good) - 1; at++)
        for (unsigned flip = 1; flip < 256; flip++) {
            memcpy(body, good, sizeof(good));
            body[at] = (char)((unsigned char)body[at] ^ flip);
            struct bank_answer answer =
                read_with(profile, CALL_INQUIRY, STEP_COLLECT, 200, -1, body, sizeof(good) - 1);
            assert_true(answer.answer == ANSWER_ACCEPTED || answer.answer == ANSWER_IN_DOUBT);
        }
}

static void a_scratch_too_small_is_in_doubt_and_not_a_crash(void **state)
{
    (void)state;
    static const char body[] = LIST(BOOK("complete", ""));
    struct profile_scratch *usual = scratch;
    uint32_t accepted = 0;
    for (size_t capacity = 1; capacity <= SCRATCH_BYTES; capacity += 32) {
        scratch = profile_scratch_open(capacity);
        struct bank_answer answer = read_answer(CALL_INQUIRY, STEP_COLLECT, 200, body);
        if (answer.answer == ANSWER_ACCEPTED)
            accepted++;
        else
            assert_string_equal(answer.text.code, "unparsed");
        assert_true(accepted == 0 || answer.answer == ANSWER_ACCEPTED);
        profile_scratch_close(scratch);
    }
    scratch = usual;
    assert_in_range(accepted, 1, SCRATCH_BYTES / 32 - 10);
}

static void a_deep_or_wide_answer_does_not_hurt(void **state)
{
    (void)state;
    static char body[32768];
    memset(body, '[', sizeof(body));
    struct bank_answer answer = read_with(profile, CALL_BALANCE, 0, 200, -1, body, sizeof(body));
    assert_string_equal(answer.text.code, "unparsed");
    for (size_t i = 0; i + 5 <= sizeof(body); i += 5)
        memcpy(body + i, "{\"a\":", 5);
    answer = read_with(profile, CALL_BALANCE, 0, 200, -1, body, sizeof(body));
    assert_string_equal(answer.text.code, "unparsed");
    size_t used = (size_t)sprintf(body, "{\"account_id\":\"VA-0001\",\"x\":[");
    while (used < sizeof(body) - 64)
        used += (size_t)sprintf(body + used, "{\"a\":1},");
    used += (size_t)sprintf(body + used, "0],\"available_balance\":1}");
    answer = read_with(profile, CALL_BALANCE, 0, 200, -1, body, used);
    assert_string_equal(answer.text.code, "unparsed");
}

/* The shipped profile, changed in one place, reading one answer. */
static struct bank_answer read_changed(const char *from, const char *to, enum call_kind call_kind,
                                       uint16_t status, const char *body)
{
    char file[64];
    rest_write(file, from, to);
    struct profile *changed = rest_open_file(file);
    unlink(file);
    struct bank_answer answer =
        read_with(changed, call_kind, STEP_COLLECT, status, -1, body, strlen(body));
    profile_close(changed);
    return answer;
}

static void amounts_as_texts_are_digits_only(void **state)
{
    (void)state;
    static const struct {
        const char *amount;
        enum answer answer;
        int64_t balance_minor;
    } rows[] = {
        {"\"1000\"", ANSWER_BALANCE, 1000},
        {"\"-1000\"", ANSWER_BALANCE, -1000},
        {"\"0\"", ANSWER_BALANCE, 0},
        {"1000", ANSWER_IN_DOUBT, 0},
        {"\"10.00\"", ANSWER_IN_DOUBT, 0},
        {"\"\"", ANSWER_IN_DOUBT, 0},
        {"\"-\"", ANSWER_IN_DOUBT, 0},
        {"\"+1\"", ANSWER_IN_DOUBT, 0},
        {"\" 1\"", ANSWER_IN_DOUBT, 0},
        {"\"1e3\"", ANSWER_IN_DOUBT, 0},
        {"\"--1\"", ANSWER_IN_DOUBT, 0},
        {"\"1,000\"", ANSWER_IN_DOUBT, 0},
        {"\"1234567890123456789\"", ANSWER_IN_DOUBT, 0},
    };
    char body[256];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(body, sizeof(body), "{\"account_id\":\"VA-0001\",\"available_balance\":%s}",
                 rows[i].amount);
        struct bank_answer answer =
            read_changed("amount: integer", "amount: string", CALL_BALANCE, 200, body);
        assert_int_equal(answer.answer, rows[i].answer);
        assert_int_equal(answer.balance_minor, rows[i].balance_minor);
    }
}

static void a_fee_is_read_where_the_profile_says(void **state)
{
    (void)state;
    static const char from[] = "      fee: fee\n";
    static const char to[] = "      fee: fees[0].amount\n";
    static const struct {
        const char *fees;
        enum answer answer;
        int64_t fee_minor;
    } rows[] = {
        {"\"fees\":[{\"amount\":500}],", ANSWER_ACCEPTED, 500},
        {"\"fees\":[{\"amount\":0}],", ANSWER_ACCEPTED, 0},
        {"\"fees\":[],", ANSWER_ACCEPTED, 0},
        {"\"fees\":[{\"amount\":null}],", ANSWER_ACCEPTED, 0},
        {"", ANSWER_ACCEPTED, 0},
        {"\"fees\":[{\"amount\":-1}],", ANSWER_IN_DOUBT, 0},
        {"\"fees\":[{\"amount\":1.5}],", ANSWER_IN_DOUBT, 0},
        {"\"fees\":[{\"amount\":\"5\"}],", ANSWER_IN_DOUBT, 0},
    };
    char body[512];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(body, sizeof(body), "{%s%s", rows[i].fees, BOOK("complete", "") + 1);
        struct bank_answer answer = read_changed(from, to, CALL_TRANSFER, 200, body);
        assert_int_equal(answer.answer, rows[i].answer);
        assert_int_equal(answer.fee_minor, rows[i].fee_minor);
    }
}

static void a_bank_may_tell_an_unknown_key_by_a_404(void **state)
{
    (void)state;
    struct bank_answer answer = read_changed(
        "  - {call: inquiry, status: 200, empty: true, outcome: not_found}",
        "  - {call: inquiry, status: 404, code: object_not_found_error, outcome: not_found}",
        CALL_INQUIRY, 404, ERROR("object_not_found_error", ""));
    assert_int_equal(answer.answer, ANSWER_NOT_FOUND);
    assert_string_equal(answer.text.code, "object_not_found_error");
}

static int open_all(void **state)
{
    (void)state;
    profile = rest_open();
    scratch = profile_scratch_open(SCRATCH_BYTES);
    guard = guard_open();
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    guard_close(&guard);
    profile_scratch_close(scratch);
    profile_close(profile);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_balance_is_what_is_available),
        cmocka_unit_test(what_is_not_an_amount_is_no_balance),
        cmocka_unit_test(an_answer_must_be_one_whole_json),
        cmocka_unit_test(every_row_of_the_table_is_read),
        cmocka_unit_test(what_no_row_lists_is_in_doubt),
        cmocka_unit_test(an_inquiry_must_show_one_transfer_or_none),
        cmocka_unit_test(an_echo_that_differs_is_in_doubt),
        cmocka_unit_test(a_refusal_shown_for_another_transfer_is_in_doubt),
        cmocka_unit_test(throttling_slows_the_bank_for_as_long_as_it_says),
        cmocka_unit_test(texts_of_the_bank_are_cleaned_and_cut),
        cmocka_unit_test(no_prefix_of_a_good_answer_is_definitive),
        cmocka_unit_test(a_flipped_byte_is_never_accepted_as_something_else),
        cmocka_unit_test(a_flipped_byte_of_a_list_is_never_a_wrong_not_found),
        cmocka_unit_test(a_scratch_too_small_is_in_doubt_and_not_a_crash),
        cmocka_unit_test(a_deep_or_wide_answer_does_not_hurt),
        cmocka_unit_test(amounts_as_texts_are_digits_only),
        cmocka_unit_test(a_fee_is_read_where_the_profile_says),
        cmocka_unit_test(a_bank_may_tell_an_unknown_key_by_a_404),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
