#include "jobs/usl.h"

#include <math.h>
#include <string.h>

#include "jobs/student.h"

#define STEPS_MAX 500
#define DAMPING_FIRST 1e-3
#define DAMPING_MOST 1e12
#define NEGLIGIBLE 1e-9  /* of the divisor: a term's part that is rounding */
#define TIE 1e-18        /* of the sum of squares of all: as good a fit */
#define GAIN_LEAST 1e-15 /* of the sum of squares, relative: no step is worth less */

enum { A, B, C };

/* How the free parameters of a form make a, b and c. */
struct form_row {
    enum usl_form form;
    size_t count;
    double weights[USL_PARAMETERS][USL_PARAMETERS]; /* [free][a, b, c] */
};

static const struct form_row full = {USL_FULL, 3, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
/* Those at the borders, the one with fewest parameters last. */
static const struct form_row borders[] = {
    {USL_CONTENTION, 2, {{1, 0, 0}, {0, 1, 0}}},
    {USL_COHERENCY, 2, {{1, 0, 0}, {0, 0, 1}}},
    {USL_FALLING, 2, {{1, 1, 0}, {0, 0, 1}}},
    {USL_LINEAR, 1, {{1, 0, 0}}},
    {USL_FLAT, 1, {{1, 1, 0}}},
};

struct search {
    const struct form_row *row;
    const struct usl_point *points;
    size_t count;
    double free[USL_PARAMETERS];
    double squares; /* sum of the squared residuals */
};

typedef double matrix[USL_PARAMETERS][USL_PARAMETERS];

/* ---- the law ---- */

/* What a, b and c are multiplied by. */
static void terms_at(double concurrency, double terms[USL_PARAMETERS])
{
    terms[A] = 1;
    terms[B] = concurrency - 1;
    terms[C] = concurrency * (concurrency - 1);
}

static void free_terms_at(const struct form_row *row, double concurrency,
                          double terms[USL_PARAMETERS])
{
    double all[USL_PARAMETERS];
    terms_at(concurrency, all);
    for (size_t i = 0; i < row->count; i++)
        terms[i] =
            row->weights[i][A] * all[A] + row->weights[i][B] * all[B] + row->weights[i][C] * all[C];
}

static double product(const double *left, const double *right, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += left[i] * right[i];
    return sum;
}

/* Infinite where the parameters make no throughput. */
static double squares_of(const struct search *search, const double *free)
{
    double sum = 0, terms[USL_PARAMETERS];
    for (size_t i = 0; i < search->count; i++) {
        const struct usl_point *point = &search->points[i];
        free_terms_at(search->row, point->concurrency, terms);
        double divisor = product(free, terms, search->row->count);
        if (!(divisor > 0))
            return INFINITY;
        double residual = point->per_s - point->concurrency / divisor;
        sum += residual * residual;
    }
    return sum;
}

/* ---- small symmetric systems ---- */

/* Left becomes its Cholesky factor. False: it is not positive definite. */
static bool factor(matrix left, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = left[i][j] - product(left[i], left[j], j);
            if (i != j)
                left[i][j] = sum / left[j][j];
            else if (sum > 1e-14 * left[i][i])
                left[i][i] = sqrt(sum);
            else
                return false;
        }
    }
    return true;
}

static void solve_factored(matrix left, size_t count, double *right)
{
    for (size_t i = 0; i < count; i++)
        right[i] = (right[i] - product(left[i], right, i)) / left[i][i];
    for (size_t i = count; i-- > 0;) {
        for (size_t j = i + 1; j < count; j++)
            right[i] -= left[j][i] * right[j];
        right[i] /= left[i][i];
    }
}

/* Columns are brought to one size first: the terms of a, b and c lie far apart. */
static bool solve(matrix given, double damping, size_t count, double *right)
{
    double sizes[USL_PARAMETERS];
    matrix left;
    for (size_t i = 0; i < count; i++) {
        if (!(given[i][i] > 0))
            return false;
        sizes[i] = sqrt(given[i][i]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            left[i][j] = given[i][j] / (sizes[i] * sizes[j]) + (i == j ? damping : 0);
        right[i] /= sizes[i];
    }
    if (!factor(left, count))
        return false;
    solve_factored(left, count, right);
    for (size_t i = 0; i < count; i++)
        right[i] /= sizes[i];
    return true;
}

/* ---- the search ---- */

/* Normal equations of the linearized problem at `free`. */
static void linearize(const struct search *search, const double *free, matrix left, double *right)
{
    size_t count = search->row->count;
    memset(left, 0, sizeof(matrix));
    memset(right, 0, sizeof(double) * USL_PARAMETERS);
    for (size_t i = 0; i < search->count; i++) {
        const struct usl_point *point = &search->points[i];
        double terms[USL_PARAMETERS];
        free_terms_at(search->row, point->concurrency, terms);
        double divisor = product(free, terms, count);
        double curve = point->concurrency / divisor;
        for (size_t j = 0; j < count; j++)
            terms[j] *= -curve / divisor; // now the slope of the curve by each parameter
        for (size_t j = 0; j < count; j++) {
            right[j] += terms[j] * (point->per_s - curve);
            for (size_t k = 0; k < count; k++)
                left[j][k] += terms[j] * terms[k];
        }
    }
}

/* Every free parameter takes an equal share of the divisor, averaged over the points. */
static void start_equal(struct search *search)
{
    size_t count = search->row->count, used = 0;
    memset(search->free, 0, sizeof search->free);
    for (size_t i = 0; i < search->count; i++) {
        const struct usl_point *point = &search->points[i];
        double terms[USL_PARAMETERS];
        if (point->per_s <= 0 || point->concurrency <= 1)
            continue;
        free_terms_at(search->row, point->concurrency, terms);
        for (size_t j = 0; j < count; j++)
            search->free[j] += point->concurrency / point->per_s / terms[j] / (double)count;
        used++;
    }
    for (size_t j = 0; j < count && used > 0; j++)
        search->free[j] /= (double)used;
}

/* N / X is linear in the parameters: weighted so that errors count as they do in X. */
static bool start_linear(struct search *search)
{
    size_t count = search->row->count;
    matrix left = {{0}};
    double right[USL_PARAMETERS] = {0};
    for (size_t i = 0; i < search->count; i++) {
        const struct usl_point *point = &search->points[i];
        if (point->per_s <= 0)
            continue;
        double terms[USL_PARAMETERS], inverse = point->concurrency / point->per_s;
        double weight = point->per_s / inverse;
        free_terms_at(search->row, point->concurrency, terms);
        for (size_t j = 0; j < count; j++) {
            right[j] += weight * weight * terms[j] * inverse;
            for (size_t k = 0; k < count; k++)
                left[j][k] += weight * weight * terms[j] * terms[k];
        }
    }
    if (!solve(left, 0, count, right))
        return false;
    memcpy(search->free, right, sizeof right);
    return true;
}

/* Levenberg and Marquardt. False: no minimum was found. */
static bool descend(struct search *search)
{
    double damping = DAMPING_FIRST;
    search->squares = squares_of(search, search->free);
    for (int step = 0; step < STEPS_MAX && isfinite(search->squares); step++) {
        matrix left;
        double right[USL_PARAMETERS], next[USL_PARAMETERS] = {0};
        linearize(search, search->free, left, right);
        if (!solve(left, damping, search->row->count, right))
            return false;
        for (size_t j = 0; j < search->row->count; j++)
            next[j] = search->free[j] + right[j];
        double squares = squares_of(search, next);
        if (squares <= search->squares) {
            double gain = search->squares - squares;
            memcpy(search->free, next, sizeof next);
            search->squares = squares;
            if (gain <= GAIN_LEAST * squares)
                return true;
            damping /= 10;
        } else {
            damping *= 10;
            if (damping > DAMPING_MOST) // rounding alone stands in the way
                return true;
        }
    }
    return false;
}

static bool search_form(struct search *search, const struct form_row *row)
{
    search->row = row;
    if (!start_linear(search) || !isfinite(squares_of(search, search->free)))
        start_equal(search);
    return descend(search);
}

static void parameters_of(const struct search *search, double parameters[USL_PARAMETERS])
{
    memset(parameters, 0, sizeof(double) * USL_PARAMETERS);
    for (size_t i = 0; i < search->row->count; i++)
        for (size_t j = 0; j < USL_PARAMETERS; j++)
            parameters[j] += search->row->weights[i][j] * search->free[i];
}

static bool is_within(const double parameters[USL_PARAMETERS])
{
    return parameters[A] > 0 && parameters[B] >= 0 && parameters[B] <= parameters[A] &&
           parameters[C] >= 0;
}

/* … and not at a border but for rounding. */
static bool is_well_within(const struct search *search, const double parameters[USL_PARAMETERS])
{
    double most = 1, terms[USL_PARAMETERS];
    for (size_t i = 0; i < search->count; i++)
        most = fmax(most, search->points[i].concurrency);
    terms_at(most, terms);
    double least = NEGLIGIBLE * product(parameters, terms, USL_PARAMETERS);
    return is_within(parameters) && parameters[B] * terms[B] > least &&
           parameters[C] * terms[C] > least && (parameters[A] - parameters[B]) * terms[B] > least;
}

static enum usl_result check_points(const struct usl_point *points, size_t count)
{
    double seen[USL_PARAMETERS], most = 0;
    size_t seen_count = 0;
    for (size_t i = 0; i < count; i++) {
        double concurrency = points[i].concurrency;
        if (!isfinite(concurrency) || !isfinite(points[i].per_s) || concurrency < 1 ||
            points[i].per_s < 0)
            return USL_BAD_POINT;
        most = points[i].per_s > most ? points[i].per_s : most;
        size_t at = 0;
        while (at < seen_count && seen[at] != concurrency)
            at++;
        if (at == seen_count && seen_count < USL_PARAMETERS)
            seen[seen_count++] = concurrency;
    }
    if (seen_count < USL_PARAMETERS || count <= USL_PARAMETERS)
        return USL_TOO_FEW;
    return most > 0 ? USL_FITTED : USL_NO_FIT;
}

/* ---- what follows from it ---- */

static double variance_of(const struct usl_fit *fit, const double terms[USL_PARAMETERS])
{
    double sum = 0;
    for (size_t i = 0; i < USL_PARAMETERS; i++)
        sum += terms[i] * product(fit->covariance[i], terms, USL_PARAMETERS);
    return sum > 0 ? sum : 0;
}

/* Of a, b and c, from that of the free parameters. */
static bool spread_out(const struct search *search, struct usl_fit *fit)
{
    size_t count = search->row->count;
    matrix left, free_covariance;
    double right[USL_PARAMETERS];
    linearize(search, search->free, left, right);
    for (size_t i = 0; i < count; i++) {
        double column[USL_PARAMETERS] = {0};
        column[i] = 1;
        if (!solve(left, 0, count, column))
            return false;
        for (size_t j = 0; j < count; j++)
            free_covariance[j][i] = column[j] * fit->residual_error * fit->residual_error;
    }
    for (size_t i = 0; i < USL_PARAMETERS; i++)
        for (size_t j = 0; j < USL_PARAMETERS; j++)
            for (size_t k = 0; k < count; k++)
                for (size_t l = 0; l < count; l++)
                    fit->covariance[i][j] += search->row->weights[k][i] * free_covariance[k][l] *
                                             search->row->weights[l][j];
    return true;
}

static void conclude_knee(struct usl_fit *fit)
{
    double a = fit->parameters[A], b = fit->parameters[B], c = fit->parameters[C];
    fit->has_knee = c > 0;
    if (!fit->has_knee)
        return;
    fit->knee = sqrt((a - b) / c);
    if (fit->knee < 1) { // one alone carries the most
        fit->knee = 1;
    } else {
        double slope = 1 / (2 * fit->knee * c);
        const double terms[] = {slope, -slope, -fit->knee / (2 * c)};
        fit->knee_error = sqrt(variance_of(fit, terms));
    }
    fit->knee_per_s = usl_at(fit, fit->knee);
}

static void conclude_law(struct usl_fit *fit)
{
    double a = fit->parameters[A], b = fit->parameters[B], c = fit->parameters[C];
    fit->lambda = 1 / a;
    fit->sigma = b / a;
    fit->kappa = c / a;
    const double by_lambda[] = {-1 / (a * a), 0, 0}, by_sigma[] = {-b / (a * a), 1 / a, 0},
                 by_kappa[] = {-c / (a * a), 0, 1 / a};
    bool is_sigma_free = fit->form == USL_FULL || fit->form == USL_CONTENTION;
    fit->lambda_error = sqrt(variance_of(fit, by_lambda));
    fit->sigma_error = is_sigma_free ? sqrt(variance_of(fit, by_sigma)) : 0;
    fit->kappa_error = c > 0 ? sqrt(variance_of(fit, by_kappa)) : 0;
}

static double share_explained(const struct search *search)
{
    double mean = 0, total = 0;
    for (size_t i = 0; i < search->count; i++)
        mean += search->points[i].per_s / (double)search->count;
    for (size_t i = 0; i < search->count; i++)
        total += (search->points[i].per_s - mean) * (search->points[i].per_s - mean);
    double share = total > 0 ? 1 - search->squares / total : 1;
    return share > 0 ? share : 0;
}

static enum usl_result conclude(const struct search *search, struct usl_fit *fit)
{
    fit->form = search->row->form;
    fit->freedom = (double)(search->count - search->row->count);
    fit->residual_error = sqrt(search->squares / fit->freedom);
    fit->explained = share_explained(search);
    parameters_of(search, fit->parameters);
    if (!spread_out(search, fit))
        return USL_NO_FIT;
    conclude_law(fit);
    conclude_knee(fit);
    return USL_FITTED;
}

enum usl_result usl_fit(const struct usl_point *points, size_t count, struct usl_fit *fit)
{
    enum usl_result result = check_points(points, count);
    if (result != USL_FITTED)
        return result;
    *fit = (struct usl_fit){.sigma_free = NAN, .kappa_free = NAN};
    struct search best = {.points = points, .count = count};
    double parameters[USL_PARAMETERS];
    if (search_form(&best, &full)) {
        parameters_of(&best, parameters);
        fit->sigma_free = parameters[B] / parameters[A];
        fit->kappa_free = parameters[C] / parameters[A];
        if (is_well_within(&best, parameters))
            return conclude(&best, fit);
    }
    double tie = 0;
    for (size_t i = 0; i < count; i++)
        tie += TIE * points[i].per_s * points[i].per_s;
    best.squares = INFINITY;
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
        struct search search = {.points = points, .count = count};
        if (!search_form(&search, &borders[i]))
            continue;
        parameters_of(&search, parameters);
        if (is_within(parameters) && search.squares <= best.squares + tie)
            best = search;
    }
    return isfinite(best.squares) ? conclude(&best, fit) : USL_NO_FIT;
}

double usl_at(const struct usl_fit *fit, double concurrency)
{
    double terms[USL_PARAMETERS];
    CHECK(concurrency >= 1);
    terms_at(concurrency, terms);
    return concurrency / product(fit->parameters, terms, USL_PARAMETERS);
}

double usl_gain_at(const struct usl_fit *fit, double concurrency)
{
    double terms[USL_PARAMETERS];
    CHECK(concurrency >= 1);
    terms_at(concurrency, terms);
    double slope = fit->parameters[B] + fit->parameters[C] * (2 * concurrency - 1);
    return 1 - concurrency * slope / product(fit->parameters, terms, USL_PARAMETERS);
}

double usl_error_at(const struct usl_fit *fit, double concurrency)
{
    double terms[USL_PARAMETERS], curve = usl_at(fit, concurrency);
    terms_at(concurrency, terms);
    return sqrt(variance_of(fit, terms)) * curve * curve / concurrency;
}

struct usl_band usl_band_at(const struct usl_fit *fit, double concurrency, double confidence)
{
    double curve = usl_at(fit, concurrency);
    double width =
        student_quantile((1 + confidence) / 2, fit->freedom) * usl_error_at(fit, concurrency);
    return (struct usl_band){.least = width < curve ? curve - width : 0, .most = curve + width};
}

double usl_reached_at(const struct usl_fit *fit, double concurrency, double probability)
{
    double error = usl_error_at(fit, concurrency);
    double width = student_quantile(probability, fit->freedom) *
                   sqrt(error * error + fit->residual_error * fit->residual_error);
    double curve = usl_at(fit, concurrency);
    return width < curve ? curve - width : 0;
}
