#include "real/ring.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* Requests handed over at once; more in one turn go in several portions. */
#define SUBMIT_ENTRIES 512U
/* A socket has at most these outstanding: connect or receive, send, cancel; and one to spare. */
#define REQUESTS_PER_SOCKET 4U
#define COMPLETIONS_MAX 65536U

struct ring {
    struct io_uring uring;
    uint32_t outstanding;
    uint32_t soon;   /* asked for since the last wait, and complete as they are handed over */
    bool poll_first; /* the kernel can skip a receive's first, vain attempt */
    bool more;       /* the last turn left completions behind */
};

static int setup(struct ring *ring, uint32_t completions);
static const char *missing_feature(const struct io_uring_params *params);
static int proc_number(const char *file, const char *label);
static struct io_uring_sqe *next_sqe(struct ring *ring);
static void judge_enter(struct ring *ring, int result);
static uint32_t reap(struct ring *ring, struct ring_done *done, uint32_t done_max);
_Noreturn static void lost(const char *what);

static void refusal_here(int error_number, char error[RING_ERROR_BYTES])
{
    ring_refusal(error_number, proc_number("/proc/sys/kernel/io_uring_disabled", ""),
                 proc_number("/proc/self/status", "Seccomp:"), error);
}

struct ring *ring_open(uint32_t sockets_max, char error[RING_ERROR_BYTES])
{
    struct ring *ring = calloc(1, sizeof(*ring));
    if (!ring) {
        snprintf(error, RING_ERROR_BYTES, "out of memory");
        return NULL;
    }
    uint32_t completions = SUBMIT_ENTRIES * 2;
    while (completions < sockets_max * REQUESTS_PER_SOCKET && completions < COMPLETIONS_MAX) {
        completions *= 2;
    }
    int result = setup(ring, completions);
    if (result < 0) {
        refusal_here(-result, error);
        free(ring);
        return NULL;
    }
    const struct io_uring_params features = {.features = ring->uring.features};
    const char *missing = missing_feature(&features);
    if (missing) {
        snprintf(error, RING_ERROR_BYTES,
                 "this kernel's io_uring lacks %s\nHINT: use Linux 5.11 or newer (6.1 is best)",
                 missing);
        ring_close(ring);
        return NULL;
    }
    // Saves the look-up of the ring's fd at every enter; doing without only costs time.
    (void)io_uring_register_ring_fd(&ring->uring);
    return ring;
}

void ring_close(struct ring *ring)
{
    if (ring) {
        io_uring_queue_exit(&ring->uring);
        free(ring);
    }
}

bool ring_probe(char error[RING_ERROR_BYTES])
{
    struct ring *ring = ring_open(1, error);
    if (!ring) {
        return false;
    }
    struct io_uring_cqe *done;
    struct __kernel_timespec timeout = {.tv_sec = 1};
    io_uring_prep_nop(io_uring_get_sqe(&ring->uring));
    int result = io_uring_submit_and_wait_timeout(&ring->uring, &done, 1, &timeout, NULL);
    if (result < 0) {
        refusal_here(-result, error);
    }
    ring_close(ring);
    return result >= 0;
}

void ring_connect(struct ring *ring, int fd, const struct sockaddr *address, socklen_t bytes,
                  struct ring_tag tag)
{
    CHECK(tag.op == RING_CONNECT);
    struct io_uring_sqe *sqe = next_sqe(ring);
    io_uring_prep_connect(sqe, fd, address, bytes);
    sqe->user_data = ring_tag_pack(tag);
}

void ring_send(struct ring *ring, int fd, const void *bytes, size_t byte_count, struct ring_tag tag)
{
    CHECK(tag.op == RING_SEND);
    struct io_uring_sqe *sqe = next_sqe(ring);
    io_uring_prep_send(sqe, fd, bytes, byte_count, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->user_data = ring_tag_pack(tag);
    ring->soon++;
}

void ring_receive(struct ring *ring, int fd, void *into, size_t byte_count, struct ring_tag tag)
{
    CHECK(tag.op == RING_RECEIVE);
    struct io_uring_sqe *sqe = next_sqe(ring);
    io_uring_prep_recv(sqe, fd, into, byte_count, 0);
    if (ring->poll_first) {
        sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    }
    sqe->user_data = ring_tag_pack(tag);
}

void ring_poll(struct ring *ring, int fd, uint32_t mask, struct ring_tag tag)
{
    CHECK(tag.op == RING_POLL);
    struct io_uring_sqe *sqe = next_sqe(ring);
    io_uring_prep_poll_add(sqe, fd, mask);
    sqe->user_data = ring_tag_pack(tag);
}

void ring_cancel(struct ring *ring, struct ring_tag target, struct ring_tag tag)
{
    CHECK(tag.op == RING_CANCEL || tag.op == RING_UNPOLL);
    struct io_uring_sqe *sqe = next_sqe(ring);
    io_uring_prep_cancel64(sqe, ring_tag_pack(target), 0);
    sqe->user_data = ring_tag_pack(tag);
    ring->soon++;
}

void ring_submit(struct ring *ring)
{
    if (io_uring_sq_ready(&ring->uring) > 0) {
        judge_enter(ring, io_uring_submit(&ring->uring));
    }
}

uint32_t ring_turn(struct ring *ring, uint64_t wait_ns, struct ring_done *done, uint32_t done_max)
{
    CHECK(done_max > 0);
    int result;
    if (wait_ns == 0 || ring->more) {
        result = io_uring_submit_and_get_events(&ring->uring);
    } else {
        // A send completes as it is handed over, which is no reason to come back: wait for one
        // more than those. Should a send have to wait, the time-out bounds what this costs.
        struct __kernel_timespec timeout = {.tv_sec = (int64_t)(wait_ns / NS_PER_S),
                                            .tv_nsec = (long long)(wait_ns % NS_PER_S)};
        struct io_uring_cqe *first;
        result =
            io_uring_submit_and_wait_timeout(&ring->uring, &first, ring->soon + 1, &timeout, NULL);
    }
    ring->soon = 0;
    judge_enter(ring, result);
    return reap(ring, done, done_max);
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
    const char *why = "the kernel refused it";
    const char *hint = "run `daybook doctor`, or use Linux 5.11 or newer (6.1 is best)";
    if (error_number == EPERM && disabled == 2) {
        why = "the kernel has it switched off";
        hint = "as root: sysctl kernel.io_uring_disabled=0";
    } else if ((error_number == EPERM || error_number == ENOSYS) && seccomp == 2) {
        why = "a seccomp filter blocks it, as container runtimes do by default";
        hint = "allow io_uring_setup, io_uring_enter and io_uring_register in the container's "
               "seccomp profile (docker run --security-opt "
               "seccomp=/usr/share/daybook/seccomp.json; Kubernetes: seccompProfile type "
               "Localhost)";
    } else if (error_number == EPERM && disabled == 1) {
        why = "the kernel allows it to privileged users only";
        hint = "as root: sysctl kernel.io_uring_disabled=0";
    } else if (error_number == ENOSYS) {
        why = "the kernel does not have it";
    } else if (error_number == ENOMEM) {
        why = "no memory for the ring";
        hint = "raise the locked-memory limit (ulimit -l, systemd: LimitMEMLOCK=)";
    } else if (error_number == EMFILE || error_number == ENFILE) {
        why = "too many open files";
        hint = "raise the open-files limit (ulimit -n, systemd: LimitNOFILE=)";
    }
    snprintf(error, RING_ERROR_BYTES, "io_uring cannot be used: %s (%s)\nHINT: %s", why,
             strerror(error_number), hint);
}

/* Newest way first; what the kernel does not know it refuses with EINVAL. */
static int setup(struct ring *ring, uint32_t completions)
{
    static const struct {
        unsigned flags;
        bool poll_first;
    } ways[] = {
        {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, true}, // 6.1
        {IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, true},   // 5.19
        {0, false},
    };
    int result = -EINVAL;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && result == -EINVAL; i++) {
        struct io_uring_params params = {.flags = ways[i].flags | IORING_SETUP_CQSIZE,
                                         .cq_entries = completions};
        result = io_uring_queue_init_params(SUBMIT_ENTRIES, &ring->uring, &params);
        ring->poll_first = ways[i].poll_first;
    }
    return result;
}

static const char *missing_feature(const struct io_uring_params *params)
{
    if (!(params->features & IORING_FEAT_NODROP)) {
        return "NODROP (completions could be lost)";
    }
    if (!(params->features & IORING_FEAT_EXT_ARG)) {
        return "EXT_ARG (waiting with a time-out)";
    }
    if (!(params->features & IORING_FEAT_FAST_POLL)) {
        return "FAST_POLL (sockets without helper threads)";
    }
    return NULL;
}

/* The number after `label` in a small file, or -1. */
static int proc_number(const char *file, const char *label)
{
    FILE *stream = fopen(file, "re");
    if (!stream) {
        return -1;
    }
    int number = -1;
    char line[256];
    size_t label_bytes = strlen(label);
    while (number < 0 && fgets(line, sizeof(line), stream)) {
        if (strncmp(line, label, label_bytes) == 0) {
            number = (int)strtol(line + label_bytes, NULL, 10);
        }
    }
    fclose(stream);
    return number;
}

static struct io_uring_sqe *next_sqe(struct ring *ring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
    for (int tries = 0; !sqe; tries++) {
        // Full: hand over and go on. The kernel makes progress, or something is badly broken.
        CHECK(tries < 1000);
        ring_submit(ring);
        sqe = io_uring_get_sqe(&ring->uring);
    }
    ring->outstanding++;
    return sqe;
}

static void judge_enter(struct ring *ring, int result)
{
    if (*ring->uring.cq.koverflow != 0) {
        lost("the completion queue overflowed");
    }
    // -ETIME: time is up. -EINTR: a signal. -EAGAIN, -EBUSY: the kernel is short of memory or wants
    // completions taken first; what was not handed over stays queued for the next time.
    if (result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
        result == -EBUSY) {
        return;
    }
    lost(result == -EBADR ? "the kernel dropped a completion" : strerror(-result));
}

static uint32_t reap(struct ring *ring, struct ring_done *done, uint32_t done_max)
{
    uint32_t count = 0;
    unsigned head;
    struct io_uring_cqe *cqe;
    io_uring_for_each_cqe(&ring->uring, head, cqe)
    {
        if (count == done_max) {
            break;
        }
        done[count++] = (struct ring_done){ring_tag_unpack(cqe->user_data), cqe->res};
    }
    io_uring_cq_advance(&ring->uring, count);
    CHECK(ring->outstanding >= count);
    ring->outstanding -= count;
    ring->more = count == done_max;
    return count;
}

/* Going on would mean to wait for ever for what cannot come; every start is a resume. */
_Noreturn static void lost(const char *what)
{
    fprintf(stderr,
            "daybook: io_uring failed: %s\n"
            "HINT: nothing is lost; start the same command again\n",
            what);
    abort();
}
