/* The schema: who may do what, and the public views. */
#include "store_cases.h"

#include <stdio.h>
#include <string.h>

/* SQLSTATE of one statement run as a role, in a transaction that is undone; "" for success. */
static const char *try_as(const char *role, const char *statement)
{
    static char sqlstate[6];
    char sql[512];
    snprintf(sql, sizeof(sql), "BEGIN; SET LOCAL ROLE %s", role);
    PQclear(PQexec(world.admin, sql));
    PGresult *result = PQexec(world.admin, statement);
    const char *told = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(sqlstate, sizeof(sqlstate), "%s", told == NULL ? "" : told);
    PQclear(result);
    PQclear(PQexec(world.admin, "ROLLBACK"));
    return sqlstate;
}

static const char *const append_only[] = {
    "schema_version", "account", "mapping", "bank_profile", "batch",   "plan_revision",
    "plan",           "opening", "chunk",   "intent",       "attempt", "outcome",
    "entry",          "closing", "request", "decision"};
static const char *const heads[] = {"batch_head", "head", "run"};

static const char *first_column(const char *table)
{
    return world_ask(&world,
                     "SELECT attname FROM pg_attribute WHERE attrelid = 'daybook.%s'::regclass AND "
                     "attnum = 1",
                     table);
}

static void what_happened_can_be_changed_by_nobody(void **state)
{
    (void)state;
    static const char *const roles[] = {"daybook_engine", "daybook_owner", "postgres"};
    char sql[256];
    for (size_t t = 0; t < sizeof(append_only) / sizeof(append_only[0]); t++) {
        for (size_t r = 0; r < sizeof(roles) / sizeof(roles[0]); r++) {
            snprintf(sql, sizeof(sql), "UPDATE daybook.%s SET %s = DEFAULT", append_only[t],
                     first_column(append_only[t]));
            assert_string_equal(try_as(roles[r], sql), "42501");
            snprintf(sql, sizeof(sql), "DELETE FROM daybook.%s", append_only[t]);
            assert_string_equal(try_as(roles[r], sql), "42501");
            snprintf(sql, sizeof(sql), "TRUNCATE daybook.%s", append_only[t]);
            assert_string_equal(try_as(roles[r], sql), "42501");
        }
    }
}

static void heads_move_but_are_never_removed(void **state)
{
    (void)state;
    char sql[256];
    for (size_t t = 0; t < sizeof(heads) / sizeof(heads[0]); t++) {
        snprintf(sql, sizeof(sql), "DELETE FROM daybook.%s", heads[t]);
        assert_string_equal(try_as("daybook_engine", sql), "42501");
        assert_string_equal(try_as("postgres", sql), "42501");
        snprintf(sql, sizeof(sql), "TRUNCATE daybook.%s", heads[t]);
        assert_string_equal(try_as("postgres", sql), "42501");
    }
    assert_string_equal(try_as("daybook_engine", "UPDATE daybook.head SET epoch = epoch + 1"), "");
    assert_string_equal(try_as("daybook_engine", "UPDATE daybook.head SET epoch = epoch - 1"),
                        "DB005");
    assert_string_equal(try_as("daybook_engine", "UPDATE daybook.head SET chunk = chunk + 2"),
                        "DB005");
    assert_string_equal(try_as("daybook_engine", "UPDATE daybook.batch_head SET epoch = 0"),
                        "DB005");
}

static void the_engine_owns_nothing_and_readers_read_views_only(void **state)
{
    (void)state;
    assert_int_equal(world_ask_number(&world,
                                      "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON "
                                      "n.oid = c.relnamespace WHERE n.nspname = 'daybook' AND "
                                      "c.relowner <> 'daybook_owner'::regrole"),
                     0);
    assert_string_equal(
        world_ask(&world, "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcanlogin FROM "
                          "pg_roles WHERE rolname = 'daybook_engine'"),
        "f");
    assert_string_equal(try_as("daybook_engine", "INSERT INTO daybook.schema_version (version, "
                                                 "name, sha256) VALUES (77, 'x', sha256('x'))"),
                        "42501");
    assert_string_equal(try_as("daybook_engine", "CREATE TABLE daybook.mine (x int)"), "42501");
    assert_string_equal(try_as("daybook_reader", "SELECT FROM daybook.v_settlement"), "");
    assert_string_equal(try_as("daybook_reader", "SELECT FROM daybook.mapping"), "42501");
    assert_string_equal(try_as("daybook_reader", "SELECT daybook.advance(1,0,1,1,'','',0,0,0)"),
                        "42501");
}

static void a_frozen_plan_takes_no_more_rows(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "frozen", "2026-08-25", "frozen", 2);
    char sql[512];
    snprintf(sql, sizeof(sql),
             "INSERT INTO daybook.plan (settlement_id, revision, account_id, mapping_id, key_seed, "
             "repayment_minor, hold_minor) SELECT settlement_id + 100, revision, account_id, "
             "mapping_id, key_seed, 0, 0 FROM daybook.plan WHERE settlement_id >> 32 = %u",
             batch);
    assert_string_equal(try_as("daybook_engine", sql), "");
    claim_close(world_claim(&world, batch));
    assert_string_equal(try_as("daybook_engine", sql), "DB005");
}

struct view {
    const char *name;
    const char *columns;
};

static const struct view views[] = {
    {"v_batch", "batch_id bigint, cohort text, settle_date date, currency text, state text, "
                "accounts bigint, partitions bigint, plan_digest bytea, created_at timestamp with "
                "time zone, closed_at timestamp with time zone"},
    {"v_run", "run_id bigint, batch_id bigint, kind text, state text, operator text, reason text, "
              "started_at timestamp with time zone, ended_at timestamp with time zone, exit_code "
              "integer"},
    {"v_settlement",
     "settlement_id bigint, batch_id bigint, account_ref text, bank text, state text, step text, "
     "floor_minor bigint, seen_minor bigint, deposit_minor bigint, repayment_minor bigint, "
     "hold_minor bigint, payout_minor bigint, residue_minor bigint, code text, reason text, "
     "updated_at timestamp with time zone"},
    {"v_transfer",
     "settlement_id bigint, batch_id bigint, step text, generation bigint, kind text, bank text, "
     "idem_key text, from_account text, to_account text, amount_minor bigint, state text, "
     "bank_ref text, code text, trace_id text, intended_at timestamp with time zone, decided_at "
     "timestamp with time zone"},
    {"v_entry", "batch_id bigint, partition bigint, chunk bigint, position bigint, settlement_id "
                "bigint, step text, generation bigint, kind text, debit text, credit text, "
                "amount_minor bigint"},
    {"v_balance", "owner text, ledger_account text, currency text, debit_minor bigint, "
                  "credit_minor bigint, balance_minor bigint"},
    {"v_chunk", "batch_id bigint, partition bigint, chunk bigint, records bigint, entries bigint, "
                "debit_total bigint, hash bytea, prev_hash bytea, epoch bigint, committed_at "
                "timestamp with time zone"},
    {"v_request", "request_id bigint, batch_id bigint, account_ref text, kind text, operator text, "
                  "reason text, state text, answered_at timestamp with time zone, code text, "
                  "created_at timestamp with time zone, settlement_id bigint"},
};

static void the_views_have_exactly_their_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        assert_string_equal(
            world_ask(&world,
                      "SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER "
                      "BY attnum) FROM pg_attribute WHERE attrelid = 'daybook.%s'::regclass AND "
                      "attnum > 0",
                      views[i].name),
            views[i].columns);
}

static void the_views_tell_a_settlements_story(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "story", "2026-08-25", "story", 5);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    const struct store_load load = {.scope = LOAD_FRESH, .row_max = 5};
    (void)world_load(store, &load);
    int64_t mapping = world_ask_number(
        &world, "SELECT min(mapping_id) FROM daybook.plan WHERE settlement_id >> 32 = %u", batch);
    book_settle(book, 1);
    for (uint32_t i = 0; i < book->record_count; i++)
        if (book->records[i].record_kind == RECORD_INTENT)
            book->records[i].intent.mapping_id = mapping;
    book_outcome(book, 2, 1, STEP_DEPOSIT, 0, OUTCOME_SHORT, 40);
    book_outcome(book, 3, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_intent(book, 3, STEP_COLLECT, 1, 300, mapping + 2);
    book_outcome(book, 4, 1, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    assert_string_equal(
        world_ask(&world,
                  "SELECT string_agg(concat_ws(' ', account_ref, state, step, floor_minor, "
                  "seen_minor, deposit_minor, payout_minor, residue_minor, code), ', ' ORDER BY "
                  "settlement_id) FROM daybook.v_settlement WHERE batch_id = %u",
                  batch),
        // The third one's intent was to be sent before an instant long past.
        "story-1 settled closing 0 1000 600 0, story-2 short deposit 0 40, "
        "story-3 in_doubt collect 0 1000, story-4 parked deposit 0 closed, "
        "story-5 waiting deposit 0");
    assert_string_equal(
        world_ask(&world,
                  "SELECT string_agg(concat_ws(' ', step, kind, state, amount_minor, bank_ref), ', "
                  "' ORDER BY settlement_id, step) FROM daybook.v_transfer WHERE batch_id = %u",
                  batch),
        "collect normal accepted 300 tr_1_2, payout normal accepted 600 tr_1_4, "
        "collect normal in_doubt 300");
    assert_string_equal(
        world_ask(&world,
                  "SELECT string_agg(concat_ws(' ', ledger_account, debit_minor, credit_minor, "
                  "balance_minor), ', ' ORDER BY ledger_account) FROM daybook.v_balance WHERE "
                  "owner = 'story-1'"),
        "held 0 100 100, payable 1000 1000 0, receivable 0 300 -300, virtual 1000 900 100");
    // Masked for a reader, whole for an auditor.
    world_do(&world, "SET ROLE daybook_reader");
    assert_string_equal(world_ask(&world,
                                  "SELECT to_account FROM daybook.v_transfer WHERE batch_id = %u "
                                  "AND step = 'collect' LIMIT 1",
                                  batch),
                        "****CT-1");
    world_do(&world, "SET ROLE daybook_auditor");
    assert_string_equal(world_ask(&world,
                                  "SELECT to_account FROM daybook.v_transfer WHERE batch_id = %u "
                                  "AND step = 'collect' LIMIT 1",
                                  batch),
                        "COLLECT-1");
    world_do(&world, "RESET ROLE");
    book_close(book);
    store_close(store);
    claim_close(claim);
}

int schema_cases(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happened_can_be_changed_by_nobody),
        cmocka_unit_test(heads_move_but_are_never_removed),
        cmocka_unit_test(the_engine_owns_nothing_and_readers_read_views_only),
        cmocka_unit_test(a_frozen_plan_takes_no_more_rows),
        cmocka_unit_test(the_views_have_exactly_their_columns),
        cmocka_unit_test(the_views_tell_a_settlements_story),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
