/*
 * expecting: a simulated payday on which deposits come in over two hours, each about the time at
 * which it was expected: how long each was there before it was found, where the plan says when it
 * is expected, and where it does not. For a test and for bench/expect.
 */
#ifndef DAYBOOK_TESTS_SUPPORT_EXPECTING_H
#define DAYBOOK_TESTS_SUPPORT_EXPECTING_H

#include <stdlib.h>

#include "base/prng.h"
#include "base/time.h"
#include "sim/loop.h"

#define EXPECTING_MINUTE_NS (60 * NS_PER_S)

struct expecting {
    uint64_t seed;
    uint32_t accounts;
    uint32_t rate_per_s;
    uint64_t poll_interval_ns;
    uint64_t over_ns;   /* expected at some time in so long, from half an hour on … */
    uint64_t around_ns; /* … and comes so much before or after */
    uint32_t late;      /* in a hundred: up to two hours late */
    uint32_t never;     /* … never */
    bool is_known;      /* the plan says when */

    /* how long each deposit was there before it was found, ascending */
    uint64_t *found_after_ns;
    uint32_t found;
    const struct workload *workload; /* the simulator's, while it runs */
    const char *wrong;               /* NULL: all went well */
    uint64_t polls;
};

static inline void expecting_arrange(void *context, struct workload *workload)
{
    struct expecting *e = context;
    struct prng prng = prng_split(e->seed, "expecting");
    for (uint32_t i = 0; i < workload->count; i++) {
        struct workload_account *account = &workload->accounts[i];
        struct workload_deposit *deposit = &account->deposits[0];
        // In the order of being expected, as an import places them.
        uint64_t expect_ns = 30 * EXPECTING_MINUTE_NS + e->over_ns * i / workload->count;
        uint64_t drawn = prng_below(&prng, 100);
        deposit->at_ns = expect_ns - e->around_ns + prng_below(&prng, 2 * e->around_ns + 1);
        if (drawn < e->late)
            deposit->at_ns = expect_ns + prng_below(&prng, 120 * EXPECTING_MINUTE_NS);
        else if (drawn < e->late + e->never)
            deposit->at_ns = AT_NEVER;
        account->has_expect_at = e->is_known;
        account->expect_after_ns = (int64_t)expect_ns;
    }
    e->workload = workload;
}

/* A deposit is found when its record is handed over. All comes about in the first run: what a later
   one finds is none of the deposits of that day. */
static inline enum chunk_fate expecting_on_chunk(void *context, const struct chunk *chunk,
                                                 uint32_t nth)
{
    struct expecting *e = context;
    (void)nth;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        if (record->record_kind != RECORD_OUTCOME || record->outcome.state != OUTCOME_DEPOSITED ||
            chunk->epoch != 1)
            continue;
        uint32_t index = workload_index(e->workload, record->settlement_id);
        uint64_t at_ns = e->workload->accounts[index].deposits[0].at_ns;
        uint64_t noticed_ns =
            (uint64_t)(record->outcome.at_us - e->workload->began_us[0]) * NS_PER_US;
        e->found_after_ns[e->found++] = noticed_ns > at_ns ? noticed_ns - at_ns : 0;
    }
    return CHUNK_GOOD;
}

static inline int expecting_order(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Runs it; e->found_after_ns is to be freed. */
static inline void expecting_run(struct sim *sim, struct expecting *e)
{
    static struct sim_result result;
    struct tape tape;
    struct sim_plan plan = {.seed = e->seed, .accounts = e->accounts};
    swarm_none(&plan.swarm);
    plan.swarm.rate_per_s = e->rate_per_s;
    plan.swarm.burst = 1;
    plan.swarm.poll_interval_ns = e->poll_interval_ns;
    plan.first_deadline_ns = 180 * EXPECTING_MINUTE_NS + e->over_ns;
    plan.arrange = expecting_arrange;
    plan.decide_chunk = expecting_on_chunk;
    plan.context = e;
    e->found = 0;
    e->found_after_ns = calloc(e->accounts, sizeof(*e->found_after_ns));
    sim_run(sim, &plan, &tape, &result);
    tape_deinit(&tape);
    e->wrong = result.verdict == SIM_GOOD ? NULL : result.text;
    e->polls = result.polls;
    qsort(e->found_after_ns, e->found, sizeof(*e->found_after_ns), expecting_order);
}

static inline uint64_t expecting_mean_ns(const struct expecting *e)
{
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < e->found; i++)
        sum_ns += e->found_after_ns[i];
    return e->found > 0 ? sum_ns / e->found : 0;
}

/* Of a hundred, so many were found at least as soon. */
static inline uint64_t expecting_percentile_ns(const struct expecting *e, uint32_t percent)
{
    return e->found > 0 ? e->found_after_ns[(uint64_t)(e->found - 1) * percent / 100] : 0;
}

#endif
