/*
 * trace_line: an item of a trace as a line for people, and as JSON for programs.
 */
#ifndef DAYBOOK_JOBS_TRACE_LINE_H
#define DAYBOOK_JOBS_TRACE_LINE_H

#include <jansson.h>

#include "jobs/trace_calls.h"

#define TRACE_LINE_BYTES 2560

/*
 * Seconds since `start_ns`, kind, position of the settlement, step/generation, then what differs
 * from nothing, named. `call`: the one that a reply or cancel is about, NULL: not known. Returns
 * `line`, without a line end.
 */
const char *trace_line(const struct trace_item *item, uint64_t start_ns,
                       const struct trace_call *call, char line[TRACE_LINE_BYTES]);

/* All fields under their names; amounts, ids of settlements and calls, and seeds as text. */
json_t *trace_line_json(const struct trace_item *item, uint64_t start_ns,
                        const struct trace_call *call);

#endif
