#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/course.h"
#include "jobs/advice.h"
#include "jobs/options.h"

static struct advice_case about(const char *state, const char *code, const char *transfer)
{
    return (struct advice_case){.cohort = "acme",
                                .date = "2026-03-25",
                                .account = "P1",
                                .state = state,
                                .code = code,
                                .transfer = transfer};
}

static void each_cause_has_its_command(void **state)
{
    (void)state;
    static const struct {
        const char *state, *code, *transfer, *command;
    } rows[] = {
        {"settled", "", "", ""},
        {"waiting", "", "", "daybook run acme --date 2026-03-25"},
        {"short", "", "", "daybook run acme --date 2026-03-25"},
        {"active", "", "pending", "daybook run acme --date 2026-03-25"},
        {"in_doubt", "", "in_doubt", "daybook run acme --date 2026-03-25"},
        {"blocked", "", "", "daybook explain P1"},
        {"returned", "", "", "daybook explain P1"},
        {"written_off", "", "", ""},
        {"parked", PARK_OVER_DEPOSIT, "",
         "daybook rerun acme --date 2026-03-25 --code over_deposit --reason '…'"},
        {"parked", PARK_BELOW_DUES, "", "daybook write-off P1 --reason '…'"},
        {"parked", PARK_BY_PERSON, "", "daybook release P1 --reason '…'"},
        {"parked", PARK_KEY_EXPIRED, "in_doubt", "daybook resolve P1 --reason '…'"},
        {"parked", PARK_BALANCE_LESS, "", "daybook explain P1"},
        {"parked", "account_stopped", "", "daybook amend P1 --reason '…'"},
        // What may have been paid comes before everything else.
        {"parked", PARK_BY_PERSON, "in_doubt", "daybook resolve P1 --reason '…'"},
        {"parked", "account_stopped", "in_doubt", "daybook resolve P1 --reason '…'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[ADVICE_BYTES];
        struct advice_case one = about(rows[i].state, rows[i].code, rows[i].transfer);
        assert_string_equal(advice_command(&one, command), rows[i].command);
        assert_true(advice_reason(&one)[0] != '\0');
    }
}

static void a_pending_transfer_is_told_as_such(void **state)
{
    (void)state;
    struct advice_case active = about("active", "", "");
    struct advice_case pending = about("active", "", "pending");
    assert_string_not_equal(advice_reason(&active), advice_reason(&pending));
    assert_non_null(strstr(advice_reason(&pending), "has not decided"));
}

static void names_of_outsiders_do_no_harm_when_typed(void **state)
{
    (void)state;
    char command[ADVICE_BYTES];
    struct advice_case one = about("parked", "x y", "in_doubt");
    one.account = "P1; rm -rf ~";
    assert_string_equal(advice_command(&one, command),
                        "daybook resolve 'P1; rm -rf ~' --reason '…'");
}

static void nobody_is_sent_where_he_is(void **state)
{
    (void)state;
    char command[ADVICE_BYTES];
    struct advice_case one = about("parked", PARK_BALANCE_LESS, "");
    one.is_one = true;
    assert_string_equal(advice_command(&one, command), "");
    assert_true(advice_words(&one)[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_has_its_command),
        cmocka_unit_test(a_pending_transfer_is_told_as_such),
        cmocka_unit_test(names_of_outsiders_do_no_harm_when_typed),
        cmocka_unit_test(nobody_is_sent_where_he_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
