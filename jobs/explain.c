/*
 * explain: the whole story of one account, across all batches: reads by the keys of its own
 * settlements alone, however large the ledger is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/advice.h"
#include "jobs/db.h"
#include "jobs/explain_words.h"
#include "jobs/report.h"
#include "sql.h"

enum settlement_column {
    SETTLEMENT_ID,
    SETTLEMENT_COHORT,
    SETTLEMENT_DATE,
    SETTLEMENT_CURRENCY,
    SETTLEMENT_STATE,
    SETTLEMENT_STEP,
    SETTLEMENT_BANK,
    SETTLEMENT_CODE,
    SETTLEMENT_FLOOR,
    SETTLEMENT_SEEN,
    SETTLEMENT_DEPOSIT,
    SETTLEMENT_REPAYMENT,
    SETTLEMENT_HOLD,
    SETTLEMENT_EXPECTED,
    SETTLEMENT_PAYOUT,
    SETTLEMENT_RESIDUE,
    SETTLEMENT_UPDATED,
    SETTLEMENT_FLOOR_HELD,
    SETTLEMENT_FLOOR_PAYABLE,
    SETTLEMENT_FLOOR_RESIDUE,
    SETTLEMENT_OPENING,
    SETTLEMENT_OPENED,
    SETTLEMENT_FOLLOWS_COHORT,
    SETTLEMENT_FOLLOWS_DATE,
    SETTLEMENT_HOLDER_COHORT,
    SETTLEMENT_HOLDER_DATE,
    SETTLEMENT_MAPPING_VERSION,
    SETTLEMENT_VIRTUAL_ACCOUNT,
    SETTLEMENT_PAYOUT_BANK,
    SETTLEMENT_PAYOUT_ACCOUNT,
    SETTLEMENT_IMPORTED_BY,
    SETTLEMENT_IMPORTED_AT,
    SETTLEMENT_TRANSFER,
    SETTLEMENT_SEEN_AS,
    SETTLEMENT_WANTED,
};

enum event_column {
    EVENT_SETTLEMENT,
    EVENT_AT,
    EVENT_CHUNK,
    EVENT_POSITION,
    EVENT_KIND,
    EVENT_STEP,
    EVENT_TRANSFER,
    EVENT_GENERATION,
    EVENT_NUMBER,
    EVENT_STATE,
    EVENT_AMOUNT,
    EVENT_AVAILABLE,
    EVENT_HELD,
    EVENT_RESIDUE,
    EVENT_DEBIT,
    EVENT_CREDIT,
    EVENT_KEY,
    EVENT_BANK,
    EVENT_FROM,
    EVENT_TO,
    EVENT_BANK_REF,
    EVENT_CODE,
    EVENT_SEND_BEFORE,
    EVENT_REQUEST_ID,
    EVENT_REQUEST,
    EVENT_OPERATOR,
    EVENT_REASON,
    EVENT_RUN,
};

/* One snapshot for all: what is told of a run that is going on agrees with itself. The joins are
   written in the order in which they are best done; looking for another takes longer than they do.
 */
#define BEGIN_SQL                                                                                  \
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; "                                \
    "SET LOCAL join_collapse_limit = 1"

struct explain {
    struct job *job;
    struct db *db;
    const char *account; /* as asked for */
    char shown[128];     /* … without control bytes */
    PGresult *settlements, *events, *balances;
};

static const char *settlement_text(const struct explain *explain, int row,
                                   enum settlement_column column)
{
    return db_text(explain->settlements, row, (int)column);
}

static bool is_wanted(const struct explain *explain, int row)
{
    return settlement_text(explain, row, SETTLEMENT_WANTED)[0] == 't';
}

static bool is_of(const struct explain *explain, int event, int settlement)
{
    return strcmp(PQgetvalue(explain->events, event, EVENT_SETTLEMENT),
                  PQgetvalue(explain->settlements, settlement, SETTLEMENT_ID)) == 0;
}

/* ---- sentences ---- */

/* `send_before` is the caller's room for that time as people read it. */
static struct explain_event event_at(const struct explain *explain, int row, const char *currency,
                                     char send_before[REPORT_TIME_BYTES])
{
    const PGresult *events = explain->events;
    report_time_short(db_text(events, row, EVENT_SEND_BEFORE), send_before);
    return (struct explain_event){
        .kind = db_text(events, row, EVENT_KIND),
        .step = db_text(events, row, EVENT_STEP),
        .transfer = db_text(events, row, EVENT_TRANSFER),
        .state = db_text(events, row, EVENT_STATE),
        .generation = db_int(events, row, EVENT_GENERATION),
        .number = db_int(events, row, EVENT_NUMBER),
        .amount_minor = db_int(events, row, EVENT_AMOUNT),
        .available_minor = db_int(events, row, EVENT_AVAILABLE),
        .held_minor = db_int(events, row, EVENT_HELD),
        .residue_minor = db_int(events, row, EVENT_RESIDUE),
        .debit = db_text(events, row, EVENT_DEBIT),
        .credit = db_text(events, row, EVENT_CREDIT),
        .idem_key = db_text(events, row, EVENT_KEY),
        .bank = db_text(events, row, EVENT_BANK),
        .from_account = db_text(events, row, EVENT_FROM),
        .to_account = db_text(events, row, EVENT_TO),
        .bank_ref = db_text(events, row, EVENT_BANK_REF),
        .code = db_text(events, row, EVENT_CODE),
        .send_before = send_before,
        .run_id = db_text(events, row, EVENT_RUN),
        .request = db_text(events, row, EVENT_REQUEST),
        .who = db_text(events, row, EVENT_OPERATOR),
        .reason = db_text(events, row, EVENT_REASON),
        .currency = currency,
    };
}

static const char *say_event(const struct explain *explain, int row, const char *currency,
                             char out[EXPLAIN_BYTES])
{
    char send_before[REPORT_TIME_BYTES];
    struct explain_event event = event_at(explain, row, currency, send_before);
    return explain_say(&event, out);
}

static struct advice_case case_of(const struct explain *explain, int row)
{
    return (struct advice_case){
        .cohort = settlement_text(explain, row, SETTLEMENT_COHORT),
        .date = settlement_text(explain, row, SETTLEMENT_DATE),
        .account = explain->shown,
        .state = settlement_text(explain, row, SETTLEMENT_STATE),
        .code = settlement_text(explain, row, SETTLEMENT_CODE),
        .transfer = settlement_text(explain, row, SETTLEMENT_TRANSFER),
        .seen = settlement_text(explain, row, SETTLEMENT_SEEN_AS),
        .is_one = true,
    };
}

/* ---- for people ---- */

static void print_amount(const struct explain *explain, int row, enum settlement_column column,
                         const char *name, const char *before)
{
    char text[MONEY_TEXT_BYTES];
    if (PQgetisnull(explain->settlements, row, (int)column))
        return;
    printf("%s%s %s", before, name,
           money_format(db_int(explain->settlements, row, (int)column), text));
}

static void print_plan(const struct explain *explain, int row)
{
    char time[REPORT_TIME_BYTES];
    printf("  planned %s by %s:",
           report_time_short(settlement_text(explain, row, SETTLEMENT_IMPORTED_AT), time),
           settlement_text(explain, row, SETTLEMENT_IMPORTED_BY));
    print_amount(explain, row, SETTLEMENT_REPAYMENT, "repayment", " ");
    print_amount(explain, row, SETTLEMENT_HOLD, "hold", ", ");
    print_amount(explain, row, SETTLEMENT_EXPECTED, "expected", ", ");
    printf(" %s; bank %s, account %s, payout to %s %s\n",
           settlement_text(explain, row, SETTLEMENT_CURRENCY),
           settlement_text(explain, row, SETTLEMENT_BANK),
           settlement_text(explain, row, SETTLEMENT_VIRTUAL_ACCOUNT),
           settlement_text(explain, row, SETTLEMENT_PAYOUT_BANK),
           settlement_text(explain, row, SETTLEMENT_PAYOUT_ACCOUNT));
}

static void print_opening(const struct explain *explain, int row)
{
    char time[REPORT_TIME_BYTES];
    const char *opened = settlement_text(explain, row, SETTLEMENT_OPENED);
    const char *follows = settlement_text(explain, row, SETTLEMENT_FOLLOWS_COHORT);
    if (opened[0] == '\0') {
        printf("  not opened yet\n");
        return;
    }
    printf("  opened %s", report_time_short(opened, time));
    if (follows[0] != '\0')
        printf(" after %s %s", follows, settlement_text(explain, row, SETTLEMENT_FOLLOWS_DATE));
    print_amount(explain, row, SETTLEMENT_FLOOR, "lay in the account already", "; ");
    if (db_int(explain->settlements, row, SETTLEMENT_FLOOR) != 0) {
        print_amount(explain, row, SETTLEMENT_FLOOR_HELD, "held", " (");
        print_amount(explain, row, SETTLEMENT_FLOOR_PAYABLE, "payable", ", ");
        print_amount(explain, row, SETTLEMENT_FLOOR_RESIDUE, "residue", ", ");
        print_amount(explain, row, SETTLEMENT_OPENING, "told by the import", ", ");
        printf(")");
    }
    printf("\n");
}

static void print_events(const struct explain *explain, int settlement)
{
    static const struct report_column columns[] = {
        {"time (UTC)", false}, {"chunk", true}, {"step", false}, {"what happened", false}};
    struct report_table *table = report_table_open(columns, 4);
    const char *currency = settlement_text(explain, settlement, SETTLEMENT_CURRENCY);
    for (int row = 0; row < PQntuples(explain->events); row++) {
        char time[REPORT_TIME_BYTES], text[EXPLAIN_BYTES];
        if (!is_of(explain, row, settlement))
            continue;
        report_table_add(table, report_time_short(db_text(explain->events, row, EVENT_AT), time));
        report_table_add(table, db_text(explain->events, row, EVENT_CHUNK));
        report_table_add(table, db_text(explain->events, row, EVENT_STEP));
        report_table_add(table, say_event(explain, row, currency, text));
    }
    report_table_print(table, 2, stdout);
    report_table_close(table);
}

static void print_next(const struct explain *explain, int row)
{
    char command[ADVICE_BYTES];
    struct advice_case about = case_of(explain, row);
    const char *words = advice_words(&about);
    advice_command(&about, command);
    if (words[0] != '\0')
        printf("  next: %s\n", words);
    if (command[0] != '\0')
        printf("    %s\n", command);
}

static void print_settlement(const struct explain *explain, int row)
{
    struct advice_case about = case_of(explain, row);
    printf("\n%s %s: %s", about.cohort, about.date, about.state);
    if (strcmp(about.state, "settled") != 0)
        printf(" at %s", settlement_text(explain, row, SETTLEMENT_STEP));
    if (strcmp(about.state, "parked") == 0)
        printf(", code %s", about.code);
    if (about.transfer[0] != '\0')
        printf(", its transfer %s %s", about.seen, about.transfer);
    printf(" (settlement %s)\n", settlement_text(explain, row, SETTLEMENT_ID));
    if (strcmp(about.state, "settled") != 0)
        printf("  that is: %s\n", advice_reason(&about));
    if (settlement_text(explain, row, SETTLEMENT_HOLDER_COHORT)[0] != '\0')
        printf("  the account is held by %s %s\n",
               settlement_text(explain, row, SETTLEMENT_HOLDER_COHORT),
               settlement_text(explain, row, SETTLEMENT_HOLDER_DATE));
    print_plan(explain, row);
    print_opening(explain, row);
    print_events(explain, row);
    print_next(explain, row);
}

static void print_balances(const struct explain *explain)
{
    const PGresult *balances = explain->balances;
    printf("\nin the account now, by the ledger\n");
    if (PQntuples(balances) == 0)
        printf("  nothing was ever posted\n");
    for (int row = 0; row < PQntuples(balances); row++) {
        char text[MONEY_TEXT_BYTES];
        printf("  %-12s %20s %s\n", db_text(balances, row, 1),
               money_format(db_int(balances, row, 2), text), db_text(balances, row, 0));
    }
}

static void print_story(const struct explain *explain)
{
    printf("account %s\n", explain->shown);
    for (int row = 0; row < PQntuples(explain->settlements); row++) {
        if (is_wanted(explain, row))
            print_settlement(explain, row);
    }
    print_balances(explain);
}

/* ---- for programs ---- */

static json_t *settlement_json(const struct explain *explain, int row)
{
    char command[ADVICE_BYTES];
    struct advice_case about = case_of(explain, row);
    json_t *settlement = report_json_row(explain->settlements, row);
    json_object_del(settlement, "wanted");
    json_object_set_new(settlement, "reason", json_string(advice_reason(&about)));
    json_object_set_new(settlement, "next", json_string(advice_words(&about)));
    json_object_set_new(settlement, "next_command", json_string(advice_command(&about, command)));
    return settlement;
}

static json_t *event_json(const struct explain *explain, int row, const char *currency)
{
    char text[EXPLAIN_BYTES];
    json_t *event = report_json_row(explain->events, row);
    json_object_set_new(event, "text", json_string(say_event(explain, row, currency, text)));
    return event;
}

static void print_doc(const struct explain *explain, enum report_form form)
{
    struct report_doc *doc = report_doc_open(form, "account", stdout);
    report_doc_set(doc, "account_ref", json_string(explain->shown));
    report_doc_list(doc, "settlements");
    report_doc_list(doc, "events");
    report_doc_list(doc, "balances");
    for (int row = 0; row < PQntuples(explain->settlements); row++) {
        if (!is_wanted(explain, row))
            continue;
        const char *currency = settlement_text(explain, row, SETTLEMENT_CURRENCY);
        report_doc_row(doc, "settlements", "settlement", settlement_json(explain, row));
        for (int event = 0; event < PQntuples(explain->events); event++) {
            if (is_of(explain, event, row))
                report_doc_row(doc, "events", "event", event_json(explain, event, currency));
        }
    }
    report_doc_rows(doc, "balances", "balance", explain->balances);
    report_doc_close(doc);
}

/* ---- reading ---- */

static int fail_unknown(const struct explain *explain)
{
    bool is_narrowed = job_given(explain->job, "cohort") || job_given(explain->job, "date");
    return job_fail(FAIL_NO_ACCOUNT,
                    is_narrowed ? "leave out --cohort and --date to see all its batches"
                                : "the reference is the CSV's account_ref, exactly",
                    "no settlement of account %s was found", explain->shown);
}

static bool has_wanted(const struct explain *explain)
{
    for (int row = 0; row < PQntuples(explain->settlements); row++) {
        if (is_wanted(explain, row))
            return true;
    }
    return false;
}

static int read_records(struct explain *explain, const char *ids, const char *batches)
{
    const char *const params[] = {ids, job_text(explain->job, "cohort"),
                                  job_text(explain->job, "date"), batches};
    explain->settlements = db_query(explain->db, sql_explain_settlements, 4, params);
    if (explain->settlements == NULL)
        return db_exit_code(explain->db);
    if (!has_wanted(explain))
        return fail_unknown(explain);
    explain->events = db_query(explain->db, sql_explain_events, 1, params);
    if (explain->events != NULL)
        explain->balances = db_query(explain->db, sql_explain_balance, 1, params);
    return explain->balances != NULL ? JOB_DONE : db_exit_code(explain->db);
}

static int read_account(struct explain *explain)
{
    const char *const params[] = {explain->account};
    PGresult *found = db_query(explain->db, sql_explain_account, 1, params);
    if (found == NULL)
        return db_exit_code(explain->db);
    int exit_code = PQntuples(found) == 0 || PQgetisnull(found, 0, 0)
                        ? fail_unknown(explain)
                        : read_records(explain, db_text(found, 0, 0), db_text(found, 0, 1));
    PQclear(found);
    return exit_code;
}

static int tell(struct explain *explain)
{
    enum report_form form = (enum report_form)job_number(explain->job, "output");
    if (!db_check_schema(explain->db) || !db_script(explain->db, BEGIN_SQL))
        return db_exit_code(explain->db);
    int exit_code = read_account(explain);
    if (exit_code == JOB_DONE && form == REPORT_TABLE)
        print_story(explain);
    else if (exit_code == JOB_DONE)
        print_doc(explain, form);
    PQclear(explain->settlements);
    PQclear(explain->events);
    PQclear(explain->balances);
    return exit_code;
}

int job_explain(struct job *job)
{
    int exit_code;
    struct explain explain = {.job = job, .account = job_operand(job, 0)};
    text_clean(explain.shown, sizeof explain.shown, explain.account, strlen(explain.account));
    struct config *config = config_open(job, &exit_code);
    if (config != NULL)
        explain.db = db_open(config, "daybook explain", &exit_code);
    if (explain.db != NULL)
        exit_code = tell(&explain);
    db_close(explain.db);
    config_close(config);
    return exit_code;
}
