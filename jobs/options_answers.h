/*
 * options_answers: the option tables of what answers a person's questions. For options.c alone.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_ANSWERS_H
#define DAYBOOK_JOBS_OPTIONS_ANSWERS_H

#include "jobs/job.h"

extern const struct job_option options_show[5];
extern const struct job_option options_explain[6];
extern const struct job_option options_runs[6];
extern const struct job_option options_config_show[5];

#endif
