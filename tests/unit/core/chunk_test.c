#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "memory.h"

#include "base/money.h"
#include "base/time.h"
#include "core/canonical.h"
#include "core/chunk.h"

#define MARK 5
#define CALLS 2
#define DELAY_NS 50

static struct memory memory;
static struct chunks chunks;
static struct hash *hash;
static const struct digest head_hash = {{1, 2, 3}};

static void take(struct arena *arena)
{
    const struct chunks_config config = {.batch_id = 9,
                                         .partition = 4,
                                         .epoch = 6,
                                         .number = 10,
                                         .hash = head_hash,
                                         .mark = MARK,
                                         .calls = CALLS,
                                         .delay_ns = DELAY_NS};
    chunk_init(&chunks, arena, hash, &config);
}

static int begin(void **state)
{
    (void)state;
    hash = hash_open();
    memory_open(&memory, take);
    return 0;
}

static int end(void **state)
{
    (void)state;
    memory_close(&memory);
    hash_close(hash);
    return 0;
}

static void append(uint32_t position, int64_t amount_minor, uint64_t now_ns)
{
    struct record *record = chunk_append(&chunks, now_ns);
    record->settlement_id = settlement_id(9, 4, position);
    record->record_kind = RECORD_ENTRY;
    record->entry.line = 1;
    record->entry.debit = LEDGER_VIRTUAL;
    record->entry.credit = LEDGER_PAYABLE;
    record->entry.amount_minor = amount_minor;
}

static void an_empty_chunk_is_never_due(void **state)
{
    (void)state;
    assert_true(chunk_is_idle(&chunks));
    assert_false(chunk_is_due(&chunks, true, 1000000));
    assert_true(chunk_next_at(&chunks) == AT_NEVER);
    assert_int_equal(chunk_ticket(&chunks), 1);
    assert_false(chunk_is_written(&chunks, 1));
}

static void a_chunk_falls_due_by_mark_by_delay_or_in_a_hurry(void **state)
{
    (void)state;
    append(1, 10, 100);
    append(2, 10, 140);
    assert_int_equal(chunk_next_at(&chunks), 100 + DELAY_NS);
    assert_false(chunk_is_due(&chunks, false, 149));
    assert_true(chunk_is_due(&chunks, false, 150));
    assert_true(chunk_is_due(&chunks, true, 140));
    append(3, 10, 140);
    append(4, 10, 140);
    assert_false(chunk_is_due(&chunks, false, 140));
    assert_true(chunk_has_room(&chunks));
    append(5, 10, 140);
    assert_true(chunk_is_due(&chunks, false, 140));
    assert_false(chunk_has_room(&chunks));
}

static void a_chunk_tells_what_is_in_it_and_what_it_follows(void **state)
{
    (void)state;
    append(1, 10, 0);
    append(2, 25, 0);
    struct record *record = chunk_append(&chunks, 0);
    record->record_kind = RECORD_ATTEMPT;
    const struct chunk *chunk = chunk_hand_out(&chunks);
    assert_int_equal(chunk->batch_id, 9);
    assert_int_equal(chunk->partition, 4);
    assert_int_equal(chunk->epoch, 6);
    assert_int_equal(chunk->number, 11);
    assert_int_equal(chunk->record_count, 3);
    assert_int_equal(chunk->entry_count, 2);
    assert_int_equal(chunk->debit_total_minor, 35);
    assert_memory_equal(&chunk->prev_hash, &head_hash, sizeof(head_hash));
    struct digest digest = canonical_chunk_hash(hash, &head_hash, chunk->records, 3);
    assert_memory_equal(&chunk->hash, &digest, sizeof(digest));
}

static void chunks_follow_each_other_without_gap(void **state)
{
    (void)state;
    struct digest prev = head_hash;
    for (uint32_t n = 11; n < 40; n++) {
        for (uint32_t i = 0; i <= n % 4; i++)
            append(n, n * 10 + i, n * 100);
        assert_int_equal(chunk_ticket(&chunks), n - 10);
        const struct chunk *chunk = chunk_hand_out(&chunks);
        assert_false(chunk_is_written(&chunks, n - 10));
        assert_int_equal(chunk->number, n);
        assert_int_equal(chunk->record_count, n % 4 + 1);
        assert_memory_equal(&chunk->prev_hash, &prev, sizeof(prev));
        prev = chunk->hash;
        chunk_written(&chunks);
        assert_true(chunk_is_written(&chunks, n - 10));
        assert_int_equal(chunks.number, n);
        assert_memory_equal(&chunks.hash, &prev, sizeof(prev));
    }
    assert_true(chunk_is_idle(&chunks));
}

static void one_fills_while_one_is_written_and_waits_for_it(void **state)
{
    (void)state;
    append(1, 10, 0);
    (void)chunk_hand_out(&chunks);
    assert_int_equal(chunk_ticket(&chunks), 2);
    for (uint32_t i = 0; i < MARK; i++)
        append(2, 20, 5);
    assert_false(chunk_is_due(&chunks, true, 1000));
    assert_true(chunk_next_at(&chunks) == AT_NEVER);
    assert_false(chunk_is_idle(&chunks));
    chunk_written(&chunks);
    assert_true(chunk_is_due(&chunks, false, 5));
    assert_int_equal(chunk_hand_out(&chunks)->number, 12);
}

static void the_chunk_handed_out_again_is_byte_for_byte_the_same(void **state)
{
    (void)state;
    append(1, 10, 0);
    append(2, 20, 0);
    const struct chunk first = *chunk_hand_out(&chunks);
    struct record records[2];
    memcpy(records, first.records, sizeof(records));
    for (uint32_t i = 0; i < MARK; i++)
        append(3, 30, 0); // what fills meanwhile is another chunk's
    const struct chunk *again = chunk_again(&chunks);
    assert_int_equal(again->number, first.number);
    assert_int_equal(again->record_count, first.record_count);
    assert_int_equal(again->entry_count, first.entry_count);
    assert_int_equal(again->debit_total_minor, first.debit_total_minor);
    assert_memory_equal(&again->prev_hash, &first.prev_hash, sizeof(first.prev_hash));
    assert_memory_equal(&again->hash, &first.hash, sizeof(first.hash));
    assert_memory_equal(again->records, records, sizeof(records));
}

static void answers_of_all_calls_and_of_a_page_fit_above_the_mark(void **state)
{
    (void)state;
    uint32_t answers = (CALLS + LOAD_ROWS_MAX) * RECORDS_PER_TURN_MAX;
    for (uint32_t i = 0; i < MARK; i++)
        append(1, 1, 0);
    for (uint32_t i = 0; i < answers; i++)
        append(2, 1, 0);
    assert_int_equal(chunk_hand_out(&chunks)->record_count, MARK + answers);
}

static void a_new_record_is_zeroed_also_in_a_used_buffer(void **state)
{
    (void)state;
    static const struct record zero;
    for (uint32_t n = 0; n < 4; n++) {
        struct record *record = chunk_append(&chunks, 0);
        assert_memory_equal(record, &zero, sizeof(zero));
        memset(record, 0xff, sizeof(*record));
        record->record_kind = RECORD_ENTRY;
        record->entry.amount_minor = 1;
        (void)chunk_hand_out(&chunks);
        chunk_written(&chunks);
    }
}

/* ---- refused --------------------------------------------------------------------------------- */

#define SETTLEMENTS 7U
#define RECORDS_EACH 3U

static bool bad[SETTLEMENTS + 1];
static uint32_t written[SETTLEMENTS + 1];
static int64_t newest_minor[SETTLEMENTS + 1];

static bool has_bad(const struct chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->record_count; i++)
        if (chunk->records[i].record_kind == RECORD_ENTRY &&
            bad[settlement_position(chunk->records[i].settlement_id)])
            return true;
    return false;
}

/* What came in is right: in the order of the settlement, once, with totals and chain. */
static void take_chunk(const struct chunk *chunk)
{
    int64_t debit_minor = 0;
    uint32_t entries = 0;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        uint32_t position = settlement_position(record->settlement_id);
        written[position]++;
        if (record->record_kind != RECORD_ENTRY)
            continue;
        assert_true(record->entry.amount_minor > newest_minor[position]);
        newest_minor[position] = record->entry.amount_minor;
        debit_minor += record->entry.amount_minor;
        entries++;
    }
    assert_int_equal(chunk->debit_total_minor, debit_minor);
    assert_int_equal(chunk->entry_count, entries);
    struct digest digest =
        canonical_chunk_hash(hash, &chunks.hash, chunk->records, chunk->record_count);
    assert_memory_equal(&chunk->hash, &digest, sizeof(digest));
    assert_memory_equal(&chunk->prev_hash, &chunks.hash, sizeof(digest));
    assert_int_equal(chunk->number, chunks.number + 1);
}

/* What stands for the refused one. */
static void stand_in(uint64_t id)
{
    struct record *record = chunk_replace(&chunks);
    record->settlement_id = id;
    record->record_kind = RECORD_OUTCOME;
}

/* Until the closed buffer is written; returns how often it was refused. */
static uint32_t write_all(uint32_t ticket)
{
    uint32_t refusals = 0;
    while (!chunk_is_written(&chunks, ticket)) {
        assert_true(chunk_is_due(&chunks, true, 100));
        const struct chunk *chunk = chunk_hand_out(&chunks);
        if (!has_bad(chunk)) {
            take_chunk(chunk);
            chunk_written(&chunks);
            continue;
        }
        refusals++;
        if (chunk_refused(&chunks) == CHUNK_HALVED)
            continue;
        uint64_t id = chunk_alone(&chunks);
        assert_true(bad[settlement_position(id)]);
        uint32_t cursor = 0;
        for (uint32_t i = 0; i < RECORDS_EACH; i++)
            assert_non_null(chunk_unwritten_of(&chunks, id, &cursor));
        stand_in(id);
    }
    return refusals;
}

static void refused_settlements_are_found_wherever_and_however_many_they_are(void **state)
{
    for (uint32_t mask = 0; mask < 1U << SETTLEMENTS; mask++) {
        end(state);
        begin(state);
        memset(written, 0, sizeof(written));
        memset(newest_minor, 0, sizeof(newest_minor));
        uint32_t count = 0;
        for (uint32_t i = 0; i < SETTLEMENTS * RECORDS_EACH; i++) // interleaved
            append(1 + i * 5 % SETTLEMENTS, 1 + i, 0);
        for (uint32_t position = 1; position <= SETTLEMENTS; position++) {
            bad[position] = (mask >> (position - 1) & 1) != 0;
            count += bad[position];
        }
        uint32_t refusals = write_all(1);
        assert_in_range(refusals, count, 4 * count); // halved, not tried one by one
        for (uint32_t position = 1; position <= SETTLEMENTS; position++)
            assert_int_equal(written[position], bad[position] ? 1 : RECORDS_EACH);
        assert_true(chunk_is_idle(&chunks));
    }
}

static void what_the_refused_one_wrote_meanwhile_is_dropped_from_the_filling_buffer(void **state)
{
    (void)state;
    append(1, 1, 0);
    append(2, 2, 0);
    (void)chunk_hand_out(&chunks);
    append(2, 3, 60);
    append(1, 4, 70);
    append(2, 5, 80);
    assert_int_equal(chunk_refused(&chunks), CHUNK_HALVED);
    assert_int_equal(chunk_hand_out(&chunks)->records[0].settlement_id, settlement_id(9, 4, 1));
    chunk_written(&chunks);
    assert_false(chunk_is_written(&chunks, 1));
    assert_true(chunk_next_at(&chunks) <= 80); // the other half at once
    assert_int_equal(chunk_hand_out(&chunks)->number, 12);
    assert_int_equal(chunk_refused(&chunks), CHUNK_ALONE);
    uint64_t id = chunk_alone(&chunks);
    assert_true(id == settlement_id(9, 4, 2));
    uint32_t cursor = 0, count = 0;
    while (chunk_unwritten_of(&chunks, id, &cursor) != NULL)
        count++;
    assert_int_equal(count, 3);
    stand_in(id);
    assert_int_equal(chunk_hand_out(&chunks)->number, 12);
    assert_int_equal(chunk_again(&chunks)->record_count, 1);
    chunk_written(&chunks);
    assert_true(chunk_is_written(&chunks, 1));
    const struct chunk *next = chunk_hand_out(&chunks);
    assert_int_equal(next->record_count, 1);
    assert_int_equal(next->records[0].entry.amount_minor, 4);
    assert_int_equal(next->debit_total_minor, 4);
}

static void a_filling_buffer_that_loses_its_only_settlement_is_empty(void **state)
{
    (void)state;
    append(1, 1, 0);
    (void)chunk_hand_out(&chunks);
    append(1, 2, 60);
    assert_int_equal(chunk_refused(&chunks), CHUNK_ALONE);
    stand_in(chunk_alone(&chunks));
    (void)chunk_hand_out(&chunks);
    chunk_written(&chunks);
    assert_true(chunk_is_idle(&chunks));
    assert_true(chunk_next_at(&chunks) == AT_NEVER);
}

static void a_stand_in_that_is_refused_is_hopeless(void **state)
{
    (void)state;
    append(1, 1, 0);
    append(2, 1, 0);
    (void)chunk_hand_out(&chunks);
    assert_int_equal(chunk_refused(&chunks), CHUNK_HALVED);
    (void)chunk_hand_out(&chunks);
    assert_int_equal(chunk_refused(&chunks), CHUNK_ALONE);
    stand_in(settlement_id(9, 4, 1));
    assert_int_equal(chunk_hand_out(&chunks)->record_count, 1);
    assert_int_equal(chunk_refused(&chunks), CHUNK_HOPELESS);
}

/* ---- broken contracts ------------------------------------------------------------------------ */

static void fill_beyond_capacity(void)
{
    for (uint32_t i = 0; i <= chunks.capacity; i++)
        (void)chunk_append(&chunks, 0);
}

static void hand_out_two(void)
{
    append(1, 1, 0);
    (void)chunk_hand_out(&chunks);
    append(1, 1, 0);
    (void)chunk_hand_out(&chunks);
}

static void hand_out_nothing(void)
{
    (void)chunk_hand_out(&chunks);
}

static void hear_of_no_chunk(void)
{
    chunk_written(&chunks);
}

static void an_entry_of_nothing(void)
{
    append(1, 0, 0);
    (void)chunk_hand_out(&chunks);
}

static void a_total_beyond_all_money(void)
{
    append(1, MONEY_MAX, 0);
    append(1, 1, 0);
    (void)chunk_hand_out(&chunks);
}

static void broken_contracts_abort(void **state)
{
    (void)state;
    assert_aborts(fill_beyond_capacity);
    assert_aborts(hand_out_two);
    assert_aborts(hand_out_nothing);
    assert_aborts(hear_of_no_chunk);
    assert_aborts(an_entry_of_nothing);
    assert_aborts(a_total_beyond_all_money);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_chunk_is_never_due),
        TEST(a_chunk_falls_due_by_mark_by_delay_or_in_a_hurry),
        TEST(a_chunk_tells_what_is_in_it_and_what_it_follows),
        TEST(chunks_follow_each_other_without_gap),
        TEST(one_fills_while_one_is_written_and_waits_for_it),
        TEST(the_chunk_handed_out_again_is_byte_for_byte_the_same),
        TEST(answers_of_all_calls_and_of_a_page_fit_above_the_mark),
        TEST(a_new_record_is_zeroed_also_in_a_used_buffer),
        TEST(refused_settlements_are_found_wherever_and_however_many_they_are),
        TEST(what_the_refused_one_wrote_meanwhile_is_dropped_from_the_filling_buffer),
        TEST(a_filling_buffer_that_loses_its_only_settlement_is_empty),
        TEST(a_stand_in_that_is_refused_is_hopeless),
        TEST(broken_contracts_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
