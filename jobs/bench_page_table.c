/* Tables, names and words of the page. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "jobs/bench_page_parts.h"

#define SAY_BYTES 2048

static const struct {
    const char *name, *title;
    enum chart_unit unit;
} swept[] = {
    {"concurrency", "calls in flight", CHART_COUNT},
    {"rate", "deposits a second", CHART_COUNT},
    {"chunk-records", "records of a chunk", CHART_COUNT},
    {"lanes", "lanes", CHART_COUNT},
    {"latency", "latency of the bank", CHART_DURATION},
};

void page_say(struct html *html, const char *format, ...)
{
    char text[SAY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    html_element(html, "p", text);
    html_raw(html, "\n");
}

void page_table_begin(struct html *html, const char *caption, bool is_open,
                      const char *const *heads, size_t count)
{
    html_format(html, "<details%s><summary>", is_open ? " open" : "");
    html_text(html, caption);
    html_raw(html, "</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                   "aria-label=\"");
    html_text(html, caption);
    html_raw(html, "\">\n<table>\n<caption>");
    html_text(html, caption);
    html_raw(html, "</caption>\n<thead><tr>");
    for (size_t i = 0; i < count; i++)
        html_element(html, "th scope=\"col\"", heads[i]);
    html_raw(html, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct html *html)
{
    html_raw(html, "</tbody>\n</table>\n</div>\n</details>\n");
}

void page_row_begin(struct html *html, const char *head)
{
    html_raw(html, "<tr>");
    html_element(html, "th scope=\"row\"", head);
}

void page_row_end(struct html *html)
{
    html_raw(html, "</tr>\n");
}

void page_cell_text(struct html *html, const char *text)
{
    html_element(html, "td", text);
}

void page_cell_words(struct html *html, const char *text)
{
    html_element(html, "td class=\"words\"", text);
}

void page_cell(struct html *html, double value, enum chart_unit unit)
{
    char text[CHART_TEXT_BYTES];
    page_cell_text(html, isfinite(value) ? chart_text(value, unit, text) : "–");
}

static size_t swept_index(const struct bench_results *results)
{
    size_t i = 0;
    while (i < sizeof swept / sizeof swept[0] && strcmp(results->swept, swept[i].name) != 0)
        i++;
    return i;
}

const char *page_swept_title(const struct bench_results *results)
{
    if (results->swept == NULL)
        return NULL;
    size_t index = swept_index(results);
    return index < sizeof swept / sizeof swept[0] ? swept[index].title : results->swept;
}

enum chart_unit page_swept_unit(const struct bench_results *results)
{
    size_t index = results->swept == NULL ? SIZE_MAX : swept_index(results);
    return index < sizeof swept / sizeof swept[0] ? swept[index].unit : CHART_COUNT;
}

double page_point_x(const struct bench_results *results, size_t index)
{
    double value = results->points[index].number;
    return value > 0 ? value : NAN;
}

const char *page_point_name(const struct bench_results *results, size_t index,
                            char text[CHART_TEXT_BYTES])
{
    double x = page_point_x(results, index);
    const char *value = results->points[index].value;
    if (value[0] == '\0')
        snprintf(text, CHART_TEXT_BYTES, results->point_count == 1 ? "run" : "run %zu", index + 1);
    else if (isfinite(x) && results->swept != NULL &&
             swept_index(results) < sizeof swept / sizeof swept[0])
        chart_text(x, swept[swept_index(results)].unit, text);
    else
        snprintf(text, CHART_TEXT_BYTES, "%s", value);
    return text;
}

void page_file_heading(struct html *html, const struct bench_page *page, size_t file)
{
    if (page->count < 2)
        return;
    const char *name = strrchr(page->results[file].file, '/');
    html_element(html, "h3", name == NULL ? page->results[file].file : name + 1);
    html_raw(html, "\n");
}

const char *page_id(const char *section, size_t file, char text[CHART_TEXT_BYTES])
{
    snprintf(text, CHART_TEXT_BYTES, "%s-%zu", section, file);
    return text;
}
