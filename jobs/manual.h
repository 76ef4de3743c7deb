/*
 * manual: the man page, as roff, from the tables of commands, options and keys.
 */
#ifndef DAYBOOK_JOBS_MANUAL_H
#define DAYBOOK_JOBS_MANUAL_H

#include <stdio.h>

#include "jobs/job.h"

void manual_write(FILE *out);

/* Plain text as roff that shows it, in lines of at most 80 bytes. Public for its test. */
void manual_text(FILE *out, const char *text);

#endif
