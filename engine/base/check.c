#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "daybook: internal error: %s:%d: CHECK(%s) failed\n", file, line, condition);
    abort();
}
