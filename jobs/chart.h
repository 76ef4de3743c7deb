/*
 * chart: charts as inline SVG that read without scripts, in print, by a screen reader, and on a
 * telephone.
 *
 * Each is a role="img" with a title and a description, which must say in words what the drawing
 * shows; the figures belong into a table beside it. Series differ by colour, by dash and by mark.
 * Colours and sizes stand in attributes and again as classes of the page's style sheet: without it
 * a chart is still right. Nothing is drawn outside of its box.
 *
 * Texts are escaped here. Values that are NAN are left out.
 */
#ifndef DAYBOOK_JOBS_CHART_H
#define DAYBOOK_JOBS_CHART_H

#include "jobs/chart_scale.h"
#include "jobs/html.h"

#define CHART_STYLES 6 /* of lines and marks; see chart_style.c */
#define CHART_PARTS 4  /* of a stacked bar */

/* What a screen reader is told, and the id that its parts share. */
struct chart_words {
    const char *id; /* a word of ours, unique in the page */
    const char *title, *description;
};

struct chart_axis {
    const char *title;
    enum chart_unit unit;
    struct chart_scale scale;
};

struct chart_point {
    double x, y;
    double least, most; /* drawn as a bar where least < most */
};

struct chart_line {
    const char *name;
    unsigned style; /* 0 … CHART_STYLES - 1 */
    bool has_marks, has_line, is_thin;
    const struct chart_point *points; /* x rising */
    size_t count;
};

struct chart_lines {
    struct chart_words words;
    struct chart_axis x, y;
    const struct chart_line *lines;
    size_t line_count;
    const struct chart_point *band; /* from least to most over x; NULL: none */
    size_t band_count;
    const char *band_name;
    double upright; /* a vertical line at this x; NAN: none */
    const char *upright_name;
    bool is_upright_name_on_top; /* else near the x axis */
    bool label_ends;             /* names stand at the right ends of the lines, too */
};

/* A figure: the drawing, and its legend as a list. */
void chart_lines(struct html *html, const struct chart_lines *chart);

struct chart_bar {
    const char *name;
    double parts[CHART_PARTS]; /* 0 … 1 */
};

struct chart_bars {
    struct chart_words words;
    const char *axis_title;
    const char *const *part_names; /* CHART_PARTS */
    const struct chart_bar *bars;
    size_t count;
};

/* Stacked, one below the other; shares are written into them where there is room. */
void chart_bars(struct html *html, const struct chart_bars *chart);

struct chart_range {
    const char *name;
    unsigned style;
    const double *marks; /* rising */
};

struct chart_ranges {
    struct chart_words words;
    struct chart_axis x;
    const char *const *mark_names;
    size_t mark_count;
    const struct chart_range *ranges;
    size_t count;
};

/* One row a range: a line from its first to its last mark. */
void chart_ranges(struct html *html, const struct chart_ranges *chart);

#endif
