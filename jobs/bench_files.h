/*
 * bench_files: a benchmark's people, drawn from a seed, and the configuration of its runs.
 *
 * The same seed gives the same people; deposit i of an open loop lands i / rate after the first.
 */
#ifndef DAYBOOK_JOBS_BENCH_FILES_H
#define DAYBOOK_JOBS_BENCH_FILES_H

#include "jobs/bench.h"

#define BENCH_ACCOUNTS_FILE "accounts.csv"
#define BENCH_BANK_FILE "bank.csv"
#define BENCH_CONFIG_FILE "daybook.yaml"

/* When deposit i of an open loop lands, after the first. */
static inline uint64_t bench_lands_ns(uint32_t i, uint32_t rate_per_s)
{
    return (uint64_t)i * UINT64_C(1000000000) / rate_per_s;
}

struct bench_people {
    const char *name; /* of cohort and accounts */
    uint32_t count;
    uint64_t seed;
    uint32_t rate_per_s; /* 0: all money is there at the start */
};

/* FOLDER/NAME.csv to be imported, and their accounts added to FOLDER/bank.csv, which is begun anew
   where `begin`. False: reported. */
MUST_USE bool bench_files_people(const char *folder, const struct bench_people *people, bool begin);

/* daybook.yaml for the mock bank at this port. False: reported. */
MUST_USE bool bench_files_config(const struct bench *bench, const struct bench_point *point,
                                 uint16_t port);

#endif
