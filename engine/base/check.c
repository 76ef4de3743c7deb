#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

// uncovered: it aborts before anything is counted
void check_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "daybook: internal error: %s:%d: CHECK(%s) failed\n", file, line, condition);
    abort(); // uncovered: the same
}
