#include "jobs/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "base/time.h"

#define FORMAT_BYTES 32 /* room for any formatted value */

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"ns", 1},
    {"us", (int64_t)NS_PER_US},
    {"ms", (int64_t)NS_PER_MS},
    {"s", (int64_t)NS_PER_S},
    {"min", 60 * (int64_t)NS_PER_S},
    {"h", 3600 * (int64_t)NS_PER_S},
    {"d", 86400 * (int64_t)NS_PER_S},
};

static const struct unit size_units[] = {
    {"", 1},
    {"KiB", 1 << 10},
    {"MiB", 1 << 20},
    {"GiB", 1 << 30},
};

static bool refuse(char error[VALUE_ERROR_BYTES], const char *text, const char *wanted)
{
    char shown[64];
    text_clean(shown, sizeof shown, text, strlen(text));
    snprintf(error, VALUE_ERROR_BYTES, "\"%s\" is not %s", shown, wanted);
    return false;
}

/* Digits, with single underscores between them allowed; *end is what follows. */
static bool take_digits(const char *text, int64_t *number, const char **end)
{
    int64_t sum = 0;
    const char *at = text;
    for (; (*at >= '0' && *at <= '9') || (*at == '_' && at > text && at[1] >= '0' && at[1] <= '9');
         at++) {
        if (*at == '_')
            continue;
        if (sum > (INT64_MAX - 9) / 10)
            return false;
        sum = sum * 10 + (*at - '0');
    }
    *number = sum;
    *end = at;
    return at > text;
}

static bool take_unit(const char *text, const struct unit *units, size_t unit_count, int64_t *value)
{
    const char *end;
    int64_t number;
    if (!take_digits(text, &number, &end))
        return false;
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(end, units[i].name) == 0)
            return !__builtin_mul_overflow(number, units[i].factor, value) && *value != INT64_MAX;
    }
    return false;
}

static bool take_duration(const char *text, int64_t *value)
{
    if (strcmp(text, "never") == 0) {
        *value = VALUE_NONE;
        return true;
    }
    if (strcmp(text, "0") == 0) {
        *value = 0;
        return true;
    }
    return take_unit(text, duration_units, sizeof duration_units / sizeof duration_units[0], value);
}

static bool take_bool(const char *text, int64_t *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = (int64_t)(i & 1);
            return true;
        }
    }
    return false;
}

static bool take_choice(const char *choices, const char *text, int64_t *value)
{
    size_t text_bytes = strlen(text);
    int64_t index = 0;
    for (const char *at = choices; *at != '\0'; index++) {
        size_t choice_bytes = strcspn(at, "|");
        if (choice_bytes == text_bytes && memcmp(at, text, text_bytes) == 0) {
            *value = index;
            return true;
        }
        at += choice_bytes + (at[choice_bytes] == '|' ? 1 : 0);
    }
    return false;
}

/* Percent with up to four digits after the point, or whole parts per million. */
static bool take_chance(const char *text, int64_t *value)
{
    const char *end;
    int64_t whole;
    if (!take_digits(text, &whole, &end) || whole > 1000000)
        return false;
    if (strcmp(end, "ppm") == 0 || (*end == '\0' && whole == 0)) {
        *value = whole;
        return true;
    }
    int64_t parts = whole * 10000;
    if (*end == '.') {
        int64_t weight = 1000;
        for (end++; *end >= '0' && *end <= '9' && weight > 0; end++, weight /= 10)
            parts += (*end - '0') * weight;
    }
    *value = parts;
    return strcmp(end, "%") == 0;
}

static bool two_digits(const char *text, int *number)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *number = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

static bool take_clock(const char *text, int64_t *value)
{
    int hours, minutes;
    if (strlen(text) != 5 || text[2] != ':' || !two_digits(text, &hours) ||
        !two_digits(text + 3, &minutes) || hours > 23 || minutes > 59)
        return false;
    *value = hours * 60 + minutes;
    return true;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, days_from_civil). */
static int64_t days_from_civil(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

static bool take_day(const char *text, int64_t *value)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int century, year, month, day;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !two_digits(text, &century) ||
        !two_digits(text + 2, &year) || !two_digits(text + 5, &month) ||
        !two_digits(text + 8, &day))
        return false;
    year += century * 100;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && leap ? 1 : 0))
        return false;
    *value = days_from_civil(year, month, day);
    return true;
}

static bool take_date(const char *words, const char *text, int64_t *value)
{
    if (words == NULL || !take_choice(words, text, value))
        return take_day(text, value);
    *value = -1 - *value;
    return true;
}

/* [:SS] and Z or +HH:MM, in seconds; the rest of an instant behind date and clock. */
static bool take_seconds_and_offset(const char *at, int64_t *seconds)
{
    int second = 0;
    int64_t offset_minutes = 0;
    if (*at == ':') {
        if (!two_digits(at + 1, &second) || second > 59)
            return false;
        at += 3;
    }
    if (*at == '+' || *at == '-') {
        if (!take_clock(at + 1, &offset_minutes))
            return false;
        offset_minutes = *at == '-' ? -offset_minutes : offset_minutes;
    } else if (strcmp(at, "Z") != 0) {
        return false;
    }
    *seconds = second - offset_minutes * 60;
    return true;
}

static bool take_instant(const char *text, int64_t *value)
{
    char date[11], clock[6];
    int64_t days, minutes, seconds;
    if (strlen(text) < 17 || (text[10] != 'T' && text[10] != ' '))
        return false;
    memcpy(date, text, 10);
    date[10] = '\0';
    memcpy(clock, text + 11, 5);
    clock[5] = '\0';
    if (!take_day(date, &days) || !take_clock(clock, &minutes) ||
        !take_seconds_and_offset(text + 16, &seconds))
        return false;
    *value = ((days * 1440 + minutes) * 60 + seconds) * 1000000;
    return true;
}

static bool take(const struct value_rule *rule, const char *text, int64_t *value)
{
    const char *end;
    switch (rule->kind) {
    case VALUE_FLAG:
        *value = 1;
        return true;
    case VALUE_TEXT:
        *value = 0;
        return text[0] != '\0' && text_is_clean(text, strlen(text));
    case VALUE_INTEGER:
        return take_digits(text, value, &end) && *end == '\0';
    case VALUE_DURATION:
        return take_duration(text, value);
    case VALUE_SIZE:
        return take_unit(text, size_units, sizeof size_units / sizeof size_units[0], value);
    case VALUE_BOOL:
        return take_bool(text, value);
    case VALUE_CHOICE:
        return take_choice(rule->choices, text, value);
    case VALUE_MONEY:
        return money_parse(text, strlen(text), value);
    case VALUE_CHANCE:
        return take_chance(text, value) && *value <= 1000000;
    case VALUE_DATE:
        return take_date(rule->choices, text, value);
    case VALUE_CLOCK:
        return take_clock(text, value);
    case VALUE_INSTANT:
        return take_instant(text, value);
    }
    CHECK(false);
    return false;
}

static bool is_out_of_bounds(const struct value_rule *rule, int64_t value)
{
    if (rule->kind == VALUE_DURATION && value == VALUE_NONE)
        return rule->most != VALUE_NONE && rule->most != 0;
    if (rule->least == 0 && rule->most == 0)
        return false;
    return value < rule->least || value > rule->most;
}

static void show_choices(const char *choices, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "one of ");
    for (; *choices != '\0' && used + 3 < capacity; choices++) {
        if (*choices == '|') {
            out[used++] = ',';
            out[used++] = ' ';
        } else {
            out[used++] = *choices;
        }
    }
    out[used] = '\0';
}

static const char *kind_text(enum value_kind kind)
{
    switch (kind) {
    case VALUE_FLAG:
        return "flag";
    case VALUE_TEXT:
        return "text without control characters";
    case VALUE_INTEGER:
        return "whole number";
    case VALUE_DURATION:
        return "duration such as 20ms, 10s, 15min or 2h";
    case VALUE_SIZE:
        return "size such as 4096, 64KiB or 2MiB";
    case VALUE_BOOL:
        return "yes or no";
    case VALUE_CHOICE:
        return "choice";
    case VALUE_MONEY:
        return "amount in minor units, digits only";
    case VALUE_CHANCE:
        return "chance such as 0.5% or 25ppm";
    case VALUE_DATE:
        return "date such as 2026-03-25";
    case VALUE_CLOCK:
        return "time of day such as 18:30";
    case VALUE_INSTANT:
        return "time with its zone such as 2026-03-25T09:00+09:00";
    }
    CHECK(false);
    return "";
}

/* As a person would write it: "15min". Returns `out`. */
static const char *format_value(const struct value_rule *rule, int64_t value,
                                char out[FORMAT_BYTES])
{
    const struct unit *units = NULL;
    size_t count = 0;
    if (rule->kind == VALUE_DURATION) {
        units = duration_units;
        count = sizeof duration_units / sizeof duration_units[0];
    } else if (rule->kind == VALUE_SIZE) {
        units = size_units;
        count = sizeof size_units / sizeof size_units[0];
    }
    if (rule->kind == VALUE_DURATION && value == VALUE_NONE) {
        snprintf(out, FORMAT_BYTES, "never");
        return out;
    }
    const char *unit = "";
    if (value != 0) {
        for (size_t i = count; i-- > 0;) {
            if (value % units[i].factor == 0) {
                value /= units[i].factor;
                unit = units[i].name;
                break;
            }
        }
    }
    snprintf(out, FORMAT_BYTES, "%lld%s", (long long)value, unit);
    return out;
}

bool value_parse(const struct value_rule *rule, const char *text, int64_t *value,
                 char error[VALUE_ERROR_BYTES])
{
    if (!take(rule, text, value)) {
        char wanted[160];
        if (rule->kind == VALUE_CHOICE)
            show_choices(rule->choices, wanted, sizeof wanted);
        else if (rule->choices != NULL)
            snprintf(wanted, sizeof wanted, "a %s, nor %s", kind_text(rule->kind), rule->choices);
        else
            snprintf(wanted, sizeof wanted, "a %s", kind_text(rule->kind));
        return refuse(error, text, wanted);
    }
    if (is_out_of_bounds(rule, *value)) {
        char least[FORMAT_BYTES], most[FORMAT_BYTES], wanted[160];
        snprintf(wanted, sizeof wanted, "within %s to %s", format_value(rule, rule->least, least),
                 format_value(rule, rule->most, most));
        return refuse(error, text, wanted);
    }
    return true;
}

/* Levenshtein distance of short words; longer ones are far. */
static size_t distance(const char *a, const char *b)
{
    enum { WORD_MAX = 48 };
    size_t row[WORD_MAX + 1];
    size_t a_bytes = strlen(a), b_bytes = strlen(b);
    if (a_bytes > WORD_MAX || b_bytes > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_bytes; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_bytes];
}

const char *value_nearest(const char *word, const char *(*name_at)(size_t index, void *context),
                          size_t count, void *context)
{
    const char *nearest = NULL;
    size_t least = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        const char *name = name_at(i, context);
        size_t far = name == NULL ? SIZE_MAX : distance(word, name);
        if (far < least) {
            least = far;
            nearest = name;
        }
    }
    return nearest;
}
