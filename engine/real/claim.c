#include "real/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/hex.h"
#include "base/time.h"
#include "real/claim_check.h"
#include "real/claim_take.h"
#include "real/pg.h"
#include "sql.h"

_Static_assert(STORE_ERROR_BYTES == PG_ERROR_BYTES, "one size of error text");

#define NUMBER_BYTES 24
#define BEAT "beat"

struct claim {
    struct claim_config config;
    PGconn *control;
    struct claim_former session; /* this one */
    int64_t timeline;
    uint32_t epoch;
    uint32_t revision;
    uint32_t partitions;
    uint64_t run_id;
    uint32_t finished; /* partitions with their closing record */
    bool ended;
    /* the heartbeat */
    uint64_t beat_at_ns; /* when the next one is due */
    uint64_t asked_at_ns;
    bool beating;
    bool writable_wanted;
    bool gone;
    bool gone_told;
    enum status gone_status;
    int64_t beat_db_us; /* what the one under way was answered; 0: nothing yet */
    char error[STORE_ERROR_BYTES];
};

static const char *number(char out[NUMBER_BYTES], uint64_t value)
{
    snprintf(out, NUMBER_BYTES, "%" PRIu64, value);
    return out;
}

static uint32_t u32_of(const PGresult *result, int column)
{
    return (uint32_t)strtoul(PQgetvalue(result, 0, column), NULL, 10);
}

/* ---- open ------------------------------------------------------------------------------- */

static enum status check_server(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    PGresult *server = claim_check_ask(claim->control);
    enum status status = pg_result_status(claim->control, server, error);
    for (uint32_t i = 0; i < CLAIM_PROMISE_COUNT && status == STATUS_OK; i++)
        status = claim_check_promise(server, i, error);
    if (status == STATUS_OK)
        status = claim_check_session(claim->control, server, &claim->session, error);
    PQclear(server);
    return status;
}

static enum status refuse_other(const char *batch, const char *key, const char *began,
                                const char *wants, char error[STORE_ERROR_BYTES])
{
    snprintf(error, STORE_ERROR_BYTES,
             "batch %s began with %s: %s, and cannot go on with %s: %s\n"
             "HINT: set %s to %s for this batch; another may have the other",
             batch, key, began, key, wants, key, began);
    return STATUS_BAD_CONFIG;
}

/* Under the lock: nobody else freezes it meanwhile. */
static enum status check_frozen(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    static const struct {
        const char *key, *words[2];
    } choices[] = {{"run.hold", {"post", "transfer"}}, {"run.unhold", {"no", "yes"}}};
    const bool wanted[] = {claim->config.hold_by_transfer, claim->config.unhold};
    char batch[NUMBER_BYTES];
    const char *params[] = {number(batch, claim->config.batch_id)};
    PGresult *result = pg_run(claim->control, sql_claim_hold, 1, params);
    enum status status = pg_result_status(claim->control, result, error);
    for (int i = 0; i < 2 && status == STATUS_OK && PQntuples(result) == 1; i++) {
        bool began = PQgetvalue(result, 0, i)[0] == 't';
        if (!PQgetisnull(result, 0, i) && began != wanted[i])
            status = refuse_other(batch, choices[i].key, choices[i].words[began],
                                  choices[i].words[!began], error);
    }
    PQclear(result);
    return status;
}

static enum status take_epoch(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES];
    const char *params[] = {number(batch, claim->config.batch_id),
                            claim->config.hold_by_transfer ? "t" : "f",
                            claim->config.unhold ? "t" : "f"};
    PGresult *result = pg_run(claim->control, sql_claim_epoch, 3, params);
    enum status status = pg_result_status(claim->control, result, error);
    if (status == STATUS_OK && PQntuples(result) == 1) {
        claim->epoch = u32_of(result, 0);
        claim->revision = u32_of(result, 1);
        claim->partitions = u32_of(result, 2);
    } else if (status == STATUS_OK) {
        snprintf(error, STORE_ERROR_BYTES, "batch %s has no plan\nHINT: run `daybook import`",
                 batch);
        status = STATUS_BAD_INPUT;
    }
    PQclear(result);
    return status;
}

static enum status run_plain(PGconn *control, const char *sql, int param_count,
                             const char *const *params, char error[STORE_ERROR_BYTES])
{
    PGresult *result = pg_run(control, sql, param_count, params);
    enum status status = pg_result_status(control, result, error);
    PQclear(result);
    return status;
}

/* From here on, later runs find this session by its name. */
static enum status take_name(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    char name[64];
    snprintf(name, sizeof(name), "daybook:%" PRIu32 ":%" PRIu32, claim->config.batch_id,
             claim->epoch);
    const char *params[] = {name};
    return run_plain(claim->control, "SELECT set_config('application_name', $1, false)", 1, params,
                     error);
}

static enum status take_heads(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], epoch[NUMBER_BYTES], partitions[NUMBER_BYTES];
    const char *params[] = {number(batch, claim->config.batch_id), number(epoch, claim->epoch),
                            number(partitions, claim->partitions)};
    enum status status = run_plain(claim->control, sql_claim_heads, 3, params, error);
    FAILPOINT(claim_heads);
    for (uint32_t i = 0; i < claim->partitions && status == STATUS_OK; i++)
        status = claim_take_partition(claim->control, &claim->config, claim->epoch, i, error);
    return status;
}

static enum status tell_run(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], epoch[NUMBER_BYTES], process[NUMBER_BYTES], pid[NUMBER_BYTES];
    char timeline[NUMBER_BYTES];
    const char *params[] = {number(batch, claim->config.batch_id),
                            number(epoch, claim->epoch),
                            claim->config.run_kind,
                            claim->config.operator_name,
                            claim->config.host,
                            number(process, (uint64_t)getpid()),
                            number(pid, (uint64_t)claim->session.pid),
                            claim->session.start,
                            number(timeline, (uint64_t)claim->timeline),
                            claim->config.reason};
    PGresult *result = pg_run(claim->control, sql_claim_run, 10, params);
    enum status status = pg_result_status(claim->control, result, error);
    if (status == STATUS_OK)
        claim->run_id = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return status;
}

static enum status prepare_beat(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    PGresult *result = pg_prepare(claim->control, BEAT, sql_claim_beat, 0, NULL);
    enum status status = pg_result_status(claim->control, result, error);
    PQclear(result);
    return status;
}

static enum status open_session(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    enum status status = pg_open(claim->config.conninfo, "daybook:control", claim->config.answer_ns,
                                 &claim->control, error);
    if (status == STATUS_OK)
        status = run_plain(claim->control, "SET lock_timeout = '1s'", 0, NULL, error);
    if (status == STATUS_OK)
        status = check_server(claim, error);
    if (status == STATUS_OK)
        status = claim_check_schema(claim->control, error);
    return status;
}

enum status claim_open(const struct claim_config *config, struct claim **out,
                       char error[STORE_ERROR_BYTES])
{
    CHECK(config->batch_id > 0 && config->former != NULL);
    struct claim *claim = calloc(1, sizeof(*claim));
    CHECK(claim != NULL);
    claim->config = *config;
    *out = NULL;
    error[0] = 0;
    enum status status = open_session(claim, error);
    if (status == STATUS_OK)
        status = claim_take_lock(claim->control, &claim->config, error);
    if (status == STATUS_OK)
        status = check_frozen(claim, error);
    if (status != STATUS_OK) {
        claim_close(claim);
        return status;
    }
    FAILPOINT(claim_locked);
    *config->former = claim->session;
    *out = claim;
    return STATUS_OK;
}

enum status claim_take(struct claim *claim, const struct claim_known *known, uint32_t known_count,
                       char error[STORE_ERROR_BYTES])
{
    CHECK(claim->epoch == 0);
    enum status status =
        claim_check_timeline(claim->control, &claim->config, &claim->timeline, error);
    for (uint32_t i = 0; i < known_count && status == STATUS_OK; i++)
        status = claim_check_known(claim->control, &claim->config, &known[i], error);
    if (status == STATUS_OK)
        status = take_epoch(claim, error);
    FAILPOINT(claim_epoch);
    if (status == STATUS_OK)
        status = take_name(claim, error);
    FAILPOINT(claim_named);
    if (status == STATUS_OK)
        status = take_heads(claim, error);
    if (status == STATUS_OK)
        status = tell_run(claim, error);
    FAILPOINT(claim_told);
    // From here on nothing is missed: what was asked for before, the first page has.
    if (status == STATUS_OK)
        status = run_plain(claim->control, "LISTEN daybook_request", 0, NULL, error);
    if (status == STATUS_OK)
        status = prepare_beat(claim, error);
    return status;
}

uint32_t claim_epoch(const struct claim *claim)
{
    return claim->epoch;
}

uint32_t claim_revision(const struct claim *claim)
{
    return claim->revision;
}

uint32_t claim_partitions(const struct claim *claim)
{
    return claim->partitions;
}

uint64_t claim_run_id(const struct claim *claim)
{
    return claim->run_id;
}

static bool read_hex(const char *text, struct digest *digest)
{
    return hex_read(digest->bytes, DIGEST_BYTES, text) && text[2 * DIGEST_BYTES] == 0;
}

enum status claim_start(struct claim *claim, uint32_t partition, struct settle_start *start,
                        uint64_t now_ns, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], place[NUMBER_BYTES];
    const char *params[] = {number(batch, claim->config.batch_id), number(place, partition)};
    PGresult *result = pg_run(claim->control, sql_claim_head, 2, params);
    enum status status = pg_result_status(claim->control, result, error);
    if (status == STATUS_OK && (PQntuples(result) != 1 || u32_of(result, 0) != claim->epoch)) {
        snprintf(error, STORE_ERROR_BYTES, "partition %s of batch %s is not this run's any more",
                 place, batch);
        status = STATUS_STORE_FENCED;
    }
    if (status == STATUS_OK) {
        *start = (struct settle_start){
            .batch_id = claim->config.batch_id,
            .partition = partition,
            .epoch = claim->epoch,
            .chunk = u32_of(result, 1),
            .accounts = u32_of(result, 4),
            .time = {.db_now_us = strtoll(PQgetvalue(result, 0, 3), NULL, 10),
                     .asked_at_ns = now_ns},
        };
        CHECK(read_hex(PQgetvalue(result, 0, 2), &start->hash));
    }
    FAILPOINT(claim_started);
    PQclear(result);
    return status;
}

/* ---- the heartbeat ---------------------------------------------------------------------- */

static void lose(struct claim *claim, enum status status)
{
    claim->gone = true;
    claim->gone_status = status;
    claim->beating = false;
    claim->writable_wanted = false;
}

static void beat_begin(struct claim *claim, uint64_t now_ns)
{
    char run[NUMBER_BYTES], batch[NUMBER_BYTES], epoch[NUMBER_BYTES];
    const char *params[] = {number(run, claim->run_id), number(batch, claim->config.batch_id),
                            number(epoch, claim->epoch)};
    claim->asked_at_ns = now_ns;
    claim->beat_at_ns = now_ns + claim->config.heartbeat_ns;
    claim->beat_db_us = 0;
    claim->beating = true;
    if (PQsendQueryPrepared(claim->control, BEAT, 3, params, NULL, NULL, 0) != 1)
        lose(claim, STATUS_STORE_LOST);
    FAILPOINT(beat_sent);
}

static void on_beat(struct claim *claim, PGresult *result)
{
    FAILPOINT(beat_answered);
    enum status status = pg_result_status(claim->control, result, claim->error);
    if (status == STATUS_OK && PQntuples(result) == 1)
        claim->beat_db_us = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    else if (status_class(status) != STATUS_CLASS_RETRY) // the next one is due soon
        lose(claim, status == STATUS_OK ? STATUS_STORE_FENCED : status);
    PQclear(result);
}

/* True: the answer is whole. */
static bool beat_turn(struct claim *claim)
{
    int flushed = PQflush(claim->control);
    if (flushed < 0 || PQconsumeInput(claim->control) == 0) {
        lose(claim, STATUS_STORE_LOST);
        return false;
    }
    claim->writable_wanted = flushed > 0;
    while (!claim->gone && !PQisBusy(claim->control)) {
        PGresult *result = PQgetResult(claim->control);
        if (result == NULL) {
            claim->beating = false;
            return true;
        }
        on_beat(claim, result);
    }
    return false;
}

/* By then another run may take the batch over, and a session may be stopped for ever. */
static uint64_t beat_until_ns(const struct claim *claim)
{
    return claim->asked_at_ns + claim->config.stale_ns;
}

static void look_for_silence(struct claim *claim, uint64_t now_ns)
{
    if (claim->gone || !claim->beating || now_ns < beat_until_ns(claim))
        return;
    snprintf(claim->error, sizeof(claim->error), "the heartbeat got no answer for %" PRIu64 " s",
             (now_ns - claim->asked_at_ns) / NS_PER_S);
    lose(claim, STATUS_STORE_LOST);
}

/* Was this batch named since the last time? */
static bool is_requested(struct claim *claim)
{
    bool is_named = false;
    PGnotify *notify;
    while ((notify = PQnotifies(claim->control)) != NULL) {
        is_named = is_named || strtoul(notify->extra, NULL, 10) == claim->config.batch_id;
        PQfreemem(notify);
    }
    return is_named;
}

uint32_t claim_turn(struct claim *claim, struct event *events, uint64_t now_ns)
{
    uint32_t count = 0;
    if (!claim->gone && !claim->beating && now_ns >= claim->beat_at_ns)
        beat_begin(claim, now_ns);
    if (!claim->gone && !claim->beating && PQconsumeInput(claim->control) == 0)
        lose(claim, STATUS_STORE_LOST);
    bool is_answered = !claim->gone && claim->beating && beat_turn(claim) && claim->beat_db_us > 0;
    if (is_answered)
        events[count++] = (struct event){
            .kind = EVENT_STORE_ALIVE,
            .time = {.db_now_us = claim->beat_db_us, .asked_at_ns = claim->asked_at_ns},
        };
    else
        look_for_silence(claim, now_ns);
    if (!claim->gone && is_requested(claim))
        events[count++] = (struct event){.kind = EVENT_REQUESTED};
    if (claim->gone && !claim->gone_told) {
        claim->gone_told = true;
        events[count++] =
            (struct event){.kind = EVENT_STORE_GONE, .store_gone = claim->gone_status};
    }
    return count;
}

struct store_wait claim_wait(const struct claim *claim)
{
    // Readable at all times: the server closing the session is news.
    if (claim->gone)
        return (struct store_wait){.fd = -1};
    return (struct store_wait){
        .fd = PQsocket(claim->control), .readable = true, .writable = claim->writable_wanted};
}

uint64_t claim_next_at(const struct claim *claim)
{
    if (claim->gone)
        return claim->gone_told ? AT_NEVER : 0;
    return claim->beating ? beat_until_ns(claim) : claim->beat_at_ns;
}

const char *claim_error(const struct claim *claim)
{
    return claim->error;
}

/* ---- the end ---------------------------------------------------------------------------- */

static enum status write_closing(struct claim *claim, const struct settle *settle,
                                 uint32_t partition, char error[STORE_ERROR_BYTES])
{
    struct digest hash;
    uint32_t chunk = settle_head(settle, &hash);
    const struct settle_counts *counts = settle_counts(settle);
    char hex[2 * DIGEST_BYTES + 1];
    hex_write(hex, hash.bytes, DIGEST_BYTES);
    const uint64_t values[] = {claim->config.batch_id,
                               partition,
                               claim->run_id,
                               claim->epoch,
                               chunk,
                               0, /* the hash, as text */
                               counts->settled,
                               counts->is_short,
                               counts->parked,
                               counts->blocked,
                               counts->waiting,
                               counts->active,
                               counts->pending,
                               counts->in_doubt,
                               counts->has_all,
                               counts->ended};
    enum { COUNT = sizeof(values) / sizeof(values[0]), HASH = 5 };
    char texts[COUNT][NUMBER_BYTES];
    const char *params[COUNT];
    for (int i = 0; i < COUNT; i++)
        params[i] = i == HASH ? hex : number(texts[i], values[i]);
    if (!counts->has_all) // the database counts, a million intents perhaps
        pg_answer_within(claim->control, CLAIM_COUNT_FACTOR * claim->config.answer_ns);
    PGresult *result = pg_run(claim->control, sql_claim_closing, COUNT, params);
    pg_answer_within(claim->control, claim->config.answer_ns);
    enum status status = pg_result_status(claim->control, result, error);
    if (status == STATUS_OK && strcmp(PQcmdTuples(result), "1") != 0) {
        snprintf(error, STORE_ERROR_BYTES,
                 "the head of partition %" PRIu32 " is not where this run left it", partition);
        status = STATUS_STORE_FENCED;
    }
    PQclear(result);
    return status;
}

static enum status close_batch(struct claim *claim, char error[STORE_ERROR_BYTES])
{
    char batch[NUMBER_BYTES], epoch[NUMBER_BYTES];
    const char *params[] = {number(batch, claim->config.batch_id), number(epoch, claim->epoch)};
    return run_plain(claim->control, sql_claim_close_batch, 2, params, error);
}

static enum status end_run(struct claim *claim, int exit_code, char error[STORE_ERROR_BYTES])
{
    char run[NUMBER_BYTES], code[NUMBER_BYTES];
    const char *params[] = {number(run, claim->run_id), number(code, (uint64_t)exit_code)};
    return run_plain(claim->control,
                     "UPDATE daybook.run SET ended_at = clock_timestamp(), exit_code = $2::int "
                     "WHERE run_id = $1::bigint AND ended_at IS NULL",
                     2, params, error);
}

enum status claim_finish(struct claim *claim, const struct settle *settle, uint32_t partition,
                         char error[STORE_ERROR_BYTES])
{
    CHECK(partition < claim->partitions && claim->finished < claim->partitions && !claim->ended);
    enum status status = write_closing(claim, settle, partition, error);
    FAILPOINT(closing_written);
    claim->finished += status == STATUS_OK;
    return status;
}

enum status claim_end(struct claim *claim, int exit_code, bool has_all_ended,
                      char error[STORE_ERROR_BYTES])
{
    CHECK(exit_code >= 0 && claim->run_id > 0 && !claim->ended);
    enum status status = STATUS_OK;
    claim->ended = true;
    if (has_all_ended && claim->finished == claim->partitions)
        status = close_batch(claim, error);
    FAILPOINT(batch_closed);
    if (status == STATUS_OK)
        status = end_run(claim, exit_code, error);
    FAILPOINT(run_ended);
    return status;
}

void claim_close(struct claim *claim)
{
    if (claim == NULL)
        return;
    PQfinish(claim->control);
    free(claim);
}
