#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/file.h"

static char folder[] = "/tmp/daybook-file.XXXXXX";
static char name[sizeof folder + 16];

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/north.token", folder);
    FILE *out = fopen(name, "we");
    assert_non_null(out);
    fputs("secret\n", out);
    return fclose(out);
}

static int tear_down(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(name);
    return rmdir(folder);
}

static bool is_read(mode_t mode)
{
    char error[FILE_ERROR_BYTES];
    assert_int_equal(chmod(name, mode), 0);
    char *secret = file_read_secret(name, error);
    bool read = secret != NULL;
    if (read)
        assert_string_equal(secret, "secret");
    else
        assert_non_null(strstr(error, "others may read this secret"));
    free(secret);
    return read;
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    (void)state;
    assert_true(is_read(0600));
    assert_true(is_read(0400));
    assert_false(is_read(0640));
    assert_false(is_read(0604));
}

static void what_systemd_hands_over_may_show_its_user_as_a_group(void **state)
{
    (void)state;
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_true(is_read(0440));
    assert_false(is_read(0660));
    assert_false(is_read(0444));
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1); // not what lies deeper
    assert_false(is_read(0440));
    setenv("CREDENTIALS_DIRECTORY", "/", 1);
    assert_false(is_read(0440));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_that_others_may_read_is_refused),
        cmocka_unit_test(what_systemd_hands_over_may_show_its_user_as_a_group),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
