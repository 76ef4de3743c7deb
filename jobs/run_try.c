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

struct settle_config run_try_settle_config(const struct run *run)
{
    const struct config *config = run->config;
    struct settle_config settle = {
        .scope = run->scope,
        .bank_count = run->banks.count,
        .slots = (uint32_t)config->slots,
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
    for (uint32_t i = 0; i < run->banks.count; i++)
        settle.banks[i] = run->banks.banks[i].rules;
    while (getrandom(&settle.seed, sizeof settle.seed, 0) != (ssize_t)sizeof settle.seed)
        CHECK(errno == EINTR);
    return settle;
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
        return job_fail(run->counts.in_doubt > 0 ? JOB_IN_DOUBT : JOB_STOPPED, NULL,
                        "stopped before it began");
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
    if (claim_partitions(run->claim) != 1)
        return job_fail(FAIL_PARTITIONS, "use the newer daybook that planned it",
                        "the batch has %u partitions, this program runs one",
                        claim_partitions(run->claim));
    return JOB_DONE;
}

static int open_store(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    struct store_config store = {
        .conninfo = run->conninfo,
        .answer_ns = (uint64_t)run->config->answer_within_ns,
        .batch_id = run->batch.batch_id,
        .partition = 0,
        .epoch = claim_epoch(run->claim),
        .plan_revision = claim_revision(run->claim),
        .bank_count = run->banks.count,
        .hash = run->hash,
    };
    for (uint32_t i = 0; i < run->banks.count; i++) {
        const struct run_bank *bank = &run->banks.banks[i];
        store.banks[i] = (struct store_bank){
            .name = bank->name, .profile = bank->profile, .profile_id = bank->profile_id};
    }
    run->store = store_open(&store, error);
    return run->store != NULL ? JOB_DONE : run_end_fail_status(run, STATUS_STORE_LOST, error);
}

/* All memory of the core at once, sized by a dry run. */
static int make_core(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    struct settle_config config = run_try_settle_config(run);
    struct settle_start start;
    struct arena arena;
    enum status status = claim_start(run->claim, 0, &start, clock_now_ns(), error);
    if (status != STATUS_OK)
        return run_end_fail_status(run, status, error);
    uint64_t now_ns = clock_now_ns();
    arena_init(&arena, NULL, 0);
    settle_init(&arena, run->hash, &config, &start, now_ns);
    run->memory_bytes = arena.used_bytes;
    run->memory =
        mmap(NULL, run->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (run->memory == MAP_FAILED) {
        run->memory = NULL;
        return job_fail(FAIL_NO_MEMORY, "lower run.slots or run.chunk_records",
                        "no memory for %zu bytes", run->memory_bytes);
    }
    arena_init(&arena, run->memory, run->memory_bytes);
    run->settle = settle_init(&arena, run->hash, &config, &start, now_ns);
    arena_seal(&arena);
    run_trace_claim(run->trace, &start);
    return JOB_DONE;
}

static int open_lane(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    struct lane_config lane = {
        .bank_count = run->banks.count,
        .store = run->store,
        .claim = run->claim,
        .settle = run->settle,
        .hash = run->hash,
        .progress = run->report.quiet ? NULL : run_report_progress,
        .progress_context = &run->report,
        .progress_ns = run->report.live ? LIVE_EVERY_NS : (uint64_t)run->config->progress_every_ns,
        .trace = run->trace,
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
            .connections_max = bank->connections,
        };
    }
    run->lane = lane_open(&lane, error);
    return run->lane != NULL ? JOB_DONE : run_end_fail(FAIL_MACHINE, error);
}

/* Everything of one try; the lane first, so that no bank connection outlives the claim. */
static void close_try(struct run *run)
{
    if (run->lane != NULL)
        lane_close(run->lane);
    if (run->store != NULL)
        store_close(run->store);
    if (run->claim != NULL)
        claim_close(run->claim);
    if (run->memory != NULL)
        munmap(run->memory, run->memory_bytes);
    run->lane = NULL;
    run->store = NULL;
    run->claim = NULL;
    run->memory = NULL;
    run->settle = NULL;
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
int run_try_look(struct run *run)
{
    int exit_code;
    db_close(run->db);
    run->db = run_try_open_db(run, &exit_code);
    if (exit_code == JOB_DONE && !batch_count(run->db, &run->batch, &run->counts))
        exit_code = db_exit_code(run->db);
    return exit_code;
}

static void remember(struct run *run)
{
    struct digest hash;
    uint32_t chunk = settle_head(run->settle, &hash);
    run_heads_note(&run->heads, 0, chunk, &hash);
    run_heads_save(&run->heads);
}

static int finish(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    int exit_code = run_try_look(run);
    if (exit_code != JOB_DONE) {
        run->lost = exit_code == JOB_UNREACHABLE || exit_code == JOB_TRY_AGAIN;
        return exit_code;
    }
    exit_code = run_end_exit_code(run);
    if (settle_end(run->settle) == SETTLE_END_FATAL) {
        enum status fatal = settle_counts(run->settle)->fatal;
        job_fail(run_end_failure(fatal),
                 fatal == STATUS_STORE_FENCED ? NULL : "run `daybook verify`",
                 "the run ended: %s: %s", status_text(fatal), store_error(run->store));
    }
    if (run_end_is_refused(run))
        job_fail(FAIL_RECORDS_REFUSED,
                 "`daybook show` lists them; report this with the database's log",
                 "the database refused records of %" PRIu64
                 " settlements: parked as %s; the rest went on",
                 run->report.total.refused, PARK_RECORD_REFUSED);
    enum status status = claim_finish(run->claim, run->settle, 0, error);
    if (status == STATUS_OK || exit_code == JOB_INTERNAL)
        status = claim_end(run->claim, exit_code, error);
    return status == STATUS_OK || exit_code == JOB_INTERNAL
               ? exit_code
               : run_end_fail_status(run, status, error);
}

static const char *loss_of(const struct run *run)
{
    if (claim_error(run->claim)[0] != '\0')
        return claim_error(run->claim);
    const char *error = store_error(run->store);
    return error[0] != '\0' ? error : "the session that holds the batch";
}

static int turn(struct run *run)
{
    db_close(run->db);
    run->db = NULL;
    lane_run(run->lane);
    run_trace_end(run->trace, run->settle);
    run_report_add(&run->report, run->settle, clock_now_ns());
    remember(run);
    if (settle_end(run->settle) != SETTLE_END_GONE)
        return finish(run);
    job_warn(NULL, "lost: %s", loss_of(run));
    run->lost = true;
    return JOB_TRY_AGAIN;
}

/* A run that told of itself and cannot begin tells that, too. */
static void end_unbegun(struct run *run, int exit_code)
{
    char error[STORE_ERROR_BYTES];
    if (run->claim != NULL && claim_run_id(run->claim) > 0)
        (void)claim_end(run->claim, exit_code, error);
}

int run_try_once(struct run *run)
{
    run->lost = false;
    int exit_code = lock_batch(run);
    if (exit_code == JOB_DONE)
        exit_code = prepare_banks(run);
    if (exit_code == JOB_DONE)
        exit_code = take_batch(run);
    if (exit_code == JOB_DONE && run->on_taken != NULL)
        exit_code = run->on_taken(run);
    if (exit_code == JOB_DONE)
        exit_code = make_core(run);
    if (exit_code == JOB_DONE)
        exit_code = open_store(run);
    if (exit_code == JOB_DONE)
        exit_code = open_lane(run);
    if (exit_code == JOB_DONE)
        exit_code = turn(run);
    else
        end_unbegun(run, exit_code);
    close_try(run);
    return exit_code;
}
