/* Where the time of a settlement goes, point by point. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs/bench_page_parts.h"

#define BARS_MAX 24 /* more would fill a page; the table has all */

_Static_assert((int)BENCH_OF == CHART_PARTS, "a part of a bar for each share");

static const char *const part_names[BENCH_OF] = {
    "tokens: waiting for its turn", "bank: a call is under way",
    "database: from an answer to its commit", "CPU: deciding and encoding"};

static bool is_measured(const struct bench_results_point *point)
{
    for (size_t i = 0; i < BENCH_OF; i++)
        if (isfinite(point->shares[i]))
            return true;
    return false;
}

static void draw(struct html *html, const struct bench_results *results, size_t file, size_t count)
{
    struct chart_bar bars[BARS_MAX];
    char names[BARS_MAX][CHART_TEXT_BYTES], id[CHART_TEXT_BYTES], title[128], description[256];
    const char *swept = page_swept_title(results);
    size_t used = 0;
    double largest = 0;
    size_t largest_part = 0;
    for (size_t i = 0; i < results->point_count && used < BARS_MAX; i++) {
        const struct bench_results_point *point = &results->points[i];
        if (!is_measured(point))
            continue;
        bars[used].name = page_point_name(results, i, names[used]);
        for (size_t part = 0; part < BENCH_OF; part++)
            bars[used].parts[part] = point->shares[part];
        used++;
    }
    for (size_t part = 0; part < BENCH_OF; part++) {
        if (bars[used - 1].parts[part] > largest) {
            largest = bars[used - 1].parts[part];
            largest_part = part;
        }
    }
    snprintf(title, sizeof title, "Where the time goes%s%.60s", swept == NULL ? "" : ", by ",
             swept == NULL ? "" : swept);
    snprintf(description, sizeof description,
             "%zu stacked bars of waiting for tokens, bank, database and CPU. In the last one, %s, "
             "the largest part is %s with %.0f percent.",
             used, bars[used - 1].name, bench_share_name(largest_part), 100 * largest);
    struct chart_bars chart = {
        .words = {page_id("time", file, id), title, description},
        .axis_title = "share of a settlement's time",
        .part_names = part_names,
        .bars = bars,
        .count = used,
    };
    chart_bars(html, &chart);
    if (count > used)
        page_say(html, "The first %zu of %zu points; the table has all.", used, count);
}

static void add_file(struct html *html, const struct bench_page *page, size_t file)
{
    const struct bench_results *results = &page->results[file];
    const char *swept = page_swept_title(results);
    const char *const heads[] = {swept == NULL ? "point" : swept, "tokens", "bank", "database",
                                 "CPU"};
    size_t count = 0;
    page_file_heading(html, page, file);
    for (size_t i = 0; i < results->point_count; i++)
        count += is_measured(&results->points[i]);
    if (count == 0) {
        page_say(html, "Not measured in these results.");
        return;
    }
    draw(html, results, file, count);
    page_table_begin(html, "Shares of the time", false, heads, 5);
    for (size_t i = 0; i < results->point_count; i++) {
        char name[CHART_TEXT_BYTES];
        page_row_begin(html, page_point_name(results, i, name));
        for (size_t part = 0; part < BENCH_OF; part++)
            page_cell(html, results->points[i].shares[part], CHART_SHARE);
        page_row_end(html);
    }
    page_table_end(html);
}

void bench_page_time(struct html *html, const struct bench_page *page)
{
    html_element(html, "h2", "Where the time goes");
    page_say(html, "Every moment of a settlement, from its start to its end, belongs to one of "
                   "these.");
    for (size_t i = 0; i < page->count; i++)
        add_file(html, page, i);
}
