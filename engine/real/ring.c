#include "real/ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "real/ring_way.h"

static void ask(struct ring *ring, const struct ring_request *request);

const char *ring_io_name(enum ring_io io)
{
    static const char *const names[] = {
        [RING_AUTO] = "auto", [RING_URING] = "uring", [RING_EPOLL] = "epoll"};
    return names[io];
}

bool ring_probe(enum ring_io io, char error[RING_ERROR_BYTES])
{
    CHECK(io != RING_AUTO);
    if (io == RING_URING) {
        return ring_uring_probe(error);
    }
    struct ring *ring = ring_epoll_open(1, error);
    bool is_good = ring != NULL;
    ring_close(ring);
    return is_good;
}

enum ring_io ring_choose(enum ring_io wanted, char reason[RING_ERROR_BYTES])
{
    reason[0] = '\0';
    if (wanted != RING_AUTO) {
        return wanted;
    }
    char error[RING_ERROR_BYTES];
    if (ring_probe(RING_URING, error)) {
        return RING_URING;
    }
    snprintf(reason, RING_ERROR_BYTES, "%.*s", (int)strcspn(error, "\n"), error);
    return RING_EPOLL;
}

struct ring *ring_open(enum ring_io io, uint32_t sockets_max, char error[RING_ERROR_BYTES])
{
    CHECK(sockets_max > 0);
    char reason[RING_ERROR_BYTES];
    if (ring_choose(io, reason) == RING_EPOLL) {
        return ring_epoll_open(sockets_max, error);
    }
    struct ring *ring = ring_uring_open(sockets_max, error);
    if (!ring) {
        size_t used = strlen(error);
        snprintf(error + used, RING_ERROR_BYTES - used, "; or set run.io: auto, or epoll");
    }
    return ring;
}

void ring_close(struct ring *ring)
{
    if (ring) {
        ring->way->close(ring);
    }
}

void ring_connect(struct ring *ring, int fd, const struct sockaddr *address, socklen_t bytes,
                  struct ring_tag tag)
{
    CHECK(tag.op == RING_CONNECT);
    const struct ring_request request = {
        .tag = tag, .fd = fd, .connect = {.address = address, .bytes = bytes}};
    ask(ring, &request);
}

void ring_send(struct ring *ring, int fd, const void *bytes, size_t byte_count, struct ring_tag tag)
{
    CHECK(tag.op == RING_SEND && byte_count <= INT32_MAX);
    const struct ring_request request = {
        .tag = tag, .fd = fd, .send = {.bytes = bytes, .byte_count = byte_count}};
    ask(ring, &request);
}

void ring_receive(struct ring *ring, int fd, void *into, size_t byte_count, struct ring_tag tag)
{
    CHECK(tag.op == RING_RECEIVE && byte_count <= INT32_MAX);
    const struct ring_request request = {
        .tag = tag, .fd = fd, .receive = {.into = into, .byte_count = byte_count}};
    ask(ring, &request);
}

void ring_poll(struct ring *ring, int fd, uint32_t mask, struct ring_tag tag)
{
    CHECK(tag.op == RING_POLL);
    const struct ring_request request = {.tag = tag, .fd = fd, .mask = mask};
    ask(ring, &request);
}

void ring_cancel(struct ring *ring, struct ring_tag target, struct ring_tag tag)
{
    CHECK(tag.op == RING_CANCEL || tag.op == RING_UNPOLL);
    const struct ring_request request = {.tag = tag, .fd = -1, .target = target};
    ask(ring, &request);
}

void ring_submit(struct ring *ring)
{
    ring->way->submit(ring);
}

uint32_t ring_turn(struct ring *ring, uint64_t wait_ns, struct ring_done *done, uint32_t done_max)
{
    CHECK(done_max > 0);
    uint32_t count = ring->way->turn(ring, wait_ns, done, done_max);
    CHECK(count <= done_max && count <= ring->outstanding);
    ring->outstanding -= count;
    return count;
}

uint32_t ring_outstanding(const struct ring *ring)
{
    return ring->outstanding;
}

uint64_t ring_tag_pack(struct ring_tag tag)
{
    CHECK(tag.generation <= RING_GENERATION_MASK);
    return (uint64_t)tag.op << 56 | (uint64_t)tag.generation << 32 | tag.index;
}

struct ring_tag ring_tag_unpack(uint64_t packed)
{
    return (struct ring_tag){.op = (enum ring_op)(packed >> 56),
                             .generation = (uint32_t)(packed >> 32) & RING_GENERATION_MASK,
                             .index = (uint32_t)packed};
}

void ring_refusal(int error_number, int disabled, int seccomp, char error[RING_ERROR_BYTES])
{
    const char *why = "the kernel refuses io_uring";
    const char *hint = "run `daybook doctor`, or use Linux 5.11 or newer (6.1 is best)";
    if (error_number == EPERM && disabled == 2) {
        why = "the kernel has io_uring switched off";
        hint = "as root: sysctl kernel.io_uring_disabled=0";
    } else if ((error_number == EPERM || error_number == ENOSYS) && seccomp == 2) {
        why = "a seccomp filter blocks io_uring";
        hint = "container runtimes do so by default: allow io_uring_setup, io_uring_enter and "
               "io_uring_register in the container's seccomp profile (docker run --security-opt "
               "seccomp=/usr/share/daybook/seccomp.json; Kubernetes: seccompProfile type "
               "Localhost)";
    } else if (error_number == EPERM && disabled == 1) {
        why = "the kernel allows io_uring to privileged users only";
        hint = "as root: sysctl kernel.io_uring_disabled=0";
    } else if (error_number == ENOSYS) {
        why = "the kernel does not have io_uring";
    } else if (error_number == ENOMEM) {
        why = "no memory for io_uring's ring";
        hint = "raise the locked-memory limit (ulimit -l, systemd: LimitMEMLOCK=)";
    } else if (error_number == EMFILE || error_number == ENFILE) {
        why = "too many open files for io_uring";
        hint = "raise the open-files limit (ulimit -n, systemd: LimitNOFILE=)";
    }
    snprintf(error, RING_ERROR_BYTES, "%s (%s)\nHINT: %s", why, strerror(error_number), hint);
}

_Noreturn void ring_lost(const char *way, const char *what)
{
    fprintf(stderr,
            "daybook: %s failed: %s\n"
            "HINT: nothing is lost; start the same command again\n",
            way, what);
    abort();
}

static void ask(struct ring *ring, const struct ring_request *request)
{
    ring->way->ask(ring, request);
    ring->outstanding++;
}
