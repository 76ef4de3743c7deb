#include "jobs/run_banks.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/hex.h"
#include "base/time.h"
#include "core/limits.h"
#include "real/lane.h"
#include "sql.h"

#define REACHABLE_WAIT_NS (2 * NS_PER_S)

struct profile *run_banks_load(const struct config *config, const struct config_bank *given,
                               const char *currency)
{
    char error[PROFILE_ERROR_BYTES], host[CONFIG_HOST_MAX + 8];
    char *path = config_profile_path(config, given);
    if (path == NULL)
        return NULL;
    snprintf(host, sizeof host, "%s:%u", given->host, given->port);
    struct profile_site site = {
        .host = host,
        .path_prefix = given->path_prefix,
        .token = given->token != NULL ? given->token : "",
        .collection_account = given->collection_account,
        .suspense_account = given->suspense_account != NULL ? given->suspense_account : "",
        .pool_account = given->pool_account,
        .currency = currency,
    };
    struct profile *profile = profile_load(path, &site, error);
    free(path);
    if (profile == NULL)
        job_fail(FAIL_BAD_PROFILE, NULL, "bank %s: %s", given->name, error);
    return profile;
}

int run_bank_load(struct run_bank *bank, const struct config *config, const char *currency)
{
    const struct config_bank *given = bank->config;
    bank->profile = run_banks_load(config, given, currency);
    if (bank->profile == NULL)
        return JOB_BAD_CONFIG;
    bank->rules = config_rules(given, profile_rules(bank->profile));
    if (given->connections != CONFIG_UNSET && given->connections < bank->rules.calls_max)
        bank->rules.calls_max = (uint32_t)given->connections;
    bank->connections = bank->rules.calls_max;
    return JOB_DONE;
}

static int register_profile(struct run_bank *bank, struct db *db)
{
    char hex[2 * DIGEST_BYTES + 1];
    size_t text_bytes;
    struct digest digest = profile_digest(bank->profile);
    const char *suspense = bank->config->suspense_account;
    const char *pool = bank->config->pool_account;
    char *text = NULL;
    hex_write(hex, digest.bytes, DIGEST_BYTES);
    const char *start = profile_text(bank->profile, &text_bytes);
    CHECK((text = strndup(start, text_bytes)) != NULL);
    const char *const params[] = {bank->name,
                                  hex,
                                  bank->config->collection_account,
                                  suspense != NULL ? suspense : "",
                                  text,
                                  pool != NULL ? pool : ""};
    PGresult *result = db_query(db, sql_run_profile, 6, params);
    FAILPOINT(profile_recorded);
    free(text);
    if (result == NULL)
        return db_exit_code(db);
    // Two starts at once: the other one's row is not in this statement's snapshot.
    int exit_code = JOB_DONE;
    if (PQntuples(result) == 1)
        bank->profile_id = (int32_t)db_int(result, 0, 0);
    else
        exit_code = job_fail(JOB_TRY_AGAIN, "run the same command again",
                             "bank %s: its profile is being recorded by another start", bank->name);
    PQclear(result);
    return exit_code;
}

/* Else what an earlier run left in doubt would stay so, run after run. */
int run_bank_check_wait(const struct run_bank *bank, const struct config *config)
{
    uint64_t least_ns = config_resolve_least_ns(config, &bank->rules);
    char place[PATH_MAX + 32] = "configuration", hint[96];
    if ((uint64_t)config->resolve_wait_ns > least_ns)
        return JOB_DONE;
    if (config->file != NULL && bank->config->line > 0)
        snprintf(place, sizeof place, "%s:%d:%d", config->file, bank->config->line,
                 bank->config->column);
    snprintf(hint, sizeof hint, "set run.resolve_wait to more than %" PRIu64 "ms",
             (least_ns + NS_PER_MS - 1) / NS_PER_MS);
    return job_fail(FAIL_RESOLVE_WAIT, hint,
                    "%s: run.resolve_wait is too short for bank %s: send_before (or alive), linger "
                    "and processing_time together must have passed before its \"not found\" counts",
                    place, bank->name);
}

static int open_bank(struct run_bank *bank, const struct config *config, struct db *db,
                     const struct batch *batch)
{
    bank->config = config_bank(config, bank->name);
    if (bank->config == NULL)
        return job_fail(FAIL_NO_BANK, "add it under `banks:` in the configuration",
                        "the batch has accounts at bank %s, which is not configured", bank->name);
    int exit_code = run_bank_load(bank, config, batch->currency);
    if (exit_code == JOB_DONE)
        exit_code = run_bank_check_wait(bank, config);
    return exit_code == JOB_DONE ? register_profile(bank, db) : exit_code;
}

int run_banks_open(struct run_banks *banks, const struct config *config, struct db *db,
                   const struct batch *batch)
{
    struct batch_bank planned[BANKS_MAX];
    *banks = (struct run_banks){0};
    if (!batch_list_banks(db, batch, planned, &banks->count))
        return db_exit_code(db);
    uint32_t calls = 0;
    for (uint32_t i = 0; i < banks->count; i++) {
        struct run_bank *bank = &banks->banks[i];
        memcpy(bank->name, planned[i].name, sizeof bank->name);
        int exit_code = open_bank(bank, config, db, batch);
        if (exit_code != JOB_DONE)
            return exit_code;
        calls += bank->rules.calls_max;
    }
    if (calls > CALLS_MAX)
        return job_fail(FAIL_TOO_MANY_CALLS, "lower `calls` or `connections` of some banks",
                        "the banks of this batch together allow %u calls in flight, more than %u",
                        calls, CALLS_MAX);
    return JOB_DONE;
}

int run_banks_check_reachable(const struct run_banks *banks)
{
    uint32_t reached = 0;
    for (uint32_t i = 0; i < banks->count; i++) {
        const struct run_bank *bank = &banks->banks[i];
        if (lane_bank_reachable(bank->config->host, bank->config->port, REACHABLE_WAIT_NS))
            reached++;
        else
            job_warn(NULL, "bank %s takes no connection at %s:%u", bank->name, bank->config->host,
                     bank->config->port);
    }
    if (reached > 0)
        return JOB_DONE;
    return job_fail(FAIL_BANKS_DOWN,
                    "check the network and `url` of each bank (for a rehearsal: start `daybook "
                    "mockbank`), then run the same command again; nothing was sent",
                    "no bank of this batch can be reached");
}

void run_banks_close(struct run_banks *banks)
{
    for (uint32_t i = 0; i < banks->count; i++) {
        if (banks->banks[i].profile != NULL)
            profile_close(banks->banks[i].profile);
    }
    banks->count = 0;
}
