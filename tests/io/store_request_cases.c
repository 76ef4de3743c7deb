/* Pages once people have asked for something: requests, and what their decisions left. */
#include "store_cases.h"

#include <stdio.h>
#include <string.h>

#include "sql.h"

/* A batch that is claimed, with its store and its book. */
struct desk {
    uint32_t batch;
    struct claim *claim;
    struct store *store;
    struct book *book;
};

static struct desk desk_open(const char *cohort, const char *date, const char *prefix,
                             uint32_t accounts)
{
    struct desk desk = {.batch = world_batch(&world, cohort, date, prefix, accounts)};
    desk.claim = world_claim(&world, desk.batch);
    desk.store = world_store(&world, desk.batch, claim_epoch(desk.claim));
    desk.book = book_open(&world, desk.batch, claim_epoch(desk.claim));
    return desk;
}

static void desk_close(struct desk *desk)
{
    book_close(desk->book);
    store_close(desk->store);
    claim_close(desk->claim);
}

static void desk_write(struct desk *desk)
{
    assert_int_equal(world_write(desk->store, book_chunk(desk->book)), STATUS_OK);
}

static struct event load(struct desk *desk, enum load_scope scope, uint64_t after, uint32_t max)
{
    static const uint32_t positions[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const struct store_load command = {.scope = (uint8_t)scope,
                                       // of those under way: below any
                                       .after_position = scope == LOAD_UNDER_WAY ? 1U << 26 : 0,
                                       .after_request = after,
                                       .row_max = max,
                                       .positions = positions,
                                       .position_count = max};
    struct event event = world_load(desk->store, &command);
    assert_int_equal(event.store_loaded.status, STATUS_OK);
    return event;
}

static struct event open_all(struct desk *desk)
{
    return load(desk, LOAD_FRESH, 0, 8);
}

/* `more`: further columns and their values, "" or ", amount_minor" and ", 7". */
static uint64_t ask(const struct desk *desk, uint32_t position, const char *kind,
                    const char *columns, const char *values)
{
    return (uint64_t)world_ask_number(
        &world,
        "INSERT INTO daybook.request (batch_id, settlement_id, account_id, kind, operator, "
        "reason%s) "
        "SELECT %u, settlement_id, account_id, '%s', 'alice', 'why not'%s FROM daybook.plan "
        "WHERE settlement_id = %llu RETURNING request_id",
        columns, desk->batch, kind, values,
        (unsigned long long)settlement_id(desk->batch, 0, position));
}

/* Other names of the account at this position, as another version; returns its mapping. */
static int64_t rename_account(const struct desk *desk, uint32_t position, int version,
                              const char *bank)
{
    return world_ask_number(
        &world,
        "INSERT INTO daybook.mapping (account_id, version, bank, virtual_account, payout_bank, "
        "payout_account, holder_name) SELECT m.account_id, %d, '%s', m.virtual_account, "
        "m.payout_bank, 'NEW-%d', m.holder_name FROM daybook.plan p JOIN daybook.mapping m USING "
        "(mapping_id) WHERE p.settlement_id = %llu RETURNING mapping_id",
        version, bank, version, (unsigned long long)settlement_id(desk->batch, 0, position));
}

/* ---- requests -------------------------------------------------------------------------------- */

static void requests_come_by_id_until_they_have_a_decision(void **state)
{
    (void)state;
    struct desk desk = desk_open("asked", "2026-08-25", "asked", 3);
    uint64_t first = ask(&desk, 2, "park", "", "");
    uint64_t second = ask(&desk, 1, "release", "", "");
    uint64_t rate = (uint64_t)world_ask_number(
        &world,
        "INSERT INTO daybook.request (batch_id, kind, operator, reason, bank, amount_minor) VALUES "
        "(%u, 'rate', 'alice', 'why not', 'bank1', 7) RETURNING request_id",
        desk.batch);
    struct event page = load(&desk, LOAD_REQUESTED, 0, 2);
    assert_int_equal(page.store_loaded.row_count, 2);
    assert_false(page.store_loaded.at_end);
    assert_int_equal(page.store_loaded.rows[0].request.id, first);
    assert_int_equal(page.store_loaded.rows[0].request.kind, REQUEST_PARK);
    assert_int_equal(page.store_loaded.rows[0].settlement_id, settlement_id(desk.batch, 0, 2));
    assert_int_equal(page.store_loaded.rows[0].place, LOAD_PLACE_FRESH);
    assert_int_equal(page.store_loaded.rows[0].repayment_minor, 300);
    assert_int_equal(page.store_loaded.rows[0].expect_at_us, 0);
    assert_int_equal(page.store_loaded.rows[1].request.id, second);
    assert_int_equal(page.store_loaded.rows[1].expect_at_us, WORLD_EXPECT_AT_US);
    page = load(&desk, LOAD_REQUESTED, second, 8);
    assert_int_equal(page.store_loaded.row_count, 1);
    assert_true(page.store_loaded.at_end);
    assert_int_equal(page.store_loaded.rows[0].request.id, rate);
    assert_int_equal(page.store_loaded.rows[0].request.kind, REQUEST_RATE);
    assert_int_equal(page.store_loaded.rows[0].request.amount_minor, 7);
    assert_int_equal(page.store_loaded.rows[0].settlement_id, settlement_id(desk.batch, 0, 0));
    assert_int_equal(page.store_loaded.rows[0].bank, 0);
    // Asking opened those two accounts, and no third.
    assert_int_equal(
        world_ask_number(&world,
                         "SELECT count(*) FROM daybook.opening WHERE settlement_id >> 32 = %u",
                         desk.batch),
        2);
    book_decision(desk.book, 2, first, REQUEST_PARK, DECISION_BUSY, 0);
    book_decision(desk.book, 0, rate, REQUEST_RATE, DECISION_DONE, 0);
    desk_write(&desk);
    page = load(&desk, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 1);
    assert_int_equal(page.store_loaded.rows[0].request.id, second);
    assert_string_equal(world_ask(&world,
                                  "SELECT string_agg(state || coalesce(' ' || code, ''), ', ' "
                                  "ORDER BY request_id) FROM daybook.v_request WHERE batch_id = %u",
                                  desk.batch),
                        "busy under_way, open, done");
    desk_close(&desk);
}

/* 1 settled, then asked to return; 2 parked; 3 under way, sent twice; 4 short */
static void a_request_tells_where_its_settlement_stands(void **state)
{
    (void)state;
    struct desk desk = desk_open("stands", "2026-08-25", "stands", 4);
    (void)open_all(&desk);
    book_settle(desk.book, 1);
    book_outcome(desk.book, 2, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_outcome(desk.book, 2, 2, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    book_outcome(desk.book, 3, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_intent(desk.book, 3, STEP_COLLECT, 1, 300, 3);
    book_attempt(desk.book, 3, STEP_COLLECT, 1, 1);
    book_outcome(desk.book, 4, 1, STEP_DEPOSIT, 0, OUTCOME_SHORT, 70);
    desk_write(&desk);
    (void)ask(&desk, 1, "return", ", step, generation", ", 4, 1");
    (void)ask(&desk, 2, "release", "", "");
    (void)ask(&desk, 3, "not_paid", ", step, generation, attempts", ", 2, 1, 1");
    (void)ask(&desk, 4, "raise", ", amount_minor, residue_minor", ", 50, -20");
    struct event page = load(&desk, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 4);
    const struct load_row *row = page.store_loaded.rows;
    assert_int_equal(row->place, LOAD_PLACE_ENDED);
    assert_int_equal(row->later, LOAD_LATER_NONE);
    assert_int_equal(row->end_state, OUTCOME_SETTLED);
    assert_int_equal(row->end_held_minor, 100);
    assert_int_equal(row->end_payable_minor, 0);
    assert_int_equal(row->accepted_generation[STEP_PAYOUT], 1);
    assert_int_equal(row->done_steps, 1U << 1 | 1U << 2 | 1U << 3 | 1U << 4);
    assert_int_equal(row->request.step, STEP_PAYOUT);
    assert_int_equal(row->request.generation, 1);
    assert_int_equal(row[1].place, LOAD_PLACE_PARKED);
    assert_string_equal(row[1].park_code, "closed");
    assert_int_equal(row[1].end_state, 0);
    assert_int_equal(row[2].place, LOAD_PLACE_UNDER_WAY);
    assert_string_equal(row[2].park_code, "");
    assert_int_equal(row[2].transfer.step, STEP_COLLECT);
    assert_int_equal(row[2].transfer.attempts, 1);
    assert_int_equal(row[2].request.attempts, 1);
    assert_int_equal(row[3].place, LOAD_PLACE_FRESH);
    assert_int_equal(row[3].seen_minor, 70);
    assert_int_equal(row[3].outcome_seq, 1);
    assert_int_equal(row[3].request.amount_minor, 50);
    assert_int_equal(row[3].request.residue_minor, -20);
    desk_close(&desk);
}

static void one_that_comes_after_another_waits_for_it_or_is_off(void **state)
{
    (void)state;
    struct desk desk = desk_open("chained", "2026-08-25", "chained", 2);
    char after[32];
    uint64_t first = ask(&desk, 1, "park", "", "");
    snprintf(after, sizeof(after), ", %llu", (unsigned long long)first);
    uint64_t second = ask(&desk, 2, "park", ", after_request", after);
    struct event page = load(&desk, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 1);
    book_decision(desk.book, 1, first, REQUEST_PARK, DECISION_DONE, 0);
    desk_write(&desk);
    page = load(&desk, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 1);
    assert_int_equal(page.store_loaded.rows[0].request.id, second);
    assert_false(page.store_loaded.rows[0].request.is_off);
    first = ask(&desk, 1, "release", "", "");
    snprintf(after, sizeof(after), ", %llu", (unsigned long long)first);
    second = ask(&desk, 2, "release", ", after_request", after);
    book_decision(desk.book, 1, first, REQUEST_RELEASE, DECISION_REFUSED, 0);
    desk_write(&desk);
    page = load(&desk, LOAD_REQUESTED, first, 8);
    assert_int_equal(page.store_loaded.rows[0].request.id, second);
    assert_true(page.store_loaded.rows[0].request.is_off);
    desk_close(&desk);
}

static void what_is_asked_of_a_blocked_account_opens_nothing(void **state)
{
    (void)state;
    struct desk older = desk_open("older", "2026-08-25", "twice", 1);
    struct desk newer = desk_open("newer", "2026-09-25", "twice", 1);
    (void)open_all(&older);
    (void)ask(&newer, 1, "park", "", "");
    struct event page = load(&newer, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.rows[0].state, LOAD_STATE_BLOCKED);
    // Given up, it leaves what was held to the next one, which the request opens.
    book_outcome(older.book, 1, 1, STEP_CLOSING, 0, OUTCOME_WRITTEN_OFF, 30);
    older.book->records[0].outcome.held_minor = 40;
    older.book->records[0].outcome.residue_minor = 5;
    desk_write(&older);
    page = load(&newer, LOAD_REQUESTED, 0, 8);
    const struct load_row *row = page.store_loaded.rows;
    assert_int_equal(row->state, LOAD_STATE_OPEN);
    assert_int_equal(row->floor_held_minor, 40);
    assert_int_equal(row->floor_payable_minor, 30);
    assert_int_equal(row->floor_residue_minor, 5);
    page = open_all(&newer);
    assert_int_equal(page.store_loaded.rows[0].floor_payable_minor, 30);
    (void)ask(&older, 1, "release", "", "");
    page = load(&older, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.rows[0].place, LOAD_PLACE_ENDED);
    assert_int_equal(page.store_loaded.rows[0].end_state, OUTCOME_WRITTEN_OFF);
    assert_int_equal(page.store_loaded.rows[0].later, LOAD_LATER_OPEN);
    book_outcome(newer.book, 1, 1, STEP_CLOSING, 0, OUTCOME_SUPERSEDED, 30);
    desk_write(&newer);
    page = load(&older, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.rows[0].later, LOAD_LATER_ENDED);
    desk_close(&older);
    desk_close(&newer);
}

/* ---- what decisions left --------------------------------------------------------------------- */

static void assert_payout_account(const struct event *page, uint32_t row, const char *account)
{
    assert_true(row < page->store_loaded.row_count);
    assert_string_equal(page->store_loaded.rows[row].parties.payout_account, account);
}

/* By its place in the chain: a lower id may be decided later. */
static void the_names_that_were_amended_last_count(void **state)
{
    (void)state;
    struct desk desk = desk_open("amended", "2026-08-25", "amended", 2);
    int64_t second = rename_account(&desk, 1, 2, "bank1");
    int64_t third = rename_account(&desk, 1, 3, "bank1");
    (void)open_all(&desk);
    book_decision(desk.book, 1, 900002, REQUEST_AMEND, DECISION_DONE, second);
    desk_write(&desk);
    struct event page = open_all(&desk);
    assert_payout_account(&page, 0, "NEW-2");
    assert_int_equal(page.store_loaded.rows[0].mapping_id, second);
    book_decision(desk.book, 1, 900001, REQUEST_AMEND, DECISION_DONE, third);
    book_decision(desk.book, 1, 900003, REQUEST_AMEND, DECISION_REFUSED, 0);
    desk_write(&desk);
    page = open_all(&desk);
    assert_payout_account(&page, 0, "NEW-3");
    page = load(&desk, LOAD_AGAIN, 0, 2);
    assert_payout_account(&page, 0, "NEW-3");
    assert_int_equal(page.store_loaded.rows[1].mapping_id, second - 1);
    book_outcome(desk.book, 1, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    desk_write(&desk);
    page = load(&desk, LOAD_UNDER_WAY, 0, 2);
    assert_payout_account(&page, 0, "NEW-3");
    assert_int_equal(page.store_loaded.rows[0].mapping_id, third);
    (void)ask(&desk, 1, "park", "", "");
    page = load(&desk, LOAD_REQUESTED, 0, 2);
    assert_payout_account(&page, 0, "NEW-3");
    desk_close(&desk);
}

static void names_of_another_account_or_bank_are_no_amendment(void **state)
{
    (void)state;
    struct desk desk = desk_open("foreign", "2026-08-25", "foreign", 2);
    const int64_t mappings[] = {rename_account(&desk, 1, 2, "bank1"),
                                rename_account(&desk, 2, 2, "bank1"),
                                rename_account(&desk, 1, 3, "bank9")};
    char value[32];
    for (int i = 0; i < 3; i++) {
        snprintf(value, sizeof(value), ", %lld", (long long)mappings[i]);
        (void)ask(&desk, 1, "amend", ", mapping_id", value);
    }
    struct event page = load(&desk, LOAD_REQUESTED, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 3);
    assert_false(page.store_loaded.rows[0].request.is_off);
    assert_string_equal(page.store_loaded.rows[0].request.parties.payout_account, "NEW-2");
    assert_true(page.store_loaded.rows[1].request.is_off);
    assert_true(page.store_loaded.rows[2].request.is_off);
    desk_close(&desk);
}

static void raise_floor(struct desk *desk, uint32_t position, uint16_t seq, int64_t payable,
                        int64_t residue)
{
    book_outcome(desk->book, position, seq, STEP_DEPOSIT, 0, OUTCOME_RAISED, payable);
    desk->book->records[desk->book->record_count - 1].outcome.residue_minor = residue;
}

static void assert_floor(const struct event *page, uint32_t row, int64_t payable, int64_t residue)
{
    assert_true(row < page->store_loaded.row_count);
    assert_int_equal(page->store_loaded.rows[row].floor_payable_minor, payable);
    assert_int_equal(page->store_loaded.rows[row].floor_residue_minor, residue);
}

static void raised_floors_are_told_before_and_after_the_deposit(void **state)
{
    (void)state;
    struct desk desk = desk_open("raised", "2026-08-25", "raised", 2);
    (void)open_all(&desk);
    book_outcome(desk.book, 1, 1, STEP_DEPOSIT, 0, OUTCOME_SHORT, 60);
    raise_floor(&desk, 1, 2, 70, -20);
    raise_floor(&desk, 1, 3, 5, 0);
    desk_write(&desk);
    struct event page = open_all(&desk);
    assert_floor(&page, 0, 75, -20);
    assert_floor(&page, 1, 0, 0);
    assert_int_equal(page.store_loaded.rows[0].seen_minor, 60);
    assert_int_equal(page.store_loaded.rows[0].outcome_seq, 3);
    page = load(&desk, LOAD_AGAIN, 0, 2);
    assert_floor(&page, 0, 75, -20);
    assert_int_equal(page.store_loaded.rows[0].seen_minor, 60);
    (void)ask(&desk, 1, "park", "", "");
    page = load(&desk, LOAD_REQUESTED, 0, 2);
    assert_floor(&page, 0, 75, -20);
    assert_string_equal(world_ask(&world,
                                  "SELECT state || ' ' || floor_minor FROM daybook.v_settlement "
                                  "WHERE settlement_id = %llu",
                                  (unsigned long long)settlement_id(desk.batch, 0, 1)),
                        "waiting 55");
    book_outcome(desk.book, 1, 4, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    raise_floor(&desk, 1, 5, 0, 9);
    desk_write(&desk);
    page = load(&desk, LOAD_UNDER_WAY, 0, 2);
    assert_floor(&page, 0, 75, -11);
    assert_int_equal(open_all(&desk).store_loaded.row_count, 1);
    desk_close(&desk);
}

static void released_ones_go_on_from_where_they_were(void **state)
{
    (void)state;
    struct desk desk = desk_open("released", "2026-08-25", "released", 2);
    (void)open_all(&desk);
    book_outcome(desk.book, 1, 1, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    book_outcome(desk.book, 2, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
    book_outcome(desk.book, 2, 2, STEP_DEPOSIT, 0, OUTCOME_PARKED, 0);
    desk_write(&desk);
    assert_int_equal(open_all(&desk).store_loaded.row_count, 0);
    assert_int_equal(load(&desk, LOAD_UNDER_WAY, 0, 8).store_loaded.row_count, 0);
    book_outcome(desk.book, 1, 2, STEP_DEPOSIT, 0, OUTCOME_RELEASED, 0);
    book_outcome(desk.book, 2, 3, STEP_DEPOSIT, 0, OUTCOME_RELEASED, 0);
    desk_write(&desk);
    struct event page = open_all(&desk);
    assert_int_equal(page.store_loaded.row_count, 1);
    assert_int_equal(page.store_loaded.rows[0].settlement_id, settlement_id(desk.batch, 0, 1));
    assert_int_equal(page.store_loaded.rows[0].outcome_seq, 2);
    page = load(&desk, LOAD_UNDER_WAY, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 1);
    assert_int_equal(page.store_loaded.rows[0].settlement_id, settlement_id(desk.batch, 0, 2));
    desk_close(&desk);
}

static const struct load_row *row_of(const struct event *page, uint32_t position)
{
    const struct load_row *row = page->store_loaded.rows;
    const struct load_row *end = row + page->store_loaded.row_count;
    while (row < end && settlement_position(row->settlement_id) != position)
        row++;
    assert_true(row < end);
    return row;
}

/* 1 collect and hold undone; 2 payout reversed, then by hand; 3 payout reversed, then again */
static void steps_undone_reversed_or_done_by_hand_are_told(void **state)
{
    (void)state;
    struct desk desk = desk_open("backwards", "2026-08-25", "backwards", 3);
    struct book *book = desk.book;
    (void)open_all(&desk);
    for (uint32_t position = 1; position <= 3; position++) {
        book_outcome(book, position, 1, STEP_DEPOSIT, 0, OUTCOME_DEPOSITED, 1000);
        book_outcome(book, position, 2, STEP_COLLECT, 1, OUTCOME_ACCEPTED, 300);
        book_outcome(book, position, 3, STEP_HOLD, 0, OUTCOME_POSTED, 100);
        book_intent(book, position, STEP_PAYOUT, 1, 600, position);
    }
    book_outcome(book, 1, 4, STEP_PAYOUT, 1, OUTCOME_REJECTED_PERSON, 600);
    book_outcome(book, 1, 5, STEP_PAYOUT, 0, OUTCOME_COMPENSATING, 0);
    book_outcome(book, 1, 6, STEP_HOLD, 0, OUTCOME_POSTED, 100);
    book_undo(book);
    for (uint32_t position = 2; position <= 3; position++) {
        book_outcome(book, position, 4, STEP_PAYOUT, 1, OUTCOME_ACCEPTED, 600);
        book_outcome(book, position, 5, STEP_PAYOUT, 1, OUTCOME_REVERSED, 600);
        book_outcome(book, position, 6, STEP_PAYOUT, 1, OUTCOME_PARKED, 0);
        book_outcome(book, position, 7, STEP_PAYOUT, 0, OUTCOME_RELEASED, 0);
    }
    desk_write(&desk);
    const uint8_t before = 1U << STEP_DEPOSIT | 1U << STEP_COLLECT;
    struct event page = load(&desk, LOAD_UNDER_WAY, 0, 8);
    assert_int_equal(page.store_loaded.row_count, 3);
    assert_int_equal(row_of(&page, 1)->done_steps, before);
    assert_true(row_of(&page, 1)->is_compensating);
    for (uint32_t position = 2; position <= 3; position++) {
        const struct load_row *row = row_of(&page, position);
        assert_int_equal(row->done_steps, before | 1U << STEP_HOLD);
        assert_false(row->is_compensating);
        assert_int_equal(row->accepted_generation[STEP_PAYOUT], 1);
    }
    book_intent(book, 1, STEP_COLLECT, 1, 300, 1);
    book_undo(book);
    book_outcome(book, 1, 7, STEP_COLLECT, 1, OUTCOME_ACCEPTED, 300);
    book_undo(book);
    book_intent(book, 2, STEP_PAYOUT, 2, 600, 2);
    book_outcome(book, 2, 8, STEP_PAYOUT, 2, OUTCOME_REJECTED_PERSON, 600);
    book_outcome(book, 2, 9, STEP_PAYOUT, 2, OUTCOME_BY_HAND, 600);
    book_intent(book, 3, STEP_PAYOUT, 2, 600, 3);
    book_outcome(book, 3, 8, STEP_PAYOUT, 2, OUTCOME_ACCEPTED, 600);
    desk_write(&desk);
    for (uint32_t position = 1; position <= 3; position++)
        (void)ask(&desk, position, "park", "", "");
    static const enum load_scope scopes[] = {LOAD_UNDER_WAY, LOAD_REQUESTED};
    for (int i = 0; i < 2; i++) {
        page = load(&desk, scopes[i], 0, 8);
        const struct load_row *row = row_of(&page, 1);
        assert_int_equal(row->done_steps, 1U << STEP_DEPOSIT);
        assert_int_equal(row->transfer.kind, TRANSFER_UNDO);
        assert_int_equal(row->transfer.state, OUTCOME_ACCEPTED);
        const uint8_t all = before | 1U << STEP_HOLD | 1U << STEP_PAYOUT;
        assert_int_equal(row_of(&page, 2)->done_steps, all);
        assert_int_equal(row_of(&page, 2)->accepted_generation[STEP_PAYOUT], 0); // not ours
        assert_int_equal(row_of(&page, 3)->done_steps, all);
        assert_int_equal(row_of(&page, 3)->accepted_generation[STEP_PAYOUT], 2);
    }
    desk_close(&desk);
}

/* ---- cost ------------------------------------------------------------------------------------ */

/* Every scan of a page goes by a key, and reads no table as a whole. */
static void pages_walk_keys_only(void **state)
{
    (void)state;
    const struct {
        const char *sql, *types, *values;
    } pages[] = {
        {sql_store_load_fresh, "int, int, int, int, int, int, int", "1, 0, 1, 1, 0, 9, 1"},
        {sql_store_load_again, "int, int, int, int, int[], int", "1, 0, 1, 1, '{1}', 1"},
        {sql_store_load_under_way, "int, int, int, int, int, int, int", "1, 0, 1, 1, 0, 9, 1"},
        {sql_store_load_requested, "int, int, int, int, bigint, int, int", "1, 0, 1, 1, 0, 9, 1"},
    };
    world_do(&world, "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = "
                     "off; SET enable_mergejoin = off; SET enable_hashagg = off; SET enable_sort = "
                     "off; SET jit = off; SET plan_cache_mode = force_generic_plan");
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        char sql[16384];
        snprintf(sql, sizeof(sql), "PREPARE page (%s) AS %s", pages[i].types, pages[i].sql);
        PGresult *result = PQexec(world.admin, sql);
        assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
        PQclear(result);
        snprintf(sql, sizeof(sql), "EXPLAIN (COSTS off) EXECUTE page (%s)", pages[i].values);
        result = PQexec(world.admin, sql);
        assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
        bool wants_condition = false;
        for (int row = 0; row < PQntuples(result); row++) {
            const char *line = PQgetvalue(result, row, 0);
            if (strstr(line, "Seq Scan") != NULL ||
                (wants_condition && strstr(line, "Index Cond") == NULL))
                fail_msg("page %zu reads a whole table, line %d: %s", i, row, line);
            wants_condition =
                strstr(line, "Index Scan") != NULL || strstr(line, "Index Only Scan") != NULL;
        }
        PQclear(result);
        world_do(&world, "DEALLOCATE page");
    }
    world_do(&world, "RESET ALL");
}

int request_cases(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_by_id_until_they_have_a_decision),
        cmocka_unit_test(a_request_tells_where_its_settlement_stands),
        cmocka_unit_test(one_that_comes_after_another_waits_for_it_or_is_off),
        cmocka_unit_test(what_is_asked_of_a_blocked_account_opens_nothing),
        cmocka_unit_test(the_names_that_were_amended_last_count),
        cmocka_unit_test(names_of_another_account_or_bank_are_no_amendment),
        cmocka_unit_test(raised_floors_are_told_before_and_after_the_deposit),
        cmocka_unit_test(released_ones_go_on_from_where_they_were),
        cmocka_unit_test(steps_undone_reversed_or_done_by_hand_are_told),
        cmocka_unit_test(pages_walk_keys_only),
    };
    return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
