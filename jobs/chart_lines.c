/* Charts of lines over two axes. */
#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "jobs/chart_draw.h"

#define HEIGHT 400
#define LEFT 92
#define RIGHT_MARGIN 26
#define RIGHT_MARGIN_NAMED 116 /* with names at the ends of lines */
#define TOP 44
#define BOTTOM (HEIGHT - 74)
#define NAMES_APART 23
#define BAND_COLOUR "#9cc9e6"

struct plot {
    struct html *html;
    const struct chart_lines *chart;
    double right;
};

static double place_x(const struct plot *plot, double x)
{
    return LEFT + chart_scale_place(&plot->chart->x.scale, x) * (plot->right - LEFT);
}

static double place_y(const struct plot *plot, double y)
{
    return BOTTOM - chart_scale_place(&plot->chart->y.scale, y) * (BOTTOM - TOP);
}

static void draw_axes(const struct plot *plot)
{
    const struct chart_axis *x = &plot->chart->x, *y = &plot->chart->y;
    struct html *html = plot->html;
    char text[CHART_TEXT_BYTES];
    for (size_t i = 0; i < y->scale.tick_count; i++) {
        double at = place_y(plot, y->scale.ticks[i].value);
        chart_draw_line(html, "grid", LEFT, at, plot->right, at);
        chart_draw_text(html, "tick", CHART_END, LEFT - 8, at + 5,
                        chart_text(y->scale.ticks[i].value, y->unit, text));
    }
    for (size_t i = 0; i < x->scale.tick_count; i++) {
        const struct chart_tick *tick = &x->scale.ticks[i];
        double at = place_x(plot, tick->value);
        chart_draw_line(html, "stub", at, BOTTOM, at, BOTTOM + 5);
        chart_draw_text(html, tick->is_extra ? "tick extra" : "tick", CHART_MIDDLE, at, BOTTOM + 24,
                        chart_text(tick->value, x->unit, text));
    }
    chart_draw_line(html, "axis", LEFT, BOTTOM, plot->right, BOTTOM);
    chart_draw_text(html, "name", CHART_START, 4, 20, y->title);
    chart_draw_text(html, "name", CHART_END, plot->right, BOTTOM + 58, x->title);
}

static void draw_band(const struct plot *plot)
{
    const struct chart_lines *chart = plot->chart;
    if (chart->band == NULL || chart->band_count < 2)
        return;
    html_raw(plot->html, "<path class=\"band\" fill=\"" BAND_COLOUR "\" fill-opacity=\".45\" d=\"");
    for (size_t i = 0; i < chart->band_count; i++)
        html_format(plot->html, "%s%.1f %.1f", i == 0 ? "M" : "L", place_x(plot, chart->band[i].x),
                    place_y(plot, chart->band[i].most));
    for (size_t i = chart->band_count; i-- > 0;)
        html_format(plot->html, "L%.1f %.1f", place_x(plot, chart->band[i].x),
                    place_y(plot, chart->band[i].least));
    html_raw(plot->html, "z\"/>\n");
}

static void draw_upright(const struct plot *plot)
{
    const struct chart_lines *chart = plot->chart;
    if (!isfinite(chart->upright))
        return;
    double at = place_x(plot, chart->upright);
    bool is_left = at < (LEFT + plot->right) / 2;
    chart_draw_line(plot->html, "upright", at, TOP - 8, at, BOTTOM);
    chart_draw_text(plot->html, "name", is_left ? CHART_START : CHART_END, at + (is_left ? 6 : -6),
                    chart->is_upright_name_on_top ? TOP + 8 : BOTTOM - 12, chart->upright_name);
}

static bool is_there(const struct chart_point *point)
{
    return isfinite(point->x) && isfinite(point->y);
}

static void draw_path(const struct plot *plot, const struct chart_line *line)
{
    bool is_begun = false;
    html_raw(plot->html, "<path");
    chart_line_style(plot->html, line->style, line->is_thin);
    html_raw(plot->html, " d=\"");
    for (size_t i = 0; i < line->count; i++) {
        if (!is_there(&line->points[i]))
            continue;
        html_format(plot->html, "%s%.1f %.1f", is_begun ? "L" : "M",
                    place_x(plot, line->points[i].x), place_y(plot, line->points[i].y));
        is_begun = true;
    }
    html_raw(plot->html, is_begun ? "\"/>\n" : "M0 0\"/>\n");
}

static void draw_marks(const struct plot *plot, const struct chart_line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct chart_point *point = &line->points[i];
        if (!is_there(point))
            continue;
        double x = place_x(plot, point->x);
        if (point->least < point->most)
            html_format(plot->html,
                        "<path class=\"s%u\" stroke=\"#444\" stroke-width=\"1.5\" "
                        "d=\"M%.1f %.1fV%.1fm-4 0h8M%.1f %.1fh8\"/>\n",
                        line->style, x, place_y(plot, point->least), place_y(plot, point->most),
                        x - 4, place_y(plot, point->least));
        chart_draw_mark(plot->html, line->style, x, place_y(plot, point->y));
    }
}

/* ---- names at the ends ---- */

struct end {
    const char *name;
    double y;
};

static int by_place(const void *a, const void *b)
{
    const struct end *left = a, *right = b;
    return (left->y > right->y) - (left->y < right->y);
}

static void draw_ends(const struct plot *plot)
{
    const struct chart_lines *chart = plot->chart;
    struct end ends[CHART_STYLES];
    size_t count = 0;
    for (size_t i = 0; i < chart->line_count && count < CHART_STYLES; i++) {
        const struct chart_line *line = &chart->lines[i];
        if (line->count > 0 && is_there(&line->points[line->count - 1]))
            ends[count++] =
                (struct end){line->name, place_y(plot, line->points[line->count - 1].y)};
    }
    qsort(ends, count, sizeof ends[0], by_place);
    double floor = TOP;
    for (size_t i = 0; i < count; i++) {
        ends[i].y = fmax(ends[i].y, floor);
        floor = ends[i].y + NAMES_APART;
    }
    double ceiling = BOTTOM + 6;
    for (size_t i = count; i-- > 0; ceiling = ends[i].y - NAMES_APART)
        ends[i].y = fmin(ends[i].y, ceiling);
    for (size_t i = 0; i < count; i++)
        chart_draw_text(plot->html, "end", CHART_START, plot->right + 8, ends[i].y + 4,
                        ends[i].name);
}

static void draw_legend(const struct plot *plot)
{
    const struct chart_lines *chart = plot->chart;
    chart_legend_begin(plot->html);
    for (size_t i = 0; i < chart->line_count; i++)
        chart_legend_line(plot->html, chart->lines[i].style, chart->lines[i].has_line,
                          chart->lines[i].has_marks, chart->lines[i].is_thin, chart->lines[i].name);
    if (chart->band != NULL && chart->band_count >= 2)
        chart_legend_fill(plot->html, "band", BAND_COLOUR, chart->band_name);
    chart_legend_end(plot->html);
}

void chart_lines(struct html *html, const struct chart_lines *chart)
{
    CHECK(!chart->label_ends || chart->line_count <= CHART_STYLES);
    struct plot plot = {
        .html = html,
        .chart = chart,
        .right = CHART_WIDTH - (chart->label_ends ? RIGHT_MARGIN_NAMED : RIGHT_MARGIN),
    };
    chart_begin(html, &chart->words, HEIGHT);
    draw_axes(&plot);
    draw_band(&plot);
    draw_upright(&plot);
    for (size_t i = 0; i < chart->line_count; i++)
        if (chart->lines[i].has_line)
            draw_path(&plot, &chart->lines[i]);
    for (size_t i = 0; i < chart->line_count; i++)
        if (chart->lines[i].has_marks)
            draw_marks(&plot, &chart->lines[i]);
    if (chart->label_ends)
        draw_ends(&plot);
    chart_end_drawing(html);
    draw_legend(&plot);
    chart_end(html);
}
