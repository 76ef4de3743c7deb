#include "jobs/run_trace.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "real/clock.h"

static int open_one(struct trace_file **trace, const char *file)
{
    char error[TRACE_FILE_ERROR_BYTES];
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

int run_trace_open(const struct job *job, struct trace_file **traces, uint32_t partition_count)
{
    char name[PATH_MAX];
    const char *file = job_text(job, "trace");
    int exit_code = JOB_DONE;
    if (file == NULL)
        return JOB_DONE;
    if (partition_count == 1)
        return open_one(&traces[0], file);
    for (uint32_t i = 0; i < partition_count && exit_code == JOB_DONE; i++) {
        snprintf(name, sizeof name, "%s.%u", file, i);
        exit_code = open_one(&traces[i], name);
    }
    return exit_code;
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

static void close_one(struct trace_file *trace)
{
    struct trace_file_end end = trace_file_close(trace);
    if (end.write_errno != 0)
        job_warn("the run itself is not touched by it", "the trace is not whole: %s",
                 strerror(end.write_errno));
    else if (end.dropped > 0)
        job_warn("the disk was too slow; the trace says where they are missing",
                 "%llu items are missing from the trace", (unsigned long long)end.dropped);
}

void run_trace_close(struct trace_file **traces, uint32_t partition_count)
{
    for (uint32_t i = 0; i < partition_count; i++) {
        if (traces[i] != NULL)
            close_one(traces[i]);
        traces[i] = NULL;
    }
}
