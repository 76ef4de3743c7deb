/*
 * claim_check: did the database go backwards? Compares it with what is known of it; used by
 * claim.c, with the batch's lock held and before anything is changed.
 */
#ifndef DAYBOOK_REAL_CLAIM_CHECK_H
#define DAYBOOK_REAL_CLAIM_CHECK_H

#include "real/claim.h"
#include "real/pg.h"

/*
 * The server's timeline. STATUS_STORE_BEHIND: the newest run, of whatever batch, saw another one,
 * so what was committed last there may be missing here.
 */
MUST_USE enum status claim_check_timeline(PGconn *control, int64_t *timeline,
                                          char error[STORE_ERROR_BYTES]);
/* STATUS_STORE_BEHIND: the head is below the known one, or that chunk has another hash. */
MUST_USE enum status claim_check_known(PGconn *control, const struct claim_config *config,
                                       const struct claim_known *known,
                                       char error[STORE_ERROR_BYTES]);

#endif
