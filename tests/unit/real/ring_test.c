#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "real/clock.h"
#include "real/ring.h"

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
        {ENOSYS, -1, 0, "does not have it", "Linux 5.11"},
        {ENOMEM, 0, 0, "no memory", "LimitMEMLOCK"},
        {EMFILE, 0, 0, "open files", "LimitNOFILE"},
        {EINVAL, 0, 0, "refused it", "Linux 5.11"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[RING_ERROR_BYTES];
        ring_refusal(rows[i].error_number, rows[i].disabled, rows[i].seccomp, error);
        assert_non_null(strstr(error, rows[i].why));
        assert_non_null(strstr(error, rows[i].hint));
        assert_non_null(strstr(error, "\nHINT: "));
    }
}

/* As a container's default profile does. */
static void forbid_io_uring(int error_number)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error_number & 0xffff)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(2);
    }
}

static void a_blocked_io_uring_is_refused_with_the_setting_that_helps(void **state)
{
    (void)state;
    static const int rows[] = {EPERM, ENOSYS};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            char error[RING_ERROR_BYTES] = "";
            forbid_io_uring(rows[i]);
            struct ring *ring = ring_open(16, error);
            _exit(!ring && strstr(error, "seccomp profile") ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static struct ring *open_ring(void)
{
    char error[RING_ERROR_BYTES];
    struct ring *ring = ring_open(16, error);
    if (!ring) {
        fail_msg("%s", error);
    }
    return ring;
}

static void a_turn_without_requests_ends_when_its_time_is_up(void **state)
{
    (void)state;
    struct ring *ring = open_ring();
    struct ring_done done[4];
    uint64_t before_ns = clock_now_ns();
    assert_int_equal(ring_turn(ring, 2 * NS_PER_MS, done, 4), 0);
    assert_true(clock_now_ns() - before_ns >= NS_PER_MS);
    ring_close(ring);
}

static void more_requests_than_the_queue_holds_all_complete(void **state)
{
    (void)state;
    struct ring *ring = open_ring();
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    enum { REQUESTS = 3000 };
    for (uint32_t i = 0; i < REQUESTS; i++) {
        ring_poll(ring, fds[0], POLLIN, (struct ring_tag){RING_POLL, i, 1});
    }
    assert_int_equal(ring_outstanding(ring), REQUESTS);
    static bool seen[REQUESTS];
    uint32_t total = 0;
    while (total < REQUESTS) {
        // Taken in small portions, so that some stay behind in the queue.
        struct ring_done done[100];
        uint32_t count = ring_turn(ring, NS_PER_S, done, 100);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++) {
            assert_false(seen[done[i].tag.index]);
            assert_true(done[i].result & POLLIN);
            seen[done[i].tag.index] = true;
        }
        total += count;
    }
    assert_int_equal(ring_outstanding(ring), 0);
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

static void a_cancelled_poll_completes_as_cancelled(void **state)
{
    (void)state;
    struct ring *ring = open_ring();
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const struct ring_tag polled = {RING_POLL, 3, 5};
    ring_poll(ring, fds[0], POLLIN, polled);
    ring_cancel(ring, polled, (struct ring_tag){RING_UNPOLL, 3, 5});
    bool cancelled = false;
    while (ring_outstanding(ring) > 0) {
        struct ring_done done[4];
        uint32_t count = ring_turn(ring, NS_PER_S, done, 4);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++) {
            cancelled |= done[i].tag.op == RING_POLL && done[i].result == -ECANCELED;
        }
    }
    assert_true(cancelled);
    close(fds[0]);
    close(fds[1]);
    ring_close(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_survives_its_way_through_user_data),
        cmocka_unit_test(tags_that_differ_in_one_field_pack_differently),
        cmocka_unit_test(a_refusal_says_why_and_what_to_do),
        cmocka_unit_test(a_blocked_io_uring_is_refused_with_the_setting_that_helps),
        cmocka_unit_test(a_turn_without_requests_ends_when_its_time_is_up),
        cmocka_unit_test(more_requests_than_the_queue_holds_all_complete),
        cmocka_unit_test(a_cancelled_poll_completes_as_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
