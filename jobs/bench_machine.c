/* What a benchmark found is this machine's speed, for forecasts (machine.h). */
#include <stdlib.h>
#include <string.h>

#include "jobs/bench.h"
#include "jobs/bench_metric.h"
#include "jobs/machine.h"
#include "jobs/run_heads.h"

/* Fewer are over before the start is forgotten. */
#define SPEED_ACCOUNTS_LEAST 10000U

/* The user's configuration where nothing else needs it: what is wrong with it is no matter here. */
static struct config *read_config(const struct bench *bench)
{
    char *text = NULL;
    size_t bytes;
    int failure;
    FILE *errors = open_memstream(&text, &bytes);
    CHECK(errors != NULL);
    struct config *config = config_read(bench->job, errors, &failure);
    CHECK(fclose(errors) == 0);
    free(text);
    return config;
}

void bench_machine_open(struct bench *bench)
{
    // Reading it twice would find the secrets of the environment wiped.
    struct config *config = bench->config != NULL ? bench->config : read_config(bench);
    bench->state_folder = run_heads_folder(config);
    if (bench->state_folder != NULL)
        run_heads_make_folder(config, bench->state_folder);
    if (config != bench->config)
        config_close(config);
}

/* Nothing but this machine was the limit: no bank that waits, throttles or fails, no other loop, no
   other server, three calls a settlement, and long enough. */
static bool is_speed(const struct bench *bench, const struct bench_point *point)
{
    const struct bench_workload *workload = &bench->workload;
    return bench->over == BENCH_OVER_NOTHING && bench->cluster != NULL && workload->bank == NULL &&
           point->rate_per_s == 0 && point->latency_ns == 0 && workload->spread_ns == 0 &&
           workload->bank_rate_per_s == 0 && job_text_at(bench->job, "fault", 0) == NULL &&
           job_text_at(bench->job, "postgres", 0) == NULL &&
           workload->accounts >= SPEED_ACCOUNTS_LEAST &&
           strcmp(workload->closing_check, "off") == 0;
}

/* Of the point; 0 where it does not know. */
static uint64_t measured(const json_t *point, const char *name)
{
    struct bench_metric metric;
    char near[BENCH_METRIC_NAME_BYTES];
    double value;
    CHECK(bench_metric_find(name, &metric, near));
    return bench_metric_of(&metric, point, &value) && value > 0 ? (uint64_t)(value + 0.5) : 0;
}

void bench_machine_keep(const struct bench *bench, const struct bench_point *point,
                        const json_t *document)
{
    char error[FILE_ERROR_BYTES];
    const json_t *result = json_array_get(json_object_get(document, "points"), 0);
    const json_t *commit = json_object_get(json_object_get(result, "latency_ns"), "commit");
    json_int_t commit_ns =
        json_integer_value(json_object_get(json_object_get(commit, "service"), "p50"));
    const struct machine_speed speed = {
        .settlements_per_s = measured(result, "settlements_per_s"),
        .engine_ns = measured(result, "cpu_ns_per_settlement.engine"),
        .bank_ns = measured(result, "cpu_ns_per_settlement.bank"),
        .postgres_ns = measured(result, "cpu_ns_per_settlement.postgres"),
        .chunk_commit_ns = commit_ns > 0 ? (uint64_t)commit_ns : 0,
        .lanes = point->lanes > 0 ? point->lanes : 1,
    };
    if (bench->state_folder == NULL || !is_speed(bench, point) || speed.settlements_per_s == 0 ||
        speed.chunk_commit_ns == 0)
        return;
    if (!machine_save(bench->state_folder, &speed, error))
        job_warn("forecasts go on without it", "this machine's speed is not kept: %s", error);
    else if (!bench->is_quiet)
        fprintf(stderr, "daybook: bench: kept in %s for forecasts (`daybook capacity`)\n",
                bench->state_folder);
}
