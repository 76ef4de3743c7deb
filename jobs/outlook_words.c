/* What an outlook says, as a person reads it. */
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "jobs/chart_scale.h"
#include "jobs/outlook.h"
#include "jobs/report.h"

#define MINUTE_S UINT64_C(60)
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)
#define SHORT_S (10 * MINUTE_S) /* seconds are of interest up to here */

typedef unsigned long long natural;

static uint64_t seconds_up(uint64_t duration_ns)
{
    return duration_ns / NS_PER_S + (duration_ns % NS_PER_S > 0);
}

const char *outlook_span(uint64_t duration_ns, char text[OUTLOOK_TEXT_BYTES])
{
    uint64_t seconds = seconds_up(duration_ns);
    if (duration_ns < 10 * NS_PER_S) {
        uint64_t tenths = duration_ns / (NS_PER_S / 10) + (duration_ns % (NS_PER_S / 10) > 0);
        snprintf(text, OUTLOOK_TEXT_BYTES, "%llu.%llu s", (natural)(tenths / 10),
                 (natural)(tenths % 10));
    } else if (seconds < MINUTE_S) {
        snprintf(text, OUTLOOK_TEXT_BYTES, "%llu s", (natural)seconds);
    } else if (seconds < HOUR_S) {
        snprintf(text, OUTLOOK_TEXT_BYTES, "%llu min %02llu s", (natural)(seconds / MINUTE_S),
                 (natural)(seconds % MINUTE_S));
    } else {
        uint64_t minutes = seconds / MINUTE_S + (seconds % MINUTE_S > 0);
        if (seconds < 2 * DAY_S)
            snprintf(text, OUTLOOK_TEXT_BYTES, "%llu h %02llu min", (natural)(minutes / 60),
                     (natural)(minutes % 60));
        else
            snprintf(text, OUTLOOK_TEXT_BYTES, "%llu days %02llu h", (natural)(minutes / (24 * 60)),
                     (natural)(minutes / 60 % 24));
    }
    return text;
}

const char *outlook_clock(int64_t start_minute, uint64_t duration_ns, char text[OUTLOOK_TEXT_BYTES])
{
    uint64_t at = (uint64_t)start_minute * MINUTE_S + seconds_up(duration_ns);
    bool is_short = seconds_up(duration_ns) < SHORT_S;
    if (!is_short)
        at += MINUTE_S - 1;
    uint64_t days = at / DAY_S, within = at % DAY_S;
    int used = snprintf(text, OUTLOOK_TEXT_BYTES, "%02llu:%02llu", (natural)(within / HOUR_S),
                        (natural)(within / MINUTE_S % 60));
    if (is_short)
        used += snprintf(text + used, OUTLOOK_TEXT_BYTES - (size_t)used, ":%02llu",
                         (natural)(within % MINUTE_S));
    if (days == 1)
        snprintf(text + used, OUTLOOK_TEXT_BYTES - (size_t)used, " the next day");
    else if (days > 1)
        snprintf(text + used, OUTLOOK_TEXT_BYTES - (size_t)used, " %llu days later", (natural)days);
    return text;
}

const char *outlook_limit_name(const struct outlook_limit *limit, char text[OUTLOOK_TEXT_BYTES])
{
    static const char *const names[] = {
        [OUTLOOK_DATABASE] = "database",
        [OUTLOOK_CPU] = "CPU",
        [OUTLOOK_MACHINE] = "this machine",
        [OUTLOOK_PATH] = "the path of one settlement",
    };
    char value[CHART_TEXT_BYTES];
    chart_text(limit->value, CHART_COUNT, value);
    if (limit->cause == OUTLOOK_BANK_RATE)
        snprintf(text, OUTLOOK_TEXT_BYTES, "bank rate %s/s", value);
    else if (limit->cause == OUTLOOK_CONCURRENCY)
        snprintf(text, OUTLOOK_TEXT_BYTES, "%s calls in flight", value);
    else
        snprintf(text, OUTLOOK_TEXT_BYTES, "%s", names[limit->cause]);
    return text;
}

const char *outlook_limit_words(const struct outlook_limit *limit, char text[OUTLOOK_TEXT_BYTES])
{
    char name[OUTLOOK_TEXT_BYTES], per_s[CHART_TEXT_BYTES];
    outlook_limit_name(limit, name);
    if (limit->cause == OUTLOOK_BANK_RATE || limit->cause == OUTLOOK_PATH)
        snprintf(text, OUTLOOK_TEXT_BYTES, "%s", name);
    else
        snprintf(text, OUTLOOK_TEXT_BYTES, "%.40s at %.30s settlements/s", name,
                 chart_text(limit->per_s, CHART_COUNT, per_s));
    return text;
}

static const char *when(int64_t start_minute, uint64_t duration_ns, char text[OUTLOOK_TEXT_BYTES])
{
    return start_minute < 0 ? outlook_span(duration_ns, text)
                            : outlook_clock(start_minute, duration_ns, text);
}

/* The path is none that anybody could widen. */
static const char *next_words(const struct outlook *outlook, char text[OUTLOOK_TEXT_BYTES])
{
    for (size_t i = 1; i < outlook->limit_count; i++)
        if (outlook->limits[i].cause != OUTLOOK_PATH)
            return outlook_limit_words(&outlook->limits[i], text);
    return "not measured";
}

const char *outlook_sentence(const struct outlook *outlook, int64_t start_minute,
                             char text[OUTLOOK_SENTENCE_BYTES])
{
    char accounts[MONEY_TEXT_BYTES], end[OUTLOOK_TEXT_BYTES], late[OUTLOOK_TEXT_BYTES],
        limit[OUTLOOK_TEXT_BYTES], next[OUTLOOK_TEXT_BYTES];
    report_count(outlook->accounts, accounts);
    if (outlook->limit_count == 0) {
        snprintf(text, OUTLOOK_SENTENCE_BYTES,
                 "How long %.30s account%s take%s is not known: these results hold no throughput",
                 accounts, outlook->accounts == 1 ? "" : "s", outlook->accounts == 1 ? "s" : "");
        return text;
    }
    static const char *const verbs[2][2] = {{"take", "takes"}, {"finish at", "finishes at"}};
    bool is_one = outlook->accounts == 1;
    snprintf(text, OUTLOOK_SENTENCE_BYTES,
             "%.30s account%s %s %.90s, p90 %.90s; limit: %.90s; next: %.90s", accounts,
             is_one ? "" : "s", verbs[start_minute >= 0][is_one],
             when(start_minute, outlook->duration_ns, end),
             outlook->late_ns == 0 ? "not known" : when(start_minute, outlook->late_ns, late),
             outlook_limit_words(&outlook->limits[0], limit), next_words(outlook, next));
    return text;
}
