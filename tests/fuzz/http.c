/*
 * The bytes of one connection, from a bank. Whole, in drawn pieces and one by one they must give
 * the same answer; none is complete before its last byte; nothing is written past the body.
 */
#include <sys/mman.h>

#include "fuzz.h"
#include "wire/http.h"

#define BODY_CAPACITY 256U
#define PAGE_BYTES 4096U

struct read {
    enum http_result result;
    size_t first_complete_bytes; /* fed when it was first complete; 0: never */
    uint16_t status;
    bool keep_alive;
    int64_t retry_after_s;
    uint32_t body_bytes;
    char body[BODY_CAPACITY];
};

/* Its last byte lies before a page that may not be touched. */
static char *guarded_body(void)
{
    static char *pages;
    if (pages == NULL) {
        pages =
            mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(pages != MAP_FAILED && mprotect(pages + PAGE_BYTES, PAGE_BYTES, PROT_NONE) == 0);
    }
    return pages + PAGE_BYTES - BODY_CAPACITY;
}

static void note(struct read *read, struct http_answer *answer)
{
    if (read->result != HTTP_COMPLETE)
        return;
    FUZZ_HOLDS(answer->status >= 200 && answer->status <= 999);
    FUZZ_HOLDS(answer->body_bytes <= BODY_CAPACITY);
    FUZZ_HOLDS(answer->retry_after_s >= -1 && answer->retry_after_s <= HTTP_RETRY_AFTER_MAX_S);
    read->status = answer->status;
    read->keep_alive = answer->keep_alive;
    read->retry_after_s = answer->retry_after_s;
    read->body_bytes = answer->body_bytes;
    memcpy(read->body, answer->body, answer->body_bytes);
}

/* `piece_max` 0: whole. `end`: then the connection ends. */
static struct read feed(const uint8_t *bytes, size_t byte_count, size_t piece_max, bool end)
{
    struct prng prng = fuzz_prng(bytes, byte_count);
    struct http_answer answer;
    struct read read = {.result = HTTP_MORE};
    http_begin(&answer, guarded_body(), BODY_CAPACITY);
    for (size_t at = 0; at < byte_count;) {
        size_t count = piece_max == 0 ? byte_count : (size_t)prng_between(&prng, 1, piece_max);
        if (count > byte_count - at)
            count = byte_count - at;
        enum http_result before = read.result;
        read.result = http_feed(&answer, (const char *)bytes + at, count);
        FUZZ_HOLDS(before == HTTP_MORE || read.result == HTTP_BAD);
        at += count;
        if (read.result == HTTP_COMPLETE)
            read.first_complete_bytes = at;
    }
    if (end) {
        enum http_result before = read.result;
        read.result = http_finish(&answer);
        FUZZ_HOLDS(read.result != HTTP_MORE);
        FUZZ_HOLDS(before == HTTP_MORE || read.result == before);
        // An answer that its connection's end completes is no proof of a healthy connection.
        if (before == HTTP_MORE)
            answer.keep_alive = false;
    }
    note(&read, &answer);
    FUZZ_HOLDS(read.result != HTTP_BAD || http_feed(&answer, "x", 1) == HTTP_BAD);
    return read;
}

static void check_same(const struct read *a, const struct read *b)
{
    FUZZ_HOLDS(a->result == b->result);
    FUZZ_HOLDS(a->status == b->status);
    FUZZ_HOLDS(a->keep_alive == b->keep_alive);
    FUZZ_HOLDS(a->retry_after_s == b->retry_after_s);
    FUZZ_HOLDS(a->body_bytes == b->body_bytes);
    FUZZ_HOLDS(memcmp(a->body, b->body, a->body_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    for (int end = 0; end < 2; end++) {
        struct read whole = feed(bytes, byte_count, 0, end);
        struct read pieces = feed(bytes, byte_count, 40, end);
        struct read bytewise = feed(bytes, byte_count, 1, end);
        check_same(&whole, &pieces);
        check_same(&whole, &bytewise);
        if (whole.result == HTTP_COMPLETE && !end)
            FUZZ_HOLDS(bytewise.first_complete_bytes == byte_count);
    }
    return 0;
}
