/*
 * simulate: a whole payday on virtual time, twice, compared; or as many as asked, by their seeds.
 *
 * Exit codes of its own (simulation.h). The last line of a failure replays it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/job.h"
#include "jobs/simulate_seeds.h"
#include "jobs/simulation.h"

/* ---- the bank's profile ---------------------------------------------------------------------- */

/* Beside an installed program, or in the source folder around a build folder, one or two deep. */
static bool find_profile(char path[SIMULATION_PATH_BYTES])
{
    static const char *const places[] = {"../share/daybook/banks", "../ops/banks",
                                         "../../ops/banks"}; // build/release/
    char program[SIMULATION_PATH_BYTES / 2];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
    if (bytes <= 0)
        return false;
    program[bytes] = 0;
    *strrchr(program, '/') = 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, SIMULATION_PATH_BYTES, "%s/%s/rest-idempotency-key.yaml", program,
                 places[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

static int open_sim(struct job *job, struct simulation *simulation)
{
    char path[SIMULATION_PATH_BYTES], error[PROFILE_ERROR_BYTES];
    const char *given = job_text(job, "profile");
    if (given != NULL)
        snprintf(path, sizeof path, "%s", given);
    else if (!find_profile(path))
        return job_fail(FAIL_NO_PROFILE, "name it with --profile FILE",
                        "rest-idempotency-key.yaml was not found near the program");
    simulation->sim = sim_open(path, error);
    if (simulation->sim == NULL)
        return job_fail(FAIL_BAD_PROFILE, NULL, "%s", error);
    return JOB_DONE;
}

/* ---- one seed -------------------------------------------------------------------------------- */

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

static int run_twice(struct simulation *simulation)
{
    struct tape first, second;
    struct sim_result result, again;
    simulation->plan.keep_trace = true;
    simulation_run(simulation, &first, &result);
    sim_run(simulation->sim, &simulation->plan, &second, &again);
    print_result(&result, simulation->plan.accounts);
    int exit_code = simulation_compare(simulation, &first, &second);
    if (exit_code == JOB_DONE)
        exit_code = simulation_judge(simulation, &result);
    if (exit_code == JOB_DONE)
        printf("good, and twice the same\n");
    tape_deinit(&first);
    tape_deinit(&second);
    return exit_code;
}

static int simulate_seed(struct job *job, struct simulation *simulation)
{
    struct sim_plan *plan = &simulation->plan;
    plan->seed = (uint64_t)job_number(job, "seed");
    plan->accounts = (uint32_t)job_number(job, "accounts");
    swarm_draw(&plan->swarm, plan->accounts, plan->seed);
    print_settings(plan);
    simulation_write_replay(job, simulation);
    fflush(stdout); // a crash prints past this buffer
    simulation_catch_crashes(simulation);
    int exit_code = simulation_plan_crashes(job, simulation);
    return exit_code == JOB_DONE ? run_twice(simulation) : exit_code;
}

static int simulate_one(struct job *job, struct simulation *simulation)
{
    simulation->trace_file = job_text(job, "trace");
    int exit_code = simulation_open_trace(simulation);
    if (exit_code != JOB_DONE)
        return exit_code;
    exit_code = simulate_seed(job, simulation);
    simulation_close_trace(simulation);
    return exit_code;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* What the options say together. */
static int check_options(const struct job *job)
{
    static const char *const apart[][2] = {
        {"seeds", "seed"}, {"seeds", "trace"}, {"crash-at", "crashes"}};
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        if (job_given(job, apart[i][0]) && job_given(job, apart[i][1]))
            return job_fail(JOB_USAGE, "leave one of them out", "--%s and --%s exclude each other",
                            apart[i][0], apart[i][1]);
    }
    return JOB_DONE;
}

int job_simulate(struct job *job)
{
    struct simulation simulation = {0};
    int exit_code = check_options(job);
    if (exit_code == JOB_DONE)
        exit_code = open_sim(job, &simulation);
    if (exit_code != JOB_DONE)
        return exit_code;
    simulation.crashes = calloc(SIMULATION_CRASHES_MAX, sizeof *simulation.crashes);
    if (simulation.crashes == NULL)
        exit_code = job_fail(FAIL_NO_MEMORY, NULL, "not enough memory");
    else if (job_given(job, "seeds"))
        exit_code = simulate_seeds(job, &simulation);
    else
        exit_code = simulate_one(job, &simulation);
    free(simulation.crashes);
    sim_close(simulation.sim);
    return exit_code;
}
