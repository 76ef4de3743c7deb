/*
 * expect_run: one simulated payday twice, with and without knowing when money is expected; how long
 * deposits were there before they were found. Called by bench/expect, which has the options.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expecting.h"

static const char usage[] =
    "usage: expect_run PROFILE ACCOUNTS RATE INTERVAL_S OVER_MIN AROUND_MIN "
    "SEEDS\n";

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number >= least && *number <= most;
}

static bool measure(struct sim *sim, struct expecting *e, bool is_known)
{
    e->is_known = is_known;
    expecting_run(sim, e);
    if (e->wrong != NULL)
        fprintf(stderr, "seed %" PRIu64 ": %s\n", e->seed, e->wrong);
    else if (e->found == 0)
        fprintf(stderr, "seed %" PRIu64 ": no deposit was found\n", e->seed);
    return e->wrong == NULL && e->found > 0;
}

static void tell(const char *what, uint64_t known_ns, uint64_t unknown_ns)
{
    double known = (double)known_ns / NS_PER_S, unknown = (double)unknown_ns / NS_PER_S;
    printf("  %-5s %8.1f s %8.1f s   %5.1f times as soon\n", what, known, unknown,
           known > 0 ? unknown / known : 0.0);
}

static bool run_seed(struct sim *sim, const struct expecting *settings)
{
    struct expecting known = *settings, unknown = *settings;
    bool is_good = measure(sim, &known, true) && measure(sim, &unknown, false);
    if (is_good) {
        printf("seed %" PRIu64 ": %u deposits      known   unknown\n", settings->seed, known.found);
        tell("mean", expecting_mean_ns(&known), expecting_mean_ns(&unknown));
        tell("p50", expecting_percentile_ns(&known, 50), expecting_percentile_ns(&unknown, 50));
        tell("p99", expecting_percentile_ns(&known, 99), expecting_percentile_ns(&unknown, 99));
        printf("  polls %8" PRIu64 "   %8" PRIu64 "\n", known.polls, unknown.polls);
    }
    free(known.found_after_ns);
    free(unknown.found_after_ns);
    return is_good;
}

int main(int argc, char **argv)
{
    // Around: money must not come before the day begins.
    static const uint64_t most[] = {1000000, 5000, 3600, 1440, 30, 1000};
    uint64_t numbers[6];
    char error[PROFILE_ERROR_BYTES];
    bool is_good = argc == 8;
    for (int i = 0; i < 6 && is_good; i++)
        is_good = read_number(argv[2 + i], 1, most[i], &numbers[i]);
    if (!is_good) {
        fputs(usage, stderr);
        return 64;
    }
    struct sim *sim = sim_open(argv[1], error);
    if (sim == NULL) {
        fprintf(stderr, "%s\n", error);
        return 78;
    }
    for (uint64_t seed = 1; seed <= numbers[5] && is_good; seed++)
        is_good = run_seed(sim, &(struct expecting){.seed = seed,
                                                    .accounts = (uint32_t)numbers[0],
                                                    .rate_per_s = (uint32_t)numbers[1],
                                                    .poll_interval_ns = numbers[2] * NS_PER_S,
                                                    .over_ns = numbers[3] * EXPECTING_MINUTE_NS,
                                                    .around_ns = numbers[4] * EXPECTING_MINUTE_NS,
                                                    .late = 5,
                                                    .never = 3});
    sim_close(sim);
    return is_good ? 0 : 1;
}
