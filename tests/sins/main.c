/*
 * daybook-sins: does the simulator see a mistake?
 *
 * The engine, the store and the rules as they are, but for one mistake made on purpose
 * (engine/base/sin.h). Seeds are run one after another until one of them complains, and does not
 * without the mistake: the sin is caught. Each payday runs in a process of its own, so that a CHECK
 * that aborts is a catch too.
 *
 *   daybook-sins                      every sin; exit 0 when all were caught
 *   daybook-sins --sin NAME           one
 *   daybook-sins --seeds N            at most so many seeds a sin (1,000)
 *   daybook-sins --list
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/prng.h"
#include "base/sin.h"
#include "sim/loop.h"

#define PROFILE DAYBOOK_SOURCE_DIR "/ops/banks/rest-idempotency-key.yaml"
#define SEEDS_MOST 1000U
#define CRASHES 3U

struct finding {
    bool is_caught;
    char text[SIM_TEXT_BYTES];
};

static void judge(const struct sim_result *result, struct finding *finding)
{
    finding->is_caught = result->verdict != SIM_GOOD;
    memcpy(finding->text, result->text, sizeof finding->text);
}

static void run(struct sim *sim, const struct sim_plan *plan, struct sim_result *result)
{
    struct tape tape;
    sim_run(sim, plan, &tape, result);
    tape_deinit(&tape);
}

/* A payday as the seed draws it; if that goes well, again with crashes. */
static void run_seed(struct sim *sim, uint64_t seed, struct finding *finding)
{
    struct prng prng = prng_split(seed, "sins");
    struct sim_plan plan = {.seed = seed, .accounts = (uint32_t)prng_between(&prng, 5, 60)};
    swarm_draw(&plan.swarm, plan.accounts, plan.seed);
    struct sim_result result;
    run(sim, &plan, &result);
    judge(&result, finding);
    if (finding->is_caught)
        return;
    uint64_t crashes[CRASHES];
    uint64_t stride = result.moments / CRASHES + 1;
    for (uint32_t i = 0; i < CRASHES; i++)
        crashes[i] = 1 + i * stride + prng_below(&prng, stride);
    plan.crashes = crashes;
    plan.crash_count = CRASHES;
    run(sim, &plan, &result);
    judge(&result, finding);
}

/* In a child, which tells by a pipe: no word means that it aborted. */
static void try_seed(struct sim *sim, uint64_t seed, struct finding *finding)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        close(ends[0]);
        close(STDERR_FILENO); // a CHECK's last words
        run_seed(sim, seed, finding);
        _exit(write(ends[1], finding, sizeof *finding) == sizeof *finding ? 0 : 1);
    }
    close(ends[1]);
    bool told = read(ends[0], finding, sizeof *finding) == sizeof *finding;
    close(ends[0]);
    int ended;
    while (waitpid(child, &ended, 0) < 0)
        ;
    if (told)
        return;
    finding->is_caught = true;
    snprintf(finding->text, sizeof finding->text, "a CHECK aborted (signal %d)",
             WIFSIGNALED(ended) ? WTERMSIG(ended) : 0);
}

/* A complaint proves something only where the same payday without the sin is good. */
static bool is_good_without(struct sim *sim, uint64_t seed, struct finding *finding)
{
    *finding = (struct finding){0};
    sin_choose(SINS);
    try_seed(sim, seed, finding);
    return !finding->is_caught;
}

static bool is_caught(struct sim *sim, enum sin sin, uint64_t seeds)
{
    sin_choose(sin);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct finding finding = {0};
        try_seed(sim, seed, &finding);
        if (!finding.is_caught)
            continue;
        struct finding without;
        if (!is_good_without(sim, seed, &without)) {
            printf("%-24s seed %" PRIu64 " complains without it, too: %s\n", sin_name(sin), seed,
                   without.text);
            return false;
        }
        printf("%-24s caught by seed %" PRIu64 ": %s\n", sin_name(sin), seed, finding.text);
        return true;
    }
    printf("%-24s NOT CAUGHT in %" PRIu64 " seeds: %s\n", sin_name(sin), seeds, sin_text(sin));
    return false;
}

static int usage(const char *what)
{
    fprintf(stderr, "daybook-sins: %s\nusage: daybook-sins [--sin NAME] [--seeds N] [--list]\n",
            what);
    return 64;
}

static int list(void)
{
    for (enum sin sin = 0; sin < SINS; sin++)
        printf("%-24s %s\n", sin_name(sin), sin_text(sin));
    return 0;
}

static enum sin find_sin(const char *name)
{
    enum sin sin = 0;
    while (sin < SINS && strcmp(sin_name(sin), name) != 0)
        sin++;
    return sin;
}

int main(int argc, char **argv)
{
    enum sin first = 0, end = SINS;
    uint64_t seeds = SEEDS_MOST;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--list") == 0)
            return list();
        if (strcmp(argv[i], "--sin") == 0) {
            first = find_sin(value);
            if (first == SINS)
                return usage("there is no such sin");
            end = first + 1;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            char *rest;
            seeds = strtoull(value, &rest, 10);
            if (seeds == 0 || *rest != 0)
                return usage("--seeds wants a number above 0");
        } else {
            return usage("unknown argument");
        }
        i++;
    }
    char error[PROFILE_ERROR_BYTES];
    struct sim *sim = sim_open(PROFILE, error);
    if (sim == NULL) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    uint32_t uncaught = 0;
    for (enum sin sin = first; sin < end; sin++)
        uncaught += is_caught(sim, sin, seeds) ? 0 : 1;
    sim_close(sim);
    printf("%u of %u sins caught\n", (unsigned)(end - first) - uncaught, (unsigned)(end - first));
    return uncaught == 0 ? 0 : 1;
}
