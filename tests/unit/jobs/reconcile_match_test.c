/* The ledger's transfers against the bank's lines: what each pair comes to, in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "jobs/reconcile_match.h"

#define NO_LINE 99

struct seen {
    struct reconcile_break last;
    uint32_t count;
};

static void on_break(void *context, const struct reconcile_break *found)
{
    struct seen *seen = context;
    seen->last = *found;
    seen->count++;
}

static struct idem_key key_of(uint32_t number)
{
    struct idem_key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    key.bytes[15] = 1;
    return key;
}

static struct bank_said said_of(uint32_t number, enum line_outcome outcome)
{
    return (struct bank_said){.key = key_of(number),
                              .has_key = true,
                              .outcome = outcome,
                              .amount_minor = 100,
                              .from = "VA-1",
                              .to = "COLLECT-1",
                              .currency = "KRW",
                              .reference = "tr_1",
                              .key_text = "",
                              .state = "word"};
}

static struct our_transfer ours_of(uint32_t number, enum ours_state state)
{
    return (struct our_transfer){.key = key_of(number),
                                 .amount_minor = 100,
                                 .from = "VA-1",
                                 .to = "COLLECT-1",
                                 .currency = "KRW",
                                 .reference = "",
                                 .account_ref = "P1",
                                 .bank = "mock",
                                 .settlement_id = number,
                                 .state = state,
                                 .step = STEP_COLLECT,
                                 .generation = 1,
                                 .is_old = true,
                                 .is_demanded = true};
}

/* What one transfer against one line, or none, comes to. */
struct row {
    enum ours_state ours;
    int theirs; /* enum line_outcome, or NO_LINE */
    int class;  /* enum break_class; -1: agreed, -2: failed on both sides */
    int here;   /* enum here_kind, with MISSING_HERE */
};

static const struct row rows[] = {
    {OURS_ACCEPTED, LINE_ACCEPTED, -1, 0},
    {OURS_ACCEPTED, LINE_PENDING, BREAK_STATUS, 0},
    {OURS_ACCEPTED, LINE_REJECTED, BREAK_RETURNED, 0},
    {OURS_ACCEPTED, LINE_RETURNED, BREAK_RETURNED, 0},
    {OURS_ACCEPTED, NO_LINE, BREAK_MISSING_AT_BANK, 0},
    {OURS_PENDING, LINE_ACCEPTED, BREAK_STATUS, 0},
    {OURS_PENDING, LINE_PENDING, BREAK_STATUS, 0},
    {OURS_PENDING, LINE_REJECTED, BREAK_STATUS, 0},
    {OURS_PENDING, NO_LINE, BREAK_STATUS, 0},
    {OURS_OPEN, LINE_ACCEPTED, BREAK_MISSING_HERE, HERE_IN_DOUBT},
    {OURS_OPEN, LINE_PENDING, BREAK_STATUS, 0},
    {OURS_OPEN, LINE_REJECTED, BREAK_STATUS, 0},
    {OURS_OPEN, NO_LINE, BREAK_STATUS, 0},
    {OURS_REJECTED, LINE_ACCEPTED, BREAK_MISSING_HERE, HERE_REJECTED},
    {OURS_REJECTED, LINE_PENDING, BREAK_STATUS, 0},
    {OURS_REJECTED, LINE_REJECTED, -2, 0},
    {OURS_REJECTED, NO_LINE, -2, 0},
    {OURS_REJECTED_PERSON, LINE_ACCEPTED, BREAK_MISSING_HERE, HERE_REJECTED},
    {OURS_REJECTED_PERSON, LINE_REJECTED, -2, 0},
    {OURS_REJECTED_PERSON, NO_LINE, -2, 0},
    {OURS_REVERSED, LINE_ACCEPTED, BREAK_MISSING_HERE, HERE_REVERSED},
    {OURS_REVERSED, LINE_RETURNED, -2, 0},
    {OURS_REVERSED, NO_LINE, -2, 0},
    {OURS_BY_HAND, LINE_ACCEPTED, BREAK_MISSING_HERE, HERE_BY_HAND},
    {OURS_BY_HAND, LINE_PENDING, BREAK_STATUS, 0},
    {OURS_BY_HAND, LINE_REJECTED, -2, 0},
    {OURS_BY_HAND, NO_LINE, -2, 0},
};

static void each_pair_comes_to_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct bank_lines lines;
        struct matching matching;
        struct seen seen = {.count = 0};
        struct our_transfer ours = ours_of(7, row->ours);
        struct bank_said said = said_of(7, (enum line_outcome)row->theirs);
        lines_init(&lines);
        if (row->theirs != NO_LINE)
            assert_true(lines_add(&lines, &said));
        lines_index(&lines);
        matching_begin(&matching, &lines, on_break, &seen);
        matching_ours(&matching, &ours);
        matching_end(&matching);
        assert_int_equal(seen.count, row->class >= 0 ? 1 : 0);
        assert_int_equal(matching.agreed, row->class == -1 ? 1 : 0);
        assert_int_equal(matching.failed, row->class == -2 ? 1 : 0);
        if (row->class >= 0)
            assert_int_equal(seen.last.class, row->class);
        if (row->class == BREAK_MISSING_HERE)
            assert_int_equal(seen.last.here, row->here);
        assert_int_equal(matching_breaks(&matching), seen.count);
        lines_free(&lines);
    }
}

/* The same, but nothing is open for long yet: what was open is under way, and no break. */
static void what_is_open_for_a_short_time_is_no_break_but_no_agreement(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bank_lines lines;
        struct matching matching;
        struct our_transfer ours = ours_of(7, rows[i].ours);
        struct bank_said said = said_of(7, (enum line_outcome)rows[i].theirs);
        ours.is_old = ours.is_demanded = false;
        lines_init(&lines);
        if (rows[i].theirs != NO_LINE)
            assert_true(lines_add(&lines, &said));
        lines_index(&lines);
        matching_begin(&matching, &lines, NULL, NULL);
        matching_ours(&matching, &ours);
        matching_end(&matching);
        bool is_open = rows[i].class == BREAK_STATUS || rows[i].class == BREAK_MISSING_AT_BANK;
        assert_int_equal(matching.under_way, is_open ? 1 : 0);
        assert_int_equal(matching_breaks(&matching), rows[i].class >= 0 && !is_open ? 1 : 0);
        lines_free(&lines);
    }
}

static void what_may_still_be_sent_is_told_apart_from_doubt(void **state)
{
    (void)state;
    struct bank_lines lines;
    struct matching matching;
    struct our_transfer ours = ours_of(7, OURS_OPEN);
    struct bank_said said = said_of(7, LINE_ACCEPTED);
    ours.may_be_sent = true;
    lines_init(&lines);
    assert_true(lines_add(&lines, &said));
    lines_index(&lines);
    matching_begin(&matching, &lines, NULL, NULL);
    matching_ours(&matching, &ours);
    assert_int_equal(matching.here[HERE_INTENDED], 1);
    lines_free(&lines);
}

static void amount_currency_and_parties_must_be_the_same(void **state)
{
    (void)state;
    static const char *const words[] = {"amount", "currency", "from", "to"};
    static const enum ours_state states[] = {OURS_ACCEPTED, OURS_PENDING, OURS_OPEN};
    static const enum line_outcome outcomes[] = {LINE_ACCEPTED, LINE_PENDING};
    for (int i = 0; i < 4 * 3 * 2; i++) {
        struct bank_lines lines;
        struct matching matching;
        struct seen seen = {.count = 0};
        struct our_transfer ours = ours_of(7, states[i / 4 % 3]);
        struct bank_said said = said_of(7, outcomes[i / 12]);
        switch (i % 4) {
        case 0:
            said.amount_minor = 101;
            break;
        case 1:
            said.currency = "USD";
            break;
        case 2:
            said.from = "VA-2";
            break;
        default:
            said.to = "VA-2";
            break;
        }
        lines_init(&lines);
        assert_true(lines_add(&lines, &said));
        lines_index(&lines);
        matching_begin(&matching, &lines, on_break, &seen);
        matching_ours(&matching, &ours);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.last.class, BREAK_AMOUNT);
        assert_string_equal(seen.last.differs, words[i % 4]);
        lines_free(&lines);
    }
}

static void a_rejected_transfer_that_was_done_with_another_amount_is_missing_here(void **state)
{
    (void)state;
    struct bank_lines lines;
    struct matching matching;
    struct our_transfer ours = ours_of(7, OURS_REJECTED);
    struct bank_said said = said_of(7, LINE_ACCEPTED);
    said.amount_minor = 5;
    lines_init(&lines);
    assert_true(lines_add(&lines, &said));
    lines_index(&lines);
    matching_begin(&matching, &lines, NULL, NULL);
    matching_ours(&matching, &ours);
    assert_int_equal(matching.here[HERE_REJECTED], 1);
    lines_free(&lines);
}

static void of_two_lines_the_better_one_counts_and_the_other_is_too_many(void **state)
{
    (void)state;
    static const enum line_outcome orders[2][3] = {{LINE_REJECTED, LINE_ACCEPTED, LINE_PENDING},
                                                   {LINE_PENDING, LINE_ACCEPTED, LINE_REJECTED}};
    for (int order = 0; order < 2; order++) {
        struct bank_lines lines;
        struct matching matching;
        struct our_transfer ours = ours_of(7, OURS_ACCEPTED);
        lines_init(&lines);
        for (int i = 0; i < 3; i++) {
            struct bank_said said = said_of(7, orders[order][i]);
            assert_true(lines_add(&lines, &said));
        }
        lines_index(&lines);
        matching_begin(&matching, &lines, NULL, NULL);
        matching_ours(&matching, &ours);
        assert_int_equal(matching.agreed, 1);
        assert_int_equal(matching.counts[BREAK_DUPLICATE], 2);
        assert_int_equal(matching_breaks(&matching), 2);
        assert_false(matching_has_left(&matching));
        lines_free(&lines);
    }
}

static void a_line_without_a_key_is_found_by_its_reference(void **state)
{
    (void)state;
    struct bank_lines lines;
    struct matching matching;
    struct bank_said said = said_of(0, LINE_ACCEPTED);
    struct our_transfer ours = ours_of(7, OURS_ACCEPTED), other = ours_of(8, OURS_ACCEPTED);
    said.has_key = false;
    said.reference = "ref-9";
    ours.reference = other.reference = "ref-9";
    lines_init(&lines);
    assert_true(lines_add(&lines, &said));
    lines_index(&lines);
    matching_begin(&matching, &lines, NULL, NULL);
    assert_true(matching_has_line(&matching, &ours.key, "ref-9"));
    assert_false(matching_has_line(&matching, &ours.key, "ref-8"));
    assert_false(matching_has_line(&matching, &ours.key, ""));
    matching_ours(&matching, &ours);
    assert_int_equal(matching.agreed, 1);
    assert_false(matching_has_line(&matching, &ours.key, "ref-9"));
    // One line is not two transfers.
    matching_ours(&matching, &other);
    assert_int_equal(matching.counts[BREAK_MISSING_AT_BANK], 1);
    lines_free(&lines);
}

/* A line with a key is that transfer's, whatever its reference. */
static void a_reference_does_not_go_over_a_key(void **state)
{
    (void)state;
    struct bank_lines lines;
    struct matching matching;
    struct bank_said said = said_of(9, LINE_ACCEPTED);
    struct our_transfer ours = ours_of(7, OURS_ACCEPTED);
    ours.reference = "tr_1";
    lines_init(&lines);
    assert_true(lines_add(&lines, &said));
    lines_index(&lines);
    matching_begin(&matching, &lines, NULL, NULL);
    matching_ours(&matching, &ours);
    matching_end(&matching);
    assert_int_equal(matching.counts[BREAK_MISSING_AT_BANK], 1);
    assert_int_equal(matching.here[HERE_UNKNOWN], 1);
    lines_free(&lines);
}

static void what_is_left_is_unknown_unless_it_was_planned_or_is_another_s(void **state)
{
    (void)state;
    struct bank_lines lines;
    struct matching matching;
    lines_init(&lines);
    for (uint32_t i = 0; i < 8; i++) {
        struct bank_said said = said_of(i / 2, i % 2 == 0 ? LINE_ACCEPTED : LINE_PENDING);
        assert_true(lines_add(&lines, &said));
    }
    struct bank_said failed = said_of(50, LINE_REJECTED);
    assert_true(lines_add(&lines, &failed));
    lines_index(&lines);
    matching_begin(&matching, &lines, NULL, NULL);
    struct idem_key key = key_of(0);
    matching_elsewhere(&matching, &key, "");
    assert_int_equal(matching.elsewhere, 2);
    matching_elsewhere(&matching, &key, "");
    assert_int_equal(matching.elsewhere, 2);
    struct our_transfer lost = ours_of(1, OURS_OPEN), none = ours_of(77, OURS_OPEN);
    assert_true(matching_lost(&matching, &lost));
    assert_false(matching_lost(&matching, &lost));
    assert_false(matching_lost(&matching, &none));
    assert_true(matching_has_left(&matching));
    matching_end(&matching);
    assert_int_equal(matching.here[HERE_LOST], 2);
    assert_int_equal(matching.here[HERE_UNKNOWN], 4);
    assert_int_equal(matching.failed, 1);
    assert_int_equal(matching_breaks(&matching), 6);
    lines_free(&lines);
}

/* ---- any order ---- */

#define DRAWN 400

struct drawn {
    struct bank_said said[2 * DRAWN];
    uint32_t said_count;
    struct our_transfer ours[DRAWN];
    uint32_t ours_count;
};

static void draw(struct drawn *drawn, struct prng *prng)
{
    static const enum ours_state states[] = {OURS_OPEN,     OURS_ACCEPTED, OURS_ACCEPTED,
                                             OURS_ACCEPTED, OURS_PENDING,  OURS_REJECTED,
                                             OURS_REVERSED, OURS_BY_HAND};
    for (uint32_t i = 0; i < DRAWN; i++) {
        struct our_transfer *ours = &drawn->ours[drawn->ours_count];
        *ours = ours_of(i, states[prng_next(prng) % 8]);
        ours->is_old = prng_next(prng) % 2 == 0;
        drawn->ours_count += prng_next(prng) % 8 != 0;
        for (uint64_t copies = prng_next(prng) % 3; copies > 0; copies--) {
            struct bank_said *said = &drawn->said[drawn->said_count++];
            *said = said_of(i, (enum line_outcome)(prng_next(prng) % 4));
            said->amount_minor += prng_next(prng) % 4 == 0;
            said->has_key = prng_next(prng) % 8 != 0;
        }
    }
}

static void shuffle(void *items, size_t item_bytes, uint32_t count, struct prng *prng)
{
    char *bytes = items, kept[sizeof(struct our_transfer) + sizeof(struct bank_said)];
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)(prng_next(prng) % i);
        memcpy(kept, bytes + (i - 1) * item_bytes, item_bytes);
        memmove(bytes + (i - 1) * item_bytes, bytes + j * item_bytes, item_bytes);
        memcpy(bytes + j * item_bytes, kept, item_bytes);
    }
}

static struct matching match_all(const struct drawn *drawn)
{
    struct bank_lines lines;
    struct matching matching;
    lines_init(&lines);
    for (uint32_t i = 0; i < drawn->said_count; i++)
        assert_true(lines_add(&lines, &drawn->said[i]));
    lines_index(&lines);
    matching_begin(&matching, &lines, NULL, NULL);
    for (uint32_t i = 0; i < drawn->ours_count; i++)
        matching_ours(&matching, &drawn->ours[i]);
    matching_end(&matching);
    lines_free(&lines);
    return matching;
}

static void any_order_of_either_side_gives_the_same_counts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static struct drawn drawn;
        struct prng prng;
        memset(&drawn, 0, sizeof drawn);
        prng_init(&prng, seed);
        draw(&drawn, &prng);
        struct matching first = match_all(&drawn);
        for (int turn = 0; turn < 5; turn++) {
            shuffle(drawn.said, sizeof drawn.said[0], drawn.said_count, &prng);
            shuffle(drawn.ours, sizeof drawn.ours[0], drawn.ours_count, &prng);
            struct matching again = match_all(&drawn);
            for (int i = 0; i < BREAK_CLASSES; i++)
                if (first.counts[i] != again.counts[i])
                    fail_msg("seed %d: %s", (int)seed, break_class_names[i]);
            for (int i = 0; i < HERE_KINDS; i++)
                if (first.here[i] != again.here[i])
                    fail_msg("seed %d: %s", (int)seed, here_kind_names[i]);
            assert_int_equal(first.agreed, again.agreed);
            assert_int_equal(first.under_way, again.under_way);
            assert_int_equal(first.failed, again.failed);
        }
    }
}

static void texts_that_repeat_are_kept_once(void **state)
{
    (void)state;
    struct bank_lines lines;
    lines_init(&lines);
    for (uint32_t i = 0; i < 5000; i++) {
        struct bank_said said = said_of(i, LINE_ACCEPTED);
        assert_true(lines_add(&lines, &said));
    }
    assert_true(lines.pool_bytes < 256);
    assert_string_equal(lines_text(&lines, lines.lines[4999].to), "COLLECT-1");
    lines_free(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_comes_to_its_class),
        cmocka_unit_test(what_is_open_for_a_short_time_is_no_break_but_no_agreement),
        cmocka_unit_test(what_may_still_be_sent_is_told_apart_from_doubt),
        cmocka_unit_test(amount_currency_and_parties_must_be_the_same),
        cmocka_unit_test(a_rejected_transfer_that_was_done_with_another_amount_is_missing_here),
        cmocka_unit_test(of_two_lines_the_better_one_counts_and_the_other_is_too_many),
        cmocka_unit_test(a_line_without_a_key_is_found_by_its_reference),
        cmocka_unit_test(a_reference_does_not_go_over_a_key),
        cmocka_unit_test(what_is_left_is_unknown_unless_it_was_planned_or_is_another_s),
        cmocka_unit_test(any_order_of_either_side_gives_the_same_counts),
        cmocka_unit_test(texts_that_repeat_are_kept_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
