/*
 * demo: a whole payday on one machine. Everything is done by the commands that a user would type,
 * each shown before it is run.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/child.h"
#include "jobs/config_url.h"
#include "jobs/db.h"
#include "jobs/demo_files.h"
#include "jobs/file.h"
#include "jobs/job.h"
#include "jobs/report.h"
#include "real/clock.h"
#include "sql.h"

#define WORDS_MAX 24
#define BANK_START_MS 10000
#define BOOK_WAIT_MS 5000

struct demo {
    struct job *job;
    struct demo_files files;
    char *folder;
    char *database;
    char date[11];
    char *accounts_file, *log_file, *book_file;
    pid_t bank; /* 0: not started */
    int bank_output;
    bool coloured;
};

/* ---- showing and doing ---- */

static void say(const struct demo *demo, const char *text)
{
    printf("\n%s%s%s\n", demo->coloured ? "\033[1m" : "", text, demo->coloured ? "\033[0m" : "");
}

static void show_words(const char *const words[])
{
    printf("$ daybook");
    for (size_t i = 0; words[i] != NULL; i++)
        printf(" %s", words[i]);
    printf("\n");
    fflush(stdout);
}

static pid_t start(const struct demo *demo, const char *const words[], int *output)
{
    // execv wants char *const[]; it does not change them.
    char *argv[WORDS_MAX + 2] = {(char *)(uintptr_t)demo->job->program};
    for (size_t i = 0; words[i] != NULL; i++) {
        CHECK(i < WORDS_MAX);
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    return child_start(argv, output);
}

/* Shows and runs one command. The exit code; a signal that came counts as stopped. */
static int carry_out(const struct demo *demo, const char *const words[])
{
    if (child_signal() != 0)
        return JOB_STOPPED;
    show_words(words);
    pid_t pid = start(demo, words, NULL);
    if (pid < 0)
        return JOB_TRY_AGAIN;
    int exit_code = child_wait(pid);
    return child_signal() != 0 ? JOB_STOPPED : exit_code;
}

/* ---- the bank ---- */

static int start_bank(struct demo *demo)
{
    char rate[16], seed[24];
    // The bank counts arrivals, which come less evenly than we hand over: it allows a tenth more.
    snprintf(rate, sizeof rate, "%u", demo->files.rate_per_s + demo->files.rate_per_s / 10);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)demo->files.seed);
    const char *const words[] = {"mockbank",
                                 "--listen",
                                 "127.0.0.1:0",
                                 "--accounts",
                                 demo->accounts_file,
                                 "--log",
                                 demo->log_file,
                                 "--book",
                                 demo->book_file,
                                 "--latency",
                                 job_text(demo->job, "latency"),
                                 "--rate",
                                 rate,
                                 "--burst",
                                 "200",
                                 "--seed",
                                 seed,
                                 "--die-with-parent",
                                 NULL};
    show_words(words);
    pid_t pid = start(demo, words, &demo->bank_output);
    if (pid < 0)
        return JOB_TRY_AGAIN;
    demo->bank = pid;
    demo->files.port = child_read_port(demo->bank_output, BANK_START_MS);
    if (demo->files.port > 0)
        return JOB_DONE;
    return job_fail(JOB_TRY_AGAIN, NULL, "the mock bank did not start");
}

static int64_t modified_at_ns(const char *file)
{
    struct stat about;
    if (stat(file, &about) != 0)
        return 0;
    return (int64_t)about.st_mtim.tv_sec * (int64_t)NS_PER_S + about.st_mtim.tv_nsec;
}

/* Asks the bank for its book as it is now. */
static bool refresh_book(const struct demo *demo)
{
    int64_t before_ns = modified_at_ns(demo->book_file);
    kill(demo->bank, SIGUSR1);
    for (int waited_ms = 0; waited_ms < BOOK_WAIT_MS; waited_ms += 20) {
        if (modified_at_ns(demo->book_file) != before_ns)
            return true;
        poll(NULL, 0, 20);
    }
    job_fail(JOB_TRY_AGAIN, NULL, "the mock bank does not write its book");
    return false;
}

/* Transfers that the bank was ever asked for: POST lines of its receipt log. */
static bool count_posts(const struct demo *demo, uint64_t *count)
{
    char error[FILE_ERROR_BYTES];
    size_t bytes;
    if (!refresh_book(demo))
        return false;
    char *text = file_read(demo->log_file, SIZE_MAX / 4, &bytes, error);
    if (text == NULL) {
        job_fail(JOB_TRY_AGAIN, NULL, "%s", error);
        return false;
    }
    *count = 0;
    for (const char *at = text; (at = strstr(at, "\tPOST ")) != NULL; at++)
        (*count)++;
    free(text);
    return true;
}

/* ---- start ---- */

static int make_folder(struct demo *demo)
{
    const char *given = job_text(demo->job, "folder");
    const char *base = getenv("TMPDIR");
    if (given != NULL) {
        if (mkdir(given, 0700) != 0 && errno != EEXIST)
            return job_fail(JOB_USAGE, NULL, "%s: %s", given, strerror(errno));
        demo->folder = realpath(given, NULL);
    } else {
        char *pattern =
            file_in(base != NULL && base[0] == '/' ? base : "/tmp", "daybook-demo.XXXXXX");
        demo->folder = mkdtemp(pattern);
        if (demo->folder == NULL)
            free(pattern);
    }
    if (demo->folder == NULL)
        return job_fail(JOB_TRY_AGAIN, "name one with --folder", "no work folder: %s",
                        strerror(errno));
    demo->files.folder = demo->folder;
    demo->accounts_file = file_in(demo->folder, "bank-accounts.csv");
    demo->log_file = file_in(demo->folder, "bank-receipts.log");
    demo->book_file = file_in(demo->folder, "bank-book.csv");
    unlink(demo->log_file); // an older demo's: the bank would go on with its book
    return JOB_DONE;
}

static int choose_database(struct demo *demo)
{
    const char *given = job_text(demo->job, "database");
    const char *variable = getenv("DAYBOOK_DATABASE");
    char error[VALUE_ERROR_BYTES];
    if (given == NULL)
        given = variable != NULL && variable[0] != '\0' ? variable : NULL;
    if (given == NULL)
        return job_fail(JOB_BAD_CONFIG,
                        "`ops/demo` brings a private Postgres; or name a server of yours: "
                        "DAYBOOK_DATABASE=\"host=… dbname=… user=…\" daybook demo",
                        "the demo needs a database");
    if (!config_check_database(given, error))
        return job_fail(JOB_BAD_CONFIG, NULL, "the database: %s", error);
    demo->database = strdup(given);
    CHECK(demo->database != NULL);
    if (config_has_password(given)) {
        if (given != variable)
            return job_fail(JOB_USAGE, "put it into DAYBOOK_DATABASE or DAYBOOK_DATABASE_PASSWORD",
                            "a password does not belong on the command line");
        return JOB_DONE; // it stays in the environment
    }
    demo->files.database = demo->database;
    return JOB_DONE;
}

/* Cohorts that this database has never seen, so that the demo can be run again. */
static int choose_names(struct demo *demo)
{
    static const char *const names[DEMO_COHORTS] = {"north", "south"};
    struct config config = {.database = demo->database};
    int exit_code;
    config.database_password = getenv("DAYBOOK_DATABASE_PASSWORD");
    struct db *db = db_open(&config, "daybook demo", &exit_code);
    for (uint32_t which = 0; which < DEMO_COHORTS && exit_code == JOB_DONE; which++) {
        char *name = demo->files.cohorts[which];
        bool taken = true;
        for (uint32_t number = 1; taken && exit_code == JOB_DONE; number++) {
            snprintf(name, DEMO_NAME_BYTES, number == 1 ? "%s" : "%s%u", names[which], number);
            const char *const params[] = {name};
            PGresult *result = db_query(db, sql_demo_cohort, 1, params);
            exit_code = result == NULL ? db_exit_code(db) : JOB_DONE;
            taken = result != NULL && db_text(result, 0, 0)[0] == 't';
            PQclear(result);
        }
    }
    db_close(db);
    return exit_code;
}

static void set_today(struct demo *demo)
{
    time_t now = (time_t)(clock_wall_us() / US_PER_S);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(demo->date, sizeof demo->date, "%Y-%m-%d", &parts);
}

/* Commands that follow take all from this file; a variable of the user's must not redirect them. */
static void use_config(const struct demo *demo)
{
    char *config = file_in(demo->folder, "daybook.yaml");
    setenv("DAYBOOK_CONFIG", config, 1);
    if (demo->files.database != NULL)
        unsetenv("DAYBOOK_DATABASE");
    printf("$ export DAYBOOK_CONFIG=%s\n", config);
    free(config);
}

/* ---- the payday ---- */

static int apply_schema(const struct demo *demo)
{
    const char *const words[] = {"schema", "apply", NULL};
    return carry_out(demo, words);
}

static int import_cohorts(const struct demo *demo)
{
    int exit_code = JOB_DONE;
    for (uint32_t i = 0; i < DEMO_COHORTS && exit_code == JOB_DONE; i++) {
        char name[DEMO_NAME_BYTES + 4];
        snprintf(name, sizeof name, "%s.csv", demo->files.cohorts[i]);
        char *file = file_in(demo->folder, name);
        const char *const words[] = {"import", demo->files.cohorts[i], "--date", demo->date, file,
                                     NULL};
        exit_code = carry_out(demo, words);
        free(file);
    }
    return exit_code;
}

/* Short and parked accounts are part of the demo. */
static int run_cohorts(const struct demo *demo)
{
    bool asked = job_given(demo->job, "color");
    for (uint32_t i = 0; i < DEMO_COHORTS; i++) {
        const char *const words[] = {
            "run",      demo->files.cohorts[i],   "--date",
            demo->date, asked ? "--color" : NULL, job_text(demo->job, "color"),
            NULL};
        int exit_code = carry_out(demo, words);
        if (exit_code != JOB_DONE && exit_code != JOB_SOME_LEFT)
            return exit_code;
    }
    return JOB_DONE;
}

static int compare(const struct demo *demo)
{
    const char *const ledger[] = {"verify", NULL};
    int exit_code = carry_out(demo, ledger);
    for (uint32_t i = 0; i < DEMO_COHORTS && exit_code == JOB_DONE; i++) {
        const char *const book[] = {"verify", demo->files.cohorts[i], "--date", demo->date,
                                    "--book", demo->book_file,        NULL};
        exit_code = carry_out(demo, book);
    }
    return exit_code;
}

static int run_again(const struct demo *demo)
{
    uint64_t before, after;
    char text[MONEY_TEXT_BYTES];
    if (!count_posts(demo, &before))
        return JOB_TRY_AGAIN;
    int exit_code = run_cohorts(demo);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (!count_posts(demo, &after))
        return JOB_TRY_AGAIN;
    if (after != before)
        return job_fail(JOB_INTERNAL, NULL, "the second run sent %llu transfers",
                        (unsigned long long)(after - before));
    printf("the bank was asked for %s transfers before the second runs, and for none since\n",
           report_count(after, text));
    return JOB_DONE;
}

static void tell_next(const struct demo *demo)
{
    const struct demo_files *files = &demo->files;
    say(demo, "What to try next (while the database is there; ops/demo --shell keeps it)");
    printf("  export DAYBOOK_CONFIG=%s/daybook.yaml\n", demo->folder);
    if (files->database == NULL)
        printf("  # and DAYBOOK_DATABASE, as you set it\n");
    printf("  daybook show %s --date %s\n", files->cohorts[0], demo->date);
    printf("  daybook explain %s-00001\n", files->cohorts[0]);
    printf("  the bank again:  daybook mockbank --listen 127.0.0.1:%u --accounts %s --log %s "
           "--book %s --latency %s --die-with-parent &\n",
           files->port, demo->accounts_file, demo->log_file, demo->book_file,
           job_text(demo->job, "latency"));
    printf("  a new payday:    daybook import %s --date DATE FILE.csv, then daybook run; kill -9 "
           "it in the middle\n"
           "                   and type the same command again: it goes on where it was\n",
           files->cohorts[0]);
    printf("  a whole payday on virtual time, with faults:  daybook simulate --seed 7\n");
}

static int payday(struct demo *demo)
{
    char text[MONEY_TEXT_BYTES];
    say(demo, "1. The bank, as a process of its own");
    int exit_code = start_bank(demo);
    if (exit_code == JOB_DONE && !demo_files_write_config(&demo->files))
        exit_code = JOB_TRY_AGAIN;
    if (exit_code == JOB_DONE) {
        say(demo, "2. Two cohorts");
        printf("%s people; %u of them without their deposit, %u payout accounts stopped\n",
               report_count(demo->files.accounts, text), demo->files.without_deposit,
               demo->files.stopped);
        use_config(demo);
        exit_code = import_cohorts(demo);
    }
    if (exit_code == JOB_DONE) {
        say(demo, "3. The payday");
        exit_code = run_cohorts(demo);
    }
    if (exit_code == JOB_DONE) {
        say(demo, "4. The same again: nothing may be sent twice");
        exit_code = run_again(demo);
    }
    if (exit_code == JOB_DONE) {
        say(demo, "5. Is the ledger whole, and does it agree with the bank's own book?");
        exit_code = compare(demo);
    }
    return exit_code;
}

static int demonstrate(struct demo *demo)
{
    int exit_code = choose_database(demo);
    if (exit_code == JOB_DONE)
        exit_code = make_folder(demo);
    if (exit_code != JOB_DONE)
        return exit_code;
    setenv("DAYBOOK_DATABASE", demo->database, 1);
    unsetenv("DAYBOOK_CONFIG");
    set_today(demo);
    exit_code = apply_schema(demo);
    if (exit_code == JOB_DONE)
        exit_code = choose_names(demo);
    if (exit_code == JOB_DONE && !demo_files_write_accounts(&demo->files))
        exit_code = JOB_TRY_AGAIN;
    if (exit_code == JOB_DONE)
        exit_code = payday(demo);
    if (exit_code == JOB_DONE)
        tell_next(demo);
    return exit_code;
}

int job_demo(struct job *job)
{
    uint64_t begun_at_ns = clock_now_ns();
    char took[REPORT_DURATION_BYTES];
    struct demo demo = {
        .job = job,
        .files = {.accounts = (uint32_t)job_number(job, "accounts"),
                  .rate_per_s = (uint32_t)job_number(job, "rate"),
                  .seed = (uint64_t)job_number(job, "seed")},
        .bank_output = -1,
        .coloured = report_is_coloured(stdout, job_number(job, "color")),
    };
    child_catch_signals();
    int exit_code = demonstrate(&demo);
    if (demo.bank > 0)
        child_end(demo.bank);
    if (demo.bank_output >= 0)
        close(demo.bank_output);
    if (exit_code == JOB_DONE)
        printf("\nThe demo took %s.\n", report_duration(clock_now_ns() - begun_at_ns, took));
    else if (child_signal() != 0)
        job_fail(exit_code, NULL, "stopped; the work folder is %s",
                 demo.folder != NULL ? demo.folder : "none");
    free(demo.accounts_file);
    free(demo.log_file);
    free(demo.book_file);
    free(demo.folder);
    free(demo.database);
    return exit_code;
}
