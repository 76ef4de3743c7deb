/*
 * usl: the Universal Scalability Law, fitted to measured throughput.
 *
 *     X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
 *
 * X is the throughput at concurrency N, lambda that of one alone, sigma the share that is done one
 * at a time (contention), kappa the cost of agreeing with each other (coherency).
 *
 * The fit is by least squares in X over all measurements alike, repeats one by one. It is done in
 * X = N / (a + b (N - 1) + c N (N - 1)), which is the same law with a = 1 / lambda, b = sigma /
 * lambda, c = kappa / lambda, and stays well-conditioned where a sweep does not show how fast one
 * alone is. Within 0 <= sigma <= 1 and kappa >= 0: where the best fit lies outside, the best one at
 * the border is taken, and `form` says so; what is held there has no error of its own.
 *
 * Bands come from the covariance of the fit by the delta method, with Student's t.
 *
 * Ownership  plain values. Purity: reads nothing, allocates nothing.
 * Errors     an enum; the fit is filled in with USL_FITTED only.
 */
#ifndef DAYBOOK_JOBS_USL_H
#define DAYBOOK_JOBS_USL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

#define USL_PARAMETERS 3

struct usl_point {
    double concurrency; /* at least 1 */
    double per_s;       /* at least 0 */
};

enum usl_result {
    USL_FITTED,
    USL_TOO_FEW,   /* fewer than three concurrencies, or fewer than four measurements */
    USL_BAD_POINT, /* a concurrency below 1, a negative throughput, or what is no number */
    USL_NO_FIT,    /* nothing was carried, or the search found no minimum */
};

enum usl_form {
    USL_FULL,
    USL_CONTENTION, /* kappa = 0: it flattens out towards lambda / sigma */
    USL_COHERENCY,  /* sigma = 0 */
    USL_LINEAR,     /* sigma = kappa = 0: every one more carries as much again */
    USL_FALLING,    /* sigma = 1: one alone carries the most */
    USL_FLAT,       /* sigma = 1, kappa = 0: the same at any concurrency */
};

struct usl_fit {
    enum usl_form form;
    double lambda, sigma, kappa;
    double lambda_error, sigma_error, kappa_error; /* standard errors; 0: held at its border */
    double sigma_free, kappa_free;                 /* the best fit's without borders */
    double residual_error; /* standard deviation of a measurement around the curve */
    double freedom;        /* degrees of freedom: measurements less free parameters */
    double explained;      /* share of the variance that the curve explains (R squared) */
    bool has_knee;         /* the concurrency with the highest throughput, if there is one */
    double knee, knee_error, knee_per_s;
    /* a, b, c and their covariance */
    double parameters[USL_PARAMETERS], covariance[USL_PARAMETERS][USL_PARAMETERS];
};

struct usl_band {
    double least, most;
};

MUST_USE enum usl_result usl_fit(const struct usl_point *points, size_t count, struct usl_fit *fit);

/* Throughput on the curve. */
double usl_at(const struct usl_fit *fit, double concurrency);
/* How many percent of throughput one percent of concurrency more brings there: 1 as much again, 0
   nothing, below 0 a loss. */
double usl_gain_at(const struct usl_fit *fit, double concurrency);
/* Standard error of the curve there. */
double usl_error_at(const struct usl_fit *fit, double concurrency);
/* Where the curve lies with this confidence (0.95); not below 0. */
struct usl_band usl_band_at(const struct usl_fit *fit, double concurrency, double confidence);
/* What one more measurement there reaches with this probability (0.9); not below 0. */
double usl_reached_at(const struct usl_fit *fit, double concurrency, double probability);

#endif
