#include "jobs/bench_require.h"

#include <stdio.h>
#include <string.h>

#define DECIMALS_MAX 9
#define DIGITS_MAX 15 /* exact in a double */
#define MILLION 1e6

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "10000", "10_000", "4.5". */
static bool read_decimal(const char *text, double *value)
{
    uint64_t whole = 0, scale = 1;
    int digits = 0, decimals = -1;
    for (; *text != '\0'; text++) {
        if (*text == '.' && decimals < 0 && digits > 0) {
            decimals = 0;
        } else if (is_digit(*text) && digits < DIGITS_MAX && decimals < DECIMALS_MAX) {
            whole = whole * 10 + (uint64_t)(*text - '0');
            digits++;
            scale *= decimals >= 0 ? 10 : 1;
            decimals += decimals >= 0;
        } else if (*text != '_' || digits == 0 || !is_digit(text[1])) {
            return false;
        }
    }
    *value = (double)whole / (double)scale;
    return digits > 0 && decimals != 0;
}

static bool read_value(const struct bench_metric *metric, const char *text, double *value,
                       char error[VALUE_ERROR_BYTES])
{
    const struct value_rule duration = {.kind = VALUE_DURATION, .most = VALUE_NONE - 1},
                            size = {.kind = VALUE_SIZE}, chance = {.kind = VALUE_CHANCE};
    const struct value_rule *rule = NULL;
    double factor = 1;
    int64_t number;
    if (metric->unit == BENCH_DURATION)
        rule = &duration;
    if (metric->unit == BENCH_BYTES)
        rule = &size;
    if (metric->unit == BENCH_SHARE && strchr(text, '%') != NULL) {
        rule = &chance;
        factor = MILLION;
    }
    if (rule == NULL) {
        snprintf(error, VALUE_ERROR_BYTES, "\"%.40s\" is not a number, as 10000 or 4.5", text);
        return read_decimal(text, value);
    }
    if (!value_parse(rule, text, &number, error))
        return false;
    *value = (double)number / factor;
    return true;
}

/* Its text begins at text[*at]; false: there is none. */
static bool find_relation(const char *text, size_t *at, enum bench_relation *relation,
                          const char **rest)
{
    *at = strcspn(text, "<>");
    if (text[*at] == '\0')
        return false;
    bool has_equal = text[*at + 1] == '=';
    if (text[*at] == '<')
        *relation = has_equal ? BENCH_AT_MOST : BENCH_LESS;
    else
        *relation = has_equal ? BENCH_AT_LEAST : BENCH_MORE;
    *rest = text + *at + 1 + has_equal;
    return true;
}

bool bench_require_parse(const char *text, struct bench_require *require,
                         char error[VALUE_ERROR_BYTES])
{
    char name[BENCH_METRIC_NAME_BYTES], near[BENCH_METRIC_NAME_BYTES];
    const char *rest;
    size_t bytes;
    if (!find_relation(text, &bytes, &require->relation, &rest)) {
        snprintf(error, VALUE_ERROR_BYTES,
                 "\"%.60s\" compares nothing: write NAME<=VALUE, <, >= or >", text);
        return false;
    }
    while (bytes > 0 && text[bytes - 1] == ' ')
        bytes--;
    rest += strspn(rest, " ");
    snprintf(name, sizeof name, "%.*s", (int)(bytes < sizeof name ? bytes : sizeof name - 1), text);
    if (bytes >= sizeof name || !bench_metric_find(name, &require->metric, near)) {
        near[0] = bytes >= sizeof name ? '\0' : near[0];
        snprintf(error, VALUE_ERROR_BYTES, "nothing is measured by the name %s%s%s%s", name,
                 near[0] != '\0' ? "; did you mean " : "", near, near[0] != '\0' ? "?" : "");
        return false;
    }
    return read_value(&require->metric, rest, &require->value, error);
}

enum bench_result bench_require_judge(const struct bench_require *require, const json_t *point,
                                      double *measured)
{
    bool is_met = false;
    if (!bench_metric_of(&require->metric, point, measured))
        return BENCH_UNMEASURED;
    switch (require->relation) {
    case BENCH_LESS:
        is_met = *measured < require->value;
        break;
    case BENCH_AT_MOST:
        is_met = *measured <= require->value;
        break;
    case BENCH_MORE:
        is_met = *measured > require->value;
        break;
    case BENCH_AT_LEAST:
        is_met = *measured >= require->value;
        break;
    }
    return is_met ? BENCH_MET : BENCH_FAILED;
}

const char *bench_relation_text(enum bench_relation relation)
{
    switch (relation) {
    case BENCH_LESS:
        return "<";
    case BENCH_AT_MOST:
        return "<=";
    case BENCH_MORE:
        return ">";
    case BENCH_AT_LEAST:
        return ">=";
    }
    CHECK(!"a relation");
    return "";
}
