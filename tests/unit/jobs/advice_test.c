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

#define RESOLVE_P1                                                                                 \
    "daybook resolve P1 paid|paid-by-hand|not-paid --bank-ref REF --cohort acme --date "           \
    "2026-03-25 --reason '…'"

static struct advice_case about(const char *state, const char *code, const char *transfer)
{
    return (struct advice_case){.cohort = "acme",
                                .date = "2026-03-25",
                                .account = "P1",
                                .state = state,
                                .code = code,
                                .transfer = transfer,
                                .seen = ""};
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
        {"parked", PARK_BELOW_DUES, "",
         "daybook write-off P1 --cohort acme --date 2026-03-25 --reason '…'"},
        {"parked", PARK_BY_PERSON, "",
         "daybook release P1 --cohort acme --date 2026-03-25 --reason '…'"},
        {"parked", PARK_KEY_EXPIRED, "in_doubt", RESOLVE_P1},
        {"parked", PARK_BALANCE_LESS, "", "daybook explain P1"},
        {"parked", "account_stopped", "",
         "daybook amend P1 --payout-account NUMBER --cohort acme --date 2026-03-25 --reason '…'"},
        // What may have been paid comes before everything else.
        {"parked", PARK_BY_PERSON, "in_doubt", RESOLVE_P1},
        {"parked", "account_stopped", "in_doubt", RESOLVE_P1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char command[ADVICE_BYTES];
        struct advice_case one = about(rows[i].state, rows[i].code, rows[i].transfer);
        assert_string_equal(advice_command(&one, command), rows[i].command);
        assert_true(advice_reason(&one)[0] != '\0');
    }
}

static void what_is_said_names_the_attempt_that_was_seen(void **state)
{
    (void)state;
    char command[ADVICE_BYTES];
    struct advice_case one = about("parked", PARK_NO_INQUIRY, "in_doubt");
    one.seen = "payout.1.0";
    assert_non_null(strstr(advice_command(&one, command), " --seen payout.1.0 "));
}

static bool is_command(const char *text)
{
    for (size_t i = 0; i < options_command_count; i++) {
        size_t bytes = strlen(options_commands[i].name);
        if (strncmp(text, options_commands[i].name, bytes) == 0 &&
            strchr(" `", text[bytes]) != NULL)
            return true;
    }
    return false;
}

/* `daybook WORD` in a text: each must be a command of this program. */
static void expect_commands(const char *text)
{
    static const char start[] = "`daybook ";
    while ((text = strstr(text, start)) != NULL) {
        text += sizeof start - 1;
        if (strncmp(text, "COMMAND", 7) != 0 && !is_command(text))
            fail_msg("there is no command as in: %s", text);
    }
}

static void nobody_is_told_to_type_what_is_no_command(void **state)
{
    (void)state;
    const struct code_page *page;
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++) {
        char text[ADVICE_BYTES + 1] = "`", command[ADVICE_BYTES];
        expect_commands(page->why);
        expect_commands(page->next);
        bool is_park = page->kind == CODE_PARK;
        if (!is_park && page->kind != CODE_STATE)
            continue;
        struct advice_case one = about(is_park ? "parked" : page->code, page->code, "");
        snprintf(text + 1, sizeof text - 1, "%s", advice_command(&one, command));
        expect_commands(text);
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
                        "daybook resolve 'P1; rm -rf ~' paid|paid-by-hand|not-paid --bank-ref REF "
                        "--cohort acme --date 2026-03-25 --reason '…'");
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
        cmocka_unit_test(what_is_said_names_the_attempt_that_was_seen),
        cmocka_unit_test(nobody_is_told_to_type_what_is_no_command),
        cmocka_unit_test(a_pending_transfer_is_told_as_such),
        cmocka_unit_test(names_of_outsiders_do_no_harm_when_typed),
        cmocka_unit_test(nobody_is_sent_where_he_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
