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

/* Of each of the run's banks. */
struct left_at_banks {
    struct left_to_do banks[BANKS_MAX];
};

static struct left_to_do *left_at(const struct run *run, struct left_at_banks *left,
                                  const char *bank)
{
    for (uint32_t i = 0; i < run->banks.count; i++)
        if (strcmp(run->banks.banks[i].name, bank) == 0)
            return &left->banks[i];
    return NULL;
}

/* Nothing was done yet: all that is planned. */
static bool take_planned(const struct run *run, struct left_at_banks *left)
{
    struct batch_bank planned[BANKS_MAX];
    uint32_t count;
    if (!batch_list_banks(run->db, &run->batch, planned, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct left_to_do *at = left_at(run, left, planned[i].name);
        if (at != NULL)
            *at = (struct left_to_do){.fresh = planned[i].accounts,
                                      .collects = planned[i].collects,
                                      .holds = planned[i].holds};
    }
    return true;
}

/* How many settlements that are. */
static uint64_t take_answer(const struct run *run, const PGresult *result,
                            struct left_at_banks *left)
{
    uint64_t settlements = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        struct left_to_do *at = left_at(run, left, db_text(result, i, 0));
        struct left_to_do told = {.fresh = (uint64_t)db_int(result, i, 1),
                                  .under_way = (uint64_t)db_int(result, i, 2),
                                  .collects = (uint64_t)db_int(result, i, 3),
                                  .holds = (uint64_t)db_int(result, i, 4)};
        settlements += told.fresh + told.under_way;
        if (at != NULL)
            *at = told;
    }
    return settlements;
}

/* As planned: who is under way may have some of it behind. */
static uint64_t calls_of(const struct left_to_do *left, const struct forecast_input *input)
{
    uint64_t settlements = left->fresh + left->under_way;
    uint64_t closing = forecast_calls(settlements, 0, input->closing) - settlements;
    uint64_t holds = input->transfers > 2 ? left->holds : 0;
    return left->fresh + left->collects + holds + settlements + closing;
}

static void reckon(const struct run *run, const struct left_at_banks *at,
                   struct forecast_site *site, struct forecast *forecast)
{
    forecast_site_begin(site, run->config);
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct run_bank *bank = &run->banks.banks[i];
        const struct left_to_do *left = &at->banks[i];
        struct forecast_bank *added =
            forecast_site_add(site, bank->name, bank->config, &bank->rules);
        added->fresh = left->fresh;
        added->under_way = left->under_way;
        added->calls = calls_of(left, &site->input);
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
    int64_t made_us = now_us - (int64_t)((clock_now_ns() - made->made_at_ns) / NS_PER_US);
    zone_time(made_us + (int64_t)(made->duration_ns / NS_PER_US), now_us, time);
    fprintf(stderr,
            "daybook: forecast: %s settlements in %s, by %s%s, where the deposits are there; "
            "limit: %s%s\n",
            report_count(made->settlements, count), report_span(made->duration_ns, took), time,
            run->has_zone ? "" : " UTC", made->words, assumed);
}

static void make(struct run *run, const struct left_at_banks *left, uint64_t at_ns)
{
    struct forecast_site site;
    struct forecast forecast;
    char assumed[FORECAST_WORDS_BYTES];
    struct run_forecast *made = &run->report.forecast;
    reckon(run, left, &site, &forecast);
    if (forecast.bound_count == 0)
        return;
    const struct forecast_bound *limit = &forecast.bounds[0];
    const char *bank = forecast_site_bank(&site, limit);
    *made = (struct run_forecast){.is_made = true,
                                  .is_assumed = say_assumed(&site, assumed),
                                  .made_at_ns = at_ns,
                                  .duration_ns = forecast.duration_ns,
                                  .settlements = forecast.settlements,
                                  .limit = limit->limit};
    snprintf(made->bank, sizeof made->bank, "%s", bank == NULL ? "" : bank);
    forecast_site_words(&site, limit, made->words);
    if (run->report.quiet)
        return;
    run_report_clear(&run->report);
    tell(run, made, assumed);
}

static bool is_wanted(const struct run *run)
{
    return !run->report.forecast.is_made && run->report.restarts == 0 && run->scope == SETTLE_ALL;
}

/* The summary tells it, and the line at the start. */
static bool is_shown(const struct run *run)
{
    return !run->is_silent && (!run->report.quiet || run->report.json);
}

/* Nothing was settled yet, by anybody. */
static bool is_first(const struct run *run)
{
    return !run->batch.has_run && run->report.restarts == 0;
}

static void give_up(struct run *run)
{
    db_close(run->left);
    run->left = NULL;
    run_report_clear(&run->report);
    job_warn(NULL, "what is left to do is not known, and no forecast made; the run goes on");
}

void run_forecast_begin(struct run *run)
{
    struct left_at_banks left = {0};
    if (!is_shown(run) || !is_first(run) || !is_wanted(run))
        return;
    if (take_planned(run, &left))
        make(run, &left, clock_now_ns());
    else
        give_up(run);
}

void run_forecast_ask(struct run *run)
{
    const char *const params[] = {run->batch.id, run->batch.revision};
    if (!is_shown(run) || is_first(run))
        return;
    CHECK(run->left == NULL);
    run->left = run->db;
    run->db = NULL;
    run->left_at_ns = clock_now_ns();
    if (!db_script(run->left, "SET statement_timeout = '300s'") ||
        !db_ask(run->left, sql_batch_left_to_do, 2, params))
        give_up(run);
}

void run_forecast_look(struct run *run)
{
    struct left_at_banks left = {0};
    bool failed = false;
    PGresult *result = run->left == NULL ? NULL : db_answer(run->left, &failed);
    if (failed)
        give_up(run);
    if (result == NULL)
        return;
    uint64_t settlements = take_answer(run, result, &left);
    run_report_done_before(
        &run->report, settlements < run->batch.accounts ? run->batch.accounts - settlements : 0);
    if (is_wanted(run))
        make(run, &left, run->left_at_ns);
    PQclear(result);
    db_close(run->left);
    run->left = NULL;
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
