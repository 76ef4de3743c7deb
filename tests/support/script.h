/*
 * script: what the bank and the store do in a scenario, call by call, and what they were asked.
 */
#ifndef DAYBOOK_TESTS_SUPPORT_SCRIPT_H
#define DAYBOOK_TESTS_SUPPORT_SCRIPT_H

#include "payday.h"

#define SCRIPT_CALLS_MAX 100000

struct script_call {
    uint8_t call_kind;
    uint8_t step; /* 0: balance */
    uint16_t generation;
    char account[ACCOUNT_TEXT_MAX + 1];
};

struct script {
    /* nth: of this kind for this account, from 1. NULL: all good. */
    struct call_plan (*call)(struct script *script, const struct bank_call *call, uint32_t nth);
    /* nth: chunk over the whole payday, from 1. NULL: all good. */
    enum chunk_fate (*chunk)(struct script *script, const struct chunk *chunk, uint32_t nth);
    /* NULL: as drawn. */
    void (*arrange)(struct workload *workload);
    uint32_t call_count;
    struct script_call calls[SCRIPT_CALLS_MAX];
};

static inline struct call_plan script_on_call(void *context, const struct bank_call *call,
                                              uint32_t nth)
{
    struct script *script = context;
    assert_true(script->call_count < SCRIPT_CALLS_MAX);
    struct script_call *noted = &script->calls[script->call_count++];
    *noted = (struct script_call){.call_kind = call->call_kind};
    if (call->order != NULL) {
        noted->step = call->order->step;
        noted->generation = call->order->generation;
    }
    snprintf(noted->account, sizeof(noted->account), "%s", call->parties->virtual_account);
    if (script->call == NULL)
        return (struct call_plan){.fate = FATE_GOOD};
    return script->call(script, call, nth);
}

static inline enum chunk_fate script_on_chunk(void *context, const struct chunk *chunk,
                                              uint32_t nth)
{
    struct script *script = context;
    return script->chunk == NULL ? CHUNK_GOOD : script->chunk(script, chunk, nth);
}

static inline void script_on_arrange(void *context, struct workload *workload)
{
    struct script *script = context;
    if (script->arrange != NULL)
        script->arrange(workload);
}

/* A payday of these accounts by the script; the plan's other settings are a good world's. */
static inline struct sim_plan script_plan(struct script *script, uint32_t accounts)
{
    struct sim_plan plan = payday_plan(1, accounts);
    plan.context = script;
    plan.arrange = script_on_arrange;
    plan.decide_call = script_on_call;
    plan.decide_chunk = script_on_chunk;
    return plan;
}

/* How often this was asked; step 0: any. */
static inline uint32_t script_count(const struct script *script, enum call_kind call_kind,
                                    uint8_t step)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < script->call_count; i++)
        count +=
            script->calls[i].call_kind == call_kind && (step == 0 || script->calls[i].step == step);
    return count;
}

/* The first such call's place in the order of all, UINT32_MAX: none. */
static inline uint32_t script_first(const struct script *script, enum call_kind call_kind,
                                    uint8_t step)
{
    for (uint32_t i = 0; i < script->call_count; i++)
        if (script->calls[i].call_kind == call_kind && script->calls[i].step == step)
            return i;
    return UINT32_MAX;
}

static inline bool script_is(const struct bank_call *call, enum call_kind call_kind, uint8_t step)
{
    return call->call_kind == call_kind && call->order != NULL && call->order->step == step;
}

#endif
