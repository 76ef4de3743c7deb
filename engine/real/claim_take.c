#include "real/claim_take.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/time.h"
#include "real/clock.h"
#include "sql.h"

#define LOCK_CLASS "1684108642" /* "dayb": keeps our locks apart from those of other programs */
#define TRY_EVERY_MS 100
#define END_WAIT_NS (5 * NS_PER_S)
#define NUMBER_BYTES 24

/* Who holds the batch's lock; texts belong to `result`. */
struct owner {
    PGresult *result;
    bool found;
    const char *pid;
    const char *backend_start;
    const char *epoch;
    bool silent; /* for longer than stale_ns */
    bool former; /* an earlier try of this very process */
};

static const char *number(char out[NUMBER_BYTES], uint64_t value)
{
    snprintf(out, NUMBER_BYTES, "%" PRIu64, value);
    return out;
}

static void pause_ms(int duration_ms)
{
    (void)poll(NULL, 0, duration_ms);
}

/* ---- the lock --------------------------------------------------------------------------- */

static enum status try_lock(PGconn *control, const struct claim_config *config, bool *locked,
                            char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES];
    const char *params[] = {LOCK_CLASS, number(batch, config->batch_id)};
    PGresult *result = pg_run(control, "SELECT pg_try_advisory_lock($1::int, $2::int)", 2, params);
    enum status status = pg_result_status(control, result, error);
    *locked = status == STATUS_OK && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return status;
}

/* Of what PQsend… began. */
static enum status last_status(PGconn *conn, char error[STORE_ERROR_BYTES])
{
    PGresult *result = pg_answer(conn);
    enum status status = pg_result_status(conn, result, error);
    PQclear(result);
    return status;
}

static bool is_stopped(const struct claim_config *config)
{
    return config->stop != NULL && *config->stop != 0;
}

static enum status try_lock_for(PGconn *control, const struct claim_config *config, bool *locked,
                                char error[STORE_ERROR_BYTES])
{
    uint64_t tries = 1 + config->lock_wait_ns / (TRY_EVERY_MS * NS_PER_MS);
    enum status status = STATUS_OK;
    *locked = false;
    for (uint64_t i = 0; i < tries && !is_stopped(config); i++) {
        if (i > 0)
            pause_ms(TRY_EVERY_MS);
        status = try_lock(control, config, locked, error);
        if (status != STATUS_OK || *locked)
            break;
    }
    return status;
}

static enum status find_owner(PGconn *control, const struct claim_config *config,
                              struct owner *owner, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES];
    const char *params[] = {LOCK_CLASS, number(batch, config->batch_id)};
    PGresult *result = pg_run_as_login(control, sql_claim_owner, 2, params);
    enum status status = pg_result_status(control, result, error);
    *owner = (struct owner){.result = result};
    if (status != STATUS_OK || PQntuples(result) == 0)
        return status;
    owner->found = true;
    owner->pid = PQgetvalue(result, 0, 0);
    owner->backend_start = PQgetvalue(result, 0, 1);
    owner->epoch = PQgetvalue(result, 0, 2);
    int64_t silent_s = strtoll(PQgetvalue(result, 0, 7), NULL, 10); // < 0: a clock was set back
    owner->silent =
        !PQgetisnull(result, 0, 7) && silent_s >= (int64_t)(config->stale_ns / NS_PER_S);
    owner->former = config->former->pid == strtol(owner->pid, NULL, 10) &&
                    strcmp(config->former->start, owner->backend_start) == 0;
    return STATUS_OK;
}

static void name_owner(const struct claim_config *config, const struct owner *owner,
                       char error[STORE_ERROR_BYTES])
{
    if (!owner->found || PQgetisnull(owner->result, 0, 3)) {
        snprintf(error, STORE_ERROR_BYTES,
                 "batch %" PRIu32 " is owned by another session%s%s\n"
                 "HINT: try again; a run may just be starting or ending",
                 config->batch_id, owner->found ? ", backend " : "",
                 owner->found ? owner->pid : "");
        return;
    }
    snprintf(error, STORE_ERROR_BYTES,
             "batch %" PRIu32 " is owned by run %s of %s on %s (process %s), heard of %s s ago\n"
             "HINT: let it end; --take-over ends it",
             config->batch_id, PQgetvalue(owner->result, 0, 3), PQgetvalue(owner->result, 0, 4),
             PQgetvalue(owner->result, 0, 5), PQgetvalue(owner->result, 0, 6),
             PQgetvalue(owner->result, 0, 7));
}

static enum status deny(PGconn *control, const struct claim_config *config,
                        const struct owner *owner, char error[STORE_ERROR_BYTES])
{
    snprintf(error, STORE_ERROR_BYTES,
             "batch %" PRIu32 " is owned by backend %s of another login, whose sessions \"%s\" "
             "may neither see nor end\n"
             "HINT: run as that login, or GRANT pg_read_all_stats, pg_signal_backend TO \"%s\"",
             config->batch_id, owner->pid, PQuser(control), PQuser(control));
    return STATUS_STORE_DENIED;
}

/* The control session waits for the lock: a second session does it. */
static enum status end_owner(const struct claim_config *config, const struct owner *owner,
                             char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], stale_us[NUMBER_BYTES];
    const char *params[] = {number(batch, config->batch_id),
                            owner->pid,
                            owner->backend_start,
                            owner->epoch,
                            config->take_over || owner->former ? "t" : "f",
                            number(stale_us, config->stale_ns / NS_PER_US)};
    PGconn *helper = NULL;
    enum status status =
        pg_open(config->conninfo, "daybook:helper", config->answer_ns, &helper, error);
    if (status != STATUS_OK)
        return status;
    PGresult *result = pg_run_as_login(helper, sql_claim_end_owner, 6, params);
    status = pg_result_status(helper, result, error);
    PQclear(result);
    PQfinish(helper);
    return status;
}

/*
 * First in line, then the owner is ended: the server gives the lock to who waits for it before
 * anybody can ask for it anew, such as the ended one's next session.
 */
static enum status take_from(PGconn *control, const struct claim_config *config,
                             const struct owner *owner, bool *locked, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES];
    const char *params[] = {LOCK_CLASS, number(batch, config->batch_id)};
    if (PQsendQueryParams(control, "SELECT pg_advisory_lock($1::int, $2::int)", 2, NULL, params,
                          NULL, NULL, 0) != 1) {
        pg_error_text(control, NULL, error);
        return STATUS_STORE_LOST;
    }
    enum status ended = STATUS_OK;
    if (!pg_wait(control, clock_now_ns() + TRY_EVERY_MS * NS_PER_MS))
        ended = end_owner(config, owner, error);
    char lock_error[STORE_ERROR_BYTES];
    enum status status = last_status(control, lock_error);
    *locked = status == STATUS_OK;
    if (status == STATUS_OK || status == STATUS_STORE_BUSY) // the session's lock_timeout
        return *locked ? STATUS_OK : ended;
    memcpy(error, lock_error, STORE_ERROR_BYTES);
    return status;
}

/* Whoever holds the lock now: the one that was ended may have given way to another starter. */
static enum status refuse(PGconn *control, const struct claim_config *config,
                          char error[STORE_ERROR_BYTES])
{
    struct owner owner;
    enum status status = find_owner(control, config, &owner, error);
    if (status == STATUS_OK && owner.found && owner.former) {
        snprintf(error, STORE_ERROR_BYTES,
                 "the session that this run had before, backend %s, does not end\n"
                 "HINT: run the same command again; end that backend if it stays",
                 owner.pid);
        status = STATUS_STORE_BUSY;
    } else if (status == STATUS_OK) {
        name_owner(config, &owner, error);
        status = STATUS_OWNED;
    }
    PQclear(owner.result);
    return status;
}

static bool is_same(const struct owner *owner, const struct owner *now)
{
    return now->found && strcmp(owner->pid, now->pid) == 0 &&
           strcmp(owner->backend_start, now->backend_start) == 0;
}

/* As long as that very owner is there: who took over from it meanwhile is let alone. */
static enum status take_over(PGconn *control, const struct claim_config *config,
                             const struct owner *owner, bool *locked, char error[STORE_ERROR_BYTES])
{
    uint64_t until_ns = clock_now_ns() + END_WAIT_NS;
    enum status status = STATUS_OK;
    bool same = true;
    while (status == STATUS_OK && same && !*locked && !is_stopped(config) &&
           clock_now_ns() < until_ns) {
        struct owner now = {.found = false};
        status = take_from(control, config, owner, locked, error);
        if (status == STATUS_OK && !*locked)
            status = find_owner(control, config, &now, error);
        same = is_same(owner, &now);
        PQclear(now.result);
    }
    return status;
}

enum status claim_take_lock(PGconn *control, const struct claim_config *config,
                            char error[STORE_ERROR_BYTES])
{
    bool locked = false;
    enum status status = try_lock_for(control, config, &locked, error);
    if (status != STATUS_OK || locked)
        return status;
    struct owner owner;
    status = find_owner(control, config, &owner, error);
    bool may_end = owner.found && (owner.silent || owner.former || config->take_over);
    if (status == STATUS_OK && may_end && owner.backend_start[0] == 0)
        status = deny(control, config, &owner, error);
    if (status == STATUS_OK && may_end)
        status = take_over(control, config, &owner, &locked, error);
    PQclear(owner.result);
    // Once more: the owner may have gone by itself, too.
    if (status == STATUS_OK && !locked && !is_stopped(config))
        status = try_lock(control, config, &locked, error);
    return status == STATUS_OK && !locked ? refuse(control, config, error) : status;
}

/* ---- older sessions and the head -------------------------------------------------------- */

static enum status end_older(PGconn *control, const struct claim_config *config, uint32_t epoch,
                             char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], newest[NUMBER_BYTES];
    const char *params[] = {number(batch, config->batch_id), number(newest, epoch)};
    PGresult *result = pg_run_as_login(control, sql_claim_end_older, 2, params);
    enum status status = pg_result_status(control, result, error);
    PQclear(result);
    return status;
}

/* The control session waits for a lock and cannot ask who holds it: a second session does. */
static enum status end_blocking(PGconn *control, const struct claim_config *config, uint32_t epoch,
                                char error[STORE_ERROR_BYTES])
{
    PGconn *helper = NULL;
    enum status status =
        pg_open(config->conninfo, "daybook:helper", config->answer_ns, &helper, error);
    if (status != STATUS_OK)
        return status;
    char waiting[NUMBER_BYTES], batch[NUMBER_BYTES], newest[NUMBER_BYTES];
    const char *params[] = {number(waiting, (uint64_t)PQbackendPID(control)),
                            number(batch, config->batch_id), number(newest, epoch)};
    PGresult *result = pg_run_as_login(helper, sql_claim_end_blocking, 3, params);
    status = pg_result_status(helper, result, error);
    PQclear(result);
    PQfinish(helper);
    return status;
}

static enum status raise_once(PGconn *control, const struct claim_config *config, uint32_t epoch,
                              uint32_t partition, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], place[NUMBER_BYTES], newest[NUMBER_BYTES];
    const char *params[] = {number(batch, config->batch_id), number(place, partition),
                            number(newest, epoch)};
    if (PQsendQueryParams(control, sql_claim_raise, 3, NULL, params, NULL, NULL, 0) != 1) {
        pg_error_text(control, NULL, error);
        return STATUS_STORE_LOST;
    }
    enum status helped = STATUS_OK;
    if (!pg_wait(control, clock_now_ns() + TRY_EVERY_MS * NS_PER_MS))
        helped = end_blocking(control, config, epoch, error);
    char raise_error[STORE_ERROR_BYTES];
    enum status status = last_status(control, raise_error);
    if (status != STATUS_OK && helped == STATUS_OK)
        memcpy(error, raise_error, STORE_ERROR_BYTES);
    return status != STATUS_OK && helped != STATUS_OK ? helped : status;
}

static enum status check_raised(PGconn *control, const struct claim_config *config, uint32_t epoch,
                                uint32_t partition, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], place[NUMBER_BYTES];
    const char *params[] = {number(batch, config->batch_id), number(place, partition)};
    PGresult *result = pg_run(control, sql_claim_head, 2, params);
    enum status status = pg_result_status(control, result, error);
    if (status == STATUS_OK && PQntuples(result) != 1) {
        snprintf(error, STORE_ERROR_BYTES, "batch %" PRIu32 " has no head of partition %" PRIu32,
                 config->batch_id, partition);
        status = STATUS_STORE_BROKEN;
    } else if (status == STATUS_OK && strtoul(PQgetvalue(result, 0, 0), NULL, 10) != epoch) {
        snprintf(error, STORE_ERROR_BYTES,
                 "a newer run, of epoch %s, has taken over batch %" PRIu32 "\n"
                 "HINT: let it go on",
                 PQgetvalue(result, 0, 0), config->batch_id);
        status = STATUS_OWNED;
    }
    PQclear(result);
    return status;
}

/* Which session it is that does not go: a person must look at it. */
static void name_blocking(PGconn *control, uint32_t partition, char error[STORE_ERROR_BYTES])
{
    PGresult *result = pg_run_as_login(control, sql_claim_holders, 0, NULL);
    const char *holders = PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "";
    snprintf(error, STORE_ERROR_BYTES,
             "the head of partition %" PRIu32 " stays locked by sessions that do not end: %s\n"
             "HINT: are those backends stopped, or another user's? End them, then run the same "
             "command again",
             partition, holders[0] == 0 ? "gone by now" : holders);
    PQclear(result);
}

enum status claim_take_partition(PGconn *control, const struct claim_config *config, uint32_t epoch,
                                 uint32_t partition, char error[STORE_ERROR_BYTES])
{
    uint64_t until_ns = clock_now_ns() + config->raise_wait_ns;
    enum status status;
    do {
        status = end_older(control, config, epoch, error);
        FAILPOINT(claim_ended_older);
        if (status == STATUS_OK)
            status = raise_once(control, config, epoch, partition, error);
    } while (status == STATUS_STORE_BUSY && clock_now_ns() < until_ns);
    if (status == STATUS_STORE_BUSY)
        name_blocking(control, partition, error);
    FAILPOINT(claim_raised);
    if (status == STATUS_OK)
        status = check_raised(control, config, epoch, partition, error);
    return status;
}
