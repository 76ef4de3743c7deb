/*
 * limits: every bound of the core, and how they hang together.
 */
#ifndef DAYBOOK_CORE_LIMITS_H
#define DAYBOOK_CORE_LIMITS_H

#include "base/bank_rules.h"
#include "base/id.h"
#include "base/transfer.h"

#define SLOTS_MAX 65536U         /* settlements under way at once, configuration's upper end */
#define CALLS_MAX BANK_CALLS_MAX /* bank calls in flight at once */
#define CHUNK_RECORDS_MAX 16000U /* a chunk closes at this many records */
#define CHUNKS_HELD 2U           /* one fills while one is written */
#define RECORDS_PER_TURN_MAX 16U /* records that one event of one settlement can cause */
#define LOAD_ROWS_MAX 1024U      /* settlements in one page */
#define EVENTS_MAX CALLS_MAX     /* events handed to one settle_input */
#define COMMANDS_MAX 1024U       /* commands taken from one settle_output */
#define GENERATIONS_MAX 100U     /* keys tried for one transfer */
#define ATTEMPTS_MAX 32000U      /* attempt records of one transfer */
#define RENEWALS_MAX 8U          /* permissions in a row that run out unused */
#define STEPS_MAX 4U             /* deposit, collect, hold, payout */

/*
 * A filling chunk stops taking new work at its closing mark, but answers to calls already in
 * flight, and the page being loaded, must still find room: the buffer is larger than the mark.
 */
#define CHUNK_CAPACITY(mark, calls) ((mark) + ((calls) + LOAD_ROWS_MAX) * RECORDS_PER_TURN_MAX)

_Static_assert(CALLS_MAX <= SLOTS_MAX, "a call belongs to a slot");
_Static_assert(LOAD_ROWS_MAX <= SLOTS_MAX, "a page fits into the slots");
_Static_assert(STEPS_MAX * 4 <= RECORDS_PER_TURN_MAX, "every step may write in one turn");

#endif
