/*
 * trace_out: a trace into a file, blocking; for simulations, whose time does not pass meanwhile.
 * (A run's lane must not wait for a disk: real/trace_file.h.)
 */
#ifndef DAYBOOK_JOBS_TRACE_OUT_H
#define DAYBOOK_JOBS_TRACE_OUT_H

#include "core/trace.h"

struct trace_out {
    struct trace_sink sink; /* give this one away */
    int fd;                 /* -1: not open */
    int write_errno;        /* the first error; nothing is written after it */
    size_t used;
    uint8_t buffer[65536];
};

/* An existing file is replaced. False: errno says why. */
MUST_USE bool trace_out_open(struct trace_out *out, const char *file);
/* Empties the file: another trace follows. */
void trace_out_rewind(struct trace_out *out);
/* Writes what is still in the buffer. Safe in a signal handler. */
void trace_out_flush(struct trace_out *out);
/* Returns the first error, 0: all is written. */
MUST_USE int trace_out_close(struct trace_out *out);

#endif
