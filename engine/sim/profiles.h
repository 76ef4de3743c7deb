/*
 * profiles: the bank's profiles that paydays are simulated with: the one given, and for accounts
 * that share one, pooled-available.yaml and pooled-received.yaml beside it. A resource.
 */
#ifndef DAYBOOK_SIM_PROFILES_H
#define DAYBOOK_SIM_PROFILES_H

#include "base/check.h"
#include "sim/swarm.h"
#include "wire/profile.h"

struct sim_profiles {
    struct profile *by_pool[POOL_RECEIVED + 1]; /* those of pools: NULL where they are not there */
};

/* False: the one given cannot be loaded; `error` says why. */
MUST_USE bool sim_profiles_open(struct sim_profiles *profiles, const char *file,
                                char error[PROFILE_ERROR_BYTES]);
void sim_profiles_close(struct sim_profiles *profiles);
/* The profile for the pool that was drawn; where it is not there, no accounts are pooled. */
const struct profile *sim_profiles_pick(const struct sim_profiles *profiles, struct swarm *swarm);

#endif
