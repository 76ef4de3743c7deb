/*
 * bench_page: the report of a benchmark as one HTML page: verdict, throughput, latency, where the
 * time goes, forecast, and what was measured on which machine.
 *
 * The page loads nothing and runs nothing; every chart has its figures in a table below. Made of
 * its arguments alone: the same results make the same page.
 */
#ifndef DAYBOOK_JOBS_BENCH_PAGE_H
#define DAYBOOK_JOBS_BENCH_PAGE_H

#include <stdint.h>

#include "jobs/bench_results.h"
#include "jobs/html.h"
#include "jobs/outlook.h"

#define BENCH_PAGE_RATES_MAX 6

struct bench_page {
    const struct bench_results *results;
    size_t count;
    struct outlook_basis basis;
    struct outlook_question question; /* the verdict's */
    int64_t start_minute;             /* of the day; below 0: none */
    int64_t deadline_minute;          /* below 0: none; of the next day where not after the start */
    uint32_t rates[BENCH_PAGE_RATES_MAX]; /* of the forecast, rising; 0 for none stands last */
    size_t rate_count;
};

void bench_page_write(struct html *html, const struct bench_page *page);

#endif
