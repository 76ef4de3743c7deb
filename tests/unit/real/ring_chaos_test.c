/* Whatever may happen to sockets on the ring, in any order, drawn from a seed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/time.h"
#include "real/ring.h"
#include "ring_both.h"

#define PAIRS 12U
#define STEPS 20000
#define CHUNK 3000
#define SEED 20261130

struct end {
    int fds[2];
    uint32_t generation;
    bool sends, receives;       /* asked for, not completed */
    uint32_t sent_at, peer_got; /* towards the peer: bytes completed; bytes that it took */
    uint32_t peer_sent, got_at; /* from the peer */
    uint32_t asked_bytes;
    bool broken; /* shut down, or the peer has gone */
    char out[CHUNK], in[CHUNK];
};

struct chaos {
    struct ring *ring;
    struct prng prng;
    struct end ends[PAIRS];
};

static char byte_at(uint32_t at)
{
    return (char)(at * 131 + at / 251);
}

static void begin_end(struct end *end)
{
    uint32_t generation = end->generation + 1;
    memset(end, 0, sizeof(*end));
    end->generation = generation;
    open_pair(end->fds);
    const int small = 4096;
    assert_int_equal(setsockopt(end->fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
}

static struct ring_tag tag_of(const struct chaos *chaos, const struct end *end, enum ring_op op)
{
    return (struct ring_tag){op, (uint32_t)(end - chaos->ends), end->generation};
}

static void chaos_send(struct chaos *chaos, struct end *end)
{
    if (!end->sends) {
        end->asked_bytes = 1 + (uint32_t)prng_below(&chaos->prng, CHUNK);
        for (uint32_t i = 0; i < end->asked_bytes; i++) {
            end->out[i] = byte_at(end->sent_at + i);
        }
        ring_send(chaos->ring, end->fds[0], end->out, end->asked_bytes,
                  tag_of(chaos, end, RING_SEND));
        end->sends = true;
    }
}

static void chaos_receive(struct chaos *chaos, struct end *end)
{
    if (!end->receives) {
        ring_receive(chaos->ring, end->fds[0], end->in, 1 + (size_t)prng_below(&chaos->prng, CHUNK),
                     tag_of(chaos, end, RING_RECEIVE));
        end->receives = true;
    }
}

static void peer_writes(struct chaos *chaos, struct end *end)
{
    char bytes[CHUNK];
    uint32_t count = 1 + (uint32_t)prng_below(&chaos->prng, CHUNK);
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = byte_at(end->peer_sent + i);
    }
    ssize_t sent = send(end->fds[1], bytes, count, MSG_NOSIGNAL);
    end->peer_sent += sent > 0 ? (uint32_t)sent : 0;
}

static void peer_reads(struct chaos *chaos, struct end *end)
{
    char bytes[CHUNK];
    ssize_t got =
        recv(end->fds[1], bytes, 1 + (size_t)prng_below(&chaos->prng, CHUNK), MSG_DONTWAIT);
    for (ssize_t i = 0; i < got; i++) {
        assert_int_equal(bytes[i], byte_at(end->peer_got + (uint32_t)i));
    }
    end->peer_got += got > 0 ? (uint32_t)got : 0;
}

static void on_sent(struct end *end, int32_t result)
{
    assert_true(end->sends);
    end->sends = false;
    assert_true(result == (int32_t)end->asked_bytes ||
                (end->broken && result < (int32_t)end->asked_bytes));
    end->sent_at += result > 0 ? (uint32_t)result : 0;
}

static void on_received(struct end *end, int32_t result)
{
    assert_true(end->receives);
    end->receives = false;
    assert_true(result > 0 || end->broken);
    for (int32_t i = 0; i < result; i++) {
        assert_int_equal(end->in[i], byte_at(end->got_at + (uint32_t)i));
    }
    end->got_at += result > 0 ? (uint32_t)result : 0;
}

static void chaos_turn(struct chaos *chaos, uint64_t wait_ns)
{
    struct ring_done done[PAIRS * 2];
    uint32_t count =
        ring_turn(chaos->ring, wait_ns, done, 1 + (uint32_t)prng_below(&chaos->prng, PAIRS * 2));
    for (uint32_t i = 0; i < count; i++) {
        struct end *end = &chaos->ends[done[i].tag.index];
        assert_int_equal(done[i].tag.generation, end->generation);
        if (done[i].tag.op == RING_SEND) {
            on_sent(end, done[i].result);
        } else {
            assert_int_equal(done[i].tag.op, RING_RECEIVE);
            on_received(end, done[i].result);
        }
    }
}

/* Shut down by one side or the other; all that was asked for completes; another one comes. */
static void chaos_end(struct chaos *chaos, struct end *end)
{
    end->broken = true;
    bool by_peer = prng_below(&chaos->prng, 2) == 0;
    if (by_peer) {
        close(end->fds[1]);
    } else {
        shutdown(end->fds[0], SHUT_RDWR);
    }
    while (end->sends || end->receives) {
        chaos_turn(chaos, NS_PER_MS); // a send alone is no reason to come back
    }
    close(end->fds[0]);
    if (!by_peer) {
        close(end->fds[1]);
    }
    begin_end(end);
}

/* Everything that was handed over arrives, both ways. */
static void settle_all(struct chaos *chaos)
{
    for (uint32_t i = 0; i < PAIRS; i++) {
        struct end *end = &chaos->ends[i];
        while (end->sends || end->got_at < end->peer_sent || end->peer_got < end->sent_at) {
            if (end->got_at < end->peer_sent) {
                chaos_receive(chaos, end);
            }
            peer_reads(chaos, end);
            chaos_turn(chaos, 0);
        }
        assert_int_equal(end->peer_got, end->sent_at);
        assert_int_equal(end->got_at, end->peer_sent);
    }
}

static void every_request_completes_once_and_no_byte_is_lost(void **state)
{
    static struct chaos chaos;
    memset(&chaos, 0, sizeof(chaos));
    chaos.ring = open_ring(state, PAIRS);
    prng_init(&chaos.prng, SEED);
    for (uint32_t i = 0; i < PAIRS; i++) {
        begin_end(&chaos.ends[i]);
    }
    for (int step = 0; step < STEPS; step++) {
        struct end *end = &chaos.ends[prng_below(&chaos.prng, PAIRS)];
        uint64_t what = prng_below(&chaos.prng, 1000);
        if (what < 5) {
            chaos_end(&chaos, end);
        } else if (what < 200) {
            chaos_send(&chaos, end);
        } else if (what < 400) {
            chaos_receive(&chaos, end);
        } else if (what < 600) {
            peer_writes(&chaos, end);
        } else if (what < 800) {
            peer_reads(&chaos, end);
        } else if (what < 850) {
            ring_submit(chaos.ring);
        } else {
            chaos_turn(&chaos, 0);
        }
    }
    settle_all(&chaos);
    for (uint32_t i = 0; i < PAIRS; i++) {
        chaos_end(&chaos, &chaos.ends[i]);
        close_pair(chaos.ends[i].fds);
    }
    assert_int_equal(ring_outstanding(chaos.ring), 0);
    ring_close(chaos.ring);
}

int main(void)
{
    const struct CMUnitTest both[] = {
        cmocka_unit_test(every_request_completes_once_and_no_byte_is_lost),
    };
    int failed = cmocka_run_group_tests_name("io_uring", both, ring_by_uring, NULL);
    return failed + cmocka_run_group_tests_name("epoll", both, ring_by_epoll, NULL);
}
