/*
 * simulate: a whole payday on virtual time, twice, compared; or as many as asked, by their seeds.
 *
 * Exit codes of its own, so that a script can tell what it found: wrong result, no progress, a
 * crash of the engine, two runs that differ. The last line of a failure replays it.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/time.h"
#include "jobs/job.h"
#include "jobs/trace_line.h"
#include "jobs/trace_out.h"
#include "sim/loop.h"

enum simulate_exit {
    SIMULATE_WRONG = 20,
    SIMULATE_STUCK = 21,
    SIMULATE_CRASHED = 22,
    SIMULATE_DIFFERS = 23,
};

#define CRASHES_MAX 10000
#define PATH_BYTES 4096

struct simulation {
    struct sim *sim;
    struct sim_plan plan;
    uint64_t *crashes;
    const char *trace_file; /* NULL: no trace is written */
    char replay[PATH_BYTES + 256];
};

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

static void catch_crashes(const struct simulation *simulation)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    replay_line = simulation->replay;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], on_crash);
}

/* ---- the bank's profile ---------------------------------------------------------------------- */

/* Beside an installed program, or in the source folder around a build folder, one or two deep. */
static bool find_profile(char path[PATH_BYTES])
{
    static const char *const places[] = {"../share/daybook/banks", "../ops/banks",
                                         "../../ops/banks"}; // build/release/
    char program[PATH_BYTES / 2];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
    if (bytes <= 0)
        return false;
    program[bytes] = 0;
    *strrchr(program, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, PATH_BYTES, "%s/%s/rest-idempotency-key.yaml", program, places[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static int open_sim(struct job *job, struct simulation *simulation)
{
    char path[PATH_BYTES], error[PROFILE_ERROR_BYTES];
    const char *given = job_text(job, "profile");
    if (given != NULL)
        snprintf(path, sizeof path, "%s", given);
    else if (!find_profile(path))
        return job_fail(JOB_BAD_CONFIG, "name it with --profile FILE",
                        "rest-idempotency-key.yaml was not found near the program");
    simulation->sim = sim_open(path, error);
    if (simulation->sim == NULL)
        return job_fail(JOB_BAD_CONFIG, NULL, "%s", error);
    return JOB_DONE;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void print_settings(const struct sim_plan *plan)
{
    int column = printf("settings of seed %" PRIu64 ":", plan->seed);
#define X(name)                                                                                    \
    if (column > 70)                                                                               \
        column = printf("\n ") - 1;                                                                \
    column += printf(" " #name "=%" PRIu64, plan->swarm.name);
    SWARM_TABLE(X)
#undef X
    printf("\n");
}

static void write_replay(struct job *job, struct simulation *simulation)
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

/* ---- runs ------------------------------------------------------------------------------------ */

static void print_result(const struct sim_result *r, uint32_t accounts)
{
    printf("settled %u, parked %u, short %u, blocked %u, under way %u of %u accounts\n",
           r->end.settled, r->end.parked, r->end.is_short, r->end.blocked, r->end.under_way,
           accounts);
    printf("runs %u, crashes %u, takeovers %u, moments %" PRIu64 ", turns %" PRIu64
           ", virtual time %" PRIu64 " s\n",
           r->runs, r->crashes, r->takeovers, r->moments, r->turns, r->virtual_ns / NS_PER_S);
    printf("calls: %" PRIu64 " balances, %" PRIu64 " transfers, %" PRIu64 " inquiries; chunks %u, "
           "records %" PRIu64 "\n",
           r->polls, r->transfers, r->inquiries, r->end.chunks, r->end.records);
    printf("trace %016" PRIx64 "\n", r->trace_hash);
}

static int failed(const struct simulation *simulation, int exit_code, const char *what,
                  const char *text)
{
    printf("%s: %s\n%s", what, text, simulation->replay);
    return exit_code;
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

static int compare(const struct simulation *simulation, const struct tape *first,
                   const struct tape *second)
{
    if (first->hash == second->hash && first->item_count == second->item_count)
        return JOB_DONE;
    size_t at;
    uint64_t number = tape_first_difference(first, second, &at);
    if (number > 0) {
        printf("item %" PRIu64 " of the trace differs:\n", number);
        print_item("  first run: ", first, at);
        print_item("  second run:", second, at);
    }
    return failed(simulation, SIMULATE_DIFFERS, "NOT THE SAME", "one seed, two different runs");
}

static int judge(const struct simulation *simulation, const struct sim_result *result)
{
    switch (result->verdict) {
    case SIM_GOOD:
        return JOB_DONE;
    case SIM_WRONG:
        return failed(simulation, SIMULATE_WRONG, "WRONG", result->text);
    case SIM_STUCK:
        return failed(simulation, SIMULATE_STUCK, "NO PROGRESS", result->text);
    }
    return JOB_INTERNAL;
}

/* What the file holds is always the newest run's that was begun, but for the second of a pair. */
static void run_traced(struct simulation *simulation, struct tape *tape, struct sim_result *result)
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

static int run_twice(struct simulation *simulation)
{
    struct tape first, second;
    struct sim_result result, again;
    simulation->plan.keep_trace = true;
    run_traced(simulation, &first, &result);
    sim_run(simulation->sim, &simulation->plan, &second, &again);
    print_result(&result, simulation->plan.accounts);
    int exit_code = compare(simulation, &first, &second);
    if (exit_code == JOB_DONE)
        exit_code = judge(simulation, &result);
    if (exit_code == JOB_DONE)
        printf("good, and twice the same\n");
    tape_deinit(&first);
    tape_deinit(&second);
    return exit_code;
}

/* How many moments there are, to draw among them. */
static int plan_crashes(struct job *job, struct simulation *simulation)
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
    run_traced(simulation, &tape, &result);
    tape_deinit(&tape);
    int exit_code = judge(simulation, &result);
    if (exit_code == JOB_DONE)
        draw_crashes(simulation, count, result.moments);
    return exit_code;
}

static int simulate(struct job *job, struct simulation *simulation)
{
    struct sim_plan *plan = &simulation->plan;
    plan->seed = (uint64_t)job_number(job, "seed");
    plan->accounts = (uint32_t)job_number(job, "accounts");
    swarm_draw(&plan->swarm, plan->accounts, plan->seed);
    print_settings(plan);
    write_replay(job, simulation);
    fflush(stdout); // a crash prints past this buffer
    catch_crashes(simulation);
    int exit_code = plan_crashes(job, simulation);
    return exit_code == JOB_DONE ? run_twice(simulation) : exit_code;
}

/* ---- many seeds ------------------------------------------------------------------------------ */

struct progress {
    uint64_t first, last, done, failed;
    uint64_t virtual_ns, crashes, takeovers, months;
    struct timespec began, told;
};

static double seconds_since(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - since->tv_sec) + (double)(now.tv_nsec - since->tv_nsec) / 1e9;
}

static void print_progress(const struct progress *progress)
{
    double took_s = seconds_since(&progress->began);
    printf("%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed; %.1f seeds/s, %.1f paydays/s, "
           "%.0f times real time; %" PRIu64 " crashes, %" PRIu64 " takeovers\n",
           progress->done, progress->last - progress->first + 1, progress->failed,
           (double)progress->done / took_s, (double)progress->months / took_s,
           (double)progress->virtual_ns / 1e9 / took_s, progress->crashes, progress->takeovers);
    fflush(stdout);
}

static bool read_range(const char *text, struct progress *progress)
{
    char *dots, *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    progress->first = strtoull(text, &dots, 10);
    if (strncmp(dots, "..", 2) != 0 || !isdigit((unsigned char)dots[2]))
        return false;
    progress->last = strtoull(dots + 2, &end, 10);
    return *end == 0 && progress->first <= progress->last &&
           progress->last - progress->first < UINT64_MAX;
}

/* One in a hundred twice: the second must be the same as the first. */
static int run_again(struct simulation *simulation, const struct tape *first)
{
    struct tape second;
    struct sim_result result;
    sim_run(simulation->sim, &simulation->plan, &second, &result);
    bool is_same = first->hash == second.hash && first->item_count == second.item_count;
    tape_deinit(&second);
    return is_same ? JOB_DONE
                   : failed(simulation, SIMULATE_DIFFERS, "NOT THE SAME",
                            "one seed, two different runs");
}

static int run_seed(struct job *job, struct simulation *simulation, struct progress *progress)
{
    struct sim_plan *plan = &simulation->plan;
    struct tape tape;
    struct sim_result result;
    swarm_draw(&plan->swarm, plan->accounts, plan->seed);
    write_replay(job, simulation);
    int exit_code = plan_crashes(job, simulation);
    if (exit_code != JOB_DONE)
        return exit_code;
    sim_run(simulation->sim, plan, &tape, &result);
    exit_code = judge(simulation, &result);
    if (exit_code == JOB_DONE && plan->seed % 100 == 0)
        exit_code = run_again(simulation, &tape);
    tape_deinit(&tape);
    progress->virtual_ns += result.virtual_ns;
    progress->crashes += result.crashes;
    progress->takeovers += result.takeovers;
    progress->months += plan->swarm.months;
    return exit_code;
}

static int simulate_seeds(struct job *job, struct simulation *simulation)
{
    struct progress progress = {0};
    int exit_code = JOB_DONE;
    if (!read_range(job_text(job, "seeds"), &progress))
        return job_fail(JOB_USAGE, "for example --seeds 1..100", "--seeds: not a range A..B");
    simulation->plan.accounts = (uint32_t)job_number(job, "accounts");
    catch_crashes(simulation);
    clock_gettime(CLOCK_MONOTONIC, &progress.began);
    progress.told = progress.began;
    for (uint64_t seed = progress.first; seed - progress.first <= progress.last - progress.first;
         seed++) {
        simulation->plan.seed = seed;
        int its_code = run_seed(job, simulation, &progress);
        progress.done++;
        progress.failed += its_code != JOB_DONE;
        exit_code = exit_code == JOB_DONE ? its_code : exit_code;
        if (seconds_since(&progress.told) >= 1) {
            clock_gettime(CLOCK_MONOTONIC, &progress.told);
            print_progress(&progress);
        }
    }
    print_progress(&progress);
    if (exit_code == JOB_DONE)
        printf("all good\n");
    return exit_code;
}

static int simulate_traced(struct job *job, struct simulation *simulation)
{
    simulation->trace_file = job_text(job, "trace");
    if (simulation->trace_file == NULL)
        return simulate(job, simulation);
    if (!trace_out_open(&trace_out, simulation->trace_file))
        return job_fail(JOB_DENIED, NULL, "%s: %s", simulation->trace_file, strerror(errno));
    int exit_code = simulate(job, simulation);
    int write_errno = trace_out_close(&trace_out);
    if (write_errno != 0)
        job_warn(NULL, "%s: the trace is not whole: %s", simulation->trace_file,
                 strerror(write_errno));
    return exit_code;
}

int job_simulate(struct job *job)
{
    struct simulation simulation = {0};
    int exit_code = open_sim(job, &simulation);
    if (exit_code != JOB_DONE)
        return exit_code;
    simulation.crashes = calloc(CRASHES_MAX, sizeof *simulation.crashes);
    if (simulation.crashes == NULL)
        exit_code = job_fail(JOB_TRY_AGAIN, NULL, "not enough memory");
    else if (job_given(job, "seeds"))
        exit_code = simulate_seeds(job, &simulation);
    else
        exit_code = simulate_traced(job, &simulation);
    free(simulation.crashes);
    sim_close(simulation.sim);
    return exit_code;
}
