/* The page's first section: does the payday fit, what limits it, and how sure that is. */
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "jobs/bench_page_parts.h"
#include "jobs/report.h"

#define DAY_MINUTES (24 * 60)
#define MINUTE_NS (60 * NS_PER_S)

static void add_fact(struct html *html, const char *name, const char *value)
{
    html_raw(html, "<li>");
    html_element(html, "span", name);
    html_raw(html, " ");
    html_element(html, "strong", value);
    html_raw(html, "</li>\n");
}

static void add_facts(struct html *html, const struct bench_page *page)
{
    char text[CHART_TEXT_BYTES + 24], number[CHART_TEXT_BYTES];
    html_raw(html, "<ul class=\"facts\">\n");
    add_fact(html, "accounts", chart_text((double)page->question.accounts, CHART_COUNT, number));
    if (page->start_minute >= 0) {
        snprintf(text, sizeof text, "%02d:%02d", (int)(page->start_minute / 60),
                 (int)(page->start_minute % 60));
        add_fact(html, "start", text);
    }
    if (page->question.rate_per_s > 0)
        snprintf(text, sizeof text, "%s calls/s",
                 chart_text(page->question.rate_per_s, CHART_COUNT, number));
    else
        snprintf(text, sizeof text, "no limit");
    add_fact(html, "bank rate", text);
    snprintf(text, sizeof text, "%s",
             isfinite(page->basis.concurrency)
                 ? chart_text(page->basis.concurrency, CHART_COUNT, number)
                 : "not told");
    add_fact(html, "calls in flight", text);
    add_fact(html, "time of a bank call",
             page->basis.call_ns > 0 ? chart_text(page->basis.call_ns, CHART_DURATION, number)
                                     : "not measured");
    html_raw(html, "</ul>\n");
}

/* The deadline is the first of that time after the start. */
static void say_deadline(struct html *html, const struct bench_page *page,
                         const struct outlook *outlook)
{
    if (page->deadline_minute < 0 || page->start_minute < 0 || outlook->limit_count == 0)
        return;
    int64_t minutes = page->deadline_minute - page->start_minute;
    minutes += minutes <= 0 ? DAY_MINUTES : 0;
    uint64_t within_ns = (uint64_t)minutes * MINUTE_NS;
    char span[OUTLOOK_TEXT_BYTES], text[2 * OUTLOOK_TEXT_BYTES];
    bool is_sure = outlook->late_ns > 0 && outlook->late_ns <= within_ns;
    if (outlook->duration_ns > within_ns)
        snprintf(text, sizeof text, "Does not fit: it ends %s after the deadline, %02d:%02d.",
                 outlook_span(outlook->duration_ns - within_ns, span),
                 (int)(page->deadline_minute / 60), (int)(page->deadline_minute % 60));
    else if (is_sure)
        snprintf(text, sizeof text, "Fits: p90 is %s before the deadline, %02d:%02d.",
                 outlook_span(within_ns - outlook->late_ns, span),
                 (int)(page->deadline_minute / 60), (int)(page->deadline_minute % 60));
    else
        snprintf(text, sizeof text,
                 "Not sure to fit: expected %s before the deadline, %02d:%02d, but p90 is %s.",
                 outlook_span(within_ns - outlook->duration_ns, span),
                 (int)(page->deadline_minute / 60), (int)(page->deadline_minute % 60),
                 outlook->late_ns > 0 ? "after it" : "not known");
    html_element(html, is_sure ? "p class=\"fits\"" : "p class=\"late\"", text);
    html_raw(html, "\n");
}

static const char *source_of(const struct outlook_basis *basis, const struct outlook_limit *limit)
{
    if (limit->cause == basis->carried_by && limit->per_s == basis->carried_per_s)
        return basis->fitted == USL_FITTED ? "measured: the fitted curve" : "measured: the median";
    switch (limit->cause) {
    case OUTLOOK_BANK_RATE:
        return "as asked for";
    case OUTLOOK_DATABASE:
        return "computed: one session a lane, at its CPU time";
    case OUTLOOK_CPU:
        return "computed: all cores, at the CPU time of all programs";
    case OUTLOOK_CONCURRENCY:
        return "computed: calls in flight by the time of a call";
    case OUTLOOK_PATH:
        return "computed: one look at each account, and one settlement";
    case OUTLOOK_MACHINE:
        break;
    }
    return "measured";
}

static void add_limits(struct html *html, const struct bench_page *page,
                       const struct outlook *outlook)
{
    const char *const heads[] = {"limit", "settlements/s", "if it alone limited", "p90", "from"};
    page_table_begin(html, "What could limit it, the narrowest first", true, heads, 5);
    for (size_t i = 0; i < outlook->limit_count; i++) {
        const struct outlook_limit *limit = &outlook->limits[i];
        char text[OUTLOOK_TEXT_BYTES];
        page_row_begin(html, outlook_limit_name(limit, text));
        page_cell(html, limit->per_s > 0 ? limit->per_s : NAN, CHART_COUNT);
        page_cell_text(html, outlook_span(limit->duration_ns, text));
        page_cell_text(html, limit->late_ns > 0 ? outlook_span(limit->late_ns, text) : "not known");
        page_cell_words(html, source_of(&page->basis, limit));
        page_row_end(html);
    }
    page_table_end(html);
}

static void say_spread(struct html *html, const struct outlook_basis *basis)
{
    if (!isfinite(basis->spread)) {
        page_say(html, "p90 is not known: it needs a spread. Measure with --repeats 3 or more, or "
                       "sweep over concurrency.");
        return;
    }
    page_say(html,
             "p90 is when nine of ten such paydays are finished, if paydays differ from each other "
             "as %s: by %.1f %% (one standard deviation, %.0f degrees of freedom, Student's t).%s",
             basis->is_spread_of_fit ? "the points of the sweep do from the fitted curve"
                                     : "the repeats of a point do",
             100 * basis->spread, basis->spread_freedom,
             basis->fitted == USL_FITTED
                 ? " To that the uncertainty of the fitted curve is added where it is the limit."
                 : "");
}

static void add_assumptions(struct html *html, const struct bench_page *page)
{
    const struct outlook_basis *basis = &page->basis;
    char text[256], number[CHART_TEXT_BYTES];
    html_raw(html, "<ul class=\"list note\">\n");
    html_element(html, "li",
                 "All deposits are there at the start; no call fails; the bank does "
                 "not slow down.");
    snprintf(text, sizeof text, "A settlement makes %s calls to the bank, as in the benchmark.",
             chart_text(basis->calls, CHART_COUNT, number));
    html_element(html, "li", text);
    if (basis->held > 0) {
        snprintf(text, sizeof text,
                 "%zu of %zu points were left out: they show only the rate that they were given, "
                 "of the bank or of arriving deposits, not what this machine can do.",
                 basis->held, basis->results->point_count);
        html_element(html, "li", text);
    }
    if (basis->is_beyond)
        html_element(html, "li",
                     "The calls in flight lie outside of what was measured; the curve "
                     "is a guess there.");
    if (basis->nearest != NULL && !(basis->nearest->lanes >= 1) && basis->database_per_s > 0)
        html_element(html, "li", "The results do not tell the number of lanes: one is assumed.");
    if (basis->nearest != NULL && basis->nearest->bank_ns > 0)
        html_element(html, "li",
                     "The bank's own CPU time counts where it ran on this machine, as "
                     "the mock bank does; another machine would free it.");
    html_raw(html, "</ul>\n");
}

void bench_page_verdict(struct html *html, const struct bench_page *page)
{
    struct outlook outlook;
    char sentence[OUTLOOK_SENTENCE_BYTES];
    outlook_make(&page->basis, &page->question, &outlook);
    html_element(html, "p class=\"kicker\"", "daybook bench: report");
    html_element(html, "h1", outlook_sentence(&outlook, page->start_minute, sentence));
    html_raw(html, "\n");
    say_deadline(html, page, &outlook);
    add_facts(html, page);
    if (outlook.limit_count > 0) {
        add_limits(html, page, &outlook);
        say_spread(html, &page->basis);
    }
    add_assumptions(html, page);
}
