/* run: settle a batch, or go on with it. Every start is a resume. */
#include "base/time.h"
#include "jobs/run_batch.h"
#include "jobs/run_missed.h"
#include "jobs/supersede.h"
#include "real/clock.h"
#include "sql.h"

static int read_deadline(struct run *run)
{
    char minutes[24];
    run->deadline_at_ns = AT_NEVER;
    if (!job_given(run->job, "deadline"))
        return JOB_DONE;
    snprintf(minutes, sizeof minutes, "%lld", (long long)job_number(run->job, "deadline"));
    const char *const params[] = {minutes, run->config->time_zone};
    PGresult *result = db_query(run->db, sql_run_deadline, 2, params);
    if (result == NULL)
        return db_exit_code(run->db);
    int64_t left_us = db_int(result, 0, 0);
    PQclear(result);
    run->deadline_at_ns = clock_now_ns() + (left_us > 0 ? (uint64_t)left_us * NS_PER_US : 0);
    return JOB_DONE;
}

/* A schedule starts more often than there are paydays. */
static int look_for_plan(struct run *run)
{
    const char *const params[] = {job_operand(run->job, 0), job_text(run->job, "date")};
    if (!job_flag(run->job, "if-planned"))
        return JOB_DONE;
    PGresult *result = db_query(run->db, sql_run_planned, 2, params);
    if (result == NULL)
        return db_exit_code(run->db);
    run->unplanned = db_text(result, 0, 0)[0] == 'f';
    PQclear(result);
    if (run->unplanned && !run->is_quiet)
        printf("%s %s: no batch is planned, nothing to do\n", params[0], params[1]);
    return JOB_DONE;
}

/* What a start by the clock asks first: which day it is, what was missed, whether there is a batch.
 */
static int look_around(struct run *run)
{
    if (!db_check_schema(run->db))
        return db_exit_code(run->db);
    int exit_code = batch_settle_date(run->job, run->db, run->config);
    if (exit_code == JOB_DONE && !run_missed_tell(run->db, run->config, job_operand(run->job, 0),
                                                  job_text(run->job, "date")))
        exit_code = db_exit_code(run->db);
    return exit_code == JOB_DONE ? look_for_plan(run) : exit_code;
}

static int run_told(struct job *job)
{
    struct run run = {.job = job, .take_over = job_flag(job, "take-over")};
    int exit_code = run_batch_open(&run);
    if (exit_code == JOB_DONE && job_given(job, "lanes"))
        run.config->lanes = job_number(job, "lanes");
    if (exit_code == JOB_DONE)
        exit_code = look_around(&run);
    if (exit_code != JOB_DONE || run.unplanned) {
        run_batch_close(&run);
        return exit_code;
    }
    exit_code = read_deadline(&run);
    if (exit_code == JOB_DONE)
        exit_code = supersede_older(&run, job_operand(job, 0), job_text(job, "date"));
    if (exit_code == JOB_DONE)
        exit_code = run_batch(&run, job_operand(job, 0), job_text(job, "date"));
    run_batch_close(&run);
    return exit_code;
}

int job_run(struct job *job)
{
    return job_tell_in_one_line(job, run_told);
}
