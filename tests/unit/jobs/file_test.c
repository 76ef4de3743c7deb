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

/* A file of so many bytes, no two neighbours alike. */
static void write_bytes(const char *file, size_t count)
{
    FILE *out = fopen(file, "we");
    assert_non_null(out);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fputc((int)('a' + i % 23), out), 'a' + i % 23);
    assert_int_equal(fclose(out), 0);
}

static void a_file_of_any_size_is_read_whole_or_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 65534, 65535, 65536, 65537, 131072, 300000};
    char file[sizeof folder + 16], error[FILE_ERROR_BYTES];
    snprintf(file, sizeof file, "%s/any", folder);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t bytes = 1;
        write_bytes(file, sizes[i]);
        char *text = file_read(file, 300000, &bytes, error);
        assert_non_null(text);
        assert_int_equal(bytes, sizes[i]);
        assert_int_equal(strlen(text), sizes[i]);
        for (size_t at = 0; at < bytes; at++)
            assert_int_equal(text[at], 'a' + at % 23);
        free(text);
        if (sizes[i] == 0)
            continue;
        assert_null(file_read(file, sizes[i] - 1, &bytes, error));
        assert_non_null(strstr(error, "too large"));
    }
    unlink(file);
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    char error[FILE_ERROR_BYTES], pipe_name[32];
    size_t bytes = 0;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    snprintf(pipe_name, sizeof pipe_name, "/dev/fd/%d", ends[0]);
    char *text = file_read(pipe_name, 100, &bytes, error);
    assert_non_null(text);
    assert_string_equal(text, "abc");
    assert_int_equal(bytes, 3);
    free(text);
    close(ends[0]);
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
        cmocka_unit_test(a_file_of_any_size_is_read_whole_or_refused),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
        cmocka_unit_test(a_secret_that_others_may_read_is_refused),
        cmocka_unit_test(what_systemd_hands_over_may_show_its_user_as_a_group),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
