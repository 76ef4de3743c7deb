/* The expected values are R's (4.2.2): qt(p, df). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "jobs/student.h"

static void quantiles_are_those_of_r(void **state)
{
    (void)state;
    const struct {
        double probability, freedom, expected;
    } rows[] = {
        {0.9, 1, 3.07768353718},   {0.975, 1, 12.7062047362}, {0.9, 2, 1.88561808316},
        {0.975, 2, 4.30265272975}, {0.9, 6, 1.43975574727},   {0.975, 6, 2.44691185114},
        {0.975, 7, 2.36462425159}, {0.9, 15, 1.34060560785},  {0.975, 15, 2.13144954556},
        {0.9, 30, 1.31041502539},  {0.975, 30, 2.0422724563}, {0.6, 4, 0.270722294708},
        {0.995, 4, 4.60409487135}, {0.9, 2.5, 1.73025092881},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double quantile = student_quantile(rows[i].probability, rows[i].freedom);
        assert_true(fabs(quantile / rows[i].expected - 1) < 1e-10);
        double mirrored = student_quantile(1 - rows[i].probability, rows[i].freedom);
        assert_true(fabs(mirrored / -rows[i].expected - 1) < 1e-9);
    }
}

static void the_middle_is_0_and_many_measurements_make_it_normal(void **state)
{
    (void)state;
    assert_true(fabs(student_quantile(0.5, 3)) < 1e-9);
    assert_true(fabs(student_quantile(0.975, 1e7) - 1.959964) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_r),
        cmocka_unit_test(the_middle_is_0_and_many_measurements_make_it_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
