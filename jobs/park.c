/* park, release, write-off: a person stops a settlement, lets it go on, or gives it up. */
#include <stdio.h>
#include <string.h>

#include "jobs/request.h"

static int ask(struct run *run)
{
    const char *kind = run->context;
    const char *account_ref = job_operand(run->job, 0);
    struct request_target target;
    struct request_answer answer;
    struct request request = {.kind = kind, .reason = request_reason(run->job)};
    if (request.reason == NULL)
        return JOB_USAGE;
    int exit_code = request_find(run->db, run->job, account_ref, &target);
    if (exit_code != JOB_DONE)
        return exit_code;
    request_about(&request, &target);
    exit_code = request_carry_out(run, &request, &answer);
    if (exit_code == JOB_DONE)
        exit_code = request_tell(run, &request, account_ref, &answer);
    // Of one that ended its residue was released: whoever opened meanwhile must know.
    if (exit_code == JOB_DONE && strcmp(kind, "release") == 0)
        exit_code = request_raise_later(run, target.settlement_id);
    return exit_code;
}

int job_park(struct job *job)
{
    return request_command(job, ask, "park");
}

int job_release(struct job *job)
{
    return request_command(job, ask, "release");
}

int job_write_off(struct job *job)
{
    return request_command(job, ask, "write_off");
}
