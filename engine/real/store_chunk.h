/*
 * store_chunk: the session that writes chunks, one transaction each.
 *
 * The whole transaction is one simple-query string, so that it aborts as one:
 *     BEGIN; SELECT advance(…); COPY … FROM STDIN; …; COMMIT
 * COPY data is handed over piece by piece, so that little lies in libpq's buffer. "Written" means:
 * every result to the end came without error, and the last one has the tag COMMIT.
 */
#ifndef DAYBOOK_REAL_STORE_CHUNK_H
#define DAYBOOK_REAL_STORE_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "real/pg.h"
#include "real/store.h"
#include "real/store_copy.h"

enum store_chunk_state {
    STORE_CHUNK_IDLE,    /* awaits a chunk */
    STORE_CHUNK_RESULTS, /* awaits results of the transaction */
    STORE_CHUNK_COPYING, /* hands over rows */
    STORE_CHUNK_UNDOING, /* awaits the end of ROLLBACK after an error */
};

struct store_chunk {
    PGconn *conn;
    const struct store_config *config;
    const struct chunk *chunk;
    enum store_chunk_state state;
    bool writable_wanted;
    bool committed;      /* the last result's tag is COMMIT */
    enum status failure; /* of the transaction; OK: none so far */
    uint32_t counts[STORE_TABLES];
    uint8_t table; /* kind of the COPY begun last; 0: none */
    struct store_copy copy;
    size_t piece_bytes; /* waiting to be handed over */
    struct store_time time;
    uint8_t piece[STORE_PIECE_BYTES];
};

void store_chunk_begin(struct store_chunk *session, const struct chunk *chunk, uint64_t now_ns);
/*
 * Move on without blocking. True: the chunk is done, *status says how (STORE_LOST: whether it is
 * written is not known), and `error` what the database said where it is not OK.
 */
MUST_USE bool store_chunk_turn(struct store_chunk *session, enum status *status,
                               char error[PG_ERROR_BYTES]);

/* Waits no longer for the answer: STATUS_STORE_LOST. The session is of no use afterwards. */
MUST_USE enum status store_chunk_give_up(struct store_chunk *session, char error[PG_ERROR_BYTES]);

#endif
