/* On what it was measured, and every point as it stands in the results. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "jobs/bench_page_parts.h"

static void add_text(struct html *html, const char *name, const char *value)
{
    if (value == NULL)
        return;
    html_element(html, "dt", name);
    html_element(html, "dd", value);
    html_raw(html, "\n");
}

static void add_number(struct html *html, const char *name, double value, enum chart_unit unit)
{
    char text[CHART_TEXT_BYTES];
    if (isfinite(value))
        add_text(html, name, chart_text(value, unit, text));
}

/* Sizes in the binary units that memory is sold in. */
static const char *size_text(double bytes, char text[CHART_TEXT_BYTES])
{
    if (bytes >= 1 << 30)
        snprintf(text, CHART_TEXT_BYTES, "%.1f GiB", bytes / (1 << 30));
    else
        snprintf(text, CHART_TEXT_BYTES, "%.1f MiB", bytes / (1 << 20));
    return text;
}

static void add_machine(struct html *html, const struct bench_results *results)
{
    char text[CHART_TEXT_BYTES];
    add_text(html, "daybook", results->environment.daybook);
    add_text(html, "processor", results->environment.cpu);
    add_number(html, "cores", results->environment.cores, CHART_COUNT);
    if (isfinite(results->environment.memory_bytes))
        add_text(html, "memory", size_text(results->environment.memory_bytes, text));
    add_text(html, "kernel", results->environment.kernel);
    add_text(html, "Postgres", results->environment.postgres);
    add_text(html, "compiler", results->environment.compiler);
    if (results->environment.fsync >= 0)
        add_text(html, "fsync",
                 results->environment.fsync == 1
                     ? "on: every commit is on disk"
                     : "off: commits may be lost, and these figures are too good");
    if (results->environment.command != NULL) {
        html_raw(html, "<dt>command</dt><dd>");
        html_element(html, "code", results->environment.command);
        html_raw(html, "</dd>\n");
    }
}

static void add_workload(struct html *html, const struct bench_results *results)
{
    char text[CHART_TEXT_BYTES];
    add_text(html, "from", results->started_at);
    add_text(html, "to", results->finished_at);
    add_number(html, "accounts", results->workload.accounts, CHART_COUNT);
    add_number(html, "accounts of the warm-up", results->workload.warm_up_accounts, CHART_COUNT);
    add_number(html, "repeats", results->workload.repeats, CHART_COUNT);
    if (isfinite(results->workload.seed)) {
        snprintf(text, sizeof text, "%.0f", results->workload.seed);
        add_text(html, "seed", text);
    }
    add_text(html, "loop", results->workload.loop);
    if (results->workload.rate_per_s > 0)
        add_number(html, "deposits a second", results->workload.rate_per_s, CHART_COUNT);
    add_text(html, "closing check", results->workload.closing_check);
    add_text(html, "bank", results->workload.bank);
    add_number(html, "latency of the bank", results->workload.bank_latency_ns, CHART_DURATION);
    if (results->workload.bank_rate_per_s > 0)
        add_number(html, "calls a second of the bank", results->workload.bank_rate_per_s,
                   CHART_COUNT);
}

void bench_page_environment(struct html *html, const struct bench_page *page)
{
    html_element(html, "h2", "Machine and workload");
    html_raw(html, "\n");
    for (size_t i = 0; i < page->count; i++) {
        page_file_heading(html, page, i);
        html_raw(html, "<dl class=\"pairs\">\n");
        add_machine(html, &page->results[i]);
        add_workload(html, &page->results[i]);
        html_raw(html, "</dl>\n");
    }
}

/* ---- all points ---- */

static double member_at(const struct bench_results_point *point, size_t offset)
{
    return *(const double *)(const void *)((const char *)point + offset);
}

static const struct {
    const char *head;
    const char *swept; /* then the first column has it; NULL: never */
    size_t offset;
    enum chart_unit unit;
} columns[] = {
    {"calls in flight", "concurrency", offsetof(struct bench_results_point, concurrency),
     CHART_COUNT},
    {"deposits/s", "rate", offsetof(struct bench_results_point, rate_per_s), CHART_COUNT},
    {"chunk records", "chunk-records", offsetof(struct bench_results_point, chunk_records),
     CHART_COUNT},
    {"lanes", "lanes", offsetof(struct bench_results_point, lanes), CHART_COUNT},
    {"bank latency", "latency", offsetof(struct bench_results_point, bank_latency_ns),
     CHART_DURATION},
    {"bank calls/s", NULL, offsetof(struct bench_results_point, bank_rate_per_s), CHART_COUNT},
    {"settlements/s", NULL, offsetof(struct bench_results_point, per_s), CHART_COUNT},
    {"seconds", NULL, offsetof(struct bench_results_point, seconds), CHART_COUNT},
    {"CPU engine", NULL, offsetof(struct bench_results_point, engine_ns), CHART_DURATION},
    {"CPU bank", NULL, offsetof(struct bench_results_point, bank_ns), CHART_DURATION},
    {"CPU Postgres", NULL, offsetof(struct bench_results_point, postgres_ns), CHART_DURATION},
    {"trace items lost", NULL, offsetof(struct bench_results_point, trace_dropped), CHART_COUNT},
};

#define COLUMNS (sizeof columns / sizeof columns[0])

static bool is_told(const struct bench_results *results, size_t column)
{
    if (columns[column].swept != NULL && results->swept != NULL &&
        strcmp(columns[column].swept, results->swept) == 0)
        return false;
    for (size_t i = 0; i < results->point_count; i++)
        if (isfinite(member_at(&results->points[i], columns[column].offset)))
            return true;
    return false;
}

static void add_points(struct html *html, const struct bench_results *results)
{
    const char *heads[COLUMNS + 2];
    const char *swept = page_swept_title(results);
    char text[CHART_TEXT_BYTES];
    size_t count = 0;
    heads[count++] = swept == NULL ? "point" : swept;
    for (size_t i = 0; i < COLUMNS; i++)
        if (is_told(results, i))
            heads[count++] = columns[i].head;
    heads[count++] = "memory";
    page_table_begin(html, "Points: CPU time is that of one settlement", true, heads, count);
    for (size_t i = 0; i < results->point_count; i++) {
        const struct bench_results_point *point = &results->points[i];
        page_row_begin(html, page_point_name(results, i, text));
        for (size_t column = 0; column < COLUMNS; column++)
            if (is_told(results, column))
                page_cell(html, member_at(point, columns[column].offset), columns[column].unit);
        page_cell_text(html,
                       isfinite(point->memory_bytes) ? size_text(point->memory_bytes, text) : "–");
        page_row_end(html);
    }
    page_table_end(html);
}

void bench_page_points(struct html *html, const struct bench_page *page)
{
    html_element(html, "h2", "Points");
    html_raw(html, "\n");
    for (size_t i = 0; i < page->count; i++) {
        page_file_heading(html, page, i);
        add_points(html, &page->results[i]);
    }
    html_element(html, "p class=\"note\"", "A dash: not measured.");
    html_raw(html, "\n");
}
