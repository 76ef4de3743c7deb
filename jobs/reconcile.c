/* reconcile: does the ledger agree with the bank's own list of transfers, or a statement. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/file.h"
#include "jobs/reconcile_csv.h"
#include "jobs/reconcile_fetch.h"
#include "jobs/reconcile_ledger.h"
#include "jobs/reconcile_lift.h"
#include "jobs/reconcile_report.h"
#include "jobs/reconcile_resolve.h"
#include "jobs/request.h"
#include "sql.h"

/* One moment for all questions. One process: what comes here one by one is not made by three, and
   others share the machine (a million transfers: 4.9 s instead of 6 to 8). */
#define BEGIN_SQL                                                                                  \
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;"                                 \
    "SET LOCAL max_parallel_workers_per_gather = 0"

struct reconcile {
    struct job *job;
    struct config *config;
    struct db *db;
    struct batch batch; /* with has_batch */
    bool has_batch;
    const char *file; /* NULL: the bank's list */
    struct run_bank banks[BANKS_MAX];
    uint32_t bank_count, batch_bank_count;
    struct lift lift;
    struct resolve resolve;
    struct reconcile_report report;
    /* of the bank that is being compared */
    struct bank_lines lines;
    struct reconcile_scope scope;
    struct list_span span;
    char now[RECONCILE_AT_BYTES];
    bool is_whole_span;
};

/* ---- which banks, which time ---- */

static int add_bank(struct reconcile *r, const char *name, const char *currency)
{
    CHECK(r->bank_count < BANKS_MAX);
    struct run_bank *bank = &r->banks[r->bank_count];
    *bank = (struct run_bank){.config = config_bank(r->config, name)};
    snprintf(bank->name, sizeof bank->name, "%s", name);
    if (bank->config == NULL)
        return job_fail(FAIL_NO_BANK, "add it under `banks:` in the configuration",
                        "bank %s is not configured", bank->name);
    bank->profile = run_banks_load(r->config, bank->config, currency);
    if (bank->profile == NULL)
        return JOB_BAD_CONFIG;
    bank->rules = config_rules(bank->config, profile_rules(bank->profile));
    r->bank_count++;
    return JOB_DONE;
}

/* Those of the batch; with --bank that one of them. */
static int add_batch_banks(struct reconcile *r)
{
    struct batch_bank planned[BANKS_MAX];
    const char *wanted = job_text(r->job, "bank");
    int exit_code = JOB_DONE;
    if (!batch_list_banks(r->db, &r->batch, planned, &r->batch_bank_count))
        return db_exit_code(r->db);
    for (uint32_t i = 0; i < r->batch_bank_count && exit_code == JOB_DONE; i++) {
        if (wanted == NULL || strcmp(wanted, planned[i].name) == 0)
            exit_code = add_bank(r, planned[i].name, r->batch.currency);
    }
    if (exit_code == JOB_DONE && r->bank_count == 0)
        exit_code = job_fail(JOB_USAGE, NULL, "the batch has no accounts at bank %s", wanted);
    return exit_code;
}

/* `first_us`, `last_us`: of a file's bookings; first > last: there is none. */
static bool take_span(struct reconcile *r, int64_t first_us, int64_t last_us)
{
    char first[24], last[24];
    bool has_bookings = first_us <= last_us;
    snprintf(first, sizeof first, "%" PRId64, first_us);
    snprintf(last, sizeof last, "%" PRId64, last_us);
    const char *const params[] = {
        r->has_batch ? r->batch.id : NULL, job_text(r->job, "from"),   job_text(r->job, "to"),
        has_bookings ? first : NULL,       has_bookings ? last : NULL, r->config->time_zone};
    PGresult *result = db_query(r->db, sql_reconcile_span, 6, params);
    if (result == NULL)
        return false;
    snprintf(r->scope.from, sizeof r->scope.from, "%s", db_text(result, 0, 0));
    snprintf(r->scope.to, sizeof r->scope.to, "%s", db_text(result, 0, 1));
    snprintf(r->span.since, sizeof r->span.since, "%s", db_text(result, 0, 2));
    snprintf(r->span.until, sizeof r->span.until, "%s", db_text(result, 0, 3));
    snprintf(r->now, sizeof r->now, "%s", db_text(result, 0, 4));
    r->is_whole_span = db_text(result, 0, 5)[0] == 't';
    PQclear(result);
    return true;
}

/* ---- one bank ---- */

static void on_break(void *context, const struct reconcile_break *found)
{
    struct reconcile *r = context;
    reconcile_report_break(&r->report, found);
    if (job_flag(r->job, "resolve"))
        resolve_note(&r->resolve, &r->lines, found);
}

static int read_file(struct reconcile *r, const struct run_bank *bank)
{
    char error[FILE_ERROR_BYTES];
    struct reconcile_file file = {
        .name = r->file, .form = RECONCILE_STATEMENT, .profile = bank->profile};
    char *text = file_read(r->file, RECONCILE_FILE_BYTES_MAX, &file.text_bytes, error);
    if (text == NULL)
        return job_fail(JOB_BAD_INPUT, NULL, "%s", error);
    file.text = text;
    bool is_good = reconcile_csv_read(&file, &r->lines, stderr);
    free(text);
    if (!is_good)
        return job_fail(JOB_BAD_INPUT, "correct the file; as it is, no line of it counts",
                        "the statement cannot be used");
    if (!take_span(r, file.first_us, file.last_us))
        return db_exit_code(r->db);
    if (r->scope.from[0] == 0 || r->scope.to[0] == 0)
        return job_fail(JOB_USAGE, "name its days: --from 2026-03-25 --to 2026-03-25",
                        "the statement has no line that tells its time");
    return JOB_DONE;
}

/* The list first, the ledger behind it: what it cannot have shown is not demanded. */
static int read_bank(struct reconcile *r, const struct run_bank *bank)
{
    if (r->file != NULL)
        return read_file(r, bank);
    if (!take_span(r, 1, 0))
        return db_exit_code(r->db);
    return reconcile_fetch(bank, &r->span, &r->lines);
}

static int compare(struct reconcile *r, const struct run_bank *bank, struct matching *matching)
{
    r->scope.batch = r->has_batch ? r->batch.id : NULL;
    r->scope.bank = bank->name;
    r->scope.profile = bank->profile;
    r->scope.by_intent = r->file == NULL;
    r->scope.is_bounded = !r->has_batch;
    r->scope.open_after_us = job_number(r->job, "open-after") / 1000;
    r->report.bank = bank->name;
    r->report.lines = &r->lines;
    lines_index(&r->lines);
    matching_begin(matching, &r->lines, on_break, r);
    if (!db_script(r->db, BEGIN_SQL) || (r->lift.is_refused && !lift_look(&r->lift)) ||
        !reconcile_ledger(r->db, &r->scope, matching) || !db_script(r->db, "COMMIT"))
        return db_exit_code(r->db);
    reconcile_report_add(&r->report, matching);
    return JOB_DONE;
}

static int record(struct reconcile *r, const struct run_bank *bank, const struct matching *matching)
{
    const struct lift_bank compared = {.bank = bank,
                                       .matching = matching,
                                       .from = r->span.since,
                                       .to = r->now,
                                       .is_whole_span = r->is_whole_span};
    return !r->lift.is_refused || lift_record(&r->lift, &compared) ? JOB_DONE : db_exit_code(r->db);
}

static int compare_bank(struct reconcile *r, const struct run_bank *bank)
{
    struct matching matching;
    lines_init(&r->lines);
    int exit_code = read_bank(r, bank);
    if (exit_code == JOB_DONE)
        exit_code = compare(r, bank, &matching);
    if (exit_code == JOB_DONE)
        exit_code = record(r, bank, &matching);
    lines_free(&r->lines);
    return exit_code;
}

/* ---- all of them ---- */

static int exit_of(const struct reconcile *r)
{
    if (r->lift.is_refused && !r->lift.is_whole)
        return JOB_UNREACHABLE;
    if (reconcile_report_breaks(&r->report) > 0)
        return JOB_SOME_LEFT;
    return r->report.under_way > 0 ? JOB_IN_DOUBT : JOB_DONE;
}

/* After the lock of a batch that was refused is free again. */
static int resolve_all(struct reconcile *r)
{
    const char *reason = job_text(r->job, "reason");
    if (!job_flag(r->job, "resolve"))
        return JOB_DONE;
    if (!resolve_file(&r->resolve, r->db, reason))
        return db_exit_code(r->db);
    if (r->lift.is_refused && !r->lift.is_whole)
        return JOB_DONE; // they stay filed
    return resolve_apply(&r->resolve, r->job, reason);
}

static int finish(struct reconcile *r)
{
    const char *lifted = lift_end(&r->lift, r->batch_bank_count);
    lift_unlock(&r->lift);
    int exit_code = resolve_all(r);
    if (exit_code != JOB_DONE)
        return exit_code;
    const struct reconcile_end end = {
        .cohort = r->has_batch ? r->batch.cohort : NULL,
        .date = r->has_batch ? r->batch.date : NULL,
        .source = r->file != NULL ? r->file
                  : r->has_batch  ? "the banks' lists"
                                  : r->banks[0].name,
        .exit_code = exit_of(r),
        .requests = r->resolve.filed,
        .requests_done = r->resolve.done,
        .lifted = lifted,
    };
    return reconcile_report_end(&r->report, &end) ? end.exit_code : JOB_TRY_AGAIN;
}

static int compare_all(struct reconcile *r)
{
    int exit_code = JOB_DONE;
    if (r->has_batch)
        exit_code =
            lift_begin(&r->lift, r->job, r->config, r->db, &r->batch, r->banks, r->bank_count);
    for (uint32_t i = 0; i < r->bank_count && exit_code == JOB_DONE; i++)
        exit_code = compare_bank(r, &r->banks[i]);
    return exit_code == JOB_DONE ? finish(r) : exit_code;
}

static int choose(struct reconcile *r)
{
    const char *operand = job_operand(r->job, 0), *bank = job_text(r->job, "bank");
    const char *date = job_text(r->job, "date");
    if (job_flag(r->job, "resolve") && job_text(r->job, "reason") == NULL)
        return job_fail(JOB_USAGE, "as in: --resolve --reason \"the bank shows them as done\"",
                        "--resolve needs a --reason");
    if (job_flag(r->job, "resolve") && request_reason(r->job) == NULL)
        return JOB_USAGE;
    if (operand != NULL && date != NULL) {
        r->has_batch = true;
        int exit_code = batch_find(r->db, operand, date, &r->batch);
        return exit_code == JOB_DONE ? add_batch_banks(r) : exit_code;
    }
    r->file = operand;
    bool has_days = job_text(r->job, "from") != NULL && job_text(r->job, "to") != NULL;
    if (date != NULL || bank == NULL || (operand == NULL && !has_days))
        return job_fail(JOB_USAGE,
                        "one of: reconcile COHORT --date D; reconcile FILE.csv --bank NAME; "
                        "reconcile --bank NAME --from D --to D",
                        "what is to be reconciled?");
    return add_bank(r, bank, "KRW"); // a list is asked for in no currency
}

static int reconcile(struct reconcile *r)
{
    if (!db_check_schema(r->db))
        return db_exit_code(r->db);
    int exit_code = choose(r);
    if (exit_code != JOB_DONE)
        return exit_code;
    r->report.form = (enum report_form)job_number(r->job, "output");
    r->report.quiet = job_flag(r->job, "quiet");
    r->report.first = (uint32_t)job_number(r->job, "first");
    if (!reconcile_report_begin(&r->report, job_text(r->job, "breaks")))
        return JOB_TRY_AGAIN;
    return compare_all(r);
}

int job_reconcile(struct job *job)
{
    int exit_code;
    struct reconcile r = {.job = job, .config = config_open(job, &exit_code)};
    r.db = r.config == NULL ? NULL : db_open(r.config, "daybook reconcile", &exit_code);
    if (r.db != NULL)
        exit_code = reconcile(&r);
    lift_close(&r.lift);
    resolve_free(&r.resolve);
    reconcile_report_free(&r.report);
    for (uint32_t i = 0; i < r.bank_count; i++)
        profile_close(r.banks[i].profile);
    db_close(r.db);
    config_close(r.config);
    return exit_code;
}
