#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "real/store_copy.h"

#define RECORDS 5000U

static struct record records[RECORDS];
static uint8_t piece[STORE_PIECE_BYTES];

static uint32_t read_u16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t read_u32(const uint8_t *at)
{
    return read_u16(at) << 16 | read_u16(at + 2);
}

/* The row's bytes at `at`; every row has `columns` columns. */
static size_t skip_row(const uint8_t *at, uint32_t columns)
{
    assert_int_equal(read_u16(at), columns);
    size_t used = 2;
    for (uint32_t i = 0; i < columns; i++) {
        uint32_t length = read_u32(at + used);
        used += 4 + (length == UINT32_MAX ? 0 : length);
    }
    return used;
}

static void make_entries_and_outcomes(struct chunk *chunk)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        records[i] = (struct record){.settlement_id = 1 + i, .record_kind = RECORD_ENTRY};
        records[i].entry.amount_minor = 1;
        if (i % 3 != 0)
            continue;
        records[i] = (struct record){.settlement_id = 1 + i, .record_kind = RECORD_OUTCOME};
        memset(records[i].outcome.text.code, 'c', CODE_TEXT_MAX);
        memset(records[i].outcome.text.bank_ref, 'r', BANK_REF_MAX);
        records[i].outcome.available_minor = INT64_MAX;
        records[i].outcome.held_minor = INT64_MIN;
        records[i].outcome.residue_minor = -1;
    }
    *chunk = (struct chunk){.number = 7, .records = records, .record_count = RECORDS};
}

static void check_table(const struct chunk *chunk, enum record_kind table, uint32_t rows,
                        uint32_t columns)
{
    struct store_copy copy;
    store_copy_begin(&copy, NULL, chunk, table, rows);
    uint32_t seen = 0, pieces = 0;
    bool ended = false;
    size_t bytes;
    while ((bytes = store_copy_piece(&copy, piece)) > 0) {
        assert_true(bytes <= STORE_PIECE_BYTES);
        assert_false(ended);
        size_t at = pieces == 0 ? 19 : 0;
        for (; at < bytes; seen += !ended) {
            ended = read_u16(piece + at) == UINT16_MAX;
            at += ended ? 2 : skip_row(piece + at, columns);
        }
        assert_int_equal(at, bytes);
        pieces++;
    }
    assert_true(ended);
    assert_true(pieces > 1);
    assert_int_equal(seen, rows);
}

static void a_table_goes_out_in_pieces_of_whole_rows(void **state)
{
    (void)state;
    struct chunk chunk;
    make_entries_and_outcomes(&chunk);
    uint32_t counts[STORE_TABLES];
    store_copy_count(&chunk, counts);
    assert_int_equal(counts[RECORD_INTENT - 1], 0);
    assert_int_equal(counts[RECORD_OUTCOME - 1] + counts[RECORD_ENTRY - 1], RECORDS);
    check_table(&chunk, RECORD_OUTCOME, counts[RECORD_OUTCOME - 1], 15);
    check_table(&chunk, RECORD_ENTRY, counts[RECORD_ENTRY - 1], 10);
}

static void zero_and_nothing_go_out_as_null(void **state)
{
    (void)state;
    struct record record = {.settlement_id = 1, .record_kind = RECORD_OUTCOME};
    const struct chunk chunk = {.number = 1, .records = &record, .record_count = 1};
    struct store_copy copy;
    store_copy_begin(&copy, NULL, &chunk, RECORD_OUTCOME, 1);
    size_t bytes = store_copy_piece(&copy, piece);
    // The last five columns, four bytes each, and the trailer.
    const uint8_t wanted[22] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_memory_equal(piece + bytes - sizeof(wanted), wanted, sizeof(wanted));
    assert_int_equal(store_copy_piece(&copy, piece), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_goes_out_in_pieces_of_whole_rows),
        cmocka_unit_test(zero_and_nothing_go_out_as_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
