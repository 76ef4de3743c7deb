/*
 * reconcile_csv: a bank's statement, or the mock bank's book, from a CSV file; all or nothing.
 *
 * A statement names its columns in the first line, in any order: idem_key, bank_ref (one of the two
 * may be empty, or absent), from_account, to_account, amount_minor, currency, status (accepted,
 * pending, rejected, returned), booked_at. A book is what the mock bank writes: key, from, to,
 * amount_minor, state, bank_ref, at_us.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_CSV_H
#define DAYBOOK_JOBS_RECONCILE_CSV_H

#include <stdio.h>

#include "base/check.h"
#include "jobs/reconcile_lines.h"
#include "wire/profile.h"

#define RECONCILE_FILE_BYTES_MAX ((size_t)4 << 30)

enum reconcile_form { RECONCILE_STATEMENT, RECONCILE_BOOK };

struct reconcile_file {
    const char *name; /* as told in errors */
    const char *text;
    size_t text_bytes;
    enum reconcile_form form;
    const struct profile *profile; /* how keys are written; NULL: 32 hex digits */
    /* filled in: the first and the last booking, us since 1970; first > last: there is none */
    int64_t first_us, last_us;
};

/* False: what is wrong was written to `errors`, with file:line:column, and no line counts. */
MUST_USE bool reconcile_csv_read(struct reconcile_file *file, struct bank_lines *lines,
                                 FILE *errors);

#endif
