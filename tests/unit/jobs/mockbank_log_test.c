#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/time.h"
#include "jobs/mockbank_log.h"

#define START_NS (UINT64_C(1700000000) * NS_PER_S)

static const char csv[] = "account,balance_minor,state,deposit_minor,arrives_after_ms\n"
                          "V1,100000,open,700,2\n"
                          "V2,50000,open,300,1\r\n"
                          "COLLECT,0,open\n"
                          "HALTED,10,stopped,,\n";

static void write_file(char name[32], const char *text)
{
    strcpy(name, "/tmp/mockbank-XXXXXX");
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void load(struct mockbank_accounts *accounts, const char *text)
{
    char name[32], error[MOCKBANK_ERROR_BYTES];
    write_file(name, text);
    if (!mockbank_accounts_load(accounts, name, error))
        fail_msg("%s", error);
    unlink(name);
}

static struct mock_bank *open_bank(const struct mockbank_accounts *accounts)
{
    const struct mock_settings settings = {
        .seed = 9,
        .late_ns = 40 * NS_PER_US,
        .accounts_max = accounts->account_count,
        .transfers_max = 4096,
        .settle_ns = 60 * NS_PER_US,
        .reverse_ns = 300 * NS_PER_US,
        .key_lifetime_ns = 3 * NS_PER_MS,
        .fee_minor = 3,
        .faults = {.lost_after = 50000,
                   .hang = 50000,
                   .error_after = 50000,
                   .late_accept = 100000,
                   .processing = 100000,
                   .fails_later = 50000,
                   .reversed = 50000,
                   .forget_refused = 300000,
                   .refuse_repeat = 100000,
                   .fee = 100000,
                   .surplus = 50000},
    };
    char error[MOCKBANK_ERROR_BYTES];
    struct mock_bank *bank = mock_bank_open(&settings);
    assert_non_null(bank);
    assert_true(mockbank_accounts_enter(accounts, bank, error));
    return bank;
}

static struct mockbank_log *open_log(const char *name)
{
    char error[MOCKBANK_ERROR_BYTES];
    struct mockbank_log *log = mockbank_log_open(name, error);
    assert_non_null(log);
    return log;
}

/* ---- accounts ---- */

static void accounts_and_deposits_are_read_in_order_of_arrival(void **state)
{
    (void)state;
    struct mockbank_accounts accounts;
    load(&accounts, csv);
    assert_int_equal(accounts.account_count, 4);
    assert_string_equal(accounts.accounts[1].account, "V2");
    assert_int_equal(accounts.accounts[1].balance_minor, 50000);
    assert_int_equal(accounts.accounts[3].state, MOCK_ACCOUNT_STOPPED);
    assert_int_equal(accounts.deposit_count, 2);
    assert_int_equal(accounts.deposits[0].account, 1);
    assert_int_equal(accounts.deposits[0].after_ns, NS_PER_MS);
    assert_int_equal(accounts.deposits[1].amount_minor, 700);
    mockbank_accounts_free(&accounts);
}

static void broken_accounts_are_refused_with_their_line(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "V1,1,open\nV2,-1,open\n",       "V1,1,open\nV2,1\n",
        "V1,1,open\nV2,1,asleep\n",      "V1,1,open\nV2,x,open\n",
        "V1,1,open\nV2,1,open,1.5\n",    "V1,1,open\nV2,1,open,1,1,1,1,1,1,1,1,1\n",
        "V1,1,open\n,1,open\n",          "V1,1,open\nV2,,open\n",
        "V1,1,open\nV2,1,open,1,soon\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mockbank_accounts accounts;
        char name[32], error[MOCKBANK_ERROR_BYTES];
        write_file(name, rows[i]);
        assert_false(mockbank_accounts_load(&accounts, name, error));
        assert_non_null(strstr(error, ":2: "));
        mockbank_accounts_free(&accounts);
        unlink(name);
    }
}

/* ---- the log ---- */

/* One call, its receipt, and the receipts of what fell due before it. */
static void call(struct mock_bank *bank, struct mockbank_log *log, uint64_t now_ns, uint32_t key)
{
    char body[256], bytes[MOCK_REQUEST_MAX];
    struct mock_reply reply;
    int body_bytes = snprintf(
        body, sizeof body,
        "{\"account_id\":\"V%u\",\"destination\":{\"bank\":\"a\\\\b\",\"account_number\":\"%s\","
        "\"holder_name\":\"\xea\xb9\x80\"},\"amount\":%u,\"currency\":\"KRW\"}\t",
        1 + key % 2, key % 7 == 0 ? "HALTED" : "110-1", 1 + key % 400);
    int count = snprintf(bytes, sizeof bytes,
                         "POST /payouts HTTP/1.1\r\nIdempotency-Key: key-%u\r\n"
                         "Content-Length: %d\r\n\r\n%s",
                         key, body_bytes, body);
    uint32_t before = mock_bank_transfer_count(bank);
    uint32_t reversed = mock_bank_reversal_count(bank);
    mock_bank_advance(bank, now_ns);
    for (; before < mock_bank_transfer_count(bank); before++)
        mockbank_log_late(log, mock_bank_transfer(bank, before));
    for (; reversed < mock_bank_reversal_count(bank); reversed++)
        mockbank_log_reversal(log, mock_bank_reversal(bank, reversed));
    assert_int_equal(mock_bank_request(bank, bytes, (size_t)count, now_ns, &reply), count);
    mockbank_log_call(log, now_ns, 1, &reply);
}

/* A life of 1,500 calls over 900 keys, with money arriving in the middle. */
static struct mock_bank *live(const struct mockbank_accounts *accounts, const char *name)
{
    struct mockbank_log *log = open_log(name);
    struct mock_bank *bank = open_bank(accounts);
    struct prng prng = prng_split(1, "log test");
    uint64_t now_ns = START_NS;
    mockbank_log_start(log, now_ns, accounts);
    for (int i = 0; i < 1500; i++) {
        now_ns += prng_below(&prng, 10) * NS_PER_US;
        call(bank, log, now_ns, (uint32_t)prng_below(&prng, 900));
        if (i == 700) {
            assert_true(mock_bank_deposit(bank, "V1", 700));
            mockbank_log_deposit(log, now_ns, "V1", 700);
        }
        if (i % 100 == 99)
            assert_true(mockbank_log_flush(log));
    }
    mockbank_log_close(log);
    return bank;
}

static bool replay(const struct mockbank_accounts *accounts, const char *name,
                   struct mock_bank **bank, struct mockbank_past *past,
                   char error[MOCKBANK_ERROR_BYTES])
{
    struct mockbank_log *log = open_log(name);
    *bank = open_bank(accounts);
    bool is_good =
        mockbank_log_past(log, past, error) && mockbank_log_replay(log, *bank, past, error);
    mockbank_log_close(log);
    return is_good;
}

static void check_same_books(const struct mock_bank *a, const struct mock_bank *b)
{
    assert_int_equal(mock_bank_transfer_count(a), mock_bank_transfer_count(b));
    for (uint32_t i = 0; i < mock_bank_transfer_count(a); i++) {
        const struct mock_transfer *x = mock_bank_transfer(a, i), *y = mock_bank_transfer(b, i);
        assert_string_equal(x->key, y->key);
        assert_string_equal(x->from, y->from);
        assert_string_equal(x->to, y->to);
        assert_int_equal(x->amount_minor, y->amount_minor);
        assert_int_equal(x->refusal, y->refusal);
        assert_int_equal(x->done_at_ns, y->done_at_ns);
        assert_int_equal(x->fee_minor, y->fee_minor);
        assert_int_equal(x->reversed_at_ns, y->reversed_at_ns);
    }
    assert_int_equal(mock_bank_reversal_count(a), mock_bank_reversal_count(b));
    assert_int_equal(mock_bank_fees(a), mock_bank_fees(b));
    for (uint32_t i = 0; i < mock_bank_account_count(a); i++) {
        int64_t x_minor, y_minor;
        enum mock_account_state x_state, y_state;
        (void)mock_bank_account_at(a, i, &x_minor, &x_state);
        (void)mock_bank_account_at(b, i, &y_minor, &y_state);
        assert_int_equal(x_minor, y_minor);
    }
    assert_int_equal(mock_bank_outside(a), mock_bank_outside(b));
}

static void log_that_is_replayed_gives_the_same_book(void **state)
{
    (void)state;
    struct mockbank_accounts accounts;
    struct mockbank_past past;
    struct mock_bank *again;
    char name[32], error[MOCKBANK_ERROR_BYTES];
    load(&accounts, csv);
    write_file(name, "");
    struct mock_bank *bank = live(&accounts, name);
    assert_in_range(mock_bank_transfer_count(bank), 500, 1200);
    assert_in_range(mock_bank_reversal_count(bank), 10, 100);
    assert_true(mock_bank_fees(bank) > 100);
    if (!replay(&accounts, name, &again, &past, error))
        fail_msg("%s", error);
    check_same_books(bank, again);
    assert_int_equal(past.starts, 1);
    assert_int_equal(past.deposits, 1);
    assert_int_equal(past.first_at_ns, START_NS);
    assert_true(past.last_at_ns > START_NS);
    // what was late at the end of the first life is done in the second, at its time
    assert_true(mock_bank_next_at(bank) == mock_bank_next_at(again));
    mock_bank_advance(bank, past.last_at_ns + NS_PER_S);
    mock_bank_advance(again, past.last_at_ns + NS_PER_S);
    check_same_books(bank, again);
    mock_bank_close(bank);
    mock_bank_close(again);
    mockbank_accounts_free(&accounts);
    unlink(name);
}

static void line_that_a_kill_cut_short_is_cut_off(void **state)
{
    (void)state;
    struct mockbank_accounts accounts;
    struct mockbank_past past;
    struct prng prng = prng_split(4, "cuts");
    char name[32], error[MOCKBANK_ERROR_BYTES];
    load(&accounts, csv);
    write_file(name, "");
    mock_bank_close(live(&accounts, name));
    FILE *stream = fopen(name, "r");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    long bytes = ftell(stream);
    fclose(stream);
    uint32_t transfers = UINT32_MAX;
    for (int i = 0; i < 40; i++) {
        struct mock_bank *again;
        bytes -= 1 + (long)prng_below(&prng, (uint64_t)bytes / 20);
        assert_int_equal(truncate(name, bytes), 0);
        if (!replay(&accounts, name, &again, &past, error))
            fail_msg("cut at %ld: %s", bytes, error);
        assert_true(mock_bank_transfer_count(again) <= transfers);
        transfers = mock_bank_transfer_count(again);
        mock_bank_close(again);
    }
    assert_in_range(transfers, 1, 700);
    mockbank_accounts_free(&accounts);
    unlink(name);
}

static void log_of_other_accounts_is_refused(void **state)
{
    (void)state;
    struct mockbank_accounts accounts, others;
    struct mockbank_past past;
    struct mock_bank *again;
    char name[32], error[MOCKBANK_ERROR_BYTES];
    load(&accounts, csv);
    load(&others, "V1,100001,open\nV2,50000,open\nCOLLECT,0,open\nHALTED,10,stopped\n");
    write_file(name, "");
    mock_bank_close(live(&accounts, name));
    assert_false(replay(&others, name, &again, &past, error));
    assert_non_null(strstr(error, ":1: began with other accounts"));
    mock_bank_close(again);
    mockbank_accounts_free(&accounts);
    mockbank_accounts_free(&others);
    unlink(name);
}

static void file_that_is_no_log_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "key,from,to\n",
        "call\t1\t1\n",
        "call\tx\t1\tk\tPOST /payouts\tanswer\t200\taccepted\t\taccepted\t1\t\t{}\n",
        "call\t1\t1\tk\tPOST /payouts\tanswer\t200\taccepted\t\taccepted\t1\t\t{}\n",
        "call\t1\t1\tk\tPOST /payouts\tanswer\t200\taccepted\t\taccepted\t1\t\t\\x2\n",
        "late\t1\tk\taccepted\t1\t\n",
        "deposit\t1\tnobody\t5\n",
        "deposit\t1\tV1\t-5\n",
        "other\t1\t5\n",
    };
    struct mockbank_accounts accounts;
    load(&accounts, csv);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mockbank_past past;
        struct mock_bank *again;
        char name[32], error[MOCKBANK_ERROR_BYTES];
        write_file(name, rows[i]);
        if (replay(&accounts, name, &again, &past, error))
            fail_msg("row %zu was accepted", i);
        assert_non_null(strstr(error, ":1: "));
        mock_bank_close(again);
        unlink(name);
    }
    mockbank_accounts_free(&accounts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_and_deposits_are_read_in_order_of_arrival),
        cmocka_unit_test(broken_accounts_are_refused_with_their_line),
        cmocka_unit_test(log_that_is_replayed_gives_the_same_book),
        cmocka_unit_test(line_that_a_kill_cut_short_is_cut_off),
        cmocka_unit_test(log_of_other_accounts_is_refused),
        cmocka_unit_test(file_that_is_no_log_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
