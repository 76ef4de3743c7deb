/*
 * expect_head: a partition's head as a run prints it at its end, and as --expect-head takes it:
 * PARTITION:CHUNK:HASH, the hash as 64 hex digits. Kept outside the database, it shows a ledger
 * whose end was cut off.
 */
#ifndef DAYBOOK_JOBS_EXPECT_HEAD_H
#define DAYBOOK_JOBS_EXPECT_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

/* "63:4294967295:" and the hash. */
#define EXPECT_HEAD_BYTES (2 + 1 + 10 + 1 + 2 * DIGEST_BYTES + 1)
#define EXPECT_HEAD_HINT "as a run prints it: PARTITION:CHUNK:HASH, the hash 64 hex digits"

struct expect_head {
    uint32_t partition; /* below PARTITIONS_MAX */
    uint32_t chunk;     /* 0: nothing written yet; then the hash is all zero */
    struct digest hash;
};

/* False: it is not of that form; *head is not touched then. */
MUST_USE bool expect_head_parse(const char *text, struct expect_head *head);
void expect_head_write(const struct expect_head *head, char out[EXPECT_HEAD_BYTES]);

#endif
