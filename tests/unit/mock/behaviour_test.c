/*
 * What a bank does besides answering: pending, failing, reversing, forgetting, charging, pooling.
 */
#include "ask.h"

#define ALWAYS 1000000
#define PATH "/account_transfers"

static const char *body_field(const struct mock_reply *reply, const char *field)
{
    const char *at = strstr(ask_body(reply), field);
    return at == NULL ? "" : at;
}

/* What an inquiry shows of the key. */
static void look(struct mock_bank *bank, const char *key, uint64_t now_ns, struct mock_reply *reply)
{
    char query[128];
    (void)snprintf(query, sizeof query, PATH "?idempotency_key=%s", key);
    ask_get(bank, query, now_ns, reply);
    assert_int_equal(reply->status, 200);
}

static void shows(struct mock_bank *bank, const char *key, uint64_t now_ns, const char *what)
{
    struct mock_reply reply;
    look(bank, key, now_ns, &reply);
    if (what[0] == 0)
        assert_string_equal(ask_body(&reply), "{\"data\":[],\"next_cursor\":null}");
    else if (strstr(ask_body(&reply), what) == NULL)
        fail_msg("%s is not in %s", what, ask_body(&reply));
}

/* ---- pending ---- */

static void pending_transfer_is_202_and_pending_until_it_is_done(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.settle_ns = 100, .faults.processing = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 10, &reply);
    assert_int_equal(reply.status, 202);
    assert_int_equal(reply.effect, MOCK_EFFECT_PENDING);
    assert_int_equal(reply.late_at_ns, 110);
    assert_string_equal(reply.fault, "processing");
    assert_non_null(strstr(ask_body(&reply), "\"id\":\"pr_1\""));
    shows(bank, "k", 109, "\"status\":\"pending_submission\"");
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 109, &reply);
    assert_int_equal(reply.status, 202); // a repeat decides nothing
    assert_string_equal(reply.what, "replayed");
    assert_int_equal(ask_book(bank, "V1"), 100000);
    shows(bank, "k", 110, "\"status\":\"complete\"");
    assert_int_equal(ask_book(bank, "V1"), 99300);
    mock_bank_close(bank);
}

static void pending_transfer_may_fail_without_moving_money(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.settle_ns = 100, .faults.fails_later = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
    assert_int_equal(reply.status, 202);
    assert_int_equal(reply.effect, MOCK_EFFECT_FAILING);
    shows(bank, "k", 99, "\"status\":\"pending_submission\"");
    shows(bank, "k", 100, "\"status\":\"rejected\",\"failure_code\":\"processing_failed\"");
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 101, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(ask_body(&reply), "\"status\":\"rejected\""));
    assert_int_equal(ask_book(bank, "V1"), 100000);
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
}

/* ---- reversed ---- */

static void reversed_transfer_was_done_first_and_its_money_comes_back(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.reverse_ns = 100, .faults.reversed = ALWAYS});
    struct mock_reply reply;
    ask_payout(bank, "k", "V1", "110-9", 700, 0, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.reverses_at_ns, 100);
    assert_int_equal(mock_bank_next_at(bank), 100);
    assert_string_equal(ask_status(bank, "/payouts", "k", 99), "complete");
    assert_int_equal(ask_book(bank, "V1"), 99300);
    assert_int_equal(mock_bank_reversal_count(bank), 0);
    assert_string_equal(ask_status(bank, "/payouts", "k", 100), "rejected");
    assert_int_equal(mock_bank_reversal_count(bank), 1);
    assert_int_equal(mock_bank_reversal(bank, 0)->id, 1);
    assert_int_equal(mock_bank_reversal(bank, 0)->reversed_at_ns, 100);
    assert_int_equal(ask_book(bank, "V1"), 100000);
    assert_int_equal(mock_bank_outside(bank), 0);
    mock_bank_close(bank);
}

static void money_that_was_spent_does_not_come_back(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.reverse_ns = 100, .faults.reversed = ALWAYS});
    struct mock_faults none = {0};
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "V2", 700, 0, &reply);
    mock_bank_set_faults(bank, &none);
    ask_transfer(bank, "k2", "V2", "COLLECT", 50700, 1, &reply);
    assert_int_equal(reply.status, 200);
    mock_bank_advance(bank, 1000);
    assert_int_equal(mock_bank_reversal_count(bank), 0);
    assert_string_equal(ask_status(bank, PATH, "k1", 1000), "complete");
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
}

/* ---- keys that are forgotten ---- */

static void refused_transfer_that_is_forgotten_is_decided_anew(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.faults.forget_refused = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 100001, 0, &reply);
    assert_int_equal(reply.status, 409);
    assert_int_equal(reply.effect, MOCK_EFFECT_FORGOTTEN);
    shows(bank, "k", 0, "");
    assert_true(mock_bank_deposit(bank, "V1", 1));
    ask_transfer(bank, "k", "V1", "COLLECT", 100001, 0, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(ask_book(bank, "V1"), 0);
    assert_int_equal(mock_bank_transfer_count(bank), 2);
    mock_bank_close(bank);
}

static void key_beyond_its_lifetime_pays_again(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.key_lifetime_ns = 100});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 5, &reply);
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 104, &reply);
    assert_string_equal(reply.what, "replayed");
    shows(bank, "k", 104, "complete");
    shows(bank, "k", 105, "");
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 105, &reply);
    assert_string_equal(reply.what, "accepted");
    assert_int_equal(reply.transfer_id, 2);
    assert_int_equal(ask_book(bank, "COLLECT"), 1400);
    // the key is the new one's now
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 204, &reply);
    assert_string_equal(reply.what, "replayed");
    mock_bank_close(bank);
}

/* ---- inquiries that lag, repeats that are refused ---- */

static void lagging_inquiry_does_not_find_what_is_new(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.lag_ns = 100, .faults.lagging = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 50, &reply);
    assert_int_equal(reply.status, 200);
    look(bank, "k", 149, &reply);
    assert_string_equal(reply.fault, "lagging");
    assert_string_equal(reply.what, "not found");
    shows(bank, "k", 150, "complete");
    mock_bank_close(bank);
}

static void repeat_of_what_is_done_is_refused_by_409_or_403(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.faults.refuse_repeat = ALWAYS});
    uint32_t statuses[2] = {0, 0};
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
    assert_int_equal(reply.status, 200);
    for (int i = 0; i < 100; i++) {
        ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
        assert_true(reply.status == 409 || reply.status == 403);
        assert_int_equal(reply.effect, MOCK_EFFECT_NONE);
        statuses[reply.status == 403]++;
    }
    assert_true(statuses[0] > 20 && statuses[1] > 20);
    assert_int_equal(ask_book(bank, "COLLECT"), 700);
    shows(bank, "k", 0, "complete");
    mock_bank_close(bank);
}

/* ---- wrong and swapped answers ---- */

static void wrong_answer_lies_about_one_thing(void **state)
{
    (void)state;
    static const struct {
        struct mock_faults faults;
        const char *key, *amount, *currency;
    } rows[] = {
        {{.wrong_key = ALWAYS}, "\"k0\"", ":700,", "\"KRW\""},
        {{.wrong_amount = ALWAYS}, "\"k1\"", ":701,", "\"KRW\""},
        {{.wrong_currency = ALWAYS}, "\"k1\"", ":700,", "\"USD\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mock_bank *bank = ask_open(&(struct mock_settings){.faults = rows[i].faults});
        struct mock_reply reply;
        ask_transfer(bank, "k1", "V1", "COLLECT", 700, 0, &reply);
        assert_true(body_field(&reply, rows[i].key)[0] != 0);
        assert_true(body_field(&reply, rows[i].amount)[0] != 0);
        assert_true(body_field(&reply, rows[i].currency)[0] != 0);
        shows(bank, "k1", 0, rows[i].key);
        assert_int_equal(ask_book(bank, "COLLECT"), 700);
        assert_string_equal(mock_bank_transfer(bank, 0)->key, "k1");
        mock_bank_close(bank);
    }
}

static void swapped_answer_is_about_somebody_else(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.faults.swapped = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "COLLECT", 700, 0, &reply);
    assert_string_equal(reply.fault, ""); // nobody else was answered yet
    assert_true(body_field(&reply, "\"k1\"")[0] != 0);
    ask_transfer(bank, "k1", "V1", "COLLECT", 700, 0, &reply);
    assert_true(body_field(&reply, "\"k1\"")[0] != 0);
    ask_transfer(bank, "k2", "V2", "COLLECT", 300, 0, &reply);
    assert_string_equal(reply.fault, "swapped");
    assert_string_equal(reply.key, "k2");
    assert_true(body_field(&reply, "\"k1\"")[0] != 0);
    ask_transfer(bank, "k2", "V2", "COLLECT", 300, 0, &reply);
    assert_true(body_field(&reply, "\"k1\"")[0] != 0);
    assert_int_equal(ask_book(bank, "COLLECT"), 1000);
    mock_bank_close(bank);
}

/* ---- fees ---- */

static void fee_is_taken_from_who_pays_and_said(void **state)
{
    (void)state;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.fee_minor = 50, .faults.fee = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
    assert_int_equal(reply.fee_minor, 50);
    assert_true(body_field(&reply, "\"fee\":50")[0] != 0);
    shows(bank, "k", 0, "\"fee\":50");
    assert_int_equal(ask_book(bank, "V1"), 99250);
    assert_int_equal(mock_bank_fees(bank), 50);
    // what is not there is not taken
    ask_transfer(bank, "k2", "V1", "COLLECT", 99250, 0, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.fee_minor, 0);
    assert_int_equal(ask_total(bank) + mock_bank_fees(bank), 157000);
    mock_bank_close(bank);
}

static void fee_account_pays_for_all(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(
        &(struct mock_settings){.fee_minor = 50, .fee_account = "COLLECT", .faults.fee = ALWAYS});
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
    assert_int_equal(reply.fee_minor, 50);
    assert_int_equal(ask_book(bank, "V1"), 99300);
    assert_int_equal(ask_book(bank, "COLLECT"), 650);
    mock_bank_close(bank);
}

/* ---- a pool ---- */

static struct mock_bank *open_pool(void)
{
    struct mock_bank *bank = ask_open(&(struct mock_settings){.pool_account = "POOL"});
    assert_false(mock_bank_account(bank, "P1", 100, MOCK_ACCOUNT_POOLED)); // no pool yet
    assert_true(mock_bank_account(bank, "POOL", 1000, MOCK_ACCOUNT_OPEN));
    assert_true(mock_bank_account(bank, "P1", 100, MOCK_ACCOUNT_POOLED));
    assert_true(mock_bank_account(bank, "P2", 0, MOCK_ACCOUNT_POOLED));
    return bank;
}

static void send_from_pool(struct mock_bank *bank, const char *key, const char *from,
                           const char *share, int amount, struct mock_reply *reply)
{
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"account_id\":\"%s\",\"sub_account_id\":\"%s\",\"destination_account_id\":"
                   "\"%s\",\"amount\":%d,\"currency\":\"KRW\"}",
                   from, share, strcmp(from, "POOL") == 0 ? "COLLECT" : "POOL", amount);
    ask_post(bank, PATH, key, body, 0, reply);
}

static void poll_of_a_share_shows_what_is_left_and_what_came(void **state)
{
    (void)state;
    struct mock_bank *bank = open_pool();
    struct mock_reply reply;
    assert_true(mock_bank_deposit(bank, "P1", 900));
    assert_int_equal(ask_book(bank, "POOL"), 2000);
    send_from_pool(bank, "k1", "POOL", "P1", 300, &reply);
    assert_int_equal(reply.status, 200);
    ask_get(bank, "/accounts/P1/balance", 0, &reply);
    assert_string_equal(ask_body(&reply),
                        "{\"account_id\":\"P1\",\"available_balance\":700,\"received_total\":1000,"
                        "\"currency\":\"KRW\",\"type\":\"pooled_balance_lookup\"}");
    send_from_pool(bank, "k2", "COLLECT", "P1", 200, &reply); // back again
    assert_int_equal(reply.status, 200);
    assert_int_equal(ask_book(bank, "P1"), 900);
    assert_int_equal(ask_book(bank, "POOL"), 1900);
    mock_bank_close(bank);
}

static void bank_protects_the_pool_and_no_share_of_it(void **state)
{
    (void)state;
    struct mock_bank *bank = open_pool();
    struct mock_reply reply;
    send_from_pool(bank, "k1", "POOL", "P2", 1100, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(ask_book(bank, "P2"), -1100);
    ask_get(bank, "/accounts/P2/balance", 0, &reply);
    assert_true(body_field(&reply, "\"available_balance\":-1100,")[0] != 0);
    send_from_pool(bank, "k2", "POOL", "P1", 1, &reply);
    assert_int_equal(reply.status, 409);
    ask_transfer(bank, "k3", "P1", "COLLECT", 1, 0, &reply);
    assert_int_equal(reply.status, 404); // money leaves by the pool's account alone
    send_from_pool(bank, "k4", "POOL", "V1", 1, &reply);
    assert_int_equal(reply.status, 404); // not a share
    mock_bank_close(bank);
}

/* ---- the meter ---- */

static void meter_tells_the_busiest_window(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.meter_per_s = 10, .meter_burst = 3});
    struct mock_reply reply;
    struct mock_meter meter;
    for (uint64_t i = 0; i < 20; i++) // ten a second: never more than one beyond
        ask_get(bank, "/accounts/V1/balance", i * NS_PER_S / 10, &reply);
    mock_bank_meter(bank, &meter);
    assert_int_equal(meter.most, 1);
    for (int i = 0; i < 3; i++)
        ask_get(bank, "/accounts/V1/balance", 10 * NS_PER_S, &reply);
    mock_bank_meter(bank, &meter);
    assert_int_equal(meter.most, 3);
    assert_int_equal(meter.over, 0);
    ask_get(bank, "/accounts/V1/balance", 10 * NS_PER_S + NS_PER_S / 10 - 1, &reply);
    mock_bank_meter(bank, &meter);
    assert_int_equal(meter.most, 4); // a nanosecond early, rounded up
    assert_int_equal(meter.over, 1);
    assert_int_equal(meter.calls, 24);
    assert_int_equal(meter.per_s, 10);
    assert_int_equal(meter.burst, 3);
    mock_bank_close(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pending_transfer_is_202_and_pending_until_it_is_done),
        cmocka_unit_test(pending_transfer_may_fail_without_moving_money),
        cmocka_unit_test(reversed_transfer_was_done_first_and_its_money_comes_back),
        cmocka_unit_test(money_that_was_spent_does_not_come_back),
        cmocka_unit_test(refused_transfer_that_is_forgotten_is_decided_anew),
        cmocka_unit_test(key_beyond_its_lifetime_pays_again),
        cmocka_unit_test(lagging_inquiry_does_not_find_what_is_new),
        cmocka_unit_test(repeat_of_what_is_done_is_refused_by_409_or_403),
        cmocka_unit_test(wrong_answer_lies_about_one_thing),
        cmocka_unit_test(swapped_answer_is_about_somebody_else),
        cmocka_unit_test(fee_is_taken_from_who_pays_and_said),
        cmocka_unit_test(fee_account_pays_for_all),
        cmocka_unit_test(poll_of_a_share_shows_what_is_left_and_what_came),
        cmocka_unit_test(bank_protects_the_pool_and_no_share_of_it),
        cmocka_unit_test(meter_tells_the_busiest_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
