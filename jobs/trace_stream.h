/*
 * trace_stream: a trace file, item by item, in bounded memory.
 */
#ifndef DAYBOOK_JOBS_TRACE_STREAM_H
#define DAYBOOK_JOBS_TRACE_STREAM_H

#include "core/trace_read.h"

#define TRACE_STREAM_ERROR_BYTES 512

enum trace_stream_result {
    TRACE_STREAM_ITEM,
    TRACE_STREAM_END, /* after a whole item */
    TRACE_STREAM_CUT, /* within an item: the program was killed */
    TRACE_STREAM_BAD, /* not a trace, or damaged; or it cannot be read */
};

struct trace_stream;

/* "-": stdin. NULL: `error` says why, and errno. */
struct trace_stream *trace_stream_open(const char *name, char error[TRACE_STREAM_ERROR_BYTES]);
void trace_stream_close(struct trace_stream *stream);

/*
 * The next item; the first one is a header of this format, and no other is. The item's texts hold
 * until the next call. CUT, BAD: `error` says what and at which byte; asked again, it says the
 * same.
 */
enum trace_stream_result trace_stream_next(struct trace_stream *stream, struct trace_item *item,
                                           char error[TRACE_STREAM_ERROR_BYTES]);

#endif
