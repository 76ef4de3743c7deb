#include "jobs/reconcile_lift.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "base/time.h"
#include "jobs/people.h"
#include "jobs/run_end.h"
#include "real/claim_check.h"
#include "sql.h"

#define RAISE_WAIT_NS (30 * NS_PER_S)

static void stay(struct lift *lift, const char *why)
{
    lift->is_whole = false;
    if (lift->why[0] == 0)
        snprintf(lift->why, sizeof lift->why, "%s", why);
}

/* ---- refused? ---- */

/* As a run's start looks. */
static enum status look(const struct lift *lift, char error[STORE_ERROR_BYTES])
{
    const struct claim_config batch = {.batch_id = lift->batch->batch_id};
    PGconn *connection = db_connection(lift->db);
    int64_t timeline;
    enum status status = claim_check_timeline(connection, &batch, &timeline, error);
    for (uint32_t i = 0; i < lift->heads.count && status == STATUS_OK; i++)
        status = claim_check_known(connection, &batch, &lift->heads.known[i], error);
    return status;
}

static int take_lock(struct lift *lift)
{
    char error[STORE_ERROR_BYTES] = "";
    const struct config *config = lift->config;
    char *conninfo = db_conninfo(config);
    CHECK(conninfo != NULL); // a session is open already
    const struct claim_config claim = {
        .conninfo = conninfo,
        .batch_id = lift->batch->batch_id,
        .hold_by_transfer = config->hold == 1,
        .unhold = config->unhold == 1,
        .lock_wait_ns = (uint64_t)config->lock_wait_ns,
        .stale_ns = (uint64_t)config->stale_after_ns,
        .heartbeat_ns = (uint64_t)config->heartbeat_ns,
        .raise_wait_ns = RAISE_WAIT_NS,
        .answer_ns = (uint64_t)config->answer_within_ns,
        .host = people_host(),
        .run_kind = "resume",
        .operator_name = people_operator(),
        .former = &lift->former,
    };
    enum status status = claim_open(&claim, &lift->claim, error);
    db_conninfo_free(conninfo);
    return status == STATUS_OK ? JOB_DONE : run_end_fail(run_end_failure(status), error);
}

static void wait_ns(uint64_t left_ns)
{
    const struct timespec wait = {.tv_sec = (time_t)(left_ns / NS_PER_S),
                                  .tv_nsec = (long)(left_ns % NS_PER_S)};
    struct timespec left = wait;
    while (nanosleep(&left, &left) != 0)
        ;
}

/* What was on its way when the other database went must be at the bank by then, or nowhere. */
static void wait_for_banks(struct lift *lift, const struct run_bank *banks, uint32_t bank_count)
{
    uint64_t longest_ns = 0;
    for (uint32_t i = 0; i < bank_count; i++) {
        uint64_t least_ns = config_resolve_least_ns(lift->config, &banks[i].rules);
        if (banks[i].rules.linger_ns == AT_NEVER) {
            stay(lift, "a bank's `linger` is unknown, so what was sent before may still arrive "
                       "there: set banks.NAME.linger");
            return;
        }
        longest_ns = least_ns > longest_ns ? least_ns : longest_ns;
    }
    fprintf(stderr, "waiting %" PRIu64 " ms: what was sent before must have arrived at the banks\n",
            longest_ns / NS_PER_MS);
    wait_ns(longest_ns);
    lift->is_waited = true;
}

int lift_begin(struct lift *lift, const struct job *job, const struct config *config, struct db *db,
               const struct batch *batch, const struct run_bank *banks, uint32_t bank_count)
{
    char error[STORE_ERROR_BYTES] = "";
    *lift = (struct lift){.config = config, .db = db, .batch = batch, .is_whole = true};
    int exit_code = run_heads_open(&lift->heads, job, config, db, batch);
    if (exit_code != JOB_DONE)
        return exit_code;
    enum status status = look(lift, error);
    if (status == STATUS_OK)
        return JOB_DONE;
    if (status != STATUS_STORE_BEHIND)
        return run_end_fail(run_end_failure(status), error);
    lift->is_refused = true;
    job_warn(NULL, "this batch is refused: %.*s", (int)strcspn(error, ";\n"), error);
    exit_code = take_lock(lift);
    if (exit_code == JOB_DONE)
        wait_for_banks(lift, banks, bank_count);
    return exit_code;
}

/* ---- what was compared ---- */

bool lift_look(struct lift *lift)
{
    const char *const params[] = {lift->batch->id};
    PGresult *result = db_query(lift->db, sql_reconcile_heads, 1, params);
    if (result == NULL)
        return false;
    snprintf(lift->heads_text, sizeof lift->heads_text, "%s", db_text(result, 0, 0));
    PQclear(result);
    return true;
}

/* What a run would ask the bank for by key before it does anything else. */
static uint64_t asked_first(const struct matching *matching, const struct bank_rules *rules)
{
    return rules->inquiry == INQUIRY_BY_KEY
               ? matching->here[HERE_IN_DOUBT] + matching->here[HERE_INTENDED]
               : 0;
}

static bool is_proven(struct lift *lift, const struct lift_bank *compared)
{
    const struct matching *matching = compared->matching;
    uint64_t asked = asked_first(matching, &compared->bank->rules);
    if (!lift->is_waited)
        stay(lift, "what was sent before may still arrive at the bank");
    else if (!profile_lists_all(compared->bank->profile))
        stay(lift, "the profile does not list every kind of transfer");
    else if (!compared->is_whole_span)
        stay(lift, "not all of the bank's list was read (--from)");
    else if (matching->counts[BREAK_MISSING_HERE] > asked)
        stay(lift, "the bank has done what this ledger does not know");
    else if (matching->counts[BREAK_MISSING_AT_BANK] > 0)
        stay(lift, "the bank's list is not whole, or of another bank");
    else if (matching->counts[BREAK_AMOUNT] > 0 || matching->counts[BREAK_DUPLICATE] > 0)
        stay(lift, "transfers differ");
    else
        return true;
    return false;
}

bool lift_record(struct lift *lift, const struct lift_bank *compared)
{
    enum { COUNTS = 10 };
    const struct matching *matching = compared->matching;
    const uint64_t counts[COUNTS] = {matching->lines->count,
                                     matching->agreed,
                                     matching->under_way,
                                     matching->counts[BREAK_MISSING_AT_BANK],
                                     matching->counts[BREAK_MISSING_HERE],
                                     asked_first(matching, &compared->bank->rules),
                                     matching->counts[BREAK_AMOUNT],
                                     matching->counts[BREAK_DUPLICATE],
                                     matching->counts[BREAK_RETURNED],
                                     matching->counts[BREAK_STATUS]};
    char texts[COUNTS][24];
    bool is_green = is_proven(lift, compared);
    const char *params[COUNTS + 7] = {lift->batch->id, compared->bank->name, compared->from,
                                      compared->to};
    for (int i = 0; i < COUNTS; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, counts[i]);
        params[4 + i] = texts[i];
    }
    params[COUNTS + 4] = is_green ? "t" : "f";
    params[COUNTS + 5] = people_operator();
    params[COUNTS + 6] = lift->heads_text;
    PGresult *result = db_query(lift->db, sql_reconcile_record, COUNTS + 7, params);
    if (result == NULL)
        return false;
    if (strcmp(PQcmdTuples(result), "0") == 0)
        stay(lift, "the ledger went on meanwhile; run the same command again");
    else
        lift->green += is_green;
    PQclear(result);
    return true;
}

/* ---- the end ---- */

/* Where the ledger ends now is all that is known of it from here on. */
static bool forget_heads(struct lift *lift)
{
    const char *const params[] = {lift->batch->id};
    struct claim_known known[PARTITIONS_MAX];
    PGresult *result = db_query(lift->db, sql_run_heads, 1, params);
    uint32_t count = 0;
    for (int i = 0; result != NULL && i < PQntuples(result) && count < PARTITIONS_MAX; i++) {
        struct claim_known *head = &known[count++];
        *head = (struct claim_known){.partition = (uint32_t)db_int(result, i, 0),
                                     .chunk = (uint32_t)db_int(result, i, 1),
                                     .has_hash = true};
        CHECK(hex_read(head->hash.bytes, DIGEST_BYTES, db_text(result, i, 4)));
    }
    if (result != NULL)
        run_heads_replace(&lift->heads, known, count);
    PQclear(result);
    return result != NULL;
}

const char *lift_end(struct lift *lift, uint32_t bank_count)
{
    static char text[256];
    char error[STORE_ERROR_BYTES] = "";
    if (!lift->is_refused)
        return NULL;
    if (lift->green < bank_count)
        stay(lift, "not every bank of the batch was compared");
    if (lift->is_whole && !forget_heads(lift))
        stay(lift, "where the ledger ends could not be read");
    // Judged by what a start will look at, not by what was meant.
    if (lift->is_whole && look(lift, error) != STATUS_OK)
        stay(lift, error);
    if (lift->is_whole)
        snprintf(text, sizeof text,
                 "the refusal is lifted: the banks have nothing that this ledger lacks; `daybook "
                 "run` goes on");
    else
        snprintf(text, sizeof text, "the batch stays refused: %s", lift->why);
    return text;
}

void lift_unlock(struct lift *lift)
{
    claim_close(lift->claim);
    lift->claim = NULL;
}

void lift_close(struct lift *lift)
{
    lift_unlock(lift);
    run_heads_close(&lift->heads);
}
