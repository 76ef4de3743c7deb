/*
 * cohort_place: where in a CSV file a record and its fields stand. For cohort*.c.
 *
 * libcsv does not tell places; they are found only when there is something to report, by reading
 * the text again byte by byte.
 */
#ifndef DAYBOOK_JOBS_COHORT_PLACE_H
#define DAYBOOK_JOBS_COHORT_PLACE_H

#include <csv.h>
#include <stddef.h>
#include <stdint.h>

struct cohort_place {
    uint32_t record;
    uint32_t field;
    uint32_t line, column; /* filled in, from 1; the column counts characters */
};

/* Fill in the lines and columns; `places` ascend by record and field. */
void cohort_locate(const char *text, size_t text_bytes, struct cohort_place *places,
                   size_t place_count);
/* Line and column of a byte. */
void cohort_locate_byte(const char *text, size_t at, uint32_t *line, uint32_t *column);
/* Where the field that the text ends in begins. */
void cohort_locate_last(const char *text, size_t text_bytes, uint32_t *line, uint32_t *column);

/* The first byte that no file may have, and what is wrong with it; text_bytes: there is none. */
size_t cohort_first_wrong(const char *text, size_t text_bytes, const char **wrong);

/* How both readings set libcsv up: strict, nothing trimmed. */
void cohort_parser_begin(struct csv_parser *parser);

#endif
