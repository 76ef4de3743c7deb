#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "guard.h"
#include "rest.h"

#define SCRATCH_BYTES 65536
#define OF(id, key, from, to, amount, currency, status)                                            \
    "{\"id\":\"" id "\",\"account_id\":\"" from "\",\"destination_account_id\":\"" to "\","        \
    "\"amount\":" amount ",\"currency\":\"" currency "\",\"status\":\"" status "\","               \
    "\"idempotency_key\":\"" key "\",\"type\":\"account_transfer\"}"
#define GOOD OF("tr_1", REST_KEY, "VA-1", "COLLECT-1", "50000", "KRW", "complete")
#define PAGE(items, next) "{\"data\":[" items "],\"next_cursor\":" next "}"
#define SPAN                                                                                       \
    "created_at.on_or_after=2026-03-24T00%3A00%3A00Z&created_at.before=2026-03-26T00%3A00%3A00Z"

static struct profile *profile;
static struct profile_scratch *scratch;
static struct guard guard;

static const struct list_span span = {"2026-03-24T00:00:00Z", "2026-03-26T00:00:00Z"};

static struct list_page read_with(const struct profile *bank, uint16_t status,
                                  int64_t retry_after_s, const char *body, size_t body_bytes)
{
    struct list_page page;
    profile_read_page(bank, scratch, 0, status, retry_after_s, guard_copy(&guard, body, body_bytes),
                      body_bytes, &page);
    return page;
}

static struct list_page read_page(const char *body)
{
    return read_with(profile, 200, -1, body, strlen(body));
}

/* The shipped profile with one text replaced. */
static struct profile *open_other(const char *from, const char *to)
{
    char file[64];
    rest_write(file, from, to);
    struct profile *other = rest_open_file(file);
    unlink(file);
    return other;
}

static void every_kind_of_transfer_has_its_list(void **state)
{
    (void)state;
    char out[REQUEST_BYTES_MAX];
    assert_int_equal(2, profile_list_count(profile));
    assert_true(profile_lists_all(profile));
    struct rendered first = profile_render_list(profile, 0, &span, "", out);
    static const char whole[] = "GET /v1/account_transfers?" SPAN "&limit=50 HTTP/1.1\r\n"
                                "Host: bank.example:8080\r\nAuthorization: Bearer s3cret\r\n\r\n";
    assert_int_equal(sizeof(whole) - 1, first.bytes);
    assert_memory_equal(whole, out, first.bytes);
    struct rendered second = profile_render_list(profile, 1, &span, "p 2&x", out);
    static const char start[] =
        "GET /v1/payouts?" SPAN "&limit=50&cursor=p%202%26x HTTP/1.1\r\nHost: bank";
    assert_true(second.bytes > sizeof(start));
    assert_memory_equal(start, out, sizeof(start) - 1);
}

static void a_profile_may_list_some_transfers_or_none(void **state)
{
    (void)state;
    static const char list[] =
        "    list:\n      method: GET\n      path: "
        "/payouts?created_at.on_or_after={since}&created_at.before={until}&limit=50\n      more: "
        "\"&cursor={cursor}\"\n      items: data\n      next: next_cursor\n";
    struct profile *some = open_other(list, "");
    assert_int_equal(1, profile_list_count(some));
    assert_false(profile_lists_all(some));
    profile_close(some);
    struct profile *body =
        open_other("      more: \"&cursor={cursor}\"",
                   "      headers: {Since: \"{since}\"}\n      more: \"&cursor={cursor}\"");
    char out[REQUEST_BYTES_MAX];
    struct rendered rendered = profile_render_list(body, 0, &span, "", out);
    out[rendered.bytes - 1] = 0;
    assert_non_null(strstr(out, "\r\nSince: 2026-03-24T00:00:00Z\r\n"));
    profile_close(body);
}

static void the_second_list_is_found_where_the_first_transfer_has_none(void **state)
{
    (void)state;
    static const char list[] =
        "    list:                 # all of a span of time, for `daybook reconcile`\n      method: "
        "GET\n      path: "
        "/account_transfers?created_at.on_or_after={since}&created_at.before={until}&limit=50\n"
        "      more: \"&cursor={cursor}\"\n      items: data\n      next: next_cursor\n";
    char out[REQUEST_BYTES_MAX];
    struct profile *some = open_other(list, "");
    assert_int_equal(1, profile_list_count(some));
    assert_true(profile_render_list(some, 0, &span, "", out).bytes > 0);
    assert_memory_equal("GET /v1/payouts?", out, 16);
    profile_close(some);
}

static void a_list_that_cannot_be_used_is_refused_at_load(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *wrong;
    } rows[] = {
        {"      more: \"&cursor={cursor}\"\n", "", "`more` is missing"},
        {"      more: \"&cursor={cursor}\"\n", "      more: \"&cursor=1\"\n",
         "`more` must say `{cursor}`"},
        {"      more: \"&cursor={cursor}\"\n", "      more: \"&cursor={cursr}\"\n",
         "did you mean `{cursor}`?"},
        {"      more: \"&cursor={cursor}\"\n", "      more: []\n", "here must be one value"},
        {"      items: data\n", "", "`items` is missing"},
        {"      items: data\n", "      items: data?\n", "this one may not end in `?`"},
        {"      items: data\n      next: next_cursor\n", "      items: data\n",
         "`next` is missing"},
        {"      items: data\n      next: next_cursor\n", "      items: data\n      next: a..b\n",
         "here must be a path"},
        {"      items: data\n", "      item: data\n", "unknown key `item`"},
        {"before={until}", "before={key}", "a list has no field `{key}`"},
        {"balance\n  answer:\n    amount: available_balance",
         "balance?s={since}\n  answer:\n    amount: available_balance",
         "a balance has no field `{since}`"},
        {"idempotency_key={key}", "idempotency_key={since}", "a transfer has no field `{since}`"},
        {"created_at.on_or_after={since}", "created at={since}", "` ` cannot stand here"},
        {"        key: idempotency_key\n", "", "where `key` is"},
        {"        from: account_id\n", "", "where `from` is"},
        {"        to: destination_account_id\n", "", "where `to` is"},
        {"        amount: amount\n", "", "where `amount` is"},
        {"        amount: amount\n        currency: currency\n", "        amount: amount\n",
         "where `currency` is"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char file[64], error[PROFILE_ERROR_BYTES];
        rest_write(file, rows[i].from, rows[i].to);
        assert_null(profile_load(file, &rest_site, error));
        unlink(file);
        if (strstr(error, rows[i].wrong) == NULL)
            fail_msg("row %zu: %s", i, error);
    }
}

/* Without inquiries the rows are still needed: an item means what an inquiry's would. */
static void a_list_needs_the_rows_of_inquiries(void **state)
{
    (void)state;
    static const char from[] = "  - {call: [transfer, inquiry], status: 200, state: complete, "
                               "outcome: accepted}\n";
    static const char to[] = "  - {call: transfer, status: 200, state: complete, "
                             "outcome: accepted}\n";
    char error[PROFILE_ERROR_BYTES];
    char *text = rest_text();
    char *ask;
    while ((ask = strstr(text, "    ask:\n      method: GET\n      path: /a")) != NULL ||
           (ask = strstr(text, "    ask:\n      method: GET\n      path: /p")) != NULL) {
        char *end = strstr(ask, "    answer:\n");
        memmove(ask, end, strlen(end) + 1);
    }
    char *by_key = strstr(text, "inquiry: by_key  ");
    memcpy(by_key, "inquiry: repeat  ", 17);
    char *empty = strstr(text, "  - {call: inquiry, status: 200, empty");
    char *next = strchr(empty, '\n') + 1;
    memmove(empty, next, strlen(next) + 1);
    struct profile *good = profile_load_text("good", text, strlen(text), &rest_site, error);
    if (good == NULL)
        fail_msg("%s", error);
    profile_close(good);
    char *row = strstr(text, from);
    memmove(row + sizeof(to) - 1, row + sizeof(from) - 1, strlen(row + sizeof(from) - 1) + 1);
    memcpy(row, to, sizeof(to) - 1);
    assert_null(profile_load_text("bad", text, strlen(text), &rest_site, error));
    assert_non_null(strstr(error, "{call: inquiry, …, outcome: accepted}"));
    free(text);
}

static void a_page_tells_its_items_and_the_next(void **state)
{
    (void)state;
    struct list_page page = read_page(PAGE(GOOD "," GOOD, "\"p50\""));
    assert_int_equal(LIST_PAGE, page.result);
    assert_int_equal(2, page.item_count);
    assert_string_equal("p50", page.next);
    page = read_page(PAGE("", "null"));
    assert_int_equal(LIST_PAGE, page.result);
    assert_int_equal(0, page.item_count);
    assert_string_equal("", page.next);
}

static void an_item_is_what_the_bank_says_of_a_transfer(void **state)
{
    (void)state;
    struct list_item item;
    struct list_page page = read_page(PAGE(GOOD, "null"));
    assert_null(profile_read_item(profile, &page, 0, &item));
    assert_int_equal(ANSWER_ACCEPTED, item.answer);
    assert_true(item.has_key);
    assert_int_equal(255, item.key.bytes[15]);
    assert_int_equal(14, item.key.bytes[14]);
    assert_string_equal(REST_KEY, item.key_text);
    assert_string_equal("tr_1", item.reference);
    assert_string_equal("VA-1", item.from);
    assert_string_equal("COLLECT-1", item.to);
    assert_string_equal("KRW", item.currency);
    assert_string_equal("complete", item.state);
    assert_int_equal(50000, item.amount_minor);
}

static void a_state_means_what_it_means_when_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        enum answer answer;
    } rows[] = {
        {OF("a", REST_KEY, "A", "B", "1", "KRW", "submitted"), ANSWER_PENDING},
        {OF("a", REST_KEY, "A", "B", "1", "KRW", "canceled"), ANSWER_REJECTED_PERSON},
        {"{\"id\":\"a\",\"account_id\":\"A\",\"destination_account_id\":\"B\",\"amount\":1,"
         "\"currency\":\"KRW\",\"status\":\"rejected\",\"failure_code\":\"limit_exceeded\"}",
         ANSWER_REJECTED_LATER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct list_item item;
        char body[1024];
        snprintf(body, sizeof(body), PAGE("%s", "null"), rows[i].item);
        struct list_page page = read_page(body);
        assert_null(profile_read_item(profile, &page, 0, &item));
        assert_int_equal(rows[i].answer, item.answer);
    }
}

static void another_s_transfer_may_have_no_key_of_ours(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "hand-made", "000102030405060708090A0B0C0D0EFF",
                                       "000102030405060708090a0b0c0d0eg0"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct list_item item;
        char body[1024];
        snprintf(body, sizeof(body),
                 PAGE(OF("tr_9", "%s", "A", "B", "1", "KRW", "complete"), "null"), keys[i]);
        struct list_page page = read_page(body);
        assert_null(profile_read_item(profile, &page, 0, &item));
        assert_false(item.has_key);
        assert_string_equal(keys[i], item.key_text);
    }
}

static void an_item_that_cannot_be_compared_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *item, *wrong;
    } rows[] = {
        {"7", "an item is no object"},
        {"null", "an item is no object"},
        {OF("", "", "A", "B", "1", "KRW", "complete"), "an item has neither key nor reference"},
        {OF("a", "", "", "B", "1", "KRW", "complete"), "an item does not tell its accounts"},
        {OF("a", "", "A", "", "1", "KRW", "complete"), "an item does not tell its accounts"},
        {OF("a", "", "A", "B", "1", "", "complete"), "an item does not tell its currency"},
        {OF("a", "", "A", "B", "1.0", "KRW", "complete"), "an item's amount is none"},
        {OF("a", "", "A", "B", "1e2", "KRW", "complete"), "an item's amount is none"},
        {OF("a", "", "A", "B", "\"1\"", "KRW", "complete"), "an item's amount is none"},
        {OF("a", "", "A", "B", "-1", "KRW", "complete"), "an item's amount is none"},
        {OF("a", "", "A", "B", "1", "KRW", "new word"), "an item's state is not in the table"},
        {"{\"id\":\"a\",\"account_id\":\"A\",\"destination_account_id\":\"B\",\"amount\":1,"
         "\"currency\":\"KRW\"}",
         "an item's state is not in the table"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct list_item item;
        char body[1024];
        snprintf(body, sizeof(body), PAGE("%s", "null"), rows[i].item);
        struct list_page page = read_page(body);
        assert_int_equal(LIST_PAGE, page.result);
        const char *wrong = profile_read_item(profile, &page, 0, &item);
        if (wrong == NULL || strcmp(wrong, rows[i].wrong) != 0)
            fail_msg("row %zu: %s", i, wrong == NULL ? "taken" : wrong);
    }
}

static void a_word_that_says_nothing_is_no_state(void **state)
{
    (void)state;
    struct list_item item;
    static const char *const outcomes[] = {"in_doubt", "not_done"};
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        char to[128];
        snprintf(to, sizeof(to),
                 "outcomes:\n  - {call: inquiry, status: 200, state: odd, outcome: %s}\n",
                 outcomes[i]);
        struct profile *other = open_other("outcomes:\n", to);
        struct list_page page =
            read_with(other, 200, -1, PAGE(OF("a", "", "A", "B", "1", "KRW", "odd"), "null"),
                      strlen(PAGE(OF("a", "", "A", "B", "1", "KRW", "odd"), "null")));
        assert_string_equal("an item's state is not in the table",
                            profile_read_item(other, &page, 0, &item));
        profile_close(other);
    }
}

static void what_is_no_whole_page_counts_for_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"", "unparsed"},
        {"[]", "no_items"},
        {"{\"data\":[" GOOD "]}", "no_next"},
        {"{\"next_cursor\":null}", "no_items"},
        {"{\"data\":{},\"next_cursor\":null}", "no_items"},
        {"{\"data\":[],\"data\":[],\"next_cursor\":null}", "unparsed"},
        {"{\"data\":[{\"id\":\"a\",\"id\":\"b\"}],\"next_cursor\":null}", "unparsed"},
        {PAGE("", "\"\""), "bad_next"},
        {PAGE("", "7"), "bad_next"},
        {PAGE("", "\"a\\nb\""), "bad_next"},
        {PAGE("", "null") "x", "unparsed"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct list_page page = read_page(rows[i].body);
        assert_int_equal(LIST_BAD, page.result);
        assert_string_equal(rows[i].code, page.code);
        assert_int_equal(0, page.item_count);
    }
    char body[512], cursor[LIST_CURSOR_MAX + 2] = "";
    memset(cursor, 'c', LIST_CURSOR_MAX + 1);
    snprintf(body, sizeof(body), PAGE("", "\"%s\""), cursor);
    assert_string_equal("bad_next", read_page(body).code);
    cursor[LIST_CURSOR_MAX] = 0;
    snprintf(body, sizeof(body), PAGE("", "\"%s\""), cursor);
    assert_string_equal(cursor, read_page(body).next);
}

static void every_cut_of_a_page_is_refused(void **state)
{
    (void)state;
    static const char body[] = PAGE(GOOD "," GOOD, "\"p2\"");
    for (size_t bytes = 0; bytes + 1 < sizeof(body); bytes++)
        assert_int_equal(LIST_BAD, read_with(profile, 200, -1, body, bytes).result);
    assert_int_equal(LIST_PAGE, read_with(profile, 200, -1, body, sizeof(body) - 1).result);
}

static void the_mark_of_the_next_page_may_be_absent_where_the_profile_says_so(void **state)
{
    (void)state;
    struct profile *other = open_other("items: data\n      next: next_cursor\n",
                                       "items: data\n      next: next_cursor?\n");
    static const char body[] = "{\"data\":[]}";
    struct list_page page = read_with(other, 200, -1, body, sizeof(body) - 1);
    assert_int_equal(LIST_PAGE, page.result);
    assert_string_equal("", page.next);
    profile_close(other);
}

static void a_refusal_is_told_and_a_throttle_waited_for(void **state)
{
    (void)state;
    static const char slow[] = "{\"type\":\"rate_limited_error\",\"retry_after\":3}";
    static const char no[] = "{\"type\":\"invalid_api_key_error\"}";
    static const char coded[] = "{\"type\":\"t\",\"code\":\"of s3cret\"}";
    struct list_page page = read_with(profile, 429, 2, slow, sizeof(slow) - 1);
    assert_int_equal(LIST_THROTTLED, page.result);
    assert_int_equal(3 * NS_PER_S, page.retry_after_ns);
    page = read_with(profile, 401, -1, no, sizeof(no) - 1);
    assert_int_equal(LIST_REFUSED, page.result);
    assert_string_equal("invalid_api_key_error", page.code);
    assert_string_equal("token_echoed", read_with(profile, 403, -1, coded, sizeof(coded) - 1).code);
    page = read_with(profile, 500, -1, "", 0);
    assert_int_equal(LIST_REFUSED, page.result);
    assert_string_equal("refused", page.code);
}

static void a_key_is_read_as_the_bank_is_told_it(void **state)
{
    (void)state;
    struct idem_key key, cut = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xff}};
    struct profile *uuid = open_other("{form: hex, length: 32}", "{form: uuid}");
    static const char whole[] = "00010203-0405-0607-0809-0a0b0c0d0eff";
    assert_true(profile_read_key(uuid, whole, 36, &key));
    assert_int_equal(255, key.bytes[15]);
    assert_false(profile_read_key(uuid, REST_KEY, 32, &key));
    assert_false(profile_read_key(uuid, "00010203-0405-0607-0809a0a0b0c0d0eff", 36, &key));
    assert_false(profile_read_key(uuid, "0001020--0405-0607-0809-0a0b0c0d0eff", 36, &key));
    profile_close(uuid);
    struct profile *odd = open_other("length: 32", "length: 21");
    assert_true(profile_read_key(odd, "fffffffffffffffffffff", 21, &key));
    profile_cut_key(odd, &cut);
    assert_memory_equal(cut.bytes, key.bytes, IDEM_KEY_BYTES);
    assert_int_equal(0xf0, key.bytes[10]);
    profile_close(odd);
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
    profile_close(profile);
    profile_scratch_close(scratch);
    guard_close(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_transfer_has_its_list),
        cmocka_unit_test(a_profile_may_list_some_transfers_or_none),
        cmocka_unit_test(the_second_list_is_found_where_the_first_transfer_has_none),
        cmocka_unit_test(a_list_that_cannot_be_used_is_refused_at_load),
        cmocka_unit_test(a_list_needs_the_rows_of_inquiries),
        cmocka_unit_test(a_page_tells_its_items_and_the_next),
        cmocka_unit_test(an_item_is_what_the_bank_says_of_a_transfer),
        cmocka_unit_test(a_state_means_what_it_means_when_asked_for),
        cmocka_unit_test(another_s_transfer_may_have_no_key_of_ours),
        cmocka_unit_test(an_item_that_cannot_be_compared_is_refused),
        cmocka_unit_test(a_word_that_says_nothing_is_no_state),
        cmocka_unit_test(what_is_no_whole_page_counts_for_nothing),
        cmocka_unit_test(every_cut_of_a_page_is_refused),
        cmocka_unit_test(the_mark_of_the_next_page_may_be_absent_where_the_profile_says_so),
        cmocka_unit_test(a_refusal_is_told_and_a_throttle_waited_for),
        cmocka_unit_test(a_key_is_read_as_the_bank_is_told_it),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
