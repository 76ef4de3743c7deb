/* The database: reached, promising what it must, with the right rights and schema, and near. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/db.h"
#include "jobs/doctor.h"
#include "real/claim_check.h"
#include "real/clock.h"
#include "real/pg.h"
#include "sql.h"

#define ROUNDS 21
#define SLOW_NS (5 * NS_PER_MS)
#define CLOCK_APART_US INT64_C(1000000)
#define OPEN_BATCHES_MAX "20"
#define SESSIONS_NEEDED 4 /* of a run: control, chunks, pages, and one that asks */

uint64_t doctor_median(uint64_t *values, uint32_t count)
{
    CHECK(count > 0);
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = i; k > 0 && values[k - 1] > values[k]; k--) {
            uint64_t smaller = values[k];
            values[k] = values[k - 1];
            values[k - 1] = smaller;
        }
    }
    return values[count / 2];
}

static void look_at_promises(struct doctor *doctor, struct db *db)
{
    char error[STORE_ERROR_BYTES] = "";
    struct claim_former session = {0};
    PGresult *server = claim_check_ask(db_connection(db));
    enum status status = pg_result_status(db_connection(db), server, error);
    if (status != STATUS_OK)
        doctor_fail_status(doctor, "promises", status, error);
    for (uint32_t i = 0; status == STATUS_OK && i < CLAIM_PROMISE_COUNT; i++) {
        enum status kept = claim_check_promise(server, i, error);
        if (kept == STATUS_OK)
            doctor_ok(doctor, claim_check_name(i), "%s", "as it must be");
        else
            doctor_fail_status(doctor, claim_check_name(i), kept, error);
    }
    if (status == STATUS_OK) {
        status = claim_check_session(db_connection(db), server, &session, error);
        if (status == STATUS_OK)
            doctor_ok(doctor, "no pooler", "the server's own session");
        else
            doctor_fail_status(doctor, "no pooler", status, error);
    }
    PQclear(server);
}

/* Did the database go back, as the claim of each open batch would find? */
static void look_at_timeline(struct doctor *doctor, PGconn *conn)
{
    char error[STORE_ERROR_BYTES] = "";
    const char *const most[] = {OPEN_BATCHES_MAX};
    PGresult *open = pg_run(conn, sql_doctor_open, 1, most);
    enum status status = pg_result_status(conn, open, error);
    for (int i = 0; status == STATUS_OK && i < PQntuples(open); i++) {
        struct claim_config batch = {.batch_id = (uint32_t)db_int(open, i, 0)};
        int64_t timeline;
        status = claim_check_timeline(conn, &batch, &timeline, error);
        if (status == STATUS_STORE_BEHIND) {
            doctor_fail(doctor, "timeline", JOB_UNREACHABLE,
                        "connect to the server that has the newest data; else `daybook reconcile "
                        "COHORT --date DATE`, batch by batch",
                        "%s %s: %.*s", db_text(open, i, 1), db_text(open, i, 2),
                        (int)strcspn(error, "\n"), error);
            PQclear(open);
            return;
        }
    }
    if (status == STATUS_OK)
        doctor_ok(doctor, "timeline", "no open batch was run on another one than this");
    else
        doctor_fail_status(doctor, "timeline", status, error);
    PQclear(open);
}

/* As the engine opens one: version, role daybook_engine, synchronous_commit. */
static void look_at_engine(struct doctor *doctor)
{
    char error[PG_ERROR_BYTES] = "";
    PGconn *conn = NULL;
    char *conninfo = db_conninfo(doctor->config);
    enum status status = pg_open(conninfo, "daybook doctor",
                                 (uint64_t)doctor->config->answer_within_ns, &conn, error);
    db_conninfo_free(conninfo);
    if (status != STATUS_OK) {
        doctor_fail_status(doctor, "engine session", status, error);
        return;
    }
    doctor_ok(doctor, "engine session", "user %s, as daybook_engine; commits are durable",
              PQuser(conn));
    status = claim_check_schema(conn, error);
    if (status == STATUS_OK)
        doctor_ok(doctor, "schema version", "%d", sql_migrations[sql_migration_count - 1].version);
    else
        doctor_fail_status(doctor, "schema version", status, error);
    if (status == STATUS_OK)
        look_at_timeline(doctor, conn);
    PQfinish(conn);
}

static void look_at_login(struct doctor *doctor, struct db *db)
{
    static const char fix[] = "make a login for the engine: CREATE ROLE NAME LOGIN; "
                              "`daybook schema apply --engine-role NAME`";
    PGresult *result = pg_run(db_connection(db), sql_run_login, 0, NULL);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        const char *name = db_text(result, 0, 0), *too_much = db_text(result, 0, 1);
        if (too_much[0] == '\0')
            doctor_ok(doctor, "login", "%s has the rights of an engine and no more", name);
        else if (doctor->config->login == CONFIG_LOGIN_REFUSE)
            doctor_fail(doctor, "login", JOB_DENIED, fix, "%s %s, and claim.login is refuse", name,
                        too_much);
        else
            doctor_warn(doctor, "login", fix, "%s %s", name, too_much);
    } else {
        doctor_ok(doctor, "login", "%s; no schema yet to own", PQuser(db_connection(db)));
    }
    PQclear(result);
}

/* Chunks wait for it: five round trips each. */
static void tell_round_trip(struct doctor *doctor, uint64_t median_ns)
{
    if (median_ns > SLOW_NS)
        doctor_warn(doctor, "round trip", "run daybook nearer to the database",
                    "%" PRIu64 ".%" PRIu64 " ms in the middle of %d", median_ns / NS_PER_MS,
                    median_ns / (NS_PER_MS / 10) % 10, ROUNDS);
    else
        doctor_ok(doctor, "round trip", "%" PRIu64 " us in the middle of %d", median_ns / NS_PER_US,
                  ROUNDS);
}

static void tell_clock(struct doctor *doctor, int64_t apart_us)
{
    if (llabs(apart_us) > CLOCK_APART_US)
        doctor_warn(doctor, "clock", "let both machines take their time from NTP",
                    "the database's clock is %" PRId64 " ms %s this machine's",
                    (int64_t)llabs(apart_us) / 1000, apart_us > 0 ? "ahead of" : "behind");
    else
        doctor_ok(doctor, "clock", "%" PRId64 " ms from this machine's", apart_us / 1000);
}

static void look_at_time(struct doctor *doctor, struct db *db)
{
    uint64_t took_ns[ROUNDS], least_ns = UINT64_MAX;
    int64_t apart_us = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t wall_us = clock_wall_us();
        uint64_t begun_ns = clock_now_ns();
        PGresult *result = pg_run(db_connection(db), sql_doctor_clock, 0, NULL);
        took_ns[i] = clock_now_ns() - begun_ns;
        bool told = PQresultStatus(result) == PGRES_TUPLES_OK;
        // The quickest one tells most exactly when the server looked.
        if (told && took_ns[i] < least_ns) {
            least_ns = took_ns[i];
            apart_us = db_int(result, 0, 0) - wall_us - (int64_t)(took_ns[i] / 2 / NS_PER_US);
        }
        PQclear(result);
        if (!told) {
            doctor_fail(doctor, "round trip", JOB_UNREACHABLE, "look at the server's log",
                        "the session was lost while it was asked");
            return;
        }
    }
    tell_round_trip(doctor, doctor_median(took_ns, ROUNDS));
    tell_clock(doctor, apart_us);
}

static void look_at_zone(struct doctor *doctor, struct db *db)
{
    const char *zone = doctor->config->time_zone;
    const char *const params[] = {zone, "0"};
    PGresult *result = pg_run(db_connection(db), sql_batch_day, 2, params);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        doctor_ok(doctor, "time zone", "%s, where it is %s", zone, db_text(result, 0, 0));
    else
        doctor_fail(doctor, "time zone", JOB_BAD_CONFIG,
                    "set `time_zone` to one such as Asia/Seoul (pg_timezone_names lists them)",
                    "Postgres does not know \"%s\"", zone);
    PQclear(result);
}

static void look_at_room(struct doctor *doctor, struct db *db)
{
    PGresult *result = pg_run(db_connection(db), sql_doctor_room, 0, NULL);
    int64_t room = PQresultStatus(result) == PGRES_TUPLES_OK ? db_int(result, 0, 0) : 0;
    if (room < SESSIONS_NEEDED)
        doctor_warn(doctor, "sessions", "raise max_connections, or end some",
                    "%" PRId64 " more may be opened; a run needs %d", room, SESSIONS_NEEDED);
    else
        doctor_ok(doctor, "sessions", "%" PRId64 " more may be opened", room);
    PQclear(result);
}

static void look(struct doctor *doctor, struct db *db)
{
    int version = PQserverVersion(db_connection(db));
    if (version < PG_VERSION_LEAST)
        doctor_fail(doctor, "version", JOB_BAD_CONFIG, "upgrade the server, or name another one",
                    "Postgres %d; 14 or newer is needed", version / 10000);
    else
        doctor_ok(doctor, "version", "Postgres %d.%d", version / 10000, version % 10000);
    look_at_promises(doctor, db);
    look_at_engine(doctor);
    look_at_login(doctor, db);
    look_at_time(doctor, db);
    look_at_zone(doctor, db);
    look_at_room(doctor, db);
}

void doctor_database(struct doctor *doctor)
{
    struct job_said said;
    int exit_code;
    doctor_group(doctor, "database");
    job_keep(&said);
    struct db *db = db_open(doctor->config, "daybook doctor", &exit_code);
    if (db == NULL) {
        doctor_fail_said(doctor, "connection", &said, exit_code);
        return;
    }
    job_keep(NULL);
    db_answer_within(db, (uint64_t)doctor->config->answer_within_ns);
    doctor_ok(doctor, "connection", "%s, database %s",
              PQhost(db_connection(db)) != NULL ? PQhost(db_connection(db)) : "",
              PQdb(db_connection(db)));
    look(doctor, db);
    db_close(db);
}
