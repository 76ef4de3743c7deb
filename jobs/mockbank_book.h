/*
 * mockbank_book: the mock bank's book as files that tests and people compare with.
 *
 * FILE has one line a transfer that was decided, in that order:
 * key,from,to,amount_minor,state,bank_ref,at_us (state accepted, rejected, or reversed: accepted
 * first; at_us since the Unix epoch). FILE.accounts has account,balance_minor,state.
 * FILE.meter has one line, calls,rate_per_s,burst,most,over: calls as they came against a limit
 * (rate_per_s 0: none given); `most` is by how much they exceeded rate x w, at most, in any window
 * w, and `over` the calls that were beyond the burst. Each appears whole or not at all (written
 * beside, then renamed).
 */
#ifndef DAYBOOK_JOBS_MOCKBANK_BOOK_H
#define DAYBOOK_JOBS_MOCKBANK_BOOK_H

#include "mock/bank.h"

/* False: errno. */
MUST_USE bool mockbank_book_write(const struct mock_bank *bank, const char *file);

#endif
