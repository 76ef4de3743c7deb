#include "jobs/simulate_seeds.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"

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
    int exit_code = simulation_compare(simulation, first, &second);
    tape_deinit(&second);
    return exit_code;
}

static int run_seed(struct job *job, struct simulation *simulation, struct progress *progress)
{
    struct sim_plan *plan = &simulation->plan;
    struct tape tape;
    struct sim_result result;
    swarm_draw(&plan->swarm, plan->accounts, plan->seed);
    simulation_write_replay(job, simulation);
    int exit_code = simulation_plan_crashes(job, simulation);
    if (exit_code != JOB_DONE)
        return exit_code;
    sim_run(simulation->sim, plan, &tape, &result);
    exit_code = simulation_judge(simulation, &result);
    if (exit_code == JOB_DONE && plan->seed % 100 == 0)
        exit_code = run_again(simulation, &tape);
    tape_deinit(&tape);
    progress->virtual_ns += result.virtual_ns;
    progress->crashes += result.crashes;
    progress->takeovers += result.takeovers;
    progress->months += plan->swarm.months;
    return exit_code;
}

int simulate_seeds(struct job *job, struct simulation *simulation)
{
    struct progress progress = {0};
    int exit_code = JOB_DONE;
    if (!read_range(job_text(job, "seeds"), &progress))
        return job_fail(JOB_USAGE, "for example --seeds 1..100", "--seeds: not a range A..B");
    simulation->plan.accounts = (uint32_t)job_number(job, "accounts");
    simulation_catch_crashes(simulation);
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
