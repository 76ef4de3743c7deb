/*
 * run_banks: the banks of a batch, ready to be called: configuration, profile, rules.
 */
#ifndef DAYBOOK_JOBS_RUN_BANKS_H
#define DAYBOOK_JOBS_RUN_BANKS_H

#include "jobs/batch.h"
#include "wire/profile.h"

struct run_bank {
    char name[BANK_TEXT_MAX + 1];
    const struct config_bank *config;
    struct profile *profile;
    struct bank_rules rules;
    uint32_t connections;
    int32_t profile_id;
};

struct run_banks {
    uint32_t count;
    struct run_bank banks[BANKS_MAX];
};

/* A configured bank's profile, to be closed; NULL: reported. */
struct profile *run_banks_load(const struct config *config, const struct config_bank *given,
                               const char *currency);
/* Of bank->config: its profile and rules. JOB_DONE, or the exit code of what was reported. */
int run_bank_load(struct run_bank *bank, const struct config *config, const char *currency);
/* Does a run wait long enough for this bank's "not found" to prove anything? The same. */
int run_bank_check_wait(const struct run_bank *bank, const struct config *config);

/* JOB_DONE, or the exit code of what was reported. */
int run_banks_open(struct run_banks *banks, const struct config *config, struct db *db,
                   const struct batch *batch);
/* Does at least one take a connection? Warns of each that does not. */
int run_banks_check_reachable(const struct run_banks *banks);
void run_banks_close(struct run_banks *banks);

#endif
