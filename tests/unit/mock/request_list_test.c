#include "ask.h"
#include "mock/request.h"

#define SECOND UINT64_C(1000000000)
#define NOW (UINT64_C(1774396800) * SECOND) /* 2026-03-25T00:00:00Z */
#define ALL "?created_at.on_or_after=2026-03-24T00:00:00Z"

static const char *read_query(struct request_list *list, const char *query)
{
    return request_list_read(list, (struct span){query, (uint32_t)strlen(query)});
}

static void an_instant_is_read_as_the_calendar_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        uint64_t at_s;
    } rows[] = {
        {"created_at.before=1970-01-01T00:00:00Z", 0},
        {"created_at.before=1970-01-01T00%3a00%3A59Z", 59},
        {"created_at.before=2000-02-29T12:00:00Z", 951825600},
        {"created_at.before=2000-03-01T00:00:00Z", 951868800},
        {"created_at.before=2026-03-25T00:00:00Z", 1774396800},
        {"created_at.before=2026-12-31T23:59:59Z", 1798761599},
        {"created_at.before=2100-03-01T00:00:00Z", 4107542400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request_list list;
        assert_null(read_query(&list, rows[i].query));
        assert_true(list.until_ns == rows[i].at_s * SECOND);
    }
}

static void what_is_not_said_has_no_bounds(void **state)
{
    (void)state;
    struct request_list list;
    assert_null(read_query(&list, ""));
    assert_true(list.since_ns == 0 && list.until_ns == UINT64_MAX && list.from == 0);
    assert_int_equal(REQUEST_LIST_MOST, list.limit);
    assert_null(read_query(&list, "limit=7&cursor=p12&"));
    assert_int_equal(7, list.limit);
    assert_int_equal(12, list.from);
    assert_null(read_query(&list, "limit=9999"));
    assert_int_equal(REQUEST_LIST_MOST, list.limit);
}

static void a_query_that_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "created_at.before",
        "created_at.before=",
        "created_at.before=2026-03-25",
        "created_at.before=2026-13-25T00:00:00Z",
        "created_at.before=2026-00-25T00:00:00Z",
        "created_at.before=2026-03-32T00:00:00Z",
        "created_at.before=2026-03-25T24:00:00Z",
        "created_at.before=2026-03-25T00:60:00Z",
        "created_at.before=1969-03-25T00:00:00Z",
        "created_at.before=9999-03-25T00:00:00Z",
        "created_at.before=2026-03-25T00:00:0xZ",
        "created_at.on_or_after=2026-03-25T00:00:00+",
        "created_at.on_or_after=%",
        "created_at.on_or_after=%0",
        "created_at.on_or_after=%0g",
        "created_at.after=2026-03-25T00:00:00Z",
        "limit=0",
        "limit=",
        "limit=12345",
        "limit=1x",
        "cursor=",
        "cursor=p",
        "cursor=12",
        "cursor=p123456789",
        "cursor=pppppppppppppppppppppppppppppppppppppppppppppppppp",
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct request_list list;
        if (read_query(&list, queries[i]) == NULL)
            fail_msg("taken: %s", queries[i]);
    }
}

static uint32_t count_of(const char *text, const char *what)
{
    uint32_t count = 0;
    while ((text = strstr(text, what)) != NULL) {
        count++;
        text += strlen(what);
    }
    return count;
}

static void pages_show_each_transfer_of_the_kind_once(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    uint32_t total = 0, pages = 0;
    for (int i = 0; i < 117; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        ask_transfer(bank, key, "V1", "COLLECT", 1 + i, NOW, &reply);
        snprintf(key, sizeof key, "q%d", i);
        ask_payout(bank, key, "V2", "110-1", 1, NOW, &reply);
    }
    char path[128] = "/account_transfers" ALL;
    for (; path[0] != 0; pages++) {
        ask_get(bank, path, NOW, &reply);
        assert_int_equal(200, reply.status);
        assert_string_equal("list", reply.what);
        total += count_of(ask_body(&reply), "\"idempotency_key\":\"k");
        assert_int_equal(0, count_of(ask_body(&reply), "\"idempotency_key\":\"q"));
        char *next = strstr(reply.answer, "\"next_cursor\":\"");
        path[0] = 0;
        if (next != NULL)
            snprintf(path, sizeof path, "/account_transfers" ALL "&cursor=%.*s",
                     (int)strcspn(next + 15, "\""), next + 15);
    }
    assert_int_equal(117, total);
    assert_int_equal(3, pages);
    mock_bank_close(bank);
}

static void a_page_of_the_longest_names_has_room(void **state)
{
    (void)state;
    static const char longest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct mock_settings settings = {.fee_minor = 999999999, .faults = {.fee = 1000000}};
    struct mock_bank *bank = ask_open(&settings);
    struct mock_reply reply;
    assert_true(mock_bank_account(bank, longest, INT64_C(900000000000000), MOCK_ACCOUNT_OPEN));
    for (int i = 0; i < REQUEST_LIST_MOST; i++) {
        char key[MOCK_KEY_BYTES];
        snprintf(key, sizeof key, "%064d", i);
        ask_payout(bank, key, longest, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 999999999999,
                   NOW, &reply);
        assert_int_equal(200, reply.status);
    }
    ask_get(bank, "/payouts" ALL, NOW, &reply);
    assert_int_equal(REQUEST_LIST_MOST, count_of(ask_body(&reply), "\"type\":\"payout\""));
    mock_bank_close(bank);
}

static void a_list_shows_what_the_bank_knows_by_now(void **state)
{
    (void)state;
    struct mock_settings settings = {
        .settle_ns = 5 * SECOND, .late_ns = 5 * SECOND, .faults = {.fails_later = 1000000}};
    struct mock_bank *bank = ask_open(&settings);
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "COLLECT", 5, NOW, &reply);
    ask_get(bank, "/account_transfers" ALL, NOW, &reply);
    assert_non_null(strstr(reply.answer, "\"status\":\"pending_submission\""));
    ask_get(bank, "/account_transfers" ALL, NOW + 6 * SECOND, &reply);
    assert_non_null(strstr(reply.answer, "\"failure_code\":\"processing_failed\""));
    mock_bank_set_faults(bank, &(struct mock_faults){.late_accept = 1000000});
    ask_transfer(bank, "late", "V1", "COLLECT", 5, NOW + 6 * SECOND, &reply);
    ask_get(bank, "/account_transfers" ALL, NOW + 7 * SECOND, &reply);
    assert_null(strstr(reply.answer, "late"));
    ask_get(bank, "/account_transfers" ALL, NOW + 12 * SECOND, &reply);
    assert_non_null(strstr(reply.answer, "\"late\""));
    mock_bank_set_faults(bank, &(struct mock_faults){.forget_refused = 1000000});
    ask_transfer(bank, "gone", "HALTED", "COLLECT", 5, NOW + 13 * SECOND, &reply);
    ask_get(bank, "/account_transfers" ALL, NOW + 13 * SECOND, &reply);
    assert_null(strstr(reply.answer, "gone"));
    mock_bank_close(bank);
}

static void a_list_is_of_its_span_of_time(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "COLLECT", 5, NOW - 1, &reply);
    ask_transfer(bank, "k2", "V1", "COLLECT", 5, NOW, &reply);
    ask_get(bank, "/account_transfers?created_at.on_or_after=2026-03-25T00%3A00%3A00Z", NOW,
            &reply);
    assert_null(strstr(reply.answer, "\"k1\""));
    assert_non_null(strstr(reply.answer, "\"k2\""));
    ask_get(bank, "/account_transfers?created_at.before=2026-03-25T00%3A00%3A00Z", NOW, &reply);
    assert_non_null(strstr(reply.answer, "\"k1\""));
    assert_null(strstr(reply.answer, "\"k2\""));
    mock_bank_close(bank);
}

static void a_list_obeys_token_and_rate_and_is_about_nobody(void **state)
{
    (void)state;
    struct mock_settings settings = {.rate_per_s = 1, .burst = 2};
    struct mock_bank *bank = ask_open(&settings);
    struct mock_reply reply;
    ask_get(bank, "/account_transfers" ALL, NOW, &reply);
    assert_int_equal(200, reply.status);
    ask_get(bank, "/account_transfers?created_at.odd=1", NOW, &reply);
    assert_int_equal(400, reply.status);
    ask_get(bank, "/account_transfers" ALL, NOW, &reply);
    assert_int_equal(429, reply.status);
    mock_bank_close(bank);
    settings = (struct mock_settings){.token = "t0ken", .faults = {.swapped = 0}};
    bank = ask_open(&settings);
    ask_get(bank, "/account_transfers" ALL, NOW, &reply);
    assert_int_equal(401, reply.status);
    mock_bank_close(bank);
    settings = (struct mock_settings){.faults = {.swapped = 1000000}};
    bank = ask_open(&settings);
    ask_get(bank, "/accounts/V1/balance", NOW, &reply);
    ask_get(bank, "/account_transfers" ALL, NOW, &reply);
    assert_string_equal("{\"data\":[],\"next_cursor\":null}", ask_body(&reply));
    mock_bank_close(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instant_is_read_as_the_calendar_has_it),
        cmocka_unit_test(what_is_not_said_has_no_bounds),
        cmocka_unit_test(a_query_that_is_not_understood_is_refused),
        cmocka_unit_test(pages_show_each_transfer_of_the_kind_once),
        cmocka_unit_test(a_page_of_the_longest_names_has_room),
        cmocka_unit_test(a_list_shows_what_the_bank_knows_by_now),
        cmocka_unit_test(a_list_is_of_its_span_of_time),
        cmocka_unit_test(a_list_obeys_token_and_rate_and_is_about_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
