/*
 * run_report: what a run shows: progress on stderr while it goes, a summary on stdout at its end.
 */
#ifndef DAYBOOK_JOBS_RUN_REPORT_H
#define DAYBOOK_JOBS_RUN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/transfer.h"
#include "core/settle.h"
#include "jobs/batch.h"
#include "jobs/run_forecast.h"
#include "real/news.h"
#include "real/ring.h"

#define RUN_CALL_KINDS 3 /* enum call_kind */

struct run_report_bank {
    char name[BANK_TEXT_MAX + 1];
    uint32_t rate_per_s;
    uint64_t foreign;             /* answers about something else */
    uint64_t answers, answers_ns; /* whole ones, and how long they took together */
    uint32_t used_per_mille; /* of the allowance, while calls waited for it; 0: none ever did */
};

struct run_report {
    const struct batch *batch;
    bool quiet;
    bool live; /* redraw in place */
    bool coloured;
    bool json;
    enum ring_io io;                  /* never RING_AUTO */
    char io_reason[RING_ERROR_BYTES]; /* "": it is io_uring, and nobody asked for another */
    uint64_t begun_at_ns;
    uint64_t done_before; /* settlements ended or parked before this try, as far as it is told */
    uint32_t bank_count;
    struct run_report_bank banks[BANKS_MAX];
    /* rates, taken over at least a second */
    uint64_t told_at_ns, told_calls, told_done;
    uint64_t calls_per_s, done_per_s;
    uint32_t lines_drawn;
    /* added up over the tries of this run */
    struct settle_counts total;
    struct histogram latency[RUN_CALL_KINDS];
    struct histogram detection; /* settle_detection */
    uint32_t restarts;
    uint64_t took_ns;
    struct run_forecast forecast;
};

void run_report_begin(struct run_report *report, uint64_t now_ns);
/* Whatever else is to be printed: takes away what was drawn in place. */
void run_report_clear(struct run_report *report);
/* How many settlements had ended, or were parked, before this try. */
void run_report_done_before(struct run_report *report, uint64_t done);
void run_report_progress(struct run_report *report, const struct news_view *view, uint64_t now_ns);
/* A try ended: clears the live lines. Then each of its partitions is added. */
void run_report_end_try(struct run_report *report, uint64_t now_ns);
void run_report_add(struct run_report *report, const struct settle *settle);

/* The summary to stdout. False: the database could not be asked, reported. */
MUST_USE bool run_report_summary(const struct run_report *report, struct db *db,
                                 const struct batch_counts *counts, int exit_code);

#endif
