/*
 * options_capacity: the options of the commands that plan ahead. For options.c alone.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_CAPACITY_H
#define DAYBOOK_JOBS_OPTIONS_CAPACITY_H

#include "jobs/job.h"

#define OPTIONS_CAPACITY 13

extern const struct job_option options_capacity[OPTIONS_CAPACITY];
extern const char options_capacity_details[];

#endif
