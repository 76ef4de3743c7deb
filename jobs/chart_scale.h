/*
 * chart_scale: from values to places on an axis, and where its ticks stand.
 *
 * A plain value; no memory. Linear axes have ticks at 1, 2 or 5 times a power of ten, logarithmic
 * ones at powers of ten (or 1, 2, 5 of them where these are few), those of durations at what people
 * count in: 1 s, 10 s, 1 min, 10 min, 1 h …
 */
#ifndef DAYBOOK_JOBS_CHART_SCALE_H
#define DAYBOOK_JOBS_CHART_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#define CHART_TICKS_MAX 24
#define CHART_TEXT_BYTES 48

enum chart_unit {
    CHART_COUNT,    /* 12,345; 0.05 */
    CHART_DURATION, /* ns */
    CHART_SHARE,    /* 0 … 1, shown in percent */
};

struct chart_tick {
    double value;
    bool is_extra; /* only where there is room */
};

struct chart_scale {
    bool is_log;
    double least, most; /* of the axis; least < most, and above 0 on a logarithmic one */
    struct chart_tick ticks[CHART_TICKS_MAX];
    size_t tick_count;
};

/* From 0 (or below) to a tick at or above `most`, with 3 to 6 steps. */
struct chart_scale chart_scale_linear(double least, double most);
/* Around `least` and `most`, both above 0. */
struct chart_scale chart_scale_log(double least, double most, enum chart_unit unit);
/* Logarithmic, with ticks at these values (rising), as far as there is room for them. */
struct chart_scale chart_scale_at_values(const double *values, size_t count);

/* 0 at its least, 1 at its most; beyond is cut. */
double chart_scale_place(const struct chart_scale *scale, double value);

/* For people: "1,024", "1.5", "20 ms", "10 min", "2.5 h", "34 %"; returns `text`. */
const char *chart_text(double value, enum chart_unit unit, char text[CHART_TEXT_BYTES]);

#endif
