/*
 * capacity_report: what `daybook capacity` was asked, and how it tells the answer. For capacity.c.
 */
#ifndef DAYBOOK_JOBS_CAPACITY_REPORT_H
#define DAYBOOK_JOBS_CAPACITY_REPORT_H

#include "jobs/forecast_site.h"
#include "jobs/report.h"

#define CAPACITY_ASSUMED_CALLS 64 /* in flight, where no bank is configured */

struct capacity_bank {
    char name[BANK_TEXT_MAX + 1];
    const struct config_bank *configured; /* NULL: none is */
    struct bank_rules rules;
    bool has_call_ns; /* --latency */
    uint64_t call_ns;
    uint64_t share, accounts;
};

struct capacity {
    struct job *job;
    struct config *config;
    uint64_t accounts;
    uint32_t bank_count;
    struct capacity_bank banks[BANKS_MAX];
    struct forecast_site site;
    struct forecast forecast;
    bool has_by;
    int64_t start_us, by_us, finish_us; /* since 1970 */
};

/* By the time that was asked for? There must be one. */
bool capacity_is_enough(const struct capacity *capacity);
/* What is assumed, to stderr. */
void capacity_report_warn(const struct capacity *capacity);
void capacity_report_print(const struct capacity *capacity, enum report_form form);

#endif
