#include "jobs/request.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/time.h"
#include "jobs/codes.h"
#include "jobs/people.h"
#include "jobs/report.h"
#include "jobs/run_try.h"
#include "real/clock.h"
#include "sql.h"

#define LOOK_EVERY_NS (50 * NS_PER_MS)
#define BUSY_TRIES 20U              /* times a busy one is asked for again … */
#define BUSY_WAIT_NS (NS_PER_S / 4) /* … after so long */
#define ANSWER_WITHIN_NS                                                                           \
    (30 * NS_PER_S) /* an owner that gives no answer for so long is told of                        \
                     */

int request_command(struct job *job, int (*ask)(struct run *run), const void *context)
{
    struct run run = {.job = job, .context = context};
    int exit_code = run_batch_open(&run);
    if (exit_code == JOB_DONE && !db_check_schema(run.db))
        exit_code = db_exit_code(run.db);
    if (exit_code == JOB_DONE)
        exit_code = ask(&run);
    run_batch_close(&run);
    return exit_code;
}

/* ---- which settlement ---- */

enum target_column {
    TARGET_SETTLEMENT,
    TARGET_BATCH,
    TARGET_COHORT,
    TARGET_DATE,
    TARGET_CURRENCY,
    TARGET_STATE,
    TARGET_STEP,
    TARGET_CODE,
    TARGET_RESIDUE,
    TARGET_FROZEN,
    TARGET_TRANSFER_STEP,
    TARGET_TRANSFER_KIND,
    TARGET_GENERATION,
    TARGET_ATTEMPTS,
    TARGET_AMOUNT,
    TARGET_OPEN,
    TARGET_PAYOUT_BANK,
    TARGET_PAYOUT_ACCOUNT,
    TARGET_HOLDER,
    TARGET_VIRTUAL,
    TARGET_ACCOUNT_ID,
    TARGET_BANK,
    TARGET_MAPPING,
};

#define COPY(field, column) snprintf(field, sizeof(field), "%s", db_text(result, 0, column))

static void take_target(const PGresult *result, struct request_target *target)
{
    COPY(target->settlement_id, TARGET_SETTLEMENT);
    COPY(target->batch_id, TARGET_BATCH);
    COPY(target->account_id, TARGET_ACCOUNT_ID);
    COPY(target->mapping_id, TARGET_MAPPING);
    COPY(target->cohort, TARGET_COHORT);
    COPY(target->date, TARGET_DATE);
    COPY(target->currency, TARGET_CURRENCY);
    COPY(target->state, TARGET_STATE);
    COPY(target->step, TARGET_STEP);
    COPY(target->code, TARGET_CODE);
    COPY(target->bank, TARGET_BANK);
    COPY(target->parties.virtual_account, TARGET_VIRTUAL);
    COPY(target->parties.payout_bank, TARGET_PAYOUT_BANK);
    COPY(target->parties.payout_account, TARGET_PAYOUT_ACCOUNT);
    COPY(target->parties.holder_name, TARGET_HOLDER);
    target->residue_minor = db_int(result, 0, TARGET_RESIDUE);
    target->is_frozen = db_text(result, 0, TARGET_FROZEN)[0] == 't';
    target->is_open = db_text(result, 0, TARGET_OPEN)[0] == 't';
    target->transfer_step = (uint8_t)db_int(result, 0, TARGET_TRANSFER_STEP);
    target->transfer_kind = (uint8_t)db_int(result, 0, TARGET_TRANSFER_KIND);
    target->generation = (uint16_t)db_int(result, 0, TARGET_GENERATION);
    target->attempts = (uint16_t)db_int(result, 0, TARGET_ATTEMPTS);
    target->amount_minor = db_int(result, 0, TARGET_AMOUNT);
}

static int refuse_target(const char *account_ref, bool named)
{
    return job_fail(FAIL_NO_ACCOUNT,
                    named ? "the reference is the CSV's account_ref, exactly"
                          : "say of which batch: --cohort and --date; the reference is the CSV's "
                            "account_ref, exactly",
                    named ? "account %s has no settlement in this batch"
                          : "account %s has no settlement that ever opened",
                    account_ref);
}

int request_find(struct db *db, const struct job *job, const char *account_ref,
                 struct request_target *target)
{
    bool named = job_given(job, "cohort");
    if (named != job_given(job, "date"))
        return job_fail(JOB_USAGE, "as in: --cohort acme --date 2026-03-25",
                        "a batch is a --cohort and a --date");
    const char *const params[] = {account_ref, job_text(job, "cohort"), job_text(job, "date")};
    *target = (struct request_target){0};
    snprintf(target->account_ref, sizeof target->account_ref, "%s", account_ref);
    PGresult *result = db_query(db, sql_request_target, 3, params);
    if (result == NULL)
        return db_exit_code(db);
    bool found = PQntuples(result) == 1;
    if (found)
        take_target(result, target);
    PQclear(result);
    if (!found)
        return refuse_target(account_ref, named);
    if (!target->is_frozen)
        return job_fail(JOB_BAD_INPUT,
                        "before its first run, import the corrected file: it replaces the plan",
                        "batch %s %s has not begun", target->cohort, target->date);
    return JOB_DONE;
}

void request_about(struct request *request, const struct request_target *target)
{
    request->batch_id = target->batch_id;
    request->settlement_id = target->settlement_id;
    request->cohort = target->cohort;
    request->date = target->date;
}

const char *request_reason(const struct job *job)
{
    const char *reason = job_text(job, "reason");
    size_t bytes = strlen(reason);
    if (bytes >= 1 && bytes <= REQUEST_REASON_MAX && text_is_clean(reason, bytes))
        return reason;
    job_fail(JOB_USAGE, "one sentence, for whoever reads it in a year",
             "--reason takes 1 to %d bytes of text on one line", REQUEST_REASON_MAX);
    return NULL;
}

/* ---- filing ---- */

#define NUMBER_BYTES 24

static const char *number(char out[NUMBER_BYTES], int64_t value)
{
    snprintf(out, NUMBER_BYTES, "%" PRId64, value);
    return out;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

int request_file(struct db *db, const struct request *request, char request_id[24])
{
    char step[NUMBER_BYTES], transfer[NUMBER_BYTES], generation[NUMBER_BYTES];
    char attempts[NUMBER_BYTES], amount[NUMBER_BYTES], residue[NUMBER_BYTES];
    const char *const params[] = {request->batch_id,
                                  request->settlement_id,
                                  request->kind,
                                  people_operator(),
                                  request->reason,
                                  number(step, request->step),
                                  number(transfer, request->transfer),
                                  number(generation, request->generation),
                                  number(attempts, request->attempts),
                                  number(amount, request->amount_minor),
                                  number(residue, request->residue_minor),
                                  or_else(request->mapping_id, "0"),
                                  or_else(request->bank, ""),
                                  or_else(request->bank_ref, ""),
                                  NULL};
    PGresult *result = db_query(db, sql_request_file, 15, params);
    if (result == NULL)
        return db_exit_code(db);
    snprintf(request_id, 24, "%s", db_text(result, 0, 0));
    PQclear(result);
    return JOB_DONE;
}

/* ---- its answer ---- */

static int look(struct db *db, struct request_answer *answer, bool *has_owner)
{
    const char *const params[] = {answer->request_id};
    PGresult *result = db_query(db, sql_request_state, 1, params);
    if (result == NULL)
        return db_exit_code(db);
    COPY(answer->state, 0);
    COPY(answer->code, 1);
    *has_owner = db_text(result, 0, 2)[0] == 't';
    COPY(answer->settlement_state, 3);
    PQclear(result);
    return JOB_DONE;
}

static void nap(uint64_t wait_ns)
{
    const struct timespec wait = {.tv_nsec = (long)wait_ns};
    nanosleep(&wait, NULL);
}

static bool is_answered(const struct request_answer *answer)
{
    return strcmp(answer->state, "open") != 0;
}

static int tell_unanswered(const struct request_answer *answer)
{
    return job_fail(FAIL_REQUEST_OPEN,
                    "the next run of the batch answers it, too; `daybook explain` shows it",
                    "request %s is filed, and the run that is active has not answered it yet",
                    answer->request_id);
}

/* Until it has its answer, or no run is there any more to give one. */
static int await_owner(struct db *db, struct request_answer *answer, bool *has_owner)
{
    uint64_t until_ns = clock_now_ns() + ANSWER_WITHIN_NS;
    int exit_code = look(db, answer, has_owner);
    while (exit_code == JOB_DONE && *has_owner && !is_answered(answer)) {
        if (clock_now_ns() >= until_ns)
            return tell_unanswered(answer);
        nap(LOOK_EVERY_NS);
        exit_code = look(db, answer, has_owner);
    }
    return exit_code;
}

/* A session of its own: a run's try has closed the one before. */
static int with_session(struct run *run)
{
    int exit_code = JOB_DONE;
    if (run->db == NULL)
        run->db = run_try_open_db(run, &exit_code);
    return exit_code;
}

int request_look(struct run *run, struct request_answer *answer, bool *has_owner)
{
    int exit_code = with_session(run);
    return exit_code == JOB_DONE ? look(run->db, answer, has_owner) : exit_code;
}

/* No run is active: this command answers it. What it ends with is the batch's matter, unless the
   request stays without an answer. */
static int answer_myself(struct run *run, const struct request *request,
                         struct request_answer *answer)
{
    bool has_owner;
    run->scope = SETTLE_REQUESTED;
    run->is_silent = true;
    run->reason = request->reason;
    int exit_code = run_batch(run, request->cohort, request->date);
    int asked = with_session(run);
    if (asked == JOB_DONE)
        asked = look(run->db, answer, &has_owner);
    if (asked != JOB_DONE)
        return asked;
    if (is_answered(answer) || exit_code == JOB_OWNED)
        return JOB_DONE;
    return exit_code != JOB_DONE && exit_code != JOB_SOME_LEFT ? exit_code
                                                               : tell_unanswered(answer);
}

static int answer_once(struct run *run, const struct request *request,
                       struct request_answer *answer)
{
    bool has_owner = false;
    int exit_code = request_file(run->db, request, answer->request_id);
    snprintf(answer->state, sizeof answer->state, "open");
    while (exit_code == JOB_DONE && !is_answered(answer)) {
        exit_code = await_owner(run->db, answer, &has_owner);
        if (exit_code == JOB_DONE && !is_answered(answer))
            exit_code = answer_myself(run, request, answer);
    }
    return exit_code;
}

int request_carry_out(struct run *run, const struct request *request, struct request_answer *answer)
{
    int exit_code = JOB_DONE;
    for (uint32_t i = 0; i < BUSY_TRIES && exit_code == JOB_DONE; i++) {
        if (i > 0)
            nap(BUSY_WAIT_NS);
        exit_code = answer_once(run, request, answer);
        if (strcmp(answer->state, "busy") != 0)
            break;
    }
    return exit_code;
}

int request_tell(const struct run *run, const struct request *request, const char *account_ref,
                 const struct request_answer *answer)
{
    bool is_done = strcmp(answer->state, "done") == 0;
    const char *reason = codes_decision_reason(answer->code);
    if (job_number(run->job, "output") == 1)
        report_json_print(
            json_pack("{s:i, s:s, s:s, s:s*, s:s, s:s, s:s, s:s, s:s, s:s}", "schema_version",
                      REPORT_SCHEMA_VERSION, "request_id", answer->request_id, "kind",
                      request->kind, "account_ref", account_ref, "cohort", request->cohort,
                      "settle_date", request->date, "state", answer->state, "code", answer->code,
                      "reason", reason, "settlement_state", answer->settlement_state));
    else if (is_done && !run->is_quiet)
        printf("%s %s%s%s: %s: done (request %s)%s%s\n", request->cohort, request->date,
               account_ref != NULL ? ", account " : "", or_else(account_ref, ""), request->kind,
               answer->request_id, answer->settlement_state[0] != '\0' ? "; now " : "",
               answer->settlement_state);
    if (is_done)
        return JOB_DONE;
    bool is_busy = strcmp(answer->state, "busy") == 0;
    return job_fail(is_busy ? FAIL_REQUEST_BUSY : FAIL_REQUEST_REFUSED,
                    codes_decision_hint(answer->code), "%s %s%s%s: %s is %s: %s: %s",
                    request->cohort, request->date, account_ref != NULL ? ", account " : "",
                    or_else(account_ref, ""), request->kind, answer->state, answer->code, reason);
}

/* ---- what comes after an end that changed ---- */

int request_raise_later(struct run *run, const char *settlement_id)
{
    const char *const params[] = {settlement_id};
    int exit_code = with_session(run);
    PGresult *result =
        exit_code == JOB_DONE ? db_query(run->db, sql_request_later, 1, params) : NULL;
    if (result == NULL)
        return exit_code == JOB_DONE ? db_exit_code(run->db) : exit_code;
    struct request_answer answer = {0};
    if (PQntuples(result) == 1) {
        const struct request request = {.kind = "raise",
                                        .batch_id = db_text(result, 0, 0),
                                        .settlement_id = db_text(result, 0, 1),
                                        .cohort = db_text(result, 0, 2),
                                        .date = db_text(result, 0, 3),
                                        .amount_minor = db_int(result, 0, 4),
                                        .residue_minor = db_int(result, 0, 5),
                                        .reason = "money of the settlement before came back"};
        exit_code = request_carry_out(run, &request, &answer);
        if (exit_code == JOB_DONE)
            exit_code = request_tell(run, &request, NULL, &answer);
    }
    PQclear(result);
    return exit_code;
}
