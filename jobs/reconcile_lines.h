/*
 * reconcile_lines: what a bank says it did, one line a transfer, found by key or by reference.
 *
 * Memory: 80 bytes a line and its texts (two accounts and a reference, 50 bytes or so), and 8 to 16
 * bytes a line of index; texts that repeat from line to line are kept once. At most
 * RECONCILE_LINES_MAX lines.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_LINES_H
#define DAYBOOK_JOBS_RECONCILE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/transfer.h"

#define RECONCILE_LINES_MAX 16000000U
#define LINE_NONE UINT32_MAX

enum line_outcome { LINE_ACCEPTED, LINE_PENDING, LINE_REJECTED, LINE_RETURNED };

/* A line as it is given; texts are NUL-terminated, "" where there is none. */
struct bank_said {
    struct idem_key key; /* with has_key */
    bool has_key;
    enum line_outcome outcome;
    int64_t amount_minor;
    const char *from, *to, *currency, *reference;
    const char *key_text; /* as the bank tells it */
    const char *state;    /* in the bank's words */
    uint32_t record;      /* where it stands: line of a file, number in the list */
};

struct bank_line {
    struct idem_key key;
    int64_t amount_minor;
    uint32_t from, to, currency, reference, key_text, state; /* in the pool of texts */
    uint32_t record;
    uint32_t next; /* of the same name, or LINE_NONE */
    uint8_t outcome;
    bool has_key, is_matched;
};

struct bank_lines {
    struct bank_line *lines;
    uint32_t count, capacity;
    uint32_t *slots; /* of the first line of a name; LINE_NONE: free. Made by lines_index */
    uint32_t slot_mask;
    char *pool;
    uint32_t pool_bytes, pool_capacity;
    uint32_t recent[64]; /* texts that were kept lately; 0: none */
};

void lines_init(struct bank_lines *lines);
void lines_free(struct bank_lines *lines);
/* False: there is no room for more. */
bool lines_add(struct bank_lines *lines, const struct bank_said *said);
const char *lines_text(const struct bank_lines *lines, uint32_t text);

/* When all are there, before the first question. */
void lines_index(struct bank_lines *lines);
/* The first line under a key; under a reference, of those lines that
   tell no key at all. The others of the
   same name follow by `next`. LINE_NONE: there is none. */
uint32_t lines_by_key(const struct bank_lines *lines, const struct idem_key *key);
uint32_t lines_by_reference(const struct bank_lines *lines, const char *reference);

#endif
