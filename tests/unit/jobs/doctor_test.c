#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/doctor.h"

static void a_date_is_read_from_the_head_of_an_answer_alone(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int64_t at_s; /* 0: none */
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", 784111777},
        {"HTTP/1.1 404 No\r\nserver: x\r\ndate:Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", 784111777},
        {"HTTP/1.1 200 OK\r\n\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
        {"HTTP/1.1 200 OK\r\nX-Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\nDate: yesterday\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT and more\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0}, // where a status line must stand
        {"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t at_s = 0;
        assert_true(doctor_parse_date(rows[i].answer, &at_s) == (rows[i].at_s != 0));
        assert_int_equal(at_s, rows[i].at_s);
    }
}

static void a_kernels_release_is_compared_as_numbers(void **state)
{
    (void)state;
    assert_int_equal(doctor_parse_release("6.1.0-18-amd64"), 6001);
    assert_int_equal(doctor_parse_release("5.10.0"), 5010);
    assert_int_equal(doctor_parse_release("5.4"), 5004);
    assert_int_equal(doctor_parse_release("10.0"), 10000);
    assert_int_equal(doctor_parse_release("linux"), 0);
    assert_int_equal(doctor_parse_release(""), 0);
}

static void the_median_is_the_one_in_the_middle(void **state)
{
    (void)state;
    uint64_t values[] = {9, 1, 1000000, 3, 2};
    assert_int_equal(doctor_median(values, 5), 3);
    assert_int_equal(doctor_median(values, 1), 1);
}

static void the_most_serious_failure_decides(void **state)
{
    (void)state;
    struct doctor *doctor = calloc(1, sizeof *doctor);
    doctor_group(doctor, "planted");
    doctor_ok(doctor, "one", "all is well");
    doctor_warn(doctor, "two", "look at it", "works, but");
    assert_int_equal(doctor_exit_code(doctor), JOB_DONE);
    doctor_fail(doctor, "three", JOB_UNREACHABLE, NULL, "no answer");
    assert_int_equal(doctor_exit_code(doctor), JOB_UNREACHABLE);
    doctor_fail(doctor, "four", JOB_DENIED, NULL, "not yours");
    assert_int_equal(doctor_exit_code(doctor), JOB_DENIED);
    doctor_fail(doctor, "five", JOB_BAD_CONFIG, NULL, "not so");
    doctor_fail(doctor, "six", JOB_UNREACHABLE, NULL, "no answer");
    assert_int_equal(doctor_exit_code(doctor), JOB_BAD_CONFIG);
    free(doctor);
}

static void what_the_engine_said_is_told_with_its_hint_apart(void **state)
{
    (void)state;
    struct doctor *doctor = calloc(1, sizeof *doctor);
    char error[] = "no such role\nHINT: make one";
    doctor_fail_status(doctor, "role", STATUS_STORE_DENIED, error);
    assert_string_equal(doctor->lines[0].text, "no such role");
    assert_string_equal(doctor->lines[0].fix, "make one");
    assert_int_equal(doctor->lines[0].exit_code, JOB_DENIED);
    free(doctor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_read_from_the_head_of_an_answer_alone),
        cmocka_unit_test(a_kernels_release_is_compared_as_numbers),
        cmocka_unit_test(the_median_is_the_one_in_the_middle),
        cmocka_unit_test(the_most_serious_failure_decides),
        cmocka_unit_test(what_the_engine_said_is_told_with_its_hint_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
