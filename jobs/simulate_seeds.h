/*
 * simulate_seeds: many paydays, one after another, by their seeds.
 */
#ifndef DAYBOOK_JOBS_SIMULATE_SEEDS_H
#define DAYBOOK_JOBS_SIMULATE_SEEDS_H

#include "jobs/simulation.h"

/* --seeds A..B, with progress; goes on after a seed that fails. The first failure's exit code. */
int simulate_seeds(struct job *job, struct simulation *simulation);

#endif
