#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "wire/http.h"

#define BODY_CAPACITY 64

static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: 13\r\n\r\n{\"amount\": 5}";
static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "4\r\n{\"am\r\n9\r\nount\": 5}\r\n0\r\n\r\n";
static const char throttled[] = "HTTP/1.1 429 Too Many Requests\r\nretry-After:  17 \r\n"
                                "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
                              "Retry-After: 9\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
static const char empty[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
static const char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";

struct outcome {
    enum http_result result;
    uint16_t status;
    bool keep_alive;
    int64_t retry_after_s;
    uint32_t body_bytes;
    char body[BODY_CAPACITY];
};

static void note(struct outcome *outcome, const struct http_answer *answer, const char *body)
{
    if (outcome->result != HTTP_COMPLETE)
        return;
    outcome->status = answer->status;
    outcome->keep_alive = answer->keep_alive;
    outcome->retry_after_s = answer->retry_after_s;
    outcome->body_bytes = answer->body_bytes;
    memcpy(outcome->body, body, answer->body_bytes);
}

/* Every feed is a copy of its own before a forbidden page. */
static struct outcome feed_pieces(const char *bytes, size_t byte_count, size_t first, size_t step)
{
    struct guard guard = guard_open();
    struct http_answer answer;
    struct outcome outcome = {0};
    char body[BODY_CAPACITY];
    http_begin(&answer, body, sizeof(body));
    outcome.result = HTTP_MORE;
    for (size_t at = 0; at < byte_count;) {
        size_t count = at == 0 ? first : step;
        if (count == 0 || count > byte_count - at)
            count = byte_count - at;
        outcome.result = http_feed(&answer, guard_copy(&guard, bytes + at, count), count);
        at += count;
    }
    note(&outcome, &answer, body);
    guard_close(&guard);
    return outcome;
}

static struct outcome feed_whole(const char *bytes)
{
    return feed_pieces(bytes, strlen(bytes), strlen(bytes), 0);
}

static void assert_same(const struct outcome *a, const struct outcome *b)
{
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->keep_alive, b->keep_alive);
    assert_int_equal(a->retry_after_s, b->retry_after_s);
    assert_int_equal(a->body_bytes, b->body_bytes);
    assert_memory_equal(a->body, b->body, a->body_bytes);
}

static void good_answers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        uint16_t status;
        bool keep_alive;
        int64_t retry_after_s;
        const char *body;
    } rows[] = {
        {plain, 200, true, -1, "{\"amount\": 5}"},
        {chunked, 200, true, -1, "{\"amount\": 5}"},
        {throttled, 429, false, 17, "{}"},
        {interim, 200, true, -1, "{}"},
        {empty, 200, true, -1, ""},
        {no_content, 204, true, -1, ""},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, false, -1, "{}"},
        {"HTTP/1.1 500 \r\nContent-Length: 1\r\n\r\nx", 500, true, -1, "x"},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", 304, true, -1, ""},
        {"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", 204, true, -1, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome outcome = feed_whole(rows[i].bytes);
        assert_int_equal(outcome.result, HTTP_COMPLETE);
        assert_int_equal(outcome.status, rows[i].status);
        assert_int_equal(outcome.keep_alive, rows[i].keep_alive);
        assert_int_equal(outcome.retry_after_s, rows[i].retry_after_s);
        assert_int_equal(outcome.body_bytes, strlen(rows[i].body));
        assert_memory_equal(outcome.body, rows[i].body, outcome.body_bytes);
    }
}

static const char *const good[] = {plain, chunked, throttled, interim, empty, no_content};
#define GOOD_COUNT (sizeof(good) / sizeof(good[0]))

static void a_split_anywhere_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        size_t count = strlen(good[i]);
        struct outcome whole = feed_whole(good[i]);
        for (size_t at = 1; at < count; at++) {
            struct outcome split = feed_pieces(good[i], count, at, 0);
            assert_same(&whole, &split);
        }
        struct outcome bytewise = feed_pieces(good[i], count, 1, 1);
        assert_same(&whole, &bytewise);
    }
}

static void every_prefix_wants_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        size_t count = strlen(good[i]);
        for (size_t at = 0; at < count; at++) {
            struct outcome cut = feed_pieces(good[i], at, at, 0);
            assert_int_equal(cut.result, HTTP_MORE);
        }
    }
}

static void a_prefix_that_ends_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        for (size_t at = 0; at < strlen(good[i]); at++) {
            struct http_answer answer;
            char body[BODY_CAPACITY];
            http_begin(&answer, body, sizeof(body));
            assert_int_equal(http_feed(&answer, good[i], at), HTTP_MORE);
            assert_int_equal(http_finish(&answer), HTTP_BAD);
            assert_int_equal(http_feed(&answer, "x", 1), HTTP_BAD);
        }
    }
}

static void one_byte_too_many_is_bad_wherever_it_is_split(void **state)
{
    (void)state;
    char bytes[512];
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        for (const char *surplus = "H{\r\n 0"; *surplus != 0; surplus++) {
            size_t count = strlen(good[i]);
            memcpy(bytes, good[i], count);
            bytes[count] = *surplus;
            for (size_t at = 1; at <= count + 1; at++) {
                struct outcome outcome = feed_pieces(bytes, count + 1, at, 0);
                assert_int_equal(outcome.result, HTTP_BAD);
            }
        }
    }
}

static void a_second_answer_behind_the_first_is_bad(void **state)
{
    (void)state;
    char bytes[512];
    snprintf(bytes, sizeof(bytes), "%s%s", plain, plain);
    for (size_t at = 1; at < strlen(bytes); at++) {
        struct outcome outcome = feed_pieces(bytes, strlen(bytes), at, 0);
        assert_int_equal(outcome.result, HTTP_BAD);
    }
}

static void feeding_nothing_after_the_end_changes_nothing(void **state)
{
    (void)state;
    struct http_answer answer;
    char body[BODY_CAPACITY];
    http_begin(&answer, body, sizeof(body));
    assert_int_equal(http_feed(&answer, plain, sizeof(plain) - 1), HTTP_COMPLETE);
    assert_int_equal(http_feed(&answer, plain, 0), HTTP_COMPLETE);
    assert_int_equal(http_finish(&answer), HTTP_COMPLETE);
    assert_int_equal(answer.body_bytes, 13);
}

static void the_same_value_reads_one_answer_after_another(void **state)
{
    (void)state;
    struct http_answer answer;
    char body[BODY_CAPACITY];
    for (size_t i = 0; i < 3 * GOOD_COUNT; i++) {
        const char *bytes = good[i % GOOD_COUNT];
        http_begin(&answer, body, sizeof(body));
        assert_int_equal(http_feed(&answer, bytes, strlen(bytes)), HTTP_COMPLETE);
    }
    http_begin(&answer, body, sizeof(body));
    assert_int_equal(http_feed(&answer, "junk", 4), HTTP_BAD);
    http_begin(&answer, body, sizeof(body));
    assert_int_equal(http_feed(&answer, plain, sizeof(plain) - 1), HTTP_COMPLETE);
    assert_int_equal(answer.retry_after_s, -1);
}

static void bad_framing_is_bad_at_every_split(void **state)
{
    (void)state;
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"
    static const char *const rows[] = {
        OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        OK "Content-Length: 2, 2\r\n\r\n{}",
        OK "Content-Length: -2\r\n\r\n{}",
        OK "Content-Length: +2\r\n\r\n{}",
        OK "Content-Length: 0x2\r\n\r\n{}",
        OK "Content-Length: 18446744073709551618\r\n\r\n{}",
        OK "Content-Length: 65\r\n\r\n",
        OK "Transfer-Encoding: gzip\r\n\r\n{}",
        OK "Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        CHUNKS "2\r\n{}X\r\n0\r\n\r\n",
        CHUNKS "2\r\n{}\r\n-1\r\n\r\n",
        CHUNKS "xyz\r\n{}\r\n0\r\n\r\n",
        CHUNKS "ffffffffffffffffff\r\n{}",
        CHUNKS "10000000000000002\r\n{}\r\n0\r\n\r\n",
        CHUNKS "41\r\n01234567890123456789012345678901234567890123456789012345678901234\r\n0\r\n"
               "\r\n",
        CHUNKS "2\n{}\r\n0\r\n\r\n",
        "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n{}",
        OK "Content-Length: 2\n\n{}",
        "ICY 200 OK\r\n\r\n",
        " HTTP/1.1 200 OK\r\n\r\n",
        OK "Bad Name: 1\r\nContent-Length: 2\r\n\r\n{}",
        OK "Name : 1\r\nContent-Length: 2\r\n\r\n{}",
        OK "Content-Length: 2\r\nX: a\x01\x62\r\n\r\n{}",
        "GET / HTTP/1.1\r\n\r\n",
    };
#undef CHUNKS
#undef OK
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t count = strlen(rows[i]);
        for (size_t at = 1; at <= count; at++) {
            struct outcome outcome = feed_pieces(rows[i], count, at, 0);
            if (outcome.result != HTTP_BAD)
                fail_msg("row %zu split at %zu gives %d", i, at, outcome.result);
        }
    }
}

static void a_body_may_fill_the_buffer_and_not_more(void **state)
{
    (void)state;
    char bytes[256];
    for (int count = BODY_CAPACITY - 1; count <= BODY_CAPACITY + 1; count++) {
        snprintf(bytes, sizeof(bytes),
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%0*d\r\n0\r\n\r\n",
                 (unsigned)count, count, 7);
        struct outcome outcome = feed_whole(bytes);
        assert_int_equal(outcome.result, count <= BODY_CAPACITY ? HTTP_COMPLETE : HTTP_BAD);
    }
}

/* `head`, then one byte again and again: when does it turn bad? */
static size_t bytes_until_bad(const char *head, const char *again)
{
    struct http_answer answer;
    char body[BODY_CAPACITY];
    http_begin(&answer, body, sizeof(body));
    enum http_result result = http_feed(&answer, head, strlen(head));
    size_t fed = strlen(head);
    while (result == HTTP_MORE && fed < 1000000) {
        result = http_feed(&answer, again, strlen(again));
        fed += strlen(again);
    }
    return result == HTTP_BAD ? fed : 0;
}

static void what_is_not_body_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        const char *again;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nX: ", "a"},
        {"HTTP/1.1 200 OK\r\nX:", " "},
        {"HTTP/1.1 200 OK\r\n", "X: y\r\n"},
        {"HTTP/1.1 200 OK\r\nX", "x"},
        {"HTTP/1.1 200 ", "o"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0", "0"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t fed = bytes_until_bad(rows[i].head, rows[i].again);
        assert_in_range(fed, 1, HTTP_OVERHEAD_BYTES_MAX + 8);
    }
}

static void interim_answers_are_bounded(void **state)
{
    (void)state;
    size_t fed = bytes_until_bad("", "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(fed, (HTTP_INTERIM_MAX + 1) * strlen("HTTP/1.1 100 Continue\r\n\r\n"));
}

static void retry_after_is_read_in_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t seconds;
    } rows[] = {
        {"Retry-After: 0", 0},
        {"RETRY-AFTER:5", 5},
        {"Retry-After: 120\t ", 120},
        {"Retry-After: 86400", 86400},
        {"Retry-After: 86401", 86400},
        {"Retry-After: 1000000000", 86400},
        {"Retry-After: 9999999999999999999999", 86400},
        {"Retry-After: 99999999999999999999999", 86400},
        {"Retry-After: 999999999999999999999999", -1},
        {"Retry-After: -1", -1},
        {"Retry-After: 1.5", -1},
        {"Retry-After: 5s", -1},
        {"Retry-After:", -1},
        {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", -1},
        {"Retry-Afte: 5", -1},
        {"Retry-After2: 5", -1},
        {"XRetry-After: 5", -1},
        {"Retry-After: 3\r\nX: 7\r\nRetry-After: 2", 3},
        {"X: 7\r\nRetry-After: 4\r\nretry-aftee: 9", 4},
    };
    char bytes[256];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(bytes, sizeof(bytes), "HTTP/1.1 429 Slow\r\n%s\r\nContent-Length: 0\r\n\r\n",
                 rows[i].header);
        struct outcome whole = feed_whole(bytes);
        assert_int_equal(whole.result, HTTP_COMPLETE);
        if (whole.retry_after_s != rows[i].seconds)
            fail_msg("%s gives %lld", rows[i].header, (long long)whole.retry_after_s);
        for (size_t at = 1; at < strlen(bytes); at++) {
            struct outcome split = feed_pieces(bytes, strlen(bytes), at, 0);
            assert_same(&whole, &split);
        }
    }
}

static void an_answer_may_end_with_its_connection(void **state)
{
    (void)state;
    static const char bytes[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"a\":1}";
    struct http_answer answer;
    char body[BODY_CAPACITY];
    http_begin(&answer, body, sizeof(body));
    assert_int_equal(http_feed(&answer, bytes, sizeof(bytes) - 1), HTTP_MORE);
    assert_int_equal(http_finish(&answer), HTTP_COMPLETE);
    assert_int_equal(answer.body_bytes, 7);
    assert_false(answer.keep_alive);
    assert_int_equal(http_feed(&answer, "x", 1), HTTP_BAD);
}

/* A flip may change what a bank says, but never past the bounds, and the same at every split. */
static void a_flipped_byte_never_reads_differently_by_split(void **state)
{
    (void)state;
    char bytes[512];
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        size_t count = strlen(good[i]);
        for (size_t at = 0; at < count; at++) {
            for (unsigned flip = 1; flip < 256; flip = flip < 128 ? flip * 2 : flip + 127) {
                memcpy(bytes, good[i], count);
                bytes[at] = (char)((unsigned char)bytes[at] ^ flip);
                struct outcome whole = feed_pieces(bytes, count, count, 0);
                struct outcome bytewise = feed_pieces(bytes, count, 1, 1);
                assert_same(&whole, &bytewise);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answers_are_read),
        cmocka_unit_test(a_split_anywhere_gives_the_same),
        cmocka_unit_test(every_prefix_wants_more),
        cmocka_unit_test(a_prefix_that_ends_is_bad),
        cmocka_unit_test(one_byte_too_many_is_bad_wherever_it_is_split),
        cmocka_unit_test(a_second_answer_behind_the_first_is_bad),
        cmocka_unit_test(feeding_nothing_after_the_end_changes_nothing),
        cmocka_unit_test(the_same_value_reads_one_answer_after_another),
        cmocka_unit_test(bad_framing_is_bad_at_every_split),
        cmocka_unit_test(a_body_may_fill_the_buffer_and_not_more),
        cmocka_unit_test(what_is_not_body_is_bounded),
        cmocka_unit_test(interim_answers_are_bounded),
        cmocka_unit_test(retry_after_is_read_in_seconds),
        cmocka_unit_test(an_answer_may_end_with_its_connection),
        cmocka_unit_test(a_flipped_byte_never_reads_differently_by_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
