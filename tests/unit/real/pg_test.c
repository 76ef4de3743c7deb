#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "real/pg.h"

struct row {
    const char *sqlstate;
    enum status status;
};

static const struct row rows[] = {
    {"DB001", STATUS_STORE_FENCED},  /* another epoch */
    {"DB002", STATUS_STORE_ALREADY}, /* the very chunk */
    {"DB003", STATUS_STORE_DIFFERS}, {"DB004", STATUS_STORE_DIFFERS},
    {"DB005", STATUS_STORE_BROKEN}, /* nothing of ours sends what that refuses */
    {"40001", STATUS_STORE_BUSY},    {"40P01", STATUS_STORE_BUSY},
    {"55P03", STATUS_STORE_BUSY},    {"57014", STATUS_STORE_BUSY},
    {"53100", STATUS_STORE_BUSY}, /* disk full: nothing was written */
    {"23505", STATUS_STORE_TWICE},   {"23514", STATUS_STORE_REFUSED},
    {"22021", STATUS_STORE_REFUSED}, {"42501", STATUS_STORE_DENIED},
    {"57P01", STATUS_STORE_LOST}, /* the session is ending */
    {"08006", STATUS_STORE_LOST},    {"08P01", STATUS_STORE_BROKEN},
    {"25006", STATUS_STORE_LOST}, /* the server became a standby */
    {"25P02", STATUS_STORE_BROKEN},  {"XX000", STATUS_STORE_BROKEN},
    {"", STATUS_STORE_LOST},         {NULL, STATUS_STORE_LOST},
};

static void each_sqlstate_has_its_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(pg_sqlstate_status(rows[i].sqlstate), rows[i].status);
}

static void what_may_have_happened_is_never_taken_for_a_failure(void **state)
{
    (void)state;
    assert_int_equal(status_class(pg_sqlstate_status(NULL)), STATUS_CLASS_UNKNOWN);
    assert_int_equal(status_class(pg_sqlstate_status("57P01")), STATUS_CLASS_UNKNOWN);
    assert_int_equal(status_class(pg_sqlstate_status("40001")), STATUS_CLASS_RETRY);
}

static void a_connection_string_that_is_none_is_told(void **state)
{
    (void)state;
    char error[PG_ERROR_BYTES];
    PGconn *conn = NULL;
    assert_int_equal(pg_open("hostt=/tmp", "x", NS_PER_S, &conn, error), STATUS_BAD_CONFIG);
    assert_null(conn);
    assert_non_null(strstr(error, "connection string"));
    assert_null(strstr(error, "hostt")); // it may hold a password
    assert_int_equal(pg_open("host=/nonexistent dbname=x user=x", "x", NS_PER_S, &conn, error),
                     STATUS_UNREACHABLE);
    assert_null(conn);
}

static void a_statement_on_a_lost_session_says_lost(void **state)
{
    (void)state;
    char error[PG_ERROR_BYTES] = "";
    PGconn *conn = PQconnectdb("host=/nonexistent dbname=x user=x");
    PGresult *result = pg_run(conn, "SELECT 1", 0, NULL);
    assert_int_equal(pg_result_status(conn, result, error), STATUS_STORE_LOST);
    assert_string_not_equal(error, "");
    PQclear(result);
    PQfinish(conn);
}

/* ---- a server that says it is ready, and nothing more ---- */

struct silent {
    char folder[32];
    char socket[64];
    pid_t pid;
};

static void greet(int listener)
{
    static const char hello[] = "R\0\0\0\010\0\0\0\0"
                                "S\0\0\0\030server_version\00015.0\0"
                                "Z\0\0\0\005I";
    char startup[512];
    int fd = accept(listener, NULL, NULL);
    if (read(fd, startup, sizeof(startup)) > 0 &&
        write(fd, hello, sizeof(hello) - 1) == (ssize_t)sizeof(hello) - 1)
        for (;;)
            pause();
    _exit(1);
}

static void silent_begin(struct silent *silent)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(silent->folder, "/tmp/daybook-pg.XXXXXX");
    assert_non_null(mkdtemp(silent->folder));
    snprintf(silent->socket, sizeof(silent->socket), "%s/.s.PGSQL.5432", silent->folder);
    strcpy(address.sun_path, silent->socket);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    silent->pid = fork();
    if (silent->pid == 0)
        greet(listener);
    assert_true(silent->pid > 0);
    close(listener);
}

static void silent_end(const struct silent *silent)
{
    kill(silent->pid, SIGKILL);
    waitpid(silent->pid, NULL, 0);
    unlink(silent->socket);
    rmdir(silent->folder);
}

static void a_server_that_falls_silent_is_given_up(void **state)
{
    (void)state;
    char error[PG_ERROR_BYTES] = "", conninfo[96];
    struct silent silent;
    silent_begin(&silent);
    snprintf(conninfo, sizeof(conninfo), "host=%s dbname=x user=x", silent.folder);
    PGconn *conn = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    pg_answer_within(conn, 20 * NS_PER_MS);
    PGresult *result = pg_exec(conn, "SELECT 1");
    assert_null(result);
    assert_int_equal(pg_result_status(conn, result, error), STATUS_STORE_LOST);
    assert_string_equal(error, "no answer");
    // Nor does it wait again.
    pg_answer_within(conn, 3600 * NS_PER_S);
    result = pg_run(conn, "SELECT 1", 0, NULL);
    assert_int_equal(pg_result_status(conn, result, error), STATUS_STORE_LOST);
    PQclear(result);
    PQfinish(conn);
    silent_end(&silent);
}

static void a_session_is_not_opened_by_a_silent_server(void **state)
{
    (void)state;
    char error[PG_ERROR_BYTES] = "", conninfo[96];
    struct silent silent;
    PGconn *conn = NULL;
    silent_begin(&silent);
    snprintf(conninfo, sizeof(conninfo), "host=%s dbname=x user=x", silent.folder);
    assert_int_equal(pg_open(conninfo, "x", 20 * NS_PER_MS, &conn, error), STATUS_STORE_LOST);
    assert_null(conn);
    silent_end(&silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sqlstate_has_its_meaning),
        cmocka_unit_test(what_may_have_happened_is_never_taken_for_a_failure),
        cmocka_unit_test(a_connection_string_that_is_none_is_told),
        cmocka_unit_test(a_statement_on_a_lost_session_says_lost),
        cmocka_unit_test(a_server_that_falls_silent_is_given_up),
        cmocka_unit_test(a_session_is_not_opened_by_a_silent_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
