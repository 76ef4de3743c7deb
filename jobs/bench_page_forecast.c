/* How long cohorts of other sizes take, by the bank's rate limit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs/bench_page_parts.h"
#include "jobs/report.h"

#define CURVE_POINTS 25
#define COHORT_LEAST 1000.0
#define COHORT_MOST 1e6
#define ROWS_MAX 12

static const uint64_t cohorts[] = {1000,  2000,   5000,   10000,  20000,
                                   50000, 100000, 200000, 500000, 1000000};

static void ask(const struct bench_page *page, uint64_t accounts, uint32_t rate,
                struct outlook *outlook)
{
    const struct outlook_question question = {accounts, rate};
    outlook_make(&page->basis, &question, outlook);
}

static const char *rate_name(uint32_t rate, char text[CHART_TEXT_BYTES])
{
    char number[MONEY_TEXT_BYTES];
    if (rate == 0)
        snprintf(text, CHART_TEXT_BYTES, "unlimited");
    else
        snprintf(text, CHART_TEXT_BYTES, "%.24s/s", report_count(rate, number));
    return text;
}

struct forecasts {
    struct chart_point points[BENCH_PAGE_RATES_MAX][CURVE_POINTS];
    char names[BENCH_PAGE_RATES_MAX][CHART_TEXT_BYTES];
    struct chart_line lines[BENCH_PAGE_RATES_MAX];
    double least, most;
};

static void take(const struct bench_page *page, struct forecasts *forecasts)
{
    double first = fmin(COHORT_LEAST, (double)page->question.accounts);
    double last = fmax(COHORT_MOST, (double)page->question.accounts);
    forecasts->least = INFINITY;
    for (size_t rate = 0; rate < page->rate_count; rate++) {
        for (size_t i = 0; i < CURVE_POINTS; i++) {
            struct outlook outlook;
            double accounts = first * pow(last / first, (double)i / (CURVE_POINTS - 1));
            ask(page, (uint64_t)llround(accounts), page->rates[rate], &outlook);
            double duration = outlook.duration_ns > 0 ? (double)outlook.duration_ns : NAN;
            forecasts->points[rate][i] = (struct chart_point){.x = accounts, .y = duration};
            forecasts->least = fmin(forecasts->least, duration);
            forecasts->most = fmax(forecasts->most, duration);
        }
        forecasts->lines[rate] = (struct chart_line){
            .name = rate_name(page->rates[rate], forecasts->names[rate]),
            .style = (unsigned)rate,
            .has_line = true,
            .points = forecasts->points[rate],
            .count = CURVE_POINTS,
        };
    }
}

static void draw(struct html *html, const struct bench_page *page)
{
    struct forecasts *forecasts = calloc(1, sizeof *forecasts);
    char description[256], least[OUTLOOK_TEXT_BYTES], most[OUTLOOK_TEXT_BYTES], mine[64],
        number[CHART_TEXT_BYTES];
    CHECK(forecasts != NULL);
    take(page, forecasts);
    if (forecasts->most > 0) {
        snprintf(description, sizeof description,
                 "%zu lines, one for each rate limit of the bank, on logarithmic axes: from %s to "
                 "%s. A higher limit is quicker until something else limits it.",
                 page->rate_count, outlook_span((uint64_t)forecasts->least, least),
                 outlook_span((uint64_t)forecasts->most, most));
        snprintf(mine, sizeof mine, "%s accounts",
                 chart_text((double)page->question.accounts, CHART_COUNT, number));
        const struct chart_point *line = forecasts->points[0];
        struct chart_lines chart = {
            .words = {"forecast", "Time to finish over accounts, by rate limit", description},
            .x = {"accounts, logarithmic", CHART_COUNT,
                  chart_scale_log(line[0].x, line[CURVE_POINTS - 1].x, CHART_COUNT)},
            .y = {"time to finish, logarithmic", CHART_DURATION,
                  chart_scale_log(forecasts->least, forecasts->most, CHART_DURATION)},
            .lines = forecasts->lines,
            .line_count = page->rate_count,
            .upright = (double)page->question.accounts,
            .upright_name = mine,
            .is_upright_name_on_top = true,
            .label_ends = true,
        };
        chart_lines(html, &chart);
    }
    free(forecasts);
}

static void add_row(struct html *html, const struct bench_page *page, uint64_t accounts)
{
    char text[OUTLOOK_TEXT_BYTES], late[OUTLOOK_TEXT_BYTES], number[MONEY_TEXT_BYTES];
    page_row_begin(html, report_count(accounts, number));
    for (size_t i = 0; i < page->rate_count; i++) {
        struct outlook outlook;
        ask(page, accounts, page->rates[i], &outlook);
        if (outlook.limit_count == 0) {
            page_cell(html, NAN, CHART_COUNT);
            continue;
        }
        html_raw(html, "<td>");
        html_text(html, page->start_minute < 0
                            ? outlook_span(outlook.duration_ns, text)
                            : outlook_clock(page->start_minute, outlook.duration_ns, text));
        if (outlook.late_ns > 0) {
            html_raw(html, "<br><span class=\"note\">p90 ");
            html_text(html, page->start_minute < 0
                                ? outlook_span(outlook.late_ns, late)
                                : outlook_clock(page->start_minute, outlook.late_ns, late));
            html_raw(html, "</span>");
        }
        html_raw(html, "</td>");
    }
    page_row_end(html);
}

static void add_table(struct html *html, const struct bench_page *page)
{
    const char *heads[1 + BENCH_PAGE_RATES_MAX] = {"accounts"};
    char names[BENCH_PAGE_RATES_MAX][CHART_TEXT_BYTES];
    for (size_t i = 0; i < page->rate_count; i++)
        heads[1 + i] = rate_name(page->rates[i], names[i]);
    page_table_begin(html,
                     page->start_minute < 0 ? "Time to finish, by the bank's calls a second"
                                            : "Finished at, by the bank's calls a second",
                     true, heads, 1 + page->rate_count);
    bool is_told = false;
    for (size_t i = 0; i < sizeof cohorts / sizeof cohorts[0]; i++) {
        if (!is_told && page->question.accounts < cohorts[i])
            add_row(html, page, page->question.accounts);
        is_told = is_told || page->question.accounts <= cohorts[i];
        add_row(html, page, cohorts[i]);
    }
    if (!is_told)
        add_row(html, page, page->question.accounts);
    page_table_end(html);
}

void bench_page_forecast(struct html *html, const struct bench_page *page)
{
    char number[CHART_TEXT_BYTES];
    html_element(html, "h2", "Forecast by cohort size");
    page_say(html,
             "The narrowest of the limits above, for cohorts of other sizes: each account takes %s "
             "calls at the bank's rate, or its share of what the machine carries.",
             chart_text(page->basis.calls, CHART_COUNT, number));
    draw(html, page);
    add_table(html, page);
}
