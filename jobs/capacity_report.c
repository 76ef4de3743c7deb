#include "jobs/capacity_report.h"

#include <string.h>
#include <time.h>

#include "base/time.h"
#include "core/limits.h"
#include "core/throttle.h"
#include "jobs/zone.h"

#define NEEDED_BYTES 256

static uint64_t within_ns(const struct capacity *capacity)
{
    return (uint64_t)(capacity->by_us - capacity->start_us) * NS_PER_US;
}

bool capacity_is_enough(const struct capacity *capacity)
{
    return capacity->forecast.duration_ns <= within_ns(capacity);
}

/* ---- what is assumed ---- */

static void warn_machine(const struct capacity *capacity)
{
    char commit[REPORT_DURATION_BYTES], rate[MONEY_TEXT_BYTES];
    const struct forecast_site *site = &capacity->site;
    if (site->found == MACHINE_FOREIGN || site->found == MACHINE_BROKEN)
        job_warn(NULL, "not used: %s", site->error);
    if (site->is_speed_assumed)
        job_warn("`daybook bench run` measures it, and keeps it in the state folder (state_folder)",
                 "no benchmark of this machine is known: assuming %s settlements/s%s%s",
                 report_count(FORECAST_ASSUMED_PER_S, rate),
                 site->machine.commit_ns == 0 ? ", a commit " : "",
                 site->machine.commit_ns == 0 ? report_span(FORECAST_ASSUMED_COMMIT_NS, commit)
                                              : "");
}

void capacity_report_warn(const struct capacity *capacity)
{
    char call[REPORT_DURATION_BYTES];
    warn_machine(capacity);
    for (uint32_t i = 0; i < capacity->bank_count; i++)
        if (capacity->site.is_call_assumed[i] && capacity->banks[i].accounts > 0)
            job_warn("--latency TIME; a run keeps what it measured in the state folder",
                     "no run has measured a call of bank %s: assuming %s", capacity->banks[i].name,
                     report_span(FORECAST_ASSUMED_CALL_NS, call));
}

/* ---- for people ---- */

static void print_verdict(const struct capacity *capacity)
{
    char accounts[MONEY_TEXT_BYTES], start[ZONE_TEXT_BYTES], finish[ZONE_TEXT_BYTES];
    char by[ZONE_TEXT_BYTES], apart[REPORT_DURATION_BYTES];
    int64_t spare_us = capacity->by_us - capacity->finish_us;
    bool is_enough = capacity->has_by && capacity_is_enough(capacity);
    zone_time(capacity->start_us, capacity->start_us, start);
    zone_time(capacity->finish_us, capacity->start_us, finish);
    printf("%s%s accounts, begun at %s, are settled by %s",
           capacity->has_by ? is_enough ? "yes: " : "no: " : "",
           report_count(capacity->accounts, accounts), start, finish);
    if (capacity->has_by)
        printf(", %s %s %s",
               report_span((uint64_t)(spare_us < 0 ? -spare_us : spare_us) * NS_PER_US, apart),
               is_enough ? "before" : "after", zone_time(capacity->by_us, capacity->start_us, by));
    printf(" (%s)\n", capacity->config->time_zone);
}

static void print_bound(const struct capacity *capacity, const char *name,
                        const struct forecast_bound *bound)
{
    char words[FORECAST_WORDS_BYTES], took[REPORT_DURATION_BYTES], rate[MONEY_TEXT_BYTES];
    if (bound != NULL)
        printf("  %-8s %s: %s, %s settlements/s\n", name,
               forecast_site_words(&capacity->site, bound, words),
               report_span(bound->duration_ns, took), report_count(bound->per_s, rate));
}

/* The most that a run can be told. */
static uint64_t most_of(enum forecast_limit limit)
{
    switch (limit) {
    case FORECAST_RATE:
        return THROTTLE_RATE_MAX;
    case FORECAST_CALLS:
        return CALLS_MAX;
    case FORECAST_SLOTS:
        return SLOTS_MAX;
    case FORECAST_MACHINE:
    case FORECAST_PATH:
    case FORECAST_DEPOSITS:
        return UINT64_MAX;
    }
    CHECK(false);
    return 0;
}

/* What no size of a limit would change. */
static void say_hopeless(const struct capacity *capacity, const struct forecast_bound *bound,
                         char out[NEEDED_BYTES])
{
    char words[FORECAST_WORDS_BYTES], least[REPORT_DURATION_BYTES];
    if (bound->limit == FORECAST_DEPOSITS)
        snprintf(out, NEEDED_BYTES, "deposits that arrive earlier");
    else
        snprintf(out, NEEDED_BYTES, "more time: %s alone take %s",
                 bound->limit == FORECAST_PATH ? forecast_site_words(&capacity->site, bound, words)
                                               : "the last settlements on their way",
                 report_span(bound->overhead_ns, least));
}

static void say_needed(const struct capacity *capacity, const struct forecast_bound *bound,
                       char out[NEEDED_BYTES])
{
    char value[MONEY_TEXT_BYTES], most[MONEY_TEXT_BYTES], too_much[64] = "";
    const char *bank = forecast_site_bank(&capacity->site, bound);
    uint64_t needed = forecast_needed(bound, within_ns(capacity));
    report_count(needed, value);
    if (needed > most_of(bound->limit))
        snprintf(too_much, sizeof too_much, "; a run makes at most %s",
                 report_count(most_of(bound->limit), most));
    if (needed == 0)
        say_hopeless(capacity, bound, out);
    else if (bound->limit == FORECAST_RATE)
        snprintf(out, NEEDED_BYTES, "bank %s: %s calls/s%s", bank, value, too_much);
    else if (bound->limit == FORECAST_CALLS)
        snprintf(out, NEEDED_BYTES, "bank %s: %s calls in flight%s", bank, value, too_much);
    else if (bound->limit == FORECAST_SLOTS)
        snprintf(out, NEEDED_BYTES, "run.slots: %s%s", value, too_much);
    else
        snprintf(out, NEEDED_BYTES, "a machine and database for %s settlements/s", value);
}

static void print_needed(const struct capacity *capacity)
{
    char text[NEEDED_BYTES];
    const char *title = "needed";
    for (uint32_t i = 0; i < capacity->forecast.bound_count; i++) {
        const struct forecast_bound *bound = &capacity->forecast.bounds[i];
        if (bound->duration_ns <= within_ns(capacity))
            break; // the longest come first
        // Looks take their share of the same rate, which is told by itself.
        if (bound->limit == FORECAST_PATH && i > 0)
            continue;
        say_needed(capacity, bound, text);
        printf("  %-8s %s\n", title, text);
        title = "";
    }
}

static void print_banks(const struct capacity *capacity)
{
    static const struct report_column columns[] = {{"bank", false},   {"accounts", true},
                                                   {"calls/s", true}, {"in flight", true},
                                                   {"a call", true},  {"", false}};
    struct report_table *table = report_table_open(columns, 6);
    for (uint32_t i = 0; i < capacity->bank_count; i++) {
        char call[REPORT_DURATION_BYTES];
        const struct forecast_bank *bank = &capacity->site.input.banks[i];
        report_table_add(table, capacity->banks[i].name);
        report_table_add_count(table, (int64_t)capacity->banks[i].accounts);
        report_table_add_count(table, bank->rate_per_s);
        report_table_add_count(table, bank->calls_max);
        report_table_add(table, report_span(bank->call_ns, call));
        report_table_add(table, capacity->site.is_call_assumed[i] ? "assumed" : "");
    }
    report_table_print(table, 2, stdout);
    report_table_close(table);
}

static void print_people(const struct capacity *capacity)
{
    char calls[MONEY_TEXT_BYTES], rate[MONEY_TEXT_BYTES];
    const struct forecast *forecast = &capacity->forecast;
    const struct forecast_site *site = &capacity->site;
    print_verdict(capacity);
    print_bound(capacity, "limit", &forecast->bounds[0]);
    print_bound(capacity, "then", forecast_next(forecast));
    if (capacity->has_by)
        print_needed(capacity);
    printf("  %-8s %s calls; %s settlements/s %s%s\n", "with", report_count(forecast->calls, calls),
           report_count(site->input.machine_per_s, rate),
           site->is_speed_assumed ? "assumed of this machine" : "on this machine, measured at ",
           site->machine.speed.measured_at);
    print_banks(capacity);
}

/* ---- for programs ---- */

static json_t *instant_json(int64_t at_us)
{
    char text[REPORT_TIME_BYTES];
    struct tm parts;
    time_t at = (time_t)(at_us / US_PER_S);
    CHECK(gmtime_r(&at, &parts) != NULL);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

static void fill_head(struct report_doc *doc, const struct capacity *capacity)
{
    const struct forecast_site *site = &capacity->site;
    const struct machine_speed *speed = &site->machine.speed;
    report_doc_set(doc, "accounts", json_integer((json_int_t)capacity->accounts));
    report_doc_set(doc, "answer",
                   capacity->has_by ? json_string(capacity_is_enough(capacity) ? "yes" : "no")
                                    : json_null());
    report_doc_set(doc, "time_zone", json_string(capacity->config->time_zone));
    report_doc_set(doc, "start_at", instant_json(capacity->start_us));
    report_doc_set(doc, "finish_at", instant_json(capacity->finish_us));
    report_doc_set(doc, "by_at", capacity->has_by ? instant_json(capacity->by_us) : json_null());
    report_doc_set(doc, "duration_ns", json_integer((json_int_t)capacity->forecast.duration_ns));
    report_doc_set(doc, "calls", json_integer((json_int_t)capacity->forecast.calls));
    report_doc_set(doc, "settlements_per_s", json_integer((json_int_t)site->input.machine_per_s));
    report_doc_set(doc, "chunk_commit_ns", json_integer((json_int_t)site->input.chunk_commit_ns));
    report_doc_set(doc, "machine_assumed", json_boolean(site->is_speed_assumed));
    report_doc_set(doc, "machine_measured_at",
                   site->is_speed_assumed ? json_null() : json_string(speed->measured_at));
    report_doc_list(doc, "bounds");
    report_doc_list(doc, "banks");
}

/* The first one is the limit. */
static json_t *bound_json(const struct capacity *capacity, const struct forecast_bound *bound)
{
    const char *bank = forecast_site_bank(&capacity->site, bound);
    json_t *object =
        json_pack("{s:s, s:s?, s:I, s:I, s:I}", "limit", forecast_site_limit(bound->limit), "bank",
                  bank, "value", (json_int_t)bound->value, "duration_ns",
                  (json_int_t)bound->duration_ns, "settlements_per_s", (json_int_t)bound->per_s);
    bool is_exceeded = capacity->has_by && bound->duration_ns > within_ns(capacity);
    uint64_t needed = is_exceeded ? forecast_needed(bound, within_ns(capacity)) : 0;
    json_object_set_new(object, "needed",
                        needed == 0 ? json_null() : json_integer((json_int_t)needed));
    return object;
}

static json_t *bank_json(const struct capacity *capacity, uint32_t index)
{
    const struct forecast_bank *bank = &capacity->site.input.banks[index];
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "bank", capacity->banks[index].name, "accounts",
        (json_int_t)capacity->banks[index].accounts, "calls", (json_int_t)bank->calls, "rate_per_s",
        (json_int_t)bank->rate_per_s, "calls_in_flight", (json_int_t)bank->calls_max, "call_ns",
        (json_int_t)bank->call_ns, "call_assumed", (int)capacity->site.is_call_assumed[index]);
}

static void print_doc(const struct capacity *capacity, enum report_form form)
{
    struct report_doc *doc = report_doc_open(form, "capacity", stdout);
    fill_head(doc, capacity);
    for (uint32_t i = 0; i < capacity->forecast.bound_count; i++)
        report_doc_row(doc, "bounds", "bound", bound_json(capacity, &capacity->forecast.bounds[i]));
    for (uint32_t i = 0; i < capacity->bank_count; i++)
        report_doc_row(doc, "banks", "bank", bank_json(capacity, i));
    report_doc_close(doc);
}

void capacity_report_print(const struct capacity *capacity, enum report_form form)
{
    if (form == REPORT_TABLE)
        print_people(capacity);
    else
        print_doc(capacity, form);
}
