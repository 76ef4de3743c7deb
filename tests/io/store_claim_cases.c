/* P0: who may start, who is ended, who is fenced; and how a run ends. */
#include "store_cases.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "core/settle.h"
#include "real/clock.h"

static enum status claim_again(uint32_t batch, bool take_over, struct claim **out,
                               char error[STORE_ERROR_BYTES])
{
    struct claim_config config = world_claim_config(&world, batch);
    config.take_over = take_over;
    config.operator_name = "bob";
    enum status status = claim_open(&config, out, error);
    if (status == STATUS_OK && (status = claim_take(*out, NULL, 0, error)) != STATUS_OK) {
        claim_close(*out);
        *out = NULL;
    }
    return status;
}

/* The next event of the claim. */
static struct event beat(struct claim *claim)
{
    struct event event;
    uint64_t until_ns = clock_now_ns() + 10 * NS_PER_S;
    while (claim_turn(claim, &event, clock_now_ns()) == 0) {
        assert_true(clock_now_ns() < until_ns);
        struct store_wait wait = claim_wait(claim);
        struct pollfd fd = {
            .fd = wait.fd,
            .events = (short)((wait.readable ? POLLIN : 0) | (wait.writable ? POLLOUT : 0))};
        (void)poll(&fd, 1, 20);
    }
    return event;
}

static void a_claim_freezes_the_plan_and_tells_of_its_run(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "claim", "2026-08-25", "claim", 5);
    assert_string_equal(
        world_ask(&world, "SELECT state FROM daybook.v_batch WHERE batch_id = %u", batch),
        "planned");
    struct claim *claim = world_claim(&world, batch);
    assert_int_equal(claim_epoch(claim), 1);
    assert_int_equal(claim_revision(claim), 1);
    assert_int_equal(claim_partitions(claim), 1);
    struct settle_start start;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_start(claim, 0, &start, 77, error), STATUS_OK);
    assert_int_equal(start.batch_id, batch);
    assert_int_equal(start.epoch, 1);
    assert_int_equal(start.chunk, 0);
    assert_int_equal(start.time.asked_at_ns, 77);
    const struct digest none = {{0}};
    assert_memory_equal(&start.hash, &none, sizeof(none));
    assert_string_equal(
        world_ask(&world,
                  "SELECT state || ' ' || kind || ' ' || operator FROM daybook.v_run WHERE run_id "
                  "= %llu",
                  (unsigned long long)claim_run_id(claim)),
        "running run alice");
    assert_string_equal(
        world_ask(&world, "SELECT state FROM daybook.v_batch WHERE batch_id = %u", batch),
        "running");
    PGresult *result = PQexec(world.admin, "UPDATE daybook.batch_head SET revision = revision + 1");
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "DB005");
    PQclear(result);
    claim_close(claim);
}

static void a_second_run_is_told_who_owns_the_batch(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "owned", "2026-08-25", "owned", 5);
    struct claim *claim = world_claim(&world, batch);
    struct claim *other = NULL;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_again(batch, false, &other, error), STATUS_OWNED);
    assert_null(other);
    assert_non_null(strstr(error, "alice on testhost"));
    assert_non_null(strstr(error, "HINT"));
    // The owner has not noticed.
    struct event event = beat(claim);
    assert_int_equal(event.kind, EVENT_STORE_ALIVE);
    assert_true(event.time.db_now_us > 0 && event.time.asked_at_ns > 0);
    claim_close(claim);
    assert_int_equal(claim_again(batch, false, &other, error), STATUS_OK);
    assert_int_equal(claim_epoch(other), 2);
    claim_close(other);
}

static void a_living_owner_is_taken_over_only_when_asked(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "taken", "2026-08-25", "taken", 5);
    struct claim *claim = world_claim(&world, batch);
    struct claim *other = NULL;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_again(batch, true, &other, error), STATUS_OK);
    assert_int_equal(claim_epoch(other), 2);
    struct event event = beat(claim);
    assert_int_equal(event.kind, EVENT_STORE_GONE);
    // Told once.
    assert_int_equal(claim_turn(claim, &event, clock_now_ns() + NS_PER_S), 0);
    assert_int_equal(claim_next_at(claim), AT_NEVER);
    claim_close(claim);
    assert_int_equal(beat(other).kind, EVENT_STORE_ALIVE);
    claim_close(other);
}

/* The network was cut without a word: to the server the session is alive, and only it knows. */
static void a_run_ends_its_own_former_session_and_nobody_elses(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "former", "2026-08-25", "former", 5);
    struct claim_former former = {.pid = 0};
    struct claim_config config = world_claim_config(&world, batch);
    config.former = &former;
    struct claim *claim = NULL, *other = NULL;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_open(&config, &claim, error), STATUS_OK);
    assert_int_equal(claim_take(claim, NULL, 0, error), STATUS_OK);
    assert_true(former.pid > 0 && former.start[0] != 0);
    struct claim_former stranger = former;
    stranger.start[0] = '1'; // the same process id, of another time
    config.former = &stranger;
    assert_int_equal(claim_open(&config, &other, error), STATUS_OWNED);
    config.former = &former;
    assert_int_equal(claim_open(&config, &other, error), STATUS_OK);
    assert_int_equal(claim_take(other, NULL, 0, error), STATUS_OK);
    assert_int_equal(claim_epoch(other), 2);
    assert_int_equal(beat(claim).kind, EVENT_STORE_GONE);
    claim_close(claim);
    claim_close(other);
}

static void a_heartbeat_without_an_answer_is_the_end(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "mute", "2026-08-25", "mute", 5);
    struct claim *claim = world_claim(&world, batch);
    struct event event;
    world_do(&world, "BEGIN");
    world_do(&world, "SELECT * FROM daybook.run WHERE run_id = %llu FOR UPDATE",
             (unsigned long long)claim_run_id(claim));
    uint64_t now_ns = clock_now_ns();
    assert_int_equal(claim_turn(claim, &event, now_ns), 0);
    assert_int_equal(claim_next_at(claim), now_ns + 30 * NS_PER_S);
    assert_int_equal(claim_turn(claim, &event, now_ns + 30 * NS_PER_S - 1), 0);
    assert_string_equal(claim_error(claim), "");
    assert_int_equal(claim_turn(claim, &event, now_ns + 30 * NS_PER_S), 1);
    assert_int_equal(event.kind, EVENT_STORE_GONE);
    assert_int_equal(event.store_gone, STATUS_STORE_LOST);
    assert_non_null(strstr(claim_error(claim), "no answer"));
    world_do(&world, "ROLLBACK");
    claim_close(claim);
}

static void a_database_that_lost_what_is_known_is_refused_unchanged(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "behind", "2026-08-25", "behind", 5);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    book_settle(book, 1);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    struct claim_known known = {
        .chunk = 1, .has_hash = true, .hash = book->chunk.hash, .from = "a test"};
    store_close(store);
    claim_close(claim);
    struct claim_config config = world_claim_config(&world, batch);
    char error[STORE_ERROR_BYTES];
    const enum status ends[] = {STATUS_STORE_BEHIND, STATUS_STORE_BEHIND, STATUS_STORE_BEHIND,
                                STATUS_OK};
    for (int i = 0; i < 4; i++) {
        struct claim_known one = known;
        one.chunk += i == 0;               // a chunk that is not there
        one.hash.bytes[31] ^= i == 1;      // … is there with another hash
        one.partition += i == 2 ? 1U : 0U; // … in a partition that has none
        assert_int_equal(claim_open(&config, &claim, error), STATUS_OK);
        assert_int_equal(claim_take(claim, &one, 1, error), ends[i]);
        assert_int_equal(claim_epoch(claim), i == 3 ? 2 : 0);
        if (i < 3)
            assert_non_null(strstr(error, "HINT"));
        claim_close(claim);
    }
    world_do(&world, "UPDATE daybook.run SET timeline = 7 WHERE run_id = (SELECT max(run_id) FROM "
                     "daybook.run)");
    assert_int_equal(claim_open(&config, &claim, error), STATUS_OK);
    assert_int_equal(claim_take(claim, NULL, 0, error), STATUS_STORE_BEHIND);
    assert_non_null(strstr(error, "timeline"));
    claim_close(claim);
    world_do(&world, "UPDATE daybook.run SET timeline = 1");
    book_close(book);
}

static void a_silent_owner_is_taken_over_and_its_sessions_are_ended(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "silent", "2026-08-25", "silent", 5);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    world_do(&world,
             "UPDATE daybook.run SET heartbeat_at = clock_timestamp() - interval '31 s' WHERE "
             "run_id = %llu",
             (unsigned long long)claim_run_id(claim));
    assert_string_equal(world_ask(&world, "SELECT state FROM daybook.v_run WHERE run_id = %llu",
                                  (unsigned long long)claim_run_id(claim)),
                        "died");
    struct claim *other = NULL;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_again(batch, false, &other, error), STATUS_OK);
    assert_int_equal(beat(claim).kind, EVENT_STORE_GONE);
    book_settle(book, 1);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_STORE_LOST);
    assert_int_equal(
        world_ask_number(&world,
                         "SELECT count(*) FROM daybook.outcome WHERE settlement_id >> 32 = "
                         "%u",
                         batch),
        0);
    book_close(book);
    store_close(store);
    claim_close(claim);
    claim_close(other);
}

/* An owner stopped in the middle of a chunk holds the head's lock, under a name of no meaning. */
static void whoever_holds_the_heads_lock_is_ended(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "stuck", "2026-08-25", "stuck", 5);
    claim_close(world_claim(&world, batch));
    PGconn *stuck = PQconnectdb(world.conninfo);
    PQclear(PQexec(stuck, "BEGIN"));
    PGresult *result = PQexec(stuck, "SELECT * FROM daybook.head FOR UPDATE");
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    struct claim *claim = NULL;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_again(batch, false, &claim, error), STATUS_OK);
    assert_int_equal(claim_epoch(claim), 2);
    assert_int_equal(
        world_ask_number(&world, "SELECT epoch FROM daybook.head WHERE batch_id = %u", batch), 2);
    PQclear(PQexec(stuck, "COMMIT"));
    assert_int_equal(PQstatus(stuck), CONNECTION_BAD);
    PQfinish(stuck);
    claim_close(claim);
}

static void an_engine_of_an_older_epoch_can_neither_write_nor_read(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "zombie", "2026-08-25", "zombie", 5);
    struct claim *claim = world_claim(&world, batch);
    uint32_t old = claim_epoch(claim);
    claim_close(claim);
    claim = world_claim(&world, batch);
    // A session that the takeover could not see: opened after it.
    struct store *store = world_store(&world, batch, old);
    struct book *book = book_open(&world, batch, old);
    book_settle(book, 1);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_STORE_FENCED);
    const struct store_load load = {.scope = LOAD_FRESH, .row_max = 5};
    assert_int_equal(world_load(store, &load).store_loaded.status, STATUS_STORE_FENCED);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

static void a_heartbeat_of_an_older_epoch_says_gone(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "beat", "2026-08-25", "beat", 5);
    struct claim *claim = world_claim(&world, batch);
    assert_int_equal(beat(claim).kind, EVENT_STORE_ALIVE);
    world_do(&world, "UPDATE daybook.batch_head SET epoch = epoch + 1 WHERE batch_id = %u", batch);
    struct event event = beat(claim);
    assert_int_equal(event.kind, EVENT_STORE_GONE);
    assert_int_equal(event.store_gone, STATUS_STORE_FENCED);
    claim_close(claim);
}

static void a_server_that_may_lose_what_it_reported_is_refused(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "promise", "2026-08-25", "promise", 5);
    struct claim *claim = NULL;
    char error[STORE_ERROR_BYTES];
    world_do(&world, "ALTER ROLE postgres SET synchronous_commit = off");
    assert_int_equal(claim_again(batch, false, &claim, error), STATUS_BAD_CONFIG);
    world_do(&world, "ALTER ROLE postgres RESET synchronous_commit");
    assert_non_null(strstr(error, "synchronous_commit"));
    assert_non_null(strstr(error, "HINT"));
    world_do(&world, "INSERT INTO daybook.schema_version (version, name, sha256) VALUES (9999, "
                     "'newer', sha256('n'))");
    assert_int_equal(claim_again(batch, false, &claim, error), STATUS_BAD_CONFIG);
    assert_non_null(strstr(error, "9999"));
    world_do(&world, "ALTER TABLE daybook.schema_version DISABLE TRIGGER refuse_change");
    world_do(&world, "DELETE FROM daybook.schema_version WHERE version = 9999");
    world_do(&world, "ALTER TABLE daybook.schema_version ENABLE TRIGGER refuse_change");
    assert_int_equal(claim_again(99999, false, &claim, error), STATUS_BAD_INPUT);
    struct claim_config config = world_claim_config(&world, batch);
    config.conninfo = "host=/nonexistent dbname=x user=x";
    assert_int_equal(claim_open(&config, &claim, error), STATUS_UNREACHABLE);
    config.conninfo = "hostt=/nonexistent";
    assert_int_equal(claim_open(&config, &claim, error), STATUS_BAD_CONFIG);
}

static void the_environment_does_not_redirect_a_session(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "env", "2026-08-25", "env", 5);
    assert_int_equal(setenv("PGHOSTADDR", "192.0.2.1", 1), 0);
    assert_int_equal(setenv("PGOPTIONS", "-c synchronous_commit=off", 1), 0);
    assert_int_equal(setenv("PGSERVICE", "nowhere", 1), 0);
    claim_close(world_claim(&world, batch));
}

/* A core that has nothing to do, standing where the claim found the partition. */
struct core {
    void *memory;
    struct settle *settle;
};

static struct core core_open(struct claim *claim)
{
    struct settle_start start;
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_start(claim, 0, &start, clock_now_ns(), error), STATUS_OK);
    const struct settle_config config = {
        .bank_count = 1,
        .banks = {*profile_rules(world.profile)},
        .slots = 64,
        .chunk_records = 100,
        .chunk_delay_ns = 50 * NS_PER_MS,
        .send_before_ns = NS_PER_S,
        .resolve_wait_ns = NS_PER_S,
        .drain_ns = NS_PER_S,
        .alive_ns = 5 * NS_PER_S,
        .retry_base_ns = NS_PER_MS,
        .retry_cap_ns = NS_PER_S,
        .poll_tries = 1,
        .chunk_tries = 1,
        .deadline_at_ns = AT_NEVER,
    };
    struct arena arena;
    arena_init(&arena, NULL, 0);
    (void)settle_init(&arena, world.hash, &config, &start, clock_now_ns());
    size_t bytes = (arena.used_bytes + 63) / 64 * 64;
    struct core core = {.memory = aligned_alloc(64, bytes)};
    assert_non_null(core.memory);
    memset(core.memory, 0, bytes);
    arena_init(&arena, core.memory, bytes);
    core.settle = settle_init(&arena, world.hash, &config, &start, clock_now_ns());
    return core;
}

static void a_finished_run_leaves_its_closing_record(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "finish", "2026-08-25", "finish", 2);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    char error[STORE_ERROR_BYTES];
    book_settle(book, 1);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    struct core core = core_open(claim);
    assert_int_equal(claim_finish(claim, core.settle, 0, error), STATUS_OK);
    assert_int_equal(claim_end(claim, 3, false, error), STATUS_OK);
    assert_string_equal(world_ask(&world,
                                  "SELECT c.chunk || ' ' || c.records || ' ' || c.entries || ' ' "
                                  "|| c.debit_total_minor || ' ' || (c.hash = h.hash) FROM "
                                  "daybook.closing c JOIN daybook.head h USING (batch_id) WHERE "
                                  "run_id = %llu",
                                  (unsigned long long)claim_run_id(claim)),
                        "1 12 5 2300 true");
    assert_string_equal(world_ask(&world,
                                  "SELECT state || ' ' || exit_code FROM daybook.v_run WHERE "
                                  "run_id = %llu",
                                  (unsigned long long)claim_run_id(claim)),
                        "ended 3");
    assert_string_equal(
        world_ask(&world, "SELECT state FROM daybook.v_batch WHERE batch_id = %u", batch), "idle");
    free(core.memory);
    store_close(store);
    claim_close(claim);

    claim = world_claim(&world, batch);
    store = world_store(&world, batch, claim_epoch(claim));
    book->epoch = claim_epoch(claim);
    book_settle(book, 2);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    core = core_open(claim);
    assert_int_equal(claim_finish(claim, core.settle, 0, error), STATUS_OK);
    assert_int_equal(claim_end(claim, 0, true, error), STATUS_OK);
    assert_string_equal(
        world_ask(&world, "SELECT state FROM daybook.v_batch WHERE batch_id = %u", batch),
        "closed");
    free(core.memory);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

/* Its core has read no page yet: of three transfers one is answered. */
static void a_run_that_ended_before_it_knew_all_has_them_counted_by_the_database(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "unread", "2026-08-27", "unread", 3);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    char error[STORE_ERROR_BYTES];
    for (uint32_t position = 1; position <= 3; position++) {
        book_outcome(book, position, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
        book_intent(book, position, STEP_COLLECT, 1, 300, 1);
    }
    book_outcome(book, 1, 2, STEP_COLLECT, 1, OUTCOME_REJECTED_PERSON, 300);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    struct core core = core_open(claim);
    assert_int_equal(claim_finish(claim, core.settle, 0, error), STATUS_OK);
    assert_int_equal(claim_end(claim, 5, false, error), STATUS_OK);
    assert_string_equal(world_ask(&world,
                                  "SELECT in_doubt FROM daybook.closing WHERE run_id = %llu",
                                  (unsigned long long)claim_run_id(claim)),
                        "2");
    free(core.memory);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

static void a_run_whose_head_moved_on_cannot_close(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "moved", "2026-08-25", "moved", 2);
    struct claim *claim = world_claim(&world, batch);
    struct core core = core_open(claim);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    book_settle(book, 1);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    char error[STORE_ERROR_BYTES];
    assert_int_equal(claim_finish(claim, core.settle, 0, error), STATUS_STORE_FENCED);
    assert_int_equal(
        world_ask_number(&world, "SELECT count(*) FROM daybook.closing WHERE batch_id = %u", batch),
        0);
    free(core.memory);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

int claim_cases(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_freezes_the_plan_and_tells_of_its_run),
        cmocka_unit_test(a_second_run_is_told_who_owns_the_batch),
        cmocka_unit_test(a_living_owner_is_taken_over_only_when_asked),
        cmocka_unit_test(a_run_ends_its_own_former_session_and_nobody_elses),
        cmocka_unit_test(a_heartbeat_without_an_answer_is_the_end),
        cmocka_unit_test(a_database_that_lost_what_is_known_is_refused_unchanged),
        cmocka_unit_test(a_silent_owner_is_taken_over_and_its_sessions_are_ended),
        cmocka_unit_test(whoever_holds_the_heads_lock_is_ended),
        cmocka_unit_test(an_engine_of_an_older_epoch_can_neither_write_nor_read),
        cmocka_unit_test(a_heartbeat_of_an_older_epoch_says_gone),
        cmocka_unit_test(a_server_that_may_lose_what_it_reported_is_refused),
        cmocka_unit_test(the_environment_does_not_redirect_a_session),
        cmocka_unit_test(a_finished_run_leaves_its_closing_record),
        cmocka_unit_test(a_run_that_ended_before_it_knew_all_has_them_counted_by_the_database),
        cmocka_unit_test(a_run_whose_head_moved_on_cannot_close),
    };
    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
