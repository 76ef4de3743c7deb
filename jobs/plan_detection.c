#include "jobs/plan_detection.h"

#include <string.h>

#include "base/time.h"
#include "jobs/report.h"
#include "jobs/run_banks.h"
#include "sql.h"

static void take_waiting(struct plan_detection *detection, const PGresult *result,
                         const struct batch_bank *banks, uint32_t count)
{
    for (int row = 0; row < PQntuples(result); row++)
        for (uint32_t i = 0; i < count; i++)
            if (strcmp(banks[i].name, db_text(result, row, 0)) == 0)
                detection->waiting[i] = (uint64_t)db_int(result, row, 1);
}

/* What is wrong with a bank refuses a run, and not a plan. */
static bool read_rules(const struct config *config, const struct batch *batch, const char *name,
                       struct bank_rules *rules)
{
    struct job_said said = {0};
    struct run_bank bank = {.config = config_bank(config, name)};
    if (bank.config == NULL)
        return false;
    job_keep(&said);
    int exit_code = run_bank_load(&bank, config, batch->currency);
    job_keep(NULL);
    if (exit_code != JOB_DONE) {
        job_warn(said.hint[0] != '\0' ? said.hint : NULL, "%s", said.last);
        return false;
    }
    *rules = bank.rules;
    profile_close(bank.profile);
    return true;
}

static void reckon(struct plan_detection *detection, const struct config *config,
                   const struct batch *batch, const struct batch_bank *banks, uint32_t count)
{
    struct forecast_site site;
    struct bank_rules rules;
    uint32_t at[BANKS_MAX]; // of a bank, in the site
    forecast_site_begin(&site, config);
    for (uint32_t i = 0; i < count; i++) {
        detection->is_known[i] = read_rules(config, batch, banks[i].name, &rules);
        if (!detection->is_known[i])
            continue;
        at[i] = site.input.bank_count;
        forecast_site_add(&site, banks[i].name, config_bank(config, banks[i].name), &rules);
        detection->is_call_assumed[i] = site.is_call_assumed[at[i]];
    }
    // Only now is the longest poll interval known.
    for (uint32_t i = 0; i < count; i++)
        if (detection->is_known[i])
            detection->seen[i] = forecast_detect(&site.input.banks[at[i]], detection->waiting[i],
                                                 site.input.poll_ns);
}

bool plan_detection_read(struct plan_detection *detection, const struct config *config,
                         struct db *db, const struct batch *batch, const struct batch_bank *banks,
                         uint32_t count)
{
    const char *const params[] = {batch->id, batch->revision};
    *detection = (struct plan_detection){0};
    PGresult *result = db_query(db, sql_batch_left_to_do, 2, params);
    if (result == NULL)
        return false;
    take_waiting(detection, result, banks, count);
    PQclear(result);
    reckon(detection, config, batch, banks, count);
    return true;
}

void plan_detection_print(const struct plan_detection *detection, const struct batch_bank *banks,
                          uint32_t count)
{
    bool is_first = true;
    for (uint32_t i = 0; i < count; i++) {
        char p50[REPORT_DURATION_BYTES], p99[REPORT_DURATION_BYTES];
        char sweep[REPORT_DURATION_BYTES], waiting[MONEY_TEXT_BYTES], call[REPORT_DURATION_BYTES];
        const struct forecast_detection *seen = &detection->seen[i];
        if (!detection->is_known[i] || detection->waiting[i] == 0)
            continue;
        if (is_first)
            printf("a deposit is seen, once it has arrived\n");
        is_first = false;
        printf("  bank %s: p50 %s, p99 %s; its %s accounts are looked at once in %s%s%s\n",
               banks[i].name, report_span(seen->p50_ns, p50), report_span(seen->p99_ns, p99),
               report_count(detection->waiting[i], waiting), report_span(seen->sweep_ns, sweep),
               detection->is_call_assumed[i] ? ", assuming a call of " : "",
               detection->is_call_assumed[i] ? report_span(FORECAST_ASSUMED_CALL_NS, call) : "");
    }
}

void plan_detection_json(const struct plan_detection *detection, uint32_t bank, json_t *object)
{
    bool is_told = detection->is_known[bank] && detection->waiting[bank] > 0;
    const struct forecast_detection *seen = &detection->seen[bank];
    const struct {
        const char *name;
        uint64_t ns;
    } members[] = {{"sweep_ns", seen->sweep_ns},
                   {"detection_p50_ns", seen->p50_ns},
                   {"detection_p99_ns", seen->p99_ns}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set_new(object, members[i].name,
                            is_told ? json_integer((json_int_t)members[i].ns) : json_null());
}
