/*
 * trace_file: a run's trace (core/trace.h) into a file, without ever making the lane wait.
 *
 * Items are made in the lane and laid into blocks of memory taken at open; a thread of its own
 * writes them. What finds no free block, because the disk is too slow, is dropped and counted, and
 * the trace says where. A write error ends the trace, never the run. What a program that dies had
 * not handed over yet, a second of items at most, is lost.
 *
 * All but open and close take NULL for "no trace".
 */
#ifndef DAYBOOK_REAL_TRACE_FILE_H
#define DAYBOOK_REAL_TRACE_FILE_H

#include "core/trace.h"

#define TRACE_FILE_ERROR_BYTES 512

struct trace_file;

/* An existing file is replaced; mode 0600. NULL: `error` says why; a pipe is refused, too. */
struct trace_file *trace_file_open(const char *file, char error[TRACE_FILE_ERROR_BYTES]);

struct trace_file_end {
    uint64_t dropped; /* items that found no room */
    int write_errno;  /* 0: all of the others are in the file */
};

/* Waits until all is written; at most 5 s where the disk takes nothing: then write_errno is
   ETIMEDOUT, and the memory stays with the thread. */
struct trace_file_end trace_file_close(struct trace_file *trace);

/* For what is no event and no command: header, claim, end. */
const struct trace_sink *trace_file_sink(struct trace_file *trace);

void trace_file_events(struct trace_file *trace, const struct event *events, uint32_t event_count,
                       uint64_t now_ns);
void trace_file_command(struct trace_file *trace, const struct command *command, uint64_t now_ns);
/* Once a turn: hands over what has lain for a while. */
void trace_file_turn(struct trace_file *trace, uint64_t now_ns);

#endif
