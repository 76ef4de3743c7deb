/* rate: how many calls a second the run that is active makes to a bank, from now on. */
#include <stdio.h>
#include <string.h>

#include "jobs/request.h"
#include "sql.h"

static int check_bank(struct run *run, const struct batch *batch, const char *name)
{
    struct batch_bank banks[BANKS_MAX];
    uint32_t count;
    if (!batch_list_banks(run->db, batch, banks, &count))
        return db_exit_code(run->db);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(banks[i].name, name) == 0)
            return JOB_DONE;
    }
    return job_fail(JOB_BAD_INPUT, "`daybook plan` lists the banks of a batch",
                    "batch %s %s has no accounts at bank %s", batch->cohort, batch->date, name);
}

static int change_rate(struct run *run)
{
    const struct job *job = run->job;
    const char *bank = job_operand(job, 0);
    struct batch batch;
    struct request_answer answer;
    int exit_code = batch_find(run->db, job_text(job, "cohort"), job_text(job, "date"), &batch);
    if (exit_code == JOB_DONE)
        exit_code = check_bank(run, &batch, bank);
    // Without a run there is nothing that it could change: the next one reads the configuration.
    if (exit_code == JOB_DONE && strcmp(batch.state, "running") != 0)
        exit_code = job_fail(JOB_BAD_INPUT, "set banks.NAME.rate in the configuration",
                             "no run of %s %s is active", batch.cohort, batch.date);
    if (exit_code != JOB_DONE)
        return exit_code;
    const struct request request = {.kind = "rate",
                                    .batch_id = batch.id,
                                    .cohort = batch.cohort,
                                    .date = batch.date,
                                    .bank = bank,
                                    .amount_minor = job_number(job, "calls"),
                                    .reason = request_reason(job)};
    if (request.reason == NULL)
        return JOB_USAGE;
    exit_code = request_carry_out(run, &request, &answer);
    return exit_code == JOB_DONE ? request_tell(run, &request, NULL, &answer) : exit_code;
}

int job_rate(struct job *job)
{
    return request_command(job, change_rate, NULL);
}
