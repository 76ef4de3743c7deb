#include "jobs/run_batch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "jobs/report.h"
#include "jobs/run_end.h"
#include "jobs/run_summary.h"
#include "jobs/run_trace.h"
#include "jobs/run_try.h"
#include "jobs/zone.h"
#include "real/claim_check.h"
#include "real/clock.h"
#include "real/pg.h"
#include "sql.h"

#define PAUSE_SLICE_NS (50 * NS_PER_MS)
#define GIVE_WAY_NS (NS_PER_S / 4) /* to who ended our session, and stands in line for the lock */

/* Set by the first signal: drain and stop. */
static volatile sig_atomic_t run_stop;

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

/* ---- tries ---- */

/* A wait that a stop ends, also one that came just before it: nothing else can be waited for here,
   for there is no session that could tell. */
static void pause_ns(uint64_t wait_ns)
{
    const struct timespec slice = {.tv_nsec = PAUSE_SLICE_NS};
    uint64_t until_ns = clock_now_ns() + wait_ns;
    while (!run_stop && clock_now_ns() < until_ns)
        nanosleep(&slice, NULL);
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
    int exit_code = run_try_reopen_db(run);
    run->lost = exit_code == JOB_TRY_AGAIN || exit_code == JOB_UNREACHABLE;
    return exit_code == JOB_DONE ? run_try_once(run) : exit_code;
}

static int run_tries(struct run *run)
{
    int exit_code = run_try_once(run);
    // What refuses the very first start is told as it is.
    bool began = run->report.took_ns > 0;
    while (run->lost && began && !run_stop && run->report.restarts < run->config->restarts)
        exit_code = start_over(run);
    if (run->lost && began)
        return job_fail(FAIL_GAVE_UP, "run the same command again: it goes on where it was",
                        "the run gave up after %u new starts", run->report.restarts);
    return exit_code;
}

/* ---- start ---- */

/* Once for all tries. */
static void choose_io(struct run *run)
{
    struct run_report *report = &run->report;
    enum ring_io wanted = (enum ring_io)run->config->io;
    report->io = ring_choose(wanted, report->io_reason);
    if (wanted != RING_AUTO)
        snprintf(report->io_reason, sizeof report->io_reason, "run.io is %s", ring_io_name(wanted));
}

static void tell_io(const struct run_report *report)
{
    if (!report->quiet)
        fprintf(stderr, "daybook: io: %s%s%s\n", ring_io_name(report->io),
                report->io_reason[0] != '\0' ? ", for " : "", report->io_reason);
}

static void prepare_report(struct run *run)
{
    struct run_report *report = &run->report;
    *report = (struct run_report){
        .batch = &run->batch,
        .quiet = run->is_quiet || run->is_silent,
        .live = report_is_live(stderr),
        .coloured = report_is_coloured(stderr, job_number(run->job, "color")),
        .json = job_number(run->job, "output") == 1,
    };
    choose_io(run);
    run->has_zone = zone_use(run->config->time_zone); // before there are other threads
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
        exit_code =
            job_fail(FAIL_LOGIN_TOO_STRONG, hint, "the database login %s %s", name, too_much);
    else if (too_much[0] != '\0' && !run->is_quiet && !run->is_silent)
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
    exit_code = batch_find(run->db, run->cohort, run->date, &run->batch);
    if (exit_code == JOB_DONE)
        exit_code = run_heads_open(&run->heads, run->job, run->config, run->db, &run->batch);
    return exit_code;
}

/* No claim comes to look at them. */
static int check_heads(struct run *run)
{
    char error[STORE_ERROR_BYTES] = "";
    const struct claim_config batch = {.batch_id = run->batch.batch_id};
    for (uint32_t i = 0; i < run->heads.count; i++) {
        enum status status =
            claim_check_known(db_connection(run->db), &batch, &run->heads.known[i], error);
        if (status != STATUS_OK)
            return run_end_fail_status(run, status, error);
    }
    return JOB_DONE;
}

static int tell_closed(struct run *run)
{
    int exit_code = check_heads(run);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (!batch_count(run->db, &run->batch, &run->counts))
        return db_exit_code(run->db);
    exit_code = batch_exit_code(&run->counts, false);
    if (!run->report.quiet && !run->report.json)
        run_summary_print_closed(&run->batch, &run->counts);
    if (run->report.json && !run_report_summary(&run->report, run->db, &run->counts, exit_code))
        return db_exit_code(run->db);
    return exit_code;
}

static int settle_batch(struct run *run)
{
    int exit_code = prepare(run);
    if (exit_code != JOB_DONE)
        return exit_code;
    prepare_report(run);
    // Closed: nothing to do, but for what somebody asks about it.
    if (run->scope == SETTLE_ALL && run->batch.closed && !run->batch.is_asked)
        return tell_closed(run);
    exit_code = run_trace_open(run->job, run->traces, run->batch.partitions);
    if (exit_code != JOB_DONE)
        return exit_code;
    tell_io(&run->report);
    catch_signals();
    exit_code = run_tries(run);
    run_trace_close(run->traces, run->batch.partitions);
    run_forecast_keep(run);
    bool is_ended =
        exit_code <= JOB_IN_DOUBT || (exit_code == JOB_INTERNAL && run->report.total.refused > 0);
    if (is_ended && !run->is_silent &&
        !run_report_summary(&run->report, run->db, &run->counts, exit_code))
        return db_exit_code(run->db);
    return exit_code;
}

int run_batch_open(struct run *run)
{
    int exit_code = JOB_DONE;
    run->stop = &run_stop;
    run->is_quiet = job_flag(run->job, "quiet");
    run->deadline_at_ns = AT_NEVER;
    run->hash = hash_open();
    CHECK(run->hash != NULL);
    run->config = config_open(run->job, &exit_code);
    if (run->config == NULL)
        return exit_code;
    run->conninfo = db_conninfo(run->config);
    if (run->conninfo == NULL)
        return JOB_BAD_CONFIG;
    run->db = run_try_open_db(run, &exit_code);
    return run->db != NULL ? JOB_DONE : exit_code;
}

int run_batch(struct run *run, const char *cohort, const char *date)
{
    run->cohort = cohort;
    run->date = date;
    if (run->db == NULL) { // an earlier one's tries were over, and its session with them
        int exit_code;
        run->db = run_try_open_db(run, &exit_code);
        if (run->db == NULL)
            return exit_code;
    }
    int exit_code = settle_batch(run);
    run_heads_close(&run->heads);
    run_banks_close(&run->banks);
    return exit_code;
}

void run_batch_close(struct run *run)
{
    hash_close(run->hash);
    db_close(run->db);
    db_conninfo_free(run->conninfo);
    config_close(run->config);
}
