#include "real/pipe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/time.h"

static struct ring_tag tag_of(const struct pipe *pipe, enum ring_op op);
static struct ring_tag asked(struct pipe *pipe, enum ring_op op);
static bool is_in_ring(const struct pipe *pipe, enum ring_op op);
static struct pipe_result on_connected(int32_t result);
static struct pipe_result on_sent(struct pipe *pipe, struct ring *ring, int32_t result);
static struct pipe_result on_received(struct pipe *pipe, struct ring *ring, int32_t result);
static void close_fd(struct pipe *pipe);

void pipe_init(struct pipe *pipe, uint32_t index)
{
    *pipe = (struct pipe){.fd = -1, .index = index};
}

bool pipe_connect(struct pipe *pipe, struct ring *ring, const struct address *address,
                  uint64_t unacked_ns, int *error_number)
{
    CHECK(pipe->fd == -1 && pipe->in_ring == 0 && !pipe->closing);
    // Blocking, for the ring: on a non-blocking socket it gives up instead of waiting.
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error_number = errno;
        return false;
    }
    const int on = 1;
    const unsigned unacked_ms = (unsigned)(unacked_ns / NS_PER_MS);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms));
    pipe->fd = fd;
    pipe->generation = (pipe->generation + 1) & RING_GENERATION_MASK;
    ring_connect(ring, fd, (const struct sockaddr *)&address->socket, address->bytes,
                 asked(pipe, RING_CONNECT));
    return true;
}

void pipe_send(struct pipe *pipe, struct ring *ring, const char *bytes, uint32_t byte_count)
{
    CHECK(pipe->fd >= 0 && !pipe->closing && byte_count > 0);
    pipe->unsent = bytes;
    pipe->unsent_bytes = byte_count;
    ring_send(ring, pipe->fd, bytes, byte_count, asked(pipe, RING_SEND));
}

void pipe_receive(struct pipe *pipe, struct ring *ring, char *into, uint32_t byte_count)
{
    CHECK(pipe->fd >= 0 && !pipe->closing && byte_count > 0);
    pipe->into = into;
    pipe->into_bytes = byte_count;
    ring_receive(ring, pipe->fd, into, byte_count, asked(pipe, RING_RECEIVE));
}

bool pipe_is_sending(const struct pipe *pipe)
{
    return is_in_ring(pipe, RING_SEND);
}

struct pipe_result pipe_on_done(struct pipe *pipe, struct ring *ring, const struct ring_done *done)
{
    if (done->tag.generation != pipe->generation || !is_in_ring(pipe, done->tag.op)) {
        return (struct pipe_result){.event = PIPE_NOTHING};
    }
    pipe->in_ring &= (uint8_t) ~(1U << done->tag.op);
    if (pipe->closing) {
        if (pipe->in_ring != 0) {
            return (struct pipe_result){.event = PIPE_NOTHING};
        }
        close_fd(pipe);
        return (struct pipe_result){.event = PIPE_CLOSED};
    }
    switch (done->tag.op) {
    case RING_CONNECT:
        return on_connected(done->result);
    case RING_SEND:
        return on_sent(pipe, ring, done->result);
    case RING_RECEIVE:
        return on_received(pipe, ring, done->result);
    case RING_POLL:
    case RING_CANCEL:
    case RING_UNPOLL:
        break;
    }
    CHECK(!"a pipe neither polls nor cancels while it is open");
    return (struct pipe_result){.event = PIPE_NOTHING};
}

bool pipe_close(struct pipe *pipe, struct ring *ring, bool drop)
{
    CHECK(pipe->fd >= 0 && !pipe->closing);
    pipe->closing = true;
    if (drop) {
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(pipe->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    if (is_in_ring(pipe, RING_CONNECT)) {
        ring_cancel(ring, tag_of(pipe, RING_CONNECT), asked(pipe, RING_CANCEL));
    } else if (pipe->in_ring != 0) {
        // Ends a send and a receive wherever they are; a cancel could come too early or too late.
        (void)shutdown(pipe->fd, SHUT_RDWR);
    }
    if (pipe->in_ring != 0) {
        return false;
    }
    close_fd(pipe);
    return true;
}

static struct ring_tag tag_of(const struct pipe *pipe, enum ring_op op)
{
    return (struct ring_tag){.op = op, .index = pipe->index, .generation = pipe->generation};
}

static struct ring_tag asked(struct pipe *pipe, enum ring_op op)
{
    CHECK(!is_in_ring(pipe, op));
    pipe->in_ring |= (uint8_t)(1U << op);
    return tag_of(pipe, op);
}

static bool is_in_ring(const struct pipe *pipe, enum ring_op op)
{
    return (pipe->in_ring & (1U << op)) != 0;
}

static struct pipe_result on_connected(int32_t result)
{
    if (result == 0) {
        return (struct pipe_result){.event = PIPE_CONNECTED};
    }
    return (struct pipe_result){.event = PIPE_REFUSED, .error_number = -result};
}

static struct pipe_result on_sent(struct pipe *pipe, struct ring *ring, int32_t result)
{
    if (result == -EINTR || result == -EAGAIN) {
        result = 0;
    } else if (result <= 0) {
        return (struct pipe_result){.event = PIPE_LOST, .error_number = -result};
    }
    CHECK((uint32_t)result <= pipe->unsent_bytes);
    pipe->unsent += result;
    pipe->unsent_bytes -= (uint32_t)result;
    if (pipe->unsent_bytes == 0) {
        return (struct pipe_result){.event = PIPE_SENT};
    }
    ring_send(ring, pipe->fd, pipe->unsent, pipe->unsent_bytes, asked(pipe, RING_SEND));
    return (struct pipe_result){.event = PIPE_NOTHING};
}

static struct pipe_result on_received(struct pipe *pipe, struct ring *ring, int32_t result)
{
    if (result == -EINTR || result == -EAGAIN) {
        pipe_receive(pipe, ring, pipe->into, pipe->into_bytes);
        return (struct pipe_result){.event = PIPE_NOTHING};
    }
    if (result < 0) {
        return (struct pipe_result){.event = PIPE_LOST, .error_number = -result};
    }
    if (result == 0) {
        return (struct pipe_result){.event = PIPE_ENDED};
    }
    CHECK((uint32_t)result <= pipe->into_bytes);
    return (struct pipe_result){.event = PIPE_RECEIVED, .bytes = (uint32_t)result};
}

static void close_fd(struct pipe *pipe)
{
    // Never repeated: after close() the number may already be another's, whatever it returned.
    (void)close(pipe->fd);
    pipe->fd = -1;
    pipe->closing = false;
}
