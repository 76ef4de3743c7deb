/*
 * The reference figures are R's (4.2.2), rounded to what its search is exact to:
 *
 *     full <- nls(X ~ lambda*N/(1+sigma*(N-1)+kappa*N*(N-1)), start=list(lambda=..., ...),
 *                 control=nls.control(maxiter=500, tol=1e-7, minFactor=1e-12))
 *     coef(summary(full))[, 1:2]; summary(full)$sigma; df.residual(full)
 *     # the standard error of the curve at N, with g its gradient by the parameters (numericDeriv):
 *     sqrt(g %*% vcov(full) %*% t(g))
 *     # the knee k = sqrt((1-sigma)/kappa), with g = (0, -k/2/(1-sigma), -k/2/kappa):
 *     sqrt(t(g) %*% vcov(full) %*% g)
 *
 * At the borders the same with the formulas X ~ lambda*N/(1+sigma*(N-1)) (contention),
 * X ~ lambda*N/(1+kappa*N*(N-1)) (coherency), X ~ lambda*N (linear), X ~ lambda/(1+kappa*(N-1))
 * (falling), and lm(X ~ 1) (flat). The data are the law's own values, with errors by rnorm after
 * set.seed(7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/usl.h"

#define POINTS_MAX 32
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%.12g instead of %.12g", value, expected);
}

static enum usl_result fit_of(const double *concurrency, const double *per_s, size_t count,
                              struct usl_fit *fit)
{
    struct usl_point points[POINTS_MAX];
    assert_true(count <= POINTS_MAX);
    for (size_t i = 0; i < count; i++)
        points[i] = (struct usl_point){concurrency[i], per_s[i]};
    return usl_fit(points, count, fit);
}

static const double doubling[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
static const double thrice[] = {4,  4,  4,  8,  8,  8,  16,  16,  16,
                                32, 32, 32, 64, 64, 64, 128, 128, 128};

/* ---- R's figures ---- */

static void a_calm_sweep_is_fitted_as_by_r(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {255.7, 484.2, 935.8, 1738.6, 2991.8, 4609.2, 6052.8, 6187.6, 5075.8};
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_FULL);
    assert_near(fit.lambda, 245.806424, 1e-7);
    assert_near(fit.lambda_error, 2.268922, 1e-6);
    assert_near(fit.sigma, 0.01925371, 1e-6);
    assert_near(fit.sigma_error, 0.000460013, 1e-6);
    assert_near(fit.kappa, 9.967813e-05, 1e-6);
    assert_near(fit.kappa_error, 1.264331e-06, 1e-6);
    assert_near(fit.residual_error, 23.0752629, 1e-8);
    assert_true(fit.freedom == 6);
    assert_near(usl_at(&fit, 48), 5539.82418, 1e-7);
    assert_near(usl_error_at(&fit, 48), 15.223345, 1e-6);
    assert_near(usl_error_at(&fit, 200), 17.662141, 1e-6);
    assert_true(fit.has_knee);
    assert_near(fit.knee, 99.192398, 1e-7);
    assert_near(fit.knee_error, 0.6199664, 1e-6);
    assert_near(fit.knee_per_s, 6314.27907, 1e-8);
    // qt(0.975, 6) = 2.44691185114, qt(0.9, 6) = 1.43975574727
    struct usl_band band = usl_band_at(&fit, 48, 0.95);
    assert_near(band.least, 5539.82418 - 2.44691185 * 15.223345, 1e-7);
    assert_near(band.most, 5539.82418 + 2.44691185 * 15.223345, 1e-7);
    assert_near(usl_reached_at(&fit, 48, 0.9),
                5539.82418 - 1.43975575 * sqrt(15.223345 * 15.223345 + 23.0752629 * 23.0752629),
                1e-7);
}

static void noisy_repeats_with_a_peak_are_fitted_as_by_r(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {585.6,  649,    679.1,  1316.8, 1091.7, 1140.3, 1644.1, 1818.3, 1816.3,
                            2935.0, 2738.6, 2611.7, 3071.7, 2736.2, 2807.9, 2465.8, 2784.5, 2550.6};
    assert_int_equal(fit_of(thrice, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_FULL);
    assert_near(fit.lambda, 171.262495, 1e-7);
    assert_near(fit.lambda_error, 13.7367847, 1e-6);
    assert_near(fit.sigma, 0.0267282742, 1e-6);
    assert_near(fit.sigma_error, 0.00630829143, 1e-6);
    assert_near(fit.kappa, 2.54098928e-4, 1e-6);
    assert_near(fit.kappa_error, 3.08604498e-5, 1e-6);
    assert_near(fit.residual_error, 150.592803, 1e-8);
    assert_near(usl_error_at(&fit, 1), 13.7367847, 1e-6);
    assert_near(usl_error_at(&fit, 10), 56.49851, 1e-6);
    assert_near(fit.knee, 61.8893094, 1e-6);
    assert_near(fit.knee_error, 3.652058, 1e-5);
    assert_near(fit.knee_per_s, 2956.564141, 1e-8);
}

static void a_negative_coherency_is_held_at_0_and_told(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {770.2,  636,  808.8,  1289.7, 1051.9, 1242.9, 1592.8, 1346.4, 1452.5,
                            1985.3, 2222, 2186.6, 2528.7, 2696.7, 1943.1, 2865,   2540.3, 2709.7};
    assert_int_equal(fit_of(thrice, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_near(fit.sigma_free, 0.08130346, 1e-6);
    assert_near(fit.kappa_free, -5.17320258e-5, 1e-5);
    assert_int_equal(fit.form, USL_CONTENTION);
    assert_near(fit.lambda, 207.8109671, 1e-7);
    assert_near(fit.lambda_error, 20.7873612, 1e-6);
    assert_near(fit.sigma, 0.07082605214, 1e-6);
    assert_near(fit.sigma_error, 0.00929452562, 1e-6);
    assert_true(fit.kappa == 0 && fit.kappa_error == 0 && !fit.has_knee);
    assert_near(fit.residual_error, 192.324617, 1e-8);
    assert_true(fit.freedom == 16);
    assert_near(usl_error_at(&fit, 200), 95.9576083, 1e-6);
}

static void amdahls_law_is_found_where_it_holds(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {302.9, 528.4, 929, 1416.5, 1885.4, 2345, 2638.5, 2833.4, 2939};
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_CONTENTION);
    assert_near(fit.kappa_free, -5.723110e-6, 1e-5);
    assert_near(fit.lambda, 293.49560535, 1e-7);
    assert_near(fit.sigma, 0.09673987523, 1e-7);
    assert_near(fit.sigma_error, 0.0014108470678, 1e-6);
    assert_near(fit.residual_error, 16.7808858, 1e-8);
    assert_near(usl_error_at(&fit, 10), 8.9514247, 1e-6);
}

static void better_than_linear_is_held_at_no_contention(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {100.1, 201.7, 405.8, 824, 1684.9, 3430.1, 6476.4};
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_COHERENCY);
    assert_near(fit.sigma_free, -3.874401e-3, 1e-5);
    assert_near(fit.kappa_free, 5.911174e-5, 1e-5);
    assert_true(fit.sigma == 0 && fit.sigma_error == 0);
    assert_near(fit.lambda, 107.65376358, 1e-7);
    assert_near(fit.lambda_error, 1.04595275, 1e-6);
    assert_near(fit.kappa, 1.5649438e-5, 1e-6);
    assert_near(fit.kappa_error, 2.96844124e-6, 1e-6);
    assert_near(fit.knee, sqrt(1 / 1.5649438e-5), 1e-6);
}

static void better_than_linear_without_an_end_is_linear(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {99.6, 199.9, 401.1, 806.5, 1644.8, 3435.7, 7659.7};
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_LINEAR);
    assert_near(fit.lambda, 116.285625343, 1e-8);
    assert_near(fit.lambda_error, 2.44623647, 1e-7);
    assert_near(fit.residual_error, 180.773399, 1e-8);
    assert_near(usl_error_at(&fit, 200), 489.247294, 1e-7);
    assert_true(!fit.has_knee && fit.sigma == 0 && fit.kappa == 0);
}

static void throughput_that_falls_has_its_knee_at_one(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {996.9, 986.7, 967.9, 917.9, 874.7, 775.8, 609.5};
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_FALLING);
    assert_near(fit.sigma_free, 1.00400039, 1e-6);
    assert_true(fit.sigma == 1 && fit.sigma_error == 0);
    assert_near(fit.lambda, 995.062933875, 1e-7);
    assert_near(fit.lambda_error, 4.95702016, 1e-6);
    assert_near(fit.kappa, 9.7111185e-3, 1e-6);
    assert_near(fit.kappa_error, 3.53394862e-4, 1e-6);
    assert_near(fit.residual_error, 9.1355011, 1e-8);
    assert_true(fit.has_knee && fit.knee == 1 && fit.knee_error == 0);
    assert_near(fit.knee_per_s, 995.062933875, 1e-7);
}

/* R finds 0.99933 (0.028) for sigma and 0.00056 (0.00046) for kappa: nearly flat. */
static void nearly_flat_throughput_has_a_knee_that_is_not_known(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {998.8, 1048.5, 1006.9, 1000.1, 1000.6, 992.1, 984.1};
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_FULL);
    assert_near(fit.lambda, 1013.4585627, 1e-6);
    assert_near(fit.sigma, 0.999328545, 1e-5);
    assert_near(fit.kappa, 5.59549e-4, 1e-4);
    assert_near(fit.residual_error, 20.34511811, 1e-8);
    assert_near(usl_error_at(&fit, 200), 65.97709, 1e-4);
    assert_near(fit.knee, 1.09544, 1e-3);
    assert_true(fit.knee_error > 10 * fit.knee);
}

/* A sweep that begins far from 1: R finds 95.428458 (3.92), 8.0746e-3, -4.8e-10 (4.6e-8). */
static void a_sweep_that_begins_far_from_1_is_fitted(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double concurrency[] = {16, 16, 64, 64, 256, 256, 1024, 1024, 4096, 4096};
    const double per_s[] = {1381.2, 1317.1,  4008.9,  3936.7,  8169,
                            8023.1, 10543.3, 10434.9, 11220.2, 11754.2};
    assert_int_equal(fit_of(concurrency, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_int_equal(fit.form, USL_CONTENTION);
    assert_near(fit.kappa_free, -4.834e-10, 1e-2);
    assert_near(fit.lambda, 95.428, 1e-3);
    assert_near(fit.sigma, 8.0746e-3, 1e-3);
}

/* ---- the law itself ---- */

static void the_law_is_found_again_in_its_own_values(void **state)
{
    (void)state;
    const struct {
        double lambda, sigma, kappa;
        enum usl_form form;
    } rows[] = {
        {250, 0.02, 1e-4, USL_FULL},  {0.5, 0.3, 0.02, USL_FULL},   {1e6, 1e-4, 1e-9, USL_FULL},
        {80, 0.1, 0, USL_CONTENTION}, {80, 0, 1e-3, USL_COHERENCY}, {33, 0, 0, USL_LINEAR},
        {700, 1, 0.01, USL_FALLING},  {1234.5, 1, 0, USL_FLAT},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        double per_s[COUNT(doubling)];
        for (size_t i = 0; i < COUNT(doubling); i++)
            per_s[i] = rows[row].lambda * doubling[i] /
                       (1 + rows[row].sigma * (doubling[i] - 1) +
                        rows[row].kappa * doubling[i] * (doubling[i] - 1));
        struct usl_fit fit;
        assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
        assert_int_equal(fit.form, rows[row].form);
        assert_near(fit.lambda, rows[row].lambda, 1e-6);
        assert_near(fit.sigma, rows[row].sigma, 1e-5);
        assert_near(fit.kappa, rows[row].kappa, 1e-5);
        assert_near(fit.explained, 1, 1e-9);
        for (size_t i = 0; i < COUNT(doubling); i++)
            assert_near(usl_at(&fit, doubling[i]), per_s[i], 1e-7);
    }
}

static void the_gain_is_all_at_first_and_nothing_at_the_knee(void **state)
{
    (void)state;
    struct usl_fit fit;
    double per_s[COUNT(doubling)];
    for (size_t i = 0; i < COUNT(doubling); i++)
        per_s[i] = 100 * doubling[i] /
                   (1 + 0.02 * (doubling[i] - 1) + 1e-4 * doubling[i] * (doubling[i] - 1));
    assert_int_equal(fit_of(doubling, per_s, COUNT(per_s), &fit), USL_FITTED);
    assert_true(fabs(usl_gain_at(&fit, fit.knee)) < 1e-6);
    assert_true(usl_gain_at(&fit, 1) > 0.97 && usl_gain_at(&fit, 4 * fit.knee) < 0);
    double more = usl_at(&fit, 20 * 1.0001) / usl_at(&fit, 20);
    assert_near(usl_gain_at(&fit, 20), log(more) / log(1.0001), 1e-3);
}

static void a_point_that_carried_nothing_counts(void **state)
{
    (void)state;
    struct usl_fit fit, without;
    const double concurrency[] = {1, 2, 4, 8, 16}, per_s[] = {90, 170, 310, 520, 0};
    assert_int_equal(fit_of(concurrency, per_s, 5, &fit), USL_FITTED);
    assert_int_equal(fit_of(concurrency, per_s, 4, &without), USL_FITTED);
    assert_true(usl_at(&fit, 16) < usl_at(&without, 16));
    assert_true(fit.residual_error > without.residual_error);
}

static void the_band_never_goes_below_0_and_widens_away_from_the_data(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double per_s[] = {585.6,  649,    679.1,  1316.8, 1091.7, 1140.3, 1644.1, 1818.3, 1816.3,
                            2935.0, 2738.6, 2611.7, 3071.7, 2736.2, 2807.9, 2465.8, 2784.5, 2550.6};
    assert_int_equal(fit_of(thrice, per_s, COUNT(per_s), &fit), USL_FITTED);
    for (double n = 1; n < 1e6; n *= 1.7) {
        struct usl_band band = usl_band_at(&fit, n, 0.95), wider = usl_band_at(&fit, n, 0.999);
        assert_true(band.least >= 0 && band.least <= usl_at(&fit, n) &&
                    usl_at(&fit, n) <= band.most);
        assert_true(wider.least <= band.least && band.most <= wider.most);
        assert_true(usl_reached_at(&fit, n, 0.9) <= usl_at(&fit, n));
    }
    assert_true(usl_error_at(&fit, 512) / usl_at(&fit, 512) >
                usl_error_at(&fit, 32) / usl_at(&fit, 32));
}

/* ---- what cannot be fitted ---- */

static void too_few_or_bad_points_are_refused(void **state)
{
    (void)state;
    struct usl_fit fit;
    const double twos[] = {1, 1, 1, 2, 2, 2}, zeros[4] = {0}, good[] = {1, 2, 3, 4, 5, 6};
    const double below[] = {0.5, 1, 2, 3}, negative[] = {1, 2, -1, 4}, nan[] = {1, 2, NAN, 4};
    assert_int_equal(fit_of(NULL, NULL, 0, &fit), USL_TOO_FEW);
    assert_int_equal(fit_of(doubling, good, 3, &fit), USL_TOO_FEW);
    assert_int_equal(fit_of(twos, good, 6, &fit), USL_TOO_FEW);
    assert_int_equal(fit_of(doubling, zeros, 4, &fit), USL_NO_FIT);
    assert_int_equal(fit_of(below, good, 4, &fit), USL_BAD_POINT);
    assert_int_equal(fit_of(doubling, negative, 4, &fit), USL_BAD_POINT);
    assert_int_equal(fit_of(doubling, nan, 4, &fit), USL_BAD_POINT);
    assert_int_equal(fit_of(nan, good, 4, &fit), USL_BAD_POINT);
}

/* Whatever was measured, what is said about it are numbers within their borders. */
static void any_data_give_numbers(void **state)
{
    (void)state;
    uint64_t drawn = 88172645463325252U;
    for (int trial = 0; trial < 3000; trial++) {
        double concurrency[8], per_s[8];
        for (size_t i = 0; i < 8; i++) {
            drawn ^= drawn << 13, drawn ^= drawn >> 7, drawn ^= drawn << 17;
            concurrency[i] = 1 + (double)(drawn % 5000);
            per_s[i] = (double)(drawn >> 20 & 0xffff) * (trial % 3 == 0 ? 1e-3 : 1);
        }
        struct usl_fit fit;
        enum usl_result result = fit_of(concurrency, per_s, 8, &fit);
        if (result != USL_FITTED)
            fail_msg("trial %d: result %d", trial, result);
        assert_true(fit.lambda > 0 && isfinite(fit.lambda) && isfinite(fit.lambda_error));
        assert_true(fit.sigma >= 0 && fit.sigma <= 1 + 1e-12 && isfinite(fit.sigma_error));
        assert_true(fit.kappa >= 0 && isfinite(fit.kappa) && isfinite(fit.kappa_error));
        assert_true(!fit.has_knee || (fit.knee >= 1 && isfinite(fit.knee_error)));
        assert_true(isfinite(usl_band_at(&fit, 100, 0.95).most));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_sweep_is_fitted_as_by_r),
        cmocka_unit_test(noisy_repeats_with_a_peak_are_fitted_as_by_r),
        cmocka_unit_test(a_negative_coherency_is_held_at_0_and_told),
        cmocka_unit_test(amdahls_law_is_found_where_it_holds),
        cmocka_unit_test(better_than_linear_is_held_at_no_contention),
        cmocka_unit_test(better_than_linear_without_an_end_is_linear),
        cmocka_unit_test(throughput_that_falls_has_its_knee_at_one),
        cmocka_unit_test(nearly_flat_throughput_has_a_knee_that_is_not_known),
        cmocka_unit_test(a_sweep_that_begins_far_from_1_is_fitted),
        cmocka_unit_test(the_law_is_found_again_in_its_own_values),
        cmocka_unit_test(the_gain_is_all_at_first_and_nothing_at_the_knee),
        cmocka_unit_test(a_point_that_carried_nothing_counts),
        cmocka_unit_test(the_band_never_goes_below_0_and_widens_away_from_the_data),
        cmocka_unit_test(too_few_or_bad_points_are_refused),
        cmocka_unit_test(any_data_give_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
