/*
 * script: what the bank and the store do in a scenario, call by call, and what they were asked.
 */
#ifndef DAYBOOK_TESTS_SUPPORT_SCRIPT_H
#define DAYBOOK_TESTS_SUPPORT_SCRIPT_H

#include "payday.h"
#include "sim/people.h"

#define SCRIPT_CALLS_MAX 100000

struct script_call {
    uint8_t call_kind;
    uint8_t step; /* 0: balance */
    uint8_t kind;
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
    /* See sim/loop.h. NULL: nobody asks for anything. */
    bool (*persons)(struct script *script, struct payday *payday, uint32_t month,
                    enum sim_look look);
    uint32_t looks;   /* for persons to count */
    uint64_t asked;   /* the id of what they asked for */
    uint8_t decision; /* … and what became of it, in the end */
    uint8_t kind;     /* what they are to ask for */
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
        noted->kind = call->order->kind;
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

static inline bool script_on_persons(void *context, struct payday *payday, uint32_t month,
                                     enum sim_look look)
{
    struct script *script = context;
    if (look == LOOK_END && script->asked != 0)
        script->decision = people_decision(payday, script->asked);
    return script->persons(script, payday, month, look);
}

/* Asks for something about a settlement, and nothing more. */
static inline uint64_t script_ask(struct payday *payday, uint32_t account, uint64_t after,
                                  enum request_kind kind)
{
    return people_file(payday, account, after, &(struct load_request){.kind = (uint8_t)kind});
}

/* Says this of the newest transfer of the settlement, as it is seen now. 0: there is none. */
static inline uint64_t script_say(struct payday *payday, uint32_t account, uint8_t kind,
                                  const char *bank_ref)
{
    struct load_row row;
    people_see(payday, account, &row);
    if (row.transfer.step == 0)
        return 0;
    struct load_request request = {.kind = kind,
                                   .step = row.transfer.step,
                                   .transfer_kind = row.transfer.kind,
                                   .generation = row.transfer.generation,
                                   .attempts = row.transfer.attempts};
    snprintf(request.bank_ref, sizeof(request.bank_ref), "%s", bank_ref);
    return people_file(payday, account, 0, &request);
}

/* A payday of these accounts by the script; the plan's other settings are a good world's. */
static inline struct sim_plan script_plan(struct script *script, uint32_t accounts)
{
    struct sim_plan plan = payday_plan(1, accounts);
    plan.context = script;
    plan.arrange = script_on_arrange;
    plan.decide_call = script_on_call;
    plan.decide_chunk = script_on_chunk;
    plan.persons = script->persons == NULL ? NULL : script_on_persons;
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

/* The same of one kind alone. */
static inline uint32_t script_count_kind(const struct script *script, uint8_t step, uint8_t kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < script->call_count; i++)
        count += script->calls[i].call_kind == CALL_TRANSFER && script->calls[i].step == step &&
                 script->calls[i].kind == kind;
    return count;
}

static inline void script_set(struct workload_account *account, int64_t repayment, int64_t hold,
                              int64_t wages)
{
    account->repayment_minor = repayment;
    account->hold_minor = hold;
    account->expected_minor = wages;
    account->deposits[0] = (struct workload_deposit){NS_PER_MS, wages};
    account->deposits[1] = (struct workload_deposit){AT_NEVER, 0};
}

static inline bool script_is(const struct bank_call *call, enum call_kind call_kind, uint8_t step)
{
    return call->call_kind == call_kind && call->order != NULL && call->order->step == step;
}

#endif
