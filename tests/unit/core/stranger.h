/*
 * stranger: a bank that draws what it does, and a core that is dropped and started again from what
 * it wrote. Follows harness.h.
 *
 * The bank keeps one truth a key: unknown, on its way, pending, done, rejected. What it does under
 * a key it does once; what it says about it may be lost, late or about the repeat alone.
 */
#ifndef DAYBOOK_TESTS_CORE_STRANGER_H
#define DAYBOOK_TESTS_CORE_STRANGER_H

#include "base/prng.h"

enum truth {
    TRUTH_LATE,     /* on its way */
    TRUTH_REPEATED, /* arrived when the bank had its key already */
    TRUTH_PENDING,
    TRUTH_DONE,
    TRUTH_REJECTED_LATER,
    TRUTH_REJECTED_PERSON,
};

#define TRUTHS_MAX 2000U

struct truth_of_key {
    struct idem_key key;
    enum truth truth;
    uint64_t lands_ns; /* LATE: when it becomes DONE */
    uint64_t known_ns; /* first heard of */
    uint32_t position;
    uint8_t step, kind;
    int64_t amount_minor;
};

static struct truth_of_key truths[TRUTHS_MAX];
static uint32_t truth_count;
static struct prng stranger_prng;

static inline bool chance(uint32_t percent)
{
    return prng_chance(&stranger_prng, percent, 100);
}

static inline void settle_truth(struct truth_of_key *t, enum truth truth)
{
    t->truth = truth;
    if (truth == TRUTH_DONE)
        account_at(t->position)->balance_minor +=
            t->kind == TRANSFER_UNDO ? t->amount_minor : -t->amount_minor;
}

/* What the bank has under the key at this instant, or NULL: it forgets after the key's lifetime. */
static inline struct truth_of_key *look_up(const struct idem_key *key, uint64_t lifetime_ns,
                                           uint64_t at_ns)
{
    for (uint32_t i = 0; i < truth_count; i++) {
        struct truth_of_key *t = &truths[i];
        if (t->truth != TRUTH_LATE && t->truth != TRUTH_REPEATED &&
            memcmp(&t->key, key, sizeof(*key)) == 0 && at_ns - t->known_ns < lifetime_ns)
            return t;
    }
    return NULL;
}

static inline struct truth_of_key *known(const struct seen *call)
{
    uint64_t lifetime_ns = world->config.banks[call->bank].key_lifetime_ns;
    for (uint32_t i = 0; i < truth_count; i++) {
        struct truth_of_key *t = &truths[i];
        if (t->truth != TRUTH_LATE || t->lands_ns > world->now_ns)
            continue;
        t->known_ns = t->lands_ns;
        bool is_repeat = look_up(&t->key, lifetime_ns, world->now_ns) != NULL;
        settle_truth(t, is_repeat ? TRUTH_REPEATED : TRUTH_DONE);
    }
    return look_up(&call->key, lifetime_ns, world->now_ns);
}

static inline struct truth_of_key *learn(const struct seen *call, enum truth truth)
{
    assert_true(truth_count < TRUTHS_MAX);
    struct truth_of_key *t = &truths[truth_count++];
    *t = (struct truth_of_key){.key = call->key,
                               .known_ns = world->now_ns,
                               .position = call->position,
                               .step = call->step,
                               .kind = call->kind,
                               .amount_minor = call->amount_minor};
    settle_truth(t, truth);
    return t;
}

static inline struct said shown(struct truth_of_key *t)
{
    if (t->truth == TRUTH_PENDING && chance(40))
        settle_truth(t, chance(80) ? TRUTH_DONE : TRUTH_REJECTED_LATER);
    switch (t->truth) {
    case TRUTH_DONE:
        return (struct said){.answer = ANSWER_ACCEPTED};
    case TRUTH_PENDING:
        return (struct said){.answer = ANSWER_PENDING};
    case TRUTH_REJECTED_LATER:
        return (struct said){.answer = ANSWER_REJECTED_LATER};
    case TRUTH_REJECTED_PERSON:
        return (struct said){.answer = ANSWER_REJECTED_PERSON};
    case TRUTH_LATE:
    case TRUTH_REPEATED:
        break;
    }
    fail();
    return (struct said){0};
}

static inline struct said lost(struct said said)
{
    if (chance(20))
        return (struct said){.answer = ANSWER_IN_DOUBT, .after_ns = chance(30) ? AT_NEVER : 0};
    return said;
}

static inline struct said on_first_send(const struct seen *call)
{
    if (chance(8))
        return (struct said){.answer = ANSWER_NOT_DONE, .throttled = chance(50)};
    if (chance(8))
        return (struct said){.answer = ANSWER_IN_DOUBT}; // never arrived
    if (chance(6)) {
        const struct bank_rules *rules = &world->config.banks[call->bank];
        learn(call, TRUTH_LATE)->lands_ns =
            world->now_ns + prng_below(&stranger_prng, rules->linger_ns + rules->processing_ns);
        return (struct said){.answer = ANSWER_IN_DOUBT};
    }
    enum truth truth = TRUTH_DONE;
    if (chance(8))
        truth = TRUTH_PENDING;
    else if (chance(8))
        truth = chance(70) ? TRUTH_REJECTED_LATER : TRUTH_REJECTED_PERSON;
    return lost(shown(learn(call, truth)));
}

static inline struct said on_send(const struct seen *call)
{
    struct truth_of_key *t = known(call);
    if (t == NULL)
        return on_first_send(call);
    // Some banks look at the balance before they look at the key.
    if (chance(20))
        return (struct said){.answer = ANSWER_REJECTED_PERSON};
    return lost(shown(t));
}

static inline struct said on_ask(const struct seen *call)
{
    struct truth_of_key *t = known(call);
    if (chance(5))
        return (struct said){.answer = ANSWER_NOT_DONE, .throttled = true};
    return lost(t == NULL ? (struct said){.answer = ANSWER_NOT_FOUND} : shown(t));
}

static inline struct said on_look(void)
{
    if (chance(5))
        return (struct said){.answer = ANSWER_NOT_DONE, .throttled = chance(80)};
    if (chance(2))
        return (struct said){
            .answer = ANSWER_BALANCE, .has_balance = true, .balance_minor = INT64_MAX};
    return lost((struct said){.answer = ANSWER_BALANCE});
}

static inline void stranger_decides(struct seen *call)
{
    switch (call->call_kind) {
    case CALL_BALANCE:
        call->said = on_look();
        return;
    case CALL_TRANSFER:
        call->said = on_send(call);
        return;
    case CALL_INQUIRY:
        call->said = on_ask(call);
        return;
    }
    fail();
}

static inline void stranger_open(uint64_t seed)
{
    truth_count = 0;
    prng_init(&stranger_prng, seed);
    world->on_call = stranger_decides;
}

/* No step of an account was done twice, and what the ledger says was paid was paid. */
static inline void stranger_audit(void)
{
    for (uint32_t i = 0; i < truth_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (truths[i].truth == TRUTH_DONE && truths[k].truth == TRUTH_DONE &&
                truths[i].position == truths[k].position && truths[i].step == truths[k].step &&
                truths[i].kind == truths[k].kind)
                fail_msg("account %u was paid twice", truths[i].position);
    for (uint32_t position = 1; position <= world->account_count; position++) {
        int64_t done_minor = 0;
        for (uint32_t i = 0; i < truth_count; i++)
            if (truths[i].position == position && truths[i].truth == TRUTH_DONE)
                done_minor += truths[i].kind == TRANSFER_UNDO ? -truths[i].amount_minor
                                                              : truths[i].amount_minor;
        const struct load_row *row = &account_at(position)->row;
        int64_t held_minor = world->config.hold_by_transfer ? 0 : row->hold_minor;
        if (outcome_of(position, OUTCOME_SETTLED) != NULL)
            assert_int_equal(done_minor, 1000 - held_minor);
        if (outcome_of(position, OUTCOME_COMPENSATED) != NULL)
            assert_int_equal(done_minor, 0);
    }
}

/* ---- dropped and started again --------------------------------------------------------------- */

/* The core is gone; its last chunk may still have been committed. */
static inline void drop_and_start(bool commits)
{
    if (world->chunk != NULL && commits && !is_done())
        audit_commit(world->chunk);
    world->chunk = NULL;
    world->pending_count = 0;
    for (uint32_t i = 0; i < world->seen_count; i++)
        if (world->seen[i].ended_ns == AT_NEVER)
            world->seen[i].ended_ns = world->now_ns;
    memory_close(&world->memory);
    hash_close(world->hash);
    world->idle_turns = 0;
    start();
}

#endif
