/* Latency percentiles: at one point from the middle to the slowest, and p99 over what was swept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs/bench_page_parts.h"

#define ROWS (2 * BENCH_TIMED)
#define DESCRIPTION_BYTES 512

static const char *const marks_shown[BENCH_MARKS] = {"p50", "p90", "p99", "p99.9", "slowest"};

/* The one that the verdict looks at, else the last of the file. */
static size_t point_of(const struct bench_page *page, const struct bench_results *results)
{
    for (size_t i = 0; i < results->point_count; i++)
        if (&results->points[i] == page->basis.nearest)
            return i;
    return results->point_count - 1;
}

static bool is_any(const double marks[BENCH_MARKS])
{
    for (size_t i = 0; i < BENCH_MARKS; i++)
        if (marks[i] > 0)
            return true;
    return false;
}

/* ---- one point ---- */

static void draw_point(struct html *html, const struct bench_results *results, size_t at,
                       size_t file)
{
    const struct bench_results_point *point = &results->points[at];
    char names[ROWS][32], id[CHART_TEXT_BYTES], value[CHART_TEXT_BYTES], title[128],
        description[DESCRIPTION_BYTES], p50[CHART_TEXT_BYTES], p99[CHART_TEXT_BYTES];
    struct chart_range ranges[ROWS];
    size_t count = 0;
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct bench_latency *latency = &point->latencies[i / 2];
        const double *marks = i % 2 == 0 ? latency->response : latency->service;
        if (!is_any(marks))
            continue;
        snprintf(names[count], sizeof names[count], "%s %s", bench_timed_name(i / 2),
                 i % 2 == 0 ? "response" : "service");
        ranges[count] = (struct chart_range){names[count], i % 2 == 0 ? 0 : 4, marks};
        for (size_t mark = 0; mark < BENCH_MARKS; mark++) {
            least = marks[mark] > 0 ? fmin(least, marks[mark]) : least;
            most = fmax(most, isfinite(marks[mark]) ? marks[mark] : 0);
        }
        count++;
    }
    snprintf(title, sizeof title, "Latency by step, at %s", page_point_name(results, at, value));
    const double *first = ranges[0].marks;
    snprintf(
        description, sizeof description,
        "%zu rows, each from half of the settlements to the slowest one, on a logarithmic "
        "axis. The first, %s, has p50 %s and p99 %s.",
        count, ranges[0].name,
        isfinite(first[BENCH_P50]) ? chart_text(first[BENCH_P50], CHART_DURATION, p50) : "unknown",
        isfinite(first[BENCH_P99]) ? chart_text(first[BENCH_P99], CHART_DURATION, p99) : "unknown");
    struct chart_ranges chart = {
        .words = {page_id("latency", file, id), title, description},
        .x = {"time, logarithmic", CHART_DURATION, chart_scale_log(least, most, CHART_DURATION)},
        .mark_names = marks_shown,
        .mark_count = BENCH_MARKS,
        .ranges = ranges,
        .count = count,
    };
    chart_ranges(html, &chart);
}

/* ---- p99 over the sweep ---- */

static int by_x(const void *a, const void *b)
{
    const struct chart_point *left = a, *right = b;
    return (left->x > right->x) - (left->x < right->x);
}

struct sweep {
    struct chart_point points[BENCH_TIMED][BENCH_RESULTS_POINTS_MAX];
    double xs[BENCH_RESULTS_POINTS_MAX];
    bool is_measured[BENCH_TIMED];
    size_t count;
    double least, most;
};

static void take_sweep(const struct bench_results *results, struct sweep *sweep)
{
    sweep->least = INFINITY;
    for (size_t i = 0; i < results->point_count; i++) {
        double x = page_point_x(results, i);
        if (!isfinite(x))
            continue;
        for (size_t timed = 0; timed < BENCH_TIMED; timed++) {
            double p99 = results->points[i].latencies[timed].response[BENCH_P99];
            p99 = p99 > 0 ? p99 : NAN;
            sweep->points[timed][sweep->count] = (struct chart_point){.x = x, .y = p99};
            sweep->is_measured[timed] = sweep->is_measured[timed] || isfinite(p99);
            sweep->least = fmin(sweep->least, p99);
            sweep->most = fmax(sweep->most, p99);
        }
        sweep->count++;
    }
    for (size_t timed = 0; timed < BENCH_TIMED; timed++)
        qsort(sweep->points[timed], sweep->count, sizeof sweep->points[timed][0], by_x);
    for (size_t i = 0; i < sweep->count; i++)
        sweep->xs[i] = sweep->points[0][i].x;
}

static void draw_sweep(struct html *html, const struct bench_results *results, size_t file)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    CHECK(sweep != NULL);
    take_sweep(results, sweep);
    if (results->swept != NULL && sweep->count >= 2 && sweep->most > 0) {
        char id[CHART_TEXT_BYTES], title[128], description[DESCRIPTION_BYTES],
            least[CHART_TEXT_BYTES], most[CHART_TEXT_BYTES];
        struct chart_line lines[BENCH_TIMED];
        size_t line_count = 0;
        for (unsigned i = 0; i < BENCH_TIMED; i++)
            if (sweep->is_measured[i])
                lines[line_count++] = (struct chart_line){
                    bench_timed_name(i), i, true, true, false, sweep->points[i], sweep->count};
        snprintf(title, sizeof title, "99th percentile of the response over %.60s",
                 page_swept_title(results));
        snprintf(description, sizeof description,
                 "A line for each step and one for the whole settlement, between %s and %s, on "
                 "logarithmic axes.",
                 chart_text(sweep->least, CHART_DURATION, least),
                 chart_text(sweep->most, CHART_DURATION, most));
        struct chart_lines chart = {
            .words = {page_id("p99", file, id), title, description},
            .x = {page_swept_title(results), page_swept_unit(results),
                  chart_scale_at_values(sweep->xs, sweep->count)},
            .y = {"p99 of the response, logarithmic", CHART_DURATION,
                  chart_scale_log(sweep->least, sweep->most, CHART_DURATION)},
            .lines = lines,
            .line_count = line_count,
            .upright = NAN,
        };
        chart_lines(html, &chart);
    }
    free(sweep);
}

/* ---- the figures ---- */

static void add_rows(struct html *html, const struct bench_results *results, size_t at)
{
    char name[CHART_TEXT_BYTES], kind[48];
    for (size_t i = 0; i < ROWS; i++) {
        const struct bench_latency *latency = &results->points[at].latencies[i / 2];
        const double *marks = i % 2 == 0 ? latency->response : latency->service;
        if (!is_any(marks))
            continue;
        page_row_begin(html, page_point_name(results, at, name));
        snprintf(kind, sizeof kind, "%s %s", bench_timed_name(i / 2),
                 i % 2 == 0 ? "response" : "service");
        page_cell_text(html, kind);
        for (size_t mark = 0; mark < BENCH_MARKS; mark++)
            page_cell(html, marks[mark], CHART_DURATION);
        page_row_end(html);
    }
}

static bool has_latencies(const struct bench_results_point *point)
{
    for (size_t i = 0; i < BENCH_TIMED; i++)
        if (is_any(point->latencies[i].response) || is_any(point->latencies[i].service))
            return true;
    return false;
}

static void add_file(struct html *html, const struct bench_page *page, size_t file)
{
    const struct bench_results *results = &page->results[file];
    const char *swept = page_swept_title(results);
    const char *heads[2 + BENCH_MARKS] = {swept == NULL ? "point" : swept, "of"};
    size_t at = point_of(page, results), measured = 0;
    page_file_heading(html, page, file);
    for (size_t i = 0; i < results->point_count; i++)
        measured += has_latencies(&results->points[i]);
    if (measured == 0) {
        page_say(html, "Not measured in these results.");
        return;
    }
    if (has_latencies(&results->points[at]))
        draw_point(html, results, at, file);
    draw_sweep(html, results, file);
    for (size_t i = 0; i < BENCH_MARKS; i++)
        heads[2 + i] = marks_shown[i];
    page_table_begin(html, "Latency percentiles", false, heads, 2 + BENCH_MARKS);
    for (size_t i = 0; i < results->point_count; i++)
        add_rows(html, results, i);
    page_table_end(html);
}

void bench_page_latency(struct html *html, const struct bench_page *page)
{
    html_element(html, "h2", "Latency");
    page_say(html, "Response: from the instant at which a deposit was to be there until the step "
                   "is durably recorded, with every wait. Service: one call to the bank, from its "
                   "sending until its answer.");
    for (size_t i = 0; i < page->count; i++)
        add_file(html, page, i);
}
