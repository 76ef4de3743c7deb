#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/time.h"
#include "core/trace_read.h"
#include "real/trace_file.h"

#define READ_BYTES_MAX (64U << 20)

static char folder[] = "/tmp/daybook-trace-file.XXXXXX";
static char path[64];

/* Stands before the C library's: a disk that does not answer for as long as is_stuck. */
static atomic_bool is_stuck;

ssize_t write(int fd, const void *bytes, size_t byte_count)
{
    struct stat about;
    while (atomic_load(&is_stuck) && fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
        (void)poll(NULL, 0, 1);
    return syscall(SYS_write, fd, bytes, byte_count);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/trace", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* What came out: the numbers of the notes in order, and where how many were dropped. */
struct found {
    uint8_t *bytes;
    size_t used;
    uint64_t notes, dropped, missing;
};

static void read_items(struct found *found)
{
    struct trace_item item;
    size_t used;
    uint64_t next = 0;
    for (size_t at = 0; at < found->used; at += used) {
        if (trace_read(found->bytes + at, found->used - at, &item, &used) != UNPACK_WHOLE)
            fail_msg("at %zu: not whole", at);
        if (item.form->kind == TRACE_KIND_DROPPED) {
            found->dropped += trace_natural(&item, TRACE_COUNT);
            next += trace_natural(&item, TRACE_COUNT);
        } else {
            assert_int_equal(item.form->kind, TRACE_KIND_ALIVE);
            assert_int_equal(trace_integer(&item, TRACE_DB_NOW), next);
            next++;
            found->notes++;
        }
    }
    free(found->bytes);
}

static bool read_back(struct found *found)
{
    int fd = open(path, O_RDONLY);
    ssize_t got;
    found->bytes = malloc(READ_BYTES_MAX);
    if (fd < 0 || found->bytes == NULL)
        return false;
    while ((got = read(fd, found->bytes + found->used, READ_BYTES_MAX - found->used)) > 0)
        found->used += (size_t)got;
    close(fd);
    return true;
}

static void lay_events(struct trace_file *trace, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        struct event event = {.kind = EVENT_STORE_ALIVE, .time = {.db_now_us = (int64_t)i}};
        trace_file_events(trace, &event, 1, i);
        trace_file_turn(trace, i);
    }
}

static void all_that_was_laid_is_in_the_file(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    struct trace_file *trace = trace_file_open(path, error);
    assert_non_null(trace);
    lay_events(trace, 0, 100000);
    struct trace_file_end end = trace_file_close(trace);
    assert_int_equal(end.write_errno, 0);
    assert_int_equal(end.dropped, 0);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    struct found found = {.bytes = NULL};
    assert_true(read_back(&found));
    assert_int_equal(found.used, about.st_size);
    read_items(&found);
    assert_int_equal(found.notes, 100000);
    assert_int_equal(unlink(path), 0);
}

static void a_disk_that_stands_still_drops_items_and_says_where(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    struct trace_file *trace = trace_file_open(path, error);
    assert_non_null(trace);
    uint64_t count = 1000000; // some 18 MB, and there is room for 8
    atomic_store(&is_stuck, true);
    lay_events(trace, 0, count);
    atomic_store(&is_stuck, false);
    struct trace_file_end end = trace_file_close(trace);
    struct found found = {.bytes = NULL};
    assert_true(read_back(&found));
    assert_int_equal(end.write_errno, 0);
    assert_true(end.dropped > 0);
    read_items(&found);
    assert_int_equal(found.dropped, end.dropped);
    assert_int_equal(found.notes + found.dropped, count);
    assert_int_equal(unlink(path), 0);
}

static void a_pipe_is_refused(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(trace_file_open(path, error));
    assert_non_null(strstr(error, "a pipe or the like"));
    assert_int_equal(unlink(path), 0);
}

static void a_full_disk_ends_the_trace_and_nothing_else(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    struct trace_file *trace = trace_file_open("/dev/full", error);
    assert_non_null(trace);
    lay_events(trace, 0, 300000);
    assert_int_equal(trace_file_close(trace).write_errno, ENOSPC);
}

static void a_place_that_cannot_be_written_is_told_at_once(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    assert_null(trace_file_open("/proc/nowhere/trace", error));
    assert_non_null(strstr(error, "/proc/nowhere/trace: No such file"));
}

static void writing_allocates_nothing(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    struct trace_file *trace = trace_file_open("/dev/null", error);
    assert_non_null(trace);
    lay_events(trace, 0, 10);
    size_t before = mallinfo2().uordblks;
    lay_events(trace, 10, 100000);
    assert_int_equal(mallinfo2().uordblks, before);
    assert_int_equal(trace_file_close(trace).write_errno, 0);
}

static off_t bytes_written(void)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

/* Until then the test hangs, and ctest ends it. */
static void await_bytes(off_t bytes)
{
    while (bytes_written() < bytes)
        (void)poll(NULL, 0, 1);
    assert_int_equal(bytes_written(), bytes);
}

static void what_lies_for_a_while_is_handed_over(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    struct trace_file *trace = trace_file_open(path, error);
    assert_non_null(trace);
    struct event event = {.kind = EVENT_STOP};
    trace_file_events(trace, &event, 1, NS_PER_S);
    trace_file_turn(trace, NS_PER_S);
    await_bytes(7); // the first: nothing was before it
    trace_file_events(trace, &event, 1, NS_PER_S + 1);
    trace_file_turn(trace, NS_PER_S + 1);
    trace_file_events(trace, &event, 1, NS_PER_S + 2);
    trace_file_turn(trace, 2 * NS_PER_S);
    await_bytes(21); // the other two at once: not handed over one by one
    assert_int_equal(trace_file_close(trace).write_errno, 0);
    assert_int_equal(unlink(path), 0);
}

static void no_trace_is_no_work(void **state)
{
    (void)state;
    struct event event = {.kind = EVENT_STOP};
    struct command command = {.kind = COMMAND_BANK_CANCEL};
    trace_file_events(NULL, &event, 1, 0);
    trace_file_command(NULL, &command, 0);
    trace_file_turn(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_was_laid_is_in_the_file),
        cmocka_unit_test(a_disk_that_stands_still_drops_items_and_says_where),
        cmocka_unit_test(a_pipe_is_refused),
        cmocka_unit_test(a_full_disk_ends_the_trace_and_nothing_else),
        cmocka_unit_test(a_place_that_cannot_be_written_is_told_at_once),
        cmocka_unit_test(writing_allocates_nothing),
        cmocka_unit_test(what_lies_for_a_while_is_handed_over),
        cmocka_unit_test(no_trace_is_no_work),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
