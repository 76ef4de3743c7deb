#include "jobs/bench_file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/bench_pack.h"
#include "jobs/file.h"

/* ---- reading --------------------------------------------------------------------------------- */

static json_t *from_json(const char *name, const char *text, size_t bytes,
                         char error[BENCH_FILE_ERROR_BYTES])
{
    json_error_t problem;
    json_t *document = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &problem);
    if (document == NULL)
        snprintf(error, BENCH_FILE_ERROR_BYTES, "%.200s:%d:%d: %s", name, problem.line,
                 problem.column, problem.text);
    return document;
}

static json_t *from_msgpack(const char *name, const char *text, size_t bytes,
                            char error[BENCH_FILE_ERROR_BYTES])
{
    const char *problem;
    size_t at;
    json_t *document = bench_unpack((const uint8_t *)text, bytes, &problem, &at);
    if (document == NULL)
        snprintf(error, BENCH_FILE_ERROR_BYTES, "%.200s: at byte %zu: %s", name, at, problem);
    return document;
}

/* NULL: it is what it should be. */
static const char *problem_of(const json_t *document)
{
    const char *format = json_string_value(json_object_get(document, "format"));
    if (format == NULL || strcmp(format, BENCH_FILE_FORMAT) != 0)
        return "not results of `daybook bench`";
    if (json_integer_value(json_object_get(document, "version")) != BENCH_FILE_VERSION)
        return "results of another version of the format; use the daybook that wrote them";
    const json_t *points = json_object_get(document, "points");
    if (json_array_size(points) == 0)
        return "holds no point";
    for (size_t i = 0; i < json_array_size(points); i++)
        if (!json_is_object(json_array_get(points, i)))
            return "a point is not an object";
    return json_is_object(json_object_get(document, "workload")) &&
                   json_is_object(json_object_get(document, "environment"))
               ? NULL
               : "workload or environment is missing";
}

json_t *bench_file_read(const char *name, char error[BENCH_FILE_ERROR_BYTES])
{
    size_t bytes;
    char *text = file_read(name, BENCH_FILE_BYTES_MAX, &bytes, error);
    if (text == NULL)
        return NULL;
    // A map of MessagePack begins with a byte that no JSON text begins with.
    bool is_msgpack = bytes > 0 && (uint8_t)text[0] >= 0x80;
    json_t *document =
        is_msgpack ? from_msgpack(name, text, bytes, error) : from_json(name, text, bytes, error);
    free(text);
    const char *problem = document == NULL ? NULL : problem_of(document);
    if (problem == NULL)
        return document;
    snprintf(error, BENCH_FILE_ERROR_BYTES, "%.200s: %s", name, problem);
    json_decref(document);
    return NULL;
}

_Static_assert(FILE_ERROR_BYTES <= BENCH_FILE_ERROR_BYTES, "its text fits ours");

/* ---- writing --------------------------------------------------------------------------------- */

static bool ends_in(const char *name, const char *end)
{
    size_t bytes = strlen(name), end_bytes = strlen(end);
    return bytes >= end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

static bool write_msgpack(FILE *out, const json_t *document)
{
    size_t bytes;
    uint8_t *packed = bench_pack(document, &bytes);
    bool good = fwrite(packed, 1, bytes, out) == bytes;
    free(packed);
    return good;
}

static bool write_json(FILE *out, const json_t *document)
{
    return json_dumpf(document, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF;
}

/* False: errno says why. */
static bool write_whole(const char *file, const char *name, const json_t *document)
{
    FILE *out = fopen(file, "we");
    if (out == NULL)
        return false;
    bool good =
        ends_in(name, ".msgpack") ? write_msgpack(out, document) : write_json(out, document);
    good = good && fflush(out) == 0 && fsync(fileno(out)) == 0;
    int reason = errno;
    good = fclose(out) == 0 && good;
    errno = reason;
    return good && rename(file, name) == 0;
}

bool bench_file_write(const char *name, const json_t *document, char error[BENCH_FILE_ERROR_BYTES])
{
    size_t room = strlen(name) + sizeof ".new";
    char *file = malloc(room);
    CHECK(file != NULL);
    snprintf(file, room, "%s.new", name);
    bool good = write_whole(file, name, document);
    if (!good) {
        snprintf(error, BENCH_FILE_ERROR_BYTES, "%.300s: %s", name, strerror(errno));
        (void)unlink(file);
    }
    free(file);
    return good;
}
