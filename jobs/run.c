/* run: settle a batch, or go on with it. Every start is a resume. */
#include "base/time.h"
#include "jobs/run_batch.h"
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

int job_run(struct job *job)
{
    struct run run = {.job = job, .take_over = job_flag(job, "take-over")};
    int exit_code = run_batch_open(&run);
    if (exit_code == JOB_DONE)
        exit_code = read_deadline(&run);
    if (exit_code == JOB_DONE)
        exit_code = supersede_older(&run, job_operand(job, 0), job_text(job, "date"));
    if (exit_code == JOB_DONE)
        exit_code = run_batch(&run, job_operand(job, 0), job_text(job, "date"));
    run_batch_close(&run);
    return exit_code;
}
