#include "real/bank.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/time.h"
#include "core/limits.h"
#include "real/pipe.h"
#include "real/pool.h"
#include "wire/http.h"

#define PAGE_BYTES 4096
#define RECEIVE_BYTES 1536
#define BODY_BYTES 4096
#define USUAL_BODY_BYTES 512 /* bodies of most answers are smaller */
#define SCRATCH_BYTES (256U * 1024)
#define CONNECT_WAIT_NS NS_PER_S /* where no linger is stated: a call waits for its connection */

enum connection_state {
    CONNECTION_CLOSED,
    CONNECTION_CONNECTING, /* has a call, of which nothing was handed over */
    CONNECTION_IDLE,       /* listens, so that a bank's closing is seen before the next call */
    CONNECTION_ASKED,      /* has a call that was handed over */
    CONNECTION_CLOSING,    /* waits for its requests to complete; may have a call to end then */
    CONNECTION_STATES,
};

/* How a call ends that got no whole answer. */
struct ending {
    enum answer answer;
    const char *code;
    int error_number; /* 0: none */
};

struct connection {
    struct pipe pipe;
    enum connection_state state;
    uint8_t peer;
    uint8_t address;
    bool has_call;
    uint32_t request_bytes;
    uint64_t began_at_ns;
    struct bank_call call;
    struct ending ending; /* CLOSING with a call */
    struct http_answer http;
};

/* Whole pages, of which a usual exchange touches the first alone: memory is taken as it is touched,
   and there may be thousands of these. */
struct buffers {
    _Alignas(PAGE_BYTES) char request[REQUEST_BYTES_MAX];
    char received[RECEIVE_BYTES];
    char body[BODY_BYTES];
};

_Static_assert(REQUEST_BYTES_MAX + RECEIVE_BYTES + USUAL_BODY_BYTES <= PAGE_BYTES,
               "a usual exchange fits into one page");

struct peer {
    struct bank_peer config;
    struct pool pool;
    uint64_t connect_bound_ns; /* a call is not sent after waiting longer for its connection */
    uint64_t unacked_ns;
    uint32_t address; /* the one that worked last */
    uint64_t connects;
};

struct bank {
    struct ring *ring;
    uint32_t first_index; /* in the ring, of the first connection */
    struct hash *hash;
    struct profile_scratch *scratch;
    struct peer peers[BANKS_MAX];
    uint32_t peer_count;
    struct connection *connections;
    struct buffers *buffers; /* by connection */
    struct pool_link *links; /* by connection */
    uint32_t connection_count;
    uint32_t open_count; /* not CLOSED */
    bool silent;
    bool has_unsubmitted;      /* a request lies in the ring, and the kernel does not know */
    uint32_t calls[CALLS_MAX]; /* by call index: its connection + 1, 0: none */
    struct event replies[CALLS_MAX];
    struct bank_answer answers[CALLS_MAX];
    uint32_t reply_count;
};

static void peer_init(struct bank *bank, uint32_t index, const struct bank_peer *config,
                      uint32_t first);
static struct connection *choose(struct bank *bank, struct peer *peer);
static bool render(struct bank *bank, const struct connection *connection,
                   const struct bank_call *call, struct rendered *rendered, struct ending *ending);
static void take_call(struct bank *bank, struct connection *connection,
                      const struct bank_call *call, uint64_t now_ns);
static void begin_connect(struct bank *bank, struct connection *connection);
static void ask(struct bank *bank, struct connection *connection);
static void listen_on(struct bank *bank, struct connection *connection);
static void on_connected(struct bank *bank, struct connection *connection, uint64_t now_ns);
static void on_refused(struct bank *bank, struct connection *connection, int error_number);
static void on_received(struct bank *bank, struct connection *connection, uint32_t byte_count);
static void on_over(struct bank *bank, struct connection *connection, int error_number);
static void on_answer(struct bank *bank, struct connection *connection);
static void on_result(struct bank *bank, struct connection *connection, enum http_result result);
static void end_connection(struct bank *bank, struct connection *connection, struct ending ending);
static void finish_closing(struct bank *bank, struct connection *connection);
static struct ending unfinished(const struct connection *connection, const char *code,
                                int error_number);
static struct bank_answer *add_reply(struct bank *bank, struct slot call, uint16_t http_status);
static void publish(struct bank *bank);
static void release_call(struct bank *bank, struct connection *connection);
static void reply_ending(struct bank *bank, struct slot call, struct ending ending);
static void move(struct bank *bank, struct connection *connection, enum connection_state to);
static uint32_t index_of(const struct bank *bank, const struct connection *connection);
static struct peer *peer_of(struct bank *bank, const struct connection *connection);
static struct buffers *buffers_of(struct bank *bank, const struct connection *connection);

struct bank *bank_open(const struct bank_peer *peers, uint32_t peer_count, struct ring *ring,
                       uint32_t first_index, struct hash *hash)
{
    CHECK(peer_count >= 1 && peer_count <= BANKS_MAX);
    struct bank *bank = calloc(1, sizeof(*bank));
    if (!bank) {
        return NULL;
    }
    // Not assigned as a whole: its tables are large, and memory is taken as it is touched.
    bank->ring = ring;
    bank->first_index = first_index;
    bank->hash = hash;
    bank->peer_count = peer_count;
    for (uint32_t i = 0; i < peer_count; i++) {
        CHECK(peers[i].connections_max >= 1 && peers[i].connections_max <= CALLS_MAX);
        bank->connection_count += peers[i].connections_max;
    }
    bank->connections = calloc(bank->connection_count, sizeof(*bank->connections));
    bank->buffers = aligned_alloc(PAGE_BYTES, bank->connection_count * sizeof(*bank->buffers));
    bank->links = calloc(bank->connection_count, sizeof(*bank->links));
    bank->scratch = profile_scratch_open(SCRATCH_BYTES);
    if (!bank->connections || !bank->buffers || !bank->links || !bank->scratch) {
        bank_close(bank);
        return NULL;
    }
    uint32_t first = 0;
    for (uint32_t i = 0; i < peer_count; i++) {
        peer_init(bank, i, &peers[i], first);
        first += peers[i].connections_max;
    }
    return bank;
}

void bank_close(struct bank *bank)
{
    if (!bank) {
        return;
    }
    if (bank->scratch) {
        profile_scratch_close(bank->scratch);
    }
    free(bank->links);
    free(bank->buffers);
    free(bank->connections);
    free(bank);
}

void bank_call(struct bank *bank, const struct bank_call *call, uint64_t now_ns)
{
    CHECK(call->bank < bank->peer_count);
    CHECK(call->call.index < CALLS_MAX && bank->calls[call->call.index] == 0);
    struct connection *connection = choose(bank, &bank->peers[call->bank]);
    struct rendered rendered;
    struct ending ending;
    if (!render(bank, connection, call, &rendered, &ending)) {
        reply_ending(bank, call->call, ending);
        return;
    }
    connection->request_bytes = rendered.bytes;
    take_call(bank, connection, call, now_ns);
    if (connection->state == CONNECTION_IDLE) {
        ask(bank, connection);
    } else {
        begin_connect(bank, connection);
    }
}

void bank_cancel(struct bank *bank, struct slot call)
{
    CHECK(call.index < CALLS_MAX);
    if (bank->calls[call.index] == 0) {
        return;
    }
    struct connection *connection = &bank->connections[bank->calls[call.index] - 1];
    if (connection->call.call.generation == call.generation &&
        connection->state != CONNECTION_CLOSING) {
        end_connection(bank, connection, unfinished(connection, "cancelled", 0));
    }
}

void bank_on_done(struct bank *bank, const struct ring_done *done, uint64_t now_ns)
{
    uint32_t index = done->tag.index - bank->first_index;
    CHECK(index < bank->connection_count);
    struct connection *connection = &bank->connections[index];
    struct pipe_result result = pipe_on_done(&connection->pipe, bank->ring, done);
    switch (result.event) {
    case PIPE_NOTHING:
        return;
    case PIPE_SENT:
        FAILPOINT(bank_sent);
        return;
    case PIPE_CONNECTED:
        on_connected(bank, connection, now_ns);
        return;
    case PIPE_REFUSED:
        on_refused(bank, connection, result.error_number);
        return;
    case PIPE_RECEIVED:
        on_received(bank, connection, result.bytes);
        return;
    case PIPE_ENDED:
    case PIPE_LOST:
        on_over(bank, connection, result.error_number);
        return;
    case PIPE_CLOSED:
        finish_closing(bank, connection);
        return;
    }
}

const struct event *bank_replies(const struct bank *bank, uint32_t *count)
{
    *count = bank->reply_count;
    return bank->replies;
}

void bank_replies_taken(struct bank *bank)
{
    bank->reply_count = 0;
}

void bank_silence(struct bank *bank)
{
    bank->silent = true;
    for (uint32_t i = 0; i < bank->connection_count; i++) {
        struct connection *connection = &bank->connections[i];
        if (connection->state == CONNECTION_CONNECTING) {
            end_connection(bank, connection, unfinished(connection, "silenced", 0));
        }
    }
}

void bank_shut(struct bank *bank)
{
    bank_silence(bank);
    for (uint32_t i = 0; i < bank->connection_count; i++) {
        struct connection *connection = &bank->connections[i];
        if (connection->state == CONNECTION_IDLE || connection->state == CONNECTION_ASKED) {
            end_connection(bank, connection, unfinished(connection, "shut", 0));
        }
    }
}

bool bank_has_unsubmitted(const struct bank *bank)
{
    return bank->has_unsubmitted;
}

void bank_submitted(struct bank *bank)
{
    bank->has_unsubmitted = false;
}

bool bank_is_shut(const struct bank *bank)
{
    return bank->open_count == 0;
}

uint64_t bank_connects(const struct bank *bank, uint32_t peer)
{
    CHECK(peer < bank->peer_count);
    return bank->peers[peer].connects;
}

static void peer_init(struct bank *bank, uint32_t index, const struct bank_peer *config,
                      uint32_t first)
{
    struct peer *peer = &bank->peers[index];
    CHECK(config->addresses.count > 0);
    bool known = config->linger_ns != AT_NEVER;
    peer->config = *config;
    peer->connect_bound_ns = known ? config->linger_ns / 2 : CONNECT_WAIT_NS;
    peer->unacked_ns = known ? config->linger_ns / 2 : config->call_timeout_ns;
    pool_init(&peer->pool, &bank->links[first], first, config->connections_max);
    for (uint32_t i = first; i < first + config->connections_max; i++) {
        pipe_init(&bank->connections[i].pipe, bank->first_index + i);
        bank->connections[i].peer = (uint8_t)index;
    }
}

/* An idle connection, or else a closed one. */
static struct connection *choose(struct bank *bank, struct peer *peer)
{
    uint32_t index = pool_top(&peer->pool, POOL_IDLE);
    if (index == POOL_NONE) {
        index = pool_top(&peer->pool, POOL_CLOSED);
    }
    // The core keeps to calls_max, and a call holds its connection until it is free again.
    CHECK(index != POOL_NONE);
    return &bank->connections[index];
}

/* Into the connection's buffer. False: nothing may be sent, and `ending` says how the call ends. */
static bool render(struct bank *bank, const struct connection *connection,
                   const struct bank_call *call, struct rendered *rendered, struct ending *ending)
{
    const struct profile *profile = bank->peers[call->bank].config.profile;
    if (bank->silent) {
        *ending = (struct ending){ANSWER_NOT_DONE, "silenced", 0};
        return false;
    }
    if (call->call_kind == CALL_TRANSFER && call->body_digest) {
        struct digest now = profile_body_digest(profile, bank->hash, call->order, call->parties);
        if (memcmp(&now, call->body_digest, sizeof(now)) != 0) {
            *ending = (struct ending){ANSWER_CHANGED, "changed", 0};
            return false;
        }
    }
    *rendered = profile_render(profile, (enum call_kind)call->call_kind, call->order, call->parties,
                               buffers_of(bank, connection)->request);
    *ending = (struct ending){ANSWER_NOT_DONE, "not_rendered", 0};
    return rendered->bytes > 0;
}

static void take_call(struct bank *bank, struct connection *connection,
                      const struct bank_call *call, uint64_t now_ns)
{
    CHECK(!connection->has_call);
    connection->call = *call;
    connection->has_call = true;
    connection->began_at_ns = now_ns;
    bank->calls[call->call.index] = index_of(bank, connection) + 1;
}

static void begin_connect(struct bank *bank, struct connection *connection)
{
    struct peer *peer = peer_of(bank, connection);
    int error_number = 0;
    connection->address = (uint8_t)peer->address;
    FAILPOINT(bank_connect);
    if (pipe_connect(&connection->pipe, bank->ring, &peer->config.addresses.all[peer->address],
                     peer->unacked_ns, &error_number)) {
        move(bank, connection, CONNECTION_CONNECTING);
        return;
    }
    struct slot call = connection->call.call;
    struct ending ending = unfinished(connection, "no_socket", error_number);
    release_call(bank, connection);
    reply_ending(bank, call, ending);
}

static void ask(struct bank *bank, struct connection *connection)
{
    CHECK(!bank->silent);
    struct buffers *buffers = buffers_of(bank, connection);
    http_begin(&connection->http, buffers->body, BODY_BYTES);
    FAILPOINT(bank_checked);
    move(bank, connection, CONNECTION_ASKED);
    pipe_send(&connection->pipe, bank->ring, buffers->request, connection->request_bytes);
    bank->has_unsubmitted = true;
    FAILPOINT(bank_queued);
}

static void listen_on(struct bank *bank, struct connection *connection)
{
    pipe_receive(&connection->pipe, bank->ring, buffers_of(bank, connection)->received,
                 RECEIVE_BYTES);
}

static void on_connected(struct bank *bank, struct connection *connection, uint64_t now_ns)
{
    struct peer *peer = peer_of(bank, connection);
    peer->connects++;
    if (now_ns - connection->began_at_ns > peer->connect_bound_ns) {
        end_connection(bank, connection, unfinished(connection, "connected_late", 0));
        return;
    }
    listen_on(bank, connection);
    ask(bank, connection);
}

static void on_refused(struct bank *bank, struct connection *connection, int error_number)
{
    struct peer *peer = peer_of(bank, connection);
    if (connection->address == peer->address) {
        peer->address = (peer->address + 1) % peer->config.addresses.count;
    }
    end_connection(bank, connection, unfinished(connection, "unconnected", error_number));
}

static void on_received(struct bank *bank, struct connection *connection, uint32_t byte_count)
{
    if (connection->state == CONNECTION_IDLE) {
        // Bytes that nobody asked for: the next answer on it could be another's.
        end_connection(bank, connection, unfinished(connection, "surplus", 0));
        return;
    }
    CHECK(connection->state == CONNECTION_ASKED);
    const char *received = buffers_of(bank, connection)->received;
    on_result(bank, connection, http_feed(&connection->http, received, byte_count));
}

/* The peer closed, or the connection broke. */
static void on_over(struct bank *bank, struct connection *connection, int error_number)
{
    if (connection->state == CONNECTION_ASKED && error_number == 0 &&
        http_finish(&connection->http) == HTTP_COMPLETE) {
        connection->http.keep_alive = false;
        on_result(bank, connection, HTTP_COMPLETE);
        return;
    }
    end_connection(bank, connection, unfinished(connection, "lost", error_number));
}

static void on_result(struct bank *bank, struct connection *connection, enum http_result result)
{
    switch (result) {
    case HTTP_MORE:
        listen_on(bank, connection);
        return;
    case HTTP_BAD:
        end_connection(bank, connection, unfinished(connection, "bad_http", 0));
        return;
    case HTTP_COMPLETE:
        if (pipe_is_sending(&connection->pipe)) {
            // Whatever it answers, it is not the request, which it has not seen whole.
            end_connection(bank, connection, unfinished(connection, "early_answer", 0));
            return;
        }
        on_answer(bank, connection);
        return;
    }
}

static void on_answer(struct bank *bank, struct connection *connection)
{
    const struct http_answer *http = &connection->http;
    const struct bank_call *call = &connection->call;
    struct bank_answer *answer = add_reply(bank, call->call, http->status);
    profile_read(peer_of(bank, connection)->config.profile, bank->scratch,
                 (enum call_kind)call->call_kind, call->order, call->parties, http->status,
                 http->retry_after_s, buffers_of(bank, connection)->body, http->body_bytes, answer);
    publish(bank);
    FAILPOINT(bank_answered);
    release_call(bank, connection);
    if (http->keep_alive) {
        move(bank, connection, CONNECTION_IDLE);
        listen_on(bank, connection);
    } else {
        end_connection(bank, connection, unfinished(connection, "closed", 0));
    }
}

/* Close the connection; its call, if it has one, ends so when the kernel has let go. */
static void end_connection(struct bank *bank, struct connection *connection, struct ending ending)
{
    connection->ending = ending;
    bool drop = connection->state == CONNECTION_ASKED && connection->has_call;
    move(bank, connection, CONNECTION_CLOSING);
    if (pipe_close(&connection->pipe, bank->ring, drop)) {
        finish_closing(bank, connection);
    }
}

static void finish_closing(struct bank *bank, struct connection *connection)
{
    move(bank, connection, CONNECTION_CLOSED);
    if (connection->has_call) {
        struct slot call = connection->call.call;
        release_call(bank, connection);
        reply_ending(bank, call, connection->ending);
    }
}

/* Once a send was asked for, its bytes may be on their way, whatever the kernel said since. */
static struct ending unfinished(const struct connection *connection, const char *code,
                                int error_number)
{
    bool handed_over = connection->state == CONNECTION_ASKED;
    return (struct ending){handed_over ? ANSWER_IN_DOUBT : ANSWER_NOT_DONE, code, error_number};
}

static struct bank_answer *add_reply(struct bank *bank, struct slot call, uint16_t http_status)
{
    CHECK(bank->reply_count < CALLS_MAX);
    bank->replies[bank->reply_count] = (struct event){
        .kind = EVENT_BANK_REPLY, .bank_reply = {.call = call, .http_status = http_status}};
    return &bank->answers[bank->reply_count];
}

/* The answer that add_reply gave is filled in. */
static void publish(struct bank *bank)
{
    const struct bank_answer *answer = &bank->answers[bank->reply_count];
    struct bank_reply *reply = &bank->replies[bank->reply_count].bank_reply;
    reply->answer = (uint8_t)answer->answer;
    reply->throttled = answer->throttled;
    if (answer->answer == ANSWER_BALANCE)
        reply->balance_minor = answer->balance_minor;
    else
        reply->fee_minor = answer->fee_minor;
    reply->retry_after_ns = answer->retry_after_ns;
    reply->text = &answer->text;
    bank->reply_count++;
}

static void release_call(struct bank *bank, struct connection *connection)
{
    uint32_t index = connection->call.call.index;
    CHECK(connection->has_call && bank->calls[index] == index_of(bank, connection) + 1);
    bank->calls[index] = 0;
    connection->has_call = false;
}

static void reply_ending(struct bank *bank, struct slot call, struct ending ending)
{
    struct bank_answer *answer = add_reply(bank, call, 0);
    *answer = (struct bank_answer){.answer = ending.answer};
    const char *error = ending.error_number != 0 ? strerrorname_np(ending.error_number) : NULL;
    snprintf(answer->text.code, sizeof(answer->text.code), "%s%s%s", ending.code, error ? " " : "",
             error ? error : "");
    publish(bank);
}

/* The only place where a connection's state changes: stacks and count go with it. */
static void move(struct bank *bank, struct connection *connection, enum connection_state to)
{
#define TO(state) (1U << CONNECTION_##state)
    static const unsigned legal[CONNECTION_STATES] = {
        [CONNECTION_CLOSED] = TO(CONNECTING),
        [CONNECTION_CONNECTING] = TO(ASKED) | TO(CLOSING),
        [CONNECTION_IDLE] = TO(ASKED) | TO(CLOSING),
        [CONNECTION_ASKED] = TO(IDLE) | TO(CLOSING),
        [CONNECTION_CLOSING] = TO(CLOSED),
    };
#undef TO
    CHECK((legal[connection->state] & 1U << to) != 0);
    struct pool *pool = &peer_of(bank, connection)->pool;
    uint32_t index = index_of(bank, connection);
    if (connection->state == CONNECTION_CLOSED) {
        pool_remove(pool, POOL_CLOSED, index);
        bank->open_count++;
    } else if (connection->state == CONNECTION_IDLE) {
        pool_remove(pool, POOL_IDLE, index);
    }
    if (to == CONNECTION_CLOSED) {
        pool_push(pool, POOL_CLOSED, index);
        bank->open_count--;
    } else if (to == CONNECTION_IDLE) {
        pool_push(pool, POOL_IDLE, index);
    }
    connection->state = to;
}

static uint32_t index_of(const struct bank *bank, const struct connection *connection)
{
    return (uint32_t)(connection - bank->connections);
}

static struct peer *peer_of(struct bank *bank, const struct connection *connection)
{
    return &bank->peers[connection->peer];
}

static struct buffers *buffers_of(struct bank *bank, const struct connection *connection)
{
    return &bank->buffers[index_of(bank, connection)];
}
