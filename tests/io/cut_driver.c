/*
 * cut: a proxy between the engine and Postgres, Unix socket to Unix socket, that counts bytes and
 * cuts one session at one of them.
 *
 *   io_cut_driver LISTEN-FOLDER SERVER-FOLDER LOG [SESSION:up|down:BYTE:fin|rst|silence|hold
 *                 [RELEASE]]
 *
 * LOG gets a line once it listens, one for each message of the protocol ("message SESSION WAY BEGIN
 * END TYPE PAYLOAD"), one where it cuts, and one a session that ends, with its bytes. What is held
 * is delivered once sessions that opened after the engine had gone have sent RELEASE bytes. Ends by
 * a signal, or with its parent.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "cut_session.h"

#define SESSIONS_MOST 256

struct proxy {
    int listener;
    const char *server;
    FILE *log;
    struct cut_place place;
    uint64_t release_bytes;
    uint64_t later_bytes; /* sent by sessions that opened after the engine had gone */
    struct cut_session sessions[SESSIONS_MOST];
    uint32_t count;
};

static struct sockaddr_un address_of(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int used = snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", folder);
    CHECK(used > 0 && (size_t)used < sizeof(address.sun_path));
    return address;
}

static int listen_at(const char *folder)
{
    struct sockaddr_un address = address_of(folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    (void)unlink(address.sun_path);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(fd, 64) == 0);
    return fd;
}

static bool is_word(const char *text, size_t bytes, const char *word)
{
    return strlen(word) == bytes && memcmp(text, word, bytes) == 0;
}

/* "3:up:1200:fin" */
static bool parse_place(const char *text, struct cut_place *place)
{
    static const struct {
        const char *name;
        enum cut_how how;
    } hows[] = {{"fin", CUT_FIN}, {"rst", CUT_RST}, {"silence", CUT_SILENCE}, {"hold", CUT_HOLD}};
    char *at;
    place->session = (uint32_t)strtoul(text, &at, 10);
    if (*at++ != ':')
        return false;
    size_t bytes = strcspn(at, ":");
    if (!is_word(at, bytes, "up") && !is_word(at, bytes, "down"))
        return false;
    place->way = at[0] == 'u' ? CUT_UP : CUT_DOWN;
    at += bytes;
    if (*at++ != ':')
        return false;
    place->at = strtoull(at, &at, 10);
    if (*at++ != ':')
        return false;
    for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
        if (strcmp(at, hows[i].name) == 0)
            place->how = hows[i].how;
    return place->how != CUT_NEVER && (place->how != CUT_HOLD || place->way == CUT_UP);
}

static void open_session(struct proxy *proxy)
{
    int engine = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
    if (engine < 0)
        return;
    CHECK(proxy->count < SESSIONS_MOST);
    struct sockaddr_un address = address_of(proxy->server);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(server >= 0);
    if (connect(server, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(server);
        close(engine);
        return;
    }
    struct cut_session *session = &proxy->sessions[proxy->count++];
    *session = (struct cut_session){.number = proxy->count, .fds = {engine, server}};
    session->flows[CUT_DOWN].typed = true;
}

static struct cut_session *held(struct proxy *proxy)
{
    if (proxy->place.how != CUT_HOLD || proxy->place.session > proxy->count)
        return NULL;
    struct cut_session *session = &proxy->sessions[proxy->place.session - 1];
    return session->engine_gone && session->fds[CUT_DOWN] >= 0 ? session : NULL;
}

static void move(struct proxy *proxy, struct cut_session *session, enum cut_way way)
{
    struct cut_session *holder = held(proxy);
    uint64_t before = session->flows[CUT_UP].bytes;
    bool goes_on = cut_session_move(session, way, &proxy->place, proxy->log);
    if (holder != NULL && holder != session)
        proxy->later_bytes += session->flows[CUT_UP].bytes - before;
    if (!goes_on)
        fprintf(proxy->log, "session %u up %llu down %llu\n", session->number,
                (unsigned long long)session->flows[CUT_UP].bytes,
                (unsigned long long)session->flows[CUT_DOWN].bytes);
    if (holder != NULL && proxy->later_bytes >= proxy->release_bytes) {
        fprintf(proxy->log, "released %zu bytes after %llu\n", holder->held_bytes,
                (unsigned long long)proxy->later_bytes);
        cut_session_release(holder);
    }
}

static void turn(struct proxy *proxy)
{
    struct pollfd fds[1 + 2 * SESSIONS_MOST];
    nfds_t count = 1;
    fds[0] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
    for (uint32_t i = 0; i < proxy->count; i++) {
        const struct cut_session *session = &proxy->sessions[i];
        for (int way = 0; way < CUT_WAYS; way++) {
            bool deaf = session->silent || (way == CUT_UP && session->engine_gone);
            fds[count++] = (struct pollfd){.fd = deaf ? -1 : session->fds[way], .events = POLLIN};
        }
    }
    fflush(proxy->log);
    if (poll(fds, count, -1) < 0)
        return;
    for (nfds_t i = 1; i < count; i++) {
        struct cut_session *session = &proxy->sessions[(i - 1) / 2];
        enum cut_way way = (i - 1) % 2 == 0 ? CUT_UP : CUT_DOWN;
        if (fds[i].revents != 0 && session->fds[way] >= 0 && !session->silent)
            move(proxy, session, way);
    }
    if (fds[0].revents != 0)
        open_session(proxy);
}

int main(int argc, char **argv)
{
    static struct proxy proxy;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc < 4 || argc > 6 || (argc > 4 && !parse_place(argv[4], &proxy.place))) {
        fprintf(stderr, "cut: LISTEN SERVER LOG [SESSION:up|down:BYTE:fin|rst|silence|hold "
                        "[RELEASE]]\n");
        return 64;
    }
    proxy.server = argv[2];
    proxy.release_bytes = argc == 6 ? strtoull(argv[5], NULL, 10) : 0;
    proxy.log = fopen(argv[3], "w");
    CHECK(proxy.log != NULL);
    proxy.listener = listen_at(argv[1]);
    fprintf(proxy.log, "listening\n");
    while (true)
        turn(&proxy);
}
