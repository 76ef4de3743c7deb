#include "jobs/trace_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES 65536U

_Static_assert(BUFFER_BYTES >= 2 * TRACE_ITEM_BYTES_MAX, "an item always fits");

struct trace_stream {
    const char *name;
    int fd;
    int read_errno; /* why reading ended; 0: by the end of the file */
    bool at_end;    /* nothing more can be read */
    bool has_header;
    uint64_t offset; /* of buffer[at] in the file */
    size_t at, filled;
    uint8_t buffer[BUFFER_BYTES];
};

struct trace_stream *trace_stream_open(const char *name, char error[TRACE_STREAM_ERROR_BYTES])
{
    bool is_stdin = strcmp(name, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int reason = errno;
        snprintf(error, TRACE_STREAM_ERROR_BYTES, "%s: %s", name, strerror(reason));
        errno = reason;
        return NULL;
    }
    struct trace_stream *stream = calloc(1, sizeof *stream);
    CHECK(stream != NULL);
    stream->name = is_stdin ? "stdin" : name;
    stream->fd = fd;
    return stream;
}

void trace_stream_close(struct trace_stream *stream)
{
    if (stream->fd != STDIN_FILENO)
        close(stream->fd);
    free(stream);
}

/* So that a whole item lies in the buffer, unless the file ends before. */
static void fill(struct trace_stream *stream)
{
    memmove(stream->buffer, stream->buffer + stream->at, stream->filled - stream->at);
    stream->filled -= stream->at;
    stream->at = 0;
    while (!stream->at_end && stream->filled < BUFFER_BYTES) {
        ssize_t got =
            read(stream->fd, stream->buffer + stream->filled, BUFFER_BYTES - stream->filled);
        if (got < 0 && errno == EINTR)
            continue;
        stream->at_end = got <= 0;
        stream->read_errno = got < 0 ? errno : 0;
        stream->filled += got > 0 ? (size_t)got : 0;
    }
}

static enum trace_stream_result tell(const struct trace_stream *stream, const char *what,
                                     uint64_t offset, enum trace_stream_result result,
                                     char error[TRACE_STREAM_ERROR_BYTES])
{
    snprintf(error, TRACE_STREAM_ERROR_BYTES, "%s: at byte %" PRIu64 ": %s", stream->name, offset,
             what);
    return result;
}

static bool is_magic(const struct trace_item *item)
{
    const struct unpack_value *magic = trace_value(item, TRACE_MAGIC);
    return magic != NULL && magic->byte_count == strlen(TRACE_MAGIC_TEXT) &&
           memcmp(magic->text, TRACE_MAGIC_TEXT, magic->byte_count) == 0;
}

/* NULL: it is where it belongs. */
static const char *header_problem(struct trace_stream *stream, const struct trace_item *item)
{
    bool is_header = item->form->kind == TRACE_KIND_HEADER;
    if (stream->has_header)
        return is_header ? "another trace begins within this one" : NULL;
    if (!is_header || !is_magic(item))
        return "not a trace of daybook: its header is missing";
    if (trace_natural(item, TRACE_VERSION) != TRACE_FORMAT_VERSION)
        return "a trace of another version of the format; use the daybook that wrote it";
    stream->has_header = true;
    return NULL;
}

/* Nothing is left, or no whole item. */
static enum trace_stream_result end(const struct trace_stream *stream, size_t left,
                                    char error[TRACE_STREAM_ERROR_BYTES])
{
    uint64_t end_offset = stream->offset + left;
    if (stream->read_errno != 0)
        return tell(stream, strerror(stream->read_errno), end_offset, TRACE_STREAM_BAD, error);
    if (!stream->has_header)
        return tell(stream,
                    "ends before its header does: not a trace, or nothing of it was written",
                    end_offset, TRACE_STREAM_BAD, error);
    if (left > 0)
        return tell(stream, "the trace is cut off within an item that began here", stream->offset,
                    TRACE_STREAM_CUT, error);
    return TRACE_STREAM_END;
}

enum trace_stream_result trace_stream_next(struct trace_stream *stream, struct trace_item *item,
                                           char error[TRACE_STREAM_ERROR_BYTES])
{
    size_t used;
    if (stream->filled - stream->at < TRACE_ITEM_BYTES_MAX && !stream->at_end)
        fill(stream);
    size_t left = stream->filled - stream->at;
    if (left == 0)
        return end(stream, left, error);
    const uint8_t *bytes = stream->buffer + stream->at;
    switch (trace_read(bytes, left, item, &used)) {
    case UNPACK_CUT:
        return end(stream, left, error);
    case UNPACK_BAD:
        if (!stream->has_header)
            return tell(stream, "not a trace of daybook", stream->offset + used, TRACE_STREAM_BAD,
                        error);
        return tell(stream, item->unpacked.problem, stream->offset + used, TRACE_STREAM_BAD, error);
    case UNPACK_WHOLE:
        break;
    }
    const char *problem = header_problem(stream, item);
    if (problem != NULL)
        return tell(stream, problem, stream->offset, TRACE_STREAM_BAD, error);
    stream->at += used;
    stream->offset += used;
    return TRACE_STREAM_ITEM;
}
