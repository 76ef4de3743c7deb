#include "lane_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lane_hostile.h"

#define SERVED_REQUEST_BYTES 4096
#define DRIBBLE_MS 2

struct served {
    int fd;
    bool is_dribbled;
    uint32_t bytes;
    char request[SERVED_REQUEST_BYTES + 1];
};

static struct lane_server *shared;

static void put(int fd, const char *bytes, size_t byte_count)
{
    while (byte_count > 0) {
        ssize_t written = send(fd, bytes, byte_count, MSG_NOSIGNAL);
        if (written <= 0) {
            return;
        }
        bytes += written;
        byte_count -= (size_t)written;
    }
}

static void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

static void put_endless(int fd, const char *head, const char *line)
{
    put_text(fd, head);
    for (int i = 0; i < 20000; i++) {
        put_text(fd, line);
    }
}

static void good_body(const struct served *served, bool other_key, char body[512])
{
    if (strncmp(served->request, "GET /accounts/", 14) == 0) {
        snprintf(body, 512,
                 "{\"account_id\":\"VA-1\",\"current_balance\":%d,\"available_balance\":%d,"
                 "\"currency\":\"KRW\",\"type\":\"balance_lookup\"}",
                 SERVED_BALANCE, SERVED_BALANCE);
        return;
    }
    const char *key = strstr(served->request, "Idempotency-Key: ");
    snprintf(body, 512,
             "{\"id\":\"tr_1\",\"account_id\":\"VA-1\",\"destination_account_id\":\"COLLECT-1\","
             "\"amount\":%d,\"currency\":\"KRW\",\"status\":\"complete\","
             "\"idempotency_key\":\"%s%.*s\",\"type\":\"account_transfer\"}",
             SERVED_AMOUNT, other_key ? "f" : "", other_key ? 31 : 32,
             key ? key + strlen("Idempotency-Key: ") : "");
}

static void good_answer(const struct served *served, enum conduct conduct, char answer[1024])
{
    char body[512];
    good_body(served, conduct == OTHER_KEY, body);
    int length = (int)strlen(body);
    if (conduct == CHUNKED) {
        snprintf(answer, 1024,
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%.5s\r\n%x\r\n%s\r\n"
                 "0\r\n\r\n",
                 body, (unsigned)length - 5, body + 5);
        return;
    }
    if (conduct == UNTIL_CLOSE) {
        snprintf(answer, 1024, "HTTP/1.1 200 OK\r\n\r\n%s", body);
        return;
    }
    if (conduct == HALF_A_BODY) {
        length += 10;
    } else if (conduct == SHORT_LENGTH) {
        length -= 10;
    }
    snprintf(answer, 1024, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s",
             conduct == SAYS_CLOSE ? "Connection: close\r\n" : "", length, body);
}

static void end(struct served *served, bool reset)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (reset) {
        setsockopt(served->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    close(served->fd);
    served->fd = -1;
    shared->ended++;
}

static void serve(struct served *served, enum conduct conduct)
{
    char answer[1024];
    good_answer(served, conduct, answer);
    switch (conduct) {
    case GOOD:
    case CHUNKED:
    case SAYS_CLOSE:
    case SHORT_LENGTH:
    case OTHER_KEY:
        put_text(served->fd, answer);
        return;
    case BYTE_BY_BYTE:
        for (size_t i = 0; i < strlen(answer); i++) {
            put(served->fd, answer + i, 1);
        }
        return;
    case CONTINUE_FIRST:
        put_text(served->fd, "HTTP/1.1 100 Continue\r\n\r\n");
        put_text(served->fd, answer);
        return;
    case UNTIL_CLOSE:
    case CLOSES_WHEN_IDLE:
    case HALF_A_BODY:
        put_text(served->fd, answer);
        end(served, false);
        return;
    case SURPLUS:
        strcat(answer, "x");
        put_text(served->fd, answer);
        return;
    case TWO_ANSWERS: {
        char both[2048];
        snprintf(both, sizeof(both), "%s%s", answer, answer);
        put_text(served->fd, both);
        return;
    }
    case SURPLUS_WHEN_IDLE:
        put_text(served->fd, answer);
        // One segment each; should they be read together, the whole is surplus in one piece.
        put_text(served->fd, answer);
        return;
    case CLOSES_UNANSWERED:
        end(served, false);
        return;
    case RESETS:
        end(served, true);
        return;
    case TWO_LENGTHS:
        put_text(served->fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
        return;
    case GARBAGE:
        put_text(served->fd, "\x16\x03\x01 this is not HTTP\r\n\r\n");
        return;
    case ENDLESS_HEADER:
        put_endless(served->fd, "HTTP/1.1 200 OK\r\n",
                    "X-Filler: 0123456789012345678901234567\r\n");
        return;
    case HUGE_BODY:
        put_endless(served->fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
                    "01234567890123456789012345678901234567890123456789");
        return;
    case NO_CONTENT:
        put_text(served->fd, "HTTP/1.1 204 No Content\r\n\r\n");
        return;
    case SERVER_ERROR:
        put_text(served->fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
        return;
    case SILENT:
        return;
    case DRIBBLES:
        put_text(served->fd, "HTTP/1.1 200 OK\r\nX: ");
        served->is_dribbled = true;
        return;
    case HOSTILE:
        break;
    }
}

/* Is a whole request there? All of ours have an empty line, and a body where they say so. */
static bool is_whole(const struct served *served)
{
    const char *end_of_head = strstr(served->request, "\r\n\r\n");
    const char *length = strstr(served->request, "Content-Length: ");
    if (!end_of_head) {
        return false;
    }
    size_t head_bytes = (size_t)(end_of_head + 4 - served->request);
    return served->bytes >= head_bytes + (length ? strtoul(length + 16, NULL, 10) : 0);
}

static void on_readable(struct served *served)
{
    ssize_t got =
        recv(served->fd, served->request + served->bytes, SERVED_REQUEST_BYTES - served->bytes, 0);
    if (got <= 0) {
        end(served, false);
        return;
    }
    served->bytes += (uint32_t)got;
    served->request[served->bytes] = 0;
    if (is_whole(served)) {
        enum conduct conduct = (enum conduct)atomic_exchange(&shared->conduct, GOOD);
        served->bytes = 0;
        shared->requests++;
        if (conduct >= HOSTILE) {
            lane_hostile_put(served->fd, &lane_hostile[conduct - HOSTILE]);
        } else {
            serve(served, conduct);
        }
    }
}

/* A byte to everyone who is answered so. */
static bool dribble(struct served all[SERVED_MAX])
{
    bool any = false;
    for (int i = 0; i < SERVED_MAX; i++) {
        if (all[i].fd >= 0 && all[i].is_dribbled) {
            put(all[i].fd, "x", 1);
            shared->dribbled++;
            any = true;
        }
    }
    return any;
}

_Noreturn void lane_server_run(int listener, struct lane_server *seen_by_both)
{
    shared = seen_by_both;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    static struct served all[SERVED_MAX];
    for (int i = 0; i < SERVED_MAX; i++) {
        all[i].fd = -1;
    }
    while (true) {
        struct pollfd waiting[SERVED_MAX + 1] = {{.fd = listener, .events = POLLIN}};
        for (int i = 0; i < SERVED_MAX; i++) {
            waiting[i + 1] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
        }
        bool dribbles = dribble(all);
        poll(waiting, SERVED_MAX + 1, dribbles ? DRIBBLE_MS : -1);
        for (int i = 0; i < SERVED_MAX; i++) {
            if (all[i].fd >= 0 && waiting[i + 1].revents != 0) {
                on_readable(&all[i]);
            }
        }
        for (int i = 0; i < SERVED_MAX && (waiting[0].revents & POLLIN); i++) {
            if (all[i].fd < 0) {
                const int on = 1;
                all[i].fd = accept(listener, NULL, NULL);
                all[i].bytes = 0;
                all[i].is_dribbled = false;
                setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
                break;
            }
        }
    }
}
