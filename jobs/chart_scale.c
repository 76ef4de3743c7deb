#include "jobs/chart_scale.h"

#include <math.h>
#include <stdio.h>

#include "base/check.h"
#include "jobs/report.h"

#define STEPS_WANTED 5
#define APART_NARROW 0.125 /* of the axis: room for a label on a telephone … */
#define APART_WIDE 0.07    /* … and on a page */
#define LOG_TICKS_LEAST 3

#define SECOND 1e9
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* What people count durations in. */
static const double duration_ticks[] = {
    1,      10,          1e2,    1e3,         1e4,  1e5,       1e6,     1e7,      1e8,
    SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 10 * HOUR, 4 * DAY, 40 * DAY, 400 * DAY};

static void add_tick(struct chart_scale *scale, double value)
{
    if (scale->tick_count < CHART_TICKS_MAX)
        scale->ticks[scale->tick_count++] = (struct chart_tick){.value = value};
}

/* ---- linear ---- */

/* The least of 1, 2, 5, 10, 20 … that is not below `step`. */
static double nice_step(double step)
{
    double power = pow(10, floor(log10(step))), times = step / power;
    return power * (times <= 1 + 1e-9 ? 1 : times <= 2 + 1e-9 ? 2 : times <= 5 + 1e-9 ? 5 : 10);
}

struct chart_scale chart_scale_linear(double least, double most)
{
    struct chart_scale scale = {.least = least < 0 ? least : 0, .most = most};
    if (!(scale.most > scale.least))
        scale.most = scale.least + 1;
    double step = nice_step((scale.most - scale.least) / STEPS_WANTED);
    double first = floor(scale.least / step + 1e-9), last = ceil(scale.most / step - 1e-9);
    for (double at = first; at <= last; at++)
        add_tick(&scale, at * step);
    scale.least = first * step;
    scale.most = last * step;
    return scale;
}

/* ---- logarithmic ---- */

static void add_decades(struct chart_scale *scale, bool is_fine)
{
    static const double times[] = {1, 2, 5};
    scale->tick_count = 0;
    for (double power = floor(log10(scale->least)); power <= ceil(log10(scale->most)); power++) {
        for (size_t i = 0; i < (is_fine ? 3 : 1); i++) {
            double value = times[i] * pow(10, power);
            if (value >= scale->least * (1 - 1e-9) && value <= scale->most * (1 + 1e-9))
                add_tick(scale, value);
        }
    }
}

/* The last one at or below, the first one at or above. */
static void span_durations(struct chart_scale *scale)
{
    const size_t count = sizeof duration_ticks / sizeof duration_ticks[0];
    size_t first = 0, last = count - 1;
    while (first + 2 < count && duration_ticks[first + 1] <= scale->least)
        first++;
    while (last > first + 1 && duration_ticks[last - 1] >= scale->most)
        last--;
    last = last > first ? last : first + 1; // there is one: first stops before the last
    scale->least = fmin(duration_ticks[first], scale->least);
    scale->most = fmax(duration_ticks[last], scale->most);
    for (size_t i = first; i <= last; i++)
        add_tick(scale, duration_ticks[i]);
}

/* Every tick keeps its line; labels that would meet are extra, or left out. */
static void thin_out(struct chart_scale *scale)
{
    double last_kept = -1, last_shown = -1;
    size_t kept = 0;
    for (size_t i = 0; i < scale->tick_count; i++) {
        struct chart_tick tick = scale->ticks[i];
        double place = chart_scale_place(scale, tick.value);
        if (last_kept >= 0 && place - last_kept < APART_WIDE)
            continue;
        tick.is_extra = last_shown >= 0 && place - last_shown < APART_NARROW;
        last_shown = tick.is_extra ? last_shown : place;
        last_kept = place;
        scale->ticks[kept++] = tick;
    }
    scale->tick_count = kept;
}

struct chart_scale chart_scale_log(double least, double most, enum chart_unit unit)
{
    CHECK(least > 0 && most >= least);
    struct chart_scale scale = {.is_log = true, .least = least, .most = most};
    if (unit == CHART_DURATION) {
        span_durations(&scale);
        return scale;
    }
    if (most < 2 * least) {
        scale.least = least / 2;
        scale.most = most * 2;
    }
    add_decades(&scale, false);
    if (scale.tick_count < LOG_TICKS_LEAST)
        add_decades(&scale, true);
    thin_out(&scale);
    return scale;
}

struct chart_scale chart_scale_at_values(const double *values, size_t count)
{
    CHECK(count > 0 && values[0] > 0);
    struct chart_scale scale = {.is_log = true, .least = values[0], .most = values[count - 1]};
    if (!(scale.most > scale.least)) {
        scale.least /= 2;
        scale.most = 2 * values[0];
    }
    double last_place = -1;
    for (size_t i = 0; i < count; i++) { // before the room for ticks runs out
        double place = chart_scale_place(&scale, values[i]);
        if (last_place < 0 || place - last_place >= APART_WIDE) {
            add_tick(&scale, values[i]);
            last_place = place;
        }
    }
    thin_out(&scale);
    return scale;
}

double chart_scale_place(const struct chart_scale *scale, double value)
{
    double place;
    if (scale->is_log)
        place = value > 0 ? log(value / scale->least) / log(scale->most / scale->least) : 0;
    else
        place = (value - scale->least) / (scale->most - scale->least);
    return place < 0 ? 0 : place > 1 ? 1 : place;
}

/* ---- text ---- */

/* Three digits that matter, whole numbers as they are. */
static void write_number(double value, char text[CHART_TEXT_BYTES])
{
    char whole[MONEY_TEXT_BYTES];
    if (value < 0 || !(value < 9e18))
        snprintf(text, CHART_TEXT_BYTES, "%.3g", value);
    else if (value >= 100 || fabs(value - round(value)) < 1e-9 * value)
        snprintf(text, CHART_TEXT_BYTES, "%s", report_count((uint64_t)llround(value), whole));
    else
        snprintf(text, CHART_TEXT_BYTES, "%.3g", value);
}

static void write_duration(double ns, char text[CHART_TEXT_BYTES])
{
    static const struct {
        double from, unit;
        const char *name;
    } units[] = {{2 * DAY, DAY, "days"},
                 {HOUR, HOUR, "h"},
                 {MINUTE, MINUTE, "min"},
                 {SECOND, SECOND, "s"},
                 {1e6, 1e6, "ms"},
                 {1e3, 1e3, "µs"},
                 {0, 1, "ns"}};
    size_t at = 0;
    while (ns < units[at].from * (1 - 1e-9))
        at++;
    char number[CHART_TEXT_BYTES];
    write_number(ns / units[at].unit, number);
    snprintf(text, CHART_TEXT_BYTES, "%.36s %s", number, units[at].name);
}

const char *chart_text(double value, enum chart_unit unit, char text[CHART_TEXT_BYTES])
{
    switch (unit) {
    case CHART_COUNT:
        write_number(value, text);
        break;
    case CHART_DURATION:
        write_duration(value < 0 ? 0 : value, text);
        break;
    case CHART_SHARE:
        snprintf(text, CHART_TEXT_BYTES, "%.0f %%", 100 * value);
        break;
    }
    return text;
}
