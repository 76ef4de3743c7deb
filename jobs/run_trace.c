#include "jobs/run_trace.h"

#include <string.h>

#include "real/clock.h"

int run_trace_open(const struct job *job, struct trace_file **trace)
{
    char error[TRACE_FILE_ERROR_BYTES];
    const char *file = job_text(job, "trace");
    if (file == NULL)
        return JOB_DONE;
    *trace = trace_file_open(file, error);
    if (*trace == NULL)
        return job_fail(FAIL_NO_TRACE, "nothing was done; --trace names a file that can be written",
                        "no trace: %s", error);
    trace_header(trace_file_sink(*trace), clock_now_ns(),
                 &(struct trace_header){.program = DAYBOOK_VERSION,
                                        .source = TRACE_SOURCE_RUN,
                                        .started_us = clock_wall_us()});
    return JOB_DONE;
}

void run_trace_claim(struct trace_file *trace, const struct settle_start *start)
{
    if (trace != NULL)
        trace_claim(trace_file_sink(trace), clock_now_ns(), start);
}

void run_trace_end(struct trace_file *trace, const struct settle *settle)
{
    if (trace != NULL)
        trace_end(trace_file_sink(trace), clock_now_ns(), settle_end(settle),
                  settle_counts(settle)->fatal);
}

void run_trace_close(struct trace_file *trace)
{
    if (trace == NULL)
        return;
    struct trace_file_end end = trace_file_close(trace);
    if (end.write_errno != 0)
        job_warn("the run itself is not touched by it", "the trace is not whole: %s",
                 strerror(end.write_errno));
    else if (end.dropped > 0)
        job_warn("the disk was too slow; the trace says where they are missing",
                 "%llu items are missing from the trace", (unsigned long long)end.dropped);
}
