/*
 * import_copy: a cohort's rows as the bytes of `COPY incoming … (FORMAT binary)`; pure.
 *
 * The columns are those of sql/queries/import_copy.sql, in their order.
 */
#ifndef DAYBOOK_JOBS_IMPORT_COPY_H
#define DAYBOOK_JOBS_IMPORT_COPY_H

#include "jobs/cohort.h"

#define IMPORT_COPY_EDGE_BYTES 19 /* the most that head and tail take */
#define IMPORT_COPY_ROW_BYTES 512 /* the most that a row takes */

/* What comes before the rows, and after them. Each returns where it ended. */
char *import_copy_head(char *at);
char *import_copy_tail(char *at);
char *import_copy_row(char *at, const struct cohort *cohort, uint32_t index,
                      const struct idem_key *seed);

#endif
