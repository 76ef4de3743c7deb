/*
 * report: what commands print: numbers, durations and times as people read them, tables, and the
 * same as JSON or JSON lines for programs.
 *
 * A command that has the forms table, json and jsonl fills a document for programs from the very
 * rows that its tables show. In JSON: schema_version first; amounts and ids are strings, counts are
 * numbers, times RFC 3339 in UTC, what is not known null. In jsonl each line is an object with its
 * "type": the head first, then every row.
 */
#ifndef DAYBOOK_JOBS_REPORT_H
#define DAYBOOK_JOBS_REPORT_H

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/money.h"

#define REPORT_SCHEMA_VERSION 1
#define REPORT_DURATION_BYTES 24
#define REPORT_TIME_BYTES 40
#define REPORT_WORD_BYTES 320

/* The choices of --output, in their order (OPTION_FORM). */
enum report_form { REPORT_TABLE, REPORT_JSON, REPORT_JSONL };

/* "12,345"; returns `buffer`. */
const char *report_count(uint64_t count, char buffer[MONEY_TEXT_BYTES]);
/* "1.23 s", "20.4 ms", "350 us"; returns `buffer`. */
const char *report_duration(uint64_t duration_ns, char buffer[REPORT_DURATION_BYTES]);
/* As one plans with it: "2 h 05 min", "3 min 20 s", "12.4 s", "350 ms"; returns `buffer`. */
const char *report_span(uint64_t duration_ns, char buffer[REPORT_DURATION_BYTES]);
/* A timestamptz of a session in UTC ("2026-03-25 09:00:00.5+00") as "2026-03-25T09:00:00.5Z". */
const char *report_time(const char *text, char buffer[REPORT_TIME_BYTES]);
/* … for people: "2026-03-25 09:00:00". */
const char *report_time_short(const char *text, char buffer[REPORT_TIME_BYTES]);
/* As one word of a command to type: quoted for the shell where it must be. */
const char *report_word(const char *text, char buffer[REPORT_WORD_BYTES]);

/* Should `out` be coloured? `when` is the choice of --color: 0 auto, 1 always, 2 never. */
bool report_is_coloured(FILE *out, int64_t when);
/* A terminal on which a line can be redrawn? */
bool report_is_live(FILE *out);

/* ---- tables ---- */

struct report_column {
    const char *title;
    bool is_right; /* aligned at its right: numbers */
};

struct report_table;

/* `columns` must live as long as the table. */
struct report_table *report_table_open(const struct report_column *columns, size_t count);
/* The next cell, copied; rows fill from left to right. */
void report_table_add(struct report_table *table, const char *text);
void report_table_add_count(struct report_table *table, int64_t count);
/* The title line and the rows, each after so many blanks; nothing where there is no row. */
void report_table_print(const struct report_table *table, int indent, FILE *out);
void report_table_close(struct report_table *table);

/* ---- for programs ---- */

struct report_doc;

/* `form` is REPORT_JSON or REPORT_JSONL; `type` is that of the head. */
struct report_doc *report_doc_open(enum report_form form, const char *type, FILE *out);
/* A member of the head; takes the value over. Before the first row. */
void report_doc_set(struct report_doc *doc, const char *name, json_t *value);
/* There is such a list, even when no row comes. Before the first row. */
void report_doc_list(struct report_doc *doc, const char *list);
/* A row of a list; takes it over. */
void report_doc_row(struct report_doc *doc, const char *list, const char *type, json_t *row);
/* Prints what is not printed yet, and frees. */
void report_doc_close(struct report_doc *doc);

/* Every column under its own name, in the form that its type and name ask for. */
json_t *report_json_row(const PGresult *result, int row);
/* All rows into a list. */
void report_doc_rows(struct report_doc *doc, const char *list, const char *type,
                     const PGresult *result);

/* An amount as JSON: text, so that no reader rounds it. */
json_t *report_json_money(int64_t amount_minor);
/* Prints and releases; one document, ended by a newline. */
void report_json_print(json_t *document);

#endif
