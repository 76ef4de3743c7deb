/* capacity: can so many accounts be settled by then, what limits it, and what would it take. */
#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "core/limits.h"
#include "jobs/capacity_report.h"
#include "jobs/run_banks.h"
#include "jobs/zone.h"
#include "real/clock.h"

#define ANY_CURRENCY "KRW" /* for reading a profile */
#define UNNAMED "bank"     /* where none is configured */

static struct capacity_bank *find_bank(struct capacity *capacity, const char *name, size_t bytes)
{
    for (uint32_t i = 0; i < capacity->bank_count; i++) {
        struct capacity_bank *bank = &capacity->banks[i];
        if (strlen(bank->name) == bytes && memcmp(bank->name, name, bytes) == 0)
            return bank;
    }
    return NULL;
}

/* ---- the banks ---- */

static int add_configured(struct capacity *capacity, const struct config_bank *configured)
{
    struct run_bank loaded = {.config = configured};
    int exit_code = run_bank_load(&loaded, capacity->config, ANY_CURRENCY);
    if (exit_code != JOB_DONE)
        return exit_code;
    profile_close(loaded.profile);
    struct capacity_bank *bank = &capacity->banks[capacity->bank_count++];
    *bank = (struct capacity_bank){.configured = configured, .rules = loaded.rules};
    memcpy(bank->name, configured->name, sizeof bank->name);
    return JOB_DONE;
}

static int take_banks(struct capacity *capacity)
{
    const struct config *config = capacity->config;
    int exit_code = JOB_DONE;
    for (uint32_t i = 0; i < config->bank_count && exit_code == JOB_DONE; i++)
        exit_code = add_configured(capacity, &config->banks[i]);
    if (config->bank_count > 0)
        return exit_code;
    if (!job_given(capacity->job, "rate"))
        return job_fail(JOB_USAGE, "--rate N: how many calls a second the bank allows",
                        "no bank is configured");
    capacity->banks[capacity->bank_count++] = (struct capacity_bank){
        .name = UNNAMED,
        .rules = {.rate_per_s = 1, .calls_max = CAPACITY_ASSUMED_CALLS},
    };
    return JOB_DONE;
}

/* ---- options that name a bank, or mean each ---- */

struct bank_option {
    const char *name;
    struct value_rule rule;
    bool needs_bank;
    void (*apply)(struct capacity_bank *bank, int64_t value);
};

static void apply_rate(struct capacity_bank *bank, int64_t value)
{
    bank->rules.rate_per_s = (uint32_t)value;
}

static void apply_calls(struct capacity_bank *bank, int64_t value)
{
    bank->rules.calls_max = (uint32_t)value;
}

static void apply_latency(struct capacity_bank *bank, int64_t value)
{
    bank->has_call_ns = true;
    bank->call_ns = (uint64_t)value;
}

static void apply_share(struct capacity_bank *bank, int64_t value)
{
    bank->share = (uint64_t)value;
}

static const struct bank_option bank_options[] = {
    {"rate", {.kind = VALUE_INTEGER, .least = 1, .most = 1000000}, false, apply_rate},
    {"calls", {.kind = VALUE_INTEGER, .least = 1, .most = CALLS_MAX}, false, apply_calls},
    {"latency",
     {.kind = VALUE_DURATION, .least = 0, .most = (int64_t)(3600 * NS_PER_S)},
     false,
     apply_latency},
    {"share", {.kind = VALUE_INTEGER, .least = 0, .most = 1000000}, true, apply_share},
};

static int fail_bank(const struct capacity *capacity, const struct bank_option *option,
                     const char *text)
{
    char hint[BANKS_MAX * (BANK_TEXT_MAX + 2) + 32] = "the banks are:";
    size_t used = strlen(hint);
    for (uint32_t i = 0; i < capacity->bank_count; i++)
        used += (size_t)snprintf(hint + used, sizeof hint - used, " %s", capacity->banks[i].name);
    return job_fail(JOB_USAGE, hint, "--%s %.80s: %s", option->name, text,
                    strchr(text, '=') == NULL ? "names no bank" : "no such bank is configured");
}

static int take_option(struct capacity *capacity, const struct bank_option *option,
                       const char *text)
{
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    const char *equals = strchr(text, '=');
    struct capacity_bank *bank =
        equals == NULL ? NULL : find_bank(capacity, text, (size_t)(equals - text));
    if (bank == NULL && (equals != NULL || option->needs_bank))
        return fail_bank(capacity, option, text);
    if (!value_parse(&option->rule, equals == NULL ? text : equals + 1, &value, error))
        return job_fail(JOB_USAGE, NULL, "--%s %.80s: %s", option->name, text, error);
    for (uint32_t i = 0; i < capacity->bank_count; i++)
        if (bank == NULL || bank == &capacity->banks[i])
            option->apply(&capacity->banks[i], value);
    return JOB_DONE;
}

static int take_options(struct capacity *capacity)
{
    const char *text;
    for (size_t i = 0; i < sizeof bank_options / sizeof bank_options[0]; i++) {
        for (size_t k = 0; (text = job_text_at(capacity->job, bank_options[i].name, k)) != NULL;
             k++) {
            int exit_code = take_option(capacity, &bank_options[i], text);
            if (exit_code != JOB_DONE)
                return exit_code;
        }
    }
    return JOB_DONE;
}

/* ---- the model ---- */

/* By parts; what is left over goes to the first ones. */
static int spread(struct capacity *capacity)
{
    uint64_t accounts = (uint64_t)job_number(capacity->job, "accounts"), parts = 0, spread = 0;
    for (uint32_t i = 0; i < capacity->bank_count; i++) {
        if (!job_given(capacity->job, "share"))
            capacity->banks[i].share = 1;
        parts += capacity->banks[i].share;
    }
    if (parts == 0)
        return job_fail(JOB_USAGE, NULL, "--share: no bank has any accounts");
    for (uint32_t i = 0; i < capacity->bank_count; i++) {
        capacity->banks[i].accounts = accounts * capacity->banks[i].share / parts;
        spread += capacity->banks[i].accounts;
    }
    for (uint32_t i = 0; spread < accounts; i++) {
        uint64_t more = capacity->banks[i].share > 0;
        capacity->banks[i].accounts += more;
        spread += more;
    }
    capacity->accounts = accounts;
    return JOB_DONE;
}

static void reckon(struct capacity *capacity)
{
    struct forecast_site *site = &capacity->site;
    forecast_site_begin(site, capacity->config);
    site->input.arrive_ns = (uint64_t)job_number(capacity->job, "arrive-over");
    if (job_given(capacity->job, "closing-check"))
        site->input.closing = (enum closing_check)job_number(capacity->job, "closing-check");
    for (uint32_t i = 0; i < capacity->bank_count; i++) {
        const struct capacity_bank *bank = &capacity->banks[i];
        struct forecast_bank *added =
            forecast_site_add(site, bank->name, bank->configured, &bank->rules);
        if (bank->has_call_ns)
            added->call_ns = bank->call_ns;
        site->is_call_assumed[i] &= !bank->has_call_ns;
        forecast_site_plan(site, i, bank->accounts);
    }
    forecast_site_end(site);
    forecast_make(&site->input, &capacity->forecast);
}

/* The start is one that comes, and the end one after it. */
static int take_times(struct capacity *capacity)
{
    const struct job *job = capacity->job;
    int64_t now_us = clock_wall_us();
    if (!zone_use(capacity->config->time_zone))
        return job_fail(JOB_BAD_CONFIG, "is the package tzdata installed? Names are as Asia/Seoul",
                        "this machine does not know the time zone \"%s\"",
                        capacity->config->time_zone);
    capacity->start_us =
        job_given(job, "start") ? zone_next(now_us, job_number(job, "start")) : now_us;
    capacity->has_by = job_given(job, "by");
    if (capacity->has_by)
        capacity->by_us = zone_next(capacity->start_us, job_number(job, "by"));
    capacity->finish_us =
        capacity->start_us + (int64_t)(capacity->forecast.duration_ns / NS_PER_US);
    return JOB_DONE;
}

static int answer(struct capacity *capacity)
{
    int exit_code = take_banks(capacity);
    if (exit_code == JOB_DONE)
        exit_code = take_options(capacity);
    if (exit_code == JOB_DONE)
        exit_code = spread(capacity);
    if (exit_code != JOB_DONE)
        return exit_code;
    reckon(capacity);
    exit_code = take_times(capacity);
    if (exit_code != JOB_DONE)
        return exit_code;
    capacity_report_warn(capacity);
    capacity_report_print(capacity, (enum report_form)job_number(capacity->job, "output"));
    return !capacity->has_by || capacity_is_enough(capacity) ? JOB_DONE : JOB_THRESHOLD;
}

int job_capacity(struct job *job)
{
    int exit_code;
    struct capacity capacity = {.job = job};
    capacity.config = config_open(job, &exit_code);
    if (capacity.config != NULL)
        exit_code = answer(&capacity);
    config_close(capacity.config);
    return exit_code;
}
