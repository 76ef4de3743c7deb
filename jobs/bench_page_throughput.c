/* Throughput over what was swept; over concurrency with its curve. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "jobs/bench_page_parts.h"

#define CURVE_POINTS 64
#define CONFIDENCE 0.95
#define HEADROOM 1.05
#define DESCRIPTION_BYTES 512

struct drawing {
    const struct bench_page *page;
    const struct bench_results *results;
    const struct usl_fit *fit; /* NULL: no curve */
    double xs[BENCH_RESULTS_POINTS_MAX];
    struct chart_point measured[BENCH_RESULTS_POINTS_MAX];
    size_t count;
    struct chart_point curve[CURVE_POINTS];
};

static int by_x(const void *a, const void *b)
{
    const struct chart_point *left = a, *right = b;
    return (left->x > right->x) - (left->x < right->x);
}

static void take_measured(struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->results->point_count; i++) {
        const struct bench_results_point *point = &drawing->results->points[i];
        double x = page_point_x(drawing->results, i);
        if (isfinite(x) && isfinite(point->per_s))
            drawing->measured[drawing->count++] =
                (struct chart_point){x, point->per_s, point->per_s_least, point->per_s_most};
    }
    qsort(drawing->measured, drawing->count, sizeof drawing->measured[0], by_x);
    for (size_t i = 0; i < drawing->count; i++)
        drawing->xs[i] = drawing->measured[i].x;
}

static void take_curve(struct drawing *drawing)
{
    double first = drawing->xs[0], last = drawing->xs[drawing->count - 1];
    for (size_t i = 0; i < CURVE_POINTS; i++) {
        double x = fmax(first * pow(last / first, (double)i / (CURVE_POINTS - 1)), 1);
        struct usl_band band = usl_band_at(drawing->fit, x, CONFIDENCE);
        drawing->curve[i] = (struct chart_point){x, usl_at(drawing->fit, x), band.least, band.most};
    }
}

static double highest(const struct drawing *drawing)
{
    double most = 0;
    for (size_t i = 0; i < drawing->count; i++)
        most = fmax(most, drawing->measured[i].most);
    for (size_t i = 0; drawing->fit != NULL && i < CURVE_POINTS; i++)
        most = fmax(most, fmin(drawing->curve[i].most, HEADROOM * fmax(most, drawing->curve[i].y)));
    return most;
}

static const char *describe(const struct drawing *drawing, char text[DESCRIPTION_BYTES])
{
    char first[CHART_TEXT_BYTES], last[CHART_TEXT_BYTES], best[CHART_TEXT_BYTES],
        most[CHART_TEXT_BYTES];
    enum chart_unit unit = page_swept_unit(drawing->results);
    size_t at = 0;
    for (size_t i = 0; i < drawing->count; i++)
        at = drawing->measured[i].y > drawing->measured[at].y ? i : at;
    snprintf(text, DESCRIPTION_BYTES,
             "%zu measured points from %s to %s; the highest throughput is %s settlements a second "
             "at %s.%s",
             drawing->count, chart_text(drawing->xs[0], unit, first),
             chart_text(drawing->xs[drawing->count - 1], unit, last),
             chart_text(drawing->measured[at].y, CHART_COUNT, most),
             chart_text(drawing->measured[at].x, unit, best),
             drawing->fit != NULL ? " A fitted curve goes through them." : "");
    return text;
}

static void draw(struct html *html, const struct drawing *drawing, size_t file)
{
    char id[CHART_TEXT_BYTES], title[128], description[DESCRIPTION_BYTES], knee[64],
        number[CHART_TEXT_BYTES];
    const char *swept = page_swept_title(drawing->results);
    snprintf(title, sizeof title, "Throughput over %.60s", swept);
    const struct chart_line lines[] = {
        {"measured: median, from least to most", 0, true, drawing->fit == NULL, false,
         drawing->measured, drawing->count},
        {"fitted curve", 1, false, true, false, drawing->curve, CURVE_POINTS},
    };
    bool has_knee = drawing->fit != NULL && drawing->fit->has_knee &&
                    drawing->fit->knee >= drawing->xs[0] &&
                    drawing->fit->knee <= drawing->xs[drawing->count - 1];
    if (has_knee)
        snprintf(knee, sizeof knee, "knee %s",
                 chart_text(round(drawing->fit->knee), CHART_COUNT, number));
    struct chart_lines chart = {
        .words = {page_id("throughput", file, id), title, describe(drawing, description)},
        .x = {swept, page_swept_unit(drawing->results),
              chart_scale_at_values(drawing->xs, drawing->count)},
        .y = {"settlements a second", CHART_COUNT, chart_scale_linear(0, highest(drawing))},
        .lines = lines,
        .line_count = drawing->fit != NULL ? 2 : 1,
        .band = drawing->fit != NULL ? drawing->curve : NULL,
        .band_count = CURVE_POINTS,
        .band_name = "where the curve lies, with 95 % confidence",
        .upright = has_knee ? drawing->fit->knee : NAN,
        .upright_name = knee,
    };
    chart_lines(html, &chart);
}

static void add_table(struct html *html, const struct drawing *drawing)
{
    const char *swept = page_swept_title(drawing->results);
    const char *heads[] = {swept == NULL ? "point" : swept,
                           "median",
                           "least",
                           "most",
                           "repeats",
                           "on the curve",
                           "95 % from",
                           "to"};
    page_table_begin(html, "Throughput: settlements a second", false, heads,
                     drawing->fit != NULL ? 8 : 5);
    for (size_t i = 0; i < drawing->results->point_count; i++) {
        const struct bench_results_point *point = &drawing->results->points[i];
        char name[CHART_TEXT_BYTES];
        page_row_begin(html, page_point_name(drawing->results, i, name));
        page_cell(html, point->per_s, CHART_COUNT);
        page_cell(html, point->per_s_least, CHART_COUNT);
        page_cell(html, point->per_s_most, CHART_COUNT);
        page_cell(html, point->repeat_count > 0 ? (double)point->repeat_count : NAN, CHART_COUNT);
        if (drawing->fit != NULL && point->concurrency >= 1) {
            struct usl_band band = usl_band_at(drawing->fit, point->concurrency, CONFIDENCE);
            page_cell(html, usl_at(drawing->fit, point->concurrency), CHART_COUNT);
            page_cell(html, band.least, CHART_COUNT);
            page_cell(html, band.most, CHART_COUNT);
        } else {
            for (size_t column = 0; drawing->fit != NULL && column < 3; column++)
                page_cell(html, NAN, CHART_COUNT);
        }
        page_row_end(html);
    }
    page_table_end(html);
}

/* ---- the curve in words ---- */

static void say_knee(struct html *html, const struct outlook_basis *basis)
{
    const struct usl_fit *fit = &basis->fit;
    char knee[CHART_TEXT_BYTES], per_s[CHART_TEXT_BYTES], error[CHART_TEXT_BYTES];
    chart_text(round(fit->knee), CHART_COUNT, knee);
    chart_text(fit->knee_per_s, CHART_COUNT, per_s);
    chart_text(fit->knee_error, CHART_COUNT, error);
    if (fit->knee > basis->concurrency_most)
        page_say(html,
                 "The knee, by the curve at %s calls in flight, lies beyond what was measured: "
                 "sweep further before relying on it.",
                 knee);
    else if (fit->knee_error > fit->knee / 2)
        page_say(html,
                 "The knee, by the curve at %s calls in flight, is not known well (standard error "
                 "%s): around it the throughput hardly changes.",
                 knee, error);
    else
        page_say(html,
                 "Throughput rises up to the knee at %s calls in flight (standard error %s), %s "
                 "settlements a second, and falls beyond it.",
                 knee, error, per_s);
}

static void say_form(struct html *html, const struct outlook_basis *basis)
{
    const struct usl_fit *fit = &basis->fit;
    char number[CHART_TEXT_BYTES];
    switch (fit->form) {
    case USL_FULL:
        say_knee(html, basis);
        break;
    case USL_CONTENTION:
        page_say(html,
                 "Throughput flattens out towards %s settlements a second. These measurements show "
                 "no concurrency from which on it falls, so there is no knee: kappa is held at 0 "
                 "(unheld, the best fit has %.3g).",
                 chart_text(fit->lambda / fit->sigma, CHART_COUNT, number), fit->kappa_free);
        break;
    case USL_COHERENCY:
        say_knee(html, basis);
        page_say(html,
                 "At first it grows more than in proportion: sigma is held at 0 (unheld, the best "
                 "fit has %.3g). Few calls in flight leave something idle; trust the curve less "
                 "there.",
                 fit->sigma_free);
        break;
    case USL_LINEAR:
        page_say(html, "Every further call in flight brought as much as the first one: the limit "
                       "is not in sight. Sweep further.");
        break;
    case USL_FALLING:
        page_say(html, "Throughput falls from the lowest concurrency on: something is done one at "
                       "a time, and the rest only stands in its way.");
        break;
    case USL_FLAT:
        page_say(html, "Throughput is the same at every concurrency that was measured: something "
                       "else limits it from the first on.");
        break;
    }
}

static void add_parameter(struct html *html, const char *name, const char *meaning, double value,
                          double error)
{
    char text[96];
    page_row_begin(html, name);
    snprintf(text, sizeof text, "%.4g", value);
    page_cell_text(html, text);
    snprintf(text, sizeof text, "%.2g", error);
    page_cell_text(html, error > 0 ? text : "held");
    page_cell_words(html, meaning);
    page_row_end(html);
}

static void say_fit(struct html *html, const struct bench_page *page)
{
    const struct usl_fit *fit = &page->basis.fit;
    const char *const heads[] = {"parameter", "value", "standard error", "meaning"};
    say_form(html, &page->basis);
    page_say(html,
             "The curve is the Universal Scalability Law, X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), "
             "fitted by least squares to %zu points, repeats one by one. It explains %.1f %% of "
             "the variance; a measurement lies %.0f settlements a second beside it (one standard "
             "deviation, %.0f degrees of freedom).",
             page->basis.used, 100 * fit->explained, fit->residual_error, fit->freedom);
    page_table_begin(html, "The curve's parameters", false, heads, 4);
    add_parameter(html, "λ", "throughput of one call in flight, settlements/s", fit->lambda,
                  fit->lambda_error);
    add_parameter(html, "σ", "contention: the share done one at a time", fit->sigma,
                  fit->sigma_error);
    add_parameter(html, "κ", "coherency: the cost of agreeing with each other", fit->kappa,
                  fit->kappa_error);
    page_table_end(html);
}

static void say_no_fit(struct html *html, enum usl_result result)
{
    switch (result) {
    case USL_TOO_FEW:
        page_say(html, "No curve: it takes at least three concurrencies and four measurements that "
                       "no given rate held back. Sweep over concurrency, with repeats.");
        break;
    case USL_BAD_POINT:
        page_say(html, "No curve: a point has a concurrency below 1.");
        break;
    case USL_NO_FIT:
        page_say(html, "No curve: the least-squares search found none for these points.");
        break;
    case USL_FITTED:
        break;
    }
}

static void add_file(struct html *html, const struct bench_page *page, size_t file)
{
    struct drawing *drawing = calloc(1, sizeof *drawing);
    CHECK(drawing != NULL);
    drawing->page = page;
    drawing->results = &page->results[file];
    page_file_heading(html, page, file);
    bool is_basis = drawing->results == page->basis.results;
    if (drawing->results->swept != NULL)
        take_measured(drawing);
    if (is_basis && page->basis.fitted == USL_FITTED && drawing->count >= 2) {
        drawing->fit = &page->basis.fit;
        take_curve(drawing);
        say_fit(html, page);
    } else if (is_basis) {
        say_no_fit(html, page->basis.fitted);
    }
    if (drawing->count >= 2)
        draw(html, drawing, file);
    if (drawing->count >= 2 && drawing->count < drawing->results->point_count)
        page_say(html, "The axis is logarithmic: points at 0, and those without a throughput, are "
                       "in the table alone.");
    add_table(html, drawing);
    free(drawing);
}

void bench_page_throughput(struct html *html, const struct bench_page *page)
{
    html_element(html, "h2", "Throughput");
    html_raw(html, "\n");
    for (size_t i = 0; i < page->count; i++)
        add_file(html, page, i);
}
