/* show: totals and groups of errors of a batch, or the whole story of one account. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "jobs/batch.h"
#include "jobs/codes.h"
#include "jobs/report.h"
#include "sql.h"

struct show {
    struct job *job;
    struct db *db;
    bool json;
};

/* ---- one account ---- */

enum settlement_column {
    SETTLEMENT_ID,
    SETTLEMENT_COHORT,
    SETTLEMENT_DATE,
    SETTLEMENT_CURRENCY,
    SETTLEMENT_STATE,
    SETTLEMENT_STEP,
    SETTLEMENT_BANK,
    SETTLEMENT_FLOOR,
    SETTLEMENT_SEEN,
    SETTLEMENT_DEPOSIT,
    SETTLEMENT_REPAYMENT,
    SETTLEMENT_HOLD,
    SETTLEMENT_PAYOUT,
    SETTLEMENT_RESIDUE,
    SETTLEMENT_CODE,
    SETTLEMENT_UPDATED,
};

enum story_column {
    STORY_AT,
    STORY_CHUNK,
    STORY_POSITION,
    STORY_KIND,
    STORY_STEP,
    STORY_WHAT,
    STORY_AMOUNT,
    STORY_DETAIL,
};

static const struct {
    enum settlement_column column;
    const char *name;
} amounts[] = {
    {SETTLEMENT_FLOOR, "floor"},         {SETTLEMENT_SEEN, "seen"}, {SETTLEMENT_DEPOSIT, "deposit"},
    {SETTLEMENT_REPAYMENT, "repayment"}, {SETTLEMENT_HOLD, "hold"}, {SETTLEMENT_PAYOUT, "paid out"},
    {SETTLEMENT_RESIDUE, "residue"},
};

static PGresult *read_story(struct show *show, const PGresult *settlements, int row)
{
    const char *const params[] = {db_text(settlements, row, SETTLEMENT_ID)};
    return db_query(show->db, sql_show_story, 1, params);
}

static void print_settlement(const PGresult *result, int row)
{
    printf("%s %s: %s at %s, settlement %s, bank %s\n", db_text(result, row, SETTLEMENT_COHORT),
           db_text(result, row, SETTLEMENT_DATE), db_text(result, row, SETTLEMENT_STATE),
           db_text(result, row, SETTLEMENT_STEP), db_text(result, row, SETTLEMENT_ID),
           db_text(result, row, SETTLEMENT_BANK));
    const char *code = db_text(result, row, SETTLEMENT_CODE);
    if (code[0] != '\0')
        printf("  code %s: %s\n", code, codes_reason(code));
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        char text[MONEY_TEXT_BYTES];
        if (!PQgetisnull(result, row, (int)amounts[i].column))
            printf("  %-10s %24s %s\n", amounts[i].name,
                   money_format(db_int(result, row, (int)amounts[i].column), text),
                   db_text(result, row, SETTLEMENT_CURRENCY));
    }
}

static void print_story(const PGresult *story)
{
    for (int i = 0; i < PQntuples(story); i++) {
        char text[MONEY_TEXT_BYTES] = "";
        if (!PQgetisnull(story, i, STORY_AMOUNT))
            money_format(db_int(story, i, STORY_AMOUNT), text);
        printf("  %s  chunk %s.%-6s %-8s %-10s %-30s %18s  %s\n", db_text(story, i, STORY_AT),
               db_text(story, i, STORY_CHUNK), db_text(story, i, STORY_POSITION),
               db_text(story, i, STORY_KIND), db_text(story, i, STORY_STEP),
               db_text(story, i, STORY_WHAT), text, db_text(story, i, STORY_DETAIL));
    }
}

static json_t *text_or_null(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column))
        return json_null();
    return json_string(db_text(result, row, column));
}

/* Every column under its own name; amounts and ids as text, as the database gives them. */
static json_t *row_json(const PGresult *result, int row)
{
    json_t *object = json_object();
    for (int column = 0; column < PQnfields(result); column++)
        json_object_set_new(object, PQfname(result, column), text_or_null(result, row, column));
    return object;
}

static json_t *rows_json(const PGresult *result)
{
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(result); row++)
        json_array_append_new(list, row_json(result, row));
    return list;
}

static int tell_account(struct show *show, const char *account, const PGresult *settlements)
{
    json_t *list = json_array();
    int exit_code = JOB_DONE;
    if (!show->json)
        printf("account %s\n", account);
    for (int row = 0; row < PQntuples(settlements) && exit_code == JOB_DONE; row++) {
        PGresult *story = read_story(show, settlements, row);
        if (story == NULL) {
            exit_code = db_exit_code(show->db);
        } else if (show->json) {
            json_t *settlement = row_json(settlements, row);
            json_object_set_new(settlement, "records", rows_json(story));
            json_array_append_new(list, settlement);
        } else {
            print_settlement(settlements, row);
            print_story(story);
        }
        PQclear(story);
    }
    if (show->json && exit_code == JOB_DONE)
        report_json_print(json_pack("{s:i, s:s, s:O}", "schema_version", REPORT_SCHEMA_VERSION,
                                    "account_ref", account, "settlements", list));
    json_decref(list);
    return exit_code;
}

static int show_account(struct show *show)
{
    const char *account = job_text(show->job, "account");
    const char *const params[] = {account, job_operand(show->job, 0), job_text(show->job, "date")};
    PGresult *settlements = db_query(show->db, sql_show_settlements, 3, params);
    if (settlements == NULL)
        return db_exit_code(show->db);
    int exit_code;
    if (PQntuples(settlements) == 0)
        exit_code = job_fail(JOB_BAD_INPUT, "the reference is the CSV's account_ref, exactly",
                             "no settlement of account %s was found", account);
    else
        exit_code = tell_account(show, account, settlements);
    PQclear(settlements);
    return exit_code;
}

/* ---- a batch ---- */

struct view {
    struct batch batch;
    struct batch_money money;
    PGresult *states, *groups, *runs, *heads;
};

static void print_states(const struct view *view)
{
    char accounts[MONEY_TEXT_BYTES], deposit[MONEY_TEXT_BYTES], payout[MONEY_TEXT_BYTES];
    printf("  %-14s %12s %24s %24s\n", "state", "accounts", "deposited", "paid out");
    for (int i = 0; i < PQntuples(view->states); i++)
        printf("  %-14s %12s %24s %24s\n", db_text(view->states, i, 0),
               money_format(db_int(view->states, i, 1), accounts),
               money_format(db_int(view->states, i, 2), deposit),
               money_format(db_int(view->states, i, 3), payout));
}

static void print_groups(const struct view *view)
{
    if (PQntuples(view->groups) > 0)
        printf("parked\n");
    for (int i = 0; i < PQntuples(view->groups); i++) {
        char accounts[MONEY_TEXT_BYTES], deposit[MONEY_TEXT_BYTES];
        const char *code = db_text(view->groups, i, 1);
        printf("  %12s at %-8s %-24s %24s %s  %s\n",
               money_format(db_int(view->groups, i, 2), accounts), db_text(view->groups, i, 0),
               code, money_format(db_int(view->groups, i, 3), deposit), view->batch.currency,
               codes_reason(code));
    }
}

static void print_batch(const struct view *view)
{
    const struct batch *batch = &view->batch;
    char deposited[MONEY_TEXT_BYTES], collected[MONEY_TEXT_BYTES], held[MONEY_TEXT_BYTES];
    char paid[MONEY_TEXT_BYTES];
    printf("%s %s: %s, %u accounts, %s\n", batch->cohort, batch->date, batch->state,
           batch->accounts, batch->currency);
    print_states(view);
    print_groups(view);
    printf("money\n  deposited %s, collected %s, held %s, paid out %s\n",
           money_format(view->money.deposited_minor, deposited),
           money_format(view->money.collected_minor, collected),
           money_format(view->money.held_minor, held), money_format(view->money.paid_minor, paid));
    if (PQntuples(view->runs) > 0)
        printf("runs, newest first\n");
    for (int i = 0; i < PQntuples(view->runs); i++)
        printf("  %-6s %-7s %-8s by %s, %s to %s, exit %s\n", db_text(view->runs, i, 0),
               db_text(view->runs, i, 1), db_text(view->runs, i, 2), db_text(view->runs, i, 3),
               db_text(view->runs, i, 4), db_text(view->runs, i, 5), db_text(view->runs, i, 6));
    for (int i = 0; i < PQntuples(view->heads); i++)
        printf("head of partition %s: chunk %s, %s records, %s entries, hash %s\n",
               db_text(view->heads, i, 0), db_text(view->heads, i, 1), db_text(view->heads, i, 2),
               db_text(view->heads, i, 3), db_text(view->heads, i, 4));
}

static void print_batch_json(const struct view *view)
{
    const struct batch *batch = &view->batch;
    report_json_print(json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}}",
        "schema_version", REPORT_SCHEMA_VERSION, "cohort", batch->cohort, "settle_date",
        batch->date, "currency", batch->currency, "state", batch->state, "accounts",
        (json_int_t)batch->accounts, "plan_revision", batch->revision, "plan_digest", batch->digest,
        "states", rows_json(view->states), "parked_groups", rows_json(view->groups), "runs",
        rows_json(view->runs), "heads", rows_json(view->heads), "money", "deposited_minor",
        report_json_money(view->money.deposited_minor), "collected_minor",
        report_json_money(view->money.collected_minor), "held_minor",
        report_json_money(view->money.held_minor), "paid_minor",
        report_json_money(view->money.paid_minor), "residue_minor",
        report_json_money(view->money.residue_minor)));
}

static int show_batch(struct show *show)
{
    struct view view = {0};
    int exit_code =
        batch_find(show->db, job_operand(show->job, 0), job_text(show->job, "date"), &view.batch);
    if (exit_code != JOB_DONE)
        return exit_code;
    const char *const params[] = {view.batch.id};
    view.states = db_query(show->db, sql_show_states, 1, params);
    view.groups = view.states == NULL ? NULL : batch_groups(show->db, &view.batch);
    view.runs = view.groups == NULL ? NULL : db_query(show->db, sql_show_runs, 1, params);
    view.heads = view.runs == NULL ? NULL : db_query(show->db, sql_run_heads, 1, params);
    if (view.heads == NULL || !batch_sum(show->db, &view.batch, &view.money))
        exit_code = db_exit_code(show->db);
    else if (show->json)
        print_batch_json(&view);
    else
        print_batch(&view);
    PQclear(view.states);
    PQclear(view.groups);
    PQclear(view.runs);
    PQclear(view.heads);
    return exit_code;
}

/* ---- which ---- */

static int show_either(struct show *show)
{
    bool named = job_operand(show->job, 0) != NULL;
    if (named != job_given(show->job, "date"))
        return job_fail(JOB_USAGE, "as in: daybook show acme --date 2026-03-25",
                        "a batch is a cohort and a --date");
    if (!named && !job_given(show->job, "account"))
        return job_fail(JOB_USAGE, "daybook show COHORT --date DATE, or daybook show --account REF",
                        "say which batch or which account");
    if (!db_check_schema(show->db))
        return db_exit_code(show->db);
    return job_given(show->job, "account") ? show_account(show) : show_batch(show);
}

int job_show(struct job *job)
{
    int exit_code;
    struct show show = {.job = job, .json = job_number(job, "output") == 1};
    struct config *config = config_open(job, &exit_code);
    if (config != NULL)
        show.db = db_open(config, "daybook show", &exit_code);
    if (show.db != NULL)
        exit_code = show_either(&show);
    db_close(show.db);
    config_close(config);
    return exit_code;
}
