/* show: totals of a batch, and what is left of it by its causes: why, and what to do. Reads only.
 */
#include <stdio.h>
#include <string.h>

#include "jobs/advice.h"
#include "jobs/batch.h"
#include "jobs/report.h"
#include "jobs/runs.h"
#include "sql.h"

#define RUNS_SHOWN "10"
#define STATES_MAX 16 /* of a settlement: 12 */

enum group_column {
    GROUP_STATE,
    GROUP_TRANSFER,
    GROUP_STEP,
    GROUP_CODE,
    GROUP_ACCOUNTS,
    GROUP_DEPOSIT,
    GROUP_AMOUNT,
    GROUP_PAYOUT,
    GROUP_RESIDUE,
    GROUP_OLDEST,
    GROUP_FIRST,
};

/* The groups of one state together. */
struct state_sum {
    const char *state;
    int64_t accounts, deposit_minor, payout_minor, residue_minor;
};

struct view {
    struct batch batch;
    struct batch_money money;
    PGresult *groups, *runs, *heads;
    struct state_sum states[STATES_MAX];
    size_t state_count;
};

static struct advice_case case_of(const struct view *view, int row)
{
    return (struct advice_case){
        .cohort = view->batch.cohort,
        .date = view->batch.date,
        .account = db_text(view->groups, row, GROUP_FIRST),
        .state = db_text(view->groups, row, GROUP_STATE),
        .code = db_text(view->groups, row, GROUP_CODE),
        .transfer = db_text(view->groups, row, GROUP_TRANSFER),
        .seen = "",
    };
}

static struct state_sum *sum_of(struct view *view, const char *state)
{
    for (size_t i = 0; i < view->state_count; i++) {
        if (strcmp(view->states[i].state, state) == 0)
            return &view->states[i];
    }
    CHECK(view->state_count < STATES_MAX);
    view->states[view->state_count] = (struct state_sum){.state = state};
    return &view->states[view->state_count++];
}

/* In the order of the groups: the largest first. */
static void sum_states(struct view *view)
{
    for (int row = 0; row < PQntuples(view->groups); row++) {
        struct state_sum *sum = sum_of(view, db_text(view->groups, row, GROUP_STATE));
        sum->accounts += db_int(view->groups, row, GROUP_ACCOUNTS);
        sum->deposit_minor += db_int(view->groups, row, GROUP_DEPOSIT);
        sum->payout_minor += db_int(view->groups, row, GROUP_PAYOUT);
        sum->residue_minor += db_int(view->groups, row, GROUP_RESIDUE);
    }
}

static bool is_settled(const struct view *view, int row)
{
    return strcmp(db_text(view->groups, row, GROUP_STATE), "settled") == 0;
}

/* ---- for people ---- */

static void print_states(const struct view *view)
{
    static const struct report_column columns[] = {
        {"state", false}, {"accounts", true}, {"deposited", true}, {"paid out", true}};
    struct report_table *table = report_table_open(columns, 4);
    for (size_t i = 0; i < view->state_count; i++) {
        report_table_add(table, view->states[i].state);
        report_table_add_count(table, view->states[i].accounts);
        report_table_add_count(table, view->states[i].deposit_minor);
        report_table_add_count(table, view->states[i].payout_minor);
    }
    report_table_print(table, 2, stdout);
    report_table_close(table);
}

static void print_group(const struct view *view, int row)
{
    char accounts[MONEY_TEXT_BYTES], deposit[MONEY_TEXT_BYTES], amount[MONEY_TEXT_BYTES];
    char time[REPORT_TIME_BYTES], command[ADVICE_BYTES];
    const struct advice_case about = case_of(view, row);
    printf("  %s %s at %s", money_format(db_int(view->groups, row, GROUP_ACCOUNTS), accounts),
           about.state, db_text(view->groups, row, GROUP_STEP));
    if (about.code[0] != '\0')
        printf(", code %s", about.code);
    if (about.transfer[0] != '\0' && strcmp(about.transfer, about.state) != 0)
        printf(", transfer %s", about.transfer);
    printf(": deposited %s", money_format(db_int(view->groups, row, GROUP_DEPOSIT), deposit));
    if (!PQgetisnull(view->groups, row, GROUP_AMOUNT))
        printf(", at stake %s", money_format(db_int(view->groups, row, GROUP_AMOUNT), amount));
    printf(" %s; the oldest since %s, the first %s\n", view->batch.currency,
           report_time_short(db_text(view->groups, row, GROUP_OLDEST), time), about.account);
    printf("    why   %s\n", advice_reason(&about));
    if (advice_words(&about)[0] != '\0')
        printf("    next  %s\n", advice_words(&about));
    if (advice_command(&about, command)[0] != '\0')
        printf("          %s\n", command);
}

static void print_groups(const struct view *view)
{
    bool is_first = true;
    for (int row = 0; row < PQntuples(view->groups); row++) {
        if (is_settled(view, row))
            continue;
        if (is_first)
            printf("not settled, by cause (times are UTC)\n");
        is_first = false;
        print_group(view, row);
    }
}

static void print_money(const struct view *view)
{
    char deposited[MONEY_TEXT_BYTES], collected[MONEY_TEXT_BYTES], held[MONEY_TEXT_BYTES];
    char paid[MONEY_TEXT_BYTES], residue[MONEY_TEXT_BYTES];
    printf("money\n  deposited %s, collected %s, held %s, paid out %s",
           money_format(view->money.deposited_minor, deposited),
           money_format(view->money.collected_minor, collected),
           money_format(view->money.held_minor, held), money_format(view->money.paid_minor, paid));
    if (view->money.residue_minor != 0)
        printf(", residue %s", money_format(view->money.residue_minor, residue));
    printf(" %s\n", view->batch.currency);
}

static void print_batch(const struct view *view)
{
    const struct batch *batch = &view->batch;
    printf("%s %s: %s, %u accounts, %s\n", batch->cohort, batch->date, batch->state,
           batch->accounts, batch->currency);
    print_states(view);
    print_groups(view);
    print_money(view);
    if (PQntuples(view->runs) > 0)
        printf("runs, newest first\n");
    runs_print(view->runs, 2);
    for (int i = 0; i < PQntuples(view->heads); i++)
        printf("head of partition %s: chunk %s, %s records, %s entries, hash %s\n",
               db_text(view->heads, i, 0), db_text(view->heads, i, 1), db_text(view->heads, i, 2),
               db_text(view->heads, i, 3), db_text(view->heads, i, 4));
}

/* ---- for programs ---- */

static json_t *state_json(const struct state_sum *sum)
{
    return json_pack("{s:s, s:I, s:o, s:o, s:o}", "state", sum->state, "accounts",
                     (json_int_t)sum->accounts, "deposit_minor",
                     report_json_money(sum->deposit_minor), "payout_minor",
                     report_json_money(sum->payout_minor), "residue_minor",
                     report_json_money(sum->residue_minor));
}

static json_t *group_json(const struct view *view, int row)
{
    char command[ADVICE_BYTES];
    const struct advice_case about = case_of(view, row);
    json_t *group = report_json_row(view->groups, row);
    json_object_set_new(group, "reason", json_string(advice_reason(&about)));
    json_object_set_new(group, "next", json_string(advice_words(&about)));
    json_object_set_new(group, "next_command", json_string(advice_command(&about, command)));
    return group;
}

static void fill_head(struct report_doc *doc, const struct view *view)
{
    const struct batch *batch = &view->batch;
    const struct batch_money *money = &view->money;
    report_doc_set(doc, "batch_id", json_string(batch->id));
    report_doc_set(doc, "cohort", json_string(batch->cohort));
    report_doc_set(doc, "settle_date", json_string(batch->date));
    report_doc_set(doc, "currency", json_string(batch->currency));
    report_doc_set(doc, "state", json_string(batch->state));
    report_doc_set(doc, "accounts", json_integer(batch->accounts));
    report_doc_set(doc, "plan_revision", json_string(batch->revision));
    report_doc_set(doc, "plan_digest", json_string(batch->digest));
    report_doc_set(doc, "money",
                   json_pack("{s:o, s:o, s:o, s:o, s:o}", "deposited_minor",
                             report_json_money(money->deposited_minor), "collected_minor",
                             report_json_money(money->collected_minor), "held_minor",
                             report_json_money(money->held_minor), "paid_minor",
                             report_json_money(money->paid_minor), "residue_minor",
                             report_json_money(money->residue_minor)));
    report_doc_list(doc, "states");
    report_doc_list(doc, "groups");
    report_doc_list(doc, "runs");
    report_doc_list(doc, "heads");
}

static void print_doc(const struct view *view, enum report_form form)
{
    struct report_doc *doc = report_doc_open(form, "batch", stdout);
    fill_head(doc, view);
    for (size_t i = 0; i < view->state_count; i++)
        report_doc_row(doc, "states", "state", state_json(&view->states[i]));
    for (int row = 0; row < PQntuples(view->groups); row++) {
        if (!is_settled(view, row))
            report_doc_row(doc, "groups", "group", group_json(view, row));
    }
    for (int row = 0; row < PQntuples(view->runs); row++)
        report_doc_row(doc, "runs", "run", runs_json(view->runs, row));
    report_doc_rows(doc, "heads", "head", view->heads);
    report_doc_close(doc);
}

/* ---- the command ---- */

static bool read_view(struct db *db, struct view *view)
{
    const char *const params[] = {view->batch.id, view->batch.revision};
    view->groups = db_query(db, sql_show_groups, 2, params);
    if (view->groups == NULL)
        return false;
    sum_states(view);
    view->runs = runs_read(db, view->batch.cohort, view->batch.date, RUNS_SHOWN);
    view->heads = view->runs == NULL ? NULL : db_query(db, sql_run_heads, 1, params);
    return view->heads != NULL && batch_sum(db, &view->batch, &view->money);
}

static int show_batch(const struct job *job, struct db *db)
{
    struct view view = {0};
    enum report_form form = (enum report_form)job_number(job, "output");
    if (!db_check_schema(db))
        return db_exit_code(db);
    int exit_code = batch_find(db, job_operand(job, 0), job_text(job, "date"), &view.batch);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (!read_view(db, &view))
        exit_code = db_exit_code(db);
    else if (form == REPORT_TABLE)
        print_batch(&view);
    else
        print_doc(&view, form);
    PQclear(view.groups);
    PQclear(view.runs);
    PQclear(view.heads);
    return exit_code;
}

int job_show(struct job *job)
{
    int exit_code;
    struct config *config = config_open(job, &exit_code);
    struct db *db = config == NULL ? NULL : db_open(config, "daybook show", &exit_code);
    if (db != NULL)
        exit_code = batch_settle_date(job, db, config);
    if (db != NULL && exit_code == JOB_DONE)
        exit_code = show_batch(job, db);
    db_close(db);
    config_close(config);
    return exit_code;
}
