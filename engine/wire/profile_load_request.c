/* Templates of requests: compiled to literal pieces and the fields between them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/money.h"
#include "wire/profile_load.h"

#define LITERAL_BYTES_MAX 1024U
#define BODY_DEPTH_MAX 8U

/* One template being compiled. */
struct builder {
    struct loading *loading;
    struct fy_node *node; /* what errors point at */
    struct template *template;
    enum subject subject;
    bool ok;
    char literal[LITERAL_BYTES_MAX];
    uint32_t literal_bytes;
    uint32_t most_bytes; /* what it can come to, when every field is as long as it may be */
};

static void builder_init(struct builder *b, struct loading *loading, struct fy_node *node,
                         enum subject subject, struct template *template)
{
    *b = (struct builder){.loading = loading, .node = node, .subject = subject, .ok = true};
    b->template = template;
    template->first = (uint16_t)loading->profile->piece_count;
    template->count = 0;
}

static void add_piece(struct builder *b, enum field field, enum place place)
{
    struct profile *profile = b->loading->profile;
    if (!b->ok || (b->literal_bytes == 0 && field == FIELD_NONE))
        return;
    const char *literal = profile_load_keep(b->loading, b->node, b->literal, b->literal_bytes);
    b->ok = literal != NULL;
    if (b->ok && profile->piece_count == PIECES_MAX)
        b->ok = yaml_fail(&b->loading->yaml, b->node, "the requests of this profile are too many");
    if (!b->ok)
        return;
    profile->pieces[profile->piece_count++] = (struct piece){
        .literal = literal,
        .literal_bytes = (uint16_t)b->literal_bytes,
        .field = (uint8_t)field,
        .place = (uint8_t)place,
    };
    b->template->count++;
    b->literal_bytes = 0;
}

static void add_bytes(struct builder *b, const char *bytes, size_t byte_count)
{
    if (!b->ok)
        return;
    if (byte_count > LITERAL_BYTES_MAX - b->literal_bytes) {
        b->ok = yaml_fail(&b->loading->yaml, b->node, "the text is too long");
        return;
    }
    memcpy(b->literal + b->literal_bytes, bytes, byte_count);
    b->literal_bytes += (uint32_t)byte_count;
    b->most_bytes += (uint32_t)byte_count;
}

static void add_text(struct builder *b, const char *text)
{
    add_bytes(b, text, strlen(text));
}

static void add_field(struct builder *b, enum field field, enum place place)
{
    static const uint8_t most[FIELD_COUNT] = {
        [FIELD_VIRTUAL_ACCOUNT] = ACCOUNT_TEXT_MAX,
        [FIELD_FROM] = ACCOUNT_TEXT_MAX,
        [FIELD_TO] = ACCOUNT_TEXT_MAX,
        [FIELD_PAYOUT_BANK] = BANK_TEXT_MAX,
        [FIELD_HOLDER_NAME] = HOLDER_TEXT_MAX,
        [FIELD_KEY] = KEY_TEXT_MAX,
        [FIELD_AMOUNT] = 18,
        [FIELD_CURRENCY] = 3,
        [FIELD_STEP] = 12,
        [FIELD_TRACEPARENT] = 55,
        [FIELD_SINCE] = LIST_INSTANT_BYTES,
        [FIELD_UNTIL] = LIST_INSTANT_BYTES,
        [FIELD_CURSOR] = LIST_CURSOR_MAX,
    };
    static const uint8_t growth[] = {[PLACE_PATH] = 3, [PLACE_HEADER] = 1, [PLACE_JSON] = 2};
    b->most_bytes += (uint32_t)most[field] * growth[place];
    add_piece(b, field, place);
}

static bool finish(struct builder *b, uint32_t *most_bytes)
{
    add_piece(b, FIELD_NONE, PLACE_PATH);
    *most_bytes += b->most_bytes;
    return b->ok;
}

/* Who asks for a balance knows no transfer; who asks for all of them knows the span of time. */
static bool check_subject(struct builder *b, enum field field)
{
    static const char *const subjects[] = {
        [SUBJECT_BALANCE] = "a balance has no field `{%s}`; use `{virtual_account}`, `{currency}`",
        [SUBJECT_TRANSFER] = "a transfer has no field `{%s}`; it is of a `list`",
        [SUBJECT_LIST] = "a list has no field `{%s}`; use `{since}`, `{until}`, `{cursor}`",
    };
    bool is_of_list = field >= FIELD_SINCE;
    bool is_of_balance = field == FIELD_VIRTUAL_ACCOUNT || field == FIELD_CURRENCY;
    bool fits = b->subject == SUBJECT_LIST      ? is_of_list
                : b->subject == SUBJECT_BALANCE ? is_of_balance
                                                : !is_of_list;
    if (!fits)
        return yaml_fail(&b->loading->yaml, b->node, subjects[b->subject],
                         profile_field_names[field]);
    return true;
}

/* The name between braces. */
static bool find_field(struct builder *b, const char *name, size_t name_bytes, enum field *field)
{
    struct yaml *yaml = &b->loading->yaml;
    uint32_t i = 0;
    while (i < FIELD_COUNT && (strlen(profile_field_names[i]) != name_bytes ||
                               memcmp(profile_field_names[i], name, name_bytes) != 0))
        i++;
    if (i == FIELD_COUNT) {
        const char *nearest = yaml_nearest(name, name_bytes, profile_field_names);
        return yaml_fail(
            yaml, b->node, "unknown field `{%.*s}`%s%s%s", name_bytes > 40 ? 40 : (int)name_bytes,
            name, nearest == NULL ? "; ops/banks/README.md lists the fields" : "; did you mean `{",
            nearest == NULL ? "" : nearest, nearest == NULL ? "" : "}`?");
    }
    *field = (enum field)i;
    return check_subject(b, *field);
}

static bool literal_fits(enum place place, unsigned char c)
{
    switch (place) {
    case PLACE_PATH:
        return c > 0x20 && c < 0x7f && strchr("\"<>\\^`|#}", c) == NULL;
    case PLACE_HEADER:
        return c < 0x7f && c != '}'; // the text is clean
    case PLACE_JSON:
        return c != '}';
    }
    CHECK(false);
}

static void add_literal(struct builder *b, enum place place, char c)
{
    bool is_ascii = (unsigned char)c < 0x80;
    if (!literal_fits(place, (unsigned char)c))
        b->ok = is_ascii
                    ? yaml_fail(&b->loading->yaml, b->node, "`%c` cannot stand here", c)
                    : yaml_fail(&b->loading->yaml, b->node, "only printable ASCII can stand here");
    else if (place == PLACE_JSON && (c == '"' || c == '\\'))
        add_bytes(b, (char[]){'\\', c}, 2);
    else
        add_bytes(b, &c, 1);
}

/* A text of the YAML with {fields} in it. */
static void add_template(struct builder *b, enum place place, const char *text, size_t text_bytes)
{
    for (size_t i = 0; i < text_bytes && b->ok; i++) {
        if (text[i] != '{') {
            add_literal(b, place, text[i]);
            continue;
        }
        const char *end = memchr(text + i, '}', text_bytes - i);
        enum field field = FIELD_NONE;
        if (end == NULL)
            b->ok = yaml_fail(&b->loading->yaml, b->node, "`{` begins a field; close it with `}`");
        else if (!find_field(b, text + i + 1, (size_t)(end - text) - i - 1, &field))
            b->ok = false;
        else
            add_field(b, field, place);
        if (b->ok)
            i = (size_t)(end - text);
    }
}

static bool load_path(struct loading *loading, struct fy_node *node, enum subject subject,
                      struct request *request, uint32_t *most_bytes)
{
    const char *text;
    size_t text_bytes;
    struct fy_node *path = yaml_need(&loading->yaml, node, "path");
    if (path == NULL || !yaml_text(&loading->yaml, path, &text, &text_bytes))
        return false;
    if (text[0] != '/')
        return yaml_fail(&loading->yaml, path, "a path begins with `/`");
    struct builder b;
    builder_init(&b, loading, path, subject, &request->path);
    add_template(&b, PLACE_PATH, text, text_bytes);
    return finish(&b, most_bytes);
}

static bool header_name_fits(struct builder *b, const char *name, size_t name_bytes)
{
    static const char *const ours[] = {"Host",           "Authorization", "Content-Type",
                                       "Content-Length", "Connection",    "Transfer-Encoding"};
    for (size_t i = 0; i < name_bytes; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return yaml_fail(&b->loading->yaml, b->node,
                             "a header's name has letters, digits, `-` and `_` only");
    }
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (strlen(ours[i]) == name_bytes && strncasecmp(ours[i], name, name_bytes) == 0)
            return yaml_fail(&b->loading->yaml, b->node,
                             "the header `%s` is added by daybook; take it out", ours[i]);
    return true;
}

static void add_headers(struct builder *b, struct fy_node *headers)
{
    struct yaml *yaml = &b->loading->yaml;
    void *at = NULL;
    struct fy_node_pair *pair;
    if (!fy_node_is_mapping(headers)) {
        b->ok = yaml_fail(yaml, headers, "here must be headers, as in `Name: value`");
        return;
    }
    while (b->ok && (pair = fy_node_mapping_iterate(headers, &at)) != NULL) {
        const char *name;
        const char *value;
        size_t name_bytes;
        size_t value_bytes;
        b->node = fy_node_pair_key(pair);
        b->ok = yaml_pair(yaml, pair, &name, &name_bytes) &&
                header_name_fits(b, name, name_bytes) &&
                yaml_text(yaml, fy_node_pair_value(pair), &value, &value_bytes);
        if (!b->ok)
            return;
        add_text(b, "\r\n");
        add_bytes(b, name, name_bytes);
        add_text(b, ": ");
        b->node = fy_node_pair_value(pair);
        add_template(b, PLACE_HEADER, value, value_bytes);
    }
}

static bool load_headers(struct loading *loading, struct fy_node *node, enum subject subject,
                         struct request *request, uint32_t *most_bytes)
{
    const struct profile *profile = loading->profile;
    struct builder b;
    builder_init(&b, loading, node, subject, &request->site);
    add_text(&b, " HTTP/1.1\r\nHost: ");
    add_text(&b, profile->host);
    if (profile->token[0] != 0) {
        add_text(&b, "\r\nAuthorization: Bearer ");
        add_text(&b, profile->token);
    }
    bool fits = finish(&b, most_bytes);
    builder_init(&b, loading, node, subject, &request->headers);
    struct fy_node *headers = yaml_get(node, "headers");
    if (headers != NULL)
        add_headers(&b, headers);
    fits &= finish(&b, most_bytes);
    builder_init(&b, loading, node, subject, &request->tail);
    if (request->has_body)
        add_text(&b, "\r\nContent-Type: application/json\r\nContent-Length: ");
    else
        add_text(&b, "\r\n\r\n");
    fits &= finish(&b, most_bytes);
    return fits; // the first error is the one that is told
}

/* A plain number, true, false or null of the YAML is one in the JSON; all else is text. */
static bool is_json_literal(struct fy_node *node, const char *text, size_t text_bytes)
{
    static const char *const words[] = {"true", "false", "null"};
    if (fy_node_get_style(node) != FYNS_PLAIN)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == text_bytes && memcmp(words[i], text, text_bytes) == 0)
            return true;
    int64_t number;
    size_t sign = text[0] == '-';
    return money_parse(text + sign, text_bytes - sign, &number) &&
           (text_bytes - sign == 1 || text[sign] != '0');
}

static void add_scalar(struct builder *b, struct fy_node *node)
{
    static const char amount[] = "{amount}";
    const char *text = "";
    size_t text_bytes = 0;
    b->node = node;
    bool is_empty = fy_node_get_style(node) != FYNS_PLAIN && !fy_node_is_alias(node) &&
                    fy_node_get_scalar_length(node) == 0;
    b->ok = is_empty || yaml_text(&b->loading->yaml, node, &text, &text_bytes);
    if (!b->ok)
        return;
    if (is_json_literal(node, text, text_bytes)) {
        add_bytes(b, text, text_bytes);
        return;
    }
    bool is_number = !b->loading->profile->amount_is_text && text_bytes == sizeof(amount) - 1 &&
                     memcmp(text, amount, text_bytes) == 0;
    add_text(b, is_number ? "" : "\"");
    add_template(b, PLACE_JSON, text, text_bytes);
    add_text(b, is_number ? "" : "\"");
}

static void add_value(struct builder *b, struct fy_node *node, uint32_t depth);

static void add_object(struct builder *b, struct fy_node *node, uint32_t depth)
{
    void *at = NULL;
    struct fy_node_pair *pair;
    const char *comma = "{\"";
    while (b->ok && (pair = fy_node_mapping_iterate(node, &at)) != NULL) {
        const char *name;
        size_t name_bytes;
        b->node = fy_node_pair_key(pair);
        b->ok = yaml_pair(&b->loading->yaml, pair, &name, &name_bytes);
        add_text(b, comma);
        for (size_t i = 0; b->ok && i < name_bytes; i++)
            add_literal(b, PLACE_JSON, name[i]);
        add_text(b, "\":");
        if (b->ok)
            add_value(b, fy_node_pair_value(pair), depth + 1);
        comma = ",\"";
    }
    add_text(b, fy_node_mapping_is_empty(node) ? "{}" : "}");
}

static void add_array(struct builder *b, struct fy_node *node, uint32_t depth)
{
    void *at = NULL;
    struct fy_node *item;
    const char *comma = "[";
    while (b->ok && (item = fy_node_sequence_iterate(node, &at)) != NULL) {
        add_text(b, comma);
        add_value(b, item, depth + 1);
        comma = ",";
    }
    add_text(b, fy_node_sequence_is_empty(node) ? "[]" : "]");
}

static void add_value(struct builder *b, struct fy_node *node, uint32_t depth)
{
    b->node = node;
    if (depth > BODY_DEPTH_MAX)
        b->ok = yaml_fail(&b->loading->yaml, node, "the body is nested too deep");
    else if (fy_node_is_mapping(node))
        add_object(b, node, depth);
    else if (fy_node_is_sequence(node))
        add_array(b, node, depth);
    else
        add_scalar(b, node);
}

static bool load_body(struct loading *loading, struct fy_node *body, enum subject subject,
                      struct request *request, uint32_t *most_bytes)
{
    struct builder b;
    builder_init(&b, loading, body, subject, &request->body);
    add_value(&b, body, 0);
    return finish(&b, most_bytes);
}

static bool load_start(struct loading *loading, struct fy_node *node, struct request *request,
                       uint32_t *most_bytes)
{
    static const char *const methods[] = {"GET", "POST", "PUT", NULL};
    uint32_t index;
    struct fy_node *method = yaml_need(&loading->yaml, node, "method");
    if (method == NULL || !yaml_word(&loading->yaml, method, methods, &index))
        return false;
    request->method = methods[index];
    struct builder b;
    builder_init(&b, loading, node, SUBJECT_BALANCE, &request->start);
    add_text(&b, request->method);
    add_text(&b, " ");
    add_text(&b, loading->profile->path_prefix);
    return finish(&b, most_bytes);
}

bool profile_load_request(struct loading *loading, struct fy_node *node, enum subject subject,
                          struct request *request)
{
    uint32_t most_bytes = sizeof("1234\r\n\r\n");
    struct fy_node *body = yaml_get(node, "body");
    request->has_body = body != NULL;
    if (!load_start(loading, node, request, &most_bytes) ||
        !load_path(loading, node, subject, request, &most_bytes) ||
        !load_headers(loading, node, subject, request, &most_bytes))
        return false;
    if (body != NULL && !load_body(loading, body, subject, request, &most_bytes))
        return false;
    if (body != NULL && strcmp(request->method, "GET") == 0)
        return yaml_fail(&loading->yaml, body, "a GET has no body; take it out, or use POST");
    if (most_bytes > REQUEST_BYTES_MAX)
        return yaml_fail(&loading->yaml, node,
                         "the request could get longer than %d bytes; shorten it",
                         REQUEST_BYTES_MAX);
    return true;
}

/* What follows the path from the second page on: the place where a page says the next one begins.
 */
static bool load_more(struct loading *loading, struct fy_node *node, struct listing *listing)
{
    const char *text;
    size_t text_bytes;
    uint32_t most_bytes = 0;
    struct fy_node *more = yaml_need(&loading->yaml, node, "more");
    if (more == NULL || !yaml_text(&loading->yaml, more, &text, &text_bytes))
        return false;
    struct builder b;
    builder_init(&b, loading, more, SUBJECT_LIST, &listing->more);
    add_template(&b, PLACE_PATH, text, text_bytes);
    if (b.ok && memmem(text, text_bytes, "{cursor}", strlen("{cursor}")) == NULL)
        return yaml_fail(&loading->yaml, more, "`more` must say `{cursor}`");
    return finish(&b, &most_bytes);
}

/* Else what is listed could not be compared, and would be taken for equal. */
static bool check_comparable(struct loading *loading, struct fy_node *node,
                             const struct transfer_call *call)
{
    static const enum field fields[] = {FIELD_KEY, FIELD_FROM, FIELD_TO, FIELD_AMOUNT,
                                        FIELD_CURRENCY};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (profile_echo(&call->answer, fields[i]) == NULL)
            return yaml_fail(&loading->yaml, node,
                             "a list is compared by key, from, to, amount and currency; say under "
                             "`answer`, `echo` where `%s` is",
                             profile_field_names[fields[i]]);
    return true;
}

bool profile_load_listing(struct loading *loading, struct fy_node *node, struct transfer_call *call)
{
    static const char *const keys[] = {"method", "path",  "headers", "body",
                                       "more",   "items", "next",    NULL};
    struct yaml *yaml = &loading->yaml;
    struct listing *listing = &call->listing;
    if (!yaml_map(yaml, node, keys) ||
        !profile_load_request(loading, node, SUBJECT_LIST, &listing->ask) ||
        !load_more(loading, node, listing) || yaml_need(yaml, node, "items") == NULL ||
        !profile_load_path(loading, node, "items", &listing->items) ||
        !profile_load_maybe_path(loading, node, "next", &listing->next))
        return false;
    call->has_listing = true;
    return check_comparable(loading, node, call);
}
