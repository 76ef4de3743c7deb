/* runs: who ran what, when, why, and how it ended. Reads only. */
#include "jobs/runs.h"

#include <stdio.h>

#include "base/time.h"
#include "jobs/codes.h"
#include "jobs/report.h"
#include "sql.h"

enum run_column {
    RUN_ID,
    RUN_COHORT,
    RUN_DATE,
    RUN_KIND,
    RUN_STATE,
    RUN_OPERATOR,
    RUN_REASON,
    RUN_STARTED,
    RUN_ENDED,
    RUN_TOOK_MS,
    RUN_EXIT
};

static const struct report_column columns[] = {
    {"run", true},       {"cohort", false},  {"date", false}, {"kind", false}, {"state", false},
    {"operator", false}, {"started", false}, {"took", true},  {"exit", true},  {"", false},
};

static void add_took(struct report_table *table, const PGresult *runs, int row)
{
    char took[REPORT_DURATION_BYTES] = "";
    if (!PQgetisnull(runs, row, RUN_TOOK_MS))
        report_duration((uint64_t)db_int(runs, row, RUN_TOOK_MS) * NS_PER_MS, took);
    report_table_add(table, took);
}

/* What the exit code means, and the reason that was given. */
static void add_meaning(struct report_table *table, const PGresult *runs, int row)
{
    char text[512];
    const char *reason = db_text(runs, row, RUN_REASON);
    bool has_ended = !PQgetisnull(runs, row, RUN_EXIT);
    snprintf(text, sizeof text, "%s%s%s",
             has_ended ? codes_exit_meaning((int)db_int(runs, row, RUN_EXIT)) : "",
             reason[0] != '\0' ? "; reason: " : "", reason);
    report_table_add(table, text);
}

void runs_print(const PGresult *runs, int indent)
{
    char time[REPORT_TIME_BYTES];
    struct report_table *table = report_table_open(columns, sizeof columns / sizeof columns[0]);
    for (int row = 0; row < PQntuples(runs); row++) {
        for (int column = RUN_ID; column <= RUN_OPERATOR; column++)
            report_table_add(table, db_text(runs, row, column));
        report_table_add(table, report_time_short(db_text(runs, row, RUN_STARTED), time));
        add_took(table, runs, row);
        report_table_add(table, db_text(runs, row, RUN_EXIT));
        add_meaning(table, runs, row);
    }
    report_table_print(table, indent, stdout);
    report_table_close(table);
}

json_t *runs_json(const PGresult *runs, int row)
{
    json_t *run = report_json_row(runs, row);
    json_object_set_new(run, "exit_meaning",
                        PQgetisnull(runs, row, RUN_EXIT)
                            ? json_null()
                            : json_string(codes_exit_meaning((int)db_int(runs, row, RUN_EXIT))));
    return run;
}

static void print_doc(const PGresult *runs, enum report_form form)
{
    struct report_doc *doc = report_doc_open(form, "runs", stdout);
    report_doc_list(doc, "runs");
    for (int row = 0; row < PQntuples(runs); row++)
        report_doc_row(doc, "runs", "run", runs_json(runs, row));
    report_doc_close(doc);
}

PGresult *runs_read(struct db *db, const char *cohort, const char *date, const char *limit)
{
    const char *const params[] = {cohort, date, limit};
    return db_query(db, sql_runs_list, 3, params);
}

static int list_runs(const struct job *job, struct db *db)
{
    enum report_form form = (enum report_form)job_number(job, "output");
    if (!db_check_schema(db))
        return db_exit_code(db);
    PGresult *runs =
        runs_read(db, job_operand(job, 0), job_text(job, "date"), job_text(job, "limit"));
    if (runs == NULL)
        return db_exit_code(db);
    if (form != REPORT_TABLE)
        print_doc(runs, form);
    else if (PQntuples(runs) == 0)
        printf("no runs\n");
    else
        runs_print(runs, 0);
    PQclear(runs);
    return JOB_DONE;
}

int job_runs(struct job *job)
{
    int exit_code;
    struct config *config = config_open(job, &exit_code);
    struct db *db = config == NULL ? NULL : db_open(config, "daybook runs", &exit_code);
    if (db != NULL)
        exit_code = list_runs(job, db);
    db_close(db);
    config_close(config);
    return exit_code;
}
