/*
 * The ring by epoll, where io_uring is blocked: edge-triggered, a socket is registered once.
 *
 * Requests wait in `asked` until they are handed over. Then what the kernel can do at once is done,
 * in the order asked for; the rest waits in its socket's place for an edge. A receive is tried
 * only where the kernel may have bytes, a send always. Whatever is completed lies in `done` until
 * ring_turn takes it.
 *
 * Nothing is unregistered: the kernel does that when a socket is closed, and an edge that comes for
 * an earlier generation of an index, or for a poll that is over, is dropped.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "real/ring_way.h"

#define EVENTS_MAX 512
#define NO_GENERATION UINT32_MAX
#define HASH_FACTOR 2654435769U /* 2^32 by the golden ratio: neighbours lie apart */
#define SOCKET_OP RING_CONNECT  /* in the tag of a socket's edges; those of a poll bear its own */
#define WRITABLE_EDGES ((uint32_t)EPOLLOUT | EPOLLHUP | EPOLLERR)
/* From then on a short read does not mean that nothing is left: the end, an error or an urgent byte
   may lie behind it, and no further edge tells of them. */
#define BEHIND_EDGES ((uint32_t)EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI)
#define SOCKET_EDGES ((uint32_t)EPOLLET | EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI)

_Static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR &&
                   POLLHUP == EPOLLHUP,
               "a poll's mask is epoll's");

/* What an index of tags stands for: a socket, and polls. */
struct place {
    uint32_t index;
    bool is_polled;
    uint32_t poll_generation;
    int fd;              /* of the socket */
    uint32_t generation; /* NO_GENERATION: none yet */
    uint8_t waiting;     /* by enum ring_op: 1 << op for a request that waits for an edge */
    bool is_readable;    /* the kernel may have bytes, or the end */
    bool is_behind;      /* BEHIND_EDGES */
    int32_t sent_bytes;
    const char *unsent;
    size_t unsent_bytes;
    void *into;
    size_t into_bytes;
};

struct epoll_ring {
    struct ring ring;
    int fd;
    bool by_ms;    /* epoll_pwait2 is not to be had */
    bool has_news; /* something completed that is a reason not to wait */
    uint32_t sockets_max;
    uint32_t asked_count;
    uint32_t done_first, done_count, done_max;
    struct place *places;
    uint32_t place_count;
    uint32_t *numbers; /* of a place + 1, by a hash of its index; 0: none */
    uint32_t numbers_bits;
    struct ring_done *done; /* a ring of done_max */
    struct ring_request asked[RING_ASKED_MAX];
    struct epoll_event events[EVENTS_MAX];
};

static void epoll_ask(struct ring *ring, const struct ring_request *request);
static void epoll_submit(struct ring *ring);
static uint32_t epoll_turn(struct ring *ring, uint64_t wait_ns, struct ring_done *done,
                           uint32_t done_max);
static void epoll_close(struct ring *ring);
static void carry_out(struct epoll_ring *ring, const struct ring_request *request);
static void begin_connect(struct epoll_ring *ring, const struct ring_request *request);
static void begin_send(struct epoll_ring *ring, const struct ring_request *request);
static void begin_receive(struct epoll_ring *ring, const struct ring_request *request);
static struct place *place_of(struct epoll_ring *ring, uint32_t index);
static struct place *socket_of(struct epoll_ring *ring, const struct ring_request *request);
static void begin_poll(struct epoll_ring *ring, const struct ring_request *request);
static int32_t cancel(struct epoll_ring *ring, struct ring_tag target);
static void end_connect(struct epoll_ring *ring, struct place *place);
static void try_send(struct epoll_ring *ring, struct place *place);
static void try_receive(struct epoll_ring *ring, struct place *place);
static void on_event(struct epoll_ring *ring, const struct epoll_event *event);
static void on_edge(struct epoll_ring *ring, struct place *place, uint32_t edges);
static uint64_t event_data(const struct epoll_ring *ring, const struct place *place,
                           enum ring_op op, uint32_t generation);
static bool is_waiting(const struct place *place, enum ring_op op);
static void begin_wait(struct place *place, enum ring_op op);
static void end_wait(struct epoll_ring *ring, struct place *place, enum ring_op op, int32_t result,
                     bool is_news);
static void complete(struct epoll_ring *ring, struct ring_tag tag, int32_t result, bool is_news);
static uint32_t wait_for_events(struct epoll_ring *ring, uint64_t wait_ns);
static uint32_t take(struct epoll_ring *ring, struct ring_done *done, uint32_t done_max);

static const struct ring_way epoll_way = {
    .ask = epoll_ask, .submit = epoll_submit, .turn = epoll_turn, .close = epoll_close};

struct ring *ring_epoll_open(uint32_t sockets_max, char error[RING_ERROR_BYTES])
{
    struct epoll_ring *ring = calloc(1, sizeof(*ring));
    if (!ring) {
        snprintf(error, RING_ERROR_BYTES, "out of memory");
        return NULL;
    }
    ring->ring.way = &epoll_way;
    ring->sockets_max = sockets_max;
    ring->done_max = sockets_max * RING_REQUESTS_PER_SOCKET + RING_ASKED_MAX;
    while (UINT64_C(1) << ring->numbers_bits < UINT64_C(2) * sockets_max) {
        ring->numbers_bits++;
    }
    ring->numbers = calloc(UINT64_C(1) << ring->numbers_bits, sizeof(*ring->numbers));
    ring->places = calloc(sockets_max, sizeof(*ring->places));
    ring->done = calloc(ring->done_max, sizeof(*ring->done));
    ring->fd = epoll_create1(EPOLL_CLOEXEC);
    if (!ring->numbers || !ring->places || !ring->done || ring->fd < 0) {
        snprintf(error, RING_ERROR_BYTES,
                 "epoll cannot be used (%s)\n"
                 "HINT: raise the limits on open files (ulimit -n) or memory",
                 strerror(ring->fd < 0 ? errno : ENOMEM));
        epoll_close(&ring->ring);
        return NULL;
    }
    return &ring->ring;
}

static void epoll_ask(struct ring *base, const struct ring_request *request)
{
    struct epoll_ring *ring = (struct epoll_ring *)base;
    CHECK(base->outstanding < ring->done_max);
    if (ring->asked_count == RING_ASKED_MAX) {
        epoll_submit(base);
    }
    ring->asked[ring->asked_count++] = *request;
}

static void epoll_submit(struct ring *base)
{
    struct epoll_ring *ring = (struct epoll_ring *)base;
    for (uint32_t i = 0; i < ring->asked_count; i++) {
        carry_out(ring, &ring->asked[i]);
    }
    ring->asked_count = 0;
}

static uint32_t epoll_turn(struct ring *base, uint64_t wait_ns, struct ring_done *done,
                           uint32_t done_max)
{
    struct epoll_ring *ring = (struct epoll_ring *)base;
    epoll_submit(base);
    // A send or a cancel is over at once, which is no reason to come back, unless nothing else can
    // happen.
    bool all_done = ring->done_count > 0 && ring->done_count == base->outstanding;
    uint32_t count = wait_for_events(ring, ring->has_news || all_done ? 0 : wait_ns);
    for (uint32_t i = 0; i < count; i++) {
        on_event(ring, &ring->events[i]);
    }
    return take(ring, done, done_max);
}

static void epoll_close(struct ring *base)
{
    struct epoll_ring *ring = (struct epoll_ring *)base;
    if (ring->fd >= 0) {
        (void)close(ring->fd);
    }
    free(ring->places);
    free(ring->numbers);
    free(ring->done);
    free(ring);
}

static void carry_out(struct epoll_ring *ring, const struct ring_request *request)
{
    switch (request->tag.op) {
    case RING_CONNECT:
        begin_connect(ring, request);
        return;
    case RING_SEND:
        begin_send(ring, request);
        return;
    case RING_RECEIVE:
        begin_receive(ring, request);
        return;
    case RING_POLL:
        begin_poll(ring, request);
        return;
    case RING_CANCEL:
    case RING_UNPOLL:
        complete(ring, request->tag, cancel(ring, request->target), false);
        return;
    }
}

static void begin_connect(struct epoll_ring *ring, const struct ring_request *request)
{
    int on = 1;
    if (ioctl(request->fd, FIONBIO, &on) != 0) {
        complete(ring, request->tag, -errno, true);
        return;
    }
    int result = connect(request->fd, request->connect.address, request->connect.bytes);
    if (result != 0 && errno != EINPROGRESS) {
        complete(ring, request->tag, -errno, true);
        return;
    }
    // Registered only now: a socket that is not connecting yet would be told of as hung up.
    struct place *place = socket_of(ring, request);
    if (place && result != 0) {
        begin_wait(place, RING_CONNECT);
    } else if (place) {
        complete(ring, request->tag, 0, true);
    }
}

static void begin_send(struct epoll_ring *ring, const struct ring_request *request)
{
    struct place *place = socket_of(ring, request);
    if (place) {
        place->unsent = request->send.bytes;
        place->unsent_bytes = request->send.byte_count;
        place->sent_bytes = 0;
        begin_wait(place, RING_SEND);
        try_send(ring, place);
    }
}

static void begin_receive(struct epoll_ring *ring, const struct ring_request *request)
{
    struct place *place = socket_of(ring, request);
    if (place) {
        place->into = request->receive.into;
        place->into_bytes = request->receive.byte_count;
        begin_wait(place, RING_RECEIVE);
        if (place->is_readable) {
            try_receive(ring, place);
        }
    }
}

/* An fd that is still registered, from an earlier poll, is armed anew. */
static void begin_poll(struct epoll_ring *ring, const struct ring_request *request)
{
    struct place *place = place_of(ring, request->tag.index);
    CHECK(!place->is_polled);
    struct epoll_event event = {.events = request->mask | EPOLLONESHOT,
                                .data.u64 =
                                    event_data(ring, place, RING_POLL, request->tag.generation)};
    if (epoll_ctl(ring->fd, EPOLL_CTL_MOD, request->fd, &event) != 0 &&
        (errno != ENOENT || epoll_ctl(ring->fd, EPOLL_CTL_ADD, request->fd, &event) != 0)) {
        complete(ring, request->tag, -errno, true);
        return;
    }
    place->is_polled = true;
    place->poll_generation = request->tag.generation;
}

/* The place of an index, found by linear probing; none is ever taken away. */
static struct place *place_of(struct epoll_ring *ring, uint32_t index)
{
    const uint32_t mask = (1U << ring->numbers_bits) - 1;
    uint32_t at = index * HASH_FACTOR >> (32 - ring->numbers_bits);
    while (ring->numbers[at] != 0 && ring->places[ring->numbers[at] - 1].index != index) {
        at = (at + 1) & mask;
    }
    if (ring->numbers[at] == 0) {
        CHECK(ring->place_count < ring->sockets_max);
        ring->places[ring->place_count] =
            (struct place){.index = index, .fd = -1, .generation = NO_GENERATION};
        ring->numbers[at] = ++ring->place_count;
    }
    return &ring->places[ring->numbers[at] - 1];
}

/* The place of a request; a socket that is new there is registered. NULL: it could not be, and the
   request is completed. */
static struct place *socket_of(struct epoll_ring *ring, const struct ring_request *request)
{
    const struct ring_tag tag = request->tag;
    struct place *place = place_of(ring, tag.index);
    if (place->fd == request->fd && place->generation == tag.generation) {
        return place;
    }
    CHECK(place->waiting == 0);
    struct epoll_event event = {.events = SOCKET_EDGES,
                                .data.u64 = event_data(ring, place, SOCKET_OP, tag.generation)};
    if (epoll_ctl(ring->fd, EPOLL_CTL_ADD, request->fd, &event) != 0) {
        complete(ring, tag, -errno, true);
        return NULL;
    }
    place->fd = request->fd;
    place->generation = tag.generation;
    place->is_readable = false;
    place->is_behind = false;
    return place;
}

static void end_connect(struct epoll_ring *ring, struct place *place)
{
    int error_number = 0;
    socklen_t bytes = sizeof(error_number);
    if (getsockopt(place->fd, SOL_SOCKET, SO_ERROR, &error_number, &bytes) != 0) {
        error_number = errno;
    }
    end_wait(ring, place, RING_CONNECT, -error_number, true);
}

/* Until all is handed over, the kernel takes no more, or an error. */
static void try_send(struct epoll_ring *ring, struct place *place)
{
    while (place->unsent_bytes > 0) {
        ssize_t sent =
            send(place->fd, place->unsent, place->unsent_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0 && errno == EAGAIN) {
            return;
        }
        if (sent <= 0) {
            int32_t error = sent < 0 ? -errno : 0;
            end_wait(ring, place, RING_SEND, place->sent_bytes > 0 ? place->sent_bytes : error,
                     true);
            return;
        }
        place->unsent += sent;
        place->unsent_bytes -= (size_t)sent;
        place->sent_bytes += (int32_t)sent;
    }
    end_wait(ring, place, RING_SEND, place->sent_bytes, false);
}

static void try_receive(struct epoll_ring *ring, struct place *place)
{
    ssize_t got;
    do {
        got = recv(place->fd, place->into, place->into_bytes, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        place->is_readable = false;
        return;
    }
    int32_t result = got < 0 ? -errno : (int32_t)got;
    if (got >= 0 && (size_t)got < place->into_bytes && !place->is_behind) {
        place->is_readable = false;
    }
    end_wait(ring, place, RING_RECEIVE, result, true);
}

/* The result of the cancel itself. */
static int32_t cancel(struct epoll_ring *ring, struct ring_tag target)
{
    struct place *place = place_of(ring, target.index);
    switch (target.op) {
    case RING_CONNECT:
    case RING_SEND:
    case RING_RECEIVE:
        if (place->generation != target.generation || !is_waiting(place, target.op)) {
            return -ENOENT;
        }
        end_wait(ring, place, target.op,
                 target.op == RING_SEND && place->sent_bytes > 0 ? place->sent_bytes : -ECANCELED,
                 true);
        return 0;
    case RING_POLL:
        if (!place->is_polled || place->poll_generation != target.generation) {
            return -ENOENT;
        }
        place->is_polled = false;
        complete(ring, target, -ECANCELED, true);
        return 0;
    case RING_CANCEL:
    case RING_UNPOLL:
        return -ENOENT;
    }
    return -ENOENT;
}

static void on_event(struct epoll_ring *ring, const struct epoll_event *event)
{
    // As event_data made it.
    struct ring_tag tag = ring_tag_unpack(event->data.u64);
    CHECK(tag.index < ring->place_count);
    struct place *place = &ring->places[tag.index];
    if (tag.op == SOCKET_OP && place->generation == tag.generation) {
        on_edge(ring, place, event->events);
    } else if (tag.op == RING_POLL && place->is_polled &&
               place->poll_generation == tag.generation) {
        place->is_polled = false;
        tag.index = place->index;
        complete(ring, tag, (int32_t)event->events, true);
    }
}

static void on_edge(struct epoll_ring *ring, struct place *place, uint32_t edges)
{
    if (edges & BEHIND_EDGES) {
        place->is_behind = true;
    }
    if (edges & (EPOLLIN | BEHIND_EDGES)) {
        place->is_readable = true;
    }
    if (is_waiting(place, RING_CONNECT) && edges & WRITABLE_EDGES) {
        end_connect(ring, place);
    }
    if (is_waiting(place, RING_SEND) && edges & WRITABLE_EDGES) {
        try_send(ring, place);
    }
    if (is_waiting(place, RING_RECEIVE) && place->is_readable) {
        try_receive(ring, place);
    }
}

/* What an event bears: a tag, with the place's number for its index. */
static uint64_t event_data(const struct epoll_ring *ring, const struct place *place,
                           enum ring_op op, uint32_t generation)
{
    return ring_tag_pack((struct ring_tag){op, (uint32_t)(place - ring->places), generation});
}

static bool is_waiting(const struct place *place, enum ring_op op)
{
    return (place->waiting & (1U << op)) != 0;
}

static void begin_wait(struct place *place, enum ring_op op)
{
    CHECK(!is_waiting(place, op));
    place->waiting |= (uint8_t)(1U << op);
}

static void end_wait(struct epoll_ring *ring, struct place *place, enum ring_op op, int32_t result,
                     bool is_news)
{
    CHECK(is_waiting(place, op));
    place->waiting &= (uint8_t) ~(1U << op);
    complete(ring, (struct ring_tag){op, place->index, place->generation}, result, is_news);
}

static void complete(struct epoll_ring *ring, struct ring_tag tag, int32_t result, bool is_news)
{
    CHECK(ring->done_count < ring->done_max);
    uint32_t at = ring->done_first + ring->done_count;
    ring->done[at < ring->done_max ? at : at - ring->done_max] = (struct ring_done){tag, result};
    ring->done_count++;
    ring->has_news |= is_news;
}

static uint32_t wait_for_events(struct epoll_ring *ring, uint64_t wait_ns)
{
    int count = -1;
    errno = ENOSYS;
    if (!ring->by_ms) {
        const struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                                      .tv_nsec = (long)(wait_ns % NS_PER_S)};
        count = epoll_pwait2(ring->fd, ring->events, EVENTS_MAX, &wait, NULL);
    }
    // Linux before 5.11, or a seccomp filter that does not know it.
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) {
        ring->by_ms = true;
        uint64_t wait_ms = wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS > 0);
        count = epoll_wait(ring->fd, ring->events, EVENTS_MAX,
                           wait_ms < INT_MAX ? (int)wait_ms : INT_MAX);
    }
    if (count < 0 && errno != EINTR) {
        ring_lost("epoll", strerror(errno));
    }
    return count < 0 ? 0 : (uint32_t)count;
}

static uint32_t take(struct epoll_ring *ring, struct ring_done *done, uint32_t done_max)
{
    uint32_t count = ring->done_count < done_max ? ring->done_count : done_max;
    for (uint32_t i = 0; i < count; i++) {
        done[i] = ring->done[ring->done_first];
        ring->done_first = ring->done_first + 1 < ring->done_max ? ring->done_first + 1 : 0;
    }
    ring->done_count -= count;
    ring->has_news = ring->done_count > 0;
    return count;
}
