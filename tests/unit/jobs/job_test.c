#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs/job.h"

static FILE *file;
static int kept_stderr;

static void stderr_begin(void)
{
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    file = tmpfile();
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
}

static void stderr_end(char said[1024])
{
    fflush(stderr);
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    rewind(file);
    said[fread(said, 1, 1023, file)] = '\0';
    fclose(file);
}

static void what_is_kept_comes_in_one_line_with_the_first_and_the_last_error(void **state)
{
    (void)state;
    struct job_said said;
    char text[1024];
    stderr_begin();
    job_keep(&said);
    assert_true(job_is_keeping());
    job_warn(NULL, "a warning");
    job_fail(JOB_UNREACHABLE, "a hint", "no server");
    job_fail(JOB_TRY_AGAIN, "run it again", "gave\nup after %d", 3);
    job_tell_kept(&said, JOB_TRY_AGAIN);
    stderr_end(text);
    assert_string_equal(text,
                        "daybook: error E7500: gave?up after 3; at first: no server; hint: run it "
                        "again; exit code 75\n");
    assert_int_equal(said.count, 2);
    assert_false(job_is_keeping());
}

static void one_error_is_not_told_twice(void **state)
{
    (void)state;
    struct job_said said;
    char text[1024];
    stderr_begin();
    job_keep(&said);
    job_fail(JOB_UNREACHABLE, NULL, "no server");
    job_tell_kept(&said, JOB_UNREACHABLE);
    stderr_end(text);
    assert_string_equal(text, "daybook: error E6900: no server; exit code 69\n");
}

static void success_says_nothing_and_a_failure_never_nothing(void **state)
{
    (void)state;
    struct job_said said;
    char text[1024];
    stderr_begin();
    job_keep(&said);
    job_fail(JOB_TRY_AGAIN, NULL, "mended since");
    job_tell_kept(&said, JOB_DONE);
    stderr_end(text);
    assert_string_equal(text, "");
    stderr_begin();
    job_keep(&said);
    job_tell_kept(&said, JOB_INTERNAL);
    stderr_end(text);
    assert_string_equal(text, "daybook: error E7000: it ended without a word; exit code 70\n");
}

static void what_is_not_kept_is_told_at_once(void **state)
{
    (void)state;
    struct job_said said;
    char text[1024];
    stderr_begin();
    job_keep(&said);
    job_keep(NULL);
    assert_int_equal(job_fail(JOB_USAGE, "a hint", "an error"), JOB_USAGE);
    stderr_end(text);
    assert_string_equal(text, "daybook: error E6400: an error\nhint: a hint\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_in_one_line_with_the_first_and_the_last_error),
        cmocka_unit_test(one_error_is_not_told_twice),
        cmocka_unit_test(success_says_nothing_and_a_failure_never_nothing),
        cmocka_unit_test(what_is_not_kept_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
