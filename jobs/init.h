/*
 * init: the commented configuration that `daybook init` and the package give.
 */
#ifndef DAYBOOK_JOBS_INIT_H
#define DAYBOOK_JOBS_INIT_H

#include <stdio.h>

#include "jobs/config.h"

/* Every key of both tables, each with what it is for. */
void init_write(FILE *out);

#endif
