/* The ring by io_uring. */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "real/ring_way.h"

#define COMPLETIONS_MAX 65536U

struct uring {
    struct ring ring;
    struct io_uring uring;
    uint32_t soon;   /* asked for since the last wait, and complete as they are handed over */
    bool poll_first; /* the kernel can skip a receive's first, vain attempt */
    bool more;       /* the last turn left completions behind */
};

static void uring_ask(struct ring *ring, const struct ring_request *request);
static void uring_submit(struct ring *ring);
static uint32_t uring_turn(struct ring *ring, uint64_t wait_ns, struct ring_done *done,
                           uint32_t done_max);
static void uring_close(struct ring *ring);
static int setup(struct uring *uring, uint32_t completions);
static const char *missing_feature(const struct io_uring_params *params);
static void refusal_here(int error_number, char error[RING_ERROR_BYTES]);
static int proc_number(const char *file, const char *label);
static struct io_uring_sqe *next_sqe(struct uring *uring);
static void judge_enter(struct uring *uring, int result);
static uint32_t reap(struct uring *uring, struct ring_done *done, uint32_t done_max);

static const struct ring_way uring_way = {
    .ask = uring_ask, .submit = uring_submit, .turn = uring_turn, .close = uring_close};

struct ring *ring_uring_open(uint32_t sockets_max, char error[RING_ERROR_BYTES])
{
    struct uring *uring = calloc(1, sizeof(*uring));
    if (!uring) {
        snprintf(error, RING_ERROR_BYTES, "out of memory");
        return NULL;
    }
    uring->ring.way = &uring_way;
    uint32_t completions = RING_ASKED_MAX * 2;
    while (completions < sockets_max * RING_REQUESTS_PER_SOCKET && completions < COMPLETIONS_MAX) {
        completions *= 2;
    }
    int result = setup(uring, completions);
    if (result < 0) {
        refusal_here(-result, error);
        free(uring);
        return NULL;
    }
    const struct io_uring_params features = {.features = uring->uring.features};
    const char *missing = missing_feature(&features);
    if (missing) {
        snprintf(error, RING_ERROR_BYTES,
                 "this kernel's io_uring lacks %s\nHINT: use Linux 5.11 or newer (6.1 is best)",
                 missing);
        uring_close(&uring->ring);
        return NULL;
    }
    // Saves the look-up of the ring's fd at every enter; doing without only costs time.
    (void)io_uring_register_ring_fd(&uring->uring);
    return &uring->ring;
}

bool ring_uring_probe(char error[RING_ERROR_BYTES])
{
    struct uring *uring = (struct uring *)ring_uring_open(1, error);
    if (!uring) {
        return false;
    }
    struct io_uring_cqe *done;
    struct __kernel_timespec timeout = {.tv_sec = 1};
    io_uring_prep_nop(io_uring_get_sqe(&uring->uring));
    int result = io_uring_submit_and_wait_timeout(&uring->uring, &done, 1, &timeout, NULL);
    if (result < 0) {
        refusal_here(-result, error);
    }
    uring_close(&uring->ring);
    return result >= 0;
}

static void uring_ask(struct ring *ring, const struct ring_request *request)
{
    struct uring *uring = (struct uring *)ring;
    struct io_uring_sqe *sqe = next_sqe(uring);
    switch (request->tag.op) {
    case RING_CONNECT:
        io_uring_prep_connect(sqe, request->fd, request->connect.address, request->connect.bytes);
        break;
    case RING_SEND:
        io_uring_prep_send(sqe, request->fd, request->send.bytes, request->send.byte_count,
                           MSG_NOSIGNAL | MSG_WAITALL);
        uring->soon++;
        break;
    case RING_RECEIVE:
        io_uring_prep_recv(sqe, request->fd, request->receive.into, request->receive.byte_count, 0);
        if (uring->poll_first) {
            sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
        }
        break;
    case RING_POLL:
        io_uring_prep_poll_add(sqe, request->fd, request->mask);
        break;
    case RING_CANCEL:
    case RING_UNPOLL:
        io_uring_prep_cancel64(sqe, ring_tag_pack(request->target), 0);
        uring->soon++;
        break;
    }
    sqe->user_data = ring_tag_pack(request->tag);
}

static void uring_submit(struct ring *ring)
{
    struct uring *uring = (struct uring *)ring;
    if (io_uring_sq_ready(&uring->uring) > 0) {
        judge_enter(uring, io_uring_submit(&uring->uring));
    }
}

static uint32_t uring_turn(struct ring *ring, uint64_t wait_ns, struct ring_done *done,
                           uint32_t done_max)
{
    struct uring *uring = (struct uring *)ring;
    int result;
    if (wait_ns == 0 || uring->more) {
        result = io_uring_submit_and_get_events(&uring->uring);
    } else {
        // A send completes as it is handed over, which is no reason to come back: wait for one
        // more than those. Should a send have to wait, the time-out bounds what this costs.
        struct __kernel_timespec timeout = {.tv_sec = (int64_t)(wait_ns / NS_PER_S),
                                            .tv_nsec = (long long)(wait_ns % NS_PER_S)};
        struct io_uring_cqe *first;
        result = io_uring_submit_and_wait_timeout(&uring->uring, &first, uring->soon + 1, &timeout,
                                                  NULL);
    }
    uring->soon = 0;
    judge_enter(uring, result);
    return reap(uring, done, done_max);
}

static void uring_close(struct ring *ring)
{
    struct uring *uring = (struct uring *)ring;
    io_uring_queue_exit(&uring->uring);
    free(uring);
}

static void refusal_here(int error_number, char error[RING_ERROR_BYTES])
{
    ring_refusal(error_number, proc_number("/proc/sys/kernel/io_uring_disabled", ""),
                 proc_number("/proc/self/status", "Seccomp:"), error);
}

/* Newest way first; what the kernel does not know it refuses with EINVAL. */
static int setup(struct uring *uring, uint32_t completions)
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
        result = io_uring_queue_init_params(RING_ASKED_MAX, &uring->uring, &params);
        uring->poll_first = ways[i].poll_first;
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

static struct io_uring_sqe *next_sqe(struct uring *uring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->uring);
    for (int tries = 0; !sqe; tries++) {
        // Full: hand over and go on. The kernel makes progress, or something is badly broken.
        CHECK(tries < 1000);
        uring_submit(&uring->ring);
        sqe = io_uring_get_sqe(&uring->uring);
    }
    return sqe;
}

static void judge_enter(struct uring *uring, int result)
{
    if (*uring->uring.cq.koverflow != 0) {
        ring_lost("io_uring", "the completion queue overflowed");
    }
    // -ETIME: time is up. -EINTR: a signal. -EAGAIN, -EBUSY: the kernel is short of memory or wants
    // completions taken first; what was not handed over stays queued for the next time.
    if (result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
        result == -EBUSY) {
        return;
    }
    ring_lost("io_uring", result == -EBADR ? "the kernel dropped a completion" : strerror(-result));
}

static uint32_t reap(struct uring *uring, struct ring_done *done, uint32_t done_max)
{
    uint32_t count = 0;
    unsigned head;
    struct io_uring_cqe *cqe;
    io_uring_for_each_cqe(&uring->uring, head, cqe)
    {
        if (count == done_max) {
            break;
        }
        done[count++] = (struct ring_done){ring_tag_unpack(cqe->user_data), cqe->res};
    }
    io_uring_cq_advance(&uring->uring, count);
    uring->more = count == done_max;
    return count;
}
