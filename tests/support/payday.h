/*
 * payday: what the simulation tests share: open the simulator, run a plan, see that it went well.
 */
#ifndef DAYBOOK_TESTS_SUPPORT_PAYDAY_H
#define DAYBOOK_TESTS_SUPPORT_PAYDAY_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
// clang-format on

#include "base/prng.h"
#include "base/time.h"
#include "sim/loop.h"

#define PAYDAY_PROFILE DAYBOOK_SOURCE_DIR "/ops/banks/rest-idempotency-key.yaml"

/* What a test of many paydays leaves out where each takes ten times as long. */
#ifdef __SANITIZE_ADDRESS__
#define PAYDAY_SHARE 6U
#else
#define PAYDAY_SHARE 1U
#endif

static inline int payday_open(void **state)
{
    char error[PROFILE_ERROR_BYTES];
    *state = sim_open(PAYDAY_PROFILE, error);
    if (*state == NULL)
        print_error("%s\n", error);
    return *state == NULL;
}

static inline int payday_close(void **state)
{
    sim_close(*state);
    return 0;
}

/* A plan over a good world. */
static inline struct sim_plan payday_plan(uint64_t seed, uint32_t accounts)
{
    struct sim_plan plan = {.seed = seed, .accounts = accounts};
    swarm_none(&plan.swarm);
    return plan;
}

/* Crashes spread over so many moments. */
static inline void payday_draw_crashes(struct sim_plan *plan, uint64_t moments, uint64_t *crashes,
                                       uint32_t count)
{
    struct prng prng = prng_split(plan->seed, "moments");
    uint64_t stride = moments / count;
    for (uint32_t i = 0; i < count; i++)
        crashes[i] = 1 + i * stride + prng_below(&prng, stride);
    plan->crashes = crashes;
    plan->crash_count = count;
}

/* Run it; it must go well. */
static inline struct sim_result payday_run(void **state, const struct sim_plan *plan)
{
    struct tape tape;
    struct sim_result result;
    sim_run(*state, plan, &tape, &result);
    tape_deinit(&tape);
    if (result.verdict != SIM_GOOD)
        fail_msg("seed %llu, %u accounts, first of %u crashes at %llu: %s",
                 (unsigned long long)plan->seed, plan->accounts, plan->crash_count,
                 plan->crash_count > 0 ? (unsigned long long)plan->crashes[0] : 0, result.text);
    return result;
}

#endif
