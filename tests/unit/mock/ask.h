/*
 * ask: requests to a bank under test, and what it said.
 */
#ifndef DAYBOOK_TESTS_MOCK_ASK_H
#define DAYBOOK_TESTS_MOCK_ASK_H

// cmocka wants these four before it
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "mock/bank.h"

static inline struct mock_bank *ask_open(const struct mock_settings *settings)
{
    struct mock_settings used = *settings;
    if (used.accounts_max == 0)
        used.accounts_max = 16;
    if (used.transfers_max == 0)
        used.transfers_max = 1024;
    struct mock_bank *bank = mock_bank_open(&used);
    assert_non_null(bank);
    assert_true(mock_bank_account(bank, "V1", 100000, MOCK_ACCOUNT_OPEN));
    assert_true(mock_bank_account(bank, "V2", 50000, MOCK_ACCOUNT_OPEN));
    assert_true(mock_bank_account(bank, "COLLECT", 0, MOCK_ACCOUNT_OPEN));
    assert_true(mock_bank_account(bank, "HALTED", 7000, MOCK_ACCOUNT_STOPPED));
    assert_true(mock_bank_account(bank, "GONE", 0, MOCK_ACCOUNT_CLOSED));
    return bank;
}

/* All the money that the bank knows of. */
static inline int64_t ask_total(const struct mock_bank *bank)
{
    int64_t total_minor = mock_bank_outside(bank);
    for (uint32_t i = 0; i < mock_bank_account_count(bank); i++) {
        int64_t balance_minor;
        enum mock_account_state state;
        (void)mock_bank_account_at(bank, i, &balance_minor, &state);
        assert_true(balance_minor >= 0);
        total_minor += balance_minor;
    }
    return total_minor;
}

static inline int64_t ask_book(const struct mock_bank *bank, const char *account)
{
    int64_t balance_minor = -1;
    assert_true(mock_bank_balance(bank, account, &balance_minor));
    return balance_minor;
}

static inline size_t ask_write_get(char out[MOCK_REQUEST_MAX], const char *path)
{
    return (size_t)snprintf(out, MOCK_REQUEST_MAX, "GET %s HTTP/1.1\r\nHost: bank\r\n\r\n", path);
}

static inline size_t ask_write_post(char out[MOCK_REQUEST_MAX], const char *path, const char *key,
                                    const char *body)
{
    return (size_t)snprintf(out, MOCK_REQUEST_MAX,
                            "POST %s HTTP/1.1\r\nHost: bank\r\nContent-Type: application/json\r\n"
                            "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
                            path, key, strlen(body), body);
}

static inline void ask_bytes(struct mock_bank *bank, const char *bytes, size_t byte_count,
                             uint64_t now_ns, struct mock_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    assert_int_equal(mock_bank_request(bank, bytes, byte_count, now_ns, reply), byte_count);
    reply->answer[reply->bytes < MOCK_ANSWER_MAX ? reply->bytes : MOCK_ANSWER_MAX - 1] = 0;
}

static inline void ask_get(struct mock_bank *bank, const char *path, uint64_t now_ns,
                           struct mock_reply *reply)
{
    char bytes[MOCK_REQUEST_MAX];
    ask_bytes(bank, bytes, ask_write_get(bytes, path), now_ns, reply);
}

static inline void ask_post(struct mock_bank *bank, const char *path, const char *key,
                            const char *body, uint64_t now_ns, struct mock_reply *reply)
{
    char bytes[MOCK_REQUEST_MAX];
    ask_bytes(bank, bytes, ask_write_post(bytes, path, key, body), now_ns, reply);
}

static inline void ask_transfer(struct mock_bank *bank, const char *key, const char *from,
                                const char *to, int64_t amount_minor, uint64_t now_ns,
                                struct mock_reply *reply)
{
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"account_id\":\"%s\",\"destination_account_id\":\"%s\",\"amount\":%lld,"
                   "\"currency\":\"KRW\",\"description\":\"collect\"}",
                   from, to, (long long)amount_minor);
    ask_post(bank, "/account_transfers", key, body, now_ns, reply);
}

static inline void ask_payout(struct mock_bank *bank, const char *key, const char *from,
                              const char *to, int64_t amount_minor, uint64_t now_ns,
                              struct mock_reply *reply)
{
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"account_id\":\"%s\",\"destination\":{\"bank\":\"004\","
                   "\"account_number\":\"%s\",\"holder_name\":\"\xea\xb9\x80\xec\xb2\xa0\xec\x88"
                   "\x98\"},\"amount\":%lld,\"currency\":\"KRW\",\"description\":\"pay\"}",
                   from, to, (long long)amount_minor);
    ask_post(bank, "/payouts", key, body, now_ns, reply);
}

/* The body of the answer. */
static inline const char *ask_body(const struct mock_reply *reply)
{
    const char *body = strstr(reply->answer, "\r\n\r\n");
    assert_non_null(body);
    return body + 4;
}

/* Is the key shown as done, refused, or not known ("complete", "rejected", "")? */
static inline const char *ask_status(struct mock_bank *bank, const char *path, const char *key,
                                     uint64_t now_ns)
{
    char query[160];
    struct mock_reply reply;
    (void)snprintf(query, sizeof query, "%s?idempotency_key=%s", path, key);
    ask_get(bank, query, now_ns, &reply);
    assert_int_equal(reply.status, 200);
    if (strcmp(ask_body(&reply), "{\"data\":[],\"next_cursor\":null}") == 0)
        return "";
    assert_non_null(strstr(ask_body(&reply), key));
    return strstr(ask_body(&reply), "\"status\":\"complete\"") != NULL ? "complete" : "rejected";
}

#endif
