#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "real/clock.h"
#include "real/ring.h"
#include "ring_both.h"

static void a_tag_survives_its_way_through_user_data(void **state)
{
    (void)state;
    static const struct ring_tag rows[] = {
        {RING_CONNECT, 0, 0},
        {RING_SEND, 1, 1},
        {RING_RECEIVE, 65535, RING_GENERATION_MASK},
        {RING_POLL, UINT32_MAX, 12345},
        {RING_UNPOLL, UINT32_MAX, RING_GENERATION_MASK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ring_tag got = ring_tag_unpack(ring_tag_pack(rows[i]));
        assert_int_equal(got.op, rows[i].op);
        assert_int_equal(got.index, rows[i].index);
        assert_int_equal(got.generation, rows[i].generation);
    }
}

static void tags_that_differ_in_one_field_pack_differently(void **state)
{
    (void)state;
    const struct ring_tag tag = {RING_SEND, 7, 9};
    uint64_t packed = ring_tag_pack(tag);
    assert_true(packed != ring_tag_pack((struct ring_tag){RING_RECEIVE, 7, 9}));
    assert_true(packed != ring_tag_pack((struct ring_tag){RING_SEND, 8, 9}));
    assert_true(packed != ring_tag_pack((struct ring_tag){RING_SEND, 7, 10}));
}

static void a_refusal_says_why_and_what_to_do(void **state)
{
    (void)state;
    static const struct {
        int error_number, disabled, seccomp;
        const char *why, *hint;
    } rows[] = {
        {EPERM, 0, 2, "seccomp filter", "seccomp profile"},
        {ENOSYS, -1, 2, "seccomp filter", "seccomp profile"},
        {EPERM, 2, 2, "switched off", "sysctl kernel.io_uring_disabled=0"},
        {EPERM, 1, 2, "seccomp filter", "seccomp profile"},
        {EPERM, 2, 0, "switched off", "sysctl kernel.io_uring_disabled=0"},
        {EPERM, 1, 0, "privileged users only", "sysctl kernel.io_uring_disabled=0"},
        {ENOSYS, -1, 0, "does not have io_uring", "Linux 5.11"},
        {ENOMEM, 0, 0, "no memory", "LimitMEMLOCK"},
        {EMFILE, 0, 0, "open files", "LimitNOFILE"},
        {EINVAL, 0, 0, "refuses io_uring", "Linux 5.11"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[RING_ERROR_BYTES];
        ring_refusal(rows[i].error_number, rows[i].disabled, rows[i].seccomp, error);
        assert_non_null(strstr(error, rows[i].why));
        assert_non_null(strstr(error, rows[i].hint));
        assert_non_null(strstr(error, "\nHINT: "));
    }
}

static bool is_refused(void)
{
    char error[RING_ERROR_BYTES] = "";
    return !ring_open(RING_URING, 16, error) && strstr(error, "seccomp profile") &&
           strstr(error, "or set run.io: auto") && !ring_probe(RING_URING, error) &&
           strstr(error, "seccomp profile");
}

static void a_blocked_io_uring_is_refused_with_the_setting_that_helps(void **state)
{
    (void)state;
    assert_true(holds_without(SYS_io_uring_setup, EPERM, is_refused));
    assert_true(holds_without(SYS_io_uring_setup, ENOSYS, is_refused));
}

/* What auto becomes, with which reason; and who decided is not talked out of it. */
static bool becomes_epoll(void)
{
    char reason[RING_ERROR_BYTES] = "";
    bool is_epoll = ring_choose(RING_AUTO, reason) == RING_EPOLL &&
                    strncmp(reason, "a seccomp filter blocks io_uring (", 34) == 0 &&
                    !strchr(reason, '\n');
    return is_epoll && ring_choose(RING_URING, reason) == RING_URING && reason[0] == '\0';
}

static bool auto_opens(void)
{
    char error[RING_ERROR_BYTES];
    struct ring *ring = ring_open(RING_AUTO, 16, error);
    struct ring_done done;
    return ring && ring_turn(ring, 0, &done, 1) == 0;
}

static void auto_is_epoll_where_io_uring_is_blocked(void **state)
{
    (void)state;
    assert_true(holds_without(SYS_io_uring_setup, EPERM, becomes_epoll));
    assert_true(holds_without(SYS_io_uring_setup, EPERM, auto_opens));
    // To be set up is not enough.
    assert_true(holds_without(SYS_io_uring_enter, EPERM, becomes_epoll));
}

static void auto_is_io_uring_where_it_works(void **state)
{
    (void)state;
    char reason[RING_ERROR_BYTES] = "?";
    assert_int_equal(ring_choose(RING_AUTO, reason), RING_URING);
    assert_string_equal(reason, "");
    assert_int_equal(ring_choose(RING_EPOLL, reason), RING_EPOLL);
    assert_string_equal(reason, "");
}

/* Not at once: what is left of a ring that was closed may interrupt a wait, as a signal does. */
static bool waits_its_time(struct ring *ring)
{
    struct ring_done done[4];
    for (int tries = 0; ring && tries < 100; tries++) {
        uint64_t before_ns = clock_now_ns();
        if (ring_turn(ring, 2 * NS_PER_MS, done, 4) > 0) {
            return false;
        }
        if (clock_now_ns() - before_ns >= NS_PER_MS) {
            return true;
        }
    }
    return false;
}

static void a_turn_without_requests_ends_when_its_time_is_up(void **state)
{
    struct ring *ring = open_ring(state, 16);
    assert_true(waits_its_time(ring));
    ring_close(ring);
}

static bool epoll_waits_its_time(void)
{
    char error[RING_ERROR_BYTES];
    return waits_its_time(ring_open(RING_EPOLL, 16, error));
}

static void epoll_waits_by_milliseconds_where_it_must(void **state)
{
    (void)state;
    assert_true(holds_without(SYS_epoll_pwait2, ENOSYS, epoll_waits_its_time));
    assert_true(holds_without(SYS_epoll_pwait2, EPERM, epoll_waits_its_time));
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms = 1;
}

static void a_signal_ends_the_wait(void **state)
{
    struct ring *ring = open_ring(state, 16);
    const struct sigaction action = {.sa_handler = on_alarm};
    // Again and again: the first could come before the wait.
    const struct itimerval often = {.it_interval = {.tv_usec = 1000},
                                    .it_value = {.tv_usec = 1000}};
    const struct itimerval never = {0};
    struct ring_done done[4];
    alarms = 0;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (alarms == 0) {
        assert_int_equal(ring_turn(ring, FOR_EVER_NS, done, 4), 0);
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    signal(SIGALRM, SIG_DFL);
    ring_close(ring);
}

/* ---- polls ---- */

static void polls_more_than_the_queue_holds_all_complete(void **state)
{
    enum { POLLS = 600 };
    struct ring *ring = open_ring(state, POLLS);
    int fds[2], polled[POLLS];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    for (uint32_t i = 0; i < POLLS; i++) {
        polled[i] = dup(fds[0]);
        assert_true(polled[i] >= 0);
        ring_poll(ring, polled[i], POLLIN, (struct ring_tag){RING_POLL, i, 1});
    }
    assert_int_equal(ring_outstanding(ring), POLLS);
    struct ring_done done[POLLS];
    bool seen[POLLS] = {false};
    take_done(ring, done, POLLS);
    for (uint32_t i = 0; i < POLLS; i++) {
        assert_false(seen[done[i].tag.index]);
        assert_true(done[i].result & POLLIN);
        seen[done[i].tag.index] = true;
    }
    assert_int_equal(ring_outstanding(ring), 0);
    for (uint32_t i = 0; i < POLLS; i++) {
        close(polled[i]);
    }
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

static void a_poll_tells_once_and_can_be_asked_again(void **state)
{
    struct ring *ring = open_ring(state, 4);
    int fds[2];
    struct ring_done done[4];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    for (uint32_t generation = 1; generation <= 3; generation++) {
        ring_poll(ring, fds[0], POLLIN, (struct ring_tag){RING_POLL, 3, generation});
        assert_int_equal(ring_turn(ring, FOR_EVER_NS, done, 4), 1);
        assert_int_equal(done[0].tag.generation, generation);
        assert_int_equal(ring_turn(ring, 0, done, 4), 0);
        assert_int_equal(ring_outstanding(ring), 0);
    }
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

/* As lanes number them: by partition, and the control session at the end of all numbers. */
static void indexes_may_lie_anywhere(void **state)
{
    enum { POLLS = 200 };
    struct ring *ring = open_ring(state, POLLS);
    int fds[POLLS][2];
    struct ring_done done[POLLS];
    bool seen[POLLS] = {false};
    for (uint32_t i = 0; i < POLLS; i++) {
        uint32_t index = i == 0 ? UINT32_MAX : (i % 7) << 20 | i;
        assert_int_equal(pipe(fds[i]), 0);
        ring_poll(ring, fds[i][0], POLLIN, (struct ring_tag){RING_POLL, index, i});
    }
    assert_int_equal(ring_turn(ring, 0, done, POLLS), 0);
    for (uint32_t i = 0; i < POLLS; i++) {
        assert_int_equal(write(fds[i][1], "x", 1), 1);
    }
    take_done(ring, done, POLLS);
    for (uint32_t i = 0; i < POLLS; i++) {
        uint32_t which = done[i].tag.generation;
        assert_int_equal(done[i].tag.index, which == 0 ? UINT32_MAX : (which % 7) << 20 | which);
        assert_false(seen[which]);
        seen[which] = true;
        close(fds[i][0]);
        close(fds[i][1]);
    }
    ring_close(ring);
}

static void a_poll_waits_for_what_comes_later(void **state)
{
    struct ring *ring = open_ring(state, 4);
    int fds[2];
    struct ring_done done[4];
    assert_int_equal(pipe(fds), 0);
    ring_poll(ring, fds[0], POLLIN, (struct ring_tag){RING_POLL, 0, 1});
    assert_int_equal(ring_turn(ring, 0, done, 4), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(ring_turn(ring, FOR_EVER_NS, done, 4), 1);
    assert_int_equal(done[0].result, POLLIN);
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

static void a_poll_of_an_fd_that_is_none_says_so(void **state)
{
    struct ring *ring = open_ring(state, 4);
    struct ring_done done[4];
    ring_poll(ring, 1 << 20, POLLIN, (struct ring_tag){RING_POLL, 0, 1});
    assert_int_equal(ring_turn(ring, FOR_EVER_NS, done, 4), 1);
    assert_int_equal(done[0].result, -EBADF);
    ring_close(ring);
}

static void a_cancelled_poll_completes_as_cancelled(void **state)
{
    struct ring *ring = open_ring(state, 4);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const struct ring_tag polled = {RING_POLL, 3, 5};
    ring_poll(ring, fds[0], POLLIN, polled);
    ring_cancel(ring, polled, (struct ring_tag){RING_UNPOLL, 3, 5});
    struct ring_done done[2];
    take_done(ring, done, 2);
    bool first = done[0].tag.op == RING_POLL;
    assert_int_equal(done[first ? 0 : 1].tag.op, RING_POLL);
    assert_int_equal(done[first ? 0 : 1].result, -ECANCELED);
    assert_int_equal(done[first ? 1 : 0].tag.op, RING_UNPOLL);
    assert_int_equal(ring_outstanding(ring), 0);
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

/* As a lane does when a database session wants to write, too. */
static void a_poll_is_replaced_by_one_with_another_mask(void **state)
{
    struct ring *ring = open_ring(state, 4);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    const struct ring_tag polled = {RING_POLL, 0, 1};
    struct ring_done done[3];
    ring_poll(ring, fds[0], POLLIN, polled);
    assert_int_equal(ring_turn(ring, 0, done, 3), 0);
    ring_cancel(ring, polled, (struct ring_tag){RING_UNPOLL, 0, 1});
    ring_poll(ring, fds[0], POLLIN | POLLOUT, (struct ring_tag){RING_POLL, 0, 2});
    take_done(ring, done, 3);
    for (int i = 0; i < 3; i++) {
        if (done[i].tag.op == RING_POLL) {
            assert_int_equal(done[i].result, done[i].tag.generation == 1 ? -ECANCELED : POLLOUT);
        }
    }
    assert_int_equal(ring_outstanding(ring), 0);
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

static void a_cancel_of_what_is_over_completes_alone(void **state)
{
    struct ring *ring = open_ring(state, 4);
    struct ring_done done[2];
    ring_cancel(ring, (struct ring_tag){RING_POLL, 1, 1}, (struct ring_tag){RING_UNPOLL, 1, 1});
    while (ring_outstanding(ring) > 0) {
        if (ring_turn(ring, 0, done, 2) == 1) {
            assert_int_equal(done[0].tag.op, RING_UNPOLL);
            assert_int_equal(done[0].result, -ENOENT);
        }
    }
    ring_close(ring);
}

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(a_tag_survives_its_way_through_user_data),
        cmocka_unit_test(tags_that_differ_in_one_field_pack_differently),
        cmocka_unit_test(a_refusal_says_why_and_what_to_do),
        cmocka_unit_test(a_blocked_io_uring_is_refused_with_the_setting_that_helps),
        cmocka_unit_test(auto_is_epoll_where_io_uring_is_blocked),
        cmocka_unit_test(auto_is_io_uring_where_it_works),
        cmocka_unit_test(epoll_waits_by_milliseconds_where_it_must),
    };
    const struct CMUnitTest both[] = {
        cmocka_unit_test(a_turn_without_requests_ends_when_its_time_is_up),
        cmocka_unit_test(a_signal_ends_the_wait),
        cmocka_unit_test(polls_more_than_the_queue_holds_all_complete),
        cmocka_unit_test(a_poll_tells_once_and_can_be_asked_again),
        cmocka_unit_test(indexes_may_lie_anywhere),
        cmocka_unit_test(a_poll_waits_for_what_comes_later),
        cmocka_unit_test(a_poll_of_an_fd_that_is_none_says_so),
        cmocka_unit_test(a_cancelled_poll_completes_as_cancelled),
        cmocka_unit_test(a_poll_is_replaced_by_one_with_another_mask),
        cmocka_unit_test(a_cancel_of_what_is_over_completes_alone),
    };
    int failed = cmocka_run_group_tests(alone, NULL, NULL);
    failed += cmocka_run_group_tests_name("io_uring", both, ring_by_uring, NULL);
    failed += cmocka_run_group_tests_name("epoll", both, ring_by_epoll, NULL);
    return failed;
}
