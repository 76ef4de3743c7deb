/*
 * ring_way: what carries out the requests of a ring: ring_uring.c or ring_epoll.c. For ring*.c.
 */
#ifndef DAYBOOK_REAL_RING_WAY_H
#define DAYBOOK_REAL_RING_WAY_H

#include "real/ring.h"

/* A socket has at most these outstanding: connect or receive, send, cancel; and one to spare. */
#define RING_REQUESTS_PER_SOCKET 4U
/* Asked for at once; more go to the kernel in several portions. */
#define RING_ASKED_MAX 512U

struct ring_request {
    struct ring_tag tag;
    int fd; /* not of a cancel */
    union {
        struct {
            const struct sockaddr *address;
            socklen_t bytes;
        } connect;
        struct {
            const void *bytes;
            size_t byte_count;
        } send;
        struct {
            void *into;
            size_t byte_count;
        } receive;
        uint32_t mask;          /* of a poll */
        struct ring_tag target; /* of RING_CANCEL and RING_UNPOLL */
    };
};

struct ring_way {
    void (*ask)(struct ring *ring, const struct ring_request *request);
    void (*submit)(struct ring *ring);
    /* As ring_turn; done_max is not 0. */
    uint32_t (*turn)(struct ring *ring, uint64_t wait_ns, struct ring_done *done,
                     uint32_t done_max);
    void (*close)(struct ring *ring);
};

/* The beginning of each way's own struct. */
struct ring {
    const struct ring_way *way;
    uint32_t outstanding;
};

struct ring *ring_uring_open(uint32_t sockets_max, char error[RING_ERROR_BYTES]);
MUST_USE bool ring_uring_probe(char error[RING_ERROR_BYTES]);
struct ring *ring_epoll_open(uint32_t sockets_max, char error[RING_ERROR_BYTES]);

/* What the kernel says makes going on a wait for what cannot come; every start is a resume. */
_Noreturn void ring_lost(const char *way, const char *what);

#endif
