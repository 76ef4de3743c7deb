/*
 * payday: one simulated payday under way; shared by loop.c (runs, months, the end) and engines.c
 * (turns, moments, engines that stand still). Nothing else includes it.
 */
#ifndef DAYBOOK_SIM_PAYDAY_H
#define DAYBOOK_SIM_PAYDAY_H

#include "base/prng.h"
#include "sim/loop.h"
#include "sim/profiles.h"

#define EVENTS_A_TURN 64U

struct sim {
    struct sim_profiles profiles;
    struct profile_scratch *scratch;
    struct hash *hash;
    struct { /* of an engine, by its seat; the next one takes it over */
        void *bytes;
        size_t byte_count;
        struct command *commands;
    } memories[SEATS_MAX];
};

/* One partition's core in a process; the engines of one run are one process, and crash, stand still
   and are taken over together. It stands still between any two moments, and then does what it had
   decided. */
struct engine {
    bool is_used, is_crashed, is_frozen;
    bool is_told;       /* what it ended by, the others of its run know */
    bool owes_output;   /* it stood still between its input and its output */
    bool is_taken_over; /* another one has its month now; it lives on until it finds out */
    uint32_t seat, month, partition, run;
    struct settle *settle;
    struct throttle throttle; /* of the first partition: shared by all of the run */
    struct command *commands; /* decided, and from `next` on not yet carried out */
    uint32_t command_count, next;
    struct call_given given; /* when they were decided */
    uint64_t frozen_until_ns, taken_over_at_ns;
};

/* Each kind of draw has a stream of its own. */
struct payday_streams {
    struct prng crashes, freezes, pauses, stops, restarts, clock, months, persons, commands, news;
};

struct payday {
    struct sim *sim;
    const struct sim_plan *plan;
    struct sim_result *result;
    struct tape *tape;
    struct swarm swarm;
    const struct profile *profile;
    struct world world;
    struct workload workload;
    struct auditor *auditor;
    struct bank_sim *bank;
    struct store_sim *store;
    struct payday_streams prng;
    struct engine engines[SEATS_MAX];
    uint64_t tape_engine; /* whose events and commands come next on the tape; 0: nobody's yet */
    int64_t true_offset_us;
    uint32_t crashes_done;
    uint64_t crash_at; /* the next drawn moment */
    uint32_t idle_turns;
    uint64_t turns_max;
    bool is_healed;
};

void payday_fail(struct payday *payday, enum sim_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool payday_is_good(struct payday *payday);

/* What engines of this seat worked in. */
void engines_memory_free(struct sim *sim, uint32_t seat);
/* A process claims the month and begins: a run, or a command that answers requests alone. Returns
   the engine of its first partition, which stands for it. */
struct engine *engines_begin(struct payday *payday, uint32_t month, enum settle_scope scope);
/* The next engine of the same run, from the first seat where `engine` is NULL; NULL: no more. */
struct engine *engines_next(struct payday *payday, uint32_t run, const struct engine *engine);
/* Have all of the run ended, or died? */
bool engines_are_done(struct payday *payday, uint32_t run);
/* All of the run are gone, their connections with them. */
void engines_end(struct payday *payday, uint32_t run);
/* A taken-over one lives on until it finds out. */
void engines_hand_over(struct payday *payday, uint32_t run);
/* All engines go on to the next instant at which something happens. False: nothing does until
   then, and that is the time now. */
bool engines_turn(struct payday *payday, uint64_t until_ns);
/* Does one that was taken over still live? */
bool engines_linger(const struct payday *payday);

#endif
