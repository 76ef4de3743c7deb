/*
 * pipe: a connection as two streams of bytes, on the ring. Knows nothing of what they mean.
 *
 * Connect, then at most one send and one receive at a time, then close. Whatever wants to stand
 * between the bytes and the socket (TLS) takes this interface's place.
 *
 * Promise   The fd is closed, and the pipe may begin anew, only when every request that names it
 *           has completed; a completion meant for an earlier tenant is dropped.
 * Ownership A value embedded in its owner. Bytes given to send, and the buffer given to receive,
 *           stay valid until the result that ends it, or PIPE_CLOSED.
 */
#ifndef DAYBOOK_REAL_PIPE_H
#define DAYBOOK_REAL_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "real/address.h"
#include "real/ring.h"

enum pipe_event {
    PIPE_NOTHING,   /* nothing to tell (yet) */
    PIPE_CONNECTED, /* may send and receive */
    PIPE_REFUSED,   /* no connection came about: close it */
    PIPE_SENT,      /* all bytes are the kernel's */
    PIPE_RECEIVED,  /* `bytes` lie in the buffer */
    PIPE_ENDED,     /* the peer said that it sends no more: close it */
    PIPE_LOST,      /* broken: close it */
    PIPE_CLOSED,    /* gone, after pipe_close: may begin anew */
};

struct pipe_result {
    enum pipe_event event;
    uint32_t bytes;
    int error_number; /* PIPE_REFUSED, PIPE_LOST */
};

struct pipe {
    int fd; /* -1: none */
    uint32_t index;
    uint32_t generation;
    uint8_t in_ring; /* by enum ring_op: 1 << op for a request not completed */
    bool closing;
    const char *unsent;
    uint32_t unsent_bytes;
    char *into;
    uint32_t into_bytes;
};

/* `index` comes back in the completions' tags. */
void pipe_init(struct pipe *pipe, uint32_t index);

/* Begin a connection; false: there are no sockets left (*error_number), and nothing has begun.
   Bytes that the peer does not confirm within unacked_ns break the connection (0: system's own). */
MUST_USE bool pipe_connect(struct pipe *pipe, struct ring *ring, const struct address *address,
                           uint64_t unacked_ns, int *error_number);
void pipe_send(struct pipe *pipe, struct ring *ring, const char *bytes, uint32_t byte_count);
void pipe_receive(struct pipe *pipe, struct ring *ring, char *into, uint32_t byte_count);
/* Is a send not completed yet? */
bool pipe_is_sending(const struct pipe *pipe);

/* What a completion with this pipe's index means. */
struct pipe_result pipe_on_done(struct pipe *pipe, struct ring *ring, const struct ring_done *done);

/*
 * Close; `drop` throws away what the kernel has not delivered yet. True: closed at once; false:
 * PIPE_CLOSED comes.
 */
MUST_USE bool pipe_close(struct pipe *pipe, struct ring *ring, bool drop);

#endif
