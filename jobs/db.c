#include "jobs/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "real/pg.h"
#include "sql.h"

#define POSTGRES_EPOCH_US INT64_C(946684800000000)

/* What was put into a schema of the search path must not be taken for ours, or for the server's. */
static const char settings_sql[] = "SET search_path = pg_catalog, pg_temp;"
                                   "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET jit = off;"
                                   // A batch's rows lie together, in the order of their keys, of
                                   // which nothing is known right after an import or a run.
                                   "SET enable_bitmapscan = off; SET work_mem = '64MB';"
                                   // Nobody waits for the answer any more.
                                   "SET client_connection_check_interval = '2s'";

struct db {
    PGconn *connection;
    PGresult *row; /* of the stream */
    int exit_code;
};

/* ---- where ---- */

static void add_option(char **at, char *end, const char *keyword, const char *value)
{
    int bytes = snprintf(*at, (size_t)(end - *at), "%s='", keyword);
    CHECK(bytes > 0 && bytes < end - *at);
    *at += bytes;
    for (; *value != '\0'; value++) {
        CHECK(end - *at > 4);
        if (*value == '\'' || *value == '\\')
            *(*at)++ = '\\';
        *(*at)++ = *value;
    }
    *(*at)++ = '\'';
    *(*at)++ = ' ';
    **at = '\0';
}

static size_t room_for(const PQconninfoOption *options, const char *password)
{
    size_t room = 64 + (password != NULL ? 2 * strlen(password) : 0);
    for (const PQconninfoOption *at = options; at->keyword != NULL; at++) {
        if (at->val != NULL)
            room += strlen(at->keyword) + 2 * strlen(at->val) + 8;
    }
    return room;
}

char *db_conninfo(const struct config *config)
{
    if (config->database == NULL) {
        job_fail(FAIL_NO_DATABASE,
                 "set `database` in the configuration file, or DAYBOOK_DATABASE=\"host=… dbname=… "
                 "user=…\"",
                 "no database is configured");
        return NULL;
    }
    pg_forget_environment();
    PQconninfoOption *options = PQconninfoParse(config->database, NULL);
    CHECK(options != NULL);
    size_t room = room_for(options, config->database_password);
    char *conninfo = malloc(room), *at = conninfo;
    CHECK(conninfo != NULL);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        bool replaced =
            strcmp(option->keyword, "password") == 0 && config->database_password != NULL;
        if (option->val != NULL && option->val[0] != '\0' && !replaced)
            add_option(&at, conninfo + room, option->keyword, option->val);
    }
    if (config->database_password != NULL)
        add_option(&at, conninfo + room, "password", config->database_password);
    for (PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL)
            explicit_bzero(option->val, strlen(option->val));
    }
    PQconninfoFree(options);
    return conninfo;
}

void db_conninfo_free(char *conninfo)
{
    if (conninfo != NULL)
        explicit_bzero(conninfo, strlen(conninfo));
    free(conninfo);
}

/* ---- errors ---- */

struct sqlstate_exit {
    const char *prefix;
    enum failure failure;
    const char *hint;
};

static const struct sqlstate_exit exits[] = {
    {"42501", FAIL_DATABASE_RIGHTS,
     "ask the owner of the schema to GRANT daybook_engine to this user"},
    {"28", FAIL_DATABASE_LOGIN, NULL},
    {"08", FAIL_DATABASE_LOST, NULL},
    {"57P", FAIL_DATABASE_LOST, NULL},
    {"3F000", FAIL_SCHEMA_OLD, "run `daybook schema apply` first"},
    {"42P01", FAIL_SCHEMA_OLD, "run `daybook schema apply` first"},
    {"42703", FAIL_SCHEMA_OLD, "run `daybook schema apply` first"},
    {"42883", FAIL_SCHEMA_OLD, "run `daybook schema apply` first"},
    {"22023", FAIL_TIME_ZONE, "is `time_zone` one that Postgres knows, such as Asia/Seoul?"},
    {"40", FAIL_DATABASE_BUSY, "run the same command again"},
    {"55P03", FAIL_DATABASE_BUSY, "run the same command again"},
    {"57014", FAIL_DATABASE_BUSY, "run the same command again"},
    {"53", FAIL_DATABASE_FULL, NULL},
};

static void report(struct db *db, const PGresult *result)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    enum failure failure = FAIL_DATABASE_REFUSED_IT;
    if (state == NULL) { // libpq's own word: the connection is gone
        failure = FAIL_DATABASE_LOST;
        text = PQerrorMessage(db->connection);
        text = text[0] == '\0' ? "no answer" : text;
        hint = "is the server up? Nothing of this command was kept; run it again";
    }
    for (size_t i = 0; state != NULL && i < sizeof exits / sizeof exits[0]; i++) {
        if (strncmp(state, exits[i].prefix, strlen(exits[i].prefix)) == 0) {
            failure = exits[i].failure;
            hint = hint != NULL ? hint : exits[i].hint;
            break;
        }
    }
    char message[512];
    size_t bytes = text == NULL ? 0 : strlen(text);
    while (bytes > 0 && text[bytes - 1] == '\n')
        bytes--;
    text_clean(message, sizeof message, text == NULL ? "" : text, bytes);
    db->exit_code =
        job_fail(failure, hint, "database: %s%s%s%s", message, state != NULL ? " (" : "",
                 state != NULL ? state : "", state != NULL ? ")" : "");
}

int db_exit_code(const struct db *db)
{
    return db->exit_code;
}

/* ---- session ---- */

/* Was a server there that refused us, twice, or none? */
static enum failure refusal_of(const char *conninfo, const char **hint)
{
    if (pg_is_up(conninfo)) {
        *hint = "the server is there but refuses: check user, password and database name";
        return FAIL_DATABASE_LOGIN;
    }
    *hint = "start Postgres, or correct `database` (DAYBOOK_DATABASE)";
    return FAIL_DATABASE_DOWN;
}

static PGconn *connect_to(const char *conninfo, const char *name)
{
    const char *const keywords[] = {"dbname", "fallback_application_name", "connect_timeout",
                                    "client_encoding", NULL};
    const char *const values[] = {conninfo, name, "10", "UTF8", NULL};
    return PQconnectdbParams(keywords, values, 1);
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

struct db *db_open(const struct config *config, const char *name, int *exit_code)
{
    char *conninfo = db_conninfo(config);
    *exit_code = JOB_BAD_CONFIG;
    if (conninfo == NULL)
        return NULL;
    struct db *db = calloc(1, sizeof *db);
    CHECK(db != NULL);
    db->connection = connect_to(conninfo, name);
    if (PQstatus(db->connection) != CONNECTION_OK && pg_is_up(conninfo)) {
        // Just started, or cut off while it answered: only who refuses again refuses.
        PQfinish(db->connection);
        db->connection = connect_to(conninfo, name);
    }
    if (PQstatus(db->connection) != CONNECTION_OK) {
        const char *hint;
        const char *text = PQerrorMessage(db->connection);
        enum failure failure = refusal_of(conninfo, &hint);
        *exit_code = job_fail(failure, hint, "database: %.*s", (int)strcspn(text, "\n"), text);
        db_close(db);
        db = NULL;
    } else {
        PQsetNoticeReceiver(db->connection, ignore_notice, NULL);
        pg_answer_within(db->connection, (uint64_t)config->answer_within_ns);
        *exit_code = JOB_DONE;
        if (!db_script(db, settings_sql)) {
            *exit_code = db->exit_code;
            db_close(db);
            db = NULL;
        }
    }
    if (db != NULL)
        pg_answer_within(db->connection, 0);
    db_conninfo_free(conninfo);
    return db;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    PQclear(db->row);
    PQfinish(db->connection);
    free(db);
}

void db_answer_within(struct db *db, uint64_t answer_ns)
{
    pg_answer_within(db->connection, answer_ns);
}

PGconn *db_connection(struct db *db)
{
    return db->connection;
}

bool db_check_schema(struct db *db)
{
    PGresult *result = db_query(db, sql_schema_newest, 0, NULL);
    if (result == NULL)
        return false;
    int64_t version = db_int(result, 0, 0);
    PQclear(result);
    int wanted = sql_migrations[sql_migration_count - 1].version;
    if (version == wanted)
        return true;
    if (version < wanted)
        db->exit_code = job_fail(FAIL_SCHEMA_OLD, "run `daybook schema apply`",
                                 "the database's schema is version %lld, this program needs %d",
                                 (long long)version, wanted);
    else
        db->exit_code =
            job_fail(FAIL_SCHEMA_NEW, "use the newer daybook that made it",
                     "the database's schema is version %lld, this program knows only %d",
                     (long long)version, wanted);
    return false;
}

/* ---- statements ---- */

static PGresult *query(struct db *db, const char *sql, int count, const char *const *params,
                       bool binary)
{
    PGresult *result = pg_run_form(db->connection, sql, count, params, binary);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    report(db, result);
    PQclear(result);
    return NULL;
}

PGresult *db_query(struct db *db, const char *sql, int count, const char *const *params)
{
    return query(db, sql, count, params, false);
}

PGresult *db_query_binary(struct db *db, const char *sql, int count, const char *const *params)
{
    return query(db, sql, count, params, true);
}

bool db_execute(struct db *db, const char *sql, int count, const char *const *params)
{
    PGresult *result = db_query(db, sql, count, params);
    PQclear(result);
    return result != NULL;
}

bool db_ask(struct db *db, const char *sql, int count, const char *const *params)
{
    return PQsendQueryParams(db->connection, sql, count, NULL, params, NULL, NULL, 0) == 1;
}

PGresult *db_answer(struct db *db, bool *failed)
{
    *failed = PQconsumeInput(db->connection) == 0;
    if (!*failed && PQisBusy(db->connection))
        return NULL;
    PGresult *result = *failed ? NULL : PQgetResult(db->connection);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    PQclear(result);
    *failed = true;
    return NULL;
}

bool db_script(struct db *db, const char *sql)
{
    PGresult *result = pg_exec(db->connection, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!done)
        report(db, result);
    PQclear(result);
    return done;
}

bool db_copy_begin(struct db *db, const char *sql)
{
    PGresult *result = pg_exec(db->connection, sql);
    bool begun = PQresultStatus(result) == PGRES_COPY_IN;
    if (!begun)
        report(db, result);
    PQclear(result);
    return begun;
}

bool db_copy_put(struct db *db, const char *bytes, size_t byte_count)
{
    CHECK(byte_count <= INT32_MAX);
    if (PQputCopyData(db->connection, bytes, (int)byte_count) == 1)
        return true;
    report(db, NULL);
    return false;
}

/* To the end of what was sent; false: something failed, reported. */
static bool end_commands(struct db *db)
{
    bool done = true;
    for (PGresult *result; (result = PQgetResult(db->connection)) != NULL; PQclear(result)) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            report(db, result);
            done = false;
        }
    }
    return done;
}

bool db_execute_begin(struct db *db, const char *sql, int count, const char *const *params)
{
    if (PQsendQueryParams(db->connection, sql, count, NULL, params, NULL, NULL, 0) == 1)
        return true;
    report(db, NULL);
    return false;
}

bool db_execute_end(struct db *db)
{
    return end_commands(db);
}

bool db_copy_end(struct db *db)
{
    bool done = PQputCopyEnd(db->connection, NULL) == 1;
    if (!done)
        report(db, NULL);
    return end_commands(db) && done;
}

bool db_stream_begin(struct db *db, const char *sql, int count, const char *const *params)
{
    if (PQsendQueryParams(db->connection, sql, count, NULL, params, NULL, NULL, 1) == 1 &&
        PQsetSingleRowMode(db->connection) == 1)
        return true;
    report(db, NULL);
    return false;
}

const PGresult *db_stream_next(struct db *db, bool *failed)
{
    PQclear(db->row);
    db->row = PQgetResult(db->connection);
    if (PQresultStatus(db->row) == PGRES_SINGLE_TUPLE)
        return db->row;
    if (db->row != NULL && PQresultStatus(db->row) != PGRES_TUPLES_OK) {
        report(db, db->row);
        *failed = true;
    }
    while (db->row != NULL) {
        PQclear(db->row);
        db->row = PQgetResult(db->connection);
    }
    return NULL;
}

/* ---- values ---- */

int64_t db_int(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* In its place: it never grows. */
static void clean_text(char *text, size_t bytes)
{
    char *copy = strdup(text);
    CHECK(copy != NULL);
    text_clean(text, bytes + 1, copy, bytes);
    free(copy);
}

const char *db_text(const PGresult *result, int row, int column)
{
    char *text = PQgetvalue(result, row, column);
    size_t bytes = strlen(text);
    if (!text_is_clean(text, bytes))
        clean_text(text, bytes);
    return text;
}

int64_t db_binary_int(const PGresult *result, int row, int column)
{
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, row, column);
    int count = PQgetlength(result, row, column);
    if (PQgetisnull(result, row, column))
        return 0;
    CHECK(count == 1 || count == 2 || count == 4 || count == 8);
    // The first byte carries the sign.
    uint64_t value = (uint64_t)(int64_t)(signed char)bytes[0];
    for (int i = 1; i < count; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

struct digest db_binary_digest(const PGresult *result, int row, int column)
{
    struct digest digest = {{0}};
    if (PQgetlength(result, row, column) == DIGEST_BYTES)
        memcpy(digest.bytes, PQgetvalue(result, row, column), DIGEST_BYTES);
    return digest;
}

int64_t db_binary_time_us(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column))
        return 0;
    return db_binary_int(result, row, column) + POSTGRES_EPOCH_US;
}
