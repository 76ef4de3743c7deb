#include "jobs/run_end.h"

#include <string.h>

#include "core/course.h"

/* ---- errors of the engine's parts ---- */

/* Their texts may end in a line "HINT: …". */
int run_end_fail(int failure, char *error)
{
    char *hint = strstr(error, "\nHINT: ");
    if (hint != NULL) {
        *hint = '\0';
        hint += 7;
    }
    return job_fail(failure, hint, "%s", error);
}

int run_end_failure(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_STORE_ALREADY:
        return JOB_DONE;
    case STATUS_OWNED:
    case STATUS_STORE_FENCED:
        return FAIL_OWNED;
    case STATUS_UNREACHABLE:
        return FAIL_DATABASE_DOWN;
    case STATUS_STORE_BEHIND:
        return FAIL_DATABASE_BEHIND;
    case STATUS_STORE_BUSY:
        return FAIL_DATABASE_BUSY;
    case STATUS_STORE_LOST:
        return FAIL_LOST_WHILE_RUNNING;
    case STATUS_STORE_DENIED:
        return FAIL_DATABASE_RIGHTS;
    case STATUS_BAD_INPUT:
        return JOB_BAD_INPUT;
    case STATUS_BAD_CONFIG:
        return JOB_BAD_CONFIG;
    case STATUS_STORE_DIFFERS:
    case STATUS_STORE_REFUSED:
    case STATUS_STORE_TWICE:
    case STATUS_STORE_BROKEN:
    case STATUS_INTERNAL:
        return FAIL_RUN_BROKEN;
    }
    CHECK(false);
    return JOB_INTERNAL;
}

/* What a further start may find mended. */
static bool may_start_over(enum status status)
{
    return status == STATUS_STORE_BUSY || status == STATUS_STORE_LOST ||
           status == STATUS_UNREACHABLE;
}

int run_end_fail_status(struct run *run, enum status status, char *error)
{
    run->lost = may_start_over(status);
    return run_end_fail(run_end_failure(status), error);
}

/* ---- the end ---- */

/* The most serious of all partitions. */
enum settle_end run_end_of(const struct run *run)
{
    static const enum settle_end by_weight[] = {SETTLE_END_FATAL,   SETTLE_END_GONE,
                                                SETTLE_END_STOPPED, SETTLE_END_DEADLINE,
                                                SETTLE_END_DOUBT,   SETTLE_END_COMPLETE};
    for (size_t weight = 0; weight < sizeof by_weight / sizeof by_weight[0]; weight++)
        for (uint32_t i = 0; i < run->partition_count; i++)
            if (settle_end(run->partitions[i].settle) == by_weight[weight])
                return by_weight[weight];
    return SETTLE_END_NONE;
}

enum status run_end_fatal(const struct run *run)
{
    enum settle_end end = run_end_of(run);
    uint32_t first = 0;
    while (settle_end(run->partitions[first].settle) != end)
        first++;
    return settle_counts(run->partitions[first].settle)->fatal;
}

struct settle_counts run_end_counts(const struct run *run)
{
    struct settle_counts sum = {.has_all = true};
    for (uint32_t i = 0; i < run->partition_count; i++)
        settle_counts_add(&sum, settle_counts(run->partitions[i].settle));
    return sum;
}

/* It went to its end, though the database would not have some records: a defect of ours. */
bool run_end_is_refused(const struct run *run)
{
    enum settle_end end = run_end_of(run);
    return run->report.total.refused > 0 && end != SETTLE_END_FATAL && end != SETTLE_END_GONE;
}

/* The whole batch decides, not only what this run did. But what was surely not done is not in
   doubt, and only the core can tell: in the database both are intents without an outcome. */
int run_end_exit_code(const struct run *run)
{
    const struct settle_counts counts = run_end_counts(run);
    const struct batch_counts *batch = &run->counts;
    enum settle_end end = run_end_of(run);
    // Who ended before it knew all of them cannot tell: then each intent without an outcome counts.
    uint64_t unknown = counts.has_all ? 0 : batch->in_doubt;
    bool is_in_doubt = counts.in_doubt + batch->parked_in_doubt + unknown > 0;
    if (run_end_is_refused(run))
        return JOB_INTERNAL;
    switch (end) {
    case SETTLE_END_FATAL:
        return failure_exit(run_end_failure(run_end_fatal(run)));
    case SETTLE_END_GONE:
        return JOB_TRY_AGAIN;
    case SETTLE_END_STOPPED:
        return is_in_doubt ? JOB_IN_DOUBT : JOB_STOPPED;
    case SETTLE_END_DEADLINE:
        if (!is_in_doubt && batch->active > batch->pending)
            return JOB_STOPPED;
        return batch_exit_code(batch, is_in_doubt);
    case SETTLE_END_NONE:
    case SETTLE_END_COMPLETE:
    case SETTLE_END_DOUBT:
        return batch_exit_code(batch, is_in_doubt);
    }
    CHECK(false);
    return JOB_INTERNAL;
}
