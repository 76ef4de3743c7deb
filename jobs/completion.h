/*
 * completion: what a shell needs to complete daybook's words, from the tables.
 */
#ifndef DAYBOOK_JOBS_COMPLETION_H
#define DAYBOOK_JOBS_COMPLETION_H

#include <stdio.h>

#include "jobs/job.h"

void completion_write_bash(FILE *out);
void completion_write_zsh(FILE *out);

#endif
