/* plan: what a run of a batch would do. Reads only. */
#include <inttypes.h>
#include <stdio.h>

#include "jobs/batch.h"
#include "jobs/plan_detection.h"
#include "jobs/report.h"
#include "sql.h"

struct plan {
    struct job *job;
    struct config *config;
    struct db *db;
    struct batch batch;
    struct batch_counts counts;
    struct batch_money money;
    struct batch_bank banks[BANKS_MAX];
    uint32_t bank_count;
    struct plan_detection detection;
    PGresult *blocked;
};

static void print_line(const char *format, uint64_t count)
{
    char text[MONEY_TEXT_BYTES];
    if (count > 0) {
        printf("  ");
        printf(format, report_count(count, text));
        printf("\n");
    }
}

static void print_totals(const struct plan *plan)
{
    char accounts[MONEY_TEXT_BYTES], repayment[MONEY_TEXT_BYTES], hold[MONEY_TEXT_BYTES];
    const struct batch *batch = &plan->batch;
    printf("%s %s: %s, %s accounts, plan revision %s%s\n", batch->cohort, batch->date, batch->state,
           report_count(batch->accounts, accounts), batch->revision,
           batch->frozen ? " (frozen)" : "");
    printf("  plan digest %s\n", batch->digest);
    printf("  repayment %s, hold %s %s\n", money_format(plan->money.repayment_minor, repayment),
           money_format(plan->money.hold_minor, hold), batch->currency);
}

static void print_banks(const struct plan *plan)
{
    static const struct report_column columns[] = {{"bank", false},     {"accounts", true},
                                                   {"repayment", true}, {"hold", true},
                                                   {"expected", true},  {"", false}};
    struct report_table *table = report_table_open(columns, 6);
    for (uint32_t i = 0; i < plan->bank_count; i++) {
        const struct batch_bank *bank = &plan->banks[i];
        bool is_known = config_bank(plan->config, bank->name) != NULL;
        report_table_add(table, bank->name);
        report_table_add_count(table, (int64_t)bank->accounts);
        report_table_add_count(table, bank->repayment_minor);
        report_table_add_count(table, bank->hold_minor);
        report_table_add_count(table, bank->expected_minor);
        report_table_add(table, is_known ? "" : "not in the configuration");
    }
    report_table_print(table, 0, stdout);
    report_table_close(table);
}

static void print_work(const struct plan *plan)
{
    const struct batch_counts *counts = &plan->counts;
    uint64_t doubt = counts->in_doubt - counts->parked_in_doubt;
    printf("a run would\n");
    if (counts->settled == counts->accounts)
        printf("  do nothing: all accounts are settled\n");
    print_line("look for the deposits of %s accounts", counts->waiting + counts->is_short);
    print_line("go on with %s settlements under way", counts->active);
    print_line("ask the bank about %s transfers in doubt", doubt);
    print_line("ask the bank about %s pending transfers", counts->pending);
    print_line("leave %s settled accounts alone", counts->settled);
    print_line("leave %s parked accounts to a person", counts->parked);
    print_line("leave %s blocked accounts: their last settlement has not ended", counts->blocked);
}

static void print_blocked(const struct plan *plan)
{
    const PGresult *blocked = plan->blocked;
    if (PQntuples(blocked) > 0)
        printf("blocked accounts\n");
    for (int i = 0; i < PQntuples(blocked); i++)
        printf("  %s: in %s %s\n", db_text(blocked, i, 0), db_text(blocked, i, 1),
               db_text(blocked, i, 2));
    if ((uint64_t)PQntuples(blocked) < plan->counts.blocked)
        printf("  … and %" PRIu64 " more (--blocked-most)\n",
               plan->counts.blocked - (uint64_t)PQntuples(blocked));
}

/* ---- for programs ---- */

static json_t *work_json(const struct batch_counts *counts)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "look_for_deposits",
                     (json_int_t)(counts->waiting + counts->is_short), "go_on",
                     (json_int_t)counts->active, "ask_in_doubt",
                     (json_int_t)(counts->in_doubt - counts->parked_in_doubt), "ask_pending",
                     (json_int_t)counts->pending, "settled", (json_int_t)counts->settled, "parked",
                     (json_int_t)counts->parked, "blocked", (json_int_t)counts->blocked);
}

static void fill_head(struct report_doc *doc, const struct plan *plan)
{
    const struct batch *batch = &plan->batch;
    report_doc_set(doc, "batch_id", json_string(batch->id));
    report_doc_set(doc, "cohort", json_string(batch->cohort));
    report_doc_set(doc, "settle_date", json_string(batch->date));
    report_doc_set(doc, "currency", json_string(batch->currency));
    report_doc_set(doc, "state", json_string(batch->state));
    report_doc_set(doc, "accounts", json_integer(batch->accounts));
    report_doc_set(doc, "plan_revision", json_string(batch->revision));
    report_doc_set(doc, "plan_digest", json_string(batch->digest));
    report_doc_set(doc, "frozen", json_boolean(batch->frozen));
    report_doc_set(doc, "repayment_minor", report_json_money(plan->money.repayment_minor));
    report_doc_set(doc, "hold_minor", report_json_money(plan->money.hold_minor));
    report_doc_set(doc, "would", work_json(&plan->counts));
    report_doc_list(doc, "banks");
    report_doc_list(doc, "blocked");
}

static json_t *bank_json(const struct plan *plan, uint32_t index)
{
    const struct batch_bank *bank = &plan->banks[index];
    json_t *object = json_pack("{s:s, s:I, s:o, s:o, s:o, s:b}", "bank", bank->name, "accounts",
                               (json_int_t)bank->accounts, "repayment_minor",
                               report_json_money(bank->repayment_minor), "hold_minor",
                               report_json_money(bank->hold_minor), "expected_minor",
                               report_json_money(bank->expected_minor), "configured",
                               (int)(config_bank(plan->config, bank->name) != NULL));
    plan_detection_json(&plan->detection, index, object);
    return object;
}

static void print_doc(const struct plan *plan, enum report_form form)
{
    struct report_doc *doc = report_doc_open(form, "plan", stdout);
    fill_head(doc, plan);
    for (uint32_t i = 0; i < plan->bank_count; i++)
        report_doc_row(doc, "banks", "bank", bank_json(plan, i));
    report_doc_rows(doc, "blocked", "blocked", plan->blocked);
    report_doc_close(doc);
}

/* ---- the command ---- */

static bool read_plan(struct plan *plan)
{
    const char *const params[] = {plan->batch.id, plan->batch.revision,
                                  job_text(plan->job, "blocked-most")};
    if (!batch_count(plan->db, &plan->batch, &plan->counts) ||
        !batch_sum(plan->db, &plan->batch, &plan->money) ||
        !batch_list_banks(plan->db, &plan->batch, plan->banks, &plan->bank_count) ||
        !plan_detection_read(&plan->detection, plan->config, plan->db, &plan->batch, plan->banks,
                             plan->bank_count))
        return false;
    plan->blocked = db_query(plan->db, sql_batch_blocked, 3, params);
    return plan->blocked != NULL;
}

static int show_plan(struct plan *plan)
{
    if (!db_check_schema(plan->db))
        return db_exit_code(plan->db);
    int exit_code =
        batch_find(plan->db, job_operand(plan->job, 0), job_text(plan->job, "date"), &plan->batch);
    if (exit_code != JOB_DONE)
        return exit_code;
    enum report_form form = (enum report_form)job_number(plan->job, "output");
    if (!read_plan(plan))
        return db_exit_code(plan->db);
    if (form != REPORT_TABLE) {
        print_doc(plan, form);
        return JOB_DONE;
    }
    print_totals(plan);
    print_banks(plan);
    print_work(plan);
    plan_detection_print(&plan->detection, plan->banks, plan->bank_count);
    print_blocked(plan);
    return JOB_DONE;
}

int job_plan(struct job *job)
{
    int exit_code;
    struct plan plan = {.job = job};
    plan.config = config_open(job, &exit_code);
    if (plan.config != NULL)
        plan.db = db_open(plan.config, "daybook plan", &exit_code);
    if (plan.db != NULL)
        exit_code = batch_settle_date(job, plan.db, plan.config);
    if (plan.db != NULL && exit_code == JOB_DONE)
        exit_code = show_plan(&plan);
    PQclear(plan.blocked);
    db_close(plan.db);
    config_close(plan.config);
    return exit_code;
}
