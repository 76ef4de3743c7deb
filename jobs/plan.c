/* plan: what a run of a batch would do. Reads only. */
#include <inttypes.h>
#include <stdio.h>

#include "jobs/batch.h"
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
    printf("%-16s %12s %24s %24s %24s\n", "bank", "accounts", "repayment", "hold", "expected");
    for (uint32_t i = 0; i < plan->bank_count; i++) {
        const struct batch_bank *bank = &plan->banks[i];
        char accounts[MONEY_TEXT_BYTES], repayment[MONEY_TEXT_BYTES];
        char hold[MONEY_TEXT_BYTES], expected[MONEY_TEXT_BYTES];
        printf("%-16s %12s %24s %24s %24s%s\n", bank->name, report_count(bank->accounts, accounts),
               money_format(bank->repayment_minor, repayment), money_format(bank->hold_minor, hold),
               money_format(bank->expected_minor, expected),
               config_bank(plan->config, bank->name) == NULL ? "  not in the configuration" : "");
    }
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

static bool print_blocked(const struct plan *plan)
{
    const char *const params[] = {plan->batch.id, plan->batch.revision,
                                  job_text(plan->job, "blocked-most")};
    if (plan->counts.blocked == 0)
        return true;
    PGresult *result = db_query(plan->db, sql_batch_blocked, 3, params);
    if (result == NULL)
        return false;
    printf("blocked accounts\n");
    for (int i = 0; i < PQntuples(result); i++)
        printf("  %s: in %s %s\n", db_text(result, i, 0), db_text(result, i, 1),
               db_text(result, i, 2));
    if ((uint64_t)PQntuples(result) < plan->counts.blocked)
        printf("  … and %" PRIu64 " more (--blocked-most)\n",
               plan->counts.blocked - (uint64_t)PQntuples(result));
    PQclear(result);
    return true;
}

static int show_plan(struct plan *plan)
{
    if (!db_check_schema(plan->db))
        return db_exit_code(plan->db);
    int exit_code =
        batch_find(plan->db, job_operand(plan->job, 0), job_text(plan->job, "date"), &plan->batch);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (!batch_count(plan->db, &plan->batch, &plan->counts) ||
        !batch_sum(plan->db, &plan->batch, &plan->money) ||
        !batch_list_banks(plan->db, &plan->batch, plan->banks, &plan->bank_count))
        return db_exit_code(plan->db);
    print_totals(plan);
    print_banks(plan);
    print_work(plan);
    return print_blocked(plan) ? JOB_DONE : db_exit_code(plan->db);
}

int job_plan(struct job *job)
{
    int exit_code;
    struct plan plan = {.job = job};
    plan.config = config_open(job, &exit_code);
    if (plan.config != NULL)
        plan.db = db_open(plan.config, "daybook plan", &exit_code);
    if (plan.db != NULL)
        exit_code = show_plan(&plan);
    db_close(plan.db);
    config_close(plan.config);
    return exit_code;
}
