#include "jobs/trace_calls.h"

#include <string.h>

void trace_calls_init(struct trace_calls *calls)
{
    memset(calls, 0, sizeof *calls);
}

/* A new one takes the place of the oldest. */
static void change_engine(struct trace_calls *calls, uint64_t engine)
{
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < TRACE_ENGINES; i++) {
        if (calls->engines[i] == engine) {
            calls->current = i;
            return;
        }
        oldest = calls->engines[i] < calls->engines[oldest] ? i : oldest;
    }
    memset(calls->calls[oldest], 0, sizeof calls->calls[oldest]);
    calls->engines[oldest] = engine;
    calls->current = oldest;
}

static bool is_engine(const struct trace_item *item)
{
    const struct unpack_value *what = trace_value(item, TRACE_WHAT);
    return what != NULL && what->byte_count == strlen("engine") &&
           memcmp(what->text, "engine", what->byte_count) == 0;
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
    if (is_engine(item))
        change_engine(calls, trace_natural(item, TRACE_VALUE));
    if (item->form->kind == TRACE_KIND_CLAIM) // a new start: its calls have new names
        memset(calls->calls[calls->current], 0, sizeof calls->calls[calls->current]);
    if (trace_value(item, TRACE_CALL) == NULL)
        return NULL;
    uint64_t name = trace_natural(item, TRACE_CALL);
    uint32_t index = slot_unpack(name).index;
    if (index >= CALLS_MAX)
        return NULL;
    struct trace_call *call = &calls->calls[calls->current][index];
    if (item->form->kind != TRACE_KIND_REPLY && item->form->kind != TRACE_KIND_CANCEL)
        return begin_call(call, item);
    return call->form != NULL && call->call == name ? call : NULL;
}
