#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aborts.h"
#include "base/prng.h"

static void the_generator_gives_its_published_numbers(void **state)
{
    (void)state;
    // xoshiro256** from the state 1, 2, 3, 4: the vector that implementations compare with.
    static const uint64_t published[] = {
        11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
    };
    struct prng prng = {.state = {1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
        assert_true(prng_next(&prng) == published[i]);
}

static void a_seed_always_gives_the_same_numbers(void **state)
{
    (void)state;
    // From an independent implementation of splitmix64 and xoshiro256**.
    static const struct {
        uint64_t seed;
        uint64_t numbers[4];
    } rows[] = {
        {0, {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c}},
        {1, {0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514, 0x642e1c7bc266a3a7}},
        {0xdeadbeef,
         {0xc5555444a74d7e83, 0x65c30d37b4b16e38, 0x54f773200a4efa23, 0x429aed75fb958af7}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct prng prng;
        prng_init(&prng, rows[i].seed);
        for (size_t k = 0; k < 4; k++)
            assert_true(prng_next(&prng) == rows[i].numbers[k]);
    }
}

static void a_stream_is_named_by_seed_and_name(void **state)
{
    (void)state;
    struct prng bank = prng_split(7, "bank");
    assert_true(prng_next(&bank) == 0x89e238f07cbfec00);
    assert_true(prng_next(&bank) == 0x60b4cc009997c303);
    struct prng store = prng_split(7, "store");
    struct prng other_seed = prng_split(8, "bank");
    assert_true(prng_next(&store) != 0x89e238f07cbfec00);
    assert_true(prng_next(&other_seed) != 0x89e238f07cbfec00);
}

static void draws_stay_below_their_bound_and_reach_all_of_it(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 3);
    for (uint64_t bound = 1; bound <= 40; bound++) {
        uint64_t seen = 0;
        for (uint64_t i = 0; i < 100 * bound; i++) {
            uint64_t draw = prng_below(&prng, bound);
            assert_true(draw < bound);
            seen |= UINT64_C(1) << draw;
        }
        assert_true(seen == (UINT64_C(1) << bound) - 1);
    }
    for (int i = 0; i < 1000; i++) {
        assert_true(prng_below(&prng, UINT64_MAX) < UINT64_MAX);
        // Nearly every second draw is thrown away.
        assert_true(prng_below(&prng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    }
}

static void no_value_is_favoured(void **state)
{
    (void)state;
    // 6 faces, 60,000 throws: 10,000 each, standard deviation 91; 500 is more than 5 of them.
    struct prng prng;
    prng_init(&prng, 11);
    uint32_t faces[6] = {0};
    for (int i = 0; i < 60000; i++)
        faces[prng_below(&prng, 6)]++;
    for (int face = 0; face < 6; face++)
        assert_in_range(faces[face], 9500, 10500);
}

static void a_range_includes_both_ends(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 5);
    bool least = false, most = false;
    for (int i = 0; i < 1000; i++) {
        uint64_t draw = prng_between(&prng, 10, 12);
        assert_in_range(draw, 10, 12);
        least |= draw == 10;
        most |= draw == 12;
    }
    assert_true(least && most);
    assert_int_equal(prng_between(&prng, 9, 9), 9);
}

static void chances_are_integer_ratios(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 13);
    uint32_t hits = 0;
    for (int i = 0; i < 100000; i++) {
        assert_false(prng_chance(&prng, 0, 10));
        assert_true(prng_chance(&prng, 10, 10));
        hits += prng_chance(&prng, 3, 10);
    }
    assert_in_range(hits, 29000, 31000); // standard deviation 145
}

static void ask_below_0(void)
{
    struct prng prng = {.state = {1, 2, 3, 4}};
    (void)prng_below(&prng, 0);
}

static void ask_a_range_turned_round(void)
{
    struct prng prng = {.state = {1, 2, 3, 4}};
    (void)prng_between(&prng, 2, 1);
}

static void ask_a_chance_over_1(void)
{
    struct prng prng = {.state = {1, 2, 3, 4}};
    (void)prng_chance(&prng, 2, 1);
}

static void questions_without_an_answer_abort(void **state)
{
    (void)state;
    assert_aborts(ask_below_0);
    assert_aborts(ask_a_range_turned_round);
    assert_aborts(ask_a_chance_over_1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_gives_its_published_numbers),
        cmocka_unit_test(a_seed_always_gives_the_same_numbers),
        cmocka_unit_test(a_stream_is_named_by_seed_and_name),
        cmocka_unit_test(draws_stay_below_their_bound_and_reach_all_of_it),
        cmocka_unit_test(no_value_is_favoured),
        cmocka_unit_test(a_range_includes_both_ends),
        cmocka_unit_test(chances_are_integer_ratios),
        cmocka_unit_test(questions_without_an_answer_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
