/*
 * bench_file: a results file of `daybook bench`: one JSON document, or the same as MessagePack.
 *
 * { "format": "daybook-bench", "version": 1, "kind": "run" | "sweep", "started_at", "finished_at",
 *   "environment": {…}, "workload": {…}, "swept": "concurrency" … or null, "points": [ {…} … ] }
 *
 * What stands in a point: bench_point.h. Durations are integers in ns (`_ns`), sizes integers in
 * bytes (`_bytes`), rates and shares reals, times RFC 3339 in UTC. What is not known is null.
 * Readers skip names that they do not know.
 */
#ifndef DAYBOOK_JOBS_BENCH_FILE_H
#define DAYBOOK_JOBS_BENCH_FILE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/check.h"

#define BENCH_FILE_FORMAT "daybook-bench"
#define BENCH_FILE_VERSION 1
#define BENCH_FILE_ERROR_BYTES 512
#define BENCH_FILE_BYTES_MAX (UINT64_C(64) << 20)

/* To be released with json_decref; its first byte tells which form it has ("-": stdin). NULL: it
   cannot be read, or is no results file of this version; `error` says what. */
MUST_USE json_t *bench_file_read(const char *name, char error[BENCH_FILE_ERROR_BYTES]);

/* Replaces the file as a whole, or not at all; MessagePack where the name ends in .msgpack. False:
   `error`. */
MUST_USE bool bench_file_write(const char *name, const json_t *document,
                               char error[BENCH_FILE_ERROR_BYTES]);

#endif
