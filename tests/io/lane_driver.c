/*
 * The bank connections against a bank that misbehaves by script: a process of its own on a real
 * socket. Each row says what the bank does with the first request; the second is always answered
 * well, and shows whether the first one's connection was used again.
 *
 *     io_lane_driver uring|epoll PROFILE.yaml
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lane_hostile.h"
#include "lane_server.h"

#include "base/time.h"
#include "core/limits.h"
#include "real/bank.h"
#include "real/clock.h"

#define CONNECTIONS 64U
#define PATIENCE_NS (10 * NS_PER_S)
#define MEMORY_MORE_KIB_MAX 512

static struct lane_server *shared;
static enum ring_io io;

/* A bound socket; with a backlog it also listens. */
static int open_listener(int backlog, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, bytes) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
    CHECK(backlog < 0 || listen(fd, backlog) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static const struct parties parties = {.virtual_account = "VA-1",
                                       .payout_bank = "KB",
                                       .payout_account = "111-222",
                                       .holder_name = "Kim"};
static const struct transfer_order order = {.settlement_id = 1,
                                            .key = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
                                            .amount_minor = SERVED_AMOUNT,
                                            .step = STEP_COLLECT,
                                            .generation = 1};

/* One lane's worth of connections, to one port. */
struct line {
    struct ring *ring;
    struct bank *bank;
    struct hash *hash;
    uint32_t next_call;
};

/* Replies of one turn at a time, copied. */
struct got {
    uint32_t count;
    struct bank_reply replies[CONNECTIONS];
    char codes[CONNECTIONS][CODE_TEXT_MAX + 1];
};

static const struct profile *profile;
static const char *row_name = "";
static int failures;

#define EXPECT(condition)                                                                          \
    ((condition) ? (void)0                                                                         \
                 : (void)(failures++,                                                              \
                          printf("FAILED %s: %s (line %d)\n", row_name, #condition, __LINE__)))

static struct line open_line_with(uint16_t port, uint64_t linger_ns)
{
    struct bank_peer peer = {.profile = profile,
                             .connections_max = CONNECTIONS,
                             .linger_ns = linger_ns,
                             .call_timeout_ns = 60 * NS_PER_S};
    char error[RING_ERROR_BYTES];
    CHECK(address_resolve("127.0.0.1", port, &peer.addresses, error, sizeof(error)));
    struct line line = {.ring = ring_open(io, CONNECTIONS, error), .hash = hash_open()};
    if (!line.ring) {
        printf("%s\n", error);
        exit(1);
    }
    line.bank = bank_open(&peer, 1, line.ring, 0, line.hash);
    CHECK(line.bank);
    return line;
}

static struct line open_line(uint16_t port)
{
    return open_line_with(port, AT_NEVER);
}

static void turn(struct line *line, uint64_t wait_ns)
{
    struct ring_done done[256];
    uint32_t count = ring_turn(line->ring, wait_ns, done, 256);
    for (uint32_t i = 0; i < count; i++) {
        bank_on_done(line->bank, &done[i], clock_now_ns());
    }
}

/* Turn until there are that many replies. */
static struct got collect(struct line *line, uint32_t wanted)
{
    struct got got = {0};
    uint64_t give_up_at_ns = clock_now_ns() + PATIENCE_NS;
    while (got.count < wanted && clock_now_ns() < give_up_at_ns) {
        uint32_t count;
        const struct event *replies = bank_replies(line->bank, &count);
        for (uint32_t i = 0; i < count; i++) {
            CHECK(got.count < CONNECTIONS);
            strcpy(got.codes[got.count], replies[i].bank_reply.text->code);
            got.replies[got.count++] = replies[i].bank_reply;
        }
        bank_replies_taken(line->bank);
        if (got.count < wanted) {
            turn(line, 10 * NS_PER_MS);
        }
    }
    EXPECT(got.count == wanted);
    return got;
}

/* Turn until the other process has counted so far. */
static void turn_until(struct line *line, const _Atomic uint32_t *counter, uint32_t wanted)
{
    uint64_t give_up_at_ns = clock_now_ns() + PATIENCE_NS;
    while (*counter < wanted && clock_now_ns() < give_up_at_ns) {
        turn(line, NS_PER_MS);
    }
    EXPECT(*counter >= wanted);
}

static struct slot call_with(struct line *line, enum call_kind kind, const struct digest *digest)
{
    struct slot slot = {.index = line->next_call % CALLS_MAX, .generation = line->next_call + 1};
    const struct bank_call call = {.call = slot,
                                   .call_kind = (uint8_t)kind,
                                   .order = kind == CALL_BALANCE ? NULL : &order,
                                   .parties = &parties,
                                   .body_digest = digest};
    line->next_call++;
    bank_call(line->bank, &call, clock_now_ns());
    return slot;
}

static struct slot call(struct line *line, enum call_kind kind)
{
    return call_with(line, kind, NULL);
}

static void close_line(struct line *line)
{
    bank_shut(line->bank);
    uint64_t give_up_at_ns = clock_now_ns() + PATIENCE_NS;
    while (ring_outstanding(line->ring) > 0 && clock_now_ns() < give_up_at_ns) {
        turn(line, 10 * NS_PER_MS);
    }
    EXPECT(bank_is_shut(line->bank));
    EXPECT(ring_outstanding(line->ring) == 0);
    // What the other process still counts belongs to this row.
    while (shared->ended < bank_connects(line->bank, 0) && clock_now_ns() < give_up_at_ns) {
        sched_yield();
    }
    ring_close(line->ring);
    bank_close(line->bank);
    hash_close(line->hash);
}

/* ---- what is expected ------------------------------------------------------------------------ */

struct row {
    const char *name;
    enum conduct conduct;
    enum call_kind kind;
    enum answer answer;
    const char *code; /* the reply's code begins so; NULL: whatever it is */
    bool used_again;  /* the connection carries the second call too */
};

static const struct row rows[] = {
    {"a good balance", GOOD, CALL_BALANCE, ANSWER_BALANCE, "", true},
    {"a good transfer", GOOD, CALL_TRANSFER, ANSWER_ACCEPTED, "", true},
    {"a balance byte by byte", BYTE_BY_BYTE, CALL_BALANCE, ANSWER_BALANCE, "", true},
    {"a transfer byte by byte", BYTE_BY_BYTE, CALL_TRANSFER, ANSWER_ACCEPTED, "", true},
    {"chunked", CHUNKED, CALL_TRANSFER, ANSWER_ACCEPTED, "", true},
    {"until the connection closes", UNTIL_CLOSE, CALL_BALANCE, ANSWER_BALANCE, "", false},
    {"the bank says that it closes", SAYS_CLOSE, CALL_TRANSFER, ANSWER_ACCEPTED, "", false},
    {"surplus byte", SURPLUS, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"two answers", TWO_ANSWERS, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"closed unanswered", CLOSES_UNANSWERED, CALL_TRANSFER, ANSWER_IN_DOUBT, "lost", false},
    {"balance closed unanswered", CLOSES_UNANSWERED, CALL_BALANCE, ANSWER_IN_DOUBT, "lost", false},
    {"reset", RESETS, CALL_TRANSFER, ANSWER_IN_DOUBT, "lost ECONNRESET", false},
    {"half a body", HALF_A_BODY, CALL_TRANSFER, ANSWER_IN_DOUBT, "lost", false},
    {"length too short", SHORT_LENGTH, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"two lengths", TWO_LENGTHS, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"garbage", GARBAGE, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"endless header", ENDLESS_HEADER, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"huge body", HUGE_BODY, CALL_TRANSFER, ANSWER_IN_DOUBT, "bad_http", false},
    {"no content", NO_CONTENT, CALL_TRANSFER, ANSWER_IN_DOUBT, NULL, true},
    {"server error", SERVER_ERROR, CALL_TRANSFER, ANSWER_IN_DOUBT, NULL, true},
    {"another key in the answer", OTHER_KEY, CALL_TRANSFER, ANSWER_IN_DOUBT, "echo_key", true},
    {"continue first", CONTINUE_FIRST, CALL_BALANCE, ANSWER_BALANCE, "", true},
};

static void expect_reply(const struct got *got, uint32_t index, struct slot slot,
                         enum answer answer, const char *code)
{
    const struct bank_reply *reply = &got->replies[index];
    EXPECT(reply->call.index == slot.index && reply->call.generation == slot.generation);
    EXPECT(reply->answer == answer);
    EXPECT(!code || strncmp(got->codes[index], code, strlen(code)) == 0);
    EXPECT(answer != ANSWER_BALANCE || reply->balance_minor == SERVED_BALANCE);
    if (reply->answer != answer) {
        printf("  answer %d, code \"%s\"\n", reply->answer, got->codes[index]);
    }
}

static void one_call(struct line *line, enum call_kind kind, enum answer answer, const char *code)
{
    struct slot slot = call(line, kind);
    struct got got = collect(line, 1);
    expect_reply(&got, 0, slot, answer, code);
}

static void begin(const char *name, enum conduct conduct)
{
    row_name = name;
    shared->requests = 0;
    shared->ended = 0;
    shared->conduct = conduct;
}

static void run_row(const struct row *row, uint16_t port)
{
    begin(row->name, row->conduct);
    struct line line = open_line(port);
    one_call(&line, row->kind, row->answer, row->code);
    one_call(&line, CALL_BALANCE, ANSWER_BALANCE, "");
    EXPECT(bank_connects(line.bank, 0) == (row->used_again ? 1 : 2));
    EXPECT(shared->requests == 2);
    close_line(&line);
}

/* Whatever the bank says: in doubt; and where HTTP is broken, the connection is not used again. */
static void run_hostile(const struct hostile *hostile, enum call_kind kind, uint16_t port)
{
    begin(hostile->name, (enum conduct)(HOSTILE + (hostile - lane_hostile)));
    struct line line = open_line(port);
    one_call(&line, kind, ANSWER_IN_DOUBT, hostile->is_framed ? "unparsed" : "bad_http");
    one_call(&line, CALL_TRANSFER, ANSWER_ACCEPTED, "");
    EXPECT(bank_connects(line.bank, 0) == (hostile->is_framed ? 1 : 2));
    EXPECT(shared->requests == 2);
    close_line(&line);
}

/* The most memory this process ever had, in KiB. */
static long memory_peak_kib(void)
{
    char line[128];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status);
    while (kib < 0 && fgets(line, sizeof(line), status)) {
        (void)sscanf(line, "VmHWM: %ld kB", &kib);
    }
    fclose(status);
    CHECK(kib > 0);
    return kib;
}

/* After every other test has run, so that nothing but what hostile banks say can add to it. */
static void hostile_banks(uint16_t port)
{
    long before_kib = memory_peak_kib();
    for (size_t i = 0; i < lane_hostile_count; i++) {
        run_hostile(&lane_hostile[i], CALL_TRANSFER, port);
        run_hostile(&lane_hostile[i], CALL_INQUIRY, port);
    }
    long more_kib = memory_peak_kib() - before_kib;
    row_name = "memory against hostile banks";
    EXPECT(more_kib <= MEMORY_MORE_KIB_MAX);
    printf("%zu hostile answers, each twice: %ld KiB more memory\n", lane_hostile_count, more_kib);
}

/* It never ends and never is wrong; the core's patience does end. */
static void dribbling(uint16_t port)
{
    begin("a byte at a time, for ever", DRIBBLES);
    shared->dribbled = 0;
    struct line line = open_line(port);
    struct slot slot = call(&line, CALL_TRANSFER);
    turn_until(&line, &shared->dribbled, 20);
    uint32_t count;
    (void)bank_replies(line.bank, &count);
    EXPECT(count == 0);
    bank_cancel(line.bank, slot);
    struct got got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_IN_DOUBT, "cancelled");
    one_call(&line, CALL_TRANSFER, ANSWER_ACCEPTED, "");
    EXPECT(bank_connects(line.bank, 0) == 2);
    close_line(&line);
}

/* The bank closes, or talks on, behind the answer: seen before the connection is used again. */
static void idle_connection_ends(const char *name, enum conduct conduct, uint16_t port)
{
    begin(name, conduct);
    struct line line = open_line(port);
    struct slot slot = call(&line, CALL_TRANSFER);
    struct got got = collect(&line, 1);
    EXPECT(got.replies[0].call.index == slot.index);
    turn_until(&line, &shared->ended, 1);
    for (int i = 0; i < 3; i++) {
        turn(&line, NS_PER_MS);
    }
    one_call(&line, CALL_TRANSFER, ANSWER_ACCEPTED, "");
    EXPECT(bank_connects(line.bank, 0) == 2);
    close_line(&line);
}

static void cancelled_after_sending(uint16_t port)
{
    begin("cancelled after sending", SILENT);
    struct line line = open_line(port);
    struct slot slot = call(&line, CALL_TRANSFER);
    turn_until(&line, &shared->requests, 1);
    bank_cancel(line.bank, slot);
    bank_cancel(line.bank, slot);
    struct got got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_IN_DOUBT, "cancelled");
    bank_cancel(line.bank, slot);
    one_call(&line, CALL_TRANSFER, ANSWER_ACCEPTED, "");
    EXPECT(bank_connects(line.bank, 0) == 2);
    close_line(&line);
}

static void cancelled_in_the_turn_of_its_call(uint16_t port)
{
    begin("cancelled in the turn of its call", GOOD);
    struct line line = open_line(port);
    one_call(&line, CALL_BALANCE, ANSWER_BALANCE, "");
    // The connection is warm, so a send was asked for: it may leave in spite of the cancel.
    struct slot slot = call(&line, CALL_TRANSFER);
    bank_cancel(line.bank, slot);
    struct got got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_IN_DOUBT, "cancelled");
    close_line(&line);
}

static void nobody_listens(void)
{
    begin("nobody listens", GOOD);
    uint16_t port;
    int fd = open_listener(-1, &port);
    struct line line = open_line(port);
    one_call(&line, CALL_TRANSFER, ANSWER_NOT_DONE, "unconnected ECONNREFUSED");
    one_call(&line, CALL_BALANCE, ANSWER_NOT_DONE, "unconnected ECONNREFUSED");
    close_line(&line);
    close(fd);
}

/* A listener whose queue is full lets further connections hang. */
static int open_deaf(uint16_t *port, int fillers[4])
{
    int fd = open_listener(0, port);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
    return fd;
}

static void connection_hangs(void)
{
    uint16_t port;
    int fillers[4];
    int fd = open_deaf(&port, fillers);
    begin("cancelled while connecting", GOOD);
    struct line line = open_line(port);
    struct slot slot = call(&line, CALL_TRANSFER);
    turn(&line, NS_PER_MS);
    bank_cancel(line.bank, slot);
    struct got got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_NOT_DONE, "cancelled");

    row_name = "silenced while connecting";
    slot = call(&line, CALL_TRANSFER);
    turn(&line, NS_PER_MS);
    bank_silence(line.bank);
    got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_NOT_DONE, "silenced");
    slot = call(&line, CALL_BALANCE);
    got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_NOT_DONE, "silenced");
    close_line(&line);
    close(fd);
    for (int i = 0; i < 4; i++) {
        close(fillers[i]);
    }
}

static void connected_too_late(uint16_t port)
{
    begin("connected too late for the linger", GOOD);
    // Half of a linger of 0 is over before any connection stands.
    struct line line = open_line_with(port, 0);
    one_call(&line, CALL_TRANSFER, ANSWER_NOT_DONE, "connected_late");
    close_line(&line);
    EXPECT(shared->requests == 0);
}

static void body_changed(uint16_t port)
{
    begin("the body changed", GOOD);
    struct line line = open_line(port);
    struct digest digest = profile_body_digest(profile, line.hash, &order, &parties);
    struct slot slot = call_with(&line, CALL_TRANSFER, &digest);
    struct got got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_ACCEPTED, "");
    digest.bytes[31] ^= 1;
    slot = call_with(&line, CALL_TRANSFER, &digest);
    got = collect(&line, 1);
    expect_reply(&got, 0, slot, ANSWER_CHANGED, "changed");
    one_call(&line, CALL_BALANCE, ANSWER_BALANCE, "");
    EXPECT(shared->requests == 2);
    close_line(&line);
}

static void all_connections_at_once(uint16_t port)
{
    begin("all connections at once", GOOD);
    struct line line = open_line(port);
    for (uint32_t round = 0; round < 20; round++) {
        bool seen[CONNECTIONS] = {false};
        uint32_t first = line.next_call;
        for (uint32_t i = 0; i < CONNECTIONS; i++) {
            call(&line, i % 2 == 0 ? CALL_BALANCE : CALL_TRANSFER);
        }
        struct got got = collect(&line, CONNECTIONS);
        for (uint32_t i = 0; i < got.count; i++) {
            uint32_t which = got.replies[i].call.index - first % CALLS_MAX;
            CHECK(which < CONNECTIONS && !seen[which]);
            seen[which] = true;
            EXPECT(got.replies[i].answer == (which % 2 == 0 ? ANSWER_BALANCE : ANSWER_ACCEPTED));
        }
    }
    EXPECT(bank_connects(line.bank, 0) == CONNECTIONS);
    EXPECT(shared->requests == 20 * CONNECTIONS);
    close_line(&line);
}

static void shut_with_calls_in_flight(uint16_t port)
{
    begin("shut with calls in flight", SILENT);
    struct line line = open_line(port);
    call(&line, CALL_TRANSFER);
    turn_until(&line, &shared->requests, 1);
    call(&line, CALL_BALANCE);
    bank_shut(line.bank);
    struct got got = collect(&line, 2);
    uint32_t doubts = 0;
    for (uint32_t i = 0; i < got.count; i++) {
        doubts += got.replies[i].answer == ANSWER_IN_DOUBT;
    }
    EXPECT(doubts == 1);
    close_line(&line);
}

int main(int argc, char **argv)
{
    io = argc == 3 && strcmp(argv[1], ring_io_name(RING_EPOLL)) == 0 ? RING_EPOLL : RING_URING;
    if (argc != 3 || strcmp(argv[1], ring_io_name(io)) != 0) {
        fprintf(stderr, "usage: io_lane_driver uring|epoll PROFILE.yaml\n");
        return 64;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    char error[PROFILE_ERROR_BYTES];
    const struct profile_site site = {.host = "bank.test",
                                      .path_prefix = "",
                                      .token = "secret",
                                      .collection_account = "COLLECT-1",
                                      .suspense_account = "",
                                      .currency = "KRW"};
    struct profile *loaded = profile_load(argv[2], &site, error);
    if (!loaded) {
        printf("%s\n", error);
        return 1;
    }
    profile = loaded;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    uint16_t port;
    int listener = open_listener(SERVED_MAX, &port);
    pid_t server = fork();
    CHECK(server >= 0);
    if (server == 0) {
        lane_server_run(listener, shared);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run_row(&rows[i], port);
    }
    idle_connection_ends("the bank closes an idle connection", CLOSES_WHEN_IDLE, port);
    idle_connection_ends("surplus on an idle connection", SURPLUS_WHEN_IDLE, port);
    cancelled_after_sending(port);
    cancelled_in_the_turn_of_its_call(port);
    nobody_listens();
    connection_hangs();
    connected_too_late(port);
    body_changed(port);
    all_connections_at_once(port);
    shut_with_calls_in_flight(port);
    dribbling(port);
    hostile_banks(port);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    profile_close(loaded);
    printf(failures == 0 ? "all as expected\n" : "%d expectations failed\n", failures);
    return failures == 0 ? 0 : 1;
}
