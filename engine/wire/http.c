#include "wire/http.h"

#include <string.h>

#define FIELD_OTHER 0xff
#define SKIP_BODY 1 /* on_headers_complete: no body follows */

static const char retry_after[] = "retry-after";
#define RETRY_AFTER_BYTES (sizeof(retry_after) - 1)

static int on_field(llhttp_t *parser, const char *at, size_t length);
static int on_field_complete(llhttp_t *parser);
static int on_value(llhttp_t *parser, const char *at, size_t length);
static int on_value_complete(llhttp_t *parser);
static int on_headers_complete(llhttp_t *parser);
static int on_body(llhttp_t *parser, const char *at, size_t length);
static int on_message_complete(llhttp_t *parser);

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void http_begin(struct http_answer *answer, char *body, uint32_t body_capacity)
{
    answer->status = 0;
    answer->keep_alive = false;
    answer->retry_after_s = -1;
    answer->body_bytes = 0;
    answer->body = body;
    answer->body_capacity = body_capacity;
    answer->overhead_bytes = 0;
    answer->value_bytes = 0;
    answer->field_matched = 0;
    answer->interim_count = 0;
    answer->field_done = false;
    answer->complete = false;
    answer->bad = false;
    llhttp_init(&answer->parser, HTTP_RESPONSE, &settings);
}

static enum http_result fail(struct http_answer *answer)
{
    answer->bad = true;
    return HTTP_BAD;
}

enum http_result http_feed(struct http_answer *answer, const char *bytes, size_t byte_count)
{
    if (answer->bad)
        return HTTP_BAD;
    if (byte_count == 0)
        return answer->complete ? HTTP_COMPLETE : HTTP_MORE;
    if (answer->complete)
        return fail(answer);
    answer->overhead_bytes += byte_count;
    answer->parser.data = answer;
    llhttp_errno_t error = llhttp_execute(&answer->parser, bytes, byte_count);
    if (answer->overhead_bytes > HTTP_OVERHEAD_BYTES_MAX)
        return fail(answer);
    // uncovered: the parser pauses when the answer is complete
    if (error == HPE_OK && !answer->complete)
        return HTTP_MORE;
    // The parser pauses right behind a complete answer: what is left is surplus.
    // uncovered: it pauses for nothing else
    if (error != HPE_PAUSED || !answer->complete ||
        llhttp_get_error_pos(&answer->parser) != bytes + byte_count)
        return fail(answer);
    return HTTP_COMPLETE;
}

enum http_result http_finish(struct http_answer *answer)
{
    if (answer->bad)
        return HTTP_BAD;
    if (answer->complete)
        return HTTP_COMPLETE;
    answer->parser.data = answer;
    llhttp_errno_t error = llhttp_finish(&answer->parser);
    // uncovered: what is complete here ended without an error
    if (!answer->complete || (error != HPE_OK && error != HPE_PAUSED))
        return fail(answer);
    return HTTP_COMPLETE;
}

/* The name is compared as it comes, so that nothing of it is kept. */
static int on_field(llhttp_t *parser, const char *at, size_t length)
{
    struct http_answer *answer = parser->data;
    if (answer->field_done) {
        answer->field_done = false;
        answer->field_matched = 0;
        answer->value_bytes = 0;
    }
    for (size_t i = 0; i < length && answer->field_matched != FIELD_OTHER; i++) {
        if (answer->field_matched < RETRY_AFTER_BYTES &&
            (at[i] | 0x20) == (retry_after[answer->field_matched] | 0x20))
            answer->field_matched++;
        else
            answer->field_matched = FIELD_OTHER;
    }
    return 0;
}

static int on_field_complete(llhttp_t *parser)
{
    struct http_answer *answer = parser->data;
    answer->field_done = true;
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct http_answer *answer = parser->data;
    if (answer->field_matched != RETRY_AFTER_BYTES)
        return 0;
    size_t room = sizeof(answer->value) - answer->value_bytes;
    size_t kept = length < room ? length : room;
    memcpy(answer->value + answer->value_bytes, at, kept);
    answer->value_bytes = (uint8_t)(answer->value_bytes + kept);
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct http_answer *answer = parser->data;
    if (answer->field_matched != RETRY_AFTER_BYTES)
        return 0;
    size_t count = answer->value_bytes;
    while (count > 0 && (answer->value[count - 1] == ' ' || answer->value[count - 1] == '\t'))
        count--;
    // A value that fills the buffer was cut: not a number of seconds that anybody means.
    if (count == 0 || count == sizeof(answer->value))
        return 0;
    int64_t seconds = 0;
    for (size_t i = 0; i < count; i++) {
        if (answer->value[i] < '0' || answer->value[i] > '9')
            return 0;
        if (seconds < HTTP_RETRY_AFTER_MAX_S)
            seconds = seconds * 10 + (answer->value[i] - '0');
    }
    if (seconds > HTTP_RETRY_AFTER_MAX_S)
        seconds = HTTP_RETRY_AFTER_MAX_S;
    if (seconds > answer->retry_after_s)
        answer->retry_after_s = seconds;
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    const struct http_answer *answer = parser->data;
    if (parser->http_major != 1 || parser->status_code == 101)
        return -1;
    if ((parser->flags & F_TRANSFER_ENCODING) != 0 && (parser->flags & F_CHUNKED) == 0)
        return -1;
    // These have no body, whatever they say of one (RFC 9112, 6.3): what follows is surplus.
    if (parser->status_code == 304)
        return SKIP_BODY;
    if (parser->status_code == 204)
        return (parser->flags & F_TRANSFER_ENCODING) == 0 && parser->content_length == 0 ? SKIP_BODY
                                                                                         : -1;
    if ((parser->flags & F_CONTENT_LENGTH) != 0 && parser->content_length > answer->body_capacity)
        return -1;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct http_answer *answer = parser->data;
    // An interim answer has no body: one that brings it is out of step.
    if (parser->status_code < 200 || length > answer->body_capacity - answer->body_bytes)
        return -1;
    memcpy(answer->body + answer->body_bytes, at, length);
    answer->body_bytes += (uint32_t)length;
    answer->overhead_bytes -= length;
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_answer *answer = parser->data;
    if (parser->status_code < 200) {
        answer->retry_after_s = -1;
        return ++answer->interim_count > HTTP_INTERIM_MAX ? -1 : 0;
    }
    answer->status = parser->status_code;
    answer->keep_alive = llhttp_should_keep_alive(parser) != 0;
    answer->complete = true;
    return HPE_PAUSED;
}
