/*
 * A payday of 1,000 accounts whose engine dies at 200 drawn moments: all in one payday, and spread
 * over eight paydays that differ in everything.
 */
#include "payday.h"

static void one_payday_survives_two_hundred_crashes(void **state)
{
    uint64_t crashes[200];
    struct sim_plan plan = payday_plan(1000, 1000);
    payday_draw_crashes(&plan, payday_run(state, &plan).moments, crashes, 200);
    struct sim_result result = payday_run(state, &plan);
    assert_true(result.crashes >= 190);
    assert_int_equal(result.end.settled, 1000);
}

static void eight_paydays_with_faults_survive_ten_crashes_each(void **state)
{
    for (uint64_t seed = 1; seed <= (PAYDAY_SHARE > 1 ? 2 : 8); seed++) {
        uint64_t crashes[10];
        struct sim_plan plan = payday_plan(seed, 1000);
        swarm_draw(&plan.swarm, plan.accounts, seed);
        plan.swarm.months = 1;
        payday_draw_crashes(&plan, payday_run(state, &plan).moments, crashes, 10);
        payday_run(state, &plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_payday_survives_two_hundred_crashes),
        cmocka_unit_test(eight_paydays_with_faults_survive_ten_crashes_each),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
