/*
 * demo_files: what the demo's payday consists of: two cohorts, the bank's accounts, a
 * configuration; drawn from a seed and written into the work folder.
 */
#ifndef DAYBOOK_JOBS_DEMO_FILES_H
#define DAYBOOK_JOBS_DEMO_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

#define DEMO_COHORTS 2
#define DEMO_NAME_BYTES 32
#define DEMO_PROFILE "rest-idempotency-key.yaml"

struct demo_files {
    const char *folder;
    const char *database; /* for the configuration; NULL: it stays in the environment */
    char cohorts[DEMO_COHORTS][DEMO_NAME_BYTES];
    uint32_t accounts; /* over both cohorts */
    uint32_t rate_per_s;
    uint64_t seed;
    uint16_t port; /* of the mock bank */
    /* drawn */
    uint32_t without_deposit, stopped;
};

/* north.csv, south.csv, bank-accounts.csv. False: reported. */
MUST_USE bool demo_files_write_accounts(struct demo_files *files);
/* The mock bank's profile, DEMO_PROFILE, into the folder. False: reported. */
MUST_USE bool demo_files_copy_profile(const char *folder);
/* daybook.yaml, and the bank's profile beside it. False: reported. */
MUST_USE bool demo_files_write_config(const struct demo_files *files);

#endif
