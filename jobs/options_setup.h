/*
 * options_setup: the options of the commands that set a machine up. For options.c alone.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_SETUP_H
#define DAYBOOK_JOBS_OPTIONS_SETUP_H

#include "jobs/job.h"

extern const struct job_option options_doctor[5];
extern const char options_doctor_details[];
extern const char options_init_details[];
extern const char options_completion_details[];

#endif
