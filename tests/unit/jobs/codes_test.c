#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/codes.h"
#include "jobs/failures.h"
#include "jobs/file.h"
#include "jobs/options.h"

/* Calls `take` with the first group of every match in a source file; returns how many. */
static int each_match(const char *file, const char *pattern, void (*take)(const char *text))
{
    char error[FILE_ERROR_BYTES], word[128];
    size_t bytes;
    regex_t expression;
    regmatch_t match[2];
    int count = 0;
    char *text = file_read(file, 1U << 20, &bytes, error);
    assert_non_null(text);
    assert_int_equal(regcomp(&expression, pattern, REG_EXTENDED | REG_NEWLINE), 0);
    for (const char *at = text; regexec(&expression, at, 2, match, 0) == 0; at += match[0].rm_eo) {
        snprintf(word, sizeof word, "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
                 at + match[1].rm_so);
        take(word);
        count++;
    }
    regfree(&expression);
    free(text);
    return count;
}

static void expect_park_page(const char *code)
{
    const struct code_page *page = codes_find_kind(CODE_PARK, code);
    if (page == NULL)
        fail_msg("the park code %s has no page", code);
    assert_true(page->what[0] != '\0' && page->why[0] != '\0' && page->next[0] != '\0');
    assert_string_equal(codes_reason(code), page->what);
}

static void every_park_code_of_the_core_has_its_page(void **state)
{
    (void)state;
    int count = each_match(DAYBOOK_SOURCE_DIR "/engine/core/course.h",
                           "^#define PARK_[A-Z_]+ \"([a-z_]+)\"", expect_park_page);
    assert_true(count >= 19);
}

static void expect_decision_page(const char *code)
{
    if (codes_find_kind(CODE_DECISION, code) == NULL)
        fail_msg("the code %s of a refused request has no page", code);
}

static void every_code_of_a_refused_request_has_its_page(void **state)
{
    (void)state;
    int count = each_match(DAYBOOK_SOURCE_DIR "/engine/core/request.h",
                           "^#define REQUEST_CODE_[A-Z_]+ \"([a-z_]+)\"", expect_decision_page);
    assert_true(count >= 21);
}

static void expect_exit_page(const char *code)
{
    char number[16];
    const struct code_page *page = codes_find_kind(CODE_EXIT, code);
    if (page == NULL)
        fail_msg("the exit code %s has no page", code);
    snprintf(number, sizeof number, "E%04d", failure_number(atoi(code)));
    assert_ptr_equal(codes_find(code), page);
    // What an error without a number of its own prints.
    assert_ptr_equal(codes_find(number), page);
    assert_string_equal(codes_exit_meaning(atoi(code)), page->what);
}

static void every_exit_code_has_its_page(void **state)
{
    (void)state;
    int count = each_match(DAYBOOK_SOURCE_DIR "/jobs/job.h", "^    JOB_[A-Z_]+ = ([0-9]+),",
                           expect_exit_page);
    assert_int_equal(count, 13);
}

static void every_error_number_has_a_page_and_ends_with_its_exit_code(void **state)
{
    (void)state;
    static const int numbers[] = {
#define X(name, number, what, why, next) FAIL_##name,
        FAILURE_TABLE(X)
#undef X
    };
    char code[16];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(code, sizeof code, "E%04d", failure_number(numbers[i]));
        const struct code_page *page = codes_find(code);
        if (page == NULL)
            fail_msg("%s has no page", code);
        assert_int_equal(page->kind, CODE_ERROR);
        assert_true(page->what[0] != '\0' && page->why[0] != '\0' && page->next[0] != '\0');
        snprintf(code, sizeof code, "%d", failure_exit(numbers[i]));
        assert_non_null(codes_find_kind(CODE_EXIT, code));
        for (size_t other = 0; other < i; other++)
            assert_int_not_equal(numbers[i], numbers[other]);
    }
}

static void states_that_a_view_can_show_have_a_page(void **state)
{
    (void)state;
    static const char *const states[] = {
        "waiting",  "blocked",     "short",        "active",   "in_doubt",   "parked",
        "settled",  "compensated", "compensating", "returned", "superseded", "written_off",
        "intended", "pending",     "reversed",     "planned",  "running",    "idle",
        "closed",   "ended",       "died"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (codes_find_kind(CODE_STATE, states[i]) == NULL)
            fail_msg("the state %s has no page", states[i]);
    }
}

static void a_code_is_found_as_a_person_writes_it(void **state)
{
    (void)state;
    assert_string_equal(codes_find("E6501")->what, codes_find("e6501")->what);
    assert_string_equal(codes_find("6501")->code, "E6501");
    assert_string_equal(codes_find("OVER_DEPOSIT")->code, "over_deposit");
    assert_string_equal(codes_find("0301")->code, "E0301");
    assert_int_equal(codes_find("65")->kind, CODE_EXIT);
    assert_null(codes_find("E6599"));
    assert_null(codes_find("66"));
    assert_null(codes_find("E"));
    assert_null(codes_find(""));
    assert_null(codes_find("account_stopped")); // a bank's own
    assert_string_equal(codes_reason("account_stopped"),
                        "the bank refused, with this code of its own");
}

static void no_page_is_told_twice(void **state)
{
    (void)state;
    const struct code_page *page;
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++)
        assert_ptr_equal(codes_find_kind(page->kind, page->code), page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_park_code_of_the_core_has_its_page),
        cmocka_unit_test(every_code_of_a_refused_request_has_its_page),
        cmocka_unit_test(every_exit_code_has_its_page),
        cmocka_unit_test(every_error_number_has_a_page_and_ends_with_its_exit_code),
        cmocka_unit_test(states_that_a_view_can_show_have_a_page),
        cmocka_unit_test(a_code_is_found_as_a_person_writes_it),
        cmocka_unit_test(no_page_is_told_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
