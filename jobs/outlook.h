/*
 * outlook: when so many accounts are finished and what limits it, from the results of a benchmark.
 *
 * The model of time is forecast.h; what the benchmark says are its parameters:
 *
 *     carried   settlements a second at this concurrency: on the fitted curve (usl.h) where a sweep
 *               over concurrency allows one, else the measured median. Points that only show the
 *               bank's rate or the rate of arrival (at least 90 % of it) are left out.
 *     database  what one session of Postgres a lane carries, at the measured CPU time a settlement;
 *               where the results do not tell the lanes, one
 *     CPU       what the cores carry, at the measured CPU time of all programs together
 *     calls     calls in flight x their time (Little's law), with the bank's latency
 *
 * What limits the carried throughput: concurrency, as long as more of it brings at least half as
 * much again (usl_gain_at); else CPU or database, whichever is the busier. Without a curve that one
 * must be at least 70 % busy; else it is what settlements wait for the longest.
 *
 * p90 is when nine of ten such paydays are finished. Paydays are taken to differ from each other as
 * the repeats of a point do (Student's t, relative, pooled over all points); the carried throughput
 * by the error of the curve, too. Without repeats the points around the curve say how much; without
 * a curve either it is unknown.
 *
 * Deposits are taken to be there at the start. Plain values; reads nothing, allocates nothing.
 */
#ifndef DAYBOOK_JOBS_OUTLOOK_H
#define DAYBOOK_JOBS_OUTLOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/bench_results.h"
#include "jobs/usl.h"

#define OUTLOOK_LIMITS_MAX 8
#define OUTLOOK_TEXT_BYTES 96
#define OUTLOOK_SENTENCE_BYTES 512

enum outlook_cause {
    OUTLOOK_BANK_RATE,
    OUTLOOK_CONCURRENCY,
    OUTLOOK_DATABASE,
    OUTLOOK_CPU,
    OUTLOOK_MACHINE, /* carried, and the results do not tell by what it was limited */
    OUTLOOK_PATH,    /* few accounts: one after another, a settlement's own calls and commits */
};

/* What a planner may ask for otherwise than it was measured; NAN: as measured. */
struct outlook_options {
    double concurrency;     /* calls in flight */
    double bank_latency_ns; /* of a call */
};

struct outlook_basis {
    const struct bench_results *results; /* the first sweep over concurrency, else the first */
    const struct bench_results_point *nearest; /* to the concurrency; else the fastest; or NULL */
    enum usl_result fitted;
    struct usl_fit fit;                         /* if USL_FITTED */
    double concurrency;                         /* as asked, else that of the fastest point */
    double concurrency_least, concurrency_most; /* measured */
    bool is_beyond;                             /* asked for outside of what was measured */
    double carried_per_s, reached_per_s;        /* nine of ten reach this; NAN: unknown */
    enum outlook_cause carried_by;
    double cpu_busy, database_busy; /* 0 … 1, at the nearest point */
    double database_per_s, cpu_per_s;
    double calls; /* of a settlement */
    double call_ns, path_ns;
    double spread, spread_freedom; /* relative standard deviation; NAN: unknown */
    bool is_spread_of_fit;         /* for want of repeats */
    size_t used, held;             /* points; those left out */
};

struct outlook_question {
    uint64_t accounts;   /* at least 1 */
    uint32_t rate_per_s; /* of the bank; 0: no limit */
};

struct outlook_limit {
    enum outlook_cause cause;
    double value;         /* BANK_RATE: calls a second; CONCURRENCY: calls in flight; else 0 */
    double per_s;         /* settlements that it lets through; PATH: 0 */
    uint64_t duration_ns; /* if nothing else limited it */
    uint64_t late_ns;     /* its p90; 0: unknown */
};

struct outlook {
    uint64_t accounts;
    uint64_t duration_ns, late_ns;                   /* the longest of all; late 0: unknown */
    struct outlook_limit limits[OUTLOOK_LIMITS_MAX]; /* the longest first */
    size_t limit_count;                              /* 0: nothing is known */
};

void outlook_basis_make(const struct bench_results *results, size_t count,
                        const struct outlook_options *options, struct outlook_basis *basis);
void outlook_make(const struct outlook_basis *basis, const struct outlook_question *question,
                  struct outlook *outlook);

/* A point that shows nothing but a rate that it was given. */
bool outlook_is_held(const struct bench_results *results, const struct bench_results_point *point);

/* ---- words; each returns `text` ---- */

/* "6 min 15 s", "3 h 05 min". Rounded up. */
const char *outlook_span(uint64_t duration_ns, char text[OUTLOOK_TEXT_BYTES]);
/* "02:41", "02:06:15" where it takes less than ten minutes, "00:10 the next day". Rounded up. */
const char *outlook_clock(int64_t start_minute, uint64_t duration_ns,
                          char text[OUTLOOK_TEXT_BYTES]);
/* "bank rate 400/s", "database", "64 calls in flight" … */
const char *outlook_limit_name(const struct outlook_limit *limit, char text[OUTLOOK_TEXT_BYTES]);
/* The same with what it lets through: "bank rate 400/s", "database at 9,300 settlements/s" … */
const char *outlook_limit_words(const struct outlook_limit *limit, char text[OUTLOOK_TEXT_BYTES]);
/* "50,000 accounts finish at 02:41, p90 02:47; limit: …; next: …". `start_minute` of the day;
   below 0: none, then "take 41 min". */
const char *outlook_sentence(const struct outlook *outlook, int64_t start_minute,
                             char text[OUTLOOK_SENTENCE_BYTES]);

#endif
