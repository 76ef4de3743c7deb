/* The query of a list: created_at.on_or_after, created_at.before, limit, cursor; percent-decoded.
 */
#include <string.h>

#include "base/time.h"
#include "mock/request.h"

#define VALUE_BYTES 41

struct pair {
    struct span name;
    char value[VALUE_BYTES];
};

/* 16: not a digit. */
static unsigned hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static bool decode(struct span span, char out[VALUE_BYTES])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < span.count; i++, count++) {
        if (count + 1 == VALUE_BYTES)
            return false;
        out[count] = span.bytes[i];
        if (span.bytes[i] != '%')
            continue;
        if (span.count - i < 3 || hex_of(span.bytes[i + 1]) > 15 || hex_of(span.bytes[i + 2]) > 15)
            return false;
        out[count] = (char)(hex_of(span.bytes[i + 1]) << 4 | hex_of(span.bytes[i + 2]));
        i += 2;
    }
    out[count] = 0;
    return true;
}

/* The pair that the query begins with; what is left of the query. */
static bool take_pair(struct span *query, struct pair *pair)
{
    const char *end = memchr(query->bytes, '&', query->count);
    uint32_t whole = end == NULL ? query->count : (uint32_t)(end - query->bytes);
    const char *equals = memchr(query->bytes, '=', whole);
    if (equals == NULL)
        return false;
    pair->name = (struct span){query->bytes, (uint32_t)(equals - query->bytes)};
    uint32_t used = end == NULL ? whole : whole + 1;
    struct span value = {equals + 1, whole - pair->name.count - 1};
    *query = (struct span){query->bytes + used, query->count - used};
    return decode(value, pair->value);
}

/* All `count` digits at `text`. */
static bool read_digits(const char *text, uint32_t count, uint32_t *number)
{
    *number = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *number = *number * 10 + (uint32_t)(text[i] - '0');
    }
    return count > 0;
}

/* Days from 1970-01-01, of the Gregorian calendar. */
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    year -= month <= 2;
    uint32_t of_era = year % 400;
    uint32_t of_year = (153 * (month + (month > 2 ? UINT32_MAX - 2 : 9)) + 2) / 5 + day - 1;
    return (uint64_t)year / 400 * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

/* "2026-03-25T00:00:00Z". */
static bool read_instant(const char *text, uint64_t *at_ns)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    uint32_t year, month, day, hour, minute, second;
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] != '0' && text[i] != form[i])
            return false;
    if (!read_digits(text, 4, &year) || !read_digits(text + 5, 2, &month) ||
        !read_digits(text + 8, 2, &day) || !read_digits(text + 11, 2, &hour) ||
        !read_digits(text + 14, 2, &minute) || !read_digits(text + 17, 2, &second))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    uint64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *at_ns = seconds * NS_PER_S;
    return seconds <= UINT64_MAX / NS_PER_S;
}

static bool is_name(struct span name, const char *text)
{
    return name.count == strlen(text) && memcmp(name.bytes, text, name.count) == 0;
}

static const char *take(struct request_list *list, const struct pair *pair)
{
    size_t bytes = strlen(pair->value);
    if (is_name(pair->name, "created_at.on_or_after"))
        return read_instant(pair->value, &list->since_ns) ? NULL : "on_or_after is not an instant";
    if (is_name(pair->name, "created_at.before"))
        return read_instant(pair->value, &list->until_ns) ? NULL : "before is not an instant";
    if (is_name(pair->name, "limit"))
        return bytes <= 4 && read_digits(pair->value, (uint32_t)bytes, &list->limit) &&
                       list->limit > 0
                   ? NULL
                   : "limit is not a number";
    if (is_name(pair->name, "cursor"))
        return bytes > 1 && bytes <= 9 && pair->value[0] == 'p' &&
                       read_digits(pair->value + 1, (uint32_t)bytes - 1, &list->from)
                   ? NULL
                   : "cursor is not one of ours";
    return "the query has a parameter that is not known";
}

const char *request_list_read(struct request_list *list, struct span query)
{
    *list = (struct request_list){.until_ns = UINT64_MAX, .limit = REQUEST_LIST_MOST};
    while (query.count > 0) {
        struct pair pair;
        if (!take_pair(&query, &pair))
            return "the query is broken";
        const char *wrong = take(list, &pair);
        if (wrong != NULL)
            return wrong;
    }
    if (list->limit > REQUEST_LIST_MOST)
        list->limit = REQUEST_LIST_MOST;
    return NULL;
}
