/* rerun: those of a batch that were parked, and only those, from the step that failed. */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "jobs/file.h"
#include "jobs/people.h"
#include "jobs/report.h"
#include "jobs/request.h"
#include "sql.h"

#define ACCOUNTS_BYTES_MAX (256U << 20)

struct rerun {
    struct run *run;
    char *accounts; /* as a text[]; NULL: any */
    uint64_t selected;
    bool is_filed;
};

/* ---- the list of accounts ---- */

struct list {
    FILE *out;
    uint64_t line;
    bool is_first_field, is_empty;
};

/* Column one; a first line that names it is no account. */
static void on_field(void *bytes, size_t byte_count, void *context)
{
    static const char header[] = "account_ref";
    struct list *list = context;
    const char *text = bytes;
    bool is_header =
        list->line == 0 && byte_count == sizeof header - 1 && memcmp(text, header, byte_count) == 0;
    if (list->is_first_field && byte_count > 0 && !is_header) {
        fputs(list->is_empty ? "\"" : ",\"", list->out);
        for (size_t i = 0; i < byte_count; i++) {
            if (text[i] == '"' || text[i] == '\\')
                fputc('\\', list->out);
            fputc(text[i], list->out);
        }
        fputc('"', list->out);
        list->is_empty = false;
    }
    list->is_first_field = false;
}

static void on_record(int end, void *context)
{
    struct list *list = context;
    (void)end;
    list->line++;
    list->is_first_field = true;
}

static int read_accounts(struct rerun *rerun)
{
    const char *name = job_text(rerun->run->job, "accounts");
    char error[FILE_ERROR_BYTES];
    size_t bytes, list_bytes;
    struct csv_parser parser;
    if (name == NULL)
        return JOB_DONE;
    char *text = file_read(name, ACCOUNTS_BYTES_MAX, &bytes, error);
    if (text == NULL)
        return job_fail(JOB_BAD_INPUT, NULL, "%s", error);
    struct list list = {.out = open_memstream(&rerun->accounts, &list_bytes),
                        .is_first_field = true,
                        .is_empty = true};
    CHECK(list.out != NULL && csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0);
    fputc('{', list.out);
    bool whole = csv_parse(&parser, text, bytes, on_field, on_record, &list) == bytes &&
                 csv_fini(&parser, on_field, on_record, &list) == 0;
    fputc('}', list.out);
    csv_free(&parser);
    fclose(list.out);
    bool has_nul = memchr(text, '\0', bytes) != NULL;
    free(text);
    if (!whole || has_nul)
        return job_fail(JOB_BAD_INPUT, "one account reference a line", "%s: line %llu is not CSV",
                        name, (unsigned long long)list.line + 1);
    return list.is_empty ? job_fail(JOB_BAD_INPUT, NULL, "%s names no account", name) : JOB_DONE;
}

/* All or nothing: a misspelt reference would go unnoticed. */
static int check_accounts(struct rerun *rerun, const struct batch *batch)
{
    const char *const params[] = {batch->id, batch->revision, rerun->accounts};
    if (rerun->accounts == NULL)
        return JOB_DONE;
    PGresult *result = db_query(rerun->run->db, sql_rerun_unknown, 3, params);
    if (result == NULL)
        return db_exit_code(rerun->run->db);
    int exit_code = JOB_DONE;
    if (PQntuples(result) > 0)
        exit_code = job_fail(JOB_BAD_INPUT, "nothing was changed",
                             "%s: account %s (%s of the list) is not in batch %s %s",
                             job_text(rerun->run->job, "accounts"), db_text(result, 0, 0),
                             db_text(result, 0, 1), batch->cohort, batch->date);
    PQclear(result);
    return exit_code;
}

/* ---- what it is about ---- */

static const char *step_number(const struct job *job)
{
    static const char *const numbers[] = {"1", "2", "3", "4", "5"};
    return job_given(job, "step") ? numbers[job_number(job, "step")] : NULL;
}

/* Counts, and files where it is said so. To be cleared; NULL: reported. */
static PGresult *look(struct rerun *rerun, const struct batch *batch, bool files)
{
    const struct job *job = rerun->run->job;
    const char *const params[] = {batch->id,
                                  batch->revision,
                                  files ? "1" : "0",
                                  people_operator(),
                                  job_text(job, "reason"),
                                  job_text(job, "code"),
                                  job_text(job, "bank"),
                                  step_number(job),
                                  job_text(job, "least"),
                                  job_text(job, "most"),
                                  rerun->accounts};
    return db_query(rerun->run->db, sql_rerun_select, 11, params);
}

static void tell_group(const struct batch *batch, const PGresult *groups, int row)
{
    char accounts[MONEY_TEXT_BYTES], amount[MONEY_TEXT_BYTES];
    const char *what = db_text(groups, row, 2), *code = db_text(groups, row, 1);
    fprintf(stderr, "  %12s at %-8s %-24s %24s %s%s\n",
            money_format(db_int(groups, row, 3), accounts), db_text(groups, row, 0), code,
            money_format(db_int(groups, row, 4), amount), batch->currency,
            strcmp(what, "in_doubt") == 0   ? "  left out: in doubt, resolve it first"
            : strcmp(what, "for_good") == 0 ? "  left out: only a write-off can end it"
                                            : "");
}

static int preview(struct rerun *rerun, const struct batch *batch)
{
    PGresult *groups = look(rerun, batch, false);
    if (groups == NULL)
        return db_exit_code(rerun->run->db);
    bool tells = !rerun->run->is_quiet;
    if (tells && PQntuples(groups) > 0)
        fprintf(stderr, "%s %s: parked, as selected\n", batch->cohort, batch->date);
    for (int i = 0; i < PQntuples(groups); i++) {
        if (tells)
            tell_group(batch, groups, i);
        if (strcmp(db_text(groups, i, 2), "rerun") == 0)
            rerun->selected += (uint64_t)db_int(groups, i, 3);
    }
    PQclear(groups);
    return JOB_DONE;
}

/* The batch is ours: nobody answers them before this run does. Once, for what fails again in it is
   not asked for a second time. */
static int file_requests(struct run *run)
{
    struct rerun *rerun = run->taken_context;
    if (rerun->is_filed)
        return JOB_DONE;
    PGresult *groups = look(rerun, &run->batch, true);
    PQclear(groups);
    rerun->is_filed = groups != NULL;
    return groups != NULL ? JOB_DONE : db_exit_code(run->db);
}

static int carry_out(struct rerun *rerun, const struct batch *batch)
{
    struct run *run = rerun->run;
    char count[MONEY_TEXT_BYTES];
    if (rerun->selected == 0 || job_flag(run->job, "dry-run")) {
        if (!run->is_quiet)
            printf("%s %s: %s to rerun\n", batch->cohort, batch->date,
                   rerun->selected == 0 ? "nothing" : report_count(rerun->selected, count));
        return JOB_DONE;
    }
    run->scope = SETTLE_REQUESTED;
    run->reason = job_text(run->job, "reason");
    run->on_taken = file_requests;
    run->taken_context = rerun;
    return run_batch(run, batch->cohort, batch->date);
}

static int check_selectors(const struct job *job)
{
    static const char *const selectors[] = {"failed", "code", "bank",    "step",
                                            "least",  "most", "accounts"};
    for (size_t i = 0; i < sizeof selectors / sizeof selectors[0]; i++) {
        if (job_given(job, selectors[i]))
            return request_reason(job) == NULL ? JOB_USAGE : JOB_DONE;
    }
    return job_fail(JOB_USAGE,
                    "--failed for all, or --code, --bank, --step, --least, --most, --accounts",
                    "say which of the parked ones");
}

static int ask(struct run *run)
{
    struct rerun rerun = {.run = run};
    struct batch batch;
    int exit_code = check_selectors(run->job);
    if (exit_code == JOB_DONE)
        exit_code =
            batch_find(run->db, job_operand(run->job, 0), job_text(run->job, "date"), &batch);
    if (exit_code == JOB_DONE && strcmp(batch.state, "running") == 0)
        exit_code = job_fail(FAIL_OWNED, "wait for it, or stop it; `daybook runs` lists it",
                             "a run of %s %s is active", batch.cohort, batch.date);
    if (exit_code == JOB_DONE)
        exit_code = read_accounts(&rerun);
    if (exit_code == JOB_DONE)
        exit_code = check_accounts(&rerun, &batch);
    if (exit_code == JOB_DONE)
        exit_code = preview(&rerun, &batch);
    if (exit_code == JOB_DONE)
        exit_code = carry_out(&rerun, &batch);
    free(rerun.accounts);
    return exit_code;
}

static int rerun_told(struct job *job)
{
    return request_command(job, ask, NULL);
}

int job_rerun(struct job *job)
{
    return job_tell_in_one_line(job, rerun_told);
}
