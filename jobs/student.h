/*
 * student: quantiles of Student's t distribution, for confidence bands of few measurements.
 *
 * Plain functions; a relative error below 1e-9 for the degrees of freedom that measurements have.
 */
#ifndef DAYBOOK_JOBS_STUDENT_H
#define DAYBOOK_JOBS_STUDENT_H

/* The t below which `probability` (0 < p < 1) of the distribution lies; freedom > 0. */
double student_quantile(double probability, double freedom);

#endif
