#include "cut_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

static const char *const way_names[CUT_WAYS] = {"up", "down"};

/* ---- the protocol, as it passes ---- */

static void message_begin(struct cut_flow *flow, uint64_t at)
{
    flow->message = (struct cut_message){.begins_at = at};
}

static void message_end(const struct cut_session *session, enum cut_way way, uint64_t at, FILE *log)
{
    const struct cut_message *message = &session->flows[way].message;
    char shown[sizeof(message->payload)] = "";
    for (uint32_t i = 0; i < message->shown; i++)
        shown[i] =
            message->payload[i] > ' ' && message->payload[i] <= '~' ? message->payload[i] : '.';
    fprintf(log, "message %u %s %llu %llu %c %s\n", session->number, way_names[way],
            (unsigned long long)message->begins_at, (unsigned long long)at,
            session->flows[way].typed ? message->header[0] : '-', shown);
}

static void on_header(struct cut_flow *flow)
{
    struct cut_message *message = &flow->message;
    const unsigned char *length = message->header + (flow->typed ? 1 : 0);
    uint32_t bytes = (uint32_t)length[0] << 24 | (uint32_t)length[1] << 16 |
                     (uint32_t)length[2] << 8 | length[3];
    CHECK(bytes >= 4);
    message->left = bytes - 4;
}

static void watch_byte(struct cut_session *session, enum cut_way way, char byte, FILE *log)
{
    struct cut_flow *flow = &session->flows[way];
    struct cut_message *message = &flow->message;
    uint32_t header = flow->typed ? 5 : 4;
    flow->bytes++;
    if (message->header_bytes < header) {
        message->header[message->header_bytes++] = (unsigned char)byte;
        if (message->header_bytes == header)
            on_header(flow);
    } else {
        if (message->shown < sizeof(message->payload) - 1)
            message->payload[message->shown++] = byte;
        message->left--;
    }
    if (message->header_bytes == header && message->left == 0) {
        message_end(session, way, flow->bytes, log);
        flow->typed = true;
        message_begin(flow, flow->bytes);
    }
}

/* ---- bytes ---- */

static bool put(int fd, const char *bytes, size_t byte_count)
{
    while (byte_count > 0) {
        ssize_t written = send(fd, bytes, byte_count, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        byte_count -= (size_t)written;
    }
    return true;
}

static void hold(struct cut_session *session, const char *bytes, size_t byte_count)
{
    session->held = realloc(session->held, session->held_bytes + byte_count);
    CHECK(session->held != NULL);
    memcpy(session->held + session->held_bytes, bytes, byte_count);
    session->held_bytes += byte_count;
}

void cut_session_close(struct cut_session *session)
{
    for (int way = 0; way < CUT_WAYS; way++)
        if (session->fds[way] >= 0)
            close(session->fds[way]);
    session->fds[CUT_UP] = session->fds[CUT_DOWN] = -1;
    free(session->held);
    session->held = NULL;
}

void cut_session_release(struct cut_session *session)
{
    if (session->held != NULL)
        (void)put(session->fds[CUT_DOWN], session->held, session->held_bytes);
    cut_session_close(session);
}

static bool cut(struct cut_session *session, const struct cut_place *place, FILE *log)
{
    fprintf(log, "cut %u %s %llu\n", session->number, way_names[place->way],
            (unsigned long long)place->at);
    switch (place->how) {
    case CUT_NEVER:
        return true;
    case CUT_HOLD:
        return true; // what comes from now on is held
    case CUT_FIN:
        (void)shutdown(session->fds[CUT_UP], SHUT_RDWR);
        (void)shutdown(session->fds[CUT_DOWN], SHUT_RDWR);
        cut_session_close(session);
        return false;
    case CUT_RST:
        cut_session_close(session);
        return false;
    case CUT_SILENCE:
        session->silent = true;
        return true;
    }
    return false;
}

static bool is_here(const struct cut_session *session, const struct cut_place *place)
{
    return place->how != CUT_NEVER && place->session == session->number;
}

bool cut_session_move(struct cut_session *session, enum cut_way way, const struct cut_place *place,
                      FILE *log)
{
    char bytes[CUT_READ_BYTES];
    struct cut_flow *flow = &session->flows[way];
    bool watched = is_here(session, place) && place->way == way;
    bool holds = watched && place->how == CUT_HOLD && flow->bytes >= place->at;
    size_t most = sizeof(bytes);
    if (watched && flow->bytes < place->at && place->at - flow->bytes < most)
        most = (size_t)(place->at - flow->bytes);
    if (watched && !holds && flow->bytes >= place->at)
        return cut(session, place, log); // bytes are waiting unread: a reset where that is wanted
    ssize_t got = recv(session->fds[way], bytes, most, 0);
    bool is_holder = is_here(session, place) && place->how == CUT_HOLD;
    if (got <= 0 && is_holder && way == CUT_UP) {
        session->engine_gone = true; // the server does not hear of it
        return true;
    }
    if (got <= 0) {
        cut_session_close(session);
        return false;
    }
    if (holds) {
        hold(session, bytes, (size_t)got);
        return true;
    }
    for (ssize_t i = 0; i < got; i++)
        watch_byte(session, way, bytes[i], log);
    bool delivered = put(session->fds[way == CUT_UP ? CUT_DOWN : CUT_UP], bytes, (size_t)got);
    if (!delivered && is_holder && way == CUT_DOWN) {
        session->engine_gone = true;
    } else if (!delivered) {
        cut_session_close(session);
        return false;
    }
    if (watched && flow->bytes == place->at && place->how != CUT_RST)
        return cut(session, place, log);
    return true;
}
