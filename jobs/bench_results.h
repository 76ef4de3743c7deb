/*
 * bench_results: what stands in a results file of `daybook bench`, as numbers and texts.
 *
 * Every member may be missing or null: a number is NAN then, a text NULL. What is there must be
 * what bench_file.h says: a number of the right sign, a text, a list. A file that is not is refused
 * as a whole, with its name and the place ("points[3].settlements_per_s.median").
 *
 * Ownership  bench_results_read fills in, bench_results_free frees; texts live as long.
 */
#ifndef DAYBOOK_JOBS_BENCH_RESULTS_H
#define DAYBOOK_JOBS_BENCH_RESULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

#define BENCH_RESULTS_POINTS_MAX 256
#define BENCH_RESULTS_REPEATS_MAX 128 /* of a point */
#define BENCH_RESULTS_ERROR_BYTES 1024

enum bench_timed {
    BENCH_DEPOSIT,
    BENCH_COLLECT,
    BENCH_PAYOUT,
    BENCH_CLOSING,
    BENCH_SETTLEMENT,
    BENCH_TIMED
};
enum bench_mark { BENCH_P50, BENCH_P90, BENCH_P99, BENCH_P999, BENCH_MOST, BENCH_MARKS };
enum bench_share_of { BENCH_OF_TOKENS, BENCH_OF_BANK, BENCH_OF_DATABASE, BENCH_OF_CPU, BENCH_OF };

struct bench_latency {
    double response[BENCH_MARKS], service[BENCH_MARKS]; /* ns */
};

struct bench_results_point {
    char value[32]; /* what was swept, as text; "" where nothing was */
    double number;  /* … where it is a number */
    double concurrency, rate_per_s, chunk_records, lanes, bank_latency_ns, bank_rate_per_s;
    double per_s, per_s_least, per_s_most; /* settlements: the median of the repeats, … */
    double repeats[BENCH_RESULTS_REPEATS_MAX];
    size_t repeat_count; /* 0: only the median is known */
    double seconds;
    double engine_ns, bank_ns, postgres_ns; /* CPU time a settlement */
    double memory_bytes, trace_dropped;
    double shares[BENCH_OF]; /* of the time: 0 … 1 */
    struct bench_latency latencies[BENCH_TIMED];
};

struct bench_results {
    const char *file;
    const char *kind, *swept, *started_at, *finished_at;
    struct {
        const char *daybook, *cpu, *kernel, *postgres, *compiler, *command;
        double cores, memory_bytes;
        int fsync; /* 1 on, 0 off, -1: not told */
    } environment;
    struct {
        const char *loop, *closing_check, *bank;
        double accounts, seed, rate_per_s, repeats, warm_up_accounts, bank_latency_ns,
            bank_rate_per_s;
    } workload;
    struct bench_results_point *points;
    size_t point_count;
    json_t *document;
};

/* A document that bench_file_read accepted; takes it over, whatever the result. False: `error`;
   nothing is to be freed. */
MUST_USE bool bench_results_take(struct bench_results *results, const char *file, json_t *document,
                                 char error[BENCH_RESULTS_ERROR_BYTES]);
/* From a file ("-": stdin); `file` must live as long as the results. */
MUST_USE bool bench_results_read(struct bench_results *results, const char *file,
                                 char error[BENCH_RESULTS_ERROR_BYTES]);
void bench_results_free(struct bench_results *results);

const char *bench_timed_name(enum bench_timed timed);
const char *bench_mark_name(enum bench_mark mark);
const char *bench_share_name(enum bench_share_of share);

/* Of a point: the limit that its bank had, NAN: none or not told. A point's own value counts before
   the workload's; 0 is none. */
double bench_results_bank_rate(const struct bench_results *results,
                               const struct bench_results_point *point);
double bench_results_bank_latency(const struct bench_results *results,
                                  const struct bench_results_point *point);
/* Calls to the bank that a settlement of this workload makes: 3, and those of the closing check. */
double bench_results_calls(const struct bench_results *results);

#endif
