#include "jobs/import_copy.h"

#include <string.h>

#include "base/check.h"
#include "base/transfer.h"
#include "real/pg.h"

#define COLUMNS 13
#define TEXT_BYTES_MAX (COHORT_REF_MAX + 2 * BANK_TEXT_MAX + 2 * ACCOUNT_TEXT_MAX + HOLDER_TEXT_MAX)

_Static_assert(2 + COLUMNS * 4 + TEXT_BYTES_MAX + 4 + 5 * 8 + 16 <= IMPORT_COPY_ROW_BYTES,
               "the longest row has room");

static char *put_columns(char *at, uint16_t count)
{
    uint16_t big = __builtin_bswap16(count);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

static char *put_length(char *at, uint32_t length)
{
    uint32_t big = __builtin_bswap32(length);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

static char *put_bytes(char *at, const void *bytes, size_t byte_count)
{
    at = put_length(at, (uint32_t)byte_count);
    memcpy(at, bytes, byte_count);
    return at + byte_count;
}

static char *put_number(char *at, int64_t number)
{
    if (number == COHORT_NONE)
        return put_length(at, UINT32_MAX); // NULL
    uint64_t big = __builtin_bswap64((uint64_t)number);
    return put_bytes(at, &big, sizeof big);
}

static char *put_instant(char *at, int64_t at_us)
{
    return put_number(at, at_us == COHORT_NONE ? COHORT_NONE : at_us - PG_EPOCH_US);
}

char *import_copy_head(char *at)
{
    static const char head[IMPORT_COPY_EDGE_BYTES] = "PGCOPY\n\377\r\n\0"
                                                     "\0\0\0\0"
                                                     "\0\0\0";
    memcpy(at, head, sizeof head);
    return at + sizeof head;
}

char *import_copy_tail(char *at)
{
    return put_columns(at, UINT16_MAX);
}

char *import_copy_row(char *at, const struct cohort *cohort, uint32_t index,
                      const struct idem_key *seed)
{
    const struct cohort_row *row = &cohort->rows[index];
    const char *start = at;
    at = put_columns(at, COLUMNS);
    at = put_length(at, 4);
    at = put_length(at, index + 1); // the position
    for (int text = 0; text < COHORT_TEXTS; text++) {
        const char *bytes = cohort_text(cohort, row, (enum cohort_text)text);
        at = put_bytes(at, bytes, strlen(bytes));
    }
    at = put_number(at, row->repayment_minor);
    at = put_number(at, row->hold_minor);
    at = put_number(at, row->expected_minor);
    at = put_instant(at, row->expect_at_us);
    at = put_number(at, row->opening_minor);
    at = put_bytes(at, seed->bytes, sizeof seed->bytes);
    CHECK(at - start <= IMPORT_COPY_ROW_BYTES);
    return at;
}
