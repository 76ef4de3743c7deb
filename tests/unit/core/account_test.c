#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"

#include "base/money.h"
#include "core/account.h"

/* Repayment 300, hold 50; 7 held, 11 payable, 13 residue, opening 17; 1,000 came in. */
static const struct settlement usual = {.repayment_minor = 300,
                                        .hold_minor = 50,
                                        .floor_held_minor = 7,
                                        .floor_payable_minor = 11,
                                        .floor_residue_minor = 13,
                                        .opening_minor = 17,
                                        .floor_received_minor = 4000,
                                        .deposit_minor = 1000};

static void amounts_are_ours_up_to_the_greatest_of_either_sign(void **state)
{
    (void)state;
    assert_true(account_is_amount(AMOUNT_MAX));
    assert_true(account_is_amount(-AMOUNT_MAX));
    assert_false(account_is_amount(AMOUNT_MAX + 1));
    assert_false(account_is_amount(-AMOUNT_MAX - 1));
}

static void new_money_is_beyond_the_floor_or_beyond_all_that_came_in(void **state)
{
    (void)state;
    assert_int_equal(account_new_money(&usual, POOL_NONE, 1048), 1000);
    assert_int_equal(account_new_money(&usual, POOL_AVAILABLE, 1048), 1000);
    assert_int_equal(account_new_money(&usual, POOL_RECEIVED, 5017), 1000);
    assert_int_equal(account_new_money(&usual, POOL_NONE, 0), -48);
}

static void steps_move_what_the_plan_says_and_the_payout_what_is_left(void **state)
{
    (void)state;
    assert_int_equal(account_dues(&usual), 350);
    assert_int_equal(account_step_amount(&usual, STEP_COLLECT), 300);
    assert_int_equal(account_step_amount(&usual, STEP_HOLD), 50);
    assert_int_equal(account_step_amount(&usual, STEP_PAYOUT), 661);
    assert_true(account_is_transfer(STEP_COLLECT, false));
    assert_false(account_is_transfer(STEP_HOLD, false));
    assert_true(account_is_transfer(STEP_HOLD, true));
    assert_true(account_is_transfer(STEP_PAYOUT, true));
    assert_false(account_is_transfer(STEP_DEPOSIT, true));
}

static void what_is_left_before_each_step_and_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(account_left_before(&usual, STEP_COLLECT, false), 1048);
    assert_int_equal(account_left_before(&usual, STEP_HOLD, true), 748);
    assert_int_equal(account_left_before(&usual, STEP_PAYOUT, false), 748);
    assert_int_equal(account_left_before(&usual, STEP_PAYOUT, true), 698);
    assert_int_equal(account_held(&usual, false), 74);
    assert_int_equal(account_held(&usual, true), 24);
    // Held and residue are what the payout leaves.
    assert_int_equal(account_shown_at_end(&usual, POOL_NONE, false), 748 - 661);
    assert_int_equal(account_shown_at_end(&usual, POOL_AVAILABLE, true), 698 - 661);
    assert_int_equal(account_shown_at_end(&usual, POOL_RECEIVED, false), 5017);
}

static void amount_of_a_deposit(void)
{
    (void)account_step_amount(&usual, STEP_DEPOSIT);
}

static void a_step_that_moves_nothing_has_no_amount(void **state)
{
    (void)state;
    assert_aborts(amount_of_a_deposit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_ours_up_to_the_greatest_of_either_sign),
        cmocka_unit_test(new_money_is_beyond_the_floor_or_beyond_all_that_came_in),
        cmocka_unit_test(steps_move_what_the_plan_says_and_the_payout_what_is_left),
        cmocka_unit_test(what_is_left_before_each_step_and_at_the_end),
        cmocka_unit_test(a_step_that_moves_nothing_has_no_amount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
