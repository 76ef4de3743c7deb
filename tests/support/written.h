/*
 * written: what a function writes to a FILE, as text.
 */
#ifndef DAYBOOK_TESTS_WRITTEN_H
#define DAYBOOK_TESTS_WRITTEN_H

#include <stdio.h>
#include <stdlib.h>

/* To be freed. */
static inline char *written(void (*write)(FILE *out))
{
    FILE *file = tmpfile();
    assert_non_null(file);
    write(file);
    long bytes = ftell(file);
    char *text = calloc(1, (size_t)bytes + 1);
    assert_non_null(text);
    rewind(file);
    assert_int_equal(fread(text, 1, (size_t)bytes, file), bytes);
    fclose(file);
    return text;
}

#endif
