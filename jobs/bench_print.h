/*
 * bench_print: results for people: one run as a page, a sweep as a table.
 */
#ifndef DAYBOOK_JOBS_BENCH_PRINT_H
#define DAYBOOK_JOBS_BENCH_PRINT_H

#include <jansson.h>

/* Of the whole document, to stdout. */
void bench_print(const json_t *document);

#endif
