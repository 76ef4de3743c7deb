/*
 * bench_page_parts: the sections of the page, and what they share. For bench_page*.c alone.
 */
#ifndef DAYBOOK_JOBS_BENCH_PAGE_PARTS_H
#define DAYBOOK_JOBS_BENCH_PAGE_PARTS_H

#include "jobs/bench_page.h"
#include "jobs/chart.h"

extern const char *const bench_style[]; /* NULL ends it */

void bench_page_verdict(struct html *html, const struct bench_page *page);
void bench_page_throughput(struct html *html, const struct bench_page *page);
void bench_page_latency(struct html *html, const struct bench_page *page);
void bench_page_time(struct html *html, const struct bench_page *page);
void bench_page_forecast(struct html *html, const struct bench_page *page);
void bench_page_environment(struct html *html, const struct bench_page *page);
void bench_page_points(struct html *html, const struct bench_page *page);

/* ---- what they share: bench_page_table.c ---- */

/* <p>text</p>, made of a format; all of it is escaped. */
void page_say(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A table that may be folded; `is_open` before anybody opens it. */
void page_table_begin(struct html *html, const char *caption, bool is_open,
                      const char *const *heads, size_t count);
void page_table_end(struct html *html);
void page_row_begin(struct html *html, const char *head);
void page_row_end(struct html *html);
void page_cell_text(struct html *html, const char *text);
/* A sentence or so, which may wrap. */
void page_cell_words(struct html *html, const char *text);
/* NAN: a dash. */
void page_cell(struct html *html, double value, enum chart_unit unit);

/* "concurrency", "calls in flight" … of what was swept; NULL: nothing was. */
const char *page_swept_title(const struct bench_results *results);
enum chart_unit page_swept_unit(const struct bench_results *results);
/* What a point is called: its value as people write it, or "run". */
const char *page_point_name(const struct bench_results *results, size_t index,
                            char text[CHART_TEXT_BYTES]);
/* The value that was swept; NAN: it is no number above 0. */
double page_point_x(const struct bench_results *results, size_t index);
/* Of several files the name as a heading, of one nothing. */
void page_file_heading(struct html *html, const struct bench_page *page, size_t file);
/* An id of a chart: "latency-0". */
const char *page_id(const char *section, size_t file, char text[CHART_TEXT_BYTES]);

#endif
