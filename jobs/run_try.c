#include "jobs/run_try.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/time.h"
#include "core/course.h"
#include "jobs/people.h"
#include "jobs/run_end.h"
#include "jobs/run_trace.h"
#include "real/clock.h"

#define LIVE_EVERY_NS (NS_PER_S / 10)
#define RAISE_WAIT_NS (30 * NS_PER_S)

/* ---- one try: from the claim to the lane's end ---- */

static uint8_t compensated_steps(const struct config *config)
{
    return (uint8_t)((config->collect_rejected == 1) << STEP_COLLECT |
                     (config->hold_rejected == 1) << STEP_HOLD |
                     (config->payout_rejected == 1) << STEP_PAYOUT);
}

/* What one of the partitions gets of a whole. */
static uint32_t share(const struct run *run, uint64_t whole, uint32_t partition)
{
    uint64_t part = whole / run->partition_count + (partition < whole % run->partition_count);
    return part > 0 ? (uint32_t)part : 1;
}

struct settle_config run_try_settle_config(struct run *run, uint32_t partition)
{
    const struct config *config = run->config;
    struct settle_config settle = {
        .scope = run->scope,
        .bank_count = run->banks.count,
        .sharer = partition,
        .sharers = run->partition_count,
        .slots = share(run, (uint64_t)config->slots, partition),
        .chunk_records = (uint32_t)config->chunk_records,
        .chunk_delay_ns = (uint64_t)config->chunk_delay_ns,
        .send_before_ns = (uint64_t)config->send_before_ns,
        .resolve_wait_ns = (uint64_t)config->resolve_wait_ns,
        .drain_ns = (uint64_t)config->drain_ns,
        .alive_ns = (uint64_t)config->alive_ns,
        .retry_base_ns = (uint64_t)config->retry_base_ns,
        .retry_cap_ns = (uint64_t)config->retry_cap_ns,
        .poll_tries = (uint32_t)config->poll_tries,
        .chunk_tries = (uint32_t)config->chunk_tries,
        .closing = (enum closing_check)config->closing_check,
        .over = (enum over_policy)config->over,
        .hold_by_transfer = config->hold == 1,
        .unhold = config->unhold == 1,
        .compensated_steps = compensated_steps(config),
        .deadline_at_ns = run->deadline_at_ns,
    };
    for (uint32_t i = 0; i < run->banks.count; i++) {
        settle.banks[i] = run->banks.banks[i].rules;
        settle.banks[i].calls_max = share(run, settle.banks[i].calls_max, partition);
        settle.throttles[i] = &run->throttles[i];
    }
    while (getrandom(&settle.seed, sizeof settle.seed, 0) != (ssize_t)sizeof settle.seed)
        CHECK(errno == EINTR);
    return settle;
}

/* Transfers of an earlier run may be in doubt still. */
static int stop_unbegun(struct run *run)
{
    if (!batch_count(run->db, &run->batch, &run->counts))
        return db_exit_code(run->db);
    return job_fail(run->counts.in_doubt > 0 ? JOB_IN_DOUBT : JOB_STOPPED, NULL,
                    "stopped before it began");
}

/* A start that is refused here has called no bank and changed nothing. */
static int lock_batch(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    const struct config *config = run->config;
    struct claim_config claim = {
        .conninfo = run->conninfo,
        .batch_id = run->batch.batch_id,
        .hold_by_transfer = config->hold == 1,
        .unhold = config->unhold == 1,
        // Whoever took over from this run meanwhile was meant to.
        .take_over = run->take_over && run->report.restarts == 0,
        .lock_wait_ns = (uint64_t)config->lock_wait_ns,
        .stale_ns = (uint64_t)config->stale_after_ns,
        .heartbeat_ns = (uint64_t)config->heartbeat_ns,
        .raise_wait_ns = RAISE_WAIT_NS,
        .answer_ns = (uint64_t)config->answer_within_ns,
        .host = people_host(),
        .run_kind = run->scope == SETTLE_REQUESTED ? "rerun"
                    : run->batch.has_run           ? "resume"
                                                   : "run",
        .reason = run->reason,
        .operator_name = people_operator(),
        .former = &run->former,
        .stop = run->stop,
    };
    enum status status = claim_open(&claim, &run->claim, error);
    if (status == STATUS_OWNED && *run->stop)
        return stop_unbegun(run);
    return status == STATUS_OK ? JOB_DONE : run_end_fail_status(run, status, error);
}

static void report_banks(struct run *run)
{
    struct run_report *report = &run->report;
    report->bank_count = run->banks.count;
    for (uint32_t i = 0; i < run->banks.count; i++) {
        memcpy(report->banks[i].name, run->banks.banks[i].name, sizeof report->banks[i].name);
        report->banks[i].rate_per_s = run->banks.banks[i].rules.rate_per_s;
    }
}

/* Once, by who holds the lock: nobody else has to do with the banks. */
static int prepare_banks(struct run *run)
{
    if (run->banks.count > 0)
        return JOB_DONE;
    int exit_code = run_banks_open(&run->banks, run->config, run->db, &run->batch);
    report_banks(run);
    return exit_code == JOB_DONE ? run_banks_check_reachable(&run->banks) : exit_code;
}

/* Each partition makes its own calls. */
static int check_shares(const struct run *run)
{
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct run_bank *bank = &run->banks.banks[i];
        char hint[96];
        snprintf(hint, sizeof hint, "set banks.%s.calls to %" PRIu32 " or more", bank->name,
                 run->partition_count);
        if (bank->rules.calls_max < run->partition_count)
            return job_fail(FAIL_TOO_FEW_CALLS, hint,
                            "bank %s allows %" PRIu32 " calls in flight, and the batch has %" PRIu32
                            " partitions, which each make calls of their own",
                            bank->name, bank->rules.calls_max, run->partition_count);
    }
    return JOB_DONE;
}

static int take_batch(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    enum status status = claim_take(run->claim, run->heads.known, run->heads.count, error);
    if (status != STATUS_OK)
        return run_end_fail_status(run, status, error);
    // Read before the claim froze it: banks and counts would be those of another plan.
    if (claim_revision(run->claim) != strtoul(run->batch.revision, NULL, 10))
        return job_fail(FAIL_PLAN_REPLACED, "run the same command again: it reads the new plan",
                        "batch %s %s: its plan was replaced while this run began",
                        run->batch.cohort, run->batch.date);
    run->partition_count = claim_partitions(run->claim);
    return check_shares(run);
}

static int open_store(struct run *run, uint32_t number)
{
    char error[STORE_ERROR_BYTES] = "";
    struct run_partition *partition = &run->partitions[number];
    struct store_config store = {
        .conninfo = run->conninfo,
        .answer_ns = (uint64_t)run->config->answer_within_ns,
        .batch_id = run->batch.batch_id,
        .partition = number,
        .epoch = claim_epoch(run->claim),
        .plan_revision = claim_revision(run->claim),
        .bank_count = run->banks.count,
        .hash = partition->hash,
    };
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct run_bank *bank = &run->banks.banks[i];
        store.banks[i] = (struct store_bank){
            .name = bank->name, .profile = bank->profile, .profile_id = bank->profile_id};
    }
    partition->store = store_open(&store, error);
    return partition->store != NULL ? JOB_DONE : run_end_fail_status(run, STATUS_STORE_LOST, error);
}

/* All memory of the core at once, sized by a dry run. */
static int make_core(struct run *run, uint32_t number)
{
    char error[STORE_ERROR_BYTES] = "";
    struct run_partition *partition = &run->partitions[number];
    struct settle_config config = run_try_settle_config(run, number);
    struct settle_start start;
    struct arena arena;
    enum status status = claim_start(run->claim, number, &start, clock_now_ns(), error);
    if (status != STATUS_OK)
        return run_end_fail_status(run, status, error);
    uint64_t now_ns = clock_now_ns();
    arena_init(&arena, NULL, 0);
    settle_init(&arena, partition->hash, &config, &start, now_ns);
    partition->memory_bytes = arena.used_bytes;
    partition->memory = mmap(NULL, partition->memory_bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (partition->memory == MAP_FAILED) {
        partition->memory = NULL;
        return job_fail(FAIL_NO_MEMORY, "lower run.slots or run.chunk_records",
                        "no memory for %zu bytes", partition->memory_bytes);
    }
    arena_init(&arena, partition->memory, partition->memory_bytes);
    partition->settle = settle_init(&arena, partition->hash, &config, &start, now_ns);
    arena_seal(&arena);
    run_trace_claim(run->traces[number], &start);
    return JOB_DONE;
}

/* What an earlier try spent is not known: the buckets begin empty. */
static void begin_throttles(struct run *run)
{
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct bank_rules *rules = &run->banks.banks[i].rules;
        throttle_init(&run->throttles[i], rules->rate_per_s, rules->burst, clock_now_ns());
    }
}

static int open_partitions(struct run *run)
{
    int exit_code = JOB_DONE;
    begin_throttles(run);
    for (uint32_t i = 0; i < run->partition_count && exit_code == JOB_DONE; i++) {
        run->partitions[i].hash = hash_open();
        CHECK(run->partitions[i].hash != NULL);
        exit_code = make_core(run, i);
        if (exit_code == JOB_DONE)
            exit_code = open_store(run, i);
    }
    return exit_code;
}

/* More lanes than partitions have nothing to do. */
static uint32_t lanes_of(const struct run *run)
{
    uint32_t lanes = (uint32_t)run->config->lanes;
    return lanes < run->partition_count ? lanes : run->partition_count;
}

static void tell_progress(void *context, const struct news_view *view, uint64_t now_ns)
{
    struct run *run = context;
    run_forecast_look(run);
    if (!run->report.quiet)
        run_report_progress(&run->report, view, now_ns);
}

static int run_lanes(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    struct lane_config lane = {
        .bank_count = run->banks.count,
        .partition_count = run->partition_count,
        .lanes = lanes_of(run),
        .claim = run->claim,
        .io = run->report.io,
        .progress = run->report.quiet && run->left == NULL ? NULL : tell_progress,
        .progress_context = run,
        .progress_ns = run->report.live ? LIVE_EVERY_NS : (uint64_t)run->config->progress_every_ns,
        .stop = run->stop,
    };
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct run_bank *bank = &run->banks.banks[i];
        lane.banks[i] = (struct lane_bank){
            .name = bank->name,
            .host = bank->config->host,
            .port = bank->config->port,
            .profile = bank->profile,
            .rules = &bank->rules,
            .connections_max = share(run, bank->connections, 0),
        };
    }
    for (uint32_t i = 0; i < run->partition_count; i++) {
        const struct run_partition *partition = &run->partitions[i];
        lane.partitions[i] = (struct lane_partition){.settle = partition->settle,
                                                     .store = partition->store,
                                                     .hash = partition->hash,
                                                     .trace = run->traces[i]};
    }
    return lane_run_all(&lane, error) ? JOB_DONE : run_end_fail(FAIL_MACHINE, error);
}

/* Everything of one try; no bank connection is left, and the claim goes last. */
static void close_try(struct run *run)
{
    for (uint32_t i = 0; i < run->partition_count; i++) {
        struct run_partition *partition = &run->partitions[i];
        if (partition->store != NULL)
            store_close(partition->store);
        if (partition->memory != NULL)
            munmap(partition->memory, partition->memory_bytes);
        hash_close(partition->hash);
        *partition = (struct run_partition){0};
    }
    db_close(run->left);
    run->left = NULL;
    if (run->claim != NULL)
        claim_close(run->claim);
    run->claim = NULL;
}

/* ---- the end ---- */

/* Nothing that a run asks may hang it. */
struct db *run_try_open_db(const struct run *run, int *exit_code)
{
    struct db *db = db_open(run->config, "daybook run", exit_code);
    if (db != NULL)
        db_answer_within(db, CLAIM_COUNT_FACTOR * (uint64_t)run->config->answer_within_ns);
    return db;
}

/* A session of its own for what is asked between the tries: none lies idle through a payday, to be
   lost in its last second. */
int run_try_reopen_db(struct run *run)
{
    int exit_code;
    db_close(run->db);
    run->db = run_try_open_db(run, &exit_code);
    return exit_code;
}

static int look(struct run *run)
{
    int exit_code = run_try_reopen_db(run);
    if (exit_code == JOB_DONE && !batch_count(run->db, &run->batch, &run->counts))
        exit_code = db_exit_code(run->db);
    return exit_code;
}

static void remember(struct run *run)
{
    for (uint32_t i = 0; i < run->partition_count; i++) {
        struct digest hash;
        uint32_t chunk = settle_head(run->partitions[i].settle, &hash);
        run_heads_note(&run->heads, i, chunk, &hash);
    }
    run_heads_save(&run->heads);
}

/* What the database said to a partition that failed; "" where it said nothing. */
static const char *store_error_of(const struct run *run)
{
    for (uint32_t i = 0; i < run->partition_count; i++)
        if (store_error(run->partitions[i].store)[0] != '\0')
            return store_error(run->partitions[i].store);
    return "";
}

static enum status write_closings(struct run *run, char error[STORE_ERROR_BYTES])
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < run->partition_count && status == STATUS_OK; i++)
        status = claim_finish(run->claim, run->partitions[i].settle, i, error);
    return status;
}

static int finish(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    int exit_code = look(run);
    if (exit_code != JOB_DONE) {
        run->lost = exit_code == JOB_UNREACHABLE || exit_code == JOB_TRY_AGAIN;
        return exit_code;
    }
    exit_code = run_end_exit_code(run);
    if (run_end_of(run) == SETTLE_END_FATAL) {
        enum status fatal = run_end_fatal(run);
        job_fail(run_end_failure(fatal),
                 fatal == STATUS_STORE_FENCED ? NULL : "run `daybook verify`",
                 "the run ended: %s: %s", status_text(fatal), store_error_of(run));
    }
    if (run_end_is_refused(run))
        job_fail(FAIL_RECORDS_REFUSED,
                 "`daybook show` lists them; report this with the database's log",
                 "the database refused records of %" PRIu64
                 " settlements: parked as %s; the rest went on",
                 run->report.total.refused, PARK_RECORD_REFUSED);
    enum status status = write_closings(run, error);
    if (status == STATUS_OK || exit_code == JOB_INTERNAL)
        status = claim_end(run->claim, exit_code, batch_ended(&run->counts) == run->batch.accounts,
                           error);
    return status == STATUS_OK || exit_code == JOB_INTERNAL
               ? exit_code
               : run_end_fail_status(run, status, error);
}

static const char *loss_of(const struct run *run)
{
    if (claim_error(run->claim)[0] != '\0')
        return claim_error(run->claim);
    const char *error = store_error_of(run);
    return error[0] != '\0' ? error : "the session that holds the batch";
}

/* A run that told of itself and cannot begin tells that, too. */
static void end_unbegun(struct run *run, int exit_code)
{
    char error[STORE_ERROR_BYTES];
    if (run->claim != NULL && claim_run_id(run->claim) > 0)
        (void)claim_end(run->claim, exit_code, false, error);
}

static int turn(struct run *run)
{
    db_close(run->db);
    run->db = NULL;
    run_forecast_look(run);
    int exit_code = run_lanes(run);
    if (exit_code != JOB_DONE) {
        end_unbegun(run, exit_code);
        return exit_code;
    }
    run_report_end_try(&run->report, clock_now_ns());
    run_forecast_look(run);
    for (uint32_t i = 0; i < run->partition_count; i++) {
        run_trace_end(run->traces[i], run->partitions[i].settle);
        run_report_add(&run->report, run->partitions[i].settle);
    }
    remember(run);
    if (run_end_of(run) != SETTLE_END_GONE)
        return finish(run);
    // As far as it is known until the database tells.
    struct settle_counts counts = run_end_counts(run);
    run_report_done_before(&run->report,
                           run->report.done_before + counts.settled + counts.ended + counts.parked);
    job_warn(NULL, "lost: %s", loss_of(run));
    run->lost = true;
    return JOB_TRY_AGAIN;
}

int run_try_once(struct run *run)
{
    run->lost = false;
    int exit_code = lock_batch(run);
    if (exit_code == JOB_DONE)
        exit_code = prepare_banks(run);
    if (exit_code == JOB_DONE)
        run_forecast_begin(run); // before the claim: nobody waits for a heartbeat meanwhile
    if (exit_code == JOB_DONE)
        exit_code = take_batch(run);
    if (exit_code == JOB_DONE && run->on_taken != NULL)
        exit_code = run->on_taken(run);
    if (exit_code == JOB_DONE) {
        run_forecast_ask(run);
        exit_code = open_partitions(run);
    }
    if (exit_code == JOB_DONE)
        exit_code = turn(run);
    else
        end_unbegun(run, exit_code);
    close_try(run);
    return exit_code;
}
