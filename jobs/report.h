/*
 * report: numbers and durations as people read them; colours; JSON to stdout.
 */
#ifndef DAYBOOK_JOBS_REPORT_H
#define DAYBOOK_JOBS_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/money.h"

#define REPORT_SCHEMA_VERSION 1
#define REPORT_DURATION_BYTES 24

/* "12,345"; returns `buffer`. */
const char *report_count(uint64_t count, char buffer[MONEY_TEXT_BYTES]);
/* "1.23 s", "20.4 ms", "350 us"; returns `buffer`. */
const char *report_duration(uint64_t duration_ns, char buffer[REPORT_DURATION_BYTES]);

/* Should `out` be coloured? `when` is the choice of --color: 0 auto, 1 always, 2 never. */
bool report_is_coloured(FILE *out, int64_t when);
/* A terminal on which a line can be redrawn? */
bool report_is_live(FILE *out);

/* An amount as JSON: text, so that no reader rounds it. */
json_t *report_json_money(int64_t amount_minor);
/* Prints and releases; one document, ended by a newline. */
void report_json_print(json_t *document);

#endif
