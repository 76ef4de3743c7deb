#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"

#include "base/prng.h"
#include "core/group.h"

#define RECORDS 300U

static struct record records[RECORDS];
static uint32_t order[RECORDS];

static void draw(struct prng *prng, uint32_t count, uint32_t settlements)
{
    for (uint32_t i = 0; i < count; i++)
        records[i] = (struct record){.settlement_id = 1 + prng_below(prng, settlements),
                                     .entry.amount_minor = (int64_t)i};
}

static void records_come_together_by_settlement_and_stay_in_order_within(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 7);
    for (uint32_t count = 0; count <= RECORDS; count++) {
        uint32_t settlements = 1 + count % 40;
        uint64_t sums[41] = {0};
        draw(&prng, count, settlements);
        for (uint32_t i = 0; i < count; i++)
            sums[records[i].settlement_id] += i + 1;
        group_by_settlement(records, order, count);
        for (uint32_t i = 0; i < count; i++) {
            sums[records[i].settlement_id] -= (uint64_t)records[i].entry.amount_minor + 1;
            if (i == 0)
                continue;
            assert_true(records[i].settlement_id >= records[i - 1].settlement_id);
            if (records[i].settlement_id == records[i - 1].settlement_id)
                assert_true(records[i].entry.amount_minor > records[i - 1].entry.amount_minor);
        }
        for (uint32_t id = 0; id <= 40; id++)
            assert_true(sums[id] == 0);
    }
}

static void a_half_is_whole_settlements_and_less_than_all_but_of_one_alone(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 8);
    for (uint32_t count = 1; count <= RECORDS; count++) {
        draw(&prng, count, 1 + count % 9);
        group_by_settlement(records, order, count);
        for (uint32_t first = 0; first < count; first++) {
            if (first > 0 && records[first].settlement_id == records[first - 1].settlement_id)
                continue;
            uint32_t half = group_half(records, first, count);
            bool is_alone = records[first].settlement_id == records[count - 1].settlement_id;
            assert_in_range(half, 1, count - first);
            assert_int_equal(half == count - first, is_alone);
            if (!is_alone)
                assert_true(records[first + half].settlement_id !=
                            records[first + half - 1].settlement_id);
        }
    }
}

static void halve_nothing(void)
{
    (void)group_half(records, 3, 3);
}

static void half_of_nothing_aborts(void **state)
{
    (void)state;
    assert_aborts(halve_nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_together_by_settlement_and_stay_in_order_within),
        cmocka_unit_test(a_half_is_whole_settlements_and_less_than_all_but_of_one_alone),
        cmocka_unit_test(half_of_nothing_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
