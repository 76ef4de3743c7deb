#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "rest.h"

#define TRACE "00-" REST_KEY "-0001020304050607-01"

static void assert_renders(const struct profile *profile, enum call_kind call_kind,
                           const struct transfer_order *order, const struct parties *parties,
                           const char *expected)
{
    char out[REQUEST_BYTES_MAX];
    struct rendered rendered = profile_render(profile, call_kind, order, parties, out);
    assert_int_equal(rendered.bytes, strlen(expected));
    assert_memory_equal(out, expected, rendered.bytes);
    const char *body = strstr(expected, "\r\n\r\n") + 4;
    assert_int_equal(rendered.body_at, body - expected);
}

static bool is_refused(const struct profile *profile, enum call_kind call_kind,
                       const struct transfer_order *order, const struct parties *parties)
{
    char out[REQUEST_BYTES_MAX];
    return profile_render(profile, call_kind, order, parties, out).bytes == 0;
}

static void a_balance_is_asked_for_under_the_account(void **state)
{
    struct profile *profile = *state;
    assert_renders(profile, CALL_BALANCE, NULL, &rest_parties,
                   "GET /v1/accounts/VA-0001/balance HTTP/1.1\r\n"
                   "Host: bank.example:8080\r\n"
                   "Authorization: Bearer s3cret\r\n"
                   "\r\n");
}

static void a_collect_goes_to_the_collection_account(void **state)
{
    struct profile *profile = *state;
    struct transfer_order order = rest_order(STEP_COLLECT, 50000);
    assert_renders(profile, CALL_TRANSFER, &order, &rest_parties,
                   "POST /v1/account_transfers HTTP/1.1\r\n"
                   "Host: bank.example:8080\r\n"
                   "Authorization: Bearer s3cret\r\n"
                   "Idempotency-Key: " REST_KEY "\r\n"
                   "traceparent: " TRACE "\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: 125\r\n"
                   "\r\n"
                   "{\"account_id\":\"VA-0001\",\"destination_account_id\":\"COLLECT-1\","
                   "\"amount\":50000,\"currency\":\"KRW\",\"description\":\"daybook collect\"}");
}

static void a_payout_goes_to_the_persons_account(void **state)
{
    struct profile *profile = *state;
    struct transfer_order order = rest_order(STEP_PAYOUT, 999999999999999999);
    assert_renders(profile, CALL_TRANSFER, &order, &rest_parties,
                   "POST /v1/payouts HTTP/1.1\r\n"
                   "Host: bank.example:8080\r\n"
                   "Authorization: Bearer s3cret\r\n"
                   "Idempotency-Key: " REST_KEY "\r\n"
                   "traceparent: " TRACE "\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: 185\r\n"
                   "\r\n"
                   "{\"account_id\":\"VA-0001\",\"destination\":{\"bank\":\"KB\","
                   "\"account_number\":\"111-222-333\",\"holder_name\":\"김하나\"},"
                   "\"amount\":999999999999999999,\"currency\":\"KRW\","
                   "\"description\":\"daybook payout\"}");
}

static void a_hold_goes_to_the_suspense_account_and_its_undo_comes_back(void **state)
{
    struct profile *profile = *state;
    static const struct {
        enum step_kind step;
        enum transfer_kind kind;
        const char *body;
    } rows[] = {
        {STEP_HOLD, TRANSFER_NORMAL,
         "{\"account_id\":\"VA-0001\",\"destination_account_id\":\"SUSPENSE-1\",\"amount\":7,"
         "\"currency\":\"KRW\",\"description\":\"daybook hold\"}"},
        {STEP_HOLD, TRANSFER_UNDO,
         "{\"account_id\":\"SUSPENSE-1\",\"destination_account_id\":\"VA-0001\",\"amount\":7,"
         "\"currency\":\"KRW\",\"description\":\"daybook undo_hold\"}"},
        {STEP_COLLECT, TRANSFER_UNDO,
         "{\"account_id\":\"COLLECT-1\",\"destination_account_id\":\"VA-0001\",\"amount\":7,"
         "\"currency\":\"KRW\",\"description\":\"daybook undo_collect\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[REQUEST_BYTES_MAX];
        struct transfer_order order = rest_order(rows[i].step, 7);
        order.kind = (uint8_t)rows[i].kind;
        struct rendered rendered =
            profile_render(profile, CALL_TRANSFER, &order, &rest_parties, out);
        assert_int_equal(rendered.bytes - rendered.body_at, strlen(rows[i].body));
        assert_memory_equal(out + rendered.body_at, rows[i].body, strlen(rows[i].body));
    }
}

static void an_inquiry_asks_where_the_transfer_was_sent(void **state)
{
    struct profile *profile = *state;
    struct transfer_order order = rest_order(STEP_COLLECT, 50000);
    assert_renders(profile, CALL_INQUIRY, &order, &rest_parties,
                   "GET /v1/account_transfers?idempotency_key=" REST_KEY " HTTP/1.1\r\n"
                   "Host: bank.example:8080\r\n"
                   "Authorization: Bearer s3cret\r\n"
                   "traceparent: " TRACE "\r\n"
                   "\r\n");
    order.step = STEP_PAYOUT;
    assert_renders(profile, CALL_INQUIRY, &order, &rest_parties,
                   "GET /v1/payouts?idempotency_key=" REST_KEY " HTTP/1.1\r\n"
                   "Host: bank.example:8080\r\n"
                   "Authorization: Bearer s3cret\r\n"
                   "traceparent: " TRACE "\r\n"
                   "\r\n");
}

static void without_a_token_nothing_is_said_of_one(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    struct profile_site site = rest_site;
    site.token = "";
    site.path_prefix = "";
    struct profile *profile = profile_load(REST_FILE, &site, error);
    assert_non_null(profile);
    assert_renders(profile, CALL_BALANCE, NULL, &rest_parties,
                   "GET /accounts/VA-0001/balance HTTP/1.1\r\nHost: bank.example:8080\r\n\r\n");
    profile_close(profile);
}

static void texts_are_escaped_for_json(void **state)
{
    struct profile *profile = *state;
    static const struct {
        const char *name;
        const char *escaped;
    } rows[] = {
        {"O'Neil \"Bob\"", "\"holder_name\":\"O'Neil \\\"Bob\\\"\"}"},
        {"a\\b", "\"holder_name\":\"a\\\\b\"}"},
        {"\"\\\"", "\"holder_name\":\"\\\"\\\\\\\"\"}"},
        {"홍길동 주식회사", "\"holder_name\":\"홍길동 주식회사\"}"},
        {"a/b<c>&{d}", "\"holder_name\":\"a/b<c>&{d}\"}"},
        {"", "\"holder_name\":\"\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[REQUEST_BYTES_MAX + 1];
        struct parties parties = rest_parties;
        struct transfer_order order = rest_order(STEP_PAYOUT, 1);
        snprintf(parties.holder_name, sizeof(parties.holder_name), "%s", rows[i].name);
        struct rendered rendered = profile_render(profile, CALL_TRANSFER, &order, &parties, out);
        assert_true(rendered.bytes > 0);
        out[rendered.bytes] = 0;
        assert_non_null(strstr(out, rows[i].escaped));
        const char *length = strstr(out, "Content-Length: ");
        assert_int_equal(atoi(length + 16), rendered.bytes - rendered.body_at);
    }
}

static void an_account_in_a_path_is_percent_encoded(void **state)
{
    struct profile *profile = *state;
    static const struct {
        const char *account;
        const char *line; /* NULL: refused */
    } rows[] = {
        {"a-b_c.d~e", "GET /v1/accounts/a-b_c.d~e/balance HTTP/1.1\r\n"},
        {"../x", "GET /v1/accounts/..%2Fx/balance HTTP/1.1\r\n"},
        {"a b?c#d%", "GET /v1/accounts/a%20b%3Fc%23d%25/balance HTTP/1.1\r\n"},
        {"가", "GET /v1/accounts/%EA%B0%80/balance HTTP/1.1\r\n"},
        {"a\r\nX: y", "GET /v1/accounts/a%0D%0AX%3A%20y/balance HTTP/1.1\r\n"},
        {".", NULL},
        {"..", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[REQUEST_BYTES_MAX];
        struct parties parties = rest_parties;
        snprintf(parties.virtual_account, sizeof(parties.virtual_account), "%s", rows[i].account);
        struct rendered rendered = profile_render(profile, CALL_BALANCE, NULL, &parties, out);
        if (rows[i].line == NULL)
            assert_int_equal(rendered.bytes, 0);
        else
            assert_memory_equal(out, rows[i].line, strlen(rows[i].line));
    }
}

static void what_cannot_be_said_is_not_sent(void **state)
{
    struct profile *profile = *state;
    struct transfer_order order = rest_order(STEP_PAYOUT, 1);
    struct parties parties = rest_parties;
    assert_false(is_refused(profile, CALL_TRANSFER, &order, &parties));
    parties.payout_account[0] = 0;
    assert_true(is_refused(profile, CALL_TRANSFER, &order, &parties));
    parties = rest_parties;
    strcpy(parties.holder_name, "a\nb");
    assert_true(is_refused(profile, CALL_TRANSFER, &order, &parties));
    order.kind = TRANSFER_UNDO;
    assert_true(is_refused(profile, CALL_TRANSFER, &order, &rest_parties));
    assert_true(is_refused(profile, CALL_INQUIRY, &order, &rest_parties));
}

static void a_hold_needs_a_suspense_account(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    struct profile_site site = rest_site;
    site.suspense_account = "";
    struct profile *profile = profile_load(REST_FILE, &site, error);
    struct transfer_order order = rest_order(STEP_HOLD, 1);
    assert_true(is_refused(profile, CALL_TRANSFER, &order, &rest_parties));
    profile_close(profile);
}

static void the_longest_order_fits(void **state)
{
    struct profile *profile = *state;
    struct parties parties = {0};
    memset(parties.virtual_account, '"', ACCOUNT_TEXT_MAX);
    memset(parties.payout_bank, '"', BANK_TEXT_MAX);
    memset(parties.payout_account, '\\', ACCOUNT_TEXT_MAX);
    memset(parties.holder_name, '"', HOLDER_TEXT_MAX);
    struct transfer_order order = rest_order(STEP_PAYOUT, 999999999999999999);
    assert_false(is_refused(profile, CALL_TRANSFER, &order, &parties));
    assert_false(is_refused(profile, CALL_BALANCE, NULL, &parties));
}

static void the_same_order_renders_to_the_same_bytes(void **state)
{
    struct profile *profile = *state;
    struct profile *other = rest_open();
    struct hash *hash = hash_open();
    for (int step = STEP_COLLECT; step <= STEP_PAYOUT; step++) {
        char a[REQUEST_BYTES_MAX];
        char b[REQUEST_BYTES_MAX];
        struct transfer_order order = rest_order((enum step_kind)step, 12345);
        memset(a, 'a', sizeof(a));
        memset(b, 'b', sizeof(b));
        struct rendered first = profile_render(profile, CALL_TRANSFER, &order, &rest_parties, a);
        // Numbers of a run are no part of what the bank is told.
        order.settlement_id = 77;
        struct rendered second = profile_render(other, CALL_TRANSFER, &order, &rest_parties, b);
        assert_int_equal(first.bytes, second.bytes);
        assert_memory_equal(a, b, first.bytes);
        struct digest x = profile_body_digest(profile, hash, &order, &rest_parties);
        struct digest y = profile_body_digest(other, hash, &order, &rest_parties);
        assert_memory_equal(x.bytes, y.bytes, DIGEST_BYTES);
    }
    hash_close(hash);
    profile_close(other);
}

/* A key told in another way would be another transfer to the bank: the digest must say so. */
static void the_digest_tells_how_the_key_is_told(void **state)
{
    struct profile *profile = *state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"key: {form: hex, length: 32}", "key: {form: hex, length: 24}"},
        {"key: {form: hex, length: 32}", "key: {form: uuid}"},
        {"Idempotency-Key: \"{key}\"", "X-Request-Id: \"{key}\""},
    };
    struct hash *hash = hash_open();
    struct transfer_order order = rest_order(STEP_COLLECT, 5);
    struct digest before = profile_body_digest(profile, hash, &order, &rest_parties);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char file[64], error[PROFILE_ERROR_BYTES];
        rest_write(file, rows[i].from, rows[i].to);
        struct profile *changed = profile_load(file, &rest_site, error);
        unlink(file);
        assert_non_null(changed);
        struct digest after = profile_body_digest(changed, hash, &order, &rest_parties);
        assert_memory_not_equal(before.bytes, after.bytes, DIGEST_BYTES);
        profile_close(changed);
    }
    hash_close(hash);
}

static void the_digest_covers_what_a_bank_tells_a_repeat_by_and_no_more(void **state)
{
    struct profile *profile = *state;
    static const char covered[] =
        "POST /payouts\r\nIdempotency-Key: 000102030405060708090a0b0c0d0eff\r\n"
        "traceparent: 00-000102030405060708090a0b0c0d0eff-0001020304050607-01\n"
        "000102030405060708090a0b0c0d0eff\n{\"account_id\":\"VA-0001\",\"destination\":{\"bank\":"
        "\"KB\","
        "\"account_number\":\"111-222-333\",\"holder_name\":\"김하나\"},\"amount\":5,"
        "\"currency\":\"KRW\",\"description\":\"daybook payout\"}";
    struct hash *hash = hash_open();
    struct transfer_order order = rest_order(STEP_PAYOUT, 5);
    struct digest expected = hash_once(hash, covered, sizeof(covered) - 1);
    struct digest digest = profile_body_digest(profile, hash, &order, &rest_parties);
    assert_memory_equal(digest.bytes, expected.bytes, DIGEST_BYTES);
    char error[PROFILE_ERROR_BYTES];
    struct profile_site site = rest_site;
    site.host = "elsewhere";
    site.token = "another";
    site.path_prefix = "";
    struct profile *moved = profile_load(REST_FILE, &site, error);
    digest = profile_body_digest(moved, hash, &order, &rest_parties);
    assert_memory_equal(digest.bytes, expected.bytes, DIGEST_BYTES);
    order.amount_minor = 6;
    digest = profile_body_digest(profile, hash, &order, &rest_parties);
    assert_memory_not_equal(digest.bytes, expected.bytes, DIGEST_BYTES);
    struct parties parties = rest_parties;
    parties.payout_account[0] = '9';
    order.amount_minor = 5;
    digest = profile_body_digest(profile, hash, &order, &parties);
    assert_memory_not_equal(digest.bytes, expected.bytes, DIGEST_BYTES);
    profile_close(moved);
    hash_close(hash);
}

/* The shipped profile, changed in one place, asked for its bytes. */
static void assert_changed(const char *from, const char *to, const char *expected)
{
    char file[64];
    char out[REQUEST_BYTES_MAX + 1];
    rest_write(file, from, to);
    struct profile *profile = rest_open_file(file);
    struct transfer_order order = rest_order(STEP_COLLECT, 50000);
    struct rendered rendered = profile_render(profile, CALL_TRANSFER, &order, &rest_parties, out);
    out[rendered.bytes] = 0;
    assert_non_null(strstr(out, expected));
    assert_int_equal(atoi(strstr(out, "Content-Length: ") + 16),
                     strlen(strstr(out, "\r\n\r\n")) - 4);
    profile_close(profile);
    unlink(file);
}

static void amounts_and_keys_take_the_banks_form(void **state)
{
    (void)state;
    assert_changed("amount: integer", "amount: string", "\"amount\":\"50000\",");
    assert_changed("length: 32", "length: 20", "Idempotency-Key: 00010203040506070809\r\n");
    assert_changed("{form: hex, length: 32}", "{form: uuid}",
                   "Idempotency-Key: 00010203-0405-0607-0809-0a0b0c0d0eff\r\n");
}

static void a_body_takes_constants_lists_and_any_length(void **state)
{
    (void)state;
    static const char line[] = "description: daybook {step}";
    assert_changed(
        line, "x: [1, \"1\", true, null, -5, 007, 1.5, {a: \"\"}, {}, [], no]",
        "\"currency\":\"KRW\",\"x\":[1,\"1\",true,null,-5,\"007\",\"1.5\",{\"a\":\"\"},{},"
        "[],\"no\"]}");
    assert_changed(line, "\"a\\\"b\": \"c\\\\d {amount} won\"", "\"a\\\"b\":\"c\\\\d 50000 won\"}");
    char body[1100] = "x: \"";
    memset(body + 4, 'a', 996);
    strcpy(body + 1000, "\"");
    assert_changed(line, body, "aaa\"}");
    assert_changed("      body:\n        account_id: \"{from}\"\n"
                   "        destination_account_id: \"{to}\"\n        amount: \"{amount}\"\n"
                   "        currency: \"{currency}\"\n        description: daybook {step}\n",
                   "      body: {a: \"{amount}\"}\n", "Content-Length: 11\r\n\r\n{\"a\":50000}");
    assert_changed("      body:\n        account_id: \"{from}\"\n"
                   "        destination_account_id: \"{to}\"\n        amount: \"{amount}\"\n"
                   "        currency: \"{currency}\"\n        description: daybook {step}\n",
                   "      body: {}\n", "Content-Length: 2\r\n\r\n{}");
}

static int open_rest(void **state)
{
    *state = rest_open();
    return 0;
}

static int close_rest(void **state)
{
    profile_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_balance_is_asked_for_under_the_account),
        cmocka_unit_test(a_collect_goes_to_the_collection_account),
        cmocka_unit_test(a_payout_goes_to_the_persons_account),
        cmocka_unit_test(a_hold_goes_to_the_suspense_account_and_its_undo_comes_back),
        cmocka_unit_test(an_inquiry_asks_where_the_transfer_was_sent),
        cmocka_unit_test(without_a_token_nothing_is_said_of_one),
        cmocka_unit_test(texts_are_escaped_for_json),
        cmocka_unit_test(an_account_in_a_path_is_percent_encoded),
        cmocka_unit_test(what_cannot_be_said_is_not_sent),
        cmocka_unit_test(a_hold_needs_a_suspense_account),
        cmocka_unit_test(the_longest_order_fits),
        cmocka_unit_test(the_same_order_renders_to_the_same_bytes),
        cmocka_unit_test(the_digest_tells_how_the_key_is_told),
        cmocka_unit_test(the_digest_covers_what_a_bank_tells_a_repeat_by_and_no_more),
        cmocka_unit_test(amounts_and_keys_take_the_banks_form),
        cmocka_unit_test(a_body_takes_constants_lists_and_any_length),
    };
    return cmocka_run_group_tests(tests, open_rest, close_rest);
}
