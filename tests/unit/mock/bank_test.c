#include "ask.h"

static void balance_tells_the_whole_contract(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_get(bank, "/accounts/V1/balance", 0, &reply);
    assert_int_equal(reply.decision, MOCK_ANSWER);
    assert_string_equal(reply.answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                      "Content-Length: 112\r\n\r\n"
                                      "{\"account_id\":\"V1\",\"current_balance\":100000,"
                                      "\"available_balance\":100000,\"currency\":\"KRW\","
                                      "\"type\":\"balance_lookup\"}");
    assert_true(mock_bank_deposit(bank, "V1", 23));
    ask_get(bank, "/accounts/V1/balance", 0, &reply);
    assert_non_null(strstr(reply.answer, "\"available_balance\":100023,"));
    ask_get(bank, "/accounts/V9/balance", 0, &reply);
    assert_int_equal(reply.status, 404);
    assert_non_null(strstr(reply.answer, "\"type\":\"object_not_found_error\""));
    mock_bank_close(bank);
}

static void transfer_moves_money_and_answers_the_object(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "COLLECT", 30000, 5, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(ask_body(&reply),
                        "{\"id\":\"tr_1\",\"account_id\":\"V1\","
                        "\"destination_account_id\":\"COLLECT\",\"amount\":30000,"
                        "\"currency\":\"KRW\",\"status\":\"complete\","
                        "\"idempotency_key\":\"k1\",\"type\":\"account_transfer\"}");
    assert_int_equal(reply.effect, MOCK_EFFECT_ACCEPTED);
    assert_int_equal(ask_book(bank, "V1"), 70000);
    assert_int_equal(ask_book(bank, "COLLECT"), 30000);
    assert_int_equal(mock_bank_transfer_count(bank), 1);
    assert_int_equal(mock_bank_transfer(bank, 0)->done_at_ns, 5);
    assert_string_equal(mock_bank_transfer(bank, 0)->key, "k1");
    mock_bank_close(bank);
}

static void payout_to_an_unknown_account_leaves_the_bank(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_payout(bank, "p1", "V2", "110-234-567890", 50000, 0, &reply);
    assert_string_equal(ask_body(&reply),
                        "{\"id\":\"tr_1\",\"account_id\":\"V2\","
                        "\"destination_account_number\":\"110-234-567890\",\"amount\":50000,"
                        "\"currency\":\"KRW\",\"status\":\"complete\","
                        "\"idempotency_key\":\"p1\",\"type\":\"payout\"}");
    assert_int_equal(ask_book(bank, "V2"), 0);
    assert_int_equal(mock_bank_outside(bank), 50000);
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
}

static void same_key_moves_money_once_and_replays_the_answer(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply first, again;
    ask_transfer(bank, "k1", "V1", "COLLECT", 30000, 0, &first);
    ask_transfer(bank, "k1", "V1", "COLLECT", 30000, 9, &again);
    assert_int_equal(again.status, 200);
    assert_non_null(strstr(again.answer, "\r\nIdempotent-Replayed: true\r\n"));
    assert_null(strstr(first.answer, "Idempotent-Replayed"));
    assert_string_equal(ask_body(&again), ask_body(&first));
    assert_int_equal(again.effect, MOCK_EFFECT_NONE);
    assert_int_equal(ask_book(bank, "V1"), 70000);
    assert_int_equal(mock_bank_transfer_count(bank), 1);
    mock_bank_close(bank);
}

static void same_key_for_something_else_is_refused(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "COLLECT", 30000, 0, &reply);
    ask_transfer(bank, "k1", "V1", "COLLECT", 30001, 0, &reply);
    assert_int_equal(reply.status, 409);
    assert_non_null(strstr(reply.answer, "\"type\":\"idempotency_key_already_used_error\""));
    assert_non_null(strstr(reply.answer, "\"resource_id\":\"tr_1\""));
    ask_payout(bank, "k1", "V1", "COLLECT", 30000, 0, &reply);
    assert_int_equal(reply.status, 409);
    assert_int_equal(ask_book(bank, "V1"), 70000);
    // the first object is still what the key stands for, and of its kind alone
    assert_string_equal(ask_status(bank, "/account_transfers", "k1", 0), "complete");
    assert_string_equal(ask_status(bank, "/payouts", "k1", 0), "");
    mock_bank_close(bank);
}

static void refused_transfers_are_kept_under_their_key(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *code;
        int64_t amount_minor;
    } rows[] = {
        {"HALTED", "X1", "account_stopped", 10},    {"V1", "HALTED", "account_stopped", 10},
        {"GONE", "X1", "account_closed", 10},       {"V1", "GONE", "account_closed", 10},
        {"V1", "X1", "insufficient_funds", 100001},
    };
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mock_reply reply;
        char key[8], code[64];
        (void)snprintf(key, sizeof key, "k%u", i);
        (void)snprintf(code, sizeof code, "\"code\":\"%s\"", rows[i].code);
        for (int again = 0; again < 2; again++) {
            ask_payout(bank, key, rows[i].from, rows[i].to, rows[i].amount_minor, 0, &reply);
            assert_int_equal(reply.status, 409);
            assert_non_null(strstr(reply.answer, code));
            assert_non_null(strstr(reply.answer, "\"type\":\"invalid_operation_error\""));
            assert_int_equal(reply.effect, again == 0 ? MOCK_EFFECT_REFUSED : MOCK_EFFECT_NONE);
        }
        // money that comes later changes nothing for this key
        if (rows[i].amount_minor > 100000)
            assert_true(mock_bank_deposit(bank, "V1", rows[i].amount_minor));
        ask_payout(bank, key, rows[i].from, rows[i].to, rows[i].amount_minor, 0, &reply);
        assert_int_equal(reply.status, 409);
        assert_string_equal(ask_status(bank, "/payouts", key, 0), "rejected");
        assert_false(mock_bank_transfer(bank, i)->accepted);
    }
    assert_int_equal(mock_bank_outside(bank), 0);
    mock_bank_close(bank);
}

static void inquiry_shows_why_a_transfer_was_refused(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_payout(bank, "k", "V1", "HALTED", 10, 0, &reply);
    ask_get(bank, "/payouts?idempotency_key=k", 0, &reply);
    assert_string_equal(ask_body(&reply),
                        "{\"data\":[{\"id\":\"tr_1\",\"account_id\":\"V1\","
                        "\"destination_account_number\":\"HALTED\",\"amount\":10,"
                        "\"currency\":\"KRW\",\"status\":\"rejected\","
                        "\"failure_code\":\"account_stopped\",\"idempotency_key\":\"k\","
                        "\"type\":\"payout\"}],\"next_cursor\":null}");
    mock_bank_close(bank);
}

static void invalid_requests_leave_no_trace_under_the_key(void **state)
{
    (void)state;
#define TRANSFER(from, to, rest)                                                                   \
    "{\"account_id\":\"" from "\",\"destination_account_id\":\"" to "\"," rest "}"
    static const struct {
        const char *key, *body;
        uint16_t status;
    } rows[] = {
        {"", TRANSFER("V1", "V2", "\"amount\":1,\"currency\":\"KRW\""), 400},
        {"k k", TRANSFER("V1", "V2", "\"amount\":1,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":0,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":-1,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1.0,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1e3,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":\"1\",\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1000000000001,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1,\"currency\":\"USD\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1"), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1,\"amount\":1,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "V2", "\"amount\":1,\"currency\":\"KRW\",\"tip\":1"), 400},
        {"k", TRANSFER("V1", "V1", "\"amount\":1,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "a b", "\"amount\":1,\"currency\":\"KRW\""), 400},
        {"k", TRANSFER("V1", "X1", "\"amount\":1,\"currency\":\"KRW\""), 404},
        {"k", TRANSFER("X1", "V1", "\"amount\":1,\"currency\":\"KRW\""), 404},
        {"k", "", 400},
        {"k", "[]", 400},
    };
#undef TRANSFER
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mock_reply reply;
        ask_post(bank, "/account_transfers", rows[i].key, rows[i].body, 0, &reply);
        assert_int_equal(reply.status, rows[i].status);
        assert_int_equal(reply.effect, MOCK_EFFECT_NONE);
        assert_string_equal(ask_status(bank, "/account_transfers", "k", 0), "");
    }
    assert_int_equal(mock_bank_transfer_count(bank), 0);
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
}

static void key_of_64_bytes_is_taken_and_of_65_is_not(void **state)
{
    (void)state;
    char key[66];
    memset(key, 'k', sizeof key);
    key[65] = 0;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_transfer(bank, key, "V1", "V2", 1, 0, &reply);
    assert_int_equal(reply.status, 400);
    key[64] = 0;
    ask_transfer(bank, key, "V1", "V2", 1, 0, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(ask_status(bank, "/account_transfers", key, 0), "complete");
    mock_bank_close(bank);
}

static void full_book_takes_nothing_more_and_loses_nothing(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.transfers_max = 2});
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "V2", 1, 0, &reply);
    ask_transfer(bank, "k2", "V1", "V2", 1, 0, &reply);
    ask_transfer(bank, "k3", "V1", "V2", 1, 0, &reply);
    assert_int_equal(reply.status, 500);
    assert_string_equal(reply.what, "book full");
    ask_transfer(bank, "k1", "V1", "V2", 1, 0, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(ask_book(bank, "V2"), 50002);
    mock_bank_close(bank);
}

static void token_is_asked_for_when_there_is_one(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        uint16_t status;
    } rows[] = {
        {"", 401},
        {"Authorization: Bearer s3cre\r\n", 401},
        {"Authorization: Bearer s3cret2\r\n", 401},
        {"Authorization: Basic s3cret\r\n", 401},
        {"authorization: Bearer s3cret\r\n", 200},
    };
    struct mock_bank *bank = ask_open(&(struct mock_settings){.token = "s3cret"});
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[MOCK_REQUEST_MAX];
        int count = snprintf(bytes, sizeof bytes, "GET /accounts/V1/balance HTTP/1.1\r\n%s\r\n",
                             rows[i].header);
        struct mock_reply reply;
        ask_bytes(bank, bytes, (size_t)count, 0, &reply);
        assert_int_equal(reply.status, rows[i].status);
    }
    mock_bank_close(bank);
}

static void other_paths_and_methods_are_not_found(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "GET /",
        "GET /accounts/V1",
        "GET /accounts//balance",
        "POST /accounts/V1/balance",
        "DELETE /payouts",
        "POST /payouts?idempotency_key=k",
        "GET /payoutsx",
        "PUT /payouts",
    };
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    for (uint32_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char bytes[MOCK_REQUEST_MAX];
        int count = snprintf(bytes, sizeof bytes,
                             "%s HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n", lines[i]);
        struct mock_reply reply;
        ask_bytes(bank, bytes, (size_t)count, 0, &reply);
        assert_int_equal(reply.status, 404);
        assert_false(reply.close_after);
    }
    mock_bank_close(bank);
}

static void answers_come_after_the_latency_drawn(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.latency_ns = 20, .latency_spread_ns = 10});
    uint64_t least_ns = UINT64_MAX, most_ns = 0;
    for (uint64_t now_ns = 0; now_ns < 1000; now_ns++) {
        struct mock_reply reply;
        ask_get(bank, "/accounts/V1/balance", now_ns, &reply);
        uint64_t took_ns = reply.at_ns - now_ns;
        least_ns = took_ns < least_ns ? took_ns : least_ns;
        most_ns = took_ns > most_ns ? took_ns : most_ns;
    }
    assert_int_equal(least_ns, 20);
    assert_int_equal(most_ns, 30);
    mock_bank_close(bank);
}

static void currency_is_a_setting(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.currency = "USD"});
    struct mock_reply reply;
    ask_get(bank, "/accounts/V1/balance", 0, &reply);
    assert_non_null(strstr(reply.answer, "\"currency\":\"USD\""));
    ask_transfer(bank, "k", "V1", "V2", 1, 0, &reply);
    assert_int_equal(reply.status, 400);
    mock_bank_close(bank);
}

static void peer_that_wants_to_close_is_told_so(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /accounts/V1/balance HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /accounts/V1/balance HTTP/1.0\r\n\r\n",
    };
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    for (int i = 0; i < 2; i++) {
        struct mock_reply reply;
        ask_bytes(bank, requests[i], strlen(requests[i]), 0, &reply);
        assert_int_equal(reply.status, 200);
        assert_true(reply.close_after);
        assert_non_null(strstr(reply.answer, "\r\nConnection: close\r\n"));
    }
    mock_bank_close(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balance_tells_the_whole_contract),
        cmocka_unit_test(transfer_moves_money_and_answers_the_object),
        cmocka_unit_test(payout_to_an_unknown_account_leaves_the_bank),
        cmocka_unit_test(same_key_moves_money_once_and_replays_the_answer),
        cmocka_unit_test(same_key_for_something_else_is_refused),
        cmocka_unit_test(refused_transfers_are_kept_under_their_key),
        cmocka_unit_test(inquiry_shows_why_a_transfer_was_refused),
        cmocka_unit_test(invalid_requests_leave_no_trace_under_the_key),
        cmocka_unit_test(key_of_64_bytes_is_taken_and_of_65_is_not),
        cmocka_unit_test(full_book_takes_nothing_more_and_loses_nothing),
        cmocka_unit_test(token_is_asked_for_when_there_is_one),
        cmocka_unit_test(other_paths_and_methods_are_not_found),
        cmocka_unit_test(answers_come_after_the_latency_drawn),
        cmocka_unit_test(currency_is_a_setting),
        cmocka_unit_test(peer_that_wants_to_close_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
