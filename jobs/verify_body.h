/*
 * verify_body: is what an intent says it would send the bank what its profile and mapping render?
 *
 * The chain does not cover an intent's profile and body digest: the body is rendered again, by the
 * profile text that the database kept. A resource.
 */
#ifndef DAYBOOK_JOBS_VERIFY_BODY_H
#define DAYBOOK_JOBS_VERIFY_BODY_H

#include <stdint.h>

#include "base/hash.h"
#include "base/transfer.h"
#include "jobs/db.h"

struct verify_bodies;

/* Reads the profiles. NULL: the database could not be asked (reported). `hash` outlives it. */
struct verify_bodies *verify_bodies_open(struct db *db, struct hash *hash, const char *currency);
void verify_bodies_close(struct verify_bodies *bodies);

/* Outside names of an account; returns their number, counted from 0 in the order of the calls. */
uint32_t verify_bodies_add(struct verify_bodies *bodies, const char *bank,
                           const struct parties *parties);

/* NULL, or what is wrong. `names` as numbered above; `epoch` of the chunk. */
const char *verify_bodies_check(struct verify_bodies *bodies, uint32_t names, uint32_t epoch,
                                int64_t profile_id, const struct transfer_order *order,
                                const struct digest *body);

#endif
