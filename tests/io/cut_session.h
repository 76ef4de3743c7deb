/*
 * cut_session: one proxied Postgres session: bytes both ways, the protocol's messages seen on the
 * way, and the place where it is cut.
 */
#ifndef DAYBOOK_TESTS_CUT_SESSION_H
#define DAYBOOK_TESTS_CUT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cut_way { CUT_UP, CUT_DOWN, CUT_WAYS }; /* up: from the engine to the server */

enum cut_how {
    CUT_NEVER,
    CUT_FIN,     /* both sides see the end */
    CUT_RST,     /* both sides are closed with bytes unread: a reset */
    CUT_SILENCE, /* nothing is heard any more, both sides stay open */
    CUT_HOLD,    /* up: what the engine still sends is kept, and delivered to the server later */
};

struct cut_place {
    enum cut_how how;
    uint32_t session; /* 1, 2 … in the order of their opening */
    enum cut_way way;
    uint64_t at; /* so many bytes of that way pass */
};

/* What is known of a message that is passing. */
struct cut_message {
    uint64_t begins_at;
    uint32_t header_bytes;
    uint32_t left; /* of its payload */
    uint32_t shown;
    unsigned char header[5];
    char payload[17]; /* its beginning */
};

struct cut_flow {
    uint64_t bytes;
    bool typed; /* all but the engine's first message have a type */
    struct cut_message message;
};

struct cut_session {
    uint32_t number;
    int fds[CUT_WAYS]; /* by where bytes come from: the engine, the server; -1: closed */
    bool silent;
    bool engine_gone; /* while holding */
    struct cut_flow flows[CUT_WAYS];
    char *held;
    size_t held_bytes;
};

#define CUT_READ_BYTES 65536U

/* Moves what `way` has to say, up to the place; a line for each whole message goes to the log.
   False: the session is over, and its fds are closed (or kept silent). */
bool cut_session_move(struct cut_session *session, enum cut_way way, const struct cut_place *place,
                      FILE *log);
/* Delivers what was held, then ends the session. */
void cut_session_release(struct cut_session *session);
void cut_session_close(struct cut_session *session);

#endif
