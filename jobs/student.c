#include "jobs/student.h"

#include <float.h>
#include <math.h>

#include "base/check.h"

#define TERMS_MAX 500
#define HALVINGS_MAX 200

/* The continued fraction of the incomplete beta function, by Lentz's method. */
static double fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
    double product = d;
    for (int term = 1; term <= TERMS_MAX; term++) {
        double m = term, change = 1;
        const double factors[2] = {
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        };
        for (int i = 0; i < 2; i++) {
            d = 1 + factors[i] * d;
            c = 1 + factors[i] / c;
            d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
            c = fabs(c) < DBL_MIN ? DBL_MIN : c;
            change = d * c;
            product *= change;
        }
        if (fabs(change - 1) < 4 * DBL_EPSILON)
            break;
    }
    return product;
}

/* The regularized incomplete beta function, of x and 1 - x, each as exact as it is known. */
static double beta_share(double a, double b, double x, double rest)
{
    if (x <= 0 || rest <= 0)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a
                                     : 1 - front * fraction(b, a, rest) / b;
}

/* P(T > t), t >= 0 */
static double above(double t, double freedom)
{
    double sum = freedom + t * t;
    return beta_share(freedom / 2, 0.5, freedom / sum, t * t / sum) / 2;
}

double student_quantile(double probability, double freedom)
{
    CHECK(probability > 0 && probability < 1 && freedom > 0);
    double tail = probability < 0.5 ? probability : 1 - probability, low = 0, high = 1;
    while (above(high, freedom) > tail && high < DBL_MAX / 4)
        high *= 2;
    for (int i = 0; i < HALVINGS_MAX && high - low > DBL_EPSILON * high; i++) {
        double middle = low + (high - low) / 2;
        if (above(middle, freedom) > tail)
            low = middle;
        else
            high = middle;
    }
    return probability < 0.5 ? -high : high;
}
