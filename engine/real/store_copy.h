/*
 * store_copy: a chunk's records as COPY's binary format, piece by piece.
 *
 * A value over the chunk and a piece's buffer; every piece holds whole rows. Text in a record must
 * be clean already (port.h); the columns are those of sql/migrations, in store_copy_sql's order.
 */
#ifndef DAYBOOK_REAL_STORE_COPY_H
#define DAYBOOK_REAL_STORE_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "core/port.h"
#include "real/store.h"

#define STORE_PIECE_BYTES 65536U
#define STORE_TABLES 5U /* enum record_kind - 1 */

struct store_copy {
    const struct store_config *config; /* renders bodies for the digests of intents */
    const struct chunk *chunk;
    uint8_t table;  /* enum record_kind */
    bool begun;     /* the header is out */
    bool ended;     /* the trailer is out */
    uint32_t index; /* of the next record to look at */
    uint32_t rows_left;
};

/* The COPY statement of the table that keeps this kind of record. */
const char *store_copy_sql(enum record_kind table);
/* Records of each kind in the chunk, by kind - 1. */
void store_copy_count(const struct chunk *chunk, uint32_t counts[STORE_TABLES]);

void store_copy_begin(struct store_copy *copy, const struct store_config *config,
                      const struct chunk *chunk, enum record_kind table, uint32_t row_count);
/* The next piece; 0: all of the table is out. */
size_t store_copy_piece(struct store_copy *copy, uint8_t piece[STORE_PIECE_BYTES]);

#endif
