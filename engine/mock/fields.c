#include "mock/fields.h"

#include <string.h>

#include "base/check.h"
#include "base/money.h"
#include "base/text.h"

struct scan {
    const char *at;
    const char *end;
    const char *wrong; /* the first thing that was */
};

static bool fail(struct scan *scan, const char *wrong)
{
    if (scan->wrong == NULL)
        scan->wrong = wrong;
    return false;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

/* Skip space; then is `c` next? It is taken. */
static bool take(struct scan *scan, char c)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool read_hex4(struct scan *scan, uint32_t *code)
{
    if (scan->end - scan->at < 4)
        return fail(scan, "a \\u escape is cut short");
    *code = 0;
    for (int i = 0; i < 4; i++) {
        char c = *scan->at++;
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (uint32_t)((c | 0x20) - 'a') + 10;
        else
            return fail(scan, "a \\u escape is not hexadecimal");
        *code = *code << 4 | digit;
    }
    return true;
}

/* A code point after "\u", of one escape or of a surrogate pair. */
static bool read_code(struct scan *scan, uint32_t *code)
{
    uint32_t low;
    if (!read_hex4(scan, code))
        return false;
    if (*code >= 0xdc00 && *code <= 0xdfff)
        return fail(scan, "a lone surrogate");
    if (*code < 0xd800 || *code > 0xdbff)
        return true;
    if (scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return fail(scan, "a lone surrogate");
    scan->at += 2;
    if (!read_hex4(scan, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return fail(scan, "a lone surrogate");
    *code = 0x10000 + ((*code - 0xd800) << 10 | (low - 0xdc00));
    return true;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[count] | code);
    return count;
}

/* The bytes that an escape stands for; 0: wrong. */
static size_t read_escape(struct scan *scan, char out[4])
{
    if (scan->at == scan->end) {
        (void)fail(scan, "a string without its end");
        return 0;
    }
    char c = *scan->at++;
    uint32_t code;
    if (c == 'u')
        return read_code(scan, &code) ? encode_utf8(code, out) : 0;
    if (c != '"' && c != '\\' && c != '/') {
        // The others (\n …) are JSON, but stand for control bytes, which no field may hold.
        (void)fail(scan, "a control character or an unknown escape in a string");
        return 0;
    }
    out[0] = c;
    return 1;
}

static bool append(struct scan *scan, char *text, size_t capacity, size_t *used, const char *piece,
                   size_t count)
{
    if (*used + count >= capacity)
        return fail(scan, "a string is too long");
    memcpy(text + *used, piece, count);
    *used += count;
    return true;
}

/* Printable ASCII but for quote and backslash. */
static bool is_plain(char c)
{
    return (unsigned char)(c - 0x20) < 0x7f - 0x20 && c != '"' && c != '\\';
}

/* Up to the next quote or backslash; false: there was more than printable ASCII. */
static bool skip_plain(struct scan *scan)
{
    bool is_ascii = true;
    for (;; scan->at++, is_ascii = false) {
        while (scan->at < scan->end && is_plain(*scan->at))
            scan->at++;
        if (scan->at == scan->end || *scan->at == '"' || *scan->at == '\\')
            return is_ascii;
    }
}

static bool read_text(struct scan *scan, char *text, size_t capacity)
{
    size_t used = 0;
    bool is_ascii = true;
    if (!take(scan, '"'))
        return fail(scan, "a string is missing");
    for (;;) {
        const char *run = scan->at;
        is_ascii = skip_plain(scan) && is_ascii;
        if (!append(scan, text, capacity, &used, run, (size_t)(scan->at - run)))
            return false;
        if (scan->at == scan->end)
            return fail(scan, "a string without its end");
        if (*scan->at++ == '"')
            break;
        char piece[4];
        size_t count = read_escape(scan, piece);
        if (count == 0 || !append(scan, text, capacity, &used, piece, count))
            return false;
        is_ascii = false;
    }
    text[used] = 0;
    return is_ascii || text_is_clean(text, used) || fail(scan, "a string is not clean UTF-8");
}

static bool read_integer(struct scan *scan, int64_t *number)
{
    bool is_negative = take(scan, '-');
    const char *digits = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    size_t count = (size_t)(scan->at - digits);
    if (!money_parse(digits, count, number) || (count > 1 && digits[0] == '0'))
        return fail(scan, "a number is not an integer, or too large");
    if (is_negative)
        *number = -*number;
    return true;
}

static bool read_object(struct scan *scan, const struct field *fields, uint32_t field_count);

static bool read_value(struct scan *scan, const struct field *field)
{
    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(scan, field->text, field->text_capacity);
    case FIELD_INTEGER:
        return read_integer(scan, field->number);
    case FIELD_OBJECT:
        return read_object(scan, field->fields, field->field_count);
    }
    return false;
}

static bool read_member(struct scan *scan, const struct field *fields, uint32_t field_count,
                        uint32_t *seen)
{
    char name[32];
    if (!read_text(scan, name, sizeof name))
        return false;
    uint32_t i = 0;
    while (i < field_count && strcmp(fields[i].name, name) != 0)
        i++;
    if (i == field_count)
        return fail(scan, "a field is not known");
    if ((*seen & 1U << i) != 0)
        return fail(scan, "a field is there twice");
    *seen |= 1U << i;
    if (!take(scan, ':'))
        return fail(scan, "a colon is missing");
    return read_value(scan, &fields[i]);
}

static bool read_object(struct scan *scan, const struct field *fields, uint32_t field_count)
{
    CHECK(field_count <= FIELDS_MAX);
    uint32_t seen = 0;
    if (!take(scan, '{'))
        return fail(scan, "an object is missing");
    if (!take(scan, '}')) {
        do {
            if (!read_member(scan, fields, field_count, &seen))
                return false;
        } while (take(scan, ','));
        if (!take(scan, '}'))
            return fail(scan, "an object without its end");
    }
    for (uint32_t i = 0; i < field_count; i++)
        if (!fields[i].optional && (seen & 1U << i) == 0)
            return fail(scan, "a field is missing");
    return true;
}

const char *fields_read(const char *bytes, size_t byte_count, const struct field *fields,
                        uint32_t field_count)
{
    struct scan scan = {.at = bytes, .end = bytes + byte_count};
    if (!read_object(&scan, fields, field_count))
        return scan.wrong;
    skip_space(&scan);
    return scan.at == scan.end ? NULL : "bytes after the object";
}
