/*
 * text_driver: a bank that has money for everybody and refuses every transfer, in words that were
 * chosen to do harm. `text_driver PORTFILE` serves on a free port, written there, until killed.
 *
 * Account VA-n gets texts[(n - 1) % TEXTS]. A refusal that is no JSON, or too long, tells nothing:
 * whoever asks again finds no transfer, and gets a plain refusal for the next one.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES 8192
#define LONG_BYTES (10U << 20)
#define ACCOUNTS_MAX 1000

struct text {
    const char *code; /* as it stands in the JSON */
    size_t bytes;
    bool is_long; /* padded to LONG_BYTES */
};

#define TEXT(literal)                                                                              \
    {                                                                                              \
        .code = (literal), .bytes = sizeof(literal) - 1                                            \
    }

static const struct text texts[] = {
    TEXT("nul\\u0000inside"),
    TEXT("\xb0\xe8\xc1\xc2 \xc1\xa4\xc1\xf6"), // EUC-KR: account stopped
    TEXT("\\u001b[31mred\\u001b[2J\\u001b]0;title\\u0007"),
    TEXT("%n%n%s%s%1000000d"),
    TEXT("'; DROP TABLE daybook.outcome; --"),
    TEXT("x\\n2026-03-25 daybook: all settled\\r\\ndaybook: error: pay again"),
    {.code = "long", .bytes = 4, .is_long = true},
    TEXT("raw\0nul"),
    TEXT("\\\\.\\n\\\\N\\t\\b\\u007f\\u0085"),
    TEXT("\\u202egnihton\\u2028\\ufeff"),
    TEXT("\\ud800 alone"),
    TEXT("raw\nline"),
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static unsigned char *refused; /* by account: it had its text; shared by all processes */

static void put(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done <= 0)
            _exit(0);
        bytes += done;
        count -= (size_t)done;
    }
}

static void answer(int fd, const char *status, const char *body, size_t bytes)
{
    char head[160];
    int used = snprintf(head, sizeof(head),
                        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                        "\r\n",
                        status, bytes);
    put(fd, head, (size_t)used);
    put(fd, body, bytes);
}

static void refuse(int fd, unsigned account)
{
    static char body[LONG_BYTES + REQUEST_BYTES];
    static const struct text plain = TEXT("account_stopped");
    const struct text *text = refused[account]++ == 0 ? &texts[(account - 1) % TEXTS] : &plain;
    size_t used =
        (size_t)snprintf(body, sizeof(body), "{\"type\":\"object_not_found_error\",\"message\":\"");
    size_t pad = text->is_long ? LONG_BYTES : 0;
    memcpy(body + used, text->code, text->bytes);
    memset(body + used + text->bytes, 'x', pad);
    used += text->bytes + pad;
    memcpy(body + used, "\",\"code\":\"", 10);
    memcpy(body + used + 10, text->code, text->bytes);
    used += 10 + text->bytes;
    memcpy(body + used, "\"}", 2);
    answer(fd, "404 Not Found", body, used + 2);
}

static void carry_out(int fd, const char *request)
{
    const char *at = strstr(request, "VA-");
    unsigned account = at == NULL ? 0 : (unsigned)strtoul(at + 3, NULL, 10) % ACCOUNTS_MAX;
    char body[160];
    if (strncmp(request, "POST ", 5) == 0 && account > 0)
        refuse(fd, account);
    else if (account > 0)
        answer(fd, "200 OK", body,
               (size_t)snprintf(body, sizeof(body),
                                "{\"account_id\":\"VA-%07u\",\"available_balance\":9000000,"
                                "\"currency\":\"KRW\"}",
                                account));
    else
        answer(fd, "200 OK", "{\"data\":[],\"next_cursor\":null}", 30);
}

static size_t length_of(const char *request)
{
    const char *length = strstr(request, "Content-Length: ");
    const char *end = strstr(request, "\r\n\r\n");
    size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
    return (size_t)(end + 4 - request) + body;
}

_Noreturn static void serve(int fd)
{
    char request[REQUEST_BYTES + 1];
    size_t used = 0;
    for (;;) {
        ssize_t got = read(fd, request + used, REQUEST_BYTES - used);
        if (got <= 0)
            _exit(0);
        used += (size_t)got;
        request[used] = 0;
        // One exchange at a time: nothing follows a request before its answer.
        if (strstr(request, "\r\n\r\n") == NULL || used < length_of(request))
            continue;
        carry_out(fd, request);
        used = 0;
    }
}

static int listen_somewhere(const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, bytes) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &bytes) != 0)
        exit(1);
    FILE *file = fopen(port_file, "w");
    if (file == NULL || fprintf(file, "%u\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0)
        exit(1);
    return fd;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 64;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    refused = mmap(NULL, ACCOUNTS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (refused == MAP_FAILED)
        return 1;
    int listener = listen_somewhere(arguments[1]);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(fd);
        }
        close(fd);
    }
}
