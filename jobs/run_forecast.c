#include "jobs/run_forecast.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/report.h"
#include "jobs/run_state.h"
#include "jobs/zone.h"
#include "real/clock.h"
#include "sql.h"

#define ANSWERS_LEAST 20 /* of a bank, for their mean to be worth keeping */

/* ---- the start ---- */

struct left_to_do {
    uint64_t fresh, under_way, collects, holds;
};

static struct left_to_do left_at(const PGresult *result, const char *bank)
{
    for (int i = 0; i < PQntuples(result); i++) {
        if (strcmp(db_text(result, i, 0), bank) == 0)
            return (struct left_to_do){.fresh = (uint64_t)db_int(result, i, 1),
                                       .under_way = (uint64_t)db_int(result, i, 2),
                                       .collects = (uint64_t)db_int(result, i, 3),
                                       .holds = (uint64_t)db_int(result, i, 4)};
    }
    return (struct left_to_do){0};
}

/* As planned: who is under way may have some of it behind. */
static uint64_t calls_of(const struct left_to_do *left, const struct forecast_input *input)
{
    uint64_t settlements = left->fresh + left->under_way;
    uint64_t closing = forecast_calls(settlements, 0, input->closing) - settlements;
    uint64_t holds = input->transfers > 2 ? left->holds : 0;
    return left->fresh + left->collects + holds + settlements + closing;
}

static void reckon(struct run *run, const PGresult *result, struct forecast_site *site,
                   struct forecast *forecast)
{
    forecast_site_begin(site, run->config);
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct run_bank *bank = &run->banks.banks[i];
        struct left_to_do left = left_at(result, bank->name);
        struct forecast_bank *added =
            forecast_site_add(site, bank->name, bank->config, &bank->rules);
        added->fresh = left.fresh;
        added->under_way = left.under_way;
        added->calls = calls_of(&left, &site->input);
    }
    forecast_site_end(site);
    forecast_make(&site->input, forecast);
}

/* "; assuming 2,000 settlements/s, 100 ms a call of north south" */
static bool say_assumed(const struct forecast_site *site, char out[FORECAST_WORDS_BYTES])
{
    char text[REPORT_DURATION_BYTES], rate[MONEY_TEXT_BYTES];
    size_t used = 0;
    out[0] = '\0';
    if (site->is_speed_assumed)
        used += (size_t)snprintf(out, FORECAST_WORDS_BYTES, "; assuming %s settlements/s",
                                 report_count(FORECAST_ASSUMED_PER_S, rate));
    bool is_first = true;
    for (uint32_t i = 0; i < site->input.bank_count && used < FORECAST_WORDS_BYTES; i++) {
        const struct forecast_bank *bank = &site->input.banks[i];
        if (!site->is_call_assumed[i] || bank->fresh + bank->under_way == 0)
            continue;
        if (is_first)
            used += (size_t)snprintf(out + used, FORECAST_WORDS_BYTES - used, "%s %s a call of",
                                     used == 0 ? "; assuming" : " and",
                                     report_span(FORECAST_ASSUMED_CALL_NS, text));
        is_first = false;
        if (used < FORECAST_WORDS_BYTES)
            used +=
                (size_t)snprintf(out + used, FORECAST_WORDS_BYTES - used, " %s", site->names[i]);
    }
    return out[0] != '\0';
}

static void tell(const struct run *run, const struct run_forecast *made, const char *assumed)
{
    char took[REPORT_DURATION_BYTES], count[MONEY_TEXT_BYTES], time[ZONE_TEXT_BYTES];
    int64_t now_us = clock_wall_us();
    bool has_zone = zone_use(run->config->time_zone);
    zone_time(now_us + (int64_t)(made->duration_ns / NS_PER_US), now_us, time);
    fprintf(stderr,
            "daybook: forecast: %s settlements in %s, by %s%s, where the deposits are there; "
            "limit: %s%s\n",
            report_count(made->settlements, count), report_span(made->duration_ns, took), time,
            has_zone ? "" : " UTC", made->words, assumed);
}

static void make(struct run *run, const PGresult *result)
{
    struct forecast_site site;
    struct forecast forecast;
    char assumed[FORECAST_WORDS_BYTES];
    struct run_forecast *made = &run->report.forecast;
    reckon(run, result, &site, &forecast);
    if (forecast.bound_count == 0)
        return;
    const struct forecast_bound *limit = &forecast.bounds[0];
    const char *bank = forecast_site_bank(&site, limit);
    *made = (struct run_forecast){.is_made = true,
                                  .is_assumed = say_assumed(&site, assumed),
                                  .made_at_ns = clock_now_ns(),
                                  .duration_ns = forecast.duration_ns,
                                  .settlements = forecast.settlements,
                                  .limit = limit->limit};
    snprintf(made->bank, sizeof made->bank, "%s", bank == NULL ? "" : bank);
    forecast_site_words(&site, limit, made->words);
    if (!run->report.quiet)
        tell(run, made, assumed);
}

void run_forecast_begin(struct run *run)
{
    const char *const params[] = {run->batch.id, run->batch.revision};
    if (run->report.forecast.is_made || run->report.restarts > 0 || run->scope != SETTLE_ALL)
        return;
    PGresult *result = db_query(run->db, sql_batch_left_to_do, 2, params);
    if (result != NULL)
        make(run, result);
    else
        job_warn(NULL, "no forecast is made; the run goes on");
    PQclear(result);
}

/* ---- the end ---- */

void run_forecast_keep(const struct run *run)
{
    struct machine_bank banks[BANKS_MAX];
    char error[FILE_ERROR_BYTES];
    uint32_t count = 0;
    char *folder = run_heads_folder(run->config);
    for (uint32_t i = 0; i < run->report.bank_count; i++) {
        const struct run_report_bank *seen = &run->report.banks[i];
        struct machine_bank *bank = &banks[count];
        if (seen->answers < ANSWERS_LEAST)
            continue;
        *bank = (struct machine_bank){.call_ns = seen->answers_ns / seen->answers};
        snprintf(bank->name, sizeof bank->name, "%s", seen->name);
        int bytes = snprintf(bank->url, sizeof bank->url, "%s", run->banks.banks[i].config->url);
        count += bytes < (int)sizeof bank->url; // cut, it would be another address
    }
    const struct settle_counts *total = &run->report.total;
    uint64_t commit_ns = total->chunks == 0 ? 0 : total->chunks_ns / total->chunks;
    if (folder != NULL && count > 0 && !machine_save_run(folder, commit_ns, banks, count, error))
        job_warn("set state_folder to a folder that this user may write, or to none",
                 "how long the banks' calls took could not be kept: %s", error);
    free(folder);
}

int64_t run_forecast_error(const struct run_forecast *forecast, uint64_t took_ns)
{
    __int128_t more_ns = (__int128_t)took_ns - forecast->duration_ns;
    return forecast->duration_ns == 0 ? 0 : (int64_t)(more_ns * 1000 / forecast->duration_ns);
}
