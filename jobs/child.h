/*
 * child: processes that a command starts; each ends when this one does.
 */
#ifndef DAYBOOK_JOBS_CHILD_H
#define DAYBOOK_JOBS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/check.h"

/*
 * Start this very program with these words (argv[0] included, ended by NULL). `output` not NULL:
 * its stdout can be read there. -1: reported.
 */
MUST_USE pid_t child_start(char *const argv[], int *output);
/* Wait for its end; the exit code, or 128 + signal. A signal to this process is passed on once. */
int child_wait(pid_t pid);
/* The same; *usage is what it took, with the children that it waited for itself. */
int child_wait_usage(pid_t pid, struct rusage *usage);
/* Of a mock bank that was started, by the first line on its stdout, "listening on HOST:PORT". 0: it
   said nothing like it within so long, or ended. */
uint16_t child_read_port(int output, int within_ms);
/* TERM, then wait. */
void child_end(pid_t pid);

/* From here on SIGINT and SIGTERM are noted instead of ending this process. */
void child_catch_signals(void);
/* The signal that came, or 0. */
int child_signal(void);

#endif
