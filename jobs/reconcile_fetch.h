/*
 * reconcile_fetch: the bank's own list, page by page, over a connection of its own; blocking.
 *
 * libcurl connects; what goes over the connection is rendered and read by wire, as in a run. Half
 * of the bank's rate is used: a run may be going.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_FETCH_H
#define DAYBOOK_JOBS_RECONCILE_FETCH_H

#include "jobs/reconcile_lines.h"
#include "jobs/run_banks.h"

/* Every list of the profile, whole. JOB_DONE, or the exit code of what was reported; then what was
   added counts for nothing. */
int reconcile_fetch(const struct run_bank *bank, const struct list_span *span,
                    struct bank_lines *lines);

#endif
