/* run: settle a batch, or go on with it. Every start is a resume. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "base/time.h"
#include "core/course.h"
#include "jobs/people.h"
#include "jobs/report.h"
#include "jobs/run_banks.h"
#include "jobs/run_heads.h"
#include "jobs/run_report.h"
#include "jobs/run_trace.h"
#include "real/claim.h"
#include "real/clock.h"
#include "real/lane.h"
#include "real/pg.h"
#include "real/store.h"
#include "sql.h"

#define LIVE_EVERY_NS (NS_PER_S / 10)
#define RAISE_WAIT_NS (30 * NS_PER_S)
#define GIVE_WAY_NS (NS_PER_S / 4) /* to who ended our session, and stands in line for the lock */

struct run {
    struct job *job;
    struct config *config;
    char *conninfo;
    struct db *db;
    struct batch batch;
    struct batch_counts counts;
    struct run_banks banks;
    struct run_report report;
    struct trace_file *trace; /* NULL: none was asked for */
    uint64_t deadline_at_ns;
    struct claim_former former;
    struct run_heads heads;
    /* one try */
    bool lost; /* the database: may start over */
    struct hash *hash;
    struct claim *claim;
    struct store *store;
    struct settle *settle;
    struct lane *lane;
    void *memory;
    size_t memory_bytes;
};

/* Set by the first signal: drain and stop. */
static volatile int run_stop;

/* A second one, whichever, ends the process at once, which loses nothing. */
static void on_signal(int number)
{
    if (run_stop != 0) {
        signal(number, SIG_DFL);
        raise(number);
    }
    run_stop = 1;
}

/* A terminal or a pipe that is gone is no reason to stop paying. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* ---- errors of the engine's parts ---- */

/* Their texts may end in a line "HINT: …". */
static int fail_text(int exit_code, char *error)
{
    char *hint = strstr(error, "\nHINT: ");
    if (hint != NULL) {
        *hint = '\0';
        hint += 7;
    }
    return job_fail(exit_code, hint, "%s", error);
}

static int exit_of_status(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_STORE_ALREADY:
        return JOB_DONE;
    case STATUS_OWNED:
    case STATUS_STORE_FENCED:
        return JOB_OWNED;
    case STATUS_UNREACHABLE:
    case STATUS_STORE_BEHIND:
        return JOB_UNREACHABLE;
    case STATUS_STORE_BUSY:
    case STATUS_STORE_LOST:
        return JOB_TRY_AGAIN;
    case STATUS_STORE_DENIED:
        return JOB_DENIED;
    case STATUS_BAD_INPUT:
        return JOB_BAD_INPUT;
    case STATUS_BAD_CONFIG:
        return JOB_BAD_CONFIG;
    case STATUS_STORE_DIFFERS:
    case STATUS_STORE_REFUSED:
    case STATUS_STORE_TWICE:
    case STATUS_STORE_BROKEN:
    case STATUS_INTERNAL:
        return JOB_INTERNAL;
    }
    CHECK(false);
    return JOB_INTERNAL;
}

/* What a further start may find mended. */
static bool may_start_over(enum status status)
{
    return status == STATUS_STORE_BUSY || status == STATUS_STORE_LOST ||
           status == STATUS_UNREACHABLE;
}

static int fail_status(struct run *run, enum status status, char *error)
{
    run->lost = may_start_over(status);
    return fail_text(exit_of_status(status), error);
}

/* ---- one try: from the claim to the lane's end ---- */

static struct settle_config settle_config_of(const struct run *run)
{
    const struct config *config = run->config;
    struct settle_config settle = {
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
        // Whoever took over from this run meanwhile was meant to.
        .take_over = job_flag(run->job, "take-over") && run->report.restarts == 0,
        .lock_wait_ns = (uint64_t)config->lock_wait_ns,
        .stale_ns = (uint64_t)config->stale_after_ns,
        .heartbeat_ns = (uint64_t)config->heartbeat_ns,
        .raise_wait_ns = RAISE_WAIT_NS,
        .answer_ns = (uint64_t)config->answer_within_ns,
        .host = people_host(),
        .run_kind = run->batch.has_run ? "resume" : "run",
        .operator_name = people_operator(),
        .former = &run->former,
        .stop = &run_stop,
    };
    enum status status = claim_open(&claim, &run->claim, error);
    if (status == STATUS_OWNED && run_stop)
        return job_fail(JOB_STOPPED, NULL, "stopped before it began");
    return status == STATUS_OK ? JOB_DONE : fail_status(run, status, error);
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
        return fail_status(run, status, error);
    // Read before the claim froze it: banks and counts would be those of another plan.
    if (claim_revision(run->claim) != strtoul(run->batch.revision, NULL, 10))
        return job_fail(JOB_TRY_AGAIN, "run the same command again: it reads the new plan",
                        "batch %s %s: its plan was replaced while this run began",
                        run->batch.cohort, run->batch.date);
    if (claim_partitions(run->claim) != 1)
        return job_fail(JOB_INTERNAL, "use the newer daybook that planned it",
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
    return run->store != NULL ? JOB_DONE : fail_status(run, STATUS_STORE_LOST, error);
}

/* All memory of the core at once, sized by a dry run. */
static int make_core(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    struct settle_config config = settle_config_of(run);
    struct settle_start start;
    struct arena arena;
    enum status status = claim_start(run->claim, 0, &start, clock_now_ns(), error);
    if (status != STATUS_OK)
        return fail_status(run, status, error);
    uint64_t now_ns = clock_now_ns();
    arena_init(&arena, NULL, 0);
    settle_init(&arena, run->hash, &config, &start, now_ns);
    run->memory_bytes = arena.used_bytes;
    run->memory =
        mmap(NULL, run->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (run->memory == MAP_FAILED) {
        run->memory = NULL;
        return job_fail(JOB_TRY_AGAIN, "lower run.slots or run.chunk_records",
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
        .stop = &run_stop,
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
    return run->lane != NULL ? JOB_DONE : fail_text(JOB_UNREACHABLE, error);
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

/* It went to its end, though the database would not have some records: a defect of ours. */
static bool is_refused(const struct run *run)
{
    enum settle_end end = settle_end(run->settle);
    return run->report.total.refused > 0 && end != SETTLE_END_FATAL && end != SETTLE_END_GONE;
}

/* The whole batch decides, not only what this run did. But what was surely not done is not in
   doubt, and only the core can tell: in the database both are intents without an outcome. */
static int exit_of_end(const struct run *run)
{
    const struct settle_counts *counts = settle_counts(run->settle);
    const struct batch_counts *batch = &run->counts;
    enum settle_end end = settle_end(run->settle);
    // Who ended before it knew all of them cannot tell: then each intent without an outcome counts.
    uint64_t unknown = counts->has_all ? 0 : batch->in_doubt;
    bool is_in_doubt = counts->in_doubt + batch->parked_in_doubt + unknown > 0;
    if (is_refused(run))
        return JOB_INTERNAL;
    switch (end) {
    case SETTLE_END_FATAL:
        return exit_of_status(counts->fatal);
    case SETTLE_END_GONE:
        return JOB_TRY_AGAIN;
    case SETTLE_END_STOPPED:
        return is_in_doubt ? JOB_IN_DOUBT : JOB_STOPPED;
    case SETTLE_END_DEADLINE:
        if (!is_in_doubt && batch->active > batch->pending)
            return JOB_STOPPED;
        return batch_exit_code(batch, is_in_doubt);
    case SETTLE_END_NONE:
    case SETTLE_END_COMPLETE:
    case SETTLE_END_DOUBT:
        return batch_exit_code(batch, is_in_doubt);
    }
    CHECK(false);
    return JOB_INTERNAL;
}

/* Nothing that a run asks may hang it. */
static struct db *open_db(const struct run *run, int *exit_code)
{
    struct db *db = db_open(run->config, "daybook run", exit_code);
    if (db != NULL)
        db_answer_within(db, CLAIM_COUNT_FACTOR * (uint64_t)run->config->answer_within_ns);
    return db;
}

/* A session of its own for what is asked between the tries: none lies idle through a payday, to be
   lost in its last second. */
static int look_again(struct run *run)
{
    int exit_code;
    db_close(run->db);
    run->db = open_db(run, &exit_code);
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
    int exit_code = look_again(run);
    if (exit_code != JOB_DONE) {
        run->lost = exit_code == JOB_UNREACHABLE || exit_code == JOB_TRY_AGAIN;
        return exit_code;
    }
    exit_code = exit_of_end(run);
    if (settle_end(run->settle) == SETTLE_END_FATAL) {
        enum status fatal = settle_counts(run->settle)->fatal;
        job_fail(exit_code, fatal == STATUS_STORE_FENCED ? NULL : "run `daybook verify`",
                 "the run ended: %s: %s", status_text(fatal), store_error(run->store));
    }
    if (is_refused(run))
        job_fail(exit_code, "`daybook show` lists them; report this with the database's log",
                 "the database refused records of %" PRIu64
                 " settlements: parked as %s; the rest went on",
                 run->report.total.refused, PARK_RECORD_REFUSED);
    enum status status = claim_finish(run->claim, run->settle, 0, error);
    if (status == STATUS_OK || exit_code == JOB_INTERNAL)
        status = claim_end(run->claim, exit_code, error);
    return status == STATUS_OK || exit_code == JOB_INTERNAL ? exit_code
                                                            : fail_status(run, status, error);
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

static int try_once(struct run *run)
{
    run->lost = false;
    int exit_code = lock_batch(run);
    if (exit_code == JOB_DONE)
        exit_code = prepare_banks(run);
    if (exit_code == JOB_DONE)
        exit_code = take_batch(run);
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

/* Ended early by a signal. */
static void pause_ns(uint64_t wait_ns)
{
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                            .tv_nsec = (long)(wait_ns % NS_PER_S)};
    nanosleep(&wait, NULL);
}

/* Twice as long before each new start, up to the cap; whoever ended our session comes first. */
static void wait_before(const struct run *run)
{
    uint64_t wait_ns = (uint64_t)run->config->retry_base_ns;
    for (uint32_t i = 0; i < run->report.restarts; i++)
        wait_ns *= wait_ns < (uint64_t)run->config->retry_cap_ns ? 2 : 1;
    if (wait_ns > (uint64_t)run->config->retry_cap_ns)
        wait_ns = (uint64_t)run->config->retry_cap_ns;
    pause_ns(wait_ns > GIVE_WAY_NS ? wait_ns : GIVE_WAY_NS);
}

/* A server that recovers from a crash refuses connections for a while. */
static void wait_for_database(const struct run *run)
{
    uint64_t until_ns = clock_now_ns() + (uint64_t)run->config->database_wait_ns;
    while (!run_stop && clock_now_ns() < until_ns && !pg_is_up(run->conninfo))
        pause_ns(NS_PER_S / 5);
}

static int start_over(struct run *run)
{
    wait_before(run);
    wait_for_database(run);
    run->report.restarts++;
    run->batch.has_run = true;
    job_warn(NULL, "starting over from the claim (%u of %lld)", run->report.restarts,
             (long long)run->config->restarts);
    int exit_code = look_again(run);
    run->lost = exit_code == JOB_TRY_AGAIN || exit_code == JOB_UNREACHABLE;
    if (exit_code != JOB_DONE)
        return exit_code;
    run->report.done_before = run->counts.settled + run->counts.parked;
    return try_once(run);
}

static int run_tries(struct run *run)
{
    int exit_code = try_once(run);
    // What refuses the very first start is told as it is.
    bool began = run->report.took_ns > 0;
    while (run->lost && began && !run_stop && run->report.restarts < run->config->restarts)
        exit_code = start_over(run);
    if (run->lost && began)
        return job_fail(JOB_TRY_AGAIN, "run the same command again: it goes on where it was",
                        "the run gave up after %u new starts", run->report.restarts);
    return exit_code;
}

/* ---- start ---- */

static int read_deadline(struct run *run)
{
    char minutes[24];
    run->deadline_at_ns = AT_NEVER;
    if (!job_given(run->job, "deadline"))
        return JOB_DONE;
    snprintf(minutes, sizeof minutes, "%lld", (long long)job_number(run->job, "deadline"));
    const char *const params[] = {minutes, run->config->time_zone};
    PGresult *result = db_query(run->db, sql_run_deadline, 2, params);
    if (result == NULL)
        return db_exit_code(run->db);
    int64_t left_us = db_int(result, 0, 0);
    PQclear(result);
    run->deadline_at_ns = clock_now_ns() + (left_us > 0 ? (uint64_t)left_us * NS_PER_US : 0);
    return JOB_DONE;
}

static void prepare_report(struct run *run)
{
    struct run_report *report = &run->report;
    *report = (struct run_report){
        .batch = &run->batch,
        .quiet = job_flag(run->job, "quiet"),
        .live = report_is_live(stderr),
        .coloured = report_is_coloured(stderr, job_number(run->job, "color")),
        .json = job_number(run->job, "output") == 1,
        .done_before = run->counts.settled + run->counts.parked,
    };
    run_report_begin(report, clock_now_ns());
}

/* What an engine's login must not be able to do, it cannot be made to do. */
static int check_login(const struct run *run)
{
    static const char hint[] = "make a login for the engine: CREATE ROLE NAME LOGIN; GRANT "
                               "daybook_engine TO NAME (claim.login: any, to leave it so)";
    if (run->config->login == CONFIG_LOGIN_ANY)
        return JOB_DONE;
    PGresult *result = db_query(run->db, sql_run_login, 0, NULL);
    if (result == NULL)
        return db_exit_code(run->db);
    int exit_code = JOB_DONE;
    const char *name = db_text(result, 0, 0), *too_much = db_text(result, 0, 1);
    if (too_much[0] != '\0' && run->config->login == CONFIG_LOGIN_REFUSE)
        exit_code = job_fail(JOB_DENIED, hint, "the database login %s %s", name, too_much);
    else if (too_much[0] != '\0' && !job_flag(run->job, "quiet"))
        job_warn(hint, "the database login %s %s", name, too_much);
    PQclear(result);
    return exit_code;
}

static int prepare(struct run *run)
{
    if (!db_check_schema(run->db))
        return db_exit_code(run->db);
    int exit_code = check_login(run);
    if (exit_code != JOB_DONE)
        return exit_code;
    exit_code =
        batch_find(run->db, job_operand(run->job, 0), job_text(run->job, "date"), &run->batch);
    if (exit_code == JOB_DONE && !batch_count(run->db, &run->batch, &run->counts))
        exit_code = db_exit_code(run->db);
    if (exit_code == JOB_DONE)
        exit_code = run_heads_open(&run->heads, run->job, run->config, run->db, &run->batch);
    return exit_code;
}

static int run_batch(struct run *run)
{
    int exit_code = prepare(run);
    if (exit_code != JOB_DONE)
        return exit_code;
    prepare_report(run);
    if (run->counts.settled == run->counts.accounts && run->batch.closed) {
        if (!run->report.quiet && !run->report.json)
            printf("%s %s: nothing to do, all %u accounts are settled\n", run->batch.cohort,
                   run->batch.date, run->batch.accounts);
        if (run->report.json && !run_report_summary(&run->report, run->db, &run->counts, JOB_DONE))
            return db_exit_code(run->db);
        return JOB_DONE;
    }
    exit_code = read_deadline(run);
    if (exit_code != JOB_DONE)
        return exit_code;
    exit_code = run_trace_open(run->job, &run->trace);
    if (exit_code != JOB_DONE)
        return exit_code;
    catch_signals();
    exit_code = run_tries(run);
    run_trace_close(run->trace);
    bool is_ended =
        exit_code <= JOB_IN_DOUBT || (exit_code == JOB_INTERNAL && run->report.total.refused > 0);
    if (is_ended && !run_report_summary(&run->report, run->db, &run->counts, exit_code))
        return db_exit_code(run->db);
    return exit_code;
}

int job_run(struct job *job)
{
    int exit_code;
    struct run run = {.job = job};
    run.config = config_open(job, &exit_code);
    if (run.config == NULL)
        return exit_code;
    run.conninfo = db_conninfo(run.config);
    run.db = run.conninfo == NULL ? NULL : open_db(&run, &exit_code);
    if (run.conninfo == NULL)
        exit_code = JOB_BAD_CONFIG;
    if (run.db != NULL) {
        run.hash = hash_open();
        CHECK(run.hash != NULL);
        exit_code = run_batch(&run);
        hash_close(run.hash);
    }
    run_heads_close(&run.heads);
    run_banks_close(&run.banks);
    db_close(run.db);
    db_conninfo_free(run.conninfo);
    config_close(run.config);
    return exit_code;
}
