/*
 * loop: one simulated payday: the engine, the bank and the store on virtual time.
 *
 * First with faults and crashes, through as many runs as it takes; then everything heals, money
 * that was missing comes in, and it must finish within bounds; then one more run, which must send
 * nothing. A crash drops all that the engine knows; what remains is the store and the bank. Every
 * start is the one start path.
 *
 * A moment is an event taken or a command carried out: between any two, a process can die. Moments
 * are counted from 1 over the whole payday.
 */
#ifndef DAYBOOK_SIM_LOOP_H
#define DAYBOOK_SIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/bank_sim.h"
#include "sim/store_sim.h"
#include "sim/swarm.h"
#include "sim/tape.h"

#define SIM_TEXT_BYTES 320

/* What all paydays share: the bank's profile, and memory to work with. A resource. */
struct sim;

/* NULL: `error` says why. */
struct sim *sim_open(const char *profile_file, char error[PROFILE_ERROR_BYTES]);
void sim_close(struct sim *sim);

/* When persons look, in a script. */
enum sim_look {
    LOOK_BETWEEN,   /* two runs of the month */
    LOOK_MEANWHILE, /* while a run of it goes on; again and again */
    LOOK_BACK,      /* at a month that is over, before a newer one begins */
    LOOK_END,       /* all is over */
};

struct payday;

struct sim_plan {
    uint64_t seed;
    uint32_t accounts;
    struct swarm swarm;
    const uint64_t *crashes; /* moments after which the engine dies, ascending */
    uint32_t crash_count;
    uint64_t first_deadline_ns; /* the first run's, from its begin, and no other's; 0: drawn */
    bool keep_trace;            /* on the tape, for tape_first_difference */
    /* Gets the trace's items as they come; NULL: nobody does. */
    const struct trace_sink *trace;
    /* For scenarios; NULL: nothing. Changes the accounts before the payday begins. */
    void (*arrange)(void *context, struct workload *workload);
    /* See bank_sim.h and store_sim.h. */
    struct call_plan (*decide_call)(void *context, const struct bank_call *call, uint32_t nth);
    enum chunk_fate (*decide_chunk)(void *context, const struct chunk *chunk, uint32_t nth);
    /* Persons by a script instead of chance, by means of sim/people.h; NULL: drawn. True: something
       was asked for. Not ended by healing. */
    bool (*persons)(void *context, struct payday *payday, uint32_t month, enum sim_look look);
    void *context;
    /* Scripts end with the faults, unless they last. */
    bool script_lasts;
};

enum sim_verdict {
    SIM_GOOD,
    SIM_WRONG, /* the auditor complains, or the engine ended in a way that it must not */
    SIM_STUCK, /* no progress: it did not finish within its bounds */
};

struct sim_result {
    enum sim_verdict verdict;
    char text[SIM_TEXT_BYTES]; /* what is wrong; "" when good */
    uint64_t moments, turns;
    uint32_t runs, crashes;      /* engines started; of those, dropped by a crash */
    uint32_t freezes, takeovers; /* times one stood still; of those, taken over meanwhile */
    uint64_t virtual_ns;
    uint64_t trace_hash;
    uint64_t polls, transfers, inquiries; /* calls given out */
    uint64_t last_run_transfers;          /* by the run after everything was done: 0 */
    struct store_tally healed;            /* when the faults ended */
    struct store_tally end;
};

/* `tape` is begun here, and belongs to the caller: tape_deinit. */
void sim_run(struct sim *sim, const struct sim_plan *plan, struct tape *tape,
             struct sim_result *result);

#endif
