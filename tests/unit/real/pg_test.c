#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    assert_int_equal(pg_open("hostt=/tmp", "x", &conn, error), STATUS_BAD_CONFIG);
    assert_null(conn);
    assert_non_null(strstr(error, "connection string"));
    assert_null(strstr(error, "hostt")); // it may hold a password
    assert_int_equal(pg_open("host=/nonexistent dbname=x user=x", "x", &conn, error),
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sqlstate_has_its_meaning),
        cmocka_unit_test(what_may_have_happened_is_never_taken_for_a_failure),
        cmocka_unit_test(a_connection_string_that_is_none_is_told),
        cmocka_unit_test(a_statement_on_a_lost_session_says_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
