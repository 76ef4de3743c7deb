#include "real/store_opening.h"

#include <stdlib.h>

#include "core/limits.h"
#include "real/copy_row.h"

#define ROW_BYTES 82U

const char store_opening_sql[] =
    "COPY daybook.opening (account_id, settlement_id, follows, held_minor, payable_minor, "
    "residue_minor, ordinal) FROM STDIN (FORMAT binary)";

static int by_account(const void *left, const void *right)
{
    int64_t a = ((const struct store_opening *)left)->account_id;
    int64_t b = ((const struct store_opening *)right)->account_id;
    return (a > b) - (a < b);
}

static void put_opening(struct copy_writer *w, const struct store_opening *opening)
{
    copy_put_columns(w, 7);
    copy_put_int8(w, opening->account_id);
    copy_put_int8(w, opening->settlement_id);
    copy_put_int8_or_null(w, opening->follows);
    copy_put_int8(w, opening->held_minor);
    copy_put_int8(w, opening->payable_minor);
    copy_put_int8(w, opening->residue_minor);
    copy_put_int4(w, opening->ordinal);
}

void store_opening_send(PGconn *conn, struct store_opening *openings, uint32_t count)
{
    uint8_t bytes[COPY_HEADER_BYTES + LOAD_ROWS_MAX * ROW_BYTES + COPY_TRAILER_BYTES];
    struct copy_writer w = {.at = bytes};
    CHECK(count <= LOAD_ROWS_MAX);
    qsort(openings, count, sizeof(*openings), by_account);
    copy_put_header(&w);
    for (uint32_t i = 0; i < count; i++)
        put_opening(&w, &openings[i]);
    copy_put_trailer(&w);
    CHECK(w.at <= bytes + sizeof(bytes));
    if (PQputCopyData(conn, (const char *)bytes, (int)(w.at - bytes)) == 1)
        (void)PQputCopyEnd(conn, NULL);
}
