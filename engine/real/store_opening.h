/*
 * store_opening: a page's openings by COPY, which costs a third of inserting them row by row.
 */
#ifndef DAYBOOK_REAL_STORE_OPENING_H
#define DAYBOOK_REAL_STORE_OPENING_H

#include <stdint.h>

#include "real/pg.h"

struct store_opening {
    int64_t account_id;
    int64_t settlement_id;
    int64_t follows; /* the account's last settlement; 0: none */
    int64_t held_minor;
    int64_t payable_minor;
    int64_t residue_minor;
    uint32_t ordinal;
};

/* Begins the COPY; once the server asks for data, store_opening_send gives all of it. */
extern const char store_opening_sql[];
/*
 * At most LOAD_ROWS_MAX; they are sorted by account, so that two openers of the same accounts wait
 * for each other and never in a circle. A lost session shows at the next read.
 */
void store_opening_send(PGconn *conn, struct store_opening *openings, uint32_t count);

#endif
