/*
 * options_request: the options of rerun, and of what people ask for about one account.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_REQUEST_H
#define DAYBOOK_JOBS_OPTIONS_REQUEST_H

#include "jobs/job.h"

#define OPTIONS_RERUN 18
#define OPTIONS_RESOLVE 13
#define OPTIONS_PARK 11
#define OPTIONS_AMEND 14
#define OPTIONS_RATE 12

extern const struct job_option options_rerun[OPTIONS_RERUN];
extern const struct job_option options_resolve[OPTIONS_RESOLVE];
extern const struct job_option options_park[OPTIONS_PARK];
extern const struct job_option options_amend[OPTIONS_AMEND];
extern const struct job_option options_rate[OPTIONS_RATE];

#endif
