/*
 * claim_check: is this a server on which money may move? What it must promise, whether a pooler
 * stands between, its schema; and did the database go backwards, compared with what is known of it.
 * Used by claim.c before anything is changed, and by `daybook doctor`.
 */
#ifndef DAYBOOK_REAL_CLAIM_CHECK_H
#define DAYBOOK_REAL_CLAIM_CHECK_H

#include "real/claim.h"
#include "real/pg.h"

#define CLAIM_PROMISE_COUNT 6U

/* What the server says of itself, as the login role, for the calls below. To be cleared. */
PGresult *claim_check_ask(PGconn *control);
/* One of them, 0 … : BAD_CONFIG where it is not kept. */
const char *claim_check_name(uint32_t promise);
MUST_USE enum status claim_check_promise(const PGresult *server, uint32_t promise,
                                         char error[STORE_ERROR_BYTES]);
/* Is the server's session the one that this program has? Notes which it is. */
MUST_USE enum status claim_check_session(PGconn *control, const PGresult *server,
                                         struct claim_former *session,
                                         char error[STORE_ERROR_BYTES]);
/* BAD_CONFIG: the schema is of another version than this program's. */
MUST_USE enum status claim_check_schema(PGconn *control, char error[STORE_ERROR_BYTES]);

/*
 * The server's timeline. STATUS_STORE_BEHIND: a run, of whatever batch, saw another one, so what
 * was committed last there may be missing here, and no reconciliation has shown that nothing is.
 */
MUST_USE enum status claim_check_timeline(PGconn *control, const struct claim_config *config,
                                          int64_t *timeline, char error[STORE_ERROR_BYTES]);
/* STATUS_STORE_BEHIND: the head is below the known one, or that chunk has another hash. */
MUST_USE enum status claim_check_known(PGconn *control, const struct claim_config *config,
                                       const struct claim_known *known,
                                       char error[STORE_ERROR_BYTES]);

#endif
