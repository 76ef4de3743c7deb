/* daybook: one program, one table of commands. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/failpoint.h"
#include "jobs/job.h"
#include "jobs/options.h"

static const struct {
    const char *name;
    int (*carry_out)(struct job *job);
} commands[] = {
    {"demo", job_demo},
    {"schema apply", job_schema_apply},
    {"import", job_import},
    {"plan", job_plan},
    {"run", job_run},
    {"show", job_show},
    {"verify", job_verify},
    {"mockbank", job_mockbank},
    {"simulate", job_simulate},
    {"trace", job_trace},
    {"rerun", job_rerun},
    {"resolve", job_resolve},
    {"park", job_park},
    {"release", job_release},
    {"amend", job_amend},
    {"write-off", job_write_off},
    {"rate", job_rate},
    {"help", job_help},
    {"runs", job_runs},
    {"config show", job_config_show},
    {"explain", job_explain},
    {"init", job_init},
    {"doctor", job_doctor},
    {"completion", job_completion},
    {"manual", job_manual},
    {"reconcile", job_reconcile},
    {"bench run", job_bench_run},
    {"bench sweep", job_bench_sweep},
    {"bench compare", job_bench_compare},
    {"bench report", job_bench_report},
    {"capacity", job_capacity},
};

static int carry_out(struct job *job)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, job->command->name) == 0)
            return commands[i].carry_out(job);
    }
    CHECK(!"a command that the table names");
    return JOB_INTERNAL;
}

/* Tokens and account numbers must not reach a core file, nor another process of this user. */
static void keep_secrets_in(void)
{
    const struct rlimit none = {0};
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
    struct job job;
    keep_secrets_in();
    signal(SIGPIPE, SIG_IGN);
#ifdef DAYBOOK_FAILPOINTS
    if (!failpoint_begin(getenv("FAILPOINT"), getenv("FAILPOINT_LOG")))
        return job_fail(JOB_USAGE, NULL, "FAILPOINT is not NAME:HIT:kill|stop|cut");
#endif
    switch (options_parse(argc, argv, &job)) {
    case OPTIONS_HELP:
        return JOB_DONE;
    case OPTIONS_BAD:
        return JOB_USAGE;
    case OPTIONS_RUN:
        break;
    }
    int exit_code = carry_out(&job);
    if (fflush(stdout) != 0 && exit_code == JOB_DONE)
        return job_fail(FAIL_OUTPUT_LOST, "is the disk full, or was the pipe closed?",
                        "could not write the output");
    return exit_code;
}
