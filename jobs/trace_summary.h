/*
 * trace_summary: what a trace says as a whole: counts, answers and latencies of calls, chunks.
 */
#ifndef DAYBOOK_JOBS_TRACE_SUMMARY_H
#define DAYBOOK_JOBS_TRACE_SUMMARY_H

#include <jansson.h>

#include "base/histogram.h"
#include "jobs/trace_calls.h"

#define TRACE_SUMMARY_CALLS 3 /* poll, transfer, inquiry */
#define TRACE_SUMMARY_ANSWERS (ANSWER_CHANGED + 1)

struct trace_summary {
    bool is_simulation;
    char program[TRACE_TEXT_MAX + 1];
    int64_t started_us;
    uint64_t seed;
    uint64_t start_ns, end_ns;
    uint64_t items, of_kind[TRACE_KIND_END], dropped;
    uint64_t answers[TRACE_SUMMARY_CALLS][TRACE_SUMMARY_ANSWERS];
    uint64_t unknown_replies; /* to calls that the trace does not show, or with unknown answers */
    struct histogram latencies[TRACE_SUMMARY_CALLS];
    uint64_t chunk_first, chunk_last, chunk_records, chunk_entries;
    int64_t chunk_debit_minor; /* saturates */
    uint64_t written;
};

void trace_summary_init(struct trace_summary *summary);
void trace_summary_add(struct trace_summary *summary, const struct trace_item *item,
                       const struct trace_call *call);
void trace_summary_print(const struct trace_summary *summary);
json_t *trace_summary_json(const struct trace_summary *summary);

#endif
