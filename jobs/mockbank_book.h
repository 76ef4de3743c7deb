/*
 * mockbank_book: the mock bank's book as files that tests and people compare with.
 *
 * FILE has one line a transfer that was decided, in that order:
 * key,from,to,amount_minor,state,bank_ref,at_us (state accepted or rejected, at_us since the Unix
 * epoch). FILE.accounts has account,balance_minor,state. Each appears whole or not at all (written
 * beside, then renamed).
 */
#ifndef DAYBOOK_JOBS_MOCKBANK_BOOK_H
#define DAYBOOK_JOBS_MOCKBANK_BOOK_H

#include "mock/bank.h"

/* False: errno. */
MUST_USE bool mockbank_book_write(const struct mock_bank *bank, const char *file);

#endif
