/*
 * options_reconcile: the options of `reconcile`, for its row in options.c.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_RECONCILE_H
#define DAYBOOK_JOBS_OPTIONS_RECONCILE_H

#include "jobs/job.h"

#define RECONCILE_OPTIONS 17

extern const struct job_option reconcile_options[RECONCILE_OPTIONS];

#endif
