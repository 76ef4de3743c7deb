/* One repeat: a database, people, a bank, a warm-up, the run that is measured, and its trace. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/bench_files.h"
#include "jobs/child.h"
#include "jobs/db.h"
#include "jobs/file.h"
#include "jobs/proc.h"
#include "jobs/trace_stream.h"
#include "real/clock.h"
#include "sql.h"

#define TRACE_FILE "run.trace"
#define BOOK_FILE "bank-book.csv"
#define NUMBER_BYTES 32
/* An open loop begins so long after its bank: the run has started, and asked for each once. */
#define LEAD_NS (NS_PER_S + NS_PER_S / 2)
#define LEAD_EACH_NS (50 * NS_PER_US)
#define GRACE_S 600U /* for what is left when the last deposit has come */

struct once {
    struct bench *bench;
    const struct bench_point *point;
    struct bench_run *run;
    char cohort[BENCH_COHORT_BYTES], warm_cohort[BENCH_COHORT_BYTES];
    char *bank_file, *book_file, *trace_file;
    struct bench_bank bank;
    uint64_t begins_at_ns; /* open loop: the first deposit lands */
};

static bool is_open_loop(const struct once *once)
{
    return once->point->rate_per_s > 0;
}

/* ---- people and the database ----------------------------------------------------------------- */

/* Where the database stays, names of each run are its own. */
static void choose_names(struct once *once)
{
    const struct bench *bench = once->bench;
    // At a bank that stays, the same names would be the same keys, and nothing would be paid.
    bool stays = bench->cluster == NULL || bench->workload.bank != NULL;
    if (stays)
        snprintf(once->cohort, sizeof once->cohort, BENCH_PREFIX "%s-%u", bench->mark, bench->runs);
    else
        snprintf(once->cohort, sizeof once->cohort, BENCH_PREFIX "%u", bench->runs);
    snprintf(once->warm_cohort, sizeof once->warm_cohort, "%.38sw", once->cohort);
}

static int import_file(const struct once *once, const char *cohort, const char *file)
{
    struct bench_words words = {.count = 0};
    bench_say(&words, "import");
    bench_say_option(&words, "--date", once->bench->date);
    bench_say(&words, "--quiet");
    bench_say(&words, cohort);
    bench_say(&words, file);
    return bench_command(once->bench, &words);
}

static int import_people(struct once *once, const char *cohort, uint32_t count, uint32_t rate_per_s,
                         bool begin)
{
    const struct bench *bench = once->bench;
    struct bench_people people = {
        .name = cohort, .count = count, .seed = bench->workload.seed, .rate_per_s = rate_per_s};
    char name[BENCH_COHORT_BYTES + 8];
    if (!bench_files_people(bench->folder, &people, begin))
        return JOB_TRY_AGAIN;
    snprintf(name, sizeof name, "%s.csv", cohort);
    char *file = file_in(bench->folder, name);
    int exit_code = import_file(once, cohort, file);
    free(file);
    return exit_code;
}

static int import_all(struct once *once)
{
    const struct bench_workload *workload = &once->bench->workload;
    if (workload->bank != NULL)
        return import_file(once, once->cohort,
                           job_text_at(once->bench->job, "accounts-file", once->bench->runs - 1));
    int exit_code =
        import_people(once, once->cohort, workload->accounts, once->point->rate_per_s, true);
    if (exit_code == JOB_DONE && workload->warm_up > 0)
        exit_code = import_people(once, once->warm_cohort, workload->warm_up, 0, false);
    return exit_code;
}

static struct db *open_session(int *exit_code)
{
    char *database = strdup(getenv("DAYBOOK_DATABASE"));
    CHECK(database != NULL);
    struct config config = {.database = database,
                            .database_password = getenv("DAYBOOK_DATABASE_PASSWORD")};
    struct db *db = db_open(&config, "daybook bench", exit_code);
    free(database);
    return db;
}

/* What the imports left to be written is not the run's. */
static int checkpoint(const struct once *once)
{
    int exit_code;
    if (once->bench->cluster == NULL)
        return JOB_DONE;
    struct db *db = open_session(&exit_code);
    if (db != NULL && !db_script(db, "CHECKPOINT"))
        exit_code = db_exit_code(db);
    db_close(db);
    return exit_code;
}

/* ---- the bank -------------------------------------------------------------------------------- */

static int start_bank(struct once *once)
{
    const struct bench *bench = once->bench;
    const struct bench_workload *workload = &bench->workload;
    char latency[NUMBER_BYTES], spread[NUMBER_BYTES], rate[NUMBER_BYTES], burst[NUMBER_BYTES],
        seed[NUMBER_BYTES], from[NUMBER_BYTES];
    struct bench_words words = {.count = 0};
    const char *fault;
    // The bank counts arrivals, which come less evenly than we hand over: it allows a tenth more.
    snprintf(rate, sizeof rate, "%u", workload->bank_rate_per_s + workload->bank_rate_per_s / 10);
    snprintf(burst, sizeof burst, "%u", 2 * workload->bank_burst);
    snprintf(latency, sizeof latency, "%" PRIu64 "ns", once->point->latency_ns);
    snprintf(spread, sizeof spread, "%" PRIu64 "ns", workload->spread_ns);
    snprintf(seed, sizeof seed, "%" PRIu64, workload->seed);
    snprintf(from, sizeof from, "%" PRIu64, once->begins_at_ns);
    bench_say(&words, "mockbank");
    bench_say_option(&words, "--listen", "127.0.0.1:0");
    bench_say_option(&words, "--accounts", once->bank_file);
    bench_say_option(&words, "--book", once->book_file);
    bench_say_option(&words, "--latency", latency);
    bench_say_option(&words, "--spread", spread);
    bench_say_option(&words, "--rate", rate);
    bench_say_option(&words, "--burst", burst);
    bench_say_option(&words, "--seed", seed);
    bench_say_option(&words, "--arrivals-from", from);
    for (size_t i = 0; (fault = job_text_at(bench->job, "fault", i)) != NULL; i++)
        bench_say_option(&words, "--fault", fault);
    bench_say(&words, "--die-with-parent");
    int exit_code = bench_bank_start(bench, &words, &once->bank);
    if (exit_code == JOB_DONE && !bench_files_config(bench, once->point, once->bank.port))
        exit_code = JOB_TRY_AGAIN;
    return exit_code;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* The configuration's keys that the bench itself was given, for a configuration of the user's. */
static void say_settings(const struct once *once, struct bench_words *words,
                         char texts[4][2 * NUMBER_BYTES])
{
    const struct bench *bench = once->bench;
    const struct bench_point *point = once->point;
    const char *set;
    if (bench->workload.bank != NULL) {
        snprintf(texts[0], sizeof texts[0], "run.closing_check=%s", bench->workload.closing_check);
        bench_say_option(words, "--set", texts[0]);
        bench_say_option(words, "--set", "state_folder=none");
        if (point->chunk_records > 0) {
            snprintf(texts[1], sizeof texts[1], "run.chunk_records=%u", point->chunk_records);
            bench_say_option(words, "--set", texts[1]);
        }
        if (point->lanes > 0) {
            snprintf(texts[2], sizeof texts[2], "run.lanes=%u", point->lanes);
            bench_say_option(words, "--set", texts[2]);
        }
        // Unless fewer are asked for, as many as the bank allows and the configuration has.
        if (job_given(bench->job, "connections")) {
            snprintf(texts[3], sizeof texts[3], "banks.%.31s.connections=%u", bench->workload.bank,
                     point->connections);
            bench_say_option(words, "--set", texts[3]);
        }
    }
    for (size_t i = 0; (set = job_text_at(bench->job, "set", i)) != NULL; i++)
        bench_say_option(words, "--set", set);
}

/*
 * A deadline is a time of the day; ours must not fall behind midnight. In a time zone where it is
 * six in the morning now, there are hours left. An open loop has one, for a run without ends when
 * all that came is settled, although more is to come.
 */
static void say_deadline(const struct once *once, struct bench_words *words,
                         char texts[2][2 * NUMBER_BYTES])
{
    if (!is_open_loop(once))
        return;
    int64_t now_s = clock_wall_us() / US_PER_S;
    int hours = 6 - (int)(now_s / 3600 % 24);
    if (hours < -12)
        hours += 24;
    // In these names, what is east of Greenwich is negative.
    snprintf(texts[0], sizeof texts[0], "time_zone=Etc/GMT%+d", -hours);
    uint64_t lasts_s = once->bench->workload.accounts / once->point->rate_per_s;
    uint64_t minutes = 6 * 60 + (uint64_t)(now_s / 60 % 60) + (GRACE_S + 4 * lasts_s) / 60 + 1;
    minutes = minutes < 23 * 60 + 59 ? minutes : 23 * 60 + 59;
    snprintf(texts[1], sizeof texts[1], "%02" PRIu64 ":%02" PRIu64, minutes / 60, minutes % 60);
    bench_say_option(words, "--set", texts[0]);
    bench_say_option(words, "--deadline", texts[1]);
}

static bool carry_out(const struct once *once, const char *cohort, bool is_measured,
                      struct bench_ended *ended)
{
    char settings[4][2 * NUMBER_BYTES], deadline[2][2 * NUMBER_BYTES];
    struct bench_words words = {.count = 0};
    bench_say(&words, "run");
    bench_say(&words, cohort);
    bench_say_option(&words, "--date", once->bench->date);
    bench_say_option(&words, "--output", "json");
    say_settings(once, &words, settings);
    if (is_measured)
        say_deadline(once, &words, deadline);
    if (is_measured && once->run->is_traced)
        bench_say_option(&words, "--trace", once->trace_file);
    return bench_measure(once->bench, &words, ended);
}

static uint64_t member_of(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (uint64_t)value : 0;
}

/* What the run says of itself. */
static int read_summary(struct once *once, const struct bench_ended *ended)
{
    struct bench_run *run = once->run;
    json_t *summary = json_loads(ended->output, 0, NULL);
    const json_t *settlements = json_object_get(summary, "settlements");
    run->settled = member_of(settlements, "settled");
    run->accounts = member_of(settlements, "accounts");
    run->settling_ns = member_of(summary, "took_ns");
    json_decref(summary);
    if (child_signal() != 0)
        return JOB_STOPPED;
    if (ended->exit_code != JOB_DONE && ended->exit_code != JOB_SOME_LEFT &&
        ended->exit_code != JOB_STOPPED && ended->exit_code != JOB_IN_DOUBT)
        return job_fail(ended->exit_code <= JOB_BAD_CONFIG ? ended->exit_code : JOB_INTERNAL, NULL,
                        "the run ended with exit code %d, as told above", ended->exit_code);
    if (run->settled == 0)
        return job_fail(JOB_BAD_INPUT, "the run's own summary, above, says why",
                        "nothing was settled: there is nothing to measure");
    if (run->settled < run->accounts)
        job_warn(NULL, "%" PRIu64 " of %" PRIu64 " accounts were settled; only those count",
                 run->settled, run->accounts);
    return JOB_DONE;
}

static int warm_up(struct once *once)
{
    struct bench_ended ended;
    if (once->bench->workload.warm_up == 0)
        return JOB_DONE;
    if (!carry_out(once, once->warm_cohort, false, &ended))
        return JOB_TRY_AGAIN;
    int exit_code = child_signal() != 0 ? JOB_STOPPED : ended.exit_code;
    free(ended.output);
    if (exit_code == JOB_SOME_LEFT || exit_code == JOB_IN_DOUBT) // of faults that were asked for
        exit_code = JOB_DONE;
    return exit_code;
}

static int measure(struct once *once)
{
    struct bench_run *run = once->run;
    struct bench_ended ended;
    pid_t postgres = once->bench->cluster == NULL ? 0 : cluster_pid(once->bench->cluster);
    uint64_t bank_ns = once->bank.pid > 0 ? proc_cpu_ns(once->bank.pid) : 0;
    uint64_t postgres_ns = postgres > 0 ? proc_family_cpu_ns(postgres) : 0;
    if (!carry_out(once, once->cohort, true, &ended))
        return JOB_TRY_AGAIN;
    run->cpu_ns[BENCH_ENGINE] = ended.cpu_ns;
    run->cpu_ns[BENCH_BANK_SIDE] =
        once->bank.pid > 0 ? proc_cpu_ns(once->bank.pid) - bank_ns : UINT64_MAX;
    run->cpu_ns[BENCH_POSTGRES] =
        postgres > 0 ? proc_family_cpu_ns(postgres) - postgres_ns : UINT64_MAX;
    run->memory_bytes = ended.memory_bytes;
    run->took_ns = ended.took_ns;
    int exit_code = read_summary(once, &ended);
    free(ended.output);
    return exit_code;
}

/* ---- the trace ------------------------------------------------------------------------------- */

/* The last digits of an account of ours: 1, 2, 3 … */
static uint32_t number_of(const PGresult *row)
{
    char text[16] = "";
    int bytes = PQgetlength(row, 0, 1), from = bytes > 7 ? bytes - 7 : 0;
    memcpy(text, PQgetvalue(row, 0, 1) + from, (size_t)(bytes - from));
    return (uint32_t)strtoul(text, NULL, 10);
}

/* Which settlement's deposit lands when. */
static int expect_all(const struct once *once, struct bench_trace *trace)
{
    int exit_code;
    bool failed = false;
    const char *const params[] = {once->cohort, once->bench->date};
    const PGresult *row;
    struct db *db = open_session(&exit_code);
    if (db == NULL)
        return exit_code;
    failed = !db_stream_begin(db, sql_bench_settlements, 2, params);
    while (!failed && (row = db_stream_next(db, &failed)) != NULL) {
        uint32_t number = number_of(row);
        CHECK(number > 0);
        bench_trace_expect(trace, (uint64_t)db_binary_int(row, 0, 0),
                           once->begins_at_ns +
                               bench_lands_ns(number - 1, once->point->rate_per_s));
    }
    exit_code = failed ? db_exit_code(db) : JOB_DONE;
    db_close(db);
    return exit_code;
}

static int read_trace(const struct once *once, const char *file)
{
    char error[TRACE_STREAM_ERROR_BYTES];
    struct trace_item item;
    enum trace_stream_result result = TRACE_STREAM_BAD;
    struct bench_run *run = once->run;
    struct trace_stream *stream = trace_stream_open(file, error);
    struct bench_trace *trace =
        bench_trace_open((uint32_t)run->accounts, once->bench->workload.poll_interval_ns);
    int exit_code = is_open_loop(once) ? expect_all(once, trace) : JOB_DONE;
    while (stream != NULL && exit_code == JOB_DONE &&
           (result = trace_stream_next(stream, &item, error)) == TRACE_STREAM_ITEM)
        bench_trace_take(trace, &item);
    if (exit_code == JOB_DONE && result != TRACE_STREAM_END)
        exit_code = job_fail(JOB_INTERNAL, NULL, "the run's trace: %s", error);
    bench_times_merge(run->times, bench_trace_times(trace));
    bench_trace_close(trace);
    if (stream != NULL)
        trace_stream_close(stream);
    return exit_code;
}

/* One file; of several partitions one each, FILE.0, FILE.1 … */
static int read_traces(const struct once *once)
{
    char file[4096];
    once->run->times = calloc(1, sizeof *once->run->times);
    CHECK(once->run->times != NULL);
    if (access(once->trace_file, F_OK) == 0)
        return read_trace(once, once->trace_file);
    int exit_code = JOB_DONE;
    uint32_t i = 0;
    for (; i < PARTITIONS_MAX && exit_code == JOB_DONE; i++) {
        snprintf(file, sizeof file, "%s.%u", once->trace_file, i);
        if (access(file, F_OK) != 0)
            break;
        exit_code = read_trace(once, file);
        (void)unlink(file);
    }
    if (i == 0)
        return job_fail(JOB_INTERNAL, NULL, "the run left no trace");
    return exit_code;
}

static int take_times(struct once *once)
{
    struct bench_run *run = once->run;
    if (!run->is_traced)
        return JOB_DONE;
    int exit_code = read_traces(once);
    (void)unlink(once->trace_file);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (run->times->dropped > 0)
        job_warn("a faster disk below TMPDIR, or fewer settlements a second",
                 "%" PRIu64 " items are missing from the trace: latencies are those of %" PRIu64
                 " settlements",
                 run->times->dropped, run->times->settled);
    // From the first deposit to the last end: what came before is waiting for a payday.
    if (is_open_loop(once) && run->times->settled > 0)
        run->took_ns = run->times->last_ns - once->begins_at_ns;
    return JOB_DONE;
}

/* ---- is it right? ---------------------------------------------------------------------------- */

/* A ledger that is not whole, or another one than the bank's, was quick for nothing. */
static int verify(const struct once *once)
{
    const struct bench *bench = once->bench;
    struct bench_words ledger = {.count = 0}, book = {.count = 0};
    if (bench->runs > 1 || once->run->settled < once->run->accounts)
        return JOB_DONE;
    bench_say(&ledger, "verify");
    bench_say(&ledger, "--quiet");
    int exit_code = bench_command(bench, &ledger);
    if (exit_code != JOB_DONE || bench->workload.bank != NULL)
        return exit_code;
    bench_say(&book, "verify");
    bench_say(&book, once->cohort);
    bench_say_option(&book, "--date", bench->date);
    bench_say(&book, "--quiet");
    bench_say_option(&book, "--book", once->book_file);
    return bench_command(bench, &book);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int bring_bank(struct once *once)
{
    uint64_t lead_ns = LEAD_NS + LEAD_EACH_NS * once->bench->workload.accounts;
    if (once->bench->workload.bank != NULL)
        return JOB_DONE;
    int exit_code = JOB_DONE;
    bool warms_up = once->bench->workload.warm_up > 0;
    if (warms_up || !is_open_loop(once))
        exit_code = start_bank(once);
    if (exit_code == JOB_DONE)
        exit_code = warm_up(once);
    if (exit_code == JOB_DONE)
        exit_code = checkpoint(once);
    if (exit_code != JOB_DONE || !is_open_loop(once))
        return exit_code;
    // A bank of its own, whose deposits are still to come.
    (void)bench_bank_end(&once->bank);
    once->begins_at_ns = clock_now_ns() + lead_ns;
    return start_bank(once);
}

int bench_once(struct bench *bench, const struct bench_point *point, bool is_traced,
               struct bench_run *run)
{
    struct once once = {.bench = bench,
                        .point = point,
                        .run = run,
                        .bank_file = file_in(bench->folder, BENCH_BANK_FILE),
                        .book_file = file_in(bench->folder, BOOK_FILE),
                        .trace_file = file_in(bench->folder, TRACE_FILE)};
    bool is_all = point->rate_per_s > 0 || bench->workload.bank != NULL;
    *run = (struct bench_run){.is_traced = is_traced || is_all,
                              .is_timed = !is_traced || is_all,
                              .rate_per_s = point->rate_per_s};
    bench->runs++;
    choose_names(&once);
    int exit_code = bench_fresh_database(bench);
    if (exit_code == JOB_DONE)
        exit_code = import_all(&once);
    if (exit_code == JOB_DONE)
        exit_code = bring_bank(&once);
    if (exit_code == JOB_DONE)
        exit_code = measure(&once);
    run->held_ns = bench_bank_end(&once.bank);
    if (exit_code == JOB_DONE)
        exit_code = take_times(&once);
    if (exit_code == JOB_DONE)
        exit_code = verify(&once);
    free(once.bank_file);
    free(once.book_file);
    free(once.trace_file);
    return child_signal() != 0 ? JOB_STOPPED : exit_code;
}

void bench_run_free(struct bench_run *run)
{
    free(run->times);
    run->times = NULL;
}
