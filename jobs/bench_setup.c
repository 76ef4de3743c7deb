/* What all repeats of a benchmark share: database, work folder, facts of this machine. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/bench_files.h"
#include "jobs/child.h"
#include "jobs/db.h"
#include "jobs/file.h"
#include "jobs/folder.h"
#include "jobs/proc.h"
#include "jobs/report.h"
#include "jobs/run_banks.h"
#include "real/clock.h"
#include "sql.h"

#define SETTINGS_MAX 32
#define SETTING_BYTES 256
#define SHARED_BUFFERS_MOST (UINT64_C(1) << 30)
#define COMMAND_BYTES 4096

void bench_write_time(char text[32])
{
    time_t now = (time_t)(clock_wall_us() / US_PER_S);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* ---- what commands take from the environment ---- */

/* Those that follow take all from the file written for them; the user's must not change it. */
static void forget_variables(void)
{
    static const char prefix[] = "DAYBOOK_";
    for (char **at = environ; *at != NULL;) {
        char name[256];
        size_t bytes = strcspn(*at, "=");
        if (strncmp(*at, prefix, strlen(prefix)) != 0 || bytes >= sizeof name) {
            at++;
            continue;
        }
        memcpy(name, *at, bytes);
        name[bytes] = '\0';
        unsetenv(name); // closes the gap: look at the same place again
    }
}

static void set_variable(const char *name, const char *value)
{
    CHECK(setenv(name, value, 1) == 0);
}

/* Reading the configuration wiped its secrets out of the environment; the runs need them. */
static void hand_on_secrets(const struct config *config)
{
    char variable[CONFIG_VARIABLE_BYTES];
    if (config->database_password != NULL)
        set_variable("DAYBOOK_DATABASE_PASSWORD", config->database_password);
    for (uint32_t i = 0; i < config->bank_count; i++) {
        const struct config_bank *bank = &config->banks[i];
        if (bank->token == NULL || bank->token_from != CONFIG_FROM_ENVIRONMENT)
            continue;
        config_variable(bank, "token", variable);
        set_variable(variable, bank->token);
    }
}

/* ---- the database ---- */

static int open_cluster(struct bench *bench)
{
    char lines[SETTINGS_MAX][SETTING_BYTES], shared[SETTING_BYTES];
    const char *settings[SETTINGS_MAX] = {shared, "max_wal_size = '8GB'",
                                          "checkpoint_timeout = '30min'", "wal_compression = off"};
    size_t count = 4;
    uint64_t buffers = proc_memory_bytes() / 4;
    buffers = buffers > SHARED_BUFFERS_MOST ? SHARED_BUFFERS_MOST : buffers;
    snprintf(shared, sizeof shared, "shared_buffers = '%" PRIu64 "kB'", buffers / 1024);
    const char *text;
    for (size_t i = 0; (text = job_text_at(bench->job, "postgres", i)) != NULL; i++, count++) {
        size_t name_bytes = strcspn(text, "=");
        if (count == SETTINGS_MAX || name_bytes == 0 || text[name_bytes] == '\0' ||
            strpbrk(text, "'\\\n") != NULL || strlen(text) > SETTING_BYTES - 8)
            return job_fail(JOB_USAGE, "for example --postgres synchronous_commit=off",
                            "--postgres %.60s: not NAME=VALUE", text);
        snprintf(lines[count], SETTING_BYTES, "%.*s = '%s'", (int)name_bytes, text,
                 text + name_bytes + 1);
        settings[count] = lines[count];
    }
    int exit_code;
    bench->cluster = cluster_open(settings, count, &exit_code);
    return exit_code;
}

/* A session there, by DAYBOOK_DATABASE, as the commands use it. */
static struct db *open_session(const char *database, int *exit_code)
{
    char *copy = strdup(database), *password = getenv("DAYBOOK_DATABASE_PASSWORD");
    CHECK(copy != NULL);
    struct config config = {.database = copy, .database_password = password};
    struct db *db = db_open(&config, "daybook bench", exit_code);
    free(copy);
    return db;
}

/* Rows of a ledger can never be taken out again: a benchmark's belong into no real one. */
static int check_own(struct db *db, bool *has_schema, char server[64])
{
    const char *const prefix[] = {BENCH_PREFIX};
    static const char hint[] = "make a database for it: createdb daybook_bench; "
                               "--database \"host=… dbname=daybook_bench\"";
    PGresult *result = db_query(db, sql_bench_database, 0, NULL);
    if (result == NULL)
        return db_exit_code(db);
    *has_schema = db_text(result, 0, 0)[0] == 't';
    int64_t others = db_int(result, 0, 1);
    snprintf(server, 64, "%.40s fsync=%.8s", db_text(result, 0, 2), db_text(result, 0, 3));
    PQclear(result);
    if (others > 0)
        return job_fail(JOB_BAD_INPUT, hint,
                        "the database holds %" PRId64 " tables or views that are not daybook's",
                        others);
    if (!*has_schema)
        return JOB_DONE;
    if (!db_check_schema(db))
        return db_exit_code(db);
    result = db_query(db, sql_bench_batches, 1, prefix);
    if (result == NULL)
        return db_exit_code(db);
    int64_t foreign = db_int(result, 0, 0);
    int exit_code = JOB_DONE;
    if (foreign > 0)
        exit_code = job_fail(JOB_BAD_INPUT, hint,
                             "the database holds %" PRId64
                             " batches that are no benchmark's, of cohort %s for one",
                             foreign, db_text(result, 0, 1));
    PQclear(result);
    return exit_code;
}

static int apply_schema(const struct bench *bench)
{
    struct bench_words words = {.count = 0};
    bench_say(&words, "schema");
    bench_say(&words, "apply");
    return bench_command(bench, &words);
}

static void note_server(struct bench *bench, char *server)
{
    char *fsync = strstr(server, " fsync=");
    CHECK(fsync != NULL);
    *fsync = '\0';
    json_object_set_new(bench->environment, "postgres", json_string(server));
    json_object_set_new(bench->environment, "fsync", json_boolean(strcmp(fsync + 7, "on") == 0));
}

static int open_given(struct bench *bench)
{
    int exit_code;
    bool has_schema = false;
    char server[64];
    bench->database = strdup(bench->config->database);
    CHECK(bench->database != NULL);
    struct db *db = open_session(bench->database, &exit_code);
    if (db != NULL)
        exit_code = check_own(db, &has_schema, server);
    db_close(db);
    if (exit_code != JOB_DONE)
        return exit_code;
    note_server(bench, server);
    set_variable("DAYBOOK_DATABASE", bench->database);
    return has_schema ? JOB_DONE : apply_schema(bench);
}

static int look_at_cluster(struct bench *bench)
{
    char conninfo[CLUSTER_CONNINFO_BYTES], server[64];
    bool has_schema;
    int exit_code;
    struct db *db =
        open_session(cluster_conninfo(bench->cluster, "postgres", conninfo), &exit_code);
    if (db != NULL)
        exit_code = check_own(db, &has_schema, server);
    db_close(db);
    if (exit_code == JOB_DONE)
        note_server(bench, server);
    return exit_code;
}

int bench_fresh_database(struct bench *bench)
{
    char conninfo[CLUSTER_CONNINFO_BYTES];
    int exit_code;
    if (bench->cluster == NULL)
        return JOB_DONE;
    struct db *db =
        open_session(cluster_conninfo(bench->cluster, "postgres", conninfo), &exit_code);
    if (db != NULL && (!db_script(db, "SET client_min_messages = warning") ||
                       !db_script(db, "DROP DATABASE IF EXISTS bench WITH (FORCE)") ||
                       !db_script(db, "CREATE DATABASE bench")))
        exit_code = db_exit_code(db);
    db_close(db);
    if (exit_code != JOB_DONE)
        return exit_code;
    set_variable("DAYBOOK_DATABASE", cluster_conninfo(bench->cluster, "bench", conninfo));
    return apply_schema(bench);
}

/* ---- the work folder ---- */

static int open_folder(struct bench *bench)
{
    const char *given = job_text(bench->job, "folder");
    bench->keeps_folder = given != NULL;
    if (given != NULL && mkdir(given, 0700) != 0 && errno != EEXIST)
        return job_fail(JOB_USAGE, NULL, "%s: %s", given, strerror(errno));
    bench->folder =
        given != NULL ? realpath(given, NULL) : folder_make(folder_base(), "daybook-bench");
    if (bench->folder == NULL)
        return job_fail(JOB_TRY_AGAIN, "name one with --folder", "no work folder: %s",
                        strerror(errno));
    return JOB_DONE;
}

/* ---- this machine ---- */

/* As it could be typed again. */
static json_t *command_text(const struct job *job)
{
    char text[COMMAND_BYTES], word[REPORT_WORD_BYTES];
    size_t used = (size_t)snprintf(text, sizeof text, "daybook %s", job->command->name);
    for (size_t i = 0; i < job->value_count && used < sizeof text; i++) {
        const struct job_value *value = &job->values[i];
        bool is_flag = value->option->rule.kind == VALUE_FLAG;
        used += (size_t)snprintf(text + used, sizeof text - used, " --%s%s%s", value->option->name,
                                 is_flag ? "" : " ", is_flag ? "" : report_word(value->text, word));
    }
    json_t *command = json_string(text);
    return command != NULL ? command : json_null(); // not UTF-8
}

static void note_machine(struct bench *bench)
{
    char cpu[PROC_TEXT_BYTES];
    struct utsname kernel;
    CHECK(uname(&kernel) == 0);
    bench->environment = json_pack(
        "{s:s, s:s, s:I, s:I, s:s, s:n, s:s, s:n, s:o}", "daybook", DAYBOOK_VERSION, "cpu",
        proc_cpu_name(cpu), "cores", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "memory_bytes",
        (json_int_t)proc_memory_bytes(), "kernel", kernel.release, "postgres", "compiler",
        "gcc " __VERSION__, "fsync", "command", command_text(bench->job));
    CHECK(bench->environment != NULL);
    bench_write_time(bench->started_at);
    memcpy(bench->date, bench->started_at, 10);
    snprintf(bench->mark, sizeof bench->mark, "%" PRIx64, (uint64_t)clock_wall_us() / US_PER_S);
}

/* ---- open and close ---- */

/* Its own limits hold; how many calls that is belongs to the result. */
static int read_bank(struct bench *bench)
{
    struct run_bank bank = {.config = config_bank(bench->config, bench->workload.bank)};
    if (bank.config == NULL)
        return job_fail(FAIL_NO_BANK, "`daybook config show` lists the banks",
                        "--bank %s: no such bank is configured", bench->workload.bank);
    int exit_code = run_bank_load(&bank, bench->config, "KRW"); // of no account yet
    if (exit_code != JOB_DONE)
        return exit_code;
    bench->bank_calls = bank.rules.calls_max;
    bench->workload.poll_interval_ns = bank.rules.poll_interval_ns;
    profile_close(bank.profile);
    return JOB_DONE;
}

static int read_config(struct bench *bench)
{
    int exit_code = JOB_DONE;
    bool is_needed = job_given(bench->job, "database") || bench->workload.bank != NULL;
    if (!is_needed)
        return JOB_DONE;
    bench->config = config_open(bench->job, &exit_code);
    if (bench->config == NULL)
        return exit_code;
    return bench->workload.bank == NULL ? JOB_DONE : read_bank(bench);
}

/* At the mock bank's configuration, even before the bank is there; or at the user's. */
static int point_commands(struct bench *bench)
{
    const struct bench_point none = {.connections = 1};
    if (bench->workload.bank != NULL) {
        if (job_given(bench->job, "config"))
            set_variable("DAYBOOK_CONFIG", job_text(bench->job, "config"));
        return JOB_DONE;
    }
    forget_variables();
    if (!bench_files_config(bench, &none, 1))
        return JOB_TRY_AGAIN;
    char *config = file_in(bench->folder, BENCH_CONFIG_FILE);
    set_variable("DAYBOOK_CONFIG", config);
    free(config);
    return JOB_DONE;
}

int bench_open(struct bench *bench)
{
    note_machine(bench);
    int exit_code = read_config(bench);
    if (exit_code == JOB_DONE)
        bench_machine_open(bench);
    if (exit_code == JOB_DONE)
        exit_code = open_folder(bench);
    if (exit_code != JOB_DONE)
        return exit_code;
    exit_code = point_commands(bench);
    if (exit_code != JOB_DONE)
        return exit_code;
    if (bench->config != NULL)
        hand_on_secrets(bench->config);
    if (job_given(bench->job, "database"))
        return open_given(bench);
    exit_code = open_cluster(bench);
    return exit_code == JOB_DONE ? look_at_cluster(bench) : exit_code;
}

void bench_close(struct bench *bench)
{
    cluster_close(bench->cluster);
    if (bench->folder != NULL && !bench->keeps_folder)
        folder_remove(bench->folder);
    config_close(bench->config);
    json_decref(bench->environment);
    free(bench->database);
    free(bench->folder);
    free(bench->state_folder);
}
