/*
 * failpoint: named places where a test ends, stops or cuts off the engine.
 *
 * Promise   In the product FAILPOINT is nothing. In the variant built with DAYBOOK_FAILPOINTS
 *           (`daybook-failpoints`) each place tells a log that it was reached, and does what one
 *           order says: "NAME:HIT:ACTION", the HITth time (1, 2 …) that NAME is reached.
 * Actions   kill  SIGKILL to itself: nothing is flushed, nothing is closed
 *           stop  SIGSTOP to itself: goes on when somebody continues it
 *           cut   shuts every Unix socket, as a database that drops its sessions would
 * Order     the environment: FAILPOINT=NAME:HIT:ACTION; FAILPOINT_LOG=FILE names the log.
 * Names     one table; each stands at exactly one place (a tidy test), and each is reached by
 *           tests/io/failpoint_test.sh.
 */
#ifndef DAYBOOK_BASE_FAILPOINT_H
#define DAYBOOK_BASE_FAILPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

#define FAILPOINT_TABLE(X)                                                                         \
    X(schema_locked)     /* schema apply: alone, nothing done */                                   \
    X(schema_migrated)   /* a migration ran, not committed */                                      \
    X(schema_committed)  /* a migration is committed */                                            \
    X(import_locked)     /* import: alone, nothing done */                                         \
    X(import_copied)     /* the rows are at the database */                                        \
    X(import_written)    /* plan and head written, not committed */                                \
    X(import_committed)  /* committed, nobody was told */                                          \
    X(profile_recorded)  /* run: a bank's profile is recorded */                                   \
    X(claim_locked)      /* the batch's lock is held */                                            \
    X(claim_epoch)       /* plan frozen, epoch taken */                                            \
    X(claim_named)       /* the control session bears its name */                                  \
    X(claim_heads)       /* a first run's heads are there */                                       \
    X(claim_ended_older) /* older sessions are ended, the head is not raised */                    \
    X(claim_raised)      /* a head is raised */                                                    \
    X(claim_told)        /* the run's row is written */                                            \
    X(claim_started)     /* the head was read */                                                   \
    X(store_session)     /* the chunks' session is open, the pages' is not */                      \
    X(store_opened)      /* both are open and prepared */                                          \
    X(page_sent)         /* a page is asked for */                                                 \
    X(opening_sent)      /* … and it opens accounts */                                           \
    X(page_read)         /* a page is there, the core does not know */                             \
    X(chunk_unsent)      /* a chunk is decided, nothing is sent */                                 \
    X(chunk_half)        /* half of its bytes are at the socket */                                 \
    X(chunk_sent)        /* all of them, COMMIT's answer is awaited */                             \
    X(chunk_written)     /* the answer is there, the core does not know */                         \
    X(bank_connect)      /* a call wants a connection */                                           \
    X(bank_checked)      /* send_before was checked, the bytes are not yet submitted */            \
    X(bank_queued)       /* a request is in the ring, the kernel does not know */                  \
    X(bank_sent)         /* the kernel has all bytes of a request */                               \
    X(bank_answered)     /* an answer was read, the core does not know */                          \
    X(lane_submitted)    /* calls are handed over, a chunk or page is next */                      \
    X(beat_sent)         /* a heartbeat is asked for */                                            \
    X(beat_answered)     /* … and answered */                                                    \
    X(stop_told)         /* a signal was seen; the core drains next */                             \
    X(lane_drained)      /* every bank connection is closed */                                     \
    X(closing_written)   /* a closing record is written */                                         \
    X(batch_closed)      /* the batch is closed, the run's row is not */                           \
    X(run_ended)         /* the run's end is written, nobody was told */

enum failpoint {
#define X(name) FAILPOINT_AT_##name,
    FAILPOINT_TABLE(X)
#undef X
        FAILPOINTS,
};

enum failpoint_action { FAILPOINT_KILL, FAILPOINT_STOP, FAILPOINT_CUT };

struct failpoint_order {
    enum failpoint at;
    uint32_t hit; /* 1, 2 … */
    enum failpoint_action action;
};

/* As the table has it. */
const char *failpoint_name(enum failpoint at);
/* "NAME:HIT:ACTION". False: not an order. */
MUST_USE bool failpoint_parse(const char *text, struct failpoint_order *order);

#ifdef DAYBOOK_FAILPOINTS
/* Once, before anything else. Both may be NULL: no order, no log. False: not an order, or the log
   cannot be opened. The log gets a line with the name each time a place is reached. */
MUST_USE bool failpoint_begin(const char *order, const char *log);
void failpoint_reach(enum failpoint at);
#define FAILPOINT(name) failpoint_reach(FAILPOINT_AT_##name)
#else
#define FAILPOINT(name) ((void)0)
#endif

#endif
