/*
 * A payday of 60 accounts whose engine dies at every moment in turn: after every event taken and
 * after every command carried out. Once in a good world, once with every kind of fault but engines
 * that stand still and a second month, which many seeds have and which make a payday long. With
 * sanitizers, which make it ten times as long, at one moment of PAYDAY_SHARE.
 */
#include "payday.h"

static void dies_at_every_moment(void **state, struct sim_plan plan)
{
    uint64_t moments = payday_run(state, &plan).moments;
    assert_true(moments > 200);
    for (uint64_t at = 1; at <= moments; at += PAYDAY_SHARE) {
        plan.crashes = &at;
        plan.crash_count = 1;
        struct sim_result result = payday_run(state, &plan);
        assert_int_equal(result.last_run_transfers, 0);
    }
}

static void a_payday_survives_a_crash_at_every_moment(void **state)
{
    struct sim_plan plan = payday_plan(60, 60);
    struct sim_result result = payday_run(state, &plan);
    assert_int_equal(result.end.settled, 60);
    dies_at_every_moment(state, plan);
}

static void a_payday_with_faults_survives_a_crash_at_every_moment(void **state)
{
    struct sim_plan plan = payday_plan(61, 60);
    swarm_draw(&plan.swarm, plan.accounts, plan.seed);
    plan.swarm.months = 1;
    plan.swarm.process_freeze = 0;
    dies_at_every_moment(state, plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payday_survives_a_crash_at_every_moment),
        cmocka_unit_test(a_payday_with_faults_survives_a_crash_at_every_moment),
    };
    return cmocka_run_group_tests(tests, payday_open, payday_close);
}
