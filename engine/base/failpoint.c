#include "base/failpoint.h"

#include <string.h>

static const char *const names[FAILPOINTS] = {
#define X(name) #name,
    FAILPOINT_TABLE(X)
#undef X
};

static bool is_word(const char *text, size_t bytes, const char *word)
{
    return strlen(word) == bytes && memcmp(text, word, bytes) == 0;
}

static bool parse_name(const char *text, size_t bytes, enum failpoint *at)
{
    for (int i = 0; i < FAILPOINTS; i++) {
        if (is_word(text, bytes, names[i])) {
            *at = (enum failpoint)i;
            return true;
        }
    }
    return false;
}

static bool parse_action(const char *text, enum failpoint_action *action)
{
    static const char *const words[] = {"kill", "stop", "cut"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *action = (enum failpoint_action)i;
            return true;
        }
    }
    return false;
}

const char *failpoint_name(enum failpoint at)
{
    CHECK(at < FAILPOINTS);
    return names[at];
}

bool failpoint_parse(const char *text, struct failpoint_order *order)
{
    size_t bytes = strcspn(text, ":");
    if (text[bytes] != ':' || !parse_name(text, bytes, &order->at))
        return false;
    const char *at = text + bytes + 1;
    order->hit = 0;
    for (; *at >= '0' && *at <= '9' && order->hit < UINT32_MAX / 100; at++)
        order->hit = order->hit * 10 + (uint32_t)(*at - '0');
    return order->hit > 0 && *at == ':' && parse_action(at + 1, &order->action);
}

#ifdef DAYBOOK_FAILPOINTS

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MOST 4096

static struct {
    bool has_order;
    struct failpoint_order order;
    int log_fd;
    uint32_t hits[FAILPOINTS];
} failpoint = {.log_fd = -1};

bool failpoint_begin(const char *order, const char *log)
{
    if (log != NULL) {
        failpoint.log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (failpoint.log_fd < 0)
            return false;
    }
    failpoint.has_order = order != NULL;
    return order == NULL || failpoint_parse(order, &failpoint.order);
}

/* One write a line, so that a kill leaves whole lines. */
static void tell(enum failpoint at)
{
    struct iovec line[2] = {{(void *)(uintptr_t)names[at], strlen(names[at])}, {"\n", 1}};
    CHECK(writev(failpoint.log_fd, line, 2) > 0);
}

static void cut(void)
{
    for (int fd = 0; fd < FILES_MOST; fd++) {
        int family = 0;
        socklen_t bytes = sizeof(family);
        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &bytes) == 0 && family == AF_UNIX)
            (void)shutdown(fd, SHUT_RDWR);
    }
}

void failpoint_reach(enum failpoint at)
{
    const struct failpoint_order *order = &failpoint.order;
    failpoint.hits[at]++;
    if (failpoint.log_fd >= 0)
        tell(at);
    if (!failpoint.has_order || order->at != at || order->hit != failpoint.hits[at])
        return;
    switch (order->action) {
    case FAILPOINT_KILL:
        (void)kill(getpid(), SIGKILL);
        return;
    case FAILPOINT_STOP:
        (void)kill(getpid(), SIGSTOP);
        return;
    case FAILPOINT_CUT:
        cut();
        return;
    }
}

#endif
