/* Chunks: written, there already, different, fenced, refused, lost. */
#include "store_cases.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/canonical.h"
#include "real/clock.h"

struct scene {
    uint32_t batch;
    struct claim *claim;
    struct store *store;
    struct book *book;
};

static struct scene scene_open(const char *cohort)
{
    struct scene scene = {.batch = world_batch(&world, cohort, "2026-08-25", cohort, 10)};
    scene.claim = world_claim(&world, scene.batch);
    scene.store = world_store(&world, scene.batch, claim_epoch(scene.claim));
    scene.book = book_open(&world, scene.batch, claim_epoch(scene.claim));
    return scene;
}

static void scene_close(struct scene *scene)
{
    book_close(scene->book);
    store_close(scene->store);
    claim_close(scene->claim);
}

static int64_t count(const struct scene *scene, const char *table)
{
    return world_ask_number(&world,
                            "SELECT count(*) FROM daybook.%s WHERE settlement_id >> 32 = %u", table,
                            scene->batch);
}

static void a_chunk_is_written_whole_and_the_head_moves(void **state)
{
    (void)state;
    struct scene scene = scene_open("written");
    book_settle(scene.book, 1);
    book_attempt(scene.book, 1, STEP_PAYOUT, 1, 1);
    const struct chunk *chunk = book_chunk(scene.book);
    uint64_t asked_ns = clock_now_ns();
    store_chunk(scene.store, chunk, asked_ns);
    struct event event = world_wait(scene.store);
    assert_int_equal(event.store_written.status, STATUS_OK);
    assert_int_equal(event.store_written.number, 1);
    assert_int_equal(event.time.asked_at_ns, asked_ns);
    int64_t off_us = event.time.db_now_us - clock_wall_us();
    assert_true(off_us > -5000000 && off_us < 5000000);
    assert_int_equal(count(&scene, "intent"), 2);
    assert_int_equal(count(&scene, "attempt"), 1);
    assert_int_equal(count(&scene, "outcome"), 5);
    assert_int_equal(count(&scene, "entry"), 5);
    assert_string_equal(
        world_ask(&world,
                  "SELECT chunk || ' ' || records || ' ' || entries || ' ' || debit_total_minor "
                  "FROM daybook.head WHERE batch_id = %u",
                  scene.batch),
        "1 13 5 2300");
    // A second chunk follows the first one's hash.
    book_settle(scene.book, 2);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    assert_string_equal(world_ask(&world,
                                  "SELECT h.chunk || ' ' || (h.hash = c.hash) || ' ' || "
                                  "(c.prev_hash = p.hash) FROM daybook.head h JOIN daybook.chunk c "
                                  "USING (batch_id) JOIN daybook.chunk p USING (batch_id) WHERE "
                                  "c.chunk = 2 AND p.chunk = 1 AND batch_id = %u",
                                  scene.batch),
                        "2 true true");
    scene_close(&scene);
}

/* Reads back from the tables what the hash is taken over: nothing may be lost on the way. */
static void what_is_read_back_has_the_same_bytes(void **state)
{
    (void)state;
    struct scene scene = scene_open("bytes");
    book_outcome(scene.book, 3, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 999999999999999999);
    struct record *told = &scene.book->records[0];
    told->outcome.available_minor = 1;
    told->outcome.held_minor = -5;
    told->outcome.residue_minor = 7;
    snprintf(told->outcome.text.code, sizeof(told->outcome.text.code), "%s",
             "0123456789012345678901234567890");
    snprintf(told->outcome.text.bank_ref, sizeof(told->outcome.text.bank_ref), "%s",
             "\xed\x95\x9c\xea\xb5\xad \\N \t\"'");
    const struct record sent = *told;
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    PGresult *result = PQexec(
        world.admin,
        "SELECT amount_minor, available_minor, held_minor, residue_minor, (1000000 * extract(epoch "
        "FROM at))::bigint, code, bank_ref FROM daybook.outcome ORDER BY amount_minor DESC LIMIT "
        "1");
    assert_int_equal(PQntuples(result), 1);
    assert_int_equal(strtoll(PQgetvalue(result, 0, 0), NULL, 10), sent.outcome.amount_minor);
    assert_int_equal(strtoll(PQgetvalue(result, 0, 1), NULL, 10), sent.outcome.available_minor);
    assert_int_equal(strtoll(PQgetvalue(result, 0, 2), NULL, 10), sent.outcome.held_minor);
    assert_int_equal(strtoll(PQgetvalue(result, 0, 3), NULL, 10), sent.outcome.residue_minor);
    assert_int_equal(strtoll(PQgetvalue(result, 0, 4), NULL, 10), sent.outcome.at_us);
    assert_string_equal(PQgetvalue(result, 0, 5), sent.outcome.text.code);
    assert_string_equal(PQgetvalue(result, 0, 6), sent.outcome.text.bank_ref);
    PQclear(result);
    scene_close(&scene);
}

static void the_body_digest_is_that_of_the_rendered_order(void **state)
{
    (void)state;
    struct scene scene = scene_open("digest");
    book_intent(scene.book, 1, STEP_PAYOUT, 1, 600, 1);
    const struct record sent = scene.book->records[0];
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    const struct transfer_order order = {.settlement_id = sent.settlement_id,
                                         .key = sent.intent.key,
                                         .amount_minor = 600,
                                         .step = STEP_PAYOUT,
                                         .generation = 1};
    struct digest wanted =
        profile_body_digest(world.profile, world.hash, &order, sent.intent.parties);
    char hex[2 * DIGEST_BYTES + 1];
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", wanted.bytes[i]);
    assert_string_equal(world_ask(&world,
                                  "SELECT encode(body_sha256, 'hex') FROM daybook.intent WHERE "
                                  "settlement_id >> 32 = %u",
                                  scene.batch),
                        hex);
    scene_close(&scene);
}

static void the_same_chunk_again_is_already_there_and_another_differs(void **state)
{
    (void)state;
    struct scene scene = scene_open("again");
    book_settle(scene.book, 1);
    struct chunk chunk = *book_chunk(scene.book);
    assert_int_equal(world_write(scene.store, &chunk), STATUS_OK);
    assert_int_equal(world_write(scene.store, &chunk), STATUS_STORE_ALREADY);
    struct chunk other = chunk;
    other.hash.bytes[0] ^= 1;
    assert_int_equal(world_write(scene.store, &other), STATUS_STORE_DIFFERS);
    struct chunk gap = chunk;
    gap.number = 3;
    assert_int_equal(world_write(scene.store, &gap), STATUS_STORE_DIFFERS);
    struct chunk branch = chunk;
    branch.number = 2;
    branch.prev_hash.bytes[0] ^= 1;
    assert_int_equal(world_write(scene.store, &branch), STATUS_STORE_DIFFERS);
    assert_non_null(strstr(store_error(scene.store), "DB003"));
    // Whatever was refused left nothing, and the session goes on.
    book_settle(scene.book, 2);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    assert_int_equal(count(&scene, "outcome"), 10);
    scene_close(&scene);
}

static void an_older_epoch_is_fenced(void **state)
{
    (void)state;
    struct scene scene = scene_open("fenced");
    world_do(&world, "UPDATE daybook.head SET epoch = epoch + 1 WHERE batch_id = %u", scene.batch);
    book_settle(scene.book, 1);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_STORE_FENCED);
    assert_int_equal(count(&scene, "outcome"), 0);
    struct store_load load = {.scope = LOAD_FRESH, .row_max = 10};
    struct event event = world_load(scene.store, &load);
    assert_int_equal(event.store_loaded.status, STATUS_STORE_FENCED);
    assert_int_equal(event.store_loaded.row_count, 0);
    assert_int_equal(count(&scene, "opening"), 0);
    load.scope = LOAD_UNDER_WAY;
    assert_int_equal(world_load(scene.store, &load).store_loaded.status, STATUS_STORE_FENCED);
    scene_close(&scene);
}

static void a_record_there_already_is_told_apart_from_bad_data(void **state)
{
    (void)state;
    struct scene scene = scene_open("refused");
    book_settle(scene.book, 1);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    struct chunk written = scene.book->chunk;

    book_settle(scene.book, 1);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_STORE_TWICE);
    scene.book->chunk = written;

    book_entry(scene.book, 2, STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, 0);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_STORE_REFUSED);
    scene.book->chunk = written;

    book_entry(scene.book, 2, STEP_DEPOSIT, 1, LEDGER_HELD, LEDGER_HELD, 5);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_STORE_REFUSED);
    scene.book->chunk = written;

    book_outcome(scene.book, 2, 1, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    snprintf(scene.book->records[0].outcome.text.code, CODE_TEXT_MAX, "\xff\xfe");
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_STORE_REFUSED);
    scene.book->chunk = written;

    book_settle(scene.book, 2);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    assert_int_equal(count(&scene, "entry"), 10);
    scene_close(&scene);
}

/* Rows of every table in one chunk, far more bytes than a socket takes at once. */
static void a_chunk_larger_than_any_buffer_is_written(void **state)
{
    (void)state;
    struct scene scene = scene_open("large");
    for (uint32_t position = 1; position <= 1600; position++)
        book_settle(scene.book, position);
    assert_int_equal(world_write(scene.store, book_chunk(scene.book)), STATUS_OK);
    assert_int_equal(count(&scene, "outcome"), 5 * 1600);
    assert_int_equal(count(&scene, "entry"), 5 * 1600);
    assert_string_equal(world_ask(&world,
                                  "SELECT min(position) || ' ' || max(position) || ' ' || count(*) "
                                  "|| ' ' || count(DISTINCT position) FROM (SELECT position FROM "
                                  "daybook.intent WHERE settlement_id >> 32 = %u UNION ALL SELECT "
                                  "position FROM daybook.outcome WHERE settlement_id >> 32 = %u "
                                  "UNION ALL SELECT position FROM daybook.entry WHERE "
                                  "settlement_id >> 32 = %u) x",
                                  scene.batch, scene.batch, scene.batch),
                        "1 19200 19200 19200");
    scene_close(&scene);
}

/* Another session holds the head: the chunk waits, without blocking this thread. */
static void a_chunk_that_is_cancelled_while_it_waits_may_be_tried_again(void **state)
{
    (void)state;
    struct scene scene = scene_open("busy");
    world_do(&world, "BEGIN");
    world_do(&world, "SELECT FROM daybook.head WHERE batch_id = %u FOR UPDATE", scene.batch);
    book_settle(scene.book, 1);
    struct chunk chunk = *book_chunk(scene.book);
    store_chunk(scene.store, &chunk, clock_now_ns());
    struct event events[4];
    while (world_ask_number(&world,
                            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE "
                            "application_name = 'daybook:%u:%u' AND wait_event_type = 'Lock'",
                            scene.batch, claim_epoch(scene.claim)) == 0) {
        assert_int_equal(store_turn(scene.store, events, clock_now_ns()), 0);
        // Statistics do not change within a transaction unless they are let go.
        world_do(&world, "SELECT pg_stat_clear_snapshot()");
    }
    struct event event = world_wait(scene.store);
    assert_int_equal(event.store_written.status, STATUS_STORE_BUSY);
    assert_int_equal(status_class(event.store_written.status), STATUS_CLASS_RETRY);
    world_do(&world, "ROLLBACK");
    assert_int_equal(world_write(scene.store, &chunk), STATUS_OK);
    scene_close(&scene);
}

static void a_lost_session_is_told_once_and_nothing_is_claimed_about_the_chunk(void **state)
{
    (void)state;
    struct scene scene = scene_open("lost");
    world_do(&world, "BEGIN");
    world_do(&world, "SELECT FROM daybook.head WHERE batch_id = %u FOR UPDATE", scene.batch);
    book_settle(scene.book, 1);
    struct chunk chunk = *book_chunk(scene.book);
    store_chunk(scene.store, &chunk, clock_now_ns());
    struct event events[4];
    uint32_t count_events = 0;
    while (count_events == 0) {
        world_do(&world,
                 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                 "'daybook:%u:%u' AND wait_event_type = 'Lock'",
                 scene.batch, claim_epoch(scene.claim));
        world_do(&world, "SELECT pg_stat_clear_snapshot()");
        count_events = store_turn(scene.store, events, clock_now_ns());
    }
    assert_int_equal(count_events, 2);
    assert_int_equal(events[0].kind, EVENT_STORE_WRITTEN);
    assert_int_equal(events[0].store_written.status, STATUS_STORE_LOST);
    assert_int_equal(events[0].time.asked_at_ns, 0);
    assert_int_equal(events[1].kind, EVENT_STORE_GONE);
    assert_int_equal(events[1].store_gone, STATUS_STORE_LOST);
    world_do(&world, "ROLLBACK");
    assert_int_equal(count(&scene, "outcome"), 0);
    // What is commanded after that is answered, too.
    store_chunk(scene.store, &chunk, clock_now_ns());
    assert_int_equal(store_turn(scene.store, events, clock_now_ns()), 1);
    assert_int_equal(events[0].store_written.status, STATUS_STORE_LOST);
    scene_close(&scene);
}

static void a_chunk_without_its_commit_is_not_written(void **state)
{
    (void)state;
    struct scene scene = scene_open("rollback");
    // A constraint that fails at COMMIT: every COPY goes well, and COMMIT still is none.
    world_do(&world, "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE "
                     "'late' USING ERRCODE = '40001'; END$$");
    world_do(&world, "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON daybook.chunk DEFERRABLE "
                     "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()");
    book_settle(scene.book, 1);
    struct chunk chunk = *book_chunk(scene.book);
    assert_int_equal(world_write(scene.store, &chunk), STATUS_STORE_BUSY);
    assert_int_equal(count(&scene, "outcome"), 0);
    world_do(&world, "DROP TRIGGER late ON daybook.chunk");
    world_do(&world, "DROP FUNCTION late");
    assert_int_equal(world_write(scene.store, &chunk), STATUS_OK);
    scene_close(&scene);
}

int chunk_cases(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_is_written_whole_and_the_head_moves),
        cmocka_unit_test(what_is_read_back_has_the_same_bytes),
        cmocka_unit_test(the_body_digest_is_that_of_the_rendered_order),
        cmocka_unit_test(the_same_chunk_again_is_already_there_and_another_differs),
        cmocka_unit_test(an_older_epoch_is_fenced),
        cmocka_unit_test(a_record_there_already_is_told_apart_from_bad_data),
        cmocka_unit_test(a_chunk_larger_than_any_buffer_is_written),
        cmocka_unit_test(a_chunk_that_is_cancelled_while_it_waits_may_be_tried_again),
        cmocka_unit_test(a_lost_session_is_told_once_and_nothing_is_claimed_about_the_chunk),
        cmocka_unit_test(a_chunk_without_its_commit_is_not_written),
    };
    return cmocka_run_group_tests_name("chunks", tests, NULL, NULL);
}
