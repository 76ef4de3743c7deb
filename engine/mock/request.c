#include "mock/request.h"

#include <llhttp.h>
#include <string.h>
#include <strings.h>

#include "mock/book.h"
#include "mock/fields.h"

#define DESCRIPTION_BYTES 201
#define BALANCE_PREFIX "/accounts/"
#define BALANCE_SUFFIX "/balance"
#define INQUIRY_QUERY "?idempotency_key="
#define LIST_QUERY "?created_at."

/* One parse. The spans lie in the request's bytes, which llhttp is given in one piece. */
struct parse {
    llhttp_t parser;
    struct span url, field, key, authorization, body;
    bool complete;
    const char *wrong;
};

static int refuse(struct parse *parse, const char *wrong)
{
    parse->wrong = wrong;
    return HPE_USER;
}

static int on_url(llhttp_t *parser, const char *at, size_t count)
{
    struct parse *parse = parser->data;
    if (parse->url.bytes != NULL)
        return refuse(parse, "the request line is broken");
    parse->url = (struct span){at, (uint32_t)count};
    return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t count)
{
    struct parse *parse = parser->data;
    parse->field = (struct span){at, (uint32_t)count};
    return 0;
}

static bool is_field(struct span field, const char *name)
{
    return field.count == strlen(name) && strncasecmp(field.bytes, name, field.count) == 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t count)
{
    struct parse *parse = parser->data;
    struct span *kept = is_field(parse->field, "idempotency-key") ? &parse->key
                        : is_field(parse->field, "authorization") ? &parse->authorization
                                                                  : NULL;
    if (kept == NULL)
        return 0;
    if (kept->bytes != NULL)
        return refuse(parse, "a header is there twice");
    *kept = (struct span){at, (uint32_t)count};
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t count)
{
    struct parse *parse = parser->data;
    if (parse->body.bytes != NULL)
        return refuse(parse, "the body is in pieces");
    parse->body = (struct span){at, (uint32_t)count};
    return 0;
}

static int on_headers(llhttp_t *parser)
{
    struct parse *parse = parser->data;
    if ((parser->flags & F_CHUNKED) != 0 || (parser->flags & F_TRANSFER_ENCODING) != 0)
        return refuse(parse, "a body needs its Content-Length");
    if (parser->content_length > MOCK_REQUEST_MAX)
        return refuse(parse, "the request is too large");
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    struct parse *parse = parser->data;
    parse->complete = true;
    return HPE_PAUSED; // what follows is the next request
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

static size_t read_bad(struct request *request, const char *wrong, size_t byte_count)
{
    request->call = REQUEST_BAD;
    request->wrong = wrong;
    request->close_after = true;
    return byte_count;
}

static void read_call(struct request *request, const struct parse *parse);

size_t request_read(struct request *request, const char *bytes, size_t byte_count)
{
    *request = (struct request){.method = "", .path = {"", 0}, .body = {"", 0}};
    size_t given = byte_count < MOCK_REQUEST_MAX ? byte_count : MOCK_REQUEST_MAX;
    struct parse parse;
    memset(&parse, 0, sizeof parse);
    llhttp_init(&parse.parser, HTTP_REQUEST, &settings);
    parse.parser.data = &parse;
    enum llhttp_errno error = llhttp_execute(&parse.parser, bytes, given);
    if (error == HPE_OK && !parse.complete)
        return given < MOCK_REQUEST_MAX ? 0
                                        : read_bad(request, "the request is too large", byte_count);
    if (error != HPE_PAUSED || !parse.complete)
        return read_bad(request, parse.wrong == NULL ? "not HTTP" : parse.wrong, byte_count);
    // llhttp.c calls this the whole message: up to the last byte of headers or body.
    size_t used = (size_t)(llhttp_get_error_pos(&parse.parser) - bytes);
    CHECK(used > 0 && used <= given);
    request->close_after =
        parse.parser.http_minor == 0 || llhttp_should_keep_alive(&parse.parser) == 0;
    request->method = llhttp_method_name((llhttp_method_t)parse.parser.method);
    request->path = parse.url;
    if (parse.body.bytes != NULL)
        request->body = parse.body;
    request->authorization = parse.authorization;
    read_call(request, &parse);
    return used;
}

/* A name into its field; "" when it is none. */
static void keep_name(char *out, size_t capacity, const char *bytes, size_t byte_count)
{
    if (!book_is_name(bytes, byte_count, capacity - 1))
        byte_count = 0;
    memcpy(out, bytes, byte_count);
    out[byte_count] = 0;
}

static bool starts_with(struct span span, const char *prefix)
{
    size_t bytes = strlen(prefix);
    return span.count >= bytes && memcmp(span.bytes, prefix, bytes) == 0;
}

static bool read_balance(struct request *request)
{
    struct span path = request->path;
    size_t fixed = strlen(BALANCE_PREFIX) + strlen(BALANCE_SUFFIX);
    if (!starts_with(path, BALANCE_PREFIX) || path.count <= fixed ||
        memcmp(path.bytes + path.count - strlen(BALANCE_SUFFIX), BALANCE_SUFFIX,
               strlen(BALANCE_SUFFIX)) != 0)
        return false;
    keep_name(request->account, sizeof request->account, path.bytes + strlen(BALANCE_PREFIX),
              path.count - fixed);
    return true;
}

/* "/payouts" or "/payouts?idempotency_key=K"; sets the kind. */
static bool read_kind(struct request *request, struct span *query)
{
    static const char *const paths[] = {
        [MOCK_ACCOUNT_TRANSFER] = "/account_transfers",
        [MOCK_PAYOUT] = "/payouts",
    };
    for (int kind = MOCK_ACCOUNT_TRANSFER; kind <= MOCK_PAYOUT; kind++) {
        uint32_t bytes = (uint32_t)strlen(paths[kind]);
        if (!starts_with(request->path, paths[kind]))
            continue;
        request->kind = (enum mock_transfer_kind)kind;
        *query = (struct span){request->path.bytes + bytes, request->path.count - bytes};
        return query->count == 0 || query->bytes[0] == '?';
    }
    return false;
}

static void read_call(struct request *request, const struct parse *parse)
{
    bool is_post = parse->parser.method == HTTP_POST;
    struct span query;
    request->call = REQUEST_UNKNOWN;
    if (!is_post && parse->parser.method != HTTP_GET)
        return;
    if (!is_post && read_balance(request)) {
        request->call = REQUEST_BALANCE;
    } else if (read_kind(request, &query) && is_post) {
        request->call = query.count == 0 ? REQUEST_TRANSFER : REQUEST_UNKNOWN;
        if (parse->key.bytes != NULL)
            keep_name(request->key, sizeof request->key, parse->key.bytes, parse->key.count);
    } else if (!is_post && read_kind(request, &query) && starts_with(query, LIST_QUERY)) {
        request->call = REQUEST_LIST;
        request->query = (struct span){query.bytes + 1, query.count - 1};
    } else if (!is_post && request->path.count > 0 && read_kind(request, &query)) {
        request->call = REQUEST_INQUIRY;
        if (starts_with(query, INQUIRY_QUERY))
            keep_name(request->key, sizeof request->key, query.bytes + strlen(INQUIRY_QUERY),
                      query.count - strlen(INQUIRY_QUERY));
    }
}

static const char *read_transfer(struct request_order *order, const char *body, size_t body_bytes)
{
    char description[DESCRIPTION_BYTES];
    const struct field fields[] = {
        {"account_id", .text = order->from, .text_capacity = sizeof order->from},
        {"destination_account_id", .text = order->to, .text_capacity = sizeof order->to},
        {"amount", FIELD_INTEGER, .number = &order->amount_minor},
        {"currency", .text = order->currency, .text_capacity = sizeof order->currency},
        {"sub_account_id", .optional = true, .text = order->share,
         .text_capacity = sizeof order->share},
        {"description", .optional = true, .text = description, .text_capacity = sizeof description},
    };
    return fields_read(body, body_bytes, fields, sizeof fields / sizeof fields[0]);
}

static const char *read_payout(struct request_order *order, const char *body, size_t body_bytes)
{
    char description[DESCRIPTION_BYTES];
    char bank[BANK_TEXT_MAX + 1];
    char holder[HOLDER_TEXT_MAX + 1];
    const struct field destination[] = {
        {"bank", .text = bank, .text_capacity = sizeof bank},
        {"account_number", .text = order->to, .text_capacity = sizeof order->to},
        {"holder_name", .text = holder, .text_capacity = sizeof holder},
    };
    const struct field fields[] = {
        {"account_id", .text = order->from, .text_capacity = sizeof order->from},
        {"destination", FIELD_OBJECT, .fields = destination, .field_count = 3},
        {"amount", FIELD_INTEGER, .number = &order->amount_minor},
        {"currency", .text = order->currency, .text_capacity = sizeof order->currency},
        {"sub_account_id", .optional = true, .text = order->share,
         .text_capacity = sizeof order->share},
        {"description", .optional = true, .text = description, .text_capacity = sizeof description},
    };
    return fields_read(body, body_bytes, fields, sizeof fields / sizeof fields[0]);
}

const char *request_order_read(struct request_order *order, enum mock_transfer_kind kind,
                               const char *body, size_t body_bytes)
{
    order->share[0] = 0;
    const char *wrong = kind == MOCK_PAYOUT ? read_payout(order, body, body_bytes)
                                            : read_transfer(order, body, body_bytes);
    if (wrong != NULL)
        return wrong;
    if (order->amount_minor <= 0)
        return "amount is not above 0";
    if (!book_is_name(order->from, strlen(order->from), sizeof order->from - 1))
        return "account_id is not an account";
    if (!book_is_name(order->to, strlen(order->to), sizeof order->to - 1))
        return "the destination is not an account";
    return NULL;
}
