/*
 * epoll, edge-triggered. Measured against io_uring on Linux 6.18, 2 cores, one fixed answer,
 * CPU per call: 64 connections 5.8 us epoll, 5.8 to 6.8 us io_uring (recv and send, linked, or
 * multishot); 1,000 connections 6.7 us epoll, 6.2 to 7.6 us io_uring. TCP itself is nearly all of
 * it, and epoll also runs in containers that block io_uring.
 */
#include "jobs/mockbank_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/id.h"
#include "base/time.h"
#include "jobs/mockbank_book.h"
#include "real/clock.h"

#define EVENTS_MAX 512
#define ACCEPTS_MAX 256
#define LISTEN_TAG UINT64_MAX
#define SIGNAL_TAG (UINT64_MAX - 1)

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_READING, /* a request, or its rest */
    CONNECTION_WAITING, /* its answer is due later, or in this turn */
    CONNECTION_SENDING, /* the kernel has not taken the whole answer yet */
    CONNECTION_SILENT,  /* nothing more is said; waits for the peer to close */
};

struct connection {
    int fd;
    uint32_t generation; /* an event for an earlier tenant is dropped */
    uint64_t number;     /* 1, 2, 3 … since the start, for the log */
    enum connection_state state;
    bool is_readable; /* the kernel has bytes, or the end */
    bool is_ended;    /* the peer sends no more: reading must go on to the end */
    uint32_t in_bytes, out_sent;
    struct mock_reply reply;
    char in[MOCK_REQUEST_MAX];
};

struct mockbank_server {
    struct mockbank_setup setup;
    int epoll_fd, listen_fd, signal_fd;
    uint64_t now_ns;      /* of this turn; since the Unix epoch, steady */
    uint64_t offset_ns;   /* from the engine's clock to that */
    uint64_t first_at_ns; /* arrivals of deposits count from here */
    uint64_t accepted;
    uint64_t held_ns;
    uint32_t deposits_done, transfers_logged, reversals_logged;
    bool is_ending;
    struct heap due; /* answers, by connection */
    uint32_t *ready; /* answers of this turn */
    uint32_t ready_count;
    uint32_t *again; /* connections to be read without an event */
    uint32_t again_count;
    uint32_t *free;
    uint32_t free_count;
    uint32_t taken_count; /* no connection from here on was ever taken */
    struct connection *connections;
    void *memory;
    size_t memory_bytes;
    char shared[MOCK_REQUEST_MAX];
};

/* ---- open and close ---- */

static void take_memory(struct mockbank_server *server, struct arena *arena)
{
    heap_init(&server->due, arena, MOCKBANK_CONNECTIONS_MAX);
    server->ready = ARENA_TAKE(arena, MOCKBANK_CONNECTIONS_MAX, uint32_t);
    server->again = ARENA_TAKE(arena, MOCKBANK_CONNECTIONS_MAX, uint32_t);
    server->free = ARENA_TAKE(arena, MOCKBANK_CONNECTIONS_MAX, uint32_t);
    server->connections = ARENA_TAKE(arena, MOCKBANK_CONNECTIONS_MAX, struct connection);
}

static void open_memory(struct mockbank_server *server)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    take_memory(server, &arena);
    // Pages, which come as they are used: most connections never come.
    server->memory_bytes = arena.used_bytes;
    server->memory = mmap(NULL, server->memory_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(server->memory != MAP_FAILED);
    arena_init(&arena, server->memory, server->memory_bytes);
    take_memory(server, &arena);
    arena_seal(&arena);
    for (uint32_t i = 0; i < MOCKBANK_CONNECTIONS_MAX; i++)
        server->free[i] = MOCKBANK_CONNECTIONS_MAX - 1 - i;
    server->free_count = MOCKBANK_CONNECTIONS_MAX;
}

static int listen_at(const struct mockbank_setup *setup)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t bytes = 0;
    int one = 1;
    if (inet_pton(AF_INET, setup->host, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(setup->port);
        bytes = sizeof address.v4;
    } else if (inet_pton(AF_INET6, setup->host, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(setup->port);
        bytes = sizeof address.v6;
    } else {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, &address.any, bytes) == 0 && listen(fd, 4096) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return -1;
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool watch(struct mockbank_server *server, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};
    return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

struct mockbank_server *mockbank_server_open(const struct mockbank_setup *setup,
                                             char error[MOCKBANK_ERROR_BYTES])
{
    struct mockbank_server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    server->setup = *setup;
    server->deposits_done = setup->past->deposits;
    server->transfers_logged = mock_bank_transfer_count(setup->bank);
    server->reversals_logged = mock_bank_reversal_count(setup->bank);
    allow_many_files();
    open_memory(server);
    server->listen_fd = listen_at(setup);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->signal_fd = open_signals();
    if (server->listen_fd >= 0 && server->epoll_fd >= 0 && server->signal_fd >= 0 &&
        watch(server, server->listen_fd, EPOLLIN, LISTEN_TAG) &&
        watch(server, server->signal_fd, EPOLLIN, SIGNAL_TAG))
        return server;
    snprintf(error, MOCKBANK_ERROR_BYTES, "could not listen on %.100s port %u: %s", setup->host,
             setup->port, strerror(errno));
    mockbank_server_close(server);
    return NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void mockbank_server_close(struct mockbank_server *server)
{
    if (server == NULL)
        return;
    for (uint32_t i = 0; i < server->taken_count; i++)
        if (server->connections[i].state != CONNECTION_FREE)
            close(server->connections[i].fd);
    close_fd(server->listen_fd);
    close_fd(server->epoll_fd);
    close_fd(server->signal_fd);
    (void)munmap(server->memory, server->memory_bytes);
    free(server);
}

uint16_t mockbank_server_port(const struct mockbank_server *server)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t bytes = sizeof address;
    if (getsockname(server->listen_fd, &address.any, &bytes) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

uint64_t mockbank_server_held_ns(const struct mockbank_server *server)
{
    return server->held_ns;
}

/* ---- connections ---- */

static uint32_t index_of(const struct mockbank_server *server, const struct connection *connection)
{
    return (uint32_t)(connection - server->connections);
}

static void drop(struct mockbank_server *server, struct connection *connection)
{
    uint32_t index = index_of(server, connection);
    CHECK(connection->state != CONNECTION_FREE);
    heap_clear(&server->due, index);
    close(connection->fd);
    connection->state = CONNECTION_FREE;
    connection->generation++;
    server->free[server->free_count++] = index;
}

/* Close so that the peer sees a reset. */
static void drop_hard(struct mockbank_server *server, struct connection *connection)
{
    const struct linger hard = {.l_onoff = 1};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    drop(server, connection);
}

static void begin_connection(struct mockbank_server *server, int fd)
{
    int one = 1;
    uint32_t index = server->free[--server->free_count];
    if (index >= server->taken_count)
        server->taken_count = index + 1;
    struct connection *connection = &server->connections[index];
    connection->fd = fd;
    connection->number = ++server->accepted;
    connection->state = CONNECTION_READING;
    connection->is_readable = false;
    connection->is_ended = false;
    connection->in_bytes = 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (!watch(server, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
               slot_pack((struct slot){.index = index, .generation = connection->generation})))
        drop(server, connection);
}

static void accept_some(struct mockbank_server *server)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (server->free_count == 0)
            close(fd);
        else
            begin_connection(server, fd);
    }
}

/* ---- requests ---- */

static void schedule(struct mockbank_server *server, struct connection *connection)
{
    connection->state = CONNECTION_WAITING;
    connection->out_sent = 0;
    if (connection->reply.decision == MOCK_SILENCE)
        connection->state = CONNECTION_SILENT;
    else if (connection->reply.at_ns <= server->now_ns)
        server->ready[server->ready_count++] = index_of(server, connection);
    else
        heap_set(&server->due, index_of(server, connection), connection->reply.at_ns);
    if (connection->reply.decision == MOCK_ANSWER && connection->reply.at_ns > server->now_ns)
        server->held_ns += connection->reply.at_ns - server->now_ns;
}

/* Late accepts and reversals that are due, and their receipts. */
static void advance(struct mockbank_server *server)
{
    struct mock_bank *bank = server->setup.bank;
    mock_bank_advance(bank, server->now_ns);
    uint32_t count = mock_bank_transfer_count(bank);
    for (; server->transfers_logged < count; server->transfers_logged++)
        if (server->setup.log != NULL)
            mockbank_log_late(server->setup.log,
                              mock_bank_transfer(bank, server->transfers_logged));
    count = mock_bank_reversal_count(bank);
    for (; server->reversals_logged < count; server->reversals_logged++)
        if (server->setup.log != NULL)
            mockbank_log_reversal(server->setup.log,
                                  mock_bank_reversal(bank, server->reversals_logged));
}

/* The first request of the bytes, if it is whole; the rest is kept in the connection's buffer. */
static void take_request(struct mockbank_server *server, struct connection *connection,
                         const char *bytes, size_t count)
{
    advance(server);
    size_t used =
        mock_bank_request(server->setup.bank, bytes, count, server->now_ns, &connection->reply);
    if (used > 0) {
        server->transfers_logged = mock_bank_transfer_count(server->setup.bank);
        if (server->setup.log != NULL)
            mockbank_log_call(server->setup.log, server->now_ns, connection->number,
                              &connection->reply);
        schedule(server, connection);
    }
    connection->in_bytes = (uint32_t)(count - used);
    if (connection->in_bytes > 0)
        memmove(connection->in, bytes + used, connection->in_bytes);
}

/* Bytes go to one buffer that all share, and stays in the cache, unless some are waiting. */
static void read_bytes(struct mockbank_server *server, struct connection *connection)
{
    // Who is silent hears nothing: what still comes is thrown away, until the end.
    if (connection->state == CONNECTION_SILENT)
        connection->in_bytes = 0;
    char *begin = connection->in_bytes == 0 ? server->shared : connection->in;
    size_t room = MOCK_REQUEST_MAX - connection->in_bytes;
    CHECK(room > 0);
    ssize_t got = recv(connection->fd, begin + connection->in_bytes, room, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(server, connection);
        return;
    }
    if (got < 0 || ((size_t)got < room && !connection->is_ended))
        connection->is_readable = got < 0 && errno == EINTR;
    if (got > 0 && connection->state == CONNECTION_READING)
        take_request(server, connection, begin, connection->in_bytes + (size_t)got);
}

/* Read on until a request is whole, or there is nothing more. */
static void go_on(struct mockbank_server *server, struct connection *connection)
{
    if (connection->state == CONNECTION_READING && connection->in_bytes > 0)
        take_request(server, connection, connection->in, connection->in_bytes);
    while (connection->is_readable &&
           (connection->state == CONNECTION_READING || connection->state == CONNECTION_SILENT))
        read_bytes(server, connection);
}

static void send_answer(struct mockbank_server *server, struct connection *connection)
{
    struct mock_reply *reply = &connection->reply;
    size_t left = reply->bytes - connection->out_sent;
    ssize_t sent = send(connection->fd, reply->answer + connection->out_sent,
                        reply->drip_ns > 0 && left > 0 ? 1 : left, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        drop(server, connection);
        return;
    }
    connection->out_sent += sent < 0 ? 0 : (uint32_t)sent;
    if (connection->out_sent < reply->bytes && reply->drip_ns > 0) {
        heap_set(&server->due, index_of(server, connection), server->now_ns + reply->drip_ns);
        return;
    }
    if (connection->out_sent < reply->bytes) {
        connection->state = CONNECTION_SENDING;
        return;
    }
    connection->state = CONNECTION_READING;
    if (reply->close_after) {
        // Not closed at once: bytes not read yet would turn the end into a reset.
        connection->state = CONNECTION_SILENT;
        (void)shutdown(connection->fd, SHUT_WR);
    }
    if (connection->in_bytes > 0 || connection->is_readable)
        server->again[server->again_count++] = index_of(server, connection);
}

static void carry_out(struct mockbank_server *server, struct connection *connection)
{
    if (connection->state != CONNECTION_WAITING)
        return; // gone meanwhile
    if (connection->reply.decision == MOCK_RESET)
        drop_hard(server, connection);
    else
        send_answer(server, connection);
}

static void on_event(struct mockbank_server *server, const struct epoll_event *event)
{
    struct slot slot = slot_unpack(event->data.u64);
    CHECK(slot.index < MOCKBANK_CONNECTIONS_MAX);
    struct connection *connection = &server->connections[slot.index];
    if (connection->state == CONNECTION_FREE || connection->generation != slot.generation)
        return;
    if ((event->events & (EPOLLERR | EPOLLHUP)) != 0) {
        drop(server, connection);
        return;
    }
    if ((event->events & (EPOLLIN | EPOLLRDHUP)) != 0)
        connection->is_readable = true;
    if ((event->events & EPOLLRDHUP) != 0)
        connection->is_ended = true;
    if (connection->state == CONNECTION_SENDING && (event->events & EPOLLOUT) != 0)
        send_answer(server, connection);
    else
        go_on(server, connection);
}

/* ---- the loop ---- */

/* What happens at the bank by itself: late accepts, and money that arrives. */
static void happen(struct mockbank_server *server)
{
    const struct mockbank_setup *setup = &server->setup;
    const struct mockbank_accounts *accounts = setup->accounts;
    while (server->deposits_done < accounts->deposit_count) {
        const struct mockbank_deposit *deposit = &accounts->deposits[server->deposits_done];
        if (server->first_at_ns + deposit->after_ns > server->now_ns)
            break;
        const char *account = accounts->accounts[deposit->account].account;
        CHECK(mock_bank_deposit(setup->bank, account, deposit->amount_minor));
        if (setup->log != NULL)
            mockbank_log_deposit(setup->log, server->now_ns, account, deposit->amount_minor);
        server->deposits_done++;
    }
    advance(server);
}

static uint64_t next_at(const struct mockbank_server *server)
{
    const struct mockbank_setup *setup = &server->setup;
    uint64_t at_ns = heap_next_at(&server->due);
    uint64_t late_at_ns = mock_bank_next_at(setup->bank);
    if (late_at_ns < at_ns)
        at_ns = late_at_ns;
    if (server->deposits_done < setup->accounts->deposit_count) {
        uint64_t deposit_at_ns =
            server->first_at_ns + setup->accounts->deposits[server->deposits_done].after_ns;
        at_ns = deposit_at_ns < at_ns ? deposit_at_ns : at_ns;
    }
    return at_ns;
}

static int wait_for(struct mockbank_server *server, struct epoll_event events[EVENTS_MAX])
{
    uint64_t at_ns = server->again_count > 0 ? 0 : next_at(server);
    uint64_t now_ns = clock_now_ns() + server->offset_ns;
    uint64_t wait_ns = at_ns <= now_ns ? 0 : at_ns - now_ns;
    const struct timespec timeout = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                                     .tv_nsec = (long)(wait_ns % NS_PER_S)};
    return epoll_pwait2(server->epoll_fd, events, EVENTS_MAX, at_ns == AT_NEVER ? NULL : &timeout,
                        NULL);
}

static bool write_book(struct mockbank_server *server, char error[MOCKBANK_ERROR_BYTES])
{
    const char *book = server->setup.book;
    if (book == NULL || mockbank_book_write(server->setup.bank, book))
        return true;
    snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s: %s", book, strerror(errno));
    return false;
}

static bool on_signals(struct mockbank_server *server, char error[MOCKBANK_ERROR_BYTES])
{
    struct signalfd_siginfo info;
    while (read(server->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGUSR1)
            server->is_ending = true;
        else if (!write_book(server, error))
            return false;
    }
    return true;
}

static void on_events(struct mockbank_server *server, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == LISTEN_TAG)
            accept_some(server);
        else if (events[i].data.u64 != SIGNAL_TAG)
            on_event(server, &events[i]);
    }
}

/* Whom an event and the list both name is found in order, and read once. */
static void read_again(struct mockbank_server *server)
{
    uint32_t count = server->again_count;
    server->again_count = 0;
    for (uint32_t i = 0; i < count; i++)
        go_on(server, &server->connections[server->again[i]]);
}

static bool answer_all(struct mockbank_server *server, char error[MOCKBANK_ERROR_BYTES])
{
    uint32_t index;
    while (heap_pop(&server->due, server->now_ns, &index))
        server->ready[server->ready_count++] = index;
    if (server->setup.log != NULL && !mockbank_log_flush(server->setup.log)) {
        snprintf(error, MOCKBANK_ERROR_BYTES, "could not write the receipt log: %s",
                 strerror(errno));
        return false;
    }
    for (uint32_t i = 0; i < server->ready_count; i++)
        carry_out(server, &server->connections[server->ready[i]]);
    server->ready_count = 0;
    return true;
}

static bool turn(struct mockbank_server *server, char error[MOCKBANK_ERROR_BYTES])
{
    struct epoll_event events[EVENTS_MAX];
    int count = wait_for(server, events);
    if (count < 0 && errno != EINTR) {
        snprintf(error, MOCKBANK_ERROR_BYTES, "could not wait for events: %s", strerror(errno));
        return false;
    }
    server->now_ns = clock_now_ns() + server->offset_ns;
    happen(server);
    read_again(server);
    on_events(server, events, count);
    return answer_all(server, error) && on_signals(server, error);
}

/* Wall time once, then steady: the bank's time never goes back, not even behind its log. */
static void start_time(struct mockbank_server *server)
{
    const struct mockbank_past *past = server->setup.past;
    uint64_t wall_ns = (uint64_t)clock_wall_us() * NS_PER_US;
    if (wall_ns <= past->last_at_ns)
        wall_ns = past->last_at_ns + NS_PER_US;
    server->now_ns = wall_ns;
    server->offset_ns = wall_ns - clock_now_ns();
    server->first_at_ns = past->starts > 0 ? past->first_at_ns : wall_ns;
    if (server->setup.arrivals_from_ns > 0)
        server->first_at_ns = server->setup.arrivals_from_ns + server->offset_ns;
    if (server->setup.log != NULL)
        mockbank_log_start(server->setup.log, wall_ns, server->setup.accounts);
}

bool mockbank_server_run(struct mockbank_server *server, char error[MOCKBANK_ERROR_BYTES])
{
    char unused[MOCKBANK_ERROR_BYTES];
    bool is_good = true;
    start_time(server);
    while (is_good && !server->is_ending)
        is_good = turn(server, error);
    return write_book(server, is_good ? error : unused) && is_good;
}
