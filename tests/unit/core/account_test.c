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

static struct settlement after(uint8_t done_steps)
{
    struct settlement s = usual;
    s.done_steps = done_steps;
    return s;
}

#define DEPOSITED (1U << STEP_DEPOSIT)
#define COLLECTED (DEPOSITED | 1U << STEP_COLLECT)
#define HELD (COLLECTED | 1U << STEP_HOLD)
#define PAID (HELD | 1U << STEP_PAYOUT)

static void what_is_left_after_each_step_and_at_the_end(void **state)
{
    (void)state;
    const struct settlement deposited = after(DEPOSITED), collected = after(COLLECTED);
    const struct settlement held = after(HELD), paid = after(PAID);
    assert_int_equal(account_left(&deposited, false), 1048);
    assert_int_equal(account_left(&collected, true), 748);
    assert_int_equal(account_left(&held, false), 748);
    assert_int_equal(account_left(&held, true), 698);
    assert_int_equal(account_held(&deposited, false), 24);
    assert_int_equal(account_held(&paid, false), 74);
    assert_int_equal(account_held(&paid, true), 24);
    assert_int_equal(account_payable(&deposited), 1011);
    assert_int_equal(account_payable(&held), 661);
    assert_int_equal(account_payable(&paid), 0);
    // Held and residue are what the payout leaves.
    assert_int_equal(account_shown(&paid, POOL_NONE, false), 748 - 661);
    assert_int_equal(account_shown(&paid, POOL_AVAILABLE, true), 698 - 661);
    assert_int_equal(account_shown(&paid, POOL_RECEIVED, false), 5017);
}

static void what_was_held_before_and_is_given_back_is_paid_out(void **state)
{
    (void)state;
    struct settlement s = after(HELD);
    s.unheld_minor = 24;
    assert_int_equal(account_step_amount(&s, STEP_PAYOUT), 685);
    assert_int_equal(account_payable(&s), 685);
    assert_int_equal(account_held(&s, false), 50);
    assert_int_equal(account_left(&s, false), 748);
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
        cmocka_unit_test(what_is_left_after_each_step_and_at_the_end),
        cmocka_unit_test(what_was_held_before_and_is_given_back_is_paid_out),
        cmocka_unit_test(a_step_that_moves_nothing_has_no_amount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
