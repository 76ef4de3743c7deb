#include "jobs/trace_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void take(void *context, const uint8_t *bytes, size_t byte_count)
{
    struct trace_out *out = context;
    if (out->used + byte_count > sizeof out->buffer)
        trace_out_flush(out);
    memcpy(out->buffer + out->used, bytes, byte_count);
    out->used += byte_count;
}

bool trace_out_open(struct trace_out *out, const char *file)
{
    out->sink = (struct trace_sink){.context = out, .take = take};
    out->write_errno = 0;
    out->used = 0;
    out->fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return out->fd >= 0;
}

void trace_out_rewind(struct trace_out *out)
{
    out->used = 0;
    // What is no regular file cannot be emptied; it gets one trace after the other.
    if (ftruncate(out->fd, 0) == 0 && lseek(out->fd, 0, SEEK_SET) != 0)
        out->write_errno = errno;
}

void trace_out_flush(struct trace_out *out)
{
    size_t done = 0;
    while (done < out->used && out->write_errno == 0) {
        ssize_t written = write(out->fd, out->buffer + done, out->used - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            out->write_errno = errno;
    }
    out->used = 0;
}

int trace_out_close(struct trace_out *out)
{
    trace_out_flush(out);
    if (close(out->fd) != 0 && out->write_errno == 0)
        out->write_errno = errno;
    out->fd = -1;
    return out->write_errno;
}
