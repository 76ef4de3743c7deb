#include "jobs/trace_calls.h"

#include <string.h>

void trace_calls_init(struct trace_calls *calls)
{
    memset(calls, 0, sizeof *calls);
}

static const struct trace_call *begin_call(struct trace_call *call, const struct trace_item *item)
{
    *call = (struct trace_call){
        .call = trace_natural(item, TRACE_CALL),
        .at_ns = item->at_ns,
        .form = item->form,
        .settlement = trace_natural(item, TRACE_SETTLEMENT),
    };
    if (item->form->kind != TRACE_KIND_POLL) {
        call->step = trace_natural(item, TRACE_STEP);
        call->direction = trace_natural(item, TRACE_DIRECTION);
        call->generation = trace_natural(item, TRACE_GENERATION);
    }
    return call;
}

const struct trace_call *trace_calls_see(struct trace_calls *calls, const struct trace_item *item)
{
    if (item->form->kind == TRACE_KIND_CLAIM)
        trace_calls_init(calls); // another engine, its calls have names of their own
    if (trace_value(item, TRACE_CALL) == NULL)
        return NULL;
    uint64_t name = trace_natural(item, TRACE_CALL);
    uint32_t index = slot_unpack(name).index;
    if (index >= CALLS_MAX)
        return NULL;
    struct trace_call *call = &calls->calls[index];
    if (item->form->kind != TRACE_KIND_REPLY && item->form->kind != TRACE_KIND_CANCEL)
        return begin_call(call, item);
    return call->form != NULL && call->call == name ? call : NULL;
}
