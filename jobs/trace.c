/* trace: what a run or a simulation wrote with --trace, as lines or as a summary. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "jobs/job.h"
#include "jobs/report.h"
#include "jobs/trace_line.h"
#include "jobs/trace_stream.h"
#include "jobs/trace_summary.h"

struct trace_job {
    struct job *job;
    struct trace_stream *stream;
    bool json;
    bool summary_only;
    uint64_t settlement; /* id or position; 0: all */
    uint64_t from_ns, to_ns;
    bool some_kinds, kinds[TRACE_KIND_END];
    uint64_t start_ns;
    uint64_t chunk; /* the one whose records come now */
    uint64_t shown_chunk;
    struct trace_calls calls;
    struct trace_summary summary;
};

/* ---- which items ----------------------------------------------------------------------------- */

static bool is_settlement(const struct trace_job *trace, uint64_t settlement)
{
    return settlement == trace->settlement ||
           (trace->settlement < POSITIONS_MAX &&
            settlement_position(settlement) == trace->settlement);
}

/* Its own items, what was answered to it, when its records were written, and the frame of runs. */
static bool is_about(struct trace_job *trace, const struct trace_item *item,
                     const struct trace_call *call)
{
    switch (item->form->kind) {
    case TRACE_KIND_HEADER:
    case TRACE_KIND_CLAIM:
    case TRACE_KIND_END_OF_RUN:
    case TRACE_KIND_NOTE:
    case TRACE_KIND_DROPPED:
    case TRACE_KIND_GONE:
    case TRACE_KIND_STOP:
        return true;
    case TRACE_KIND_WRITTEN:
        return trace_natural(item, TRACE_CHUNK) == trace->shown_chunk;
    case TRACE_KIND_INTENT:
    case TRACE_KIND_ATTEMPT:
    case TRACE_KIND_OUTCOME:
    case TRACE_KIND_ENTRY:
    case TRACE_KIND_DECISION:
        if (!is_settlement(trace, trace_natural(item, TRACE_SETTLEMENT)))
            return false;
        trace->shown_chunk = trace->chunk;
        return true;
    case TRACE_KIND_ROW:
    case TRACE_KIND_REQUEST:
        return is_settlement(trace, trace_natural(item, TRACE_SETTLEMENT));
    case TRACE_KIND_POLL:
    case TRACE_KIND_TRANSFER:
    case TRACE_KIND_INQUIRY:
    case TRACE_KIND_REPLY:
    case TRACE_KIND_CANCEL:
        return call != NULL && is_settlement(trace, call->settlement);
    case TRACE_KIND_LOAD:
    case TRACE_KIND_CHUNK_OUT:
    case TRACE_KIND_LOADED:
    case TRACE_KIND_ALIVE:
    case TRACE_KIND_REQUESTED:
    case TRACE_KIND_END:
        return false;
    }
    return false;
}

static bool is_wanted(struct trace_job *trace, const struct trace_item *item,
                      const struct trace_call *call)
{
    if (trace->summary_only && item->form->kind == TRACE_KIND_HEADER)
        return true; // of whatever part, the summary says whose it is
    uint64_t since_ns = item->at_ns > trace->start_ns ? item->at_ns - trace->start_ns : 0;
    bool about = trace->settlement == 0 || is_about(trace, item, call);
    return about && since_ns >= trace->from_ns && since_ns <= trace->to_ns &&
           (!trace->some_kinds || trace->kinds[item->form->kind]);
}

/* ---- one item -------------------------------------------------------------------------------- */

static void show(struct trace_job *trace, const struct trace_item *item,
                 const struct trace_call *call)
{
    char line[TRACE_LINE_BYTES];
    if (!trace->json) {
        puts(trace_line(item, trace->start_ns, call, line));
        return;
    }
    json_t *object = trace_line_json(item, trace->start_ns, call);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

static void take(struct trace_job *trace, const struct trace_item *item)
{
    if (item->form->kind == TRACE_KIND_HEADER)
        trace->start_ns = item->at_ns;
    if (item->form->kind == TRACE_KIND_CHUNK_OUT)
        trace->chunk = trace_natural(item, TRACE_CHUNK);
    const struct trace_call *call = trace_calls_see(&trace->calls, item);
    if (!is_wanted(trace, item, call))
        return;
    if (trace->summary_only)
        trace_summary_add(&trace->summary, item, call);
    else
        show(trace, item, call);
}

static int take_all(struct trace_job *trace)
{
    struct trace_item item;
    char error[TRACE_STREAM_ERROR_BYTES];
    enum trace_stream_result result;
    while ((result = trace_stream_next(trace->stream, &item, error)) == TRACE_STREAM_ITEM)
        take(trace, &item);
    fflush(stdout); // the note comes after what it is about
    if (result == TRACE_STREAM_BAD)
        return job_fail(FAIL_BAD_TRACE, "what comes before is whole; a trace is written by --trace",
                        "%s", error);
    if (result == TRACE_STREAM_CUT)
        job_warn("that is usual when the program was killed; all before it is whole", "%s", error);
    return JOB_DONE;
}

/* ---- options --------------------------------------------------------------------------------- */

static const struct trace_form *form_named(const char *name)
{
    for (uint64_t kind = 0; kind < TRACE_KIND_END; kind++) {
        const struct trace_form *form = trace_form(kind);
        if (form != NULL && strcmp(form->name, name) == 0)
            return form;
    }
    return NULL;
}

#define KINDS_BYTES 1024

/* Their names, as a hint. */
static const char *kinds(char text[KINDS_BYTES])
{
    size_t used = 0;
    text[0] = 0;
    for (uint64_t kind = 0; kind < TRACE_KIND_END; kind++) {
        const struct trace_form *form = trace_form(kind);
        if (form == NULL || used >= KINDS_BYTES)
            continue;
        int more = snprintf(text + used, KINDS_BYTES - used, "%s%s",
                            used > 0 ? ", " : "there are: ", form->name);
        used += (size_t)more;
    }
    return text;
}

static int read_kinds(struct trace_job *trace)
{
    const char *name;
    char known[KINDS_BYTES];
    for (size_t i = 0; (name = job_text_at(trace->job, "kind", i)) != NULL; i++) {
        const struct trace_form *form = form_named(name);
        if (form == NULL)
            return job_fail(JOB_USAGE, kinds(known), "there is no kind '%s' of items", name);
        trace->some_kinds = true;
        trace->kinds[form->kind] = true;
    }
    return JOB_DONE;
}

static int trace_file(struct trace_job *trace)
{
    char error[TRACE_STREAM_ERROR_BYTES];
    int exit_code = read_kinds(trace);
    if (exit_code != JOB_DONE)
        return exit_code;
    trace->stream = trace_stream_open(job_operand(trace->job, 0), error);
    if (trace->stream == NULL)
        return job_fail(errno == EACCES ? JOB_DENIED : JOB_BAD_INPUT,
                        "a trace is written by daybook run or simulate, with --trace FILE", "%s",
                        error);
    exit_code = take_all(trace);
    trace_stream_close(trace->stream);
    if (trace->summary_only && trace->summary.items > 0) {
        if (trace->json)
            report_json_print(trace_summary_json(&trace->summary));
        else
            trace_summary_print(&trace->summary);
    }
    return exit_code;
}

int job_trace(struct job *job)
{
    static struct trace_job trace;
    trace.job = job;
    trace.json = job_number(job, "output") == 1;
    trace.summary_only = job_flag(job, "summary");
    trace.settlement = (uint64_t)job_number(job, "settlement");
    trace.from_ns = (uint64_t)job_number(job, "from");
    trace.to_ns = (uint64_t)job_number(job, "to");
    trace_calls_init(&trace.calls);
    trace_summary_init(&trace.summary);
    return trace_file(&trace);
}
