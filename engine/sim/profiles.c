#include "sim/profiles.h"

#include <stdio.h>
#include <string.h>

#include "sim/workload.h"

#define PATH_BYTES 4096

static struct profile *load(const char *file, const char *pool_account,
                            char error[PROFILE_ERROR_BYTES])
{
    const struct profile_site site = {.host = "bank.sim",
                                      .path_prefix = "",
                                      .token = "",
                                      .collection_account = WORKLOAD_COLLECTION,
                                      .suspense_account = WORKLOAD_SUSPENSE,
                                      .pool_account = pool_account,
                                      .currency = "KRW"};
    return profile_load(file, &site, error);
}

static struct profile *load_beside(const char *file, const char *name)
{
    char path[PATH_BYTES], error[PROFILE_ERROR_BYTES];
    const char *slash = strrchr(file, '/');
    int folder = slash == NULL ? 0 : (int)(slash - file + 1);
    int bytes = snprintf(path, sizeof(path), "%.*s%s", folder, file, name);
    return bytes < (int)sizeof(path) ? load(path, WORKLOAD_POOL, error) : NULL;
}

bool sim_profiles_open(struct sim_profiles *profiles, const char *file,
                       char error[PROFILE_ERROR_BYTES])
{
    *profiles = (struct sim_profiles){.by_pool[POOL_NONE] = load(file, NULL, error)};
    if (profiles->by_pool[POOL_NONE] == NULL)
        return false;
    profiles->by_pool[POOL_AVAILABLE] = load_beside(file, "pooled-available.yaml");
    profiles->by_pool[POOL_RECEIVED] = load_beside(file, "pooled-received.yaml");
    return true;
}

void sim_profiles_close(struct sim_profiles *profiles)
{
    for (size_t i = 0; i <= POOL_RECEIVED; i++)
        profile_close(profiles->by_pool[i]);
}

const struct profile *sim_profiles_pick(const struct sim_profiles *profiles, struct swarm *swarm)
{
    if (profiles->by_pool[swarm->pool] == NULL)
        swarm->pool = POOL_NONE;
    return profiles->by_pool[swarm->pool];
}
