/* The server as a process of its own, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/mockbank_server.h"
#include "real/clock.h"

#define ACCOUNTS 50

struct bank {
    pid_t process;
    uint16_t port;
};

static char folder[64];

static const char *in_folder(const char *name)
{
    static char names[4][96];
    static unsigned next;
    char *out = names[next++ % 4];
    (void)snprintf(out, sizeof names[0], "%s/%s", folder, name);
    return out;
}

static void make_accounts(struct mockbank_accounts *accounts)
{
    static struct mockbank_account all[ACCOUNTS];
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        (void)snprintf(all[i].account, sizeof all[i].account, "V%u", i);
        all[i].balance_minor = 1000;
    }
    *accounts = (struct mockbank_accounts){.accounts = all, .account_count = ACCOUNTS};
}

static struct mock_bank *make_bank(const struct mock_settings *settings,
                                   const struct mockbank_accounts *accounts)
{
    struct mock_settings used = *settings;
    char error[MOCKBANK_ERROR_BYTES];
    used.accounts_max = ACCOUNTS;
    used.transfers_max = 10000;
    struct mock_bank *bank = mock_bank_open(&used);
    if (bank == NULL || !mockbank_accounts_enter(accounts, bank, error))
        abort();
    return bank;
}

/* The child: a bank over the log that an earlier one left. Says its port, then serves. */
static int serve(const struct mock_settings *settings, int port_fd)
{
    struct mockbank_accounts accounts;
    struct mockbank_past past;
    char error[MOCKBANK_ERROR_BYTES];
    make_accounts(&accounts);
    struct mockbank_log *log = mockbank_log_open(in_folder("log"), error);
    struct mock_bank *bank = make_bank(settings, &accounts);
    if (log == NULL || !mockbank_log_past(log, &past, error) ||
        !mockbank_log_replay(log, bank, &past, error))
        return 1;
    const struct mockbank_setup setup = {.bank = bank,
                                         .accounts = &accounts,
                                         .log = log,
                                         .book = in_folder("book"),
                                         .host = "127.0.0.1",
                                         .past = &past};
    struct mockbank_server *server = mockbank_server_open(&setup, error);
    if (server == NULL)
        return 2;
    uint16_t port = mockbank_server_port(server);
    if (write(port_fd, &port, sizeof port) != sizeof port)
        return 3;
    int result = mockbank_server_run(server, error) ? 0 : 4;
    mockbank_server_close(server);
    mockbank_log_close(log);
    mock_bank_close(bank);
    return result;
}

static struct bank start(const struct mock_settings *settings)
{
    struct bank bank;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    bank.process = fork();
    assert_true(bank.process >= 0);
    if (bank.process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        _exit(serve(settings, ends[1]));
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &bank.port, sizeof bank.port), sizeof bank.port);
    close(ends[0]);
    return bank;
}

static int stop(struct bank bank, int signal_number)
{
    int status;
    assert_int_equal(kill(bank.process, signal_number), 0);
    assert_int_equal(waitpid(bank.process, &status, 0), bank.process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- the peer ---- */

static int dial(struct bank bank)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(bank.port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *bytes)
{
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

static void say_payout(int fd, const char *key, unsigned account)
{
    char body[256], bytes[1024];
    int body_bytes = snprintf(body, sizeof body,
                              "{\"account_id\":\"V%u\",\"destination\":{\"bank\":\"a\","
                              "\"account_number\":\"1-1\",\"holder_name\":\"b\"},\"amount\":1,"
                              "\"currency\":\"KRW\"}",
                              account);
    (void)snprintf(bytes, sizeof bytes,
                   "POST /payouts HTTP/1.1\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
                   key, body_bytes, body);
    say(fd, bytes);
}

/* One whole answer into `out`; its status, 0 at the end of the connection, -errno. */
static int hear(int fd, char out[2048])
{
    size_t used = 0;
    for (;;) {
        // One byte at a time, so that the next answer stays in the socket.
        ssize_t got = recv(fd, out + used, 1, 0);
        if (got <= 0)
            return got == 0 ? 0 : -errno;
        out[++used] = 0;
        assert_true(used < 2047);
        const char *body = strstr(out, "\r\n\r\n");
        const char *length = strstr(out, "Content-Length: ");
        if (body != NULL && length != NULL && strlen(body + 4) == strtoul(length + 16, NULL, 10))
            return atoi(out + strlen("HTTP/1.1 "));
    }
}

static int begin_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/mockbank-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int end_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"log", "book", "book.accounts", "book.meter"};
    for (int i = 0; i < 4; i++)
        (void)unlink(in_folder(names[i]));
    return rmdir(folder);
}

/* ---- tests ---- */

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){0});
    int fd = dial(bank);
    say(fd, "GET /accounts/V1/balance HTTP/1.1\r\n\r\nGET /accounts/V2/balance HTTP/1.1\r\n\r\n"
            "GET /accounts/none/balance HTTP/1.1\r\n\r\nGET /accounts/V3/bal");
    assert_int_equal(hear(fd, answer), 200);
    assert_non_null(strstr(answer, "\"V1\""));
    assert_int_equal(hear(fd, answer), 200);
    assert_non_null(strstr(answer, "\"V2\""));
    assert_int_equal(hear(fd, answer), 404);
    say(fd, "ance HTTP/1.1\r\n\r\n");
    assert_int_equal(hear(fd, answer), 200);
    assert_non_null(strstr(answer, "\"V3\""));
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void request_in_single_bytes_is_answered(void **state)
{
    (void)state;
    static const char request[] = "GET /accounts/V7/balance HTTP/1.1\r\nHost: b\r\n\r\n";
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){0});
    int fd = dial(bank);
    for (const char *at = request; *at != 0; at++)
        say(fd, (const char[]){*at, 0});
    assert_int_equal(hear(fd, answer), 200);
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void garbage_is_answered_400_and_the_connection_ends(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){0});
    int fd = dial(bank);
    say(fd, "\x16\x03\x01 what is this\r\n\r\nGET /accounts/V1/balance HTTP/1.1\r\n\r\n");
    assert_int_equal(hear(fd, answer), 400);
    assert_int_equal(hear(fd, answer), 0);
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void answers_wait_for_their_latency_and_not_for_each_other(void **state)
{
    (void)state;
    enum { PEERS = 100 };
    int fds[PEERS];
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){.latency_ns = 50 * NS_PER_MS});
    for (int i = 0; i < PEERS; i++)
        fds[i] = dial(bank);
    uint64_t began_ns = clock_now_ns();
    for (int i = 0; i < PEERS; i++)
        say(fds[i], "GET /accounts/V1/balance HTTP/1.1\r\n\r\n");
    for (int i = 0; i < PEERS; i++)
        assert_int_equal(hear(fds[i], answer), 200);
    uint64_t took_ns = clock_now_ns() - began_ns;
    assert_true(took_ns >= 50 * NS_PER_MS && took_ns < PEERS * 50 * NS_PER_MS);
    for (int i = 0; i < PEERS; i++)
        close(fds[i]);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void lost_answer_is_a_reset_and_the_money_has_moved(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){.faults.lost_after = 1000000});
    int fd = dial(bank);
    say_payout(fd, "k1", 1);
    assert_int_equal(hear(fd, answer), -ECONNRESET);
    close(fd);
    fd = dial(bank);
    say(fd, "GET /payouts?idempotency_key=k1 HTTP/1.1\r\n\r\n");
    assert_int_equal(hear(fd, answer), 200);
    assert_non_null(strstr(answer, "\"status\":\"complete\""));
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void dripping_answer_takes_its_time_and_is_whole(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank =
        start(&(struct mock_settings){.drip_ns = NS_PER_MS / 10, .faults.drip = 1000000});
    int fd = dial(bank);
    uint64_t began_ns = clock_now_ns();
    for (int i = 0; i < 2; i++) { // the connection goes on behind it
        say(fd, "GET /accounts/V1/balance HTTP/1.1\r\n\r\n");
        assert_int_equal(hear(fd, answer), 200);
    }
    assert_true(clock_now_ns() - began_ns >= 2 * 170 * NS_PER_MS / 10);
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void answer_cut_in_its_body_ends_the_connection(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){.faults.half_body = 1000000});
    int fd = dial(bank);
    say(fd, "GET /accounts/V1/balance HTTP/1.1\r\n\r\n");
    assert_int_equal(hear(fd, answer), 0);
    assert_non_null(strstr(answer, "{\"account_id\""));
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static void silent_connections_do_not_disturb_others(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){.seed = 3, .faults.hang = 500000});
    uint32_t answered = 0;
    const struct timeval impatience = {.tv_usec = 20000};
    int fds[40];
    for (int i = 0; i < 40; i++) {
        fds[i] = dial(bank);
        (void)setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &impatience, sizeof impatience);
        say(fds[i], "GET /accounts/V1/balance HTTP/1.1\r\n\r\n");
        int status = hear(fds[i], answer);
        assert_true(status == 200 || status == -EAGAIN);
        answered += status == 200;
    }
    assert_in_range(answered, 5, 35);
    for (int i = 0; i < 40; i++)
        close(fds[i]);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

static uint32_t count_lines(const char *name)
{
    uint32_t lines = 0;
    int c;
    FILE *stream = fopen(name, "r");
    if (stream == NULL)
        return 0;
    while ((c = getc(stream)) != EOF)
        lines += c == '\n';
    fclose(stream);
    return lines;
}

static void book_is_written_at_the_end(void **state)
{
    (void)state;
    char answer[2048], line[256];
    struct bank bank = start(&(struct mock_settings){0});
    int fd = dial(bank);
    say_payout(fd, "k1", 1);
    assert_int_equal(hear(fd, answer), 200);
    say_payout(fd, "k2", 2);
    assert_int_equal(hear(fd, answer), 200);
    assert_int_equal(stop(bank, SIGTERM), 0);
    close(fd);
    assert_int_equal(count_lines(in_folder("book")), 3);
    assert_int_equal(count_lines(in_folder("book.accounts")), ACCOUNTS + 1);
    assert_int_equal(count_lines(in_folder("book.meter")), 2);
    FILE *stream = fopen(in_folder("book"), "r");
    assert_non_null(stream);
    assert_non_null(fgets(line, sizeof line, stream));
    assert_string_equal(line, "key,from,to,amount_minor,state,bank_ref,at_us\n");
    assert_non_null(fgets(line, sizeof line, stream));
    assert_int_equal(strncmp(line, "k1,V1,1-1,1,accepted,tr_1,1", 27), 0);
    fclose(stream);
}

static void book_is_written_on_a_signal_while_it_serves(void **state)
{
    (void)state;
    char answer[2048];
    struct bank bank = start(&(struct mock_settings){0});
    int fd = dial(bank);
    say_payout(fd, "k1", 1);
    assert_int_equal(hear(fd, answer), 200);
    assert_int_equal(kill(bank.process, SIGUSR1), 0);
    // Signals are handled at the end of a turn: the second answer is a turn later.
    for (int i = 0; i < 2; i++) {
        say(fd, "GET /accounts/V1/balance HTTP/1.1\r\n\r\n");
        assert_int_equal(hear(fd, answer), 200);
    }
    assert_int_equal(count_lines(in_folder("book")), 2);
    close(fd);
    assert_int_equal(stop(bank, SIGTERM), 0);
}

/* Eight peers pay until the bank is killed; what each of them heard is in the log. */
static void killed_bank_has_told_nothing_that_its_log_lacks(void **state)
{
    (void)state;
    enum { PEERS = 8, KEYS = 4000 };
    static bool is_heard[KEYS];
    int fds[PEERS], keys[PEERS];
    char answer[2048], key[32];
    struct bank bank = start(&(struct mock_settings){0});
    for (int life = 0, next = 0; life < 5; life++) {
        for (int i = 0; i < PEERS; i++)
            fds[i] = dial(bank);
        for (int round = 0; round < 20 + 13 * life; round++) {
            for (int i = 0; i < PEERS; i++) {
                keys[i] = next++;
                (void)snprintf(key, sizeof key, "k%d", keys[i]);
                say_payout(fds[i], key, (unsigned)keys[i] % ACCOUNTS);
            }
            if (round == 19 + 13 * life) // with eight requests on their way
                assert_int_equal(stop(bank, SIGKILL), -SIGKILL);
            for (int i = 0; i < PEERS; i++)
                is_heard[keys[i]] = hear(fds[i], answer) == 200;
        }
        for (int i = 0; i < PEERS; i++)
            close(fds[i]);
        bank = start(&(struct mock_settings){0});
        int fd = dial(bank);
        for (int i = 0; i < next; i++) {
            char query[96];
            (void)snprintf(query, sizeof query, "GET /payouts?idempotency_key=k%d HTTP/1.1\r\n\r\n",
                           i);
            say(fd, query);
            assert_int_equal(hear(fd, answer), 200);
            if (is_heard[i])
                assert_non_null(strstr(answer, "\"status\":\"complete\""));
        }
        close(fd);
    }
    assert_int_equal(stop(bank, SIGTERM), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_folder, end_folder)
    const struct CMUnitTest tests[] = {
        TEST(pipelined_requests_are_answered_in_order),
        TEST(request_in_single_bytes_is_answered),
        TEST(garbage_is_answered_400_and_the_connection_ends),
        TEST(answers_wait_for_their_latency_and_not_for_each_other),
        TEST(lost_answer_is_a_reset_and_the_money_has_moved),
        TEST(dripping_answer_takes_its_time_and_is_whole),
        TEST(answer_cut_in_its_body_ends_the_connection),
        TEST(silent_connections_do_not_disturb_others),
        TEST(book_is_written_at_the_end),
        TEST(book_is_written_on_a_signal_while_it_serves),
        TEST(killed_bank_has_told_nothing_that_its_log_lacks),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
