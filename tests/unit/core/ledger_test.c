#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "hex.h"

#include "core/ledger.h"

static void each_step_posts_the_lines_of_the_plan(void **state)
{
    (void)state;
    static const struct {
        enum step_kind step;
        bool by_transfer;
        uint32_t count;
        struct ledger_line lines[LEDGER_LINES_MAX];
    } rows[] = {
        {STEP_DEPOSIT, false, 1, {{LEDGER_VIRTUAL, LEDGER_PAYABLE}}},
        {STEP_COLLECT,
         false,
         2,
         {{LEDGER_COLLECTION, LEDGER_VIRTUAL}, {LEDGER_PAYABLE, LEDGER_RECEIVABLE}}},
        {STEP_HOLD, false, 1, {{LEDGER_PAYABLE, LEDGER_HELD}}},
        {STEP_HOLD, true, 2, {{LEDGER_PAYABLE, LEDGER_HELD}, {LEDGER_SUSPENSE, LEDGER_VIRTUAL}}},
        {STEP_PAYOUT, false, 1, {{LEDGER_PAYABLE, LEDGER_VIRTUAL}}},
        {STEP_CLOSING, false, 1, {{LEDGER_VIRTUAL, LEDGER_RESIDUE}}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ledger_line lines[LEDGER_LINES_MAX];
        assert_int_equal(ledger_lines(rows[i].step, rows[i].by_transfer, lines), rows[i].count);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            assert_int_equal(lines[k].debit, rows[i].lines[k].debit);
            assert_int_equal(lines[k].credit, rows[i].lines[k].credit);
        }
    }
}

static void post(int64_t balances[LEDGER_RESIDUE + 1], enum step_kind step, bool by_transfer,
                 int64_t amount_minor)
{
    struct ledger_line lines[LEDGER_LINES_MAX];
    uint32_t count = ledger_lines(step, by_transfer, lines);
    for (uint32_t i = 0; i < count; i++) {
        balances[lines[i].debit] += amount_minor;
        balances[lines[i].credit] -= amount_minor;
    }
}

/* Debits positive. Design section 2: payable 0, virtual + suspense = held + residue. */
static void a_settled_account_ends_as_the_design_says(void **state)
{
    (void)state;
    for (int by_transfer = 0; by_transfer < 2; by_transfer++) {
        int64_t balances[LEDGER_RESIDUE + 1] = {0};
        post(balances, STEP_DEPOSIT, by_transfer, 1000);
        post(balances, STEP_COLLECT, by_transfer, 300);
        post(balances, STEP_HOLD, by_transfer, 50);
        post(balances, STEP_PAYOUT, by_transfer, 650);
        post(balances, STEP_CLOSING, by_transfer, 7);
        int64_t sum = 0;
        for (size_t i = 1; i <= LEDGER_RESIDUE; i++)
            sum += balances[i];
        assert_int_equal(sum, 0);
        assert_int_equal(balances[LEDGER_PAYABLE], 0);
        assert_int_equal(balances[LEDGER_RECEIVABLE], -300);
        assert_int_equal(balances[LEDGER_COLLECTION], 300);
        assert_int_equal(balances[LEDGER_HELD], -50);
        assert_int_equal(balances[LEDGER_RESIDUE], -7);
        assert_int_equal(balances[LEDGER_SUSPENSE], by_transfer ? 50 : 0);
        assert_int_equal(balances[LEDGER_VIRTUAL] + balances[LEDGER_SUSPENSE],
                         -balances[LEDGER_HELD] - balances[LEDGER_RESIDUE]);
    }
}

static const struct idem_key seed = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

/* Computed elsewhere, from the words of ledger.h. */
static void keys_are_the_documented_function(void **state)
{
    (void)state;
    static const struct {
        enum step_kind step;
        enum transfer_kind kind;
        uint16_t generation;
        const char *key;
    } rows[] = {
        {STEP_COLLECT, TRANSFER_NORMAL, 1, "db1631e3f4f518c0320e275b6c8ae4a4"},
        {STEP_PAYOUT, TRANSFER_NORMAL, 1, "732ee5a03a5701563bceb52c45ce3b7b"},
        {STEP_PAYOUT, TRANSFER_NORMAL, 258, "ed517db530415ae2f7b3e7597d3f4bc0"},
        {STEP_COLLECT, TRANSFER_UNDO, 1, "e29527196fd30ed4b730487c80b7a645"},
    };
    struct hash *hash = hash_open();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        // Twice: a pure function does not remember.
        for (int again = 0; again < 2; again++) {
            struct idem_key key =
                ledger_key(hash, &seed, rows[i].step, rows[i].kind, rows[i].generation);
            assert_hex(key.bytes, IDEM_KEY_BYTES, rows[i].key);
        }
    }
    hash_close(hash);
}

static void keys_differ_by_seed_step_kind_and_generation(void **state)
{
    (void)state;
    struct hash *hash = hash_open();
    static struct idem_key keys[2 * 5 * 2 * 100];
    uint32_t count = 0;
    for (uint8_t person = 0; person < 2; person++) {
        struct idem_key own = seed;
        own.bytes[15] = (uint8_t)(own.bytes[15] ^ person);
        for (enum step_kind step = STEP_DEPOSIT; step <= STEP_CLOSING; step++)
            for (enum transfer_kind kind = TRANSFER_NORMAL; kind <= TRANSFER_UNDO; kind++)
                for (uint16_t generation = 1; generation <= 100; generation++)
                    keys[count++] = ledger_key(hash, &own, step, kind, generation);
    }
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_true(memcmp(&keys[i], &keys[k], sizeof(keys[i])) != 0);
    hash_close(hash);
}

static void key_of_no_generation(void)
{
    struct hash *hash = hash_open();
    (void)ledger_key(hash, &seed, STEP_COLLECT, TRANSFER_NORMAL, 0);
    hash_close(hash);
}

static void there_is_no_generation_zero(void **state)
{
    (void)state;
    assert_aborts(key_of_no_generation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_posts_the_lines_of_the_plan),
        cmocka_unit_test(a_settled_account_ends_as_the_design_says),
        cmocka_unit_test(keys_are_the_documented_function),
        cmocka_unit_test(keys_differ_by_seed_step_kind_and_generation),
        cmocka_unit_test(there_is_no_generation_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
