/*
 * ring: requests to the kernel, and their completions; one a lane, opened on the lane's own thread.
 * By io_uring, or by its twin on epoll where io_uring is blocked: the same promises.
 *
 * Promise   Every request asked for is completed by exactly one `struct ring_done`; nothing is lost
 *           silently: where the kernel says that it lost one, the process aborts.
 *           Nothing reaches the kernel before ring_submit or ring_turn, but what does not fit into
 *           the queue of requests; it goes in the order asked for.
 *           A send ends when all its bytes are handed over, or with what was until an error.
 * Ownership Memory and fds named in a request stay valid until its completion has come.
 * Bounds    A tag's index is below `sockets_max`. A socket has one index, and a generation that no
 *           earlier socket of that index had; of connect, receive and send at most one each at
 * once. Polls have indexes of their own; of each, one at once, apart from cancelled ones. Memory is
 * taken at open. Errors    ring_open says why it cannot be used and what to do. After that, a
 * request's result is data (bytes, or -errno).
 */
#ifndef DAYBOOK_REAL_RING_H
#define DAYBOOK_REAL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/check.h"

#define RING_ERROR_BYTES 512
#define RING_GENERATION_BITS 24
#define RING_GENERATION_MASK ((1U << RING_GENERATION_BITS) - 1)

enum ring_op { RING_CONNECT = 1, RING_SEND, RING_RECEIVE, RING_POLL, RING_CANCEL, RING_UNPOLL };

/* Whose request it is; travels through the kernel as user_data. */
struct ring_tag {
    enum ring_op op;
    uint32_t index;      /* of the owner */
    uint32_t generation; /* the tenant that asked, RING_GENERATION_BITS wide */
};

struct ring_done {
    struct ring_tag tag;
    int32_t result;
};

struct ring;

/* By what; the names are those of run.io. */
enum ring_io { RING_AUTO, RING_URING, RING_EPOLL };

const char *ring_io_name(enum ring_io io);
/* Opens one of RING_URING or RING_EPOLL as ring_open does; of io_uring a request that does nothing
   passes through it. False: `error` says what to do. */
MUST_USE bool ring_probe(enum ring_io io, char error[RING_ERROR_BYTES]);
/*
 * RING_AUTO becomes io_uring where it can be used, else epoll, and `reason` says why in one line
 * without an end ("a seccomp filter blocks io_uring (Operation not permitted)"). What was decided
 * by who asks stays; then, and for io_uring, the reason is "".
 */
enum ring_io ring_choose(enum ring_io wanted, char reason[RING_ERROR_BYTES]);

/* `sockets_max`: how many sockets will have requests at once, and polls. RING_AUTO: as ring_choose
   decides. NULL: `error` says what to do. */
struct ring *ring_open(enum ring_io io, uint32_t sockets_max, char error[RING_ERROR_BYTES]);
void ring_close(struct ring *ring);

/* Requests; they reach the kernel with the next ring_submit or ring_turn. */
void ring_connect(struct ring *ring, int fd, const struct sockaddr *address, socklen_t bytes,
                  struct ring_tag tag);
void ring_send(struct ring *ring, int fd, const void *bytes, size_t byte_count,
               struct ring_tag tag);
void ring_receive(struct ring *ring, int fd, void *into, size_t byte_count, struct ring_tag tag);
/* One shot; `mask` of POLLIN and POLLOUT. */
void ring_poll(struct ring *ring, int fd, uint32_t mask, struct ring_tag tag);
/* Cancel the request that has the tag `target`; its own completion still comes, and decides
   (-ECANCELED where nothing of it was done). `tag`: RING_CANCEL, or RING_UNPOLL for a poll. */
void ring_cancel(struct ring *ring, struct ring_tag target, struct ring_tag tag);

/* Hand over what was asked for, without waiting. */
void ring_submit(struct ring *ring);
/*
 * Hand over, wait at most wait_ns for something to happen (0: do not wait), and take up to done_max
 * completions. Returns how many; 0 also after a signal.
 */
MUST_USE uint32_t ring_turn(struct ring *ring, uint64_t wait_ns, struct ring_done *done,
                            uint32_t done_max);
/* Requests whose completion has not been taken yet. */
uint32_t ring_outstanding(const struct ring *ring);

/* ---- pure parts, public for their tests ---- */

uint64_t ring_tag_pack(struct ring_tag tag);
struct ring_tag ring_tag_unpack(uint64_t packed);
/*
 * What to tell a person when io_uring_setup failed with `error_number`, given the content of
 * /proc/sys/kernel/io_uring_disabled (-1: no such file) and `Seccomp:` of /proc/self/status: why,
 * and "\nHINT: …".
 */
void ring_refusal(int error_number, int disabled, int seccomp, char error[RING_ERROR_BYTES]);

#endif
