#include "real/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "real/clock.h"

#define BLOCK_BYTES 65536U
#define BLOCKS 128U /* 8 MB: a chunk of 16,000 records is about 1 MB */
#define LIES_MAX_NS (NS_PER_S / 4)
#define CLOSE_WAIT_NS (5 * NS_PER_S)
#define LOOK_EVERY_MS 1

struct block {
    size_t used;
    uint8_t bytes[BLOCK_BYTES];
};

struct trace_file {
    struct trace_sink sink;
    int fd;
    pthread_t thread;
    sem_t work; /* posted for each block handed over */
    /* Blocks handed over and blocks written, counted from the start; block n is blocks[n % BLOCKS].
       The lane alone raises the first, the thread the second. */
    atomic_uint_fast64_t handed_over, written;
    atomic_bool is_closing;
    atomic_int write_errno;
    /* the lane's */
    uint64_t now_ns, handed_over_at_ns;
    uint64_t dropped, dropped_untold;
    struct block blocks[BLOCKS];
};

/* ---- the thread ------------------------------------------------------------------------------ */

static void write_block(struct trace_file *trace, const struct block *block)
{
    size_t done = 0;
    while (done < block->used && atomic_load(&trace->write_errno) == 0) {
        ssize_t written = write(trace->fd, block->bytes + done, block->used - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            atomic_store(&trace->write_errno, errno);
    }
}

static void *write_all(void *context)
{
    struct trace_file *trace = context;
    bool is_closing = false;
    while (!is_closing) {
        while (sem_wait(&trace->work) != 0)
            CHECK(errno == EINTR);
        is_closing = atomic_load(&trace->is_closing); // read first: what came before it is there
        uint64_t handed_over = atomic_load(&trace->handed_over);
        for (uint64_t n = atomic_load(&trace->written); n < handed_over; n++) {
            write_block(trace, &trace->blocks[n % BLOCKS]);
            atomic_store(&trace->written, n + 1);
        }
    }
    return NULL;
}

/* ---- the lane -------------------------------------------------------------------------------- */

static struct block *filling(struct trace_file *trace)
{
    return &trace->blocks[atomic_load(&trace->handed_over) % BLOCKS];
}

/* False: the block after it is not written yet, so it stays. */
static bool hand_over(struct trace_file *trace)
{
    uint64_t handed_over = atomic_load(&trace->handed_over) + 1;
    if (handed_over - atomic_load(&trace->written) >= BLOCKS)
        return false;
    trace->blocks[handed_over % BLOCKS].used = 0;
    atomic_store(&trace->handed_over, handed_over);
    sem_post(&trace->work);
    trace->handed_over_at_ns = trace->now_ns;
    return true;
}

static bool lay(struct trace_file *trace, const uint8_t *bytes, size_t byte_count)
{
    if (filling(trace)->used + byte_count > BLOCK_BYTES && !hand_over(trace))
        return false;
    struct block *block = filling(trace);
    memcpy(block->bytes + block->used, bytes, byte_count);
    block->used += byte_count;
    return true;
}

/* Says in the trace that some are missing here. */
static void take_word(void *context, const uint8_t *bytes, size_t byte_count)
{
    struct trace_file *trace = context;
    if (lay(trace, bytes, byte_count))
        trace->dropped_untold = 0;
}

static void tell_dropped(struct trace_file *trace)
{
    const struct trace_sink sink = {.context = trace, .take = take_word};
    if (trace->dropped_untold > 0)
        trace_dropped(&sink, trace->now_ns, trace->dropped_untold);
}

static void take(void *context, const uint8_t *bytes, size_t byte_count)
{
    struct trace_file *trace = context;
    if (atomic_load(&trace->write_errno) != 0)
        return;
    tell_dropped(trace);
    if (trace->dropped_untold == 0 && lay(trace, bytes, byte_count))
        return;
    trace->dropped++;
    trace->dropped_untold++;
}

const struct trace_sink *trace_file_sink(struct trace_file *trace)
{
    return &trace->sink;
}

void trace_file_events(struct trace_file *trace, const struct event *events, uint32_t event_count,
                       uint64_t now_ns)
{
    if (trace == NULL)
        return;
    trace->now_ns = now_ns;
    for (uint32_t i = 0; i < event_count; i++)
        trace_event(&trace->sink, now_ns, &events[i]);
}

void trace_file_command(struct trace_file *trace, const struct command *command, uint64_t now_ns)
{
    if (trace == NULL)
        return;
    trace->now_ns = now_ns;
    trace_command(&trace->sink, now_ns, command);
}

void trace_file_turn(struct trace_file *trace, uint64_t now_ns)
{
    if (trace == NULL)
        return;
    trace->now_ns = now_ns;
    if (now_ns - trace->handed_over_at_ns >= LIES_MAX_NS && filling(trace)->used > 0)
        (void)hand_over(trace);
}

/* ---- open, close ----------------------------------------------------------------------------- */

/* Signals are the lane's thread's. */
static int start_thread(struct trace_file *trace)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&trace->thread, NULL, write_all, trace);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        pthread_setname_np(trace->thread, "daybook-trace");
    return error;
}

/* No reader, no writer makes it wait: what is no file of a disk, such as a pipe, could for ever. */
static int open_file(struct trace_file *trace, const char *file)
{
    struct stat kind;
    trace->fd = open(file, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (trace->fd < 0)
        return errno == ENXIO ? ENOTSUP : errno;
    if (fstat(trace->fd, &kind) != 0)
        return errno;
    if (S_ISCHR(kind.st_mode))
        return 0;
    if (!S_ISREG(kind.st_mode))
        return ENOTSUP;
    return ftruncate(trace->fd, 0) == 0 ? 0 : errno;
}

struct trace_file *trace_file_open(const char *file, char error[TRACE_FILE_ERROR_BYTES])
{
    struct trace_file *trace = calloc(1, sizeof(*trace));
    if (trace == NULL) {
        snprintf(error, TRACE_FILE_ERROR_BYTES, "%s: out of memory", file);
        return NULL;
    }
    trace->sink = (struct trace_sink){.context = trace, .take = take};
    int problem = open_file(trace, file);
    CHECK(sem_init(&trace->work, 0, 0) == 0);
    if (problem == 0)
        problem = start_thread(trace);
    if (problem == 0)
        return trace;
    snprintf(error, TRACE_FILE_ERROR_BYTES, "%s: %s", file,
             problem == ENOTSUP ? "a pipe or the like, not a file" : strerror(problem));
    if (trace->fd >= 0)
        close(trace->fd);
    sem_destroy(&trace->work);
    free(trace);
    return NULL;
}

/* The last block, and the word about what was dropped: now there is time to wait for room. False:
   the disk is stuck. */
static bool hand_over_rest(struct trace_file *trace, uint64_t until_ns)
{
    while (!hand_over(trace)) {
        if (clock_now_ns() >= until_ns)
            return false;
        (void)poll(NULL, 0, LOOK_EVERY_MS);
    }
    return true;
}

static bool join(struct trace_file *trace, uint64_t until_ns)
{
    int error;
    while ((error = pthread_tryjoin_np(trace->thread, NULL)) == EBUSY && clock_now_ns() < until_ns)
        (void)poll(NULL, 0, LOOK_EVERY_MS);
    CHECK(error == 0 || error == EBUSY);
    return error == 0;
}

static bool end_thread(struct trace_file *trace)
{
    uint64_t until_ns = clock_now_ns() + CLOSE_WAIT_NS;
    bool handed_over = hand_over_rest(trace, until_ns);
    tell_dropped(trace);
    handed_over = handed_over && hand_over_rest(trace, until_ns);
    atomic_store(&trace->is_closing, true);
    sem_post(&trace->work);
    return handed_over && join(trace, until_ns);
}

struct trace_file_end trace_file_close(struct trace_file *trace)
{
    struct trace_file_end end = {.dropped = trace->dropped};
    if (!end_thread(trace)) { // its memory stays, for the thread has it: the process ends soon
        end.write_errno = ETIMEDOUT;
        return end;
    }
    end.write_errno = atomic_load(&trace->write_errno);
    if (close(trace->fd) != 0 && end.write_errno == 0)
        end.write_errno = errno;
    sem_destroy(&trace->work);
    free(trace);
    return end;
}
