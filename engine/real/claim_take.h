/*
 * claim_take: the parts of P0 that deal with other sessions; used by claim.c, before the loop.
 */
#ifndef DAYBOOK_REAL_CLAIM_TAKE_H
#define DAYBOOK_REAL_CLAIM_TAKE_H

#include "real/claim.h"
#include "real/pg.h"

/*
 * The batch's lock, or STATUS_OWNED with the owner's name. An owner that is silent for too long,
 * or any under take_over, is ended first.
 */
MUST_USE enum status claim_take_lock(PGconn *control, const struct claim_config *config,
                                     char error[STORE_ERROR_BYTES]);

/*
 * End the sessions of older epochs and what else stands in the way, and raise the partition's
 * epoch to this one. STATUS_OWNED: a newer epoch is there.
 */
MUST_USE enum status claim_take_partition(PGconn *control, const struct claim_config *config,
                                          uint32_t epoch, uint32_t partition,
                                          char error[STORE_ERROR_BYTES]);

#endif
