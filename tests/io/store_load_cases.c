/* Pages: what is loaded, in which order, and which accounts are open. */
#include "store_cases.h"

#include <string.h>

#include "real/clock.h"

/* No position is above it. */
#define TOP (1U << 26)

static struct event load(struct store *store, enum load_scope scope, uint32_t after, uint32_t max)
{
    const struct store_load command = {
        .scope = (uint8_t)scope, .after_position = after, .row_max = max};
    struct event event = world_load(store, &command);
    assert_int_equal(event.store_loaded.status, STATUS_OK);
    assert_int_equal(event.store_loaded.scope, scope);
    assert_true(event.time.db_now_us > 0 && event.time.asked_at_ns > 0);
    return event;
}

static uint32_t position_at(const struct event *event, uint32_t row)
{
    assert_true(row < event->store_loaded.row_count);
    return settlement_position(event->store_loaded.rows[row].settlement_id);
}

static void fresh_ones_come_by_position_and_open(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "fresh", "2026-08-25", "fresh", 25);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct event page = load(store, LOAD_FRESH, 0, 10);
    assert_int_equal(page.store_loaded.row_count, 10);
    assert_false(page.store_loaded.at_end);
    assert_int_equal(position_at(&page, 0), 1);
    assert_int_equal(position_at(&page, 9), 10);
    const struct load_row *row = &page.store_loaded.rows[4];
    assert_int_equal(row->settlement_id, settlement_id(batch, 0, 5));
    assert_int_equal(row->state, LOAD_STATE_OPEN);
    assert_int_equal(row->bank, 0);
    assert_int_equal(row->outcome_seq, 0);
    assert_int_equal(row->repayment_minor, 300);
    assert_int_equal(row->hold_minor, 100);
    assert_int_equal(row->expected_minor, 1000);
    assert_int_equal(row->expect_at_us, WORLD_EXPECT_AT_US);
    assert_int_equal(page.store_loaded.rows[5].expect_at_us, 0);
    assert_int_equal(row->floor_held_minor + row->floor_payable_minor + row->floor_residue_minor,
                     0);
    assert_int_equal(row->seen_minor, -1);
    assert_int_equal(row->transfer.step, 0);
    assert_string_equal(row->parties.holder_name, "Kim 5");
    assert_string_equal(row->parties.payout_bank, "bank2");
    // md5('5'), as the plan's key seed has it
    const uint8_t seed[4] = {0xe4, 0xda, 0x3b, 0x7f};
    assert_memory_equal(row->key_seed.bytes, seed, sizeof(seed));

    page = load(store, LOAD_FRESH, 10, 10);
    assert_int_equal(position_at(&page, 0), 11);
    page = load(store, LOAD_FRESH, 20, 10);
    assert_int_equal(page.store_loaded.row_count, 5);
    assert_true(page.store_loaded.at_end);
    page = load(store, LOAD_FRESH, 25, 10);
    assert_int_equal(page.store_loaded.row_count, 0);
    assert_true(page.store_loaded.at_end);
    assert_int_equal(
        world_ask_number(&world,
                         "SELECT count(*) FROM daybook.opening WHERE settlement_id >> 32 "
                         "= %u AND ordinal = 1 AND follows IS NULL",
                         batch),
        25);
    // Asked again, nothing opens twice.
    page = load(store, LOAD_FRESH, 0, 25);
    assert_int_equal(page.store_loaded.row_count, 25);
    assert_int_equal(page.store_loaded.rows[24].state, LOAD_STATE_OPEN);
    assert_int_equal(world_ask_number(&world,
                                      "SELECT count(*) FROM daybook.opening WHERE settlement_id "
                                      ">> 32 = %u",
                                      batch),
                     25);
    store_close(store);
    claim_close(claim);
}

/* 1 settled, 2 parked, 3 short, 4 deposit only, 5 collect sent twice, 6 payout rejected, 7 none */
static void record_mixed(struct book *book)
{
    book_settle(book, 1);
    book_outcome(book, 2, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_outcome(book, 2, 2, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    book_outcome(book, 3, 1, STEP_DEPOSIT, 0, OUTCOME_SHORT, 900);
    book_outcome(book, 3, 2, STEP_DEPOSIT, 0, OUTCOME_SHORT, 50);
    book_outcome(book, 4, 1, STEP_DEPOSIT, 0, OUTCOME_SHORT, 70);
    book_outcome(book, 4, 2, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1500);
    book_outcome(book, 5, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_intent(book, 5, STEP_COLLECT, 1, 300, 5);
    book_attempt(book, 5, STEP_COLLECT, 1, 1);
    book_attempt(book, 5, STEP_COLLECT, 1, 2);
    book_outcome(book, 6, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_intent(book, 6, STEP_COLLECT, 1, 300, 6);
    book_outcome(book, 6, 2, STEP_COLLECT, 1, OUTCOME_ACCEPTED, 300);
    book_outcome(book, 6, 3, STEP_HOLD, 0, OUTCOME_POSTED, 100);
    book_intent(book, 6, STEP_PAYOUT, 1, 600, 6);
    book_outcome(book, 6, 4, STEP_PAYOUT, 1, OUTCOME_REJECTED_LATER, 600);
    book_intent(book, 6, STEP_PAYOUT, 2, 600, 6);
}

static void each_scope_has_its_own_settlements(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "scopes", "2026-08-25", "scopes", 7);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    (void)load(store, LOAD_FRESH, 0, 7);
    record_mixed(book);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);

    struct event fresh = load(store, LOAD_FRESH, 0, 7);
    assert_int_equal(fresh.store_loaded.row_count, 2);
    assert_int_equal(position_at(&fresh, 0), 3);
    assert_int_equal(fresh.store_loaded.rows[0].seen_minor, 50);
    assert_int_equal(fresh.store_loaded.rows[0].outcome_seq, 2);
    assert_int_equal(position_at(&fresh, 1), 7);
    assert_int_equal(fresh.store_loaded.rows[1].seen_minor, -1);

    struct event page = load(store, LOAD_UNDER_WAY, TOP, 2);
    assert_int_equal(page.store_loaded.row_count, 2);
    assert_false(page.store_loaded.at_end);
    const struct load_row *row = &page.store_loaded.rows[0];
    assert_int_equal(settlement_position(row->settlement_id), 6);
    assert_int_equal(row->done_steps, 1U << STEP_DEPOSIT | 1U << STEP_COLLECT | 1U << STEP_HOLD);
    assert_int_equal(row->outcome_seq, 4);
    assert_int_equal(row->transfer.step, STEP_PAYOUT);
    assert_int_equal(row->transfer.generation, 2);
    assert_int_equal(row->transfer.state, 0);
    row = &page.store_loaded.rows[1];
    assert_int_equal(settlement_position(row->settlement_id), 5);
    assert_int_equal(row->state, LOAD_STATE_OPEN);
    assert_int_equal(row->transfer.step, STEP_COLLECT);
    assert_int_equal(row->transfer.state, 0);
    assert_int_equal(row->transfer.attempts, 2);
    assert_int_equal(row->transfer.amount_minor, 300);
    // The second attempt was permitted two minutes and ten seconds after the intent.
    assert_int_equal(row->transfer.send_before_us - row->transfer.intended_at_us, 130000000);

    page = load(store, LOAD_UNDER_WAY, 5, 2);
    assert_int_equal(page.store_loaded.row_count, 1);
    assert_true(page.store_loaded.at_end);
    row = &page.store_loaded.rows[0];
    assert_int_equal(settlement_position(row->settlement_id), 4);
    assert_int_equal(row->deposit_minor, 1500);
    assert_int_equal(row->seen_minor, 70);
    assert_int_equal(row->done_steps, 1U << STEP_DEPOSIT);
    assert_int_equal(row->outcome_seq, 2);
    assert_int_equal(row->transfer.step, 0);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

static void the_newest_outcome_of_the_newest_transfer_is_told(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "rejected", "2026-08-25", "rejected", 1);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    (void)load(store, LOAD_FRESH, 0, 1);
    book_outcome(book, 1, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_intent(book, 1, STEP_COLLECT, 1, 300, 1);
    book_outcome(book, 1, 2, STEP_COLLECT, 1, OUTCOME_PENDING, 300);
    book_outcome(book, 1, 3, STEP_COLLECT, 1, OUTCOME_REJECTED_LATER, 300);
    int64_t decided_us = book->records[3].outcome.at_us;
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    struct event page = load(store, LOAD_UNDER_WAY, TOP, 1);
    const struct load_transfer *transfer = &page.store_loaded.rows[0].transfer;
    assert_int_equal(transfer->state, OUTCOME_REJECTED_LATER);
    assert_int_equal(transfer->decided_at_us, decided_us);
    assert_int_equal(transfer->attempts, 0);
    assert_int_equal(page.store_loaded.rows[0].done_steps, 1U << STEP_DEPOSIT);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

static void the_generation_under_which_each_step_was_accepted_is_told(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "accepted", "2026-08-25", "accepted", 1);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    (void)load(store, LOAD_FRESH, 0, 1);
    book_outcome(book, 1, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_outcome(book, 1, 2, STEP_COLLECT, 1, OUTCOME_REJECTED_LATER, 300);
    book_outcome(book, 1, 3, STEP_COLLECT, 2, OUTCOME_ACCEPTED, 300);
    book_outcome(book, 1, 4, STEP_HOLD, 0, OUTCOME_POSTED, 50);
    book_intent(book, 1, STEP_PAYOUT, 1, 650, 1);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    struct event page = load(store, LOAD_UNDER_WAY, TOP, 1);
    const struct load_row *row = &page.store_loaded.rows[0];
    assert_int_equal(row->accepted_generation[STEP_COLLECT], 2);
    assert_int_equal(row->accepted_generation[STEP_HOLD], 0);
    assert_int_equal(row->accepted_generation[STEP_PAYOUT], 0);
    book_outcome(book, 1, 5, STEP_PAYOUT, 1, OUTCOME_ACCEPTED, 650);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    page = load(store, LOAD_UNDER_WAY, TOP, 1);
    assert_int_equal(page.store_loaded.rows[0].accepted_generation[STEP_PAYOUT], 1);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

static void listed_ones_come_in_the_order_of_the_list(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "listed", "2026-08-25", "listed", 9);
    struct claim *claim = world_claim(&world, batch);
    struct store *store = world_store(&world, batch, claim_epoch(claim));
    struct book *book = book_open(&world, batch, claim_epoch(claim));
    book_settle(book, 4);
    assert_int_equal(world_write(store, book_chunk(book)), STATUS_OK);
    const uint32_t positions[] = {7, 2, 4, 9};
    struct store_load again = {
        .scope = LOAD_AGAIN, .row_max = 4, .positions = positions, .position_count = 4};
    struct event page = world_load(store, &again);
    assert_int_equal(page.store_loaded.status, STATUS_OK);
    assert_int_equal(page.store_loaded.row_count, 3);
    assert_int_equal(position_at(&page, 0), 7);
    assert_int_equal(position_at(&page, 1), 2);
    assert_int_equal(position_at(&page, 2), 9);
    assert_int_equal(page.store_loaded.rows[0].expect_at_us, WORLD_EXPECT_AT_US);
    assert_int_equal(page.store_loaded.rows[1].expect_at_us, 0);
    assert_int_equal(page.store_loaded.rows[2].state, LOAD_STATE_OPEN);
    again.position_count = 0;
    page = world_load(store, &again);
    assert_int_equal(page.store_loaded.status, STATUS_OK);
    assert_int_equal(page.store_loaded.row_count, 0);
    book_close(book);
    store_close(store);
    claim_close(claim);
}

static void an_account_is_blocked_until_its_last_settlement_has_ended(void **state)
{
    (void)state;
    uint32_t first = world_batch(&world, "first", "2026-08-25", "shared", 3);
    uint32_t second = world_batch(&world, "second", "2026-09-25", "shared", 4);
    struct claim *claims[2] = {world_claim(&world, first), world_claim(&world, second)};
    struct store *stores[2] = {world_store(&world, first, claim_epoch(claims[0])),
                               world_store(&world, second, claim_epoch(claims[1]))};
    struct book *book = book_open(&world, first, claim_epoch(claims[0]));
    (void)load(stores[0], LOAD_FRESH, 0, 3);

    struct event page = load(stores[1], LOAD_FRESH, 0, 4);
    assert_int_equal(page.store_loaded.row_count, 4);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(page.store_loaded.rows[i].state, LOAD_STATE_BLOCKED);
    assert_int_equal(page.store_loaded.rows[3].state, LOAD_STATE_OPEN);
    assert_string_equal(world_ask(&world,
                                  "SELECT string_agg(state, ' ' ORDER BY settlement_id) FROM "
                                  "daybook.v_settlement WHERE batch_id = %u",
                                  second),
                        "blocked blocked blocked waiting");

    // The first account ends: 100 held, 40 payable and 7 residue stay in it.
    book_settle(book, 1);
    struct record *end = &book->records[book->record_count - 1];
    end->outcome.amount_minor = 40;
    end->outcome.residue_minor = 7;
    // The second one is parked, which is no end.
    book_outcome(book, 2, 1, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    assert_int_equal(world_write(stores[0], book_chunk(book)), STATUS_OK);

    page = load(stores[1], LOAD_FRESH, 0, 4);
    assert_int_equal(page.store_loaded.rows[0].state, LOAD_STATE_OPEN);
    assert_int_equal(page.store_loaded.rows[0].floor_held_minor, 100);
    assert_int_equal(page.store_loaded.rows[0].floor_payable_minor, 40);
    assert_int_equal(page.store_loaded.rows[0].floor_residue_minor, 7);
    assert_int_equal(page.store_loaded.rows[1].state, LOAD_STATE_BLOCKED);
    assert_int_equal(page.store_loaded.rows[2].state, LOAD_STATE_BLOCKED);
    // Read once more, the floor is that of the opening.
    page = load(stores[1], LOAD_FRESH, 0, 1);
    assert_int_equal(page.store_loaded.rows[0].floor_held_minor, 100);
    assert_int_equal(page.store_loaded.rows[0].floor_payable_minor, 40);
    assert_string_equal(world_ask(&world,
                                  "SELECT floor_minor || ' ' || state FROM daybook.v_settlement "
                                  "WHERE settlement_id = %llu",
                                  (unsigned long long)settlement_id(second, 0, 1)),
                        "147 waiting");
    book_close(book);
    for (int i = 0; i < 2; i++) {
        store_close(stores[i]);
        claim_close(claims[i]);
    }
}

static void money_held_before_the_first_batch_counts_once(void **state)
{
    (void)state;
    uint32_t first = world_batch(&world, "opening-1", "2026-08-25", "held", 1);
    uint32_t second = world_batch(&world, "opening-2", "2026-09-25", "held", 1);
    world_do(&world, "ALTER TABLE daybook.plan DISABLE TRIGGER refuse_change");
    world_do(&world,
             "UPDATE daybook.plan SET opening_minor = 77 WHERE settlement_id >> 32 IN (%u, %u)",
             first, second);
    world_do(&world, "ALTER TABLE daybook.plan ENABLE TRIGGER refuse_change");
    struct claim *claims[2] = {world_claim(&world, first), world_claim(&world, second)};
    struct store *stores[2] = {world_store(&world, first, claim_epoch(claims[0])),
                               world_store(&world, second, claim_epoch(claims[1]))};
    struct book *book = book_open(&world, first, claim_epoch(claims[0]));
    struct event page = load(stores[0], LOAD_FRESH, 0, 1);
    assert_int_equal(page.store_loaded.rows[0].opening_minor, 77);
    page = load(stores[0], LOAD_FRESH, 0, 1);
    assert_int_equal(page.store_loaded.rows[0].opening_minor, 77);
    book_settle(book, 1);
    assert_int_equal(world_write(stores[0], book_chunk(book)), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        page = load(stores[1], LOAD_FRESH, 0, 1);
        assert_int_equal(page.store_loaded.rows[0].state, LOAD_STATE_OPEN);
        assert_int_equal(page.store_loaded.rows[0].opening_minor, 0);
    }
    book_close(book);
    for (int i = 0; i < 2; i++) {
        store_close(stores[i]);
        claim_close(claims[i]);
    }
}

/* The usual bank, where it shows all that ever came in. */
static struct profile *open_pooled(void)
{
    static const struct profile_site site = {.host = "bank.test",
                                             .path_prefix = "",
                                             .token = "t",
                                             .collection_account = "COLLECT",
                                             .suspense_account = "SUSPENSE",
                                             .pool_account = "POOL",
                                             .currency = "KRW"};
    size_t bytes;
    char text[32768], error[PROFILE_ERROR_BYTES] = "";
    const char *usual = profile_text(world.profile, &bytes);
    assert_true(bytes + 20 < sizeof(text));
    memcpy(text, usual, bytes);
    memcpy(text + bytes, "\npooled: received\n", 18);
    struct profile *profile = profile_load_text("pooled", text, bytes + 18, &site, error);
    if (profile == NULL)
        fail_msg("%s", error);
    return profile;
}

static void what_earlier_settlements_received_is_told_where_a_bank_wants_it(void **state)
{
    (void)state;
    uint32_t first = world_batch(&world, "pool-1", "2026-08-25", "pool", 2);
    uint32_t second = world_batch(&world, "pool-2", "2026-09-25", "pool", 2);
    struct profile *pooled = open_pooled();
    struct claim *claims[2] = {world_claim(&world, first), world_claim(&world, second)};
    struct store *usual = world_store(&world, first, claim_epoch(claims[0]));
    struct store_config config = world_store_config(&world, second, claim_epoch(claims[1]));
    config.banks[0].profile = pooled;
    char error[STORE_ERROR_BYTES];
    struct store *store = store_open(&config, error);
    assert_non_null(store);
    struct book *book = book_open(&world, first, claim_epoch(claims[0]));
    (void)load(usual, LOAD_FRESH, 0, 2);
    book_settle(book, 1);
    book_entry(book, 1, STEP_CLOSING, 1, LEDGER_VIRTUAL, LEDGER_RESIDUE, 40);
    book_settle(book, 2);
    assert_int_equal(world_write(usual, book_chunk(book)), STATUS_OK);
    int64_t deposit_minor = world_ask_number(
        &world, "SELECT amount_minor FROM daybook.outcome WHERE settlement_id = %llu AND state = 7",
        (unsigned long long)settlement_id(first, 0, 1));
    assert_true(deposit_minor > 0);
    struct event page = load(store, LOAD_FRESH, 0, 2);
    assert_int_equal(page.store_loaded.rows[0].floor_received_minor, deposit_minor + 40);
    assert_int_equal(page.store_loaded.rows[1].floor_received_minor, deposit_minor);
    static const uint32_t again[] = {2, 1};
    const struct store_load command = {
        .scope = LOAD_AGAIN, .row_max = 2, .positions = again, .position_count = 2};
    page = world_load(store, &command);
    assert_int_equal(page.store_loaded.rows[1].floor_received_minor, deposit_minor + 40);
    struct book *next = book_open(&world, second, claim_epoch(claims[1]));
    book_outcome(next, 1, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 500);
    book_entry(next, 1, STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, 500);
    assert_int_equal(world_write(store, book_chunk(next)), STATUS_OK);
    page = load(store, LOAD_UNDER_WAY, TOP, 2);
    assert_int_equal(page.store_loaded.rows[0].floor_received_minor, deposit_minor + 40);
    struct store *unwanted = world_store(&world, second, claim_epoch(claims[1]));
    page = load(unwanted, LOAD_UNDER_WAY, TOP, 2);
    assert_int_equal(page.store_loaded.rows[0].floor_received_minor, 0);
    book_close(book);
    book_close(next);
    store_close(unwanted);
    store_close(store);
    store_close(usual);
    profile_close(pooled);
    claim_close(claims[0]);
    claim_close(claims[1]);
}

/* Two runs of two batches open the same accounts at once: each account gets one owner. */
static void a_lost_race_for_an_opening_is_blocked(void **state)
{
    (void)state;
    uint32_t first = world_batch(&world, "race-1", "2026-08-25", "race", 5);
    uint32_t second = world_batch(&world, "race-2", "2026-09-25", "race", 5);
    struct claim *claim = world_claim(&world, second);
    struct store *store = world_store(&world, second, claim_epoch(claim));
    world_do(&world, "BEGIN");
    world_do(&world,
             "INSERT INTO daybook.opening (account_id, ordinal, settlement_id) SELECT account_id, "
             "1, settlement_id FROM daybook.plan WHERE settlement_id = %llu",
             (unsigned long long)settlement_id(first, 0, 3));
    const struct store_load command = {.scope = LOAD_FRESH, .row_max = 5};
    store_load(store, &command, clock_now_ns());
    struct event events[4];
    while (world_ask_number(&world,
                            "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                            "'daybook:%u:%u' AND wait_event_type = 'Lock'",
                            second, claim_epoch(claim)) == 0) {
        assert_int_equal(store_turn(store, events, clock_now_ns()), 0);
        world_do(&world, "SELECT pg_stat_clear_snapshot()");
    }
    world_do(&world, "COMMIT");
    struct event page = world_wait(store);
    assert_int_equal(page.store_loaded.status, STATUS_OK);
    assert_int_equal(page.store_loaded.row_count, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(page.store_loaded.rows[i].state,
                         i == 2 ? LOAD_STATE_BLOCKED : LOAD_STATE_OPEN);
    store_close(store);
    claim_close(claim);
}

static void a_bank_that_is_not_in_the_run_breaks_the_load(void **state)
{
    (void)state;
    uint32_t batch = world_batch(&world, "nobank", "2026-08-25", "nobank", 1);
    struct claim *claim = world_claim(&world, batch);
    struct store_config config = world_store_config(&world, batch, claim_epoch(claim));
    config.banks[0].name = "other";
    char error[STORE_ERROR_BYTES];
    struct store *store = store_open(&config, error);
    assert_non_null(store);
    const struct store_load command = {.scope = LOAD_FRESH, .row_max = 5};
    struct event page = world_load(store, &command);
    assert_int_equal(page.store_loaded.status, STATUS_STORE_BROKEN);
    assert_int_equal(page.store_loaded.row_count, 0);
    store_close(store);
    claim_close(claim);
}

int load_cases(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_ones_come_by_position_and_open),
        cmocka_unit_test(each_scope_has_its_own_settlements),
        cmocka_unit_test(the_newest_outcome_of_the_newest_transfer_is_told),
        cmocka_unit_test(the_generation_under_which_each_step_was_accepted_is_told),
        cmocka_unit_test(listed_ones_come_in_the_order_of_the_list),
        cmocka_unit_test(an_account_is_blocked_until_its_last_settlement_has_ended),
        cmocka_unit_test(money_held_before_the_first_batch_counts_once),
        cmocka_unit_test(what_earlier_settlements_received_is_told_where_a_bank_wants_it),
        cmocka_unit_test(a_lost_race_for_an_opening_is_blocked),
        cmocka_unit_test(a_bank_that_is_not_in_the_run_breaks_the_load),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
