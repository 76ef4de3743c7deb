#include "wire/json.h"

#include <string.h>

#include "base/text.h"

_Static_assert(sizeof(struct json_node) == 32, "two nodes to a cache line");

#define INTEGER_DIGITS_MAX 19   /* so many fit an uint64 */
#define REAL_EXPONENT_MAX 307   /* of its first digit: less than any double's most */
#define EXPONENT_MAX 1000000000 /* counted no further: texts are shorter than 4 GiB */

struct scan {
    const char *at, *end;
    struct json_node *nodes;
    struct json_node *free; /* where the next one goes */
    char *floor;            /* texts with escapes lie above it, to the end of the room */
    struct json_node *open; /* the innermost list or object under way; NULL: none */
    uint32_t depth;         /* of what is open */
    const char *name;       /* of the value that comes next */
    uint32_t name_bytes;
};

static inline void skip_space(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static inline bool is_next(const struct scan *scan, char byte)
{
    return scan->at < scan->end && *scan->at == byte;
}

static inline bool take(struct scan *scan, char byte)
{
    if (!is_next(scan, byte))
        return false;
    scan->at++;
    return true;
}

/* ---- texts ---- */

static inline bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Of a character beyond ASCII; 0: not UTF-8 (RFC 3629), or cut off. */
static size_t utf8_bytes(const char *at, const char *end)
{
    unsigned char first = (unsigned char)at[0];
    size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || (size_t)(end - at) < bytes)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if (!is_continuation(at[i]))
            return 0;
    // Too long a form, a surrogate, beyond the last one: told by the second byte.
    unsigned char second = (unsigned char)at[1];
    bool is_bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                  (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return is_bad ? 0 : bytes;
}

static bool take_hex4(struct scan *scan, uint32_t *code)
{
    if (scan->end - scan->at < 4)
        return false;
    *code = 0;
    for (int i = 0; i < 4; i++) {
        char c = *scan->at++;
        char letter = (char)(c | 0x20);
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (letter < 'a' || letter > 'f'))
            return false;
        *code = *code << 4 | (uint32_t)(is_digit ? c - '0' : letter - 'a' + 10);
    }
    return true;
}

/* The code point behind "\u", of one escape or of a pair of surrogates. */
static bool take_code(struct scan *scan, uint32_t *code)
{
    uint32_t low;
    if (!take_hex4(scan, code) || *code == 0)
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    if (*code > 0xdbff || !take(scan, '\\') || !take(scan, 'u') || !take_hex4(scan, &low) ||
        low < 0xdc00 || low > 0xdfff)
        return false;
    *code = 0x10000 + ((*code - 0xd800) << 10 | (low - 0xdc00));
    return true;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

/* What is behind a backslash, written out; NULL: no escape. */
static char *put_escape(struct scan *scan, char *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    if (take(scan, 'u'))
        return take_code(scan, &code) ? put_utf8(out, code) : NULL;
    const char *letter = scan->at < scan->end ? memchr(letters, *scan->at, 8) : NULL;
    if (letter == NULL)
        return NULL;
    scan->at++;
    *out++ = meant[letter - letters];
    return out;
}

/* Of the character at `at`, where it may stand in a text as it is; else 0. */
static size_t odd_bytes(const struct scan *scan)
{
    unsigned char first = (unsigned char)*scan->at;
    return first == 0x7f ? 1 : first < 0x80 ? 0 : utf8_bytes(scan->at, scan->end);
}

/* To the next quote, backslash, or byte that may not stand there. */
static inline void skip_text(struct scan *scan)
{
    size_t odd;
    do {
        scan->at += text_plain_bytes(scan->at, (size_t)(scan->end - scan->at));
        odd = scan->at < scan->end && *scan->at != '"' ? odd_bytes(scan) : 0;
        scan->at += odd;
    } while (odd > 0);
}

/* Bytes up to the quote that ends the text, as they stand; 0: there is none. */
static size_t raw_bytes(const char *begin, const char *end)
{
    size_t left = (size_t)(end - begin);
    size_t bytes = 0;
    while (bytes < left && begin[bytes] != '"')
        bytes += begin[bytes] == '\\' ? 2 : 1;
    return bytes < left ? bytes : 0;
}

/* The rest of a text that has escapes, `begin` its first byte: it is copied to the end of the room,
   where it takes no more bytes than it has as it stands. */
static bool unescape(struct scan *scan, const char *begin, const char **text, uint32_t *bytes)
{
    size_t raw = raw_bytes(begin, scan->end);
    if (raw == 0 || raw > (size_t)(scan->floor - (char *)scan->free))
        return false;
    scan->floor -= raw;
    char *out = scan->floor;
    const char *run = begin;
    while (is_next(scan, '\\')) {
        memcpy(out, run, (size_t)(scan->at - run));
        out += scan->at++ - run;
        out = put_escape(scan, out);
        run = scan->at;
        if (out == NULL)
            return false;
        skip_text(scan);
    }
    memcpy(out, run, (size_t)(scan->at - run));
    out += scan->at - run;
    *text = scan->floor;
    *bytes = (uint32_t)(out - scan->floor);
    return take(scan, '"');
}

/* Behind its opening quote. */
static inline bool take_text(struct scan *scan, const char **text, uint32_t *bytes)
{
    const char *begin = scan->at;
    skip_text(scan);
    *text = begin;
    *bytes = (uint32_t)(scan->at - begin);
    return take(scan, '"') || (is_next(scan, '\\') && unescape(scan, begin, text, bytes));
}

/* ---- numbers ---- */

static inline bool is_digit_next(const struct scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

/* The digits of an exponent behind "e", counted no further than EXPONENT_MAX. */
static bool take_exponent(struct scan *scan, int64_t *exponent)
{
    bool is_negative = take(scan, '-');
    if (!is_negative)
        (void)take(scan, '+');
    if (!is_digit_next(scan))
        return false;
    for (*exponent = 0; is_digit_next(scan); scan->at++)
        if (*exponent < EXPONENT_MAX)
            *exponent = *exponent * 10 + (*scan->at - '0');
    if (is_negative)
        *exponent = -*exponent;
    return true;
}

/* Behind its whole digits. Without floating point: whether it could be too large is told by where
   its first digit stands. */
static bool take_real(struct scan *scan, const char *digits)
{
    bool is_zero = *digits == '0';
    int64_t first = scan->at - digits - 1; /* the exponent of the first digit that is no zero */
    int64_t exponent = 0;
    if (take(scan, '.')) {
        const char *fraction = scan->at;
        for (; is_digit_next(scan); scan->at++) {
            if (is_zero && *scan->at != '0') {
                first = fraction - scan->at - 1;
                is_zero = false;
            }
        }
        if (scan->at == fraction)
            return false;
    }
    if ((take(scan, 'e') || take(scan, 'E')) && !take_exponent(scan, &exponent))
        return false;
    return is_zero || first + exponent <= REAL_EXPONENT_MAX;
}

static bool take_number(struct scan *scan, struct json_node *node)
{
    bool is_negative = take(scan, '-');
    const char *digits = scan->at;
    uint64_t value = 0;
    for (; is_digit_next(scan); scan->at++)
        value = value * 10 + (uint64_t)(*scan->at - '0');
    ptrdiff_t count = scan->at - digits;
    if (count == 0 || (count > 1 && *digits == '0'))
        return false;
    if (is_next(scan, '.') || is_next(scan, 'e') || is_next(scan, 'E')) {
        node->kind = JSON_KIND_REAL;
        return take_real(scan, digits);
    }
    node->kind = JSON_KIND_INTEGER;
    // With more digits the value has wrapped, and is not looked at.
    if (count > INTEGER_DIGITS_MAX || value > (uint64_t)INT64_MAX + is_negative)
        return false;
    node->integer = (int64_t)(is_negative ? -value : value);
    return true;
}

/* ---- values ---- */

static bool take_word(struct scan *scan, const char *word, size_t bytes)
{
    if ((size_t)(scan->end - scan->at) < bytes || memcmp(scan->at, word, bytes) != 0)
        return false;
    scan->at += bytes;
    return true;
}

/* It is closed when its end is read; until then its span is the way back to the one around it. */
static bool open_level(struct scan *scan, struct json_node *node, enum json_kind kind)
{
    node->kind = kind;
    node->count = 0;
    node->span = scan->open == NULL ? 0 : (uint32_t)(node - scan->open);
    scan->open = node;
    scan->depth++;
    scan->at++;
    return true;
}

static void close_level(struct scan *scan)
{
    struct json_node *closed = scan->open;
    scan->open = closed->span == 0 ? NULL : closed - closed->span;
    closed->span = (uint32_t)(scan->free - closed);
    scan->depth--;
    scan->at++;
}

/* What begins at `at`; a list or an object is only opened. */
static inline bool take_value(struct scan *scan)
{
    struct json_node *node = scan->free;
    if (scan->at == scan->end || scan->depth == JSON_DEPTH_MAX ||
        (size_t)(scan->floor - (char *)node) < sizeof(*node))
        return false;
    scan->free++;
    node->name = scan->name;
    node->name_bytes = scan->name_bytes;
    node->span = 1;
    switch (*scan->at) {
    case '"':
        scan->at++;
        node->kind = JSON_KIND_TEXT;
        return take_text(scan, &node->text, &node->text_bytes);
    case '{':
        return open_level(scan, node, JSON_KIND_OBJECT);
    case '[':
        return open_level(scan, node, JSON_KIND_LIST);
    case 'n':
        node->kind = JSON_KIND_NULL;
        return take_word(scan, "null", 4);
    case 't':
        node->kind = JSON_KIND_BOOL;
        return take_word(scan, "true", 4);
    case 'f':
        node->kind = JSON_KIND_BOOL;
        return take_word(scan, "false", 5);
    default:
        return take_number(scan, node);
    }
}

static inline bool is_same(const struct json_node *node, const char *name, size_t name_bytes)
{
    return node->name_bytes == name_bytes && memcmp(node->name, name, name_bytes) == 0;
}

/* "name": in front of a member. */
static inline bool take_name(struct scan *scan)
{
    if (!take(scan, '"') || !take_text(scan, &scan->name, &scan->name_bytes))
        return false;
    if (scan->open->count == JSON_MEMBERS_MAX)
        return false;
    for (const struct json_node *at = scan->open + 1; at < scan->free; at += at->span)
        if (is_same(at, scan->name, scan->name_bytes))
            return false;
    skip_space(scan);
    if (!take(scan, ':'))
        return false;
    skip_space(scan);
    return true;
}

/* The end of what is open, or its next value. */
static inline bool take_next(struct scan *scan)
{
    bool is_object = scan->open->kind == JSON_KIND_OBJECT;
    skip_space(scan);
    if (is_next(scan, is_object ? '}' : ']')) {
        close_level(scan);
        return true;
    }
    if (scan->open->count > 0) {
        if (!take(scan, ','))
            return false;
        skip_space(scan);
    }
    scan->name = NULL;
    scan->name_bytes = 0;
    if (is_object && !take_name(scan))
        return false;
    scan->open->count++;
    return take_value(scan);
}

const struct json_node *json_scan(const char *text, size_t text_bytes, void *room,
                                  size_t room_bytes)
{
    CHECK((uintptr_t)room % _Alignof(struct json_node) == 0);
    struct scan scan = {.at = text,
                        .end = text + text_bytes,
                        .nodes = room,
                        .free = room,
                        .floor = (char *)room + room_bytes};
    if (text_bytes > UINT32_MAX)
        return NULL;
    skip_space(&scan);
    if ((!is_next(&scan, '{') && !is_next(&scan, '[')) || !take_value(&scan))
        return NULL;
    while (scan.open != NULL)
        if (!take_next(&scan))
            return NULL;
    skip_space(&scan);
    return scan.at == scan.end ? scan.nodes : NULL;
}

/* ---- what is in it ---- */

const struct json_node *json_member(const struct json_node *object, const char *name,
                                    size_t name_bytes)
{
    if (object->kind != JSON_KIND_OBJECT)
        return NULL;
    const struct json_node *end = object + object->span;
    for (const struct json_node *at = object + 1; at < end; at += at->span)
        if (is_same(at, name, name_bytes))
            return at;
    return NULL;
}

const struct json_node *json_item(const struct json_node *list, size_t index)
{
    if (list->kind != JSON_KIND_LIST || index >= list->count)
        return NULL;
    const struct json_node *at = list + 1;
    for (; index > 0; index--)
        at += at->span;
    return at;
}
