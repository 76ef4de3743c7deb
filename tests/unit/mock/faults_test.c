#include "ask.h"

#include "base/prng.h"

#define ALWAYS 1000000

struct fault_case {
    struct mock_settings settings;
    const char *fault;
    enum mock_decision decision;
    uint16_t status;
    bool is_done;
};

static void check_transfer(const struct fault_case *row)
{
    struct mock_bank *bank = ask_open(&row->settings);
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 100, 0, &reply);
    assert_int_equal(reply.decision, row->decision);
    assert_int_equal(reply.status, row->status);
    assert_string_equal(reply.fault, row->fault);
    assert_int_equal(reply.effect, row->is_done ? MOCK_EFFECT_ACCEPTED : MOCK_EFFECT_NONE);
    assert_int_equal(ask_book(bank, "V1"), row->is_done ? 99900 : 100000);
    assert_int_equal(mock_bank_transfer_count(bank), row->is_done ? 1 : 0);
    mock_bank_close(bank);
}

static void each_fault_does_what_its_name_says(void **state)
{
    (void)state;
    static const struct fault_case rows[] = {
        {{.faults.lost_after = ALWAYS}, "lost_after", MOCK_RESET, 0, true},
        {{.faults.error_before = ALWAYS}, "error_before", MOCK_ANSWER, 500, false},
        {{.faults.error_after = ALWAYS}, "error_after", MOCK_ANSWER, 500, true},
        {{.faults.reset_before = ALWAYS}, "reset_before", MOCK_RESET, 0, false},
        {{.faults.throttle = ALWAYS}, "throttle", MOCK_ANSWER, 429, false},
        {{0}, "", MOCK_ANSWER, 200, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_transfer(&rows[i]);
}

static void key_is_answered_rightly_after_every_fault(void **state)
{
    (void)state;
    // Half of all transfers are struck by something; each is repeated until it is answered.
    const struct mock_settings settings = {
        .late_ns = 50,
        .faults = {.lost_after = 100000,
                   .error_before = 100000,
                   .error_after = 100000,
                   .reset_before = 100000,
                   .hang = 100000,
                   .late_accept = 100000,
                   .throttle = 100000},
    };
    struct mock_bank *bank = ask_open(&settings);
    uint64_t now_ns = 0;
    uint32_t sends = 0;
    for (int i = 0; i < 500; i++) {
        char key[16];
        struct mock_reply reply = {.status = 0};
        (void)snprintf(key, sizeof key, "k%d", i);
        for (int tries = 0; reply.status != 200; tries++, sends++) {
            assert_true(tries < 50);
            now_ns += 10;
            ask_transfer(bank, key, "V1", "COLLECT", 100, now_ns, &reply);
        }
        assert_non_null(strstr(reply.answer, key));
    }
    mock_bank_advance(bank, now_ns + 1000);
    assert_int_equal(mock_bank_transfer_count(bank), 500);
    assert_int_equal(ask_book(bank, "COLLECT"), 50000);
    assert_true(sends > 700);
    mock_bank_close(bank);
}

static void hang_is_done_or_not_at_even_chance(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.faults.hang = ALWAYS});
    for (int i = 0; i < 400; i++) {
        char key[16];
        struct mock_reply reply;
        (void)snprintf(key, sizeof key, "k%d", i);
        ask_transfer(bank, key, "V1", "COLLECT", 1, 0, &reply);
        assert_int_equal(reply.decision, MOCK_SILENCE);
    }
    assert_in_range(mock_bank_transfer_count(bank), 150, 250);
    assert_int_equal(ask_book(bank, "COLLECT"), mock_bank_transfer_count(bank));
    mock_bank_close(bank);
}

static void reads_know_throttle_and_hang_alone(void **state)
{
    (void)state;
    struct mock_reply reply;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.faults = {.lost_after = ALWAYS,
                                                                         .error_before = ALWAYS,
                                                                         .error_after = ALWAYS,
                                                                         .reset_before = ALWAYS,
                                                                         .late_accept = ALWAYS}});
    ask_get(bank, "/accounts/V1/balance", 0, &reply);
    assert_int_equal(reply.status, 200);
    mock_bank_close(bank);
    bank = ask_open(&(struct mock_settings){.faults.throttle = ALWAYS});
    ask_get(bank, "/accounts/V1/balance", 0, &reply);
    assert_int_equal(reply.status, 429);
    assert_non_null(strstr(reply.answer, "\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(reply.answer, "\"type\":\"rate_limited_error\""));
    assert_non_null(strstr(reply.answer, "\"retry_after\":1}"));
    mock_bank_close(bank);
    bank = ask_open(&(struct mock_settings){.faults.hang = ALWAYS});
    ask_get(bank, "/payouts?idempotency_key=k", 0, &reply);
    assert_int_equal(reply.decision, MOCK_SILENCE);
    mock_bank_close(bank);
}

static void slow_answers_take_longer_and_are_right(void **state)
{
    (void)state;
    struct mock_reply reply;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.latency_ns = 5, .slow_ns = 100, .faults.slow = ALWAYS});
    ask_get(bank, "/accounts/V1/balance", 7, &reply);
    assert_int_equal(reply.at_ns, 112);
    assert_int_equal(reply.status, 200);
    mock_bank_close(bank);
}

/* ---- late accepts ---- */

static const struct mock_settings late_settings = {.late_ns = 100, .faults.late_accept = ALWAYS};

static void late_accept_is_not_found_until_it_is_done(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&late_settings);
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 100, 7, &reply);
    assert_true(reply.decision == MOCK_SILENCE || reply.status == 504);
    assert_int_equal(reply.effect, MOCK_EFFECT_LATE);
    assert_int_equal(mock_bank_next_at(bank), 107);
    assert_string_equal(ask_status(bank, "/account_transfers", "k", 106), "");
    assert_int_equal(ask_book(bank, "V1"), 100000);
    assert_int_equal(mock_bank_transfer_count(bank), 0);
    assert_string_equal(ask_status(bank, "/account_transfers", "k", 107), "complete");
    assert_int_equal(ask_book(bank, "V1"), 99900);
    assert_int_equal(mock_bank_transfer(bank, 0)->done_at_ns, 107);
    assert_true(mock_bank_next_at(bank) == AT_NEVER);
    mock_bank_close(bank);
}

static void late_accept_that_is_repeated_is_one_transfer(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&late_settings);
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 100, 0, &reply);
    ask_transfer(bank, "k", "V1", "COLLECT", 100, 50, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.effect, MOCK_EFFECT_ACCEPTED);
    assert_string_equal(reply.fault, "");
    assert_true(mock_bank_next_at(bank) == AT_NEVER);
    mock_bank_advance(bank, 1000);
    assert_int_equal(mock_bank_transfer_count(bank), 1);
    assert_int_equal(ask_book(bank, "COLLECT"), 100);
    mock_bank_close(bank);
}

static void late_accept_keeps_its_key_from_others(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&late_settings);
    struct mock_reply reply;
    ask_transfer(bank, "k", "V1", "COLLECT", 100, 0, &reply);
    ask_transfer(bank, "k", "V1", "COLLECT", 101, 50, &reply);
    assert_int_equal(reply.status, 409);
    mock_bank_advance(bank, 1000);
    assert_int_equal(ask_book(bank, "COLLECT"), 100);
    mock_bank_close(bank);
}

static void late_accept_is_refused_when_the_money_is_gone_by_then(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&late_settings);
    struct mock_reply reply;
    ask_transfer(bank, "k1", "V1", "COLLECT", 60000, 0, &reply);
    ask_transfer(bank, "k2", "V1", "COLLECT", 60000, 1, &reply);
    mock_bank_advance(bank, 1000);
    assert_string_equal(ask_status(bank, "/account_transfers", "k1", 1000), "complete");
    assert_string_equal(ask_status(bank, "/account_transfers", "k2", 1000), "rejected");
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
}

static void late_accepts_are_silent_or_504_by_the_seed(void **state)
{
    (void)state;
    uint32_t silent = 0;
    struct mock_bank *bank = ask_open(&late_settings);
    for (int i = 0; i < 200; i++) {
        char key[16];
        struct mock_reply reply;
        (void)snprintf(key, sizeof key, "k%d", i);
        ask_transfer(bank, key, "V1", "COLLECT", 1, 0, &reply);
        silent += reply.decision == MOCK_SILENCE;
    }
    assert_in_range(silent, 60, 140);
    mock_bank_close(bank);
}

/* ---- the limit on calls ---- */

static void calls_over_the_limit_get_429_and_are_counted(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){.rate_per_s = 1, .burst = 2});
    struct mock_reply reply;
    uint64_t over_limit;
    for (int i = 0; i < 2; i++) {
        ask_get(bank, "/accounts/V1/balance", 0, &reply);
        assert_int_equal(reply.status, 200);
    }
    ask_transfer(bank, "k", "V1", "COLLECT", 1, 0, &reply);
    assert_int_equal(reply.status, 429);
    assert_non_null(strstr(reply.answer, "Retry-After: 1\r\n"));
    assert_string_equal(reply.what, "over limit");
    assert_int_equal(mock_bank_calls(bank, &over_limit), 3);
    assert_int_equal(over_limit, 1);
    assert_int_equal(mock_bank_transfer_count(bank), 0);
    ask_transfer(bank, "k", "V1", "COLLECT", 1, NS_PER_S, &reply);
    assert_int_equal(reply.status, 200);
    mock_bank_close(bank);
}

/* ---- the seed decides ---- */

static const struct mock_settings mixed = {
    .seed = 11,
    .latency_ns = 10,
    .latency_spread_ns = 1000,
    .late_ns = 500,
    .slow_ns = 99,
    .faults = {.lost_after = 90000,
               .error_before = 90000,
               .error_after = 90000,
               .reset_before = 90000,
               .hang = 90000,
               .late_accept = 90000,
               .throttle = 90000,
               .slow = 90000},
};

/* FNV-1a over all that 2,000 calls bring out of the bank. */
static uint64_t life(const struct mock_settings *settings)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    struct mock_bank *bank = ask_open(settings);
    struct prng prng = prng_split(1, "calls");
    for (uint64_t now_ns = 0; now_ns < 2000; now_ns++) {
        char key[16];
        struct mock_reply reply;
        (void)snprintf(key, sizeof key, "k%u", (unsigned)prng_below(&prng, 300));
        ask_transfer(bank, key, "V1", "V2", 3, now_ns, &reply);
        uint64_t words[] = {(uint64_t)reply.decision, reply.at_ns, reply.status,
                            (uint64_t)reply.effect, reply.transfer_id};
        for (size_t i = 0; i < sizeof words; i++)
            hash = (hash ^ ((const uint8_t *)words)[i]) * UINT64_C(0x100000001b3);
        for (uint32_t i = 0; i < reply.bytes; i++)
            hash = (hash ^ (uint8_t)reply.answer[i]) * UINT64_C(0x100000001b3);
    }
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
    return hash;
}

static void same_seed_and_requests_give_the_same_replies(void **state)
{
    (void)state;
    struct mock_settings other = mixed;
    other.seed = 12;
    assert_true(life(&mixed) == life(&mixed));
    assert_true(life(&mixed) != life(&other));
}

static void one_fault_does_not_reshuffle_another(void **state)
{
    (void)state;
    struct mock_settings without = {.seed = 5, .faults.error_before = 300000};
    struct mock_settings with = without;
    with.faults.slow = 500000;
    with.faults.hang = 1;
    with.slow_ns = 7;
    struct mock_bank *a = ask_open(&without), *b = ask_open(&with);
    for (int i = 0; i < 300; i++) {
        char key[16];
        struct mock_reply reply_a, reply_b;
        (void)snprintf(key, sizeof key, "k%d", i);
        ask_transfer(a, key, "V1", "V2", 1, 0, &reply_a);
        ask_transfer(b, key, "V1", "V2", 1, 0, &reply_b);
        assert_int_equal(reply_a.status, reply_b.status);
    }
    mock_bank_close(a);
    mock_bank_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_does_what_its_name_says),
        cmocka_unit_test(key_is_answered_rightly_after_every_fault),
        cmocka_unit_test(hang_is_done_or_not_at_even_chance),
        cmocka_unit_test(reads_know_throttle_and_hang_alone),
        cmocka_unit_test(slow_answers_take_longer_and_are_right),
        cmocka_unit_test(late_accept_is_not_found_until_it_is_done),
        cmocka_unit_test(late_accept_that_is_repeated_is_one_transfer),
        cmocka_unit_test(late_accept_keeps_its_key_from_others),
        cmocka_unit_test(late_accept_is_refused_when_the_money_is_gone_by_then),
        cmocka_unit_test(late_accepts_are_silent_or_504_by_the_seed),
        cmocka_unit_test(calls_over_the_limit_get_429_and_are_counted),
        cmocka_unit_test(same_seed_and_requests_give_the_same_replies),
        cmocka_unit_test(one_fault_does_not_reshuffle_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
