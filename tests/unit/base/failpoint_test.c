#include "base/failpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void an_order_names_place_hit_and_action(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum failpoint at;
        uint32_t hit;
        enum failpoint_action action;
    } rows[] = {
        {"claim_locked:1:kill", FAILPOINT_AT_claim_locked, 1, FAILPOINT_KILL},
        {"chunk_half:20:stop", FAILPOINT_AT_chunk_half, 20, FAILPOINT_STOP},
        {"run_ended:4000000:cut", FAILPOINT_AT_run_ended, 4000000, FAILPOINT_CUT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failpoint_order order;
        assert_true(failpoint_parse(rows[i].text, &order));
        assert_int_equal(order.at, rows[i].at);
        assert_int_equal(order.hit, rows[i].hit);
        assert_int_equal(order.action, rows[i].action);
    }
}

static void what_is_not_an_order_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "claim_locked",
        "claim_locked:",
        "claim_locked:1",
        "claim_locked:1:",
        "claim_locked:0:kill",
        "claim_locked::kill",
        "claim_locked:-1:kill",
        "claim_locked:1x:kill",
        "claim_locked:99999999999:kill",
        "claim_locked:1:kills",
        "claim_lock:1:kill",
        "claim_lockeds:1:kill",
        ":1:kill",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct failpoint_order order;
        if (failpoint_parse(texts[i], &order))
            fail_msg("taken for an order: '%s'", texts[i]);
    }
}

static void each_name_stands_once_in_the_table_and_is_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < FAILPOINTS; i++) {
        char text[128];
        struct failpoint_order order;
        const char *name = failpoint_name((enum failpoint)i);
        assert_true(snprintf(text, sizeof(text), "%s:7:kill", name) < (int)sizeof(text));
        assert_true(failpoint_parse(text, &order));
        assert_int_equal(order.at, i); // an equal name before it would have been found
    }
}

static void the_product_has_no_failpoint(void **state)
{
    (void)state;
    int reached = 0;
    FAILPOINT(reached += 1);
    assert_int_equal(reached, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_names_place_hit_and_action),
        cmocka_unit_test(what_is_not_an_order_is_refused),
        cmocka_unit_test(each_name_stands_once_in_the_table_and_is_read_back),
        cmocka_unit_test(the_product_has_no_failpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
