/*
 * ring_both: the same tests for io_uring and for its twin on epoll. A test's state says which.
 */
#ifndef DAYBOOK_TESTS_UNIT_REAL_RING_BOTH_H
#define DAYBOOK_TESTS_UNIT_REAL_RING_BOTH_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real/ring.h"

/* A wait that must not come to its end: the test would be killed for it. */
#define FOR_EVER_NS (UINT64_C(3600) * 1000000000)

static inline int ring_by_uring(void **state)
{
    static enum ring_io io = RING_URING;
    *state = &io;
    return 0;
}

static inline int ring_by_epoll(void **state)
{
    static enum ring_io io = RING_EPOLL;
    *state = &io;
    return 0;
}

static inline struct ring *open_ring(void **state, uint32_t sockets_max)
{
    char error[RING_ERROR_BYTES];
    struct ring *ring = ring_open(*(const enum ring_io *)*state, sockets_max, error);
    if (!ring) {
        fail_msg("%s", error);
    }
    return ring;
}

/* Takes what comes until there is that much; in portions, so that some stay behind in the queue. */
static inline void take_done(struct ring *ring, struct ring_done *done, uint32_t count)
{
    for (uint32_t taken = 0; taken < count;) {
        uint32_t portion = count - taken < 100 ? count - taken : 100;
        taken += ring_turn(ring, FOR_EVER_NS, &done[taken], portion);
    }
}

/* Of a connection through the loopback; the second fd does not block. */
static inline void open_pair(int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
    assert_int_equal(listen(listener, 1), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&address, bytes), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    close(listener);
}

static inline void close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* In this process, from now on, the system call fails; as in a container. */
static inline void forbid(int number, int error_number)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error_number & 0xffff)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(2);
    }
}

/* Does `body` say true in a process of its own, where that system call fails? */
static inline bool holds_without(int number, int error_number, bool (*body)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        forbid(number, error_number);
        _exit(body() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
