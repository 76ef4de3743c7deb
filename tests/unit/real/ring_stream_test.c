/* Sockets on the ring: the same cases for io_uring and for epoll. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "real/ring.h"
#include "ring_both.h"

static struct ring_tag tag(enum ring_op op, uint32_t index)
{
    return (struct ring_tag){op, index, 1};
}

static void await_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wanted, 1, 60000), 1);
}

static int32_t one_done(struct ring *ring, enum ring_op op)
{
    struct ring_done done[1];
    take_done(ring, done, 1);
    assert_int_equal(done[0].tag.op, op);
    return done[0].result;
}

/* A receive of the only socket. */
static int32_t receive(struct ring *ring, int fd, char *into, size_t bytes)
{
    ring_receive(ring, fd, into, bytes, tag(RING_RECEIVE, 0));
    return one_done(ring, RING_RECEIVE);
}

static void nothing_is_sent_before_it_is_submitted(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[8];
    open_pair(fds);
    ring_send(ring, fds[0], "abc", 3, tag(RING_SEND, 0));
    assert_int_equal(recv(fds[1], got, sizeof(got), 0), -1);
    assert_int_equal(errno, EAGAIN);
    ring_submit(ring);
    await_readable(fds[1]);
    assert_int_equal(recv(fds[1], got, sizeof(got), 0), 3);
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 1);
    assert_int_equal(done[0].tag.op, RING_SEND);
    assert_int_equal(done[0].result, 3);
    close_pair(fds);
    ring_close(ring);
}

static void sends_leave_in_the_order_asked_for(void **state)
{
    enum { SENDS = 700 }; // more than the queue of requests holds
    struct ring *ring = open_ring(state, SENDS);
    int fds[2], sending[SENDS];
    char bytes[SENDS], got[SENDS];
    open_pair(fds);
    // Of one connection, so that the order can be seen.
    for (uint32_t i = 0; i < SENDS; i++) {
        sending[i] = dup(fds[0]);
        assert_true(sending[i] >= 0);
        bytes[i] = (char)(i * 7);
        ring_send(ring, sending[i], &bytes[i], 1, tag(RING_SEND, i));
    }
    ring_submit(ring);
    for (ssize_t count = 0; count < SENDS;) {
        await_readable(fds[1]);
        count += recv(fds[1], got + count, sizeof(got) - (size_t)count, 0);
    }
    assert_memory_equal(got, bytes, SENDS);
    for (uint32_t taken = 0; taken < SENDS;) {
        struct ring_done done[90];
        uint32_t count = ring_turn(ring, 0, done, 90);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(done[i].result, 1);
        }
        taken += count;
    }
    for (uint32_t i = 0; i < SENDS; i++) {
        close(sending[i]);
    }
    close_pair(fds);
    ring_close(ring);
}

static void a_long_send_goes_on_until_all_is_handed_over(void **state)
{
    enum { BYTES = 8 << 20 }; // more than any socket takes at once
    struct ring *ring = open_ring(state, 1);
    char *sent = malloc(BYTES), *got = malloc(BYTES);
    int fds[2];
    open_pair(fds);
    for (uint32_t i = 0; i < BYTES; i++) {
        sent[i] = (char)(i * 31 + i / 4096);
    }
    ring_send(ring, fds[0], sent, BYTES, tag(RING_SEND, 0));
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    uint32_t count = 0;
    for (ssize_t taken = 0; taken < BYTES;) {
        ssize_t more = recv(fds[1], got + taken, (size_t)(BYTES - taken), 0);
        assert_true(more > 0 || errno == EAGAIN);
        taken += more > 0 ? more : 0;
        count += ring_turn(ring, 0, &done[count], 1);
    }
    if (count == 0) {
        take_done(ring, done, 1);
    }
    assert_int_equal(done[0].result, BYTES);
    assert_int_equal(ring_outstanding(ring), 0);
    assert_memory_equal(got, sent, BYTES);
    free(sent);
    free(got);
    close_pair(fds);
    ring_close(ring);
}

static void a_receive_takes_what_is_there_and_leaves_the_rest(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[4];
    open_pair(fds);
    assert_int_equal(send(fds[1], "0123456789", 10, 0), 10);
    await_readable(fds[0]);
    assert_int_equal(receive(ring, fds[0], got, 4), 4);
    assert_memory_equal(got, "0123", 4);
    assert_int_equal(receive(ring, fds[0], got, 4), 4);
    assert_memory_equal(got, "4567", 4);
    assert_int_equal(receive(ring, fds[0], got, 4), 2);
    assert_memory_equal(got, "89", 2);
    // Nothing left: it waits, and gets what comes later.
    ring_receive(ring, fds[0], got, 4, tag(RING_RECEIVE, 0));
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(send(fds[1], "x", 1, 0), 1);
    assert_int_equal(one_done(ring, RING_RECEIVE), 1);
    assert_int_equal(got[0], 'x');
    close_pair(fds);
    ring_close(ring);
}

/* The end lies behind the bytes, and came together with them. */
static void the_end_behind_bytes_is_seen(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[16];
    open_pair(fds);
    ring_receive(ring, fds[0], got, sizeof(got), tag(RING_RECEIVE, 0));
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(send(fds[1], "abc", 3, 0), 3);
    close(fds[1]);
    await_readable(fds[0]);
    assert_int_equal(one_done(ring, RING_RECEIVE), 3);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 0);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 0);
    close(fds[0]);
    ring_close(ring);
}

static void the_end_that_comes_after_the_bytes_were_taken_is_seen(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[16];
    open_pair(fds);
    assert_int_equal(send(fds[1], "abc", 3, 0), 3);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 3);
    ring_receive(ring, fds[0], got, sizeof(got), tag(RING_RECEIVE, 0));
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    close(fds[1]);
    assert_int_equal(one_done(ring, RING_RECEIVE), 0);
    close(fds[0]);
    ring_close(ring);
}

/* Between two receives, when nobody listens. */
static void what_comes_while_nothing_is_asked_is_not_missed(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[16];
    open_pair(fds);
    assert_int_equal(send(fds[1], "a", 1, 0), 1);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 1);
    struct ring_done done[2];
    assert_int_equal(send(fds[1], "b", 1, 0), 1);
    await_readable(fds[0]);
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 1);
    assert_int_equal(got[0], 'b');
    close(fds[1]);
    await_readable(fds[0]);
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 0);
    close(fds[0]);
    ring_close(ring);
}

/* An urgent byte cuts a read short, though more lies behind it. */
static void an_urgent_byte_hides_nothing(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[16];
    open_pair(fds);
    assert_int_equal(send(fds[1], "ab", 2, 0), 2);
    assert_int_equal(send(fds[1], "!", 1, MSG_OOB), 1);
    assert_int_equal(send(fds[1], "cd", 2, 0), 2);
    for (int waiting = 0; waiting < 5;) { // all of it is there
        char peeked[8];
        await_readable(fds[0]);
        ssize_t bytes = recv(fds[0], peeked, sizeof(peeked), MSG_PEEK);
        struct pollfd urgent = {.fd = fds[0], .events = POLLPRI};
        waiting = bytes == 2 && poll(&urgent, 1, 0) == 1 ? 5 : 0;
    }
    size_t count = 0;
    while (count < 4) {
        int32_t more = receive(ring, fds[0], got + count, sizeof(got) - count);
        assert_true(more > 0);
        count += (size_t)more;
    }
    assert_int_equal(count, 4);
    assert_memory_equal(got, "abcd", 4);
    close_pair(fds);
    ring_close(ring);
}

static void a_reset_ends_a_receive(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[16];
    const struct linger reset = {.l_onoff = 1};
    open_pair(fds);
    ring_receive(ring, fds[0], got, sizeof(got), tag(RING_RECEIVE, 0));
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    close(fds[1]);
    assert_int_equal(one_done(ring, RING_RECEIVE), -ECONNRESET);
    close(fds[0]);
    ring_close(ring);
}

/* As a pipe does to let go of what it has asked for. */
static void a_shutdown_ends_send_and_receive(void **state)
{
    enum { BYTES = 8 << 20 };
    struct ring *ring = open_ring(state, 1);
    char *bytes = calloc(1, BYTES), got[16];
    int fds[2];
    open_pair(fds);
    ring_receive(ring, fds[0], got, sizeof(got), tag(RING_RECEIVE, 0));
    ring_send(ring, fds[0], bytes, BYTES, tag(RING_SEND, 0));
    struct ring_done done[2];
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(shutdown(fds[0], SHUT_RDWR), 0);
    take_done(ring, done, 2);
    for (int i = 0; i < 2; i++) {
        if (done[i].tag.op == RING_SEND) {
            assert_true(done[i].result > 0 && done[i].result < BYTES);
        } else {
            assert_int_equal(done[i].result, 0);
        }
    }
    // And what is asked for after it, or was not submitted before it.
    ring_receive(ring, fds[0], got, sizeof(got), tag(RING_RECEIVE, 0));
    ring_send(ring, fds[0], bytes, 1, tag(RING_SEND, 0));
    take_done(ring, done, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(done[i].result, done[i].tag.op == RING_SEND ? -EPIPE : 0);
    }
    assert_int_equal(ring_outstanding(ring), 0);
    free(bytes);
    close_pair(fds);
    ring_close(ring);
}

static void cancelled_requests_complete_as_cancelled(void **state)
{
    struct ring *ring = open_ring(state, 1);
    int fds[2];
    char got[16];
    struct ring_done done[2];
    open_pair(fds);
    ring_receive(ring, fds[0], got, sizeof(got), tag(RING_RECEIVE, 0));
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    ring_cancel(ring, tag(RING_RECEIVE, 0), tag(RING_CANCEL, 0));
    take_done(ring, done, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(done[i].result, done[i].tag.op == RING_RECEIVE ? -ECANCELED : 0);
    }
    // Nothing that was cancelled takes bytes from who asks next.
    assert_int_equal(send(fds[1], "abc", 3, 0), 3);
    assert_int_equal(receive(ring, fds[0], got, sizeof(got)), 3);
    close_pair(fds);
    ring_close(ring);
}

/* ---- connecting ---- */

static int open_listener(int backlog, struct sockaddr_in *address)
{
    socklen_t bytes = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &bytes), 0);
    assert_true(backlog < 0 || listen(fd, backlog) == 0);
    return fd;
}

static int32_t connect_to(struct ring *ring, int fd, const struct sockaddr_in *address,
                          uint32_t generation)
{
    ring_connect(ring, fd, (const struct sockaddr *)address, sizeof(*address),
                 (struct ring_tag){RING_CONNECT, 0, generation});
    return one_done(ring, RING_CONNECT);
}

/* The number of a closed fd comes back, and the index with it; nothing of before is left. */
static void a_number_that_comes_back_is_another_socket(void **state)
{
    struct ring *ring = open_ring(state, 1);
    struct sockaddr_in address;
    int listener = open_listener(8, &address), number = -1;
    for (uint32_t generation = 1; generation <= 20; generation++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(number < 0 || fd == number);
        number = fd;
        assert_int_equal(connect_to(ring, fd, &address, generation), 0);
        int peer = accept(listener, NULL, NULL);
        char got[16];
        struct ring_done done[2];
        ring_receive(ring, fd, got, sizeof(got), (struct ring_tag){RING_RECEIVE, 0, generation});
        assert_int_equal(ring_turn(ring, 0, done, 2), 0); // nothing is left of an earlier one
        assert_int_equal(send(peer, "ab", 2, 0), 2);
        assert_int_equal(one_done(ring, RING_RECEIVE), 2);
        ring_send(ring, fd, "x", 1, (struct ring_tag){RING_SEND, 0, generation});
        ring_submit(ring);
        assert_int_equal(recv(peer, got, 1, 0), 1);
        assert_int_equal(ring_turn(ring, 0, done, 2), 1);
        // An end, or bytes, that nobody took.
        assert_int_equal(send(peer, "left", 4, 0), 4);
        close(peer);
        await_readable(fd);
        close(fd);
    }
    close(listener);
    ring_close(ring);
}

static void a_connection_that_is_refused_says_so(void **state)
{
    struct ring *ring = open_ring(state, 1);
    struct sockaddr_in address;
    int nobody = open_listener(-1, &address), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(ring, fd, &address, 1), -ECONNREFUSED);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(ring, fd, &address, 2), -ECONNREFUSED);
    assert_int_equal(ring_outstanding(ring), 0);
    close(fd);
    close(nobody);
    ring_close(ring);
}

/* … and is not taken for connected by what happens to an earlier socket of its index, which is
   closed here but held by another. */
static void a_connection_that_hangs_can_be_cancelled(void **state)
{
    struct ring *ring = open_ring(state, 1);
    struct sockaddr_in address;
    int earlier[2];
    open_pair(earlier);
    ring_send(ring, earlier[0], "x", 1, (struct ring_tag){RING_SEND, 0, 2});
    ring_submit(ring);
    struct ring_done sent[1];
    assert_int_equal(ring_turn(ring, 0, sent, 1), 1);
    int held = dup(earlier[0]);
    close(earlier[0]);
    int fillers[4], deaf = open_listener(0, &address), fd = socket(AF_INET, SOCK_STREAM, 0);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (const struct sockaddr *)&address, sizeof(address));
    }
    struct ring_done done[2];
    ring_connect(ring, fd, (const struct sockaddr *)&address, sizeof(address),
                 tag(RING_CONNECT, 0));
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    assert_int_equal(send(earlier[1], "x", 1, 0), 1);
    await_readable(held);
    assert_int_equal(ring_turn(ring, 0, done, 2), 0);
    ring_cancel(ring, tag(RING_CONNECT, 0), tag(RING_CANCEL, 0));
    take_done(ring, done, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(done[i].result, done[i].tag.op == RING_CONNECT ? -ECANCELED : 0);
    }
    assert_int_equal(ring_outstanding(ring), 0);
    close(fd);
    close(deaf);
    close(held);
    close(earlier[1]);
    for (int i = 0; i < 4; i++) {
        close(fillers[i]);
    }
    ring_close(ring);
}

static void what_is_left_behind_is_taken_without_waiting(void **state)
{
    enum { PAIRS = 8 };
    struct ring *ring = open_ring(state, PAIRS);
    int fds[PAIRS][2];
    char got[PAIRS];
    struct ring_done done[1];
    bool seen[PAIRS] = {false};
    for (uint32_t i = 0; i < PAIRS; i++) {
        open_pair(fds[i]);
        assert_int_equal(send(fds[i][1], "x", 1, 0), 1);
        await_readable(fds[i][0]);
        ring_receive(ring, fds[i][0], &got[i], 1, tag(RING_RECEIVE, i));
    }
    for (uint32_t i = 0; i < PAIRS; i++) {
        take_done(ring, done, 1);
        assert_false(seen[done[0].tag.index]);
        seen[done[0].tag.index] = true;
        assert_int_equal(ring_outstanding(ring), PAIRS - 1 - i);
    }
    for (uint32_t i = 0; i < PAIRS; i++) {
        close_pair(fds[i]);
    }
    ring_close(ring);
}

int main(void)
{
    const struct CMUnitTest both[] = {
        cmocka_unit_test(nothing_is_sent_before_it_is_submitted),
        cmocka_unit_test(sends_leave_in_the_order_asked_for),
        cmocka_unit_test(a_long_send_goes_on_until_all_is_handed_over),
        cmocka_unit_test(a_receive_takes_what_is_there_and_leaves_the_rest),
        cmocka_unit_test(the_end_behind_bytes_is_seen),
        cmocka_unit_test(the_end_that_comes_after_the_bytes_were_taken_is_seen),
        cmocka_unit_test(what_comes_while_nothing_is_asked_is_not_missed),
        cmocka_unit_test(an_urgent_byte_hides_nothing),
        cmocka_unit_test(a_reset_ends_a_receive),
        cmocka_unit_test(a_shutdown_ends_send_and_receive),
        cmocka_unit_test(cancelled_requests_complete_as_cancelled),
        cmocka_unit_test(a_number_that_comes_back_is_another_socket),
        cmocka_unit_test(a_connection_that_is_refused_says_so),
        cmocka_unit_test(a_connection_that_hangs_can_be_cancelled),
        cmocka_unit_test(what_is_left_behind_is_taken_without_waiting),
    };
    int failed = cmocka_run_group_tests_name("io_uring", both, ring_by_uring, NULL);
    return failed + cmocka_run_group_tests_name("epoll", both, ring_by_epoll, NULL);
}
