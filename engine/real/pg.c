#include "real/pg.h"

#include <libpq-events.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/text.h"
#include "base/time.h"
#include "core/port.h"
#include "real/clock.h"

/* Keywords given besides the connection string; it wins where it names one itself. */
static const char *const pg_defaults[][2] = {
    {"connect_timeout", "10"},    {"keepalives", "1"},       {"keepalives_idle", "5"},
    {"keepalives_interval", "2"}, {"keepalives_count", "3"}, {"tcp_user_timeout", "10000"},
};

/* Every setting on which statements here rely, whatever the server or role has by default. */
static const char pg_settings_sql[] = "SET ROLE daybook_engine;"
                                      "SET search_path = pg_catalog, pg_temp;"
                                      "SET default_transaction_isolation = 'read committed';"
                                      "SET client_min_messages = warning;"
                                      "SET lock_timeout = '5s';"
                                      "SET statement_timeout = '300s';"
                                      "SET idle_in_transaction_session_timeout = 0;"
                                      "SET jit = off;" // costs a second where a page takes ms
                                      "SET TimeZone = 'UTC';"
                                      "SET DateStyle = 'ISO';"
                                      "SET bytea_output = 'hex';"
                                      "SET tcp_keepalives_idle = 5;"
                                      "SET tcp_keepalives_interval = 2;"
                                      "SET tcp_keepalives_count = 3;"
                                      "SET tcp_user_timeout = 10000;"
                                      "SET client_connection_check_interval = '2s';"
                                      // Stays what it is now, whatever the server is told later.
                                      "SELECT set_config('synchronous_commit',"
                                      " current_setting('synchronous_commit'), false)";

#define PG_KEYWORDS_MAX 64

struct keywords {
    const char *names[PG_KEYWORDS_MAX + 1];
    const char *values[PG_KEYWORDS_MAX + 1];
    int count;
};

static bool keywords_have(const struct keywords *keywords, const char *name)
{
    for (int i = 0; i < keywords->count; i++)
        if (strcmp(keywords->names[i], name) == 0)
            return true;
    return false;
}

static void keywords_put(struct keywords *keywords, const char *name, const char *value)
{
    CHECK(keywords->count < PG_KEYWORDS_MAX);
    keywords->names[keywords->count] = name;
    keywords->values[keywords->count] = value;
    keywords->count++;
}

/* A server's warnings are no lines of ours: libpq would write them to stderr as they are. */
static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static PGconn *connect_by(const PQconninfoOption *options, const char *application_name)
{
    struct keywords keywords = {.count = 0};
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        if (option->val != NULL && option->val[0] != 0)
            keywords_put(&keywords, option->keyword, option->val);
    for (size_t i = 0; i < sizeof(pg_defaults) / sizeof(pg_defaults[0]); i++)
        if (!keywords_have(&keywords, pg_defaults[i][0]))
            keywords_put(&keywords, pg_defaults[i][0], pg_defaults[i][1]);
    // The last one of a name wins: these are ours to say.
    keywords_put(&keywords, "application_name", application_name);
    keywords_put(&keywords, "client_encoding", "UTF8");
    return PQconnectdbParams(keywords.names, keywords.values, 0);
}

static enum status session_begin(PGconn *conn, char error[PG_ERROR_BYTES])
{
    if (PQserverVersion(conn) < PG_VERSION_LEAST) {
        snprintf(error, PG_ERROR_BYTES,
                 "the server is version %d, Postgres 14 or newer is needed\n"
                 "HINT: upgrade the server, or name another one",
                 PQserverVersion(conn) / 10000);
        return STATUS_BAD_CONFIG;
    }
    PGresult *result = pg_exec(conn, pg_settings_sql);
    enum status status = pg_result_status(conn, result, error);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate != NULL && strcmp(sqlstate, "22023") == 0) {
        snprintf(error, PG_ERROR_BYTES,
                 "the database does not know the role daybook_engine\n"
                 "HINT: run `daybook schema apply`");
        status = STATUS_BAD_CONFIG;
    } else if (status == STATUS_STORE_DENIED) {
        snprintf(error, PG_ERROR_BYTES,
                 "user \"%s\" may not act as daybook_engine\n"
                 "HINT: GRANT daybook_engine TO \"%s\"",
                 PQuser(conn), PQuser(conn));
    } else if (status == STATUS_OK && strcmp(PQgetvalue(result, 0, 0), "off") == 0) {
        snprintf(error, PG_ERROR_BYTES,
                 "the database server has synchronous_commit = off: what it reports as written "
                 "could be lost\n"
                 "HINT: set synchronous_commit to on, for the server, the database and user \"%s\"",
                 PQuser(conn));
        status = STATUS_BAD_CONFIG;
    }
    PQclear(result);
    return status;
}

/* libpq fills what is missing from the environment, and takes an empty value for missing. */
void pg_forget_environment(void)
{
    static const char *const others[] = {"PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR",
                                         "PGDATESTYLE",   "PGTZ",         "PGGEQO",
                                         "PGREQUIRESSL"};
    PQconninfoOption *options = PQconndefaults();
    for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
        if (option->envvar != NULL)
            unsetenv(option->envvar);
    }
    PQconninfoFree(options);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        unsetenv(others[i]);
}

/* The password is one of them. */
static void wipe_and_free(PQconninfoOption *options)
{
    for (PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL)
            explicit_bzero(option->val, strlen(option->val));
    }
    PQconninfoFree(options);
}

enum status pg_open(const char *conninfo, const char *application_name, uint64_t answer_ns,
                    PGconn **out, char error[PG_ERROR_BYTES])
{
    CHECK(answer_ns > 0);
    *out = NULL;
    pg_forget_environment();
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    if (options == NULL) { // libpq's complaint may quote a password
        snprintf(error, PG_ERROR_BYTES, "the database's connection string cannot be read");
        return STATUS_BAD_CONFIG;
    }
    PGconn *conn = connect_by(options, application_name);
    wipe_and_free(options);
    CHECK(conn != NULL);
    (void)PQsetNoticeReceiver(conn, ignore_notice, NULL);
    enum status status = STATUS_UNREACHABLE;
    pg_answer_within(conn, answer_ns);
    if (PQstatus(conn) == CONNECTION_OK)
        status = session_begin(conn, error);
    else
        pg_error_text(conn, NULL, error);
    if (status != STATUS_OK) {
        PQfinish(conn);
        return status;
    }
    *out = conn;
    return STATUS_OK;
}

bool pg_is_up(const char *conninfo)
{
    const char *const keywords[] = {"dbname", "connect_timeout", NULL};
    const char *const values[] = {conninfo, "10", NULL};
    return PQpingParams(keywords, values, 1) == PQPING_OK;
}

/* ---- asking, with an end ---- */

/* libpq keeps the bound beside the session, under this function's address. */
static int on_event(PGEventId id, void *info, void *context)
{
    (void)id;
    (void)info;
    (void)context;
    return 1;
}

void pg_answer_within(PGconn *conn, uint64_t answer_ns)
{
    uintptr_t bound_ms = (uintptr_t)((answer_ns + NS_PER_MS - 1) / NS_PER_MS);
    (void)PQregisterEventProc(conn, on_event, "daybook", NULL); // fails where it is, which is well
    (void)PQsetInstanceData(conn, on_event, (void *)bound_ms);
    // What the kernel does not take must not be waited for, either.
    (void)PQsetnonblocking(conn, bound_ms > 0);
}

static uint64_t until_of(const PGconn *conn)
{
    uint64_t bound_ms = (uintptr_t)PQinstanceData(conn, on_event);
    return bound_ms == 0 ? AT_NEVER : clock_now_ns() + bound_ms * NS_PER_MS;
}

static int left_ms(uint64_t until_ns)
{
    uint64_t now_ns = clock_now_ns();
    if (until_ns == AT_NEVER)
        return -1;
    if (now_ns >= until_ns)
        return 0;
    uint64_t left = (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left < 1000000 ? (int)left : 1000000;
}

bool pg_wait(PGconn *conn, uint64_t until_ns)
{
    for (;;) {
        int flushed = PQflush(conn);
        if (flushed < 0)
            pg_give_up(conn);
        if (flushed < 0 || (flushed == 0 && !PQisBusy(conn)))
            return true;
        short events = (short)(POLLIN | (flushed > 0 ? POLLOUT : 0));
        struct pollfd fd = {.fd = PQsocket(conn), .events = events};
        int wait_ms = left_ms(until_ns);
        if (wait_ms == 0)
            return false;
        (void)poll(&fd, 1, wait_ms);
        if ((fd.revents & ~POLLOUT) != 0 && PQconsumeInput(conn) == 0)
            return true;
    }
}

void pg_give_up(PGconn *conn)
{
    if (PQsocket(conn) >= 0)
        (void)shutdown(PQsocket(conn), SHUT_RDWR);
}

static bool is_copy(const PGresult *result)
{
    ExecStatusType kind = PQresultStatus(result);
    return kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH;
}

PGresult *pg_answer(PGconn *conn)
{
    uint64_t until_ns = until_of(conn);
    PGresult *last = NULL;
    while (!is_copy(last)) {
        if (!pg_wait(conn, until_ns)) {
            pg_give_up(conn);
            PQclear(last);
            return NULL;
        }
        PGresult *next = PQgetResult(conn);
        if (next == NULL)
            break;
        PQclear(last);
        last = next;
    }
    return last;
}

/* Of something before that nobody waited for, such as a heartbeat. */
static void drop_answers(PGconn *conn)
{
    if (PQtransactionStatus(conn) == PQTRANS_ACTIVE)
        PQclear(pg_answer(conn));
}

PGresult *pg_exec(PGconn *conn, const char *sql)
{
    drop_answers(conn);
    return PQsendQuery(conn, sql) == 1 ? pg_answer(conn) : NULL;
}

PGresult *pg_prepare(PGconn *conn, const char *name, const char *sql, int param_count,
                     const Oid *param_types)
{
    drop_answers(conn);
    return PQsendPrepare(conn, name, sql, param_count, param_types) == 1 ? pg_answer(conn) : NULL;
}

PGresult *pg_run_form(PGconn *conn, const char *sql, int param_count, const char *const *params,
                      bool binary)
{
    drop_answers(conn);
    int sent = PQsendQueryParams(conn, sql, param_count, NULL, params, NULL, NULL, binary);
    return sent == 1 ? pg_answer(conn) : NULL;
}

PGresult *pg_run(PGconn *conn, const char *sql, int param_count, const char *const *params)
{
    return pg_run_form(conn, sql, param_count, params, false);
}

PGresult *pg_run_as_login(PGconn *conn, const char *sql, int param_count, const char *const *params)
{
    PGresult *reset = pg_exec(conn, "RESET ROLE");
    PGresult *result = reset == NULL ? NULL : pg_run(conn, sql, param_count, params);
    PQclear(reset);
    if (result != NULL)
        PQclear(pg_exec(conn, "SET ROLE daybook_engine"));
    return result;
}

enum status pg_result_status(PGconn *conn, const PGresult *result, char error[PG_ERROR_BYTES])
{
    ExecStatusType kind = PQresultStatus(result);
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK)
        return STATUS_OK;
    pg_error_text(conn, result, error);
    if (PQstatus(conn) == CONNECTION_BAD)
        return STATUS_STORE_LOST;
    if (kind != PGRES_FATAL_ERROR)
        return STATUS_STORE_BROKEN;
    return pg_sqlstate_status(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

struct sqlstate_row {
    const char *prefix; /* the first row that fits decides */
    enum status status;
};

static const struct sqlstate_row sqlstate_rows[] = {
    {"DB001", STATUS_STORE_FENCED},  {"DB002", STATUS_STORE_ALREADY},
    {"DB003", STATUS_STORE_DIFFERS}, {"DB004", STATUS_STORE_DIFFERS},
    {"40", STATUS_STORE_BUSY},       {"55P03", STATUS_STORE_BUSY},
    {"57014", STATUS_STORE_BUSY},    {"53", STATUS_STORE_BUSY},
    {"08P01", STATUS_STORE_BROKEN},  {"57P", STATUS_STORE_LOST},
    {"08", STATUS_STORE_LOST},       {"23505", STATUS_STORE_TWICE},
    {"25006", STATUS_STORE_LOST}, // read-only by now: a standby, or on its way to be one
    {"22", STATUS_STORE_REFUSED},    {"23", STATUS_STORE_REFUSED},
    {"42501", STATUS_STORE_DENIED},  {"28", STATUS_STORE_DENIED},
};

enum status pg_sqlstate_status(const char *sqlstate)
{
    if (sqlstate == NULL || sqlstate[0] == 0)
        return STATUS_STORE_LOST;
    for (size_t i = 0; i < sizeof(sqlstate_rows) / sizeof(sqlstate_rows[0]); i++)
        if (strncmp(sqlstate, sqlstate_rows[i].prefix, strlen(sqlstate_rows[i].prefix)) == 0)
            return sqlstate_rows[i].status;
    return STATUS_STORE_BROKEN;
}

void pg_error_text(PGconn *conn, const PGresult *result, char error[PG_ERROR_BYTES])
{
    const char *sqlstate = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message =
        result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL)
        message = PQerrorMessage(conn);
    size_t length = strlen(message);
    while (length > 0 && message[length - 1] == '\n')
        length--;
    int used = 0;
    if (sqlstate != NULL)
        used = snprintf(error, PG_ERROR_BYTES, "%.5s ", sqlstate);
    if (length == 0)
        text_clean(error + used, PG_ERROR_BYTES - (size_t)used, "no answer", 9);
    else
        text_clean(error + used, PG_ERROR_BYTES - (size_t)used, message, length);
}
