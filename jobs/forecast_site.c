#include "jobs/forecast_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/report.h"
#include "jobs/run_heads.h"

static void take_speed(struct forecast_site *site)
{
    const struct machine_speed *speed = &site->machine.speed;
    site->is_speed_assumed = site->found != MACHINE_KNOWN || speed->settlements_per_s == 0;
    // A run's chunks are as this site makes them, a benchmark's as large as they become.
    if (site->machine.commit_ns > 0)
        site->input.chunk_commit_ns = site->machine.commit_ns;
    else
        site->input.chunk_commit_ns =
            site->is_speed_assumed ? FORECAST_ASSUMED_COMMIT_NS : speed->chunk_commit_ns;
}

void forecast_site_begin(struct forecast_site *site, const struct config *config)
{
    *site = (struct forecast_site){0};
    site->input = (struct forecast_input){
        .transfers = config->hold == 1 ? 3 : 2,
        .closing = (enum closing_check)config->closing_check,
        .slots = (uint32_t)config->slots,
        .chunk_delay_ns = (uint64_t)config->chunk_delay_ns,
        .start_ns = FORECAST_START_NS,
    };
    char *folder = run_heads_folder(config);
    site->found = machine_load(folder, &site->machine, site->error);
    free(folder);
    take_speed(site);
}

static bool is_here(const struct config_bank *bank)
{
    return strcmp(bank->host, "localhost") == 0 || strncmp(bank->host, "127.", 4) == 0;
}

struct forecast_bank *forecast_site_add(struct forecast_site *site, const char *name,
                                        const struct config_bank *configured,
                                        const struct bank_rules *rules)
{
    struct forecast_input *input = &site->input;
    CHECK(input->bank_count < BANKS_MAX);
    uint32_t index = input->bank_count++;
    const struct machine_bank *measured =
        configured == NULL ? NULL : machine_bank(&site->machine, name, configured->url);
    site->names[index] = name;
    site->is_call_assumed[index] = measured == NULL;
    site->is_bank_here |= configured != NULL && is_here(configured);
    if (rules->poll_interval_ns > input->poll_ns)
        input->poll_ns = rules->poll_interval_ns; // a run keeps the longest for all
    input->banks[index] = (struct forecast_bank){
        .rate_per_s = rules->rate_per_s,
        .calls_max = rules->calls_max,
        .call_ns = measured == NULL ? FORECAST_ASSUMED_CALL_NS : measured->call_ns,
    };
    return &input->banks[index];
}

void forecast_site_plan(struct forecast_site *site, uint32_t bank, uint64_t settlements)
{
    CHECK(bank < site->input.bank_count);
    site->input.banks[bank].fresh = settlements;
    site->input.banks[bank].calls =
        forecast_calls(settlements, site->input.transfers, site->input.closing);
}

void forecast_site_end(struct forecast_site *site)
{
    const struct machine_speed *measured = &site->machine.speed;
    uint64_t settlements = 0, calls = 0;
    for (uint32_t i = 0; i < site->input.bank_count; i++) {
        settlements += site->input.banks[i].fresh + site->input.banks[i].under_way;
        calls += site->input.banks[i].calls;
    }
    site->input.machine_per_s = FORECAST_ASSUMED_PER_S;
    if (site->is_speed_assumed || settlements == 0)
        return;
    const struct forecast_speed speed = {
        .settlements_per_s = measured->settlements_per_s,
        .engine_ns = measured->engine_ns,
        .bank_ns = measured->bank_ns,
        .postgres_ns = measured->postgres_ns,
        .lanes = measured->lanes > 0 ? measured->lanes : 1,
    };
    site->input.machine_per_s =
        forecast_machine(&speed, calls * 1000 / settlements, site->is_bank_here);
}

/* ---- words ---- */

const char *forecast_site_limit(enum forecast_limit limit)
{
    switch (limit) {
    case FORECAST_RATE:
        return "rate";
    case FORECAST_CALLS:
        return "calls";
    case FORECAST_SLOTS:
        return "slots";
    case FORECAST_MACHINE:
        return "machine";
    case FORECAST_PATH:
        return "path";
    case FORECAST_DEPOSITS:
        return "deposits";
    }
    CHECK(false);
    return "";
}

const char *forecast_site_bank(const struct forecast_site *site, const struct forecast_bound *bound)
{
    bool is_shared = bound->limit == FORECAST_SLOTS || bound->limit == FORECAST_MACHINE;
    return is_shared ? NULL : site->names[bound->bank];
}

const char *forecast_site_words(const struct forecast_site *site,
                                const struct forecast_bound *bound, char out[FORECAST_WORDS_BYTES])
{
    char value[MONEY_TEXT_BYTES], call[REPORT_DURATION_BYTES];
    const char *bank = forecast_site_bank(site, bound);
    report_count(bound->value, value);
    report_span(site->input.banks[bound->bank].call_ns, call);
    switch (bound->limit) {
    case FORECAST_RATE:
        snprintf(out, FORECAST_WORDS_BYTES, "bank %s's rate of %s calls/s", bank, value);
        break;
    case FORECAST_CALLS:
        snprintf(out, FORECAST_WORDS_BYTES, "bank %s's %s calls in flight, %s each", bank, value,
                 call);
        break;
    case FORECAST_SLOTS:
        snprintf(out, FORECAST_WORDS_BYTES, "run.slots, %s settlements under way", value);
        break;
    case FORECAST_MACHINE:
        snprintf(out, FORECAST_WORDS_BYTES, "this machine and its database, %s settlements/s",
                 value);
        break;
    case FORECAST_PATH:
        snprintf(out, FORECAST_WORDS_BYTES, "one settlement's calls and commits at bank %s", bank);
        break;
    case FORECAST_DEPOSITS:
        snprintf(out, FORECAST_WORDS_BYTES, "when the last deposit arrives at bank %s", bank);
        break;
    }
    return out;
}
