/* Charts with one row a thing: stacked bars, and ranges of marks. */
#include <math.h>

#include "base/check.h"
#include "jobs/chart_draw.h"

#define BARS_LEFT 150
#define RANGES_LEFT 208 /* names of two words */
#define RIGHT (CHART_WIDTH - 30)
#define TOP 14
#define BAR_APART 46
#define BAR_HIGH 30
#define RANGE_APART 44
#define AXIS_HIGH 74
#define TEXT_ROOM 62 /* units that a share needs inside of its part */

static void draw_axis(struct html *html, const struct chart_axis *axis, double left, double bottom)
{
    char text[CHART_TEXT_BYTES];
    for (size_t i = 0; i < axis->scale.tick_count; i++) {
        const struct chart_tick *tick = &axis->scale.ticks[i];
        double at = left + chart_scale_place(&axis->scale, tick->value) * (RIGHT - left);
        chart_draw_line(html, "grid", at, TOP - 4, at, bottom);
        chart_draw_text(html, tick->is_extra ? "tick extra" : "tick", CHART_MIDDLE, at, bottom + 24,
                        chart_text(tick->value, axis->unit, text));
    }
    chart_draw_text(html, "name", CHART_END, RIGHT, bottom + 58, axis->title);
}

/* ---- stacked bars ---- */

static void draw_bar(struct html *html, const struct chart_bar *bar, double top)
{
    double left = BARS_LEFT;
    char text[CHART_TEXT_BYTES];
    chart_draw_text(html, "label", CHART_END, BARS_LEFT - 10, top + BAR_HIGH / 2 + 5, bar->name);
    for (size_t i = 0; i < CHART_PARTS; i++) {
        double share = isfinite(bar->parts[i]) && bar->parts[i] > 0 ? bar->parts[i] : 0;
        double width = fmin(share * (RIGHT - BARS_LEFT), RIGHT - left);
        if (width <= 0)
            continue;
        html_format(html,
                    "<rect class=\"p%zu\" fill=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                    "height=\"%d\"/>\n",
                    i, chart_part_colour(i), left, top, width, BAR_HIGH);
        if (width >= TEXT_ROOM)
            html_format(html,
                        "<text class=\"%s\" fill=\"%s\" text-anchor=\"middle\" x=\"%.1f\" "
                        "y=\"%.1f\">%s</text>\n",
                        chart_part_is_dark(i) ? "l" : "d", chart_part_is_dark(i) ? "#fff" : "#111",
                        left + width / 2, top + BAR_HIGH / 2 + 5.0,
                        chart_text(share, CHART_SHARE, text));
        left += width;
    }
}

void chart_bars(struct html *html, const struct chart_bars *chart)
{
    double bottom = TOP + (double)chart->count * BAR_APART;
    struct chart_axis axis = {chart->axis_title, CHART_SHARE, chart_scale_linear(0, 1)};
    chart_begin(html, &chart->words, (int)bottom + AXIS_HIGH);
    draw_axis(html, &axis, BARS_LEFT, bottom);
    for (size_t i = 0; i < chart->count; i++)
        draw_bar(html, &chart->bars[i], TOP + (double)i * BAR_APART + (BAR_APART - BAR_HIGH) / 2);
    chart_end_drawing(html);
    chart_legend_begin(html);
    for (size_t i = 0; i < CHART_PARTS; i++) {
        char role[] = {'p', (char)('0' + i), '\0'};
        chart_legend_fill(html, role, chart_part_colour(i), chart->part_names[i]);
    }
    chart_legend_end(html);
    chart_end(html);
}

/* ---- ranges ---- */

static void draw_range(struct html *html, const struct chart_ranges *chart,
                       const struct chart_range *range, double y)
{
    double first = NAN, last = NAN;
    chart_draw_text(html, "label", CHART_END, RANGES_LEFT - 10, y + 5, range->name);
    for (size_t i = 0; i < chart->mark_count; i++) {
        if (!isfinite(range->marks[i]))
            continue;
        last = RANGES_LEFT +
               chart_scale_place(&chart->x.scale, range->marks[i]) * (RIGHT - RANGES_LEFT);
        first = isfinite(first) ? first : last;
    }
    if (!isfinite(first))
        return;
    html_format(html, "<path d=\"M%.1f %.1fH%.1f\"", first, y, last);
    chart_line_style(html, range->style, true);
    html_raw(html, "/>\n");
    for (size_t i = 0; i < chart->mark_count; i++)
        if (isfinite(range->marks[i]))
            chart_draw_mark(html, (unsigned)i,
                            RANGES_LEFT + chart_scale_place(&chart->x.scale, range->marks[i]) *
                                              (RIGHT - RANGES_LEFT),
                            y);
}

void chart_ranges(struct html *html, const struct chart_ranges *chart)
{
    CHECK(chart->mark_count <= CHART_STYLES);
    double bottom = TOP + (double)chart->count * RANGE_APART;
    chart_begin(html, &chart->words, (int)bottom + AXIS_HIGH);
    draw_axis(html, &chart->x, RANGES_LEFT, bottom);
    for (size_t i = 0; i < chart->count; i++)
        draw_range(html, chart, &chart->ranges[i], TOP + ((double)i + 0.5) * RANGE_APART);
    chart_end_drawing(html);
    chart_legend_begin(html);
    for (size_t i = 0; i < chart->mark_count; i++)
        chart_legend_line(html, (unsigned)i, false, true, false, chart->mark_names[i]);
    chart_legend_end(html);
    chart_end(html);
}
