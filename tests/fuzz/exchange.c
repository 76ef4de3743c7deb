/*
 * A lane's connections to a bank, against a kernel and a bank that do as the input says: each byte
 * is a move (a call, a cancel, a completion with its result, bytes of an answer). Time and sockets
 * are ours, so that any order of completions can come.
 *
 * Held: every call has one reply; NOT_DONE only where nothing was handed to the kernel; an answer
 * with a status is what one whole answer on that connection says; a connection whose last exchange
 * was not exactly one whole answer carries no other.
 */
#include <errno.h>

#include "base/time.h"
#include "core/limits.h"
#include "fuzz.h"
#include "real/bank.h"
#include "unit/wire/rest.h"
#include "wire/http.h"

#define AMOUNT 700
#define CONNECTIONS 3U
#define PENDING_MAX 16U
#define MOVES_MAX 400
#define STREAM_BYTES 8192U
#define BODY_BYTES 4096U /* as the lane's connections have */
#define SCRATCH_BYTES (64U * 1024)

struct pending {
    struct ring_tag tag;
    int fd;
    void *into;
    size_t byte_count;
};

/* The kernel's and the bank's side of a connection. */
struct line {
    int fd;               /* -1: none */
    uint32_t call;        /* 1 + the call that has it; 0: none */
    uint32_t sent_bytes;  /* of this exchange */
    size_t unsent_bytes;  /* of its request */
    uint32_t told_bytes;  /* of `told`: delivered in this exchange */
    uint32_t ready_bytes; /* of `ready`: on their way to be delivered */
    bool is_asked;
    bool is_broken; /* ended, failed, or bytes while nothing was asked */
    bool is_ended;
    char sent[REQUEST_BYTES_MAX];
    char told[STREAM_BYTES];
    char ready[STREAM_BYTES];
};

struct asked {
    bool is_open; /* no reply yet */
    bool is_handed_over;
    enum call_kind kind;
    uint32_t generation;
    int line; /* -1: none */
};

struct ring {
    struct pending pending[PENDING_MAX];
    uint32_t pending_count;
};

static struct world {
    struct ring ring;
    struct line lines[CONNECTIONS];
    struct asked calls[CONNECTIONS];
    uint32_t next_generation;
    uint32_t calling; /* 1 + the call that bank_call is given now; 0: none */
    bool is_silent;
    struct bank *bank;
    uint64_t now_ns;
    const uint8_t *at, *end;
} world;

static const struct profile *profile;
static struct profile_scratch *scratch;
static struct hash *hash;
static struct transfer_order order;

/* ---- the kernel ---- */

static struct line *line_of(int fd)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (world.lines[i].fd == fd)
            return &world.lines[i];
    return NULL;
}

static void add_pending(struct ring *ring, struct pending pending)
{
    FUZZ_HOLDS(ring->pending_count < PENDING_MAX);
    ring->pending[ring->pending_count++] = pending;
}

void ring_connect(struct ring *ring, int fd, const struct sockaddr *address, socklen_t bytes,
                  struct ring_tag tag)
{
    (void)address;
    (void)bytes;
    // The number may have been another connection's, which is closed now.
    struct line *line = line_of(fd);
    for (uint32_t i = 0; line == NULL && i < CONNECTIONS; i++)
        if (tag.index == i)
            line = &world.lines[i];
    FUZZ_HOLDS(line != NULL && world.calling != 0);
    for (uint32_t i = 0; i < ring->pending_count; i++)
        FUZZ_HOLDS(ring->pending[i].fd != fd);
    line->fd = fd;
    line->call = world.calling;
    line->sent_bytes = line->told_bytes = line->ready_bytes = 0;
    line->unsent_bytes = 0;
    line->is_asked = line->is_broken = line->is_ended = false;
    world.calls[world.calling - 1].line = (int)(line - world.lines);
    add_pending(ring, (struct pending){.tag = tag, .fd = fd});
}

/* What was delivered since the last request, as one answer? */
static enum http_result read_told(const struct line *line, struct http_answer *answer,
                                  char body[BODY_BYTES])
{
    http_begin(answer, body, BODY_BYTES);
    enum http_result result = http_feed(answer, line->told, line->told_bytes);
    if (result == HTTP_MORE && line->is_ended)
        result = http_finish(answer);
    return result;
}

static void begin_exchange(struct line *line)
{
    struct http_answer answer;
    char body[BODY_BYTES];
    FUZZ_HOLDS(!world.is_silent && !line->is_broken);
    if (line->is_asked) {
        FUZZ_HOLDS(read_told(line, &answer, body) == HTTP_COMPLETE && answer.keep_alive);
        FUZZ_HOLDS(world.calling != 0);
    } else {
        FUZZ_HOLDS(line->told_bytes == 0);
    }
    if (world.calling != 0) {
        line->call = world.calling;
        world.calls[world.calling - 1].line = (int)(line - world.lines);
    }
    line->is_asked = true;
    line->sent_bytes = line->told_bytes = 0;
}

void ring_send(struct ring *ring, int fd, const void *bytes, size_t byte_count, struct ring_tag tag)
{
    struct line *line = line_of(fd);
    FUZZ_HOLDS(line != NULL);
    // The rest of a request that left in part is a part of the same exchange.
    if (line->unsent_bytes == 0)
        begin_exchange(line);
    line->unsent_bytes = byte_count;
    world.calls[line->call - 1].is_handed_over = true;
    add_pending(ring, (struct pending){.tag = tag,
                                       .fd = fd,
                                       .into = (void *)(uintptr_t)bytes,
                                       .byte_count = byte_count});
}

void ring_receive(struct ring *ring, int fd, void *into, size_t byte_count, struct ring_tag tag)
{
    FUZZ_HOLDS(line_of(fd) != NULL);
    add_pending(ring,
                (struct pending){.tag = tag, .fd = fd, .into = into, .byte_count = byte_count});
}

void ring_cancel(struct ring *ring, struct ring_tag target, struct ring_tag tag)
{
    (void)target;
    add_pending(ring, (struct pending){.tag = tag, .fd = -1});
}

/* ---- the bank ---- */

static void put_ready(struct line *line, const char *bytes, size_t byte_count)
{
    size_t room = STREAM_BYTES - line->ready_bytes;
    size_t count = byte_count < room ? byte_count : room;
    memcpy(line->ready + line->ready_bytes, bytes, count);
    line->ready_bytes += (uint32_t)count;
}

/* A good answer to whatever was asked on this connection; `other_key`: to another one's. */
static void put_answer(struct line *line, bool other_key)
{
    static const char transfer[] =
        "{\"id\":\"tr_1\",\"account_id\":\"VA-0001\",\"destination_account_id\":\"COLLECT-1\","
        "\"amount\":700,\"currency\":\"KRW\",\"status\":\"complete\",\"idempotency_key\":\"%."
        "32s\"}";
    const char *key = other_key ? "ffffffffffffffffffffffffffffffff" : REST_KEY;
    char one[512], body[600], answer[1024];
    snprintf(one, sizeof(one), transfer, key);
    if (line->sent_bytes < 4)
        return;
    if (strncmp(line->sent, "GET /v1/accounts", 16) == 0)
        snprintf(body, sizeof(body), "{\"account_id\":\"%s\",\"available_balance\":12345}",
                 other_key ? "VA-0002" : "VA-0001");
    else if (strncmp(line->sent, "POST", 4) == 0)
        snprintf(body, sizeof(body), "%s", one);
    else
        snprintf(body, sizeof(body), "{\"data\":[%s],\"next_cursor\":null}", one);
    int count = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                         strlen(body), body);
    put_ready(line, answer, (size_t)count);
}

/* ---- moves ---- */

static uint8_t take_byte(void)
{
    return world.at < world.end ? *world.at++ : 0;
}

static void begin_call(uint8_t move)
{
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct asked *call = &world.calls[i];
        if (call->is_open)
            continue;
        *call = (struct asked){.is_open = true,
                               .kind = (enum call_kind)(move % 3),
                               .generation = ++world.next_generation,
                               .line = -1};
        const struct bank_call asked = {.call = {.index = i, .generation = call->generation},
                                        .call_kind = (uint8_t)call->kind,
                                        .order = call->kind == CALL_BALANCE ? NULL : &order,
                                        .parties = &rest_parties};
        world.calling = i + 1;
        bank_call(world.bank, &asked, world.now_ns);
        world.calling = 0;
        return;
    }
}

static int32_t receive_result(struct line *line, const struct pending *pending, uint8_t how)
{
    if (how % 16 == 15)
        return -EINTR;
    if (how % 16 == 14)
        return -ECONNRESET;
    if (line->ready_bytes == 0)
        return how % 16 == 13 ? 0 : -EAGAIN;
    size_t count = how < 128 ? line->ready_bytes : how - 127U;
    if (count > line->ready_bytes)
        count = line->ready_bytes;
    if (count > pending->byte_count)
        count = pending->byte_count;
    memcpy(pending->into, line->ready, count);
    memmove(line->ready, line->ready + count, line->ready_bytes - count);
    line->ready_bytes -= (uint32_t)count;
    if (count > STREAM_BYTES - line->told_bytes) {
        line->is_broken = true;
    } else {
        memcpy(line->told + line->told_bytes, pending->into, count);
        line->told_bytes += (uint32_t)count;
    }
    line->is_broken = line->is_broken || !line->is_asked;
    return (int32_t)count;
}

static int32_t send_result(struct line *line, const struct pending *pending, uint8_t how)
{
    if (how % 16 == 15)
        return -EINTR;
    if (how % 16 >= 13)
        return how % 16 == 14 ? -EPIPE : -ECONNRESET;
    size_t count = how < 192 ? pending->byte_count : how - 191U;
    if (count > pending->byte_count)
        count = pending->byte_count;
    FUZZ_HOLDS(count <= REQUEST_BYTES_MAX - line->sent_bytes);
    memcpy(line->sent + line->sent_bytes, pending->into, count);
    line->sent_bytes += (uint32_t)count;
    line->unsent_bytes -= count;
    return (int32_t)count;
}

static int32_t result_of(const struct pending *pending, uint8_t how)
{
    struct line *line = pending->fd < 0 ? NULL : line_of(pending->fd);
    switch (pending->tag.op) {
    case RING_CONNECT:
        return how < 192 ? 0 : how < 224 ? -ECONNREFUSED : -ECANCELED;
    case RING_SEND:
        return send_result(line, pending, how);
    case RING_RECEIVE:
        return receive_result(line, pending, how);
    case RING_CANCEL:
        return how % 2 == 0 ? 0 : -ENOENT;
    case RING_POLL:
    case RING_UNPOLL:
        break;
    }
    CHECK(!"a request of a bank");
}

static void complete(uint32_t index, uint8_t how)
{
    struct ring *ring = &world.ring;
    if (ring->pending_count == 0)
        return;
    index %= ring->pending_count;
    struct pending pending = ring->pending[index];
    ring->pending_count--;
    ring->pending[index] = ring->pending[ring->pending_count];
    struct ring_done done = {.tag = pending.tag, .result = result_of(&pending, how)};
    struct line *line = pending.fd < 0 ? NULL : line_of(pending.fd);
    if (line != NULL && done.tag.op == RING_RECEIVE && done.result == 0)
        line->is_ended = true;
    if (line != NULL && done.result < 0 && done.result != -EINTR && done.result != -EAGAIN)
        line->is_broken = true;
    bank_on_done(world.bank, &done, world.now_ns);
    // Only now: an answer may end with its connection.
    if (line != NULL && line->is_ended)
        line->is_broken = true;
}

static void check_answered(const struct asked *call, const struct bank_reply *reply)
{
    struct http_answer answer;
    struct bank_answer said;
    char body[BODY_BYTES];
    FUZZ_HOLDS(call->line >= 0 && call->is_handed_over);
    const struct line *line = &world.lines[call->line];
    FUZZ_HOLDS(read_told(line, &answer, body) == HTTP_COMPLETE);
    FUZZ_HOLDS(answer.status == reply->http_status);
    profile_read(profile, scratch, call->kind, call->kind == CALL_BALANCE ? NULL : &order,
                 &rest_parties, answer.status, answer.retry_after_s, body, answer.body_bytes,
                 &said);
    FUZZ_HOLDS((uint8_t)said.answer == reply->answer && said.throttled == reply->throttled);
    FUZZ_HOLDS(strcmp(said.text.code, reply->text->code) == 0);
    FUZZ_HOLDS(said.answer != ANSWER_BALANCE || reply->balance_minor == said.balance_minor);
}

static void check_reply(const struct bank_reply *reply)
{
    FUZZ_HOLDS(reply->call.index < CONNECTIONS);
    struct asked *call = &world.calls[reply->call.index];
    FUZZ_HOLDS(call->is_open && call->generation == reply->call.generation);
    call->is_open = false;
    if (reply->http_status != 0)
        check_answered(call, reply);
    else
        FUZZ_HOLDS(reply->answer == (call->is_handed_over ? ANSWER_IN_DOUBT : ANSWER_NOT_DONE));
}

static void take_replies(void)
{
    uint32_t count;
    const struct event *replies = bank_replies(world.bank, &count);
    for (uint32_t i = 0; i < count; i++)
        check_reply(&replies[i].bank_reply);
    bank_replies_taken(world.bank);
}

static void put_raw(struct line *line)
{
    size_t count = take_byte();
    if (count > (size_t)(world.end - world.at))
        count = (size_t)(world.end - world.at);
    put_ready(line, (const char *)world.at, count);
    world.at += count;
}

static void make_move(uint8_t move)
{
    struct line *line = &world.lines[move / 8 % CONNECTIONS];
    switch (move % 8) {
    case 0:
        begin_call(move / 8);
        return;
    case 1:
    case 2:
        complete(move / 8, take_byte());
        return;
    case 3:
        put_answer(line, move / 64 == 3);
        return;
    case 4:
        put_raw(line);
        return;
    case 5: {
        const struct asked *call = &world.calls[move / 8 % CONNECTIONS];
        bank_cancel(world.bank,
                    (struct slot){.index = move / 8 % CONNECTIONS, .generation = call->generation});
        return;
    }
    case 6:
        world.now_ns += move / 8 * (NS_PER_S / 4);
        return;
    case 7:
        world.is_silent = world.is_silent || move == 255;
        if (move == 255)
            bank_silence(world.bank);
        return;
    }
}

static void open_world(const uint8_t *bytes, size_t byte_count)
{
    struct bank_peer peer = {.profile = profile,
                             .connections_max = CONNECTIONS,
                             .linger_ns = 4 * NS_PER_S,
                             .call_timeout_ns = 60 * NS_PER_S};
    char error[RING_ERROR_BYTES];
    memset(&world, 0, sizeof(world));
    FUZZ_HOLDS(address_resolve("127.0.0.1", 9, &peer.addresses, error, sizeof(error)));
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        world.lines[i].fd = -1;
    world.at = bytes;
    world.end = bytes + byte_count;
    world.now_ns = NS_PER_S;
    world.bank = bank_open(&peer, 1, &world.ring, 0, hash);
    CHECK(world.bank != NULL);
}

static void close_world(void)
{
    world.is_silent = true;
    bank_shut(world.bank);
    for (int i = 0; i < MOVES_MAX && world.ring.pending_count > 0; i++)
        complete(0, 14);
    FUZZ_HOLDS(world.ring.pending_count == 0 && bank_is_shut(world.bank));
    take_replies();
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        FUZZ_HOLDS(!world.calls[i].is_open);
    bank_close(world.bank);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    if (profile == NULL) {
        profile = rest_open();
        scratch = profile_scratch_open(SCRATCH_BYTES);
        hash = hash_open();
        order = rest_order(STEP_COLLECT, AMOUNT);
    }
    open_world(bytes, byte_count);
    for (int i = 0; i < MOVES_MAX && world.at < world.end; i++) {
        make_move(take_byte());
        take_replies();
    }
    close_world();
    return 0;
}
