#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "core/trace_read.h"
#include "real/trace_file.h"

#define READ_BYTES_MAX (64U << 20)

static char folder[] = "/tmp/daybook-trace-file.XXXXXX";
static char path[64];

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

/* Until its other end is closed. */
static void *read_pipe(void *context)
{
    struct found *found = context;
    int fd = open(path, O_RDONLY);
    ssize_t got;
    found->bytes = malloc(READ_BYTES_MAX);
    if (fd < 0 || found->bytes == NULL)
        return NULL;
    while ((got = read(fd, found->bytes + found->used, READ_BYTES_MAX - found->used)) > 0)
        found->used += (size_t)got;
    close(fd);
    return context;
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
    assert_non_null(read_pipe(&found));
    assert_int_equal(found.used, about.st_size);
    read_items(&found);
    assert_int_equal(found.notes, 100000);
    assert_int_equal(unlink(path), 0);
}

/* A pipe that nobody reads is a disk that never answers: the lane must not notice. */
static void a_disk_that_stands_still_drops_items_and_says_where(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    pthread_t reader;
    assert_int_equal(mkfifo(path, 0600), 0);
    int both_ends = open(path, O_RDWR);
    assert_true(both_ends >= 0);
    struct trace_file *trace = trace_file_open(path, error);
    assert_non_null(trace);
    uint64_t count = 1000000; // some 18 MB, and there is room for 8
    lay_events(trace, 0, count);
    struct found found = {.bytes = NULL};
    assert_int_equal(pthread_create(&reader, NULL, read_pipe, &found), 0);
    struct trace_file_end end = trace_file_close(trace);
    close(both_ends);
    void *was_read;
    assert_int_equal(pthread_join(reader, &was_read), 0);
    assert_non_null(was_read);
    assert_int_equal(end.write_errno, 0);
    assert_true(end.dropped > 0);
    read_items(&found);
    assert_int_equal(found.dropped, end.dropped);
    assert_int_equal(found.notes + found.dropped, count);
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

static void what_lies_for_a_while_is_handed_over(void **state)
{
    (void)state;
    char error[TRACE_FILE_ERROR_BYTES];
    uint8_t bytes[64];
    assert_int_equal(mkfifo(path, 0600), 0);
    int both_ends = open(path, O_RDWR);
    struct trace_file *trace = trace_file_open(path, error);
    assert_non_null(trace);
    struct event event = {.kind = EVENT_STOP};
    trace_file_events(trace, &event, 1, NS_PER_S);
    trace_file_turn(trace, NS_PER_S);
    assert_int_equal(read(both_ends, bytes, sizeof(bytes)), 7); // the first: nothing was before it
    trace_file_events(trace, &event, 1, NS_PER_S + 1);
    trace_file_turn(trace, NS_PER_S + 1);
    assert_int_equal(fcntl(both_ends, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(read(both_ends, bytes, sizeof(bytes)), -1);
    assert_int_equal(fcntl(both_ends, F_SETFL, 0), 0);
    trace_file_turn(trace, 2 * NS_PER_S);
    assert_int_equal(read(both_ends, bytes, sizeof(bytes)), 7);
    assert_int_equal(trace_file_close(trace).write_errno, 0);
    close(both_ends);
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
        cmocka_unit_test(a_full_disk_ends_the_trace_and_nothing_else),
        cmocka_unit_test(a_place_that_cannot_be_written_is_told_at_once),
        cmocka_unit_test(writing_allocates_nothing),
        cmocka_unit_test(what_lies_for_a_while_is_handed_over),
        cmocka_unit_test(no_trace_is_no_work),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
