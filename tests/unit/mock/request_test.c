#include "ask.h"

#include <stdlib.h>

#include "base/prng.h"
#include "mock/request.h"

#define TRANSFER_BODY                                                                              \
    "{\"account_id\":\"V1\",\"destination_account_id\":\"COLLECT\",\"amount\":100,"                \
    "\"currency\":\"KRW\",\"description\":\"collect\"}"

/* An exact copy on the heap: the address sanitizer sees a read past its end. */
static size_t read_exactly(struct request *request, const char *bytes, size_t byte_count)
{
    char *copy = malloc(byte_count == 0 ? 1 : byte_count);
    assert_non_null(copy);
    memcpy(copy, bytes, byte_count);
    size_t used = request_read(request, copy, byte_count);
    free(copy);
    return used;
}

static void request_split_anywhere_is_read_once_it_is_whole(void **state)
{
    (void)state;
    char bytes[MOCK_REQUEST_MAX];
    struct request request;
    size_t count = ask_write_post(bytes, "/account_transfers", "k1", TRANSFER_BODY);
    for (size_t given = 0; given < count; given++)
        assert_int_equal(read_exactly(&request, bytes, given), 0);
    assert_int_equal(request_read(&request, bytes, count), count);
    assert_int_equal(request.call, REQUEST_TRANSFER);
    assert_string_equal(request.key, "k1");
    assert_int_equal(request.body.count, strlen(TRANSFER_BODY));
    assert_memory_equal(request.body.bytes, TRANSFER_BODY, request.body.count);
}

static void pipelined_requests_are_read_one_by_one(void **state)
{
    (void)state;
    char bytes[MOCK_REQUEST_MAX];
    size_t first = ask_write_get(bytes, "/accounts/V1/balance");
    size_t second = ask_write_post(bytes + first, "/payouts", "k2", "{}");
    size_t third = ask_write_get(bytes + first + second, "/payouts?idempotency_key=k2");
    size_t total = first + second + third;
    struct request request;
    assert_int_equal(request_read(&request, bytes, total), first);
    assert_int_equal(request.call, REQUEST_BALANCE);
    assert_string_equal(request.account, "V1");
    assert_int_equal(request_read(&request, bytes + first, total - first), second);
    assert_int_equal(request.call, REQUEST_TRANSFER);
    assert_int_equal(request.kind, MOCK_PAYOUT);
    assert_int_equal(request_read(&request, bytes + first + second, third), third);
    assert_int_equal(request.call, REQUEST_INQUIRY);
    assert_string_equal(request.key, "k2");
}

static void what_is_not_a_plain_request_is_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\x16\x03\x01\x02",
        "GET\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "POST /payouts HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nContent-Length: 99999\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n",
        "POST /payouts HTTP/1.1\r\nIdempotency-Key : a\r\n\r\n",
        "GET /accounts/V1/balance HTTP/3.7\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request request;
        size_t count = strlen(rows[i]);
        if (read_exactly(&request, rows[i], count) != count || request.call != REQUEST_BAD)
            fail_msg("row %zu was not refused", i);
        assert_true(request.close_after);
        assert_non_null(request.wrong);
    }
}

static void request_that_does_not_fit_is_bad(void **state)
{
    (void)state;
    static char bytes[MOCK_REQUEST_MAX];
    static const char start[] = "GET / HTTP/1.1\r\nX: ";
    struct request request;
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, start, sizeof start - 1);
    assert_int_equal(request_read(&request, bytes, sizeof bytes - 1), 0);
    assert_int_equal(request_read(&request, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(request.call, REQUEST_BAD);
}

static void names_that_need_decoding_are_no_names(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/accounts/V%31/balance",         "/accounts/V/1/balance",     "/accounts/\"/balance",
        "/payouts?idempotency_key=a%20b", "/payouts?idempotency_key=", "/payouts?key=a",
        "/payouts?idempotency_key=a&x=b",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char bytes[MOCK_REQUEST_MAX];
        struct request request;
        size_t count = ask_write_get(bytes, paths[i]);
        assert_int_equal(request_read(&request, bytes, count), count);
        assert_true(request.call == REQUEST_BALANCE || request.call == REQUEST_INQUIRY);
        assert_string_equal(request.account, "");
        assert_string_equal(request.key, "");
    }
}

/* Whatever a request has become: no crash, money only moves, and at most once a key. */
static void give(struct mock_bank *bank, const char *bytes, size_t byte_count)
{
    char *copy = malloc(byte_count == 0 ? 1 : byte_count);
    assert_non_null(copy);
    memcpy(copy, bytes, byte_count);
    struct mock_reply reply;
    size_t used = mock_bank_request(bank, copy, byte_count, 0, &reply);
    free(copy);
    assert_true(used <= byte_count);
    if (used > 0) {
        assert_int_equal(reply.decision, MOCK_ANSWER);
        assert_true(reply.status >= 200 && reply.status < 500);
        assert_in_range(reply.bytes, 1, MOCK_ANSWER_MAX);
    }
}

static void hostile_bytes_leave_the_money_whole(void **state)
{
    (void)state;
    char bytes[MOCK_REQUEST_MAX];
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.transfers_max = 100000, .accounts_max = 16});
    int64_t total_minor = ask_total(bank);
    size_t count = ask_write_post(bytes, "/account_transfers", "key-1", TRANSFER_BODY);
    for (size_t given = 0; given <= count; given++)
        give(bank, bytes, given);
    for (size_t i = 0; i < count; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            give(bank, bytes, count);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
        assert_int_equal(ask_total(bank), total_minor);
    }
    struct prng prng = prng_split(5, "hostile");
    for (int round = 0; round < 20000; round++) {
        char changed[MOCK_REQUEST_MAX];
        memcpy(changed, bytes, count);
        for (int i = 0; i < 3; i++)
            changed[prng_below(&prng, count)] = (char)prng_next(&prng);
        give(bank, changed, count);
    }
    assert_int_equal(ask_total(bank), total_minor);
    // the request itself moved money once, however often it came
    int64_t moved_minor = 0;
    for (uint32_t i = 0; i < mock_bank_transfer_count(bank); i++)
        if (strcmp(mock_bank_transfer(bank, i)->key, "key-1") == 0)
            moved_minor += mock_bank_transfer(bank, i)->amount_minor;
    assert_int_equal(moved_minor, 100);
    mock_bank_close(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_split_anywhere_is_read_once_it_is_whole),
        cmocka_unit_test(pipelined_requests_are_read_one_by_one),
        cmocka_unit_test(what_is_not_a_plain_request_is_bad),
        cmocka_unit_test(request_that_does_not_fit_is_bad),
        cmocka_unit_test(names_that_need_decoding_are_no_names),
        cmocka_unit_test(hostile_bytes_leave_the_money_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
