#include "jobs/simulation.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/prng.h"
#include "jobs/trace_line.h"
#include "jobs/trace_out.h"

/* For the signal handler: what it prints, and what it writes to the end. */
static const char *replay_line;
static struct trace_out trace_out = {.fd = -1};

static void on_crash(int signal_number)
{
    (void)signal_number;
    if (trace_out.fd >= 0)
        trace_out_flush(&trace_out);
    if (write(STDOUT_FILENO, replay_line, strlen(replay_line)) < 0)
        _exit(SIMULATE_CRASHED);
    _exit(SIMULATE_CRASHED);
}

void simulation_catch_crashes(const struct simulation *simulation)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    replay_line = simulation->replay;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], on_crash);
}

/* ---- the plan -------------------------------------------------------------------------------- */

void simulation_write_replay(struct job *job, struct simulation *simulation)
{
    int used = snprintf(simulation->replay, sizeof simulation->replay,
                        "daybook simulate --seed %" PRIu64 " --accounts %" PRId64,
                        simulation->plan.seed, job_number(job, "accounts"));
    char *at = simulation->replay + used;
    size_t left = sizeof simulation->replay - (size_t)used;
    used = 0;
    if (job_given(job, "crash-at"))
        used = snprintf(at, left, " --crash-at %" PRId64, job_number(job, "crash-at"));
    else if (job_given(job, "crashes"))
        used = snprintf(at, left, " --crashes %" PRId64, job_number(job, "crashes"));
    at += used;
    left -= (size_t)used;
    if (job_given(job, "profile"))
        snprintf(at, left, " --profile %s\n", job_text(job, "profile"));
    else
        snprintf(at, left, "\n");
}

/* Spread over the moments of the payday as it is without a crash. */
static void draw_crashes(struct simulation *simulation, uint32_t count, uint64_t moments)
{
    struct prng prng = prng_split(simulation->plan.seed, "moments");
    uint64_t stride = moments / (count + 1U) + 1;
    for (uint32_t i = 0; i < count; i++)
        simulation->crashes[i] = 1 + i * stride + prng_below(&prng, stride);
    simulation->plan.crashes = simulation->crashes;
    simulation->plan.crash_count = count;
}

/* ---- what is found --------------------------------------------------------------------------- */

int simulation_failed(const struct simulation *simulation, int exit_code, const char *what,
                      const char *text)
{
    printf("%s: %s\n%s", what, text, simulation->replay);
    return exit_code;
}

int simulation_judge(const struct simulation *simulation, const struct sim_result *result)
{
    switch (result->verdict) {
    case SIM_GOOD:
        return JOB_DONE;
    case SIM_WRONG:
        return simulation_failed(simulation, SIMULATE_WRONG, "WRONG", result->text);
    case SIM_STUCK:
        return simulation_failed(simulation, SIMULATE_STUCK, "NO PROGRESS", result->text);
    }
    return JOB_INTERNAL;
}

static void print_item(const char *name, const struct tape *tape, size_t at)
{
    char line[TRACE_LINE_BYTES] = "(the end)";
    struct trace_item item;
    size_t used;
    if (trace_read(tape->bytes + at, tape->used - at, &item, &used) == UNPACK_WHOLE)
        trace_line(&item, 0, NULL, line);
    printf("%s %s\n", name, line);
}

int simulation_compare(const struct simulation *simulation, const struct tape *first,
                       const struct tape *second)
{
    if (first->hash == second->hash && first->item_count == second->item_count)
        return JOB_DONE;
    size_t at;
    uint64_t number = first->keep ? tape_first_difference(first, second, &at) : 0;
    if (number > 0) {
        printf("item %" PRIu64 " of the trace differs:\n", number);
        print_item("  first run: ", first, at);
        print_item("  second run:", second, at);
    }
    return simulation_failed(simulation, SIMULATE_DIFFERS, "NOT THE SAME",
                             "one seed, two different runs");
}

/* ---- the run and its trace ------------------------------------------------------------------- */

static int cannot_write(const char *file, int reason)
{
    switch (reason) {
    case EACCES:
    case EPERM:
    case EROFS:
        return job_fail(FAIL_NO_TRACE, "--trace names a file that you may write", "%s: %s", file,
                        strerror(reason));
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
        return job_fail(JOB_USAGE, "--trace names a file in a folder that is there", "%s: %s", file,
                        strerror(reason));
    default:
        return job_fail(JOB_TRY_AGAIN, "is there space left?", "%s: %s", file, strerror(reason));
    }
}

int simulation_open_trace(struct simulation *simulation)
{
    if (simulation->trace_file == NULL || trace_out_open(&trace_out, simulation->trace_file))
        return JOB_DONE;
    return cannot_write(simulation->trace_file, errno);
}

void simulation_close_trace(struct simulation *simulation)
{
    if (trace_out.fd < 0)
        return;
    int write_errno = trace_out_close(&trace_out);
    if (write_errno != 0)
        job_warn("the simulation itself is not touched by it", "%s: the trace is not whole: %s",
                 simulation->trace_file, strerror(write_errno));
}

/* What the file holds is always the newest run's that was begun, but for the second of a pair. */
void simulation_run(struct simulation *simulation, struct tape *tape, struct sim_result *result)
{
    if (simulation->trace_file != NULL) {
        trace_out_rewind(&trace_out);
        trace_header(&trace_out.sink, 0,
                     &(struct trace_header){.program = DAYBOOK_VERSION,
                                            .source = TRACE_SOURCE_SIMULATION,
                                            .seed = simulation->plan.seed});
        simulation->plan.trace = &trace_out.sink;
    }
    sim_run(simulation->sim, &simulation->plan, tape, result);
    simulation->plan.trace = NULL;
}

/* How many moments there are, to draw among them. */
int simulation_plan_crashes(struct job *job, struct simulation *simulation)
{
    if (job_given(job, "crash-at")) {
        simulation->crashes[0] = (uint64_t)job_number(job, "crash-at");
        simulation->plan.crashes = simulation->crashes;
        simulation->plan.crash_count = 1;
        return JOB_DONE;
    }
    if (!job_given(job, "crashes"))
        return JOB_DONE; // as the seed draws
    simulation->plan.crashes = simulation->crashes;
    uint32_t count = (uint32_t)job_number(job, "crashes");
    if (count == 0)
        return JOB_DONE;
    struct tape tape;
    struct sim_result result;
    simulation_run(simulation, &tape, &result);
    tape_deinit(&tape);
    int exit_code = simulation_judge(simulation, &result);
    if (exit_code == JOB_DONE)
        draw_crashes(simulation, count, result.moments);
    return exit_code;
}
