#include "mock/framing.h"

#include <string.h>

#define INTERIMS 200
#define HUGE_BYTES 20000
#define LONGER_BY 64

/* Replace `count` bytes at `at` by others. */
static void splice(struct mock_reply *reply, size_t at, size_t count, const char *bytes,
                   size_t byte_count)
{
    CHECK(at + count <= reply->bytes && reply->bytes - count + byte_count <= MOCK_ANSWER_MAX);
    memmove(reply->answer + at + byte_count, reply->answer + at + count, reply->bytes - at - count);
    memcpy(reply->answer + at, bytes, byte_count);
    reply->bytes = (uint32_t)(reply->bytes - count + byte_count);
}

/* Where a text of the head begins; every answer has it. */
static size_t find(const struct mock_reply *reply, const char *text)
{
    size_t bytes = strlen(text), at = 0;
    while (at + bytes <= reply->bytes && memcmp(reply->answer + at, text, bytes) != 0)
        at++;
    CHECK(at + bytes <= reply->bytes);
    return at;
}

static size_t body_at(const struct mock_reply *reply)
{
    return find(reply, "\r\n\r\n") + 4;
}

/* Content-Length says so much more (or less) than there is. */
static void tell_length(struct mock_reply *reply, int difference)
{
    char digits[8];
    size_t at = find(reply, "Content-Length: ") + strlen("Content-Length: "), count = 0;
    while (reply->answer[at + count] != '\r')
        count++;
    size_t told = reply->bytes - body_at(reply) + (size_t)difference;
    size_t used = sizeof digits;
    do
        digits[--used] = (char)('0' + told % 10);
    while ((told /= 10) > 0);
    splice(reply, at, count, digits + used, sizeof digits - used);
}

static void add_header(struct mock_reply *reply, const char *header)
{
    splice(reply, find(reply, "\r\n") + 2, 0, header, strlen(header));
}

static void use_line_feeds(struct mock_reply *reply)
{
    size_t end = body_at(reply);
    for (size_t at = 0; at < end; at++) {
        if (reply->answer[at] != '\r')
            continue;
        splice(reply, at, 1, "", 0);
        end--;
    }
}

static void flood(struct mock_reply *reply)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    for (int i = 0; i < INTERIMS; i++)
        splice(reply, 0, 0, interim, sizeof interim - 1);
}

static void cut_body(struct mock_reply *reply)
{
    size_t at = body_at(reply);
    reply->bytes = (uint32_t)(at + (reply->bytes - at) / 2);
    reply->close_after = true;
}

static void swell(struct mock_reply *reply)
{
    static const char name[] = "X-Filler: \r\n";
    add_header(reply, name);
    size_t at = find(reply, name) + sizeof name - 3;
    CHECK(reply->bytes + HUGE_BYTES <= MOCK_ANSWER_MAX);
    memmove(reply->answer + at + HUGE_BYTES, reply->answer + at, reply->bytes - at);
    memset(reply->answer + at, 'a', HUGE_BYTES);
    reply->bytes += HUGE_BYTES;
}

static void add_answer(struct mock_reply *reply)
{
    static const char second[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    splice(reply, reply->bytes, 0, second, sizeof second - 1);
}

static void say_less(struct mock_reply *reply)
{
    tell_length(reply, -1);
}

static void say_more(struct mock_reply *reply)
{
    tell_length(reply, LONGER_BY);
}

static void say_two(struct mock_reply *reply)
{
    add_header(reply, "Content-Length: 1\r\n");
}

static void say_chunked(struct mock_reply *reply)
{
    add_header(reply, "Transfer-Encoding: chunked\r\n");
}

void framing_bend(struct mock_reply *reply, enum fault way)
{
    static void (*const bends[FAULT_NONE + 1])(struct mock_reply *) = {
        [FAULT_SHORT_LENGTH] = say_less, [FAULT_LONG_LENGTH] = say_more,
        [FAULT_TWO_LENGTHS] = say_two,   [FAULT_CHUNKED_TOO] = say_chunked,
        [FAULT_SURPLUS] = add_answer,    [FAULT_LINE_FEEDS] = use_line_feeds,
        [FAULT_INTERIM_FLOOD] = flood,   [FAULT_HALF_BODY] = cut_body,
        [FAULT_HUGE_HEADER] = swell,
    };
    if (reply->decision == MOCK_ANSWER && bends[way] != NULL)
        bends[way](reply);
}
