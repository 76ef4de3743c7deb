/*
 * trace_calls: which call a reply ends, while a trace is read in order.
 *
 * A plain value of fixed size, whatever the trace says.
 */
#ifndef DAYBOOK_JOBS_TRACE_CALLS_H
#define DAYBOOK_JOBS_TRACE_CALLS_H

#include "core/limits.h"
#include "core/trace_read.h"

struct trace_call {
    uint64_t call; /* as in the trace */
    uint64_t at_ns;
    const struct trace_form *form; /* poll, transfer, inquiry; NULL: nothing is known */
    uint64_t settlement;
    uint64_t step, direction, generation; /* transfer, inquiry; else 0 */
};

#define TRACE_ENGINES 16U /* of a simulation, that can have calls at one time */

/* Each engine has names of its own for its calls; notes "engine" say whose items follow. */
struct trace_calls {
    uint32_t current;
    uint64_t engines[TRACE_ENGINES];                   /* as the notes name them */
    struct trace_call calls[TRACE_ENGINES][CALLS_MAX]; /* by index */
};

void trace_calls_init(struct trace_calls *calls);
/* Takes the next item; the call that it begins, cancels or ends. NULL: about no call, or about
   one that the trace did not show. Valid until the next item. */
const struct trace_call *trace_calls_see(struct trace_calls *calls, const struct trace_item *item);

#endif
