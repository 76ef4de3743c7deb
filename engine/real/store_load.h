/*
 * store_load: the session that reads pages of settlements (sql/queries/store_load_*.sql).
 *
 * Rows are read into a buffer that belongs to the session and holds until the next begin.
 */
#ifndef DAYBOOK_REAL_STORE_LOAD_H
#define DAYBOOK_REAL_STORE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"
#include "real/pg.h"
#include "real/store.h"

struct store_pages {
    PGconn *conn;
    const struct store_config *config;
    bool busy;
    bool writable_wanted;
    enum status status; /* of the load under way */
    struct store_load load;
    uint32_t tries; /* times another opener was first */
    uint32_t row_count;
    bool at_end;
    struct store_time time;
    struct load_row *rows; /* LOAD_ROWS_MAX */
};

/* Prepare the statements; blocks. */
MUST_USE enum status store_pages_prepare(struct store_pages *pages, char error[PG_ERROR_BYTES]);
void store_pages_begin(struct store_pages *pages, const struct store_load *load, uint64_t now_ns);
/* Move on without blocking. True: the load is done; its status, rows and time hold. */
MUST_USE bool store_pages_turn(struct store_pages *pages, char error[PG_ERROR_BYTES]);

#endif
