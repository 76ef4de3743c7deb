/* Requests: literal pieces copied, fields escaped for their place. */
#include <string.h>

#include "base/text.h"
#include "wire/profile_form.h"

struct writer {
    char *at;
    char *end;
    bool ok;
};

static void put_bytes(struct writer *w, const char *bytes, size_t byte_count)
{
    // uncovered: what could get too long is refused at load
    if (byte_count > (size_t)(w->end - w->at)) {
        w->ok = false; // uncovered: the same
        return;        // uncovered: the same
    }
    memcpy(w->at, bytes, byte_count);
    w->at += byte_count;
}

/* Visible ASCII and spaces inside; nothing that could end the header. */
static void put_header(struct writer *w, const char *text, size_t text_bytes)
{
    for (size_t i = text_plain_bytes(text, text_bytes); i < text_bytes; i++)
        if (text[i] < 0x20 || text[i] >= 0x7f)
            w->ok = false;
    put_bytes(w, text, text_bytes);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

/* Percent-encoded (RFC 3986); a part of points alone would be a step up in the path. */
static void put_path(struct writer *w, const char *text, size_t text_bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    bool only_points = true;
    size_t begin = 0;
    for (size_t i = 0; i < text_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        only_points = only_points && c == '.';
        if (is_unreserved(text[i]))
            continue;
        put_bytes(w, text + begin, i - begin);
        put_bytes(w, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
        begin = i + 1;
    }
    put_bytes(w, text + begin, text_bytes - begin);
    w->ok = w->ok && !only_points;
}

static void put_json(struct writer *w, const char *text, size_t text_bytes)
{
    size_t begin = 0;
    for (size_t i = text_plain_bytes(text, text_bytes); i < text_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            w->ok = false;
        if (c != '"' && c != '\\')
            continue;
        put_bytes(w, text + begin, i - begin);
        put_bytes(w, "\\", 1);
        begin = i;
    }
    put_bytes(w, text + begin, text_bytes - begin);
}

static void put_field(struct writer *w, const struct piece *piece,
                      const struct field_values *values)
{
    const char *text = values->text[piece->field];
    size_t bytes = values->bytes[piece->field];
    // A person may have no name at the bank; nobody has an account without a number.
    if (bytes == 0 && piece->field != FIELD_HOLDER_NAME && piece->field != FIELD_PAYOUT_BANK)
        w->ok = false;
    switch ((enum place)piece->place) {
    case PLACE_PATH:
        put_path(w, text, bytes);
        return;
    case PLACE_HEADER:
        put_header(w, text, bytes);
        return;
    case PLACE_JSON:
        put_json(w, text, bytes);
        return;
    }
    CHECK(false);
}

static void put_template(struct writer *w, const struct profile *profile, struct template template,
                         const struct field_values *values)
{
    for (uint32_t i = 0; i < template.count; i++) {
        const struct piece *piece = &profile->pieces[template.first + i];
        put_bytes(w, piece->literal, piece->literal_bytes);
        if (piece->field != FIELD_NONE)
            put_field(w, piece, values);
    }
}

/* "123\r\n\r\n" and the body; the length is known when the body is there. */
static uint32_t put_body(struct writer *w, const struct profile *profile,
                         const struct request *request, const struct field_values *values)
{
    char head[8];
    char *length = w->at;
    put_bytes(w, "000\r\n\r\n", 7); // most bodies have three digits: then nothing is moved
    char *body = w->at;
    put_template(w, profile, request->body, values);
    if (!w->ok)
        return 0;
    size_t body_bytes = (size_t)(w->at - body);
    CHECK(body_bytes < 10000);
    uint32_t digits = body_bytes >= 1000 ? 4 : body_bytes >= 100 ? 3 : body_bytes >= 10 ? 2 : 1;
    size_t left = body_bytes;
    for (uint32_t i = digits; i > 0; i--, left /= 10)
        head[i - 1] = (char)('0' + left % 10);
    memcpy(head + digits, "\r\n\r\n", 4);
    char *moved = length + digits + 4;
    // uncovered: what could get too long is refused at load
    if (digits > 3 && w->at == w->end)
        w->ok = false; // uncovered: the same
    else if (digits != 3)
        memmove(moved, body, body_bytes);
    memcpy(length, head, digits + 4);
    w->at = moved + body_bytes;
    return digits + 4;
}

static const struct request *find_request(const struct profile *profile, enum call_kind call_kind,
                                          const struct transfer_order *order)
{
    if (call_kind == CALL_BALANCE)
        return &profile->balance;
    const struct transfer_call *call = profile_transfer(profile, order);
    if (call == NULL || (call_kind == CALL_INQUIRY && !call->has_ask))
        return NULL;
    return call_kind == CALL_INQUIRY ? &call->ask : &call->send;
}

/* `more` goes behind the path. */
static struct rendered render(const struct profile *profile, const struct request *request,
                              struct template more, const struct field_values *values,
                              char out[REQUEST_BYTES_MAX])
{
    struct rendered rendered = {0};
    struct writer w = {.at = out, .end = out + REQUEST_BYTES_MAX, .ok = true};
    put_template(&w, profile, request->start, values);
    put_template(&w, profile, request->path, values);
    put_template(&w, profile, more, values);
    put_template(&w, profile, request->site, values);
    put_template(&w, profile, request->headers, values);
    put_template(&w, profile, request->tail, values);
    rendered.body_at = (uint32_t)(w.at - out);
    if (request->has_body && w.ok)
        rendered.body_at += put_body(&w, profile, request, values);
    if (!w.ok)
        return (struct rendered){0};
    rendered.bytes = (uint32_t)(w.at - out);
    return rendered;
}

struct rendered profile_render(const struct profile *profile, enum call_kind call_kind,
                               const struct transfer_order *order, const struct parties *parties,
                               char out[REQUEST_BYTES_MAX])
{
    CHECK((order == NULL) == (call_kind == CALL_BALANCE));
    const struct request *request = find_request(profile, call_kind, order);
    struct field_values values;
    if (request == NULL)
        return (struct rendered){0};
    profile_values(profile, order, parties, &values);
    return render(profile, request, (struct template){0}, &values, out);
}

static void set_value(struct field_values *values, enum field field, const char *text)
{
    values->text[field] = text;
    values->bytes[field] = strlen(text);
}

struct rendered profile_render_list(const struct profile *profile, uint32_t list_index,
                                    const struct list_span *span, const char *cursor,
                                    char out[REQUEST_BYTES_MAX])
{
    const struct listing *listing = profile_listing(profile, list_index);
    struct field_values values;
    set_value(&values, FIELD_SINCE, span->since);
    set_value(&values, FIELD_UNTIL, span->until);
    set_value(&values, FIELD_CURSOR, cursor);
    // Asked for once: the first page is where no page before it says that one follows.
    struct template more = cursor[0] == 0 ? (struct template){0} : listing->more;
    return render(profile, &listing->ask, more, &values, out);
}

struct digest profile_body_digest(const struct profile *profile, struct hash *hash,
                                  const struct transfer_order *order, const struct parties *parties)
{
    const struct request *request = find_request(profile, CALL_TRANSFER, order);
    char bytes[REQUEST_BYTES_MAX];
    struct field_values values;
    struct writer w = {.at = bytes, .end = bytes + sizeof(bytes), .ok = request != NULL};
    if (request != NULL) {
        profile_values(profile, order, parties, &values);
        put_bytes(&w, request->method, strlen(request->method));
        put_bytes(&w, " ", 1);
        put_template(&w, profile, request->path, &values);
        put_template(&w, profile, request->headers, &values);
        put_bytes(&w, "\n", 1);
        put_bytes(&w, values.text[FIELD_KEY], values.bytes[FIELD_KEY]);
        put_bytes(&w, "\n", 1);
        put_template(&w, profile, request->body, &values);
    }
    return hash_once(hash, bytes, w.ok ? (size_t)(w.at - bytes) : 0);
}
