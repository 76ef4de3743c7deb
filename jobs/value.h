/*
 * value: how people write values, in options, in the environment and in the configuration file.
 *
 * One parser for all three, so that `20ms` means the same everywhere. Every kind ends as an int64
 * (VALUE_TEXT as its text). A plain function of its arguments; reads nothing.
 */
#ifndef DAYBOOK_JOBS_VALUE_H
#define DAYBOOK_JOBS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define VALUE_ERROR_BYTES 256
#define VALUE_NONE INT64_MAX /* a duration written `never` */

enum value_kind {
    VALUE_FLAG,     /* an option without argument: 1 when given */
    VALUE_TEXT,     /* any text, not empty, without control bytes */
    VALUE_INTEGER,  /* 16384 or 16_384 */
    VALUE_DURATION, /* 20ms, 10s, 15min, 2h, 500us, never; in ns */
    VALUE_SIZE,     /* 4096, 64KiB, 2MiB, 1GiB; in bytes */
    VALUE_BOOL,     /* true, false, yes, no, on, off */
    VALUE_CHOICE,   /* one of the choices; the index among them */
    VALUE_MONEY,    /* minor units, digits only */
    VALUE_CHANCE,   /* 0, 0.5%, 12%, 25ppm; in parts per million */
    VALUE_DATE,     /* 2026-03-25; in days since 1970-01-01; or one of the choices: -1, -2 … */
    VALUE_CLOCK,    /* 18:30; in minutes since midnight */
    VALUE_INSTANT,  /* 2026-03-25T09:00[:30]+09:00 or …Z; in us since 1970 */
};

/* What a value must be. Limits are in the unit of the kind. */
struct value_rule {
    enum value_kind kind;
    int64_t least;
    int64_t most;        /* 0 with least 0: no limits but the kind's */
    const char *choices; /* VALUE_CHOICE: "all|sample|off"; VALUE_DATE: words it may be instead */
};

/* False: `error` says what is wrong, without naming the option or key. */
MUST_USE bool value_parse(const struct value_rule *rule, const char *text, int64_t *value,
                          char error[VALUE_ERROR_BYTES]);

/* The nearest of `count` names to `word`, or NULL where none is near: for "did you mean". */
const char *value_nearest(const char *word, const char *(*name_at)(size_t index, void *context),
                          size_t count, void *context);

#endif
