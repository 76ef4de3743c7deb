/*
 * simulation: one payday on virtual time as `daybook simulate` runs it: its plan, its crashes, its
 * trace, and how it is told that it failed. One in a process: a crash of the engine ends it.
 */
#ifndef DAYBOOK_JOBS_SIMULATION_H
#define DAYBOOK_JOBS_SIMULATION_H

#include "jobs/job.h"
#include "sim/loop.h"

/* So that a script can tell what was found. */
enum simulate_exit {
    SIMULATE_WRONG = 20,
    SIMULATE_STUCK = 21,
    SIMULATE_CRASHED = 22,
    SIMULATE_DIFFERS = 23,
};

#define SIMULATION_CRASHES_MAX 10000
#define SIMULATION_PATH_BYTES 4096

struct simulation {
    struct sim *sim;
    struct sim_plan plan;
    uint64_t *crashes;      /* SIMULATION_CRASHES_MAX */
    const char *trace_file; /* NULL: no trace is written */
    char replay[SIMULATION_PATH_BYTES + 256];
};

/* From now on a crash of this process prints the replay line; the simulation outlives it. */
void simulation_catch_crashes(const struct simulation *simulation);
/* The command that repeats the plan's seed. */
void simulation_write_replay(struct job *job, struct simulation *simulation);
/* By --crash-at, by --crashes, or as the seed draws. JOB_DONE, or what was found meanwhile. */
int simulation_plan_crashes(struct job *job, struct simulation *simulation);

/* Opens trace_file where it is given. JOB_DONE, or the exit code of what was reported. */
int simulation_open_trace(struct simulation *simulation);
void simulation_close_trace(struct simulation *simulation);
/* The trace's file holds the newest of these runs. */
void simulation_run(struct simulation *simulation, struct tape *tape, struct sim_result *result);

/* Prints what failed and the replay line; returns the exit code. */
int simulation_failed(const struct simulation *simulation, int exit_code, const char *what,
                      const char *text);
/* JOB_DONE, or SIMULATE_WRONG or _STUCK, told. */
int simulation_judge(const struct simulation *simulation, const struct sim_result *result);
/* JOB_DONE, or SIMULATE_DIFFERS, told: with the first item that differs where both were kept. */
int simulation_compare(const struct simulation *simulation, const struct tape *first,
                       const struct tape *second);

#endif
