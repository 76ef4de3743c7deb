/*
 * job: what every command is given, and how it ends.
 *
 * A command is one function `int job_NAME(struct job *job)` in jobs/NAME.c that returns its exit
 * code, one row in main.c that names it, and one entry in the table of jobs/options.c, from which
 * its parser and its --help come.
 * By the time the function runs, every option has been checked against that table: the getters
 * below cannot fail, and asking for an option that the table does not have aborts.
 */
#ifndef DAYBOOK_JOBS_JOB_H
#define DAYBOOK_JOBS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jobs/failures.h"
#include "jobs/value.h"

/* Exit codes (README.md, "Commands"). The most serious wins. */
enum job_exit {
    JOB_DONE = 0,         /* all settled, or nothing to do */
    JOB_SOME_LEFT = 3,    /* finished; some short, blocked, pending, parked; or books differ */
    JOB_STOPPED = 4,      /* stopped, or deadline with deposits seen and unfinished */
    JOB_IN_DOUBT = 5,     /* transfers in doubt remain */
    JOB_OWNED = 11,       /* another run owns the batch */
    JOB_USAGE = 64,       /* the command line is wrong */
    JOB_BAD_INPUT = 65,   /* the input data is wrong */
    JOB_UNREACHABLE = 69, /* the database, or every bank of the batch */
    JOB_INTERNAL = 70,    /* internal error, or the ledger is not whole */
    JOB_TRY_AGAIN = 75,   /* temporary */
    JOB_DENIED = 77,      /* permission */
    JOB_BAD_CONFIG = 78,  /* configuration, or an older schema */
    JOB_THRESHOLD = 99,   /* a benchmark's threshold failed; of capacity: no */
};

#define JOB_OPTIONS_MAX 32 /* options of one command */
#define JOB_VALUES_MAX 64  /* values given on one command line */
#define JOB_OPERANDS_MAX 4
#define JOB_MESSAGE_BYTES 2048

struct job_option {
    const char *name; /* long name, without the dashes */
    char letter;      /* 0: none */
    struct value_rule rule;
    const char *argument; /* how --help names its value: "FILE"; NULL for a flag */
    const char *initial;  /* default, as a person would write it; NULL: none */
    const char *help;
    bool required;
};

struct job;

struct job_command {
    const char *name;     /* "run", "schema apply" */
    const char *operands; /* "COHORT FILE"; a word in brackets may be left out */
    const char *summary;  /* one line */
    const char *details;  /* more lines for --help, NULL: none */
    const struct job_option *options;
    size_t option_count;
    bool configured; /* takes the configuration: --config, and --help shows its keys */
};

struct job_value {
    const struct job_option *option;
    const char *text;
    int64_t value;
};

struct job {
    const struct job_command *command;
    const char *program; /* argv[0] */
    const char *operands[JOB_OPERANDS_MAX];
    size_t operand_count;
    struct job_value values[JOB_VALUES_MAX]; /* as given, in order */
    size_t value_count;
    char date[11]; /* what `today` meant */
};

/* ---- ask ---- */

/* Was it given on the command line? */
bool job_given(const struct job *job, const char *name);
bool job_flag(const struct job *job, const char *name);
/* As given, else the default of the table, else NULL. The last one wins. */
const char *job_text(const struct job *job, const char *name);
/* The same for an option that may be given several times: 0, 1, 2 …; NULL: no more. */
const char *job_text_at(const struct job *job, const char *name, size_t index);
/* In the unit of its kind (value.h): ns, bytes, days, minutes, parts per million, index of the
   choice. The option must have a default or have been given. */
int64_t job_number(const struct job *job, const char *name);
/* The operand, counted from 0. */
const char *job_operand(const struct job *job, size_t index);

/* A date given by a word is this day from now on. */
void job_fix_date(struct job *job, const char *date);

/* ---- tell: stderr, one message a line, never a secret ---- */

/* "daybook: error E6501: …" and, where `hint` is not NULL, "hint: …". `failure` is an enum failure,
   or an exit code where the message has no number of its own. Returns the exit code. */
int job_fail(int failure, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void job_warn(const char *hint, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What job_fail told while it was kept. */
struct job_said {
    size_t count;
    int failure; /* of the last one */
    char first[JOB_MESSAGE_BYTES];
    char last[JOB_MESSAGE_BYTES], hint[JOB_MESSAGE_BYTES]; /* "": none */
};
/* From now on errors go there and nowhere else, and warnings nowhere; NULL: to stderr, as ever. */
void job_keep(struct job_said *said);
bool job_is_keeping(void);
/* The one line of a quiet command that failed; nothing where exit_code is 0. Ends job_keep. */
void job_tell_kept(const struct job_said *said, int exit_code);
/* Carries it out; with --quiet, for a schedule that mails what is said, it tells errors in one
 * line. */
int job_tell_in_one_line(struct job *job, int (*carry_out)(struct job *job));

/* ---- the commands ---- */

int job_schema_apply(struct job *job);
int job_import(struct job *job);
int job_plan(struct job *job);
int job_run(struct job *job);
int job_show(struct job *job);
int job_explain(struct job *job);
int job_runs(struct job *job);
int job_config_show(struct job *job);
int job_help(struct job *job);
int job_verify(struct job *job);
int job_reconcile(struct job *job);
int job_demo(struct job *job);
int job_mockbank(struct job *job);
int job_bench_run(struct job *job);
int job_bench_sweep(struct job *job);
int job_bench_compare(struct job *job);
int job_bench_report(struct job *job);
int job_simulate(struct job *job);
int job_trace(struct job *job);
int job_rerun(struct job *job);
int job_resolve(struct job *job);
int job_park(struct job *job);
int job_release(struct job *job);
int job_amend(struct job *job);
int job_write_off(struct job *job);
int job_rate(struct job *job);
int job_init(struct job *job);
int job_doctor(struct job *job);
int job_capacity(struct job *job);
int job_completion(struct job *job);
int job_manual(struct job *job);

#endif
