/*
 * chart_draw: what the kinds of charts share: the box, colours, marks, texts and the legend. For
 * chart_*.c alone.
 *
 * Places are in units of the box, CHART_WIDTH wide; the style sheet makes texts larger on narrow
 * screens, where a unit is smaller, so margins leave room for that.
 */
#ifndef DAYBOOK_JOBS_CHART_DRAW_H
#define DAYBOOK_JOBS_CHART_DRAW_H

#include "jobs/chart.h"

#define CHART_WIDTH 640
#define CHART_TEXT 13 /* units; as large again at most, on a telephone */

enum chart_anchor { CHART_START, CHART_MIDDLE, CHART_END };

/* <figure><svg …><title><desc> … </svg> */
void chart_begin(struct html *html, const struct chart_words *words, int height);
void chart_end_drawing(struct html *html);
void chart_end(struct html *html);

void chart_draw_line(struct html *html, const char *role, double x1, double y1, double x2,
                     double y2);
/* `role` is a class of the style sheet: "tick", "label", "name". */
void chart_draw_text(struct html *html, const char *role, enum chart_anchor anchor, double x,
                     double y, const char *text);
/* The mark of a style: circle, square, triangle … */
void chart_draw_mark(struct html *html, unsigned style, double x, double y);
/* Attributes of a line of that style. */
void chart_line_style(struct html *html, unsigned style, bool is_thin);
/* The fill of a part of a stacked bar, and whether light text reads on it. */
const char *chart_part_colour(size_t part);
bool chart_part_is_dark(size_t part);

/* A row of the legend below the drawing. */
void chart_legend_begin(struct html *html);
void chart_legend_line(struct html *html, unsigned style, bool has_line, bool has_mark,
                       bool is_thin, const char *name);
void chart_legend_fill(struct html *html, const char *role, const char *colour, const char *name);
void chart_legend_end(struct html *html);

#endif
