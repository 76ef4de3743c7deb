#include "sim/tape.h"

#include <stdlib.h>
#include <string.h>

#include "core/trace_read.h"

void tape_init(struct tape *tape, bool keep, const struct trace_sink *copy)
{
    *tape = (struct tape){.hash = UINT64_C(0xcbf29ce484222325), .keep = keep, .copy = copy};
}

void tape_deinit(struct tape *tape)
{
    free(tape->bytes);
    tape->bytes = NULL;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, size_t byte_count)
{
    uint64_t word;
    hash = mix(hash, byte_count);
    for (; byte_count >= sizeof(word); bytes += sizeof(word), byte_count -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, byte_count);
    return mix(hash, word);
}

static void keep(struct tape *tape, const uint8_t *bytes, size_t byte_count)
{
    if (tape->used + byte_count > TAPE_KEPT_BYTES_MAX) {
        tape->keep = false;
        return;
    }
    if (tape->used + byte_count > tape->capacity) {
        tape->capacity = tape->capacity == 0 ? 1U << 16 : 2 * tape->capacity;
        tape->bytes = realloc(tape->bytes, tape->capacity);
        CHECK(tape->bytes != NULL);
    }
    memcpy(tape->bytes + tape->used, bytes, byte_count);
    tape->used += byte_count;
}

static void take(void *context, const uint8_t *bytes, size_t byte_count)
{
    struct tape *tape = context;
    tape->hash = mix_bytes(tape->hash, bytes, byte_count);
    tape->item_count++;
    if (tape->keep)
        keep(tape, bytes, byte_count);
    if (tape->copy != NULL)
        tape->copy->take(tape->copy->context, bytes, byte_count);
}

static struct trace_sink sink_of(struct tape *tape)
{
    return (struct trace_sink){.context = tape, .take = take};
}

void tape_note(struct tape *tape, uint64_t now_ns, const char *what, uint64_t value)
{
    struct trace_sink sink = sink_of(tape);
    trace_note(&sink, now_ns, what, value);
}

void tape_claim(struct tape *tape, uint64_t now_ns, const struct settle_start *start)
{
    struct trace_sink sink = sink_of(tape);
    trace_claim(&sink, now_ns, start);
}

void tape_end(struct tape *tape, uint64_t now_ns, enum settle_end end, enum status fatal)
{
    struct trace_sink sink = sink_of(tape);
    trace_end(&sink, now_ns, end, fatal);
}

void tape_event(struct tape *tape, uint64_t now_ns, const struct event *event)
{
    struct trace_sink sink = sink_of(tape);
    trace_event(&sink, now_ns, event);
}

void tape_command(struct tape *tape, uint64_t now_ns, const struct command *command)
{
    struct trace_sink sink = sink_of(tape);
    trace_command(&sink, now_ns, command);
}

uint64_t tape_first_difference(const struct tape *a, const struct tape *b, size_t *at)
{
    struct trace_item item;
    size_t used, least = a->used < b->used ? a->used : b->used;
    uint64_t number = 1;
    for (*at = 0; *at < least; *at += used, number++) {
        enum unpack_result result = trace_read(a->bytes + *at, a->used - *at, &item, &used);
        CHECK(result == UNPACK_WHOLE);
        if (*at + used > b->used || memcmp(a->bytes + *at, b->bytes + *at, used) != 0)
            return number;
    }
    return a->used == b->used ? 0 : number;
}
