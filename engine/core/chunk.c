#include "core/chunk.h"

#include <string.h>

#include "base/money.h"
#include "base/time.h"
#include "core/canonical.h"

static void empty(struct chunk_buffer *buffer)
{
    buffer->record_count = 0;
    buffer->entry_count = 0;
    buffer->debit_total_minor = 0;
    buffer->first_at_ns = AT_NEVER;
}

void chunk_init(struct chunks *chunks, struct arena *arena, struct hash *hasher,
                const struct chunks_config *config)
{
    CHECK(config->mark >= 1 && config->mark <= CHUNK_RECORDS_MAX);
    *chunks = (struct chunks){.mark = config->mark,
                              .capacity = CHUNK_CAPACITY(config->mark, config->calls),
                              .delay_ns = config->delay_ns,
                              .number = config->number,
                              .hash = config->hash,
                              .hasher = hasher};
    chunks->handed = (struct chunk){
        .batch_id = config->batch_id, .partition = config->partition, .epoch = config->epoch};
    for (uint32_t i = 0; i < CHUNKS_HELD; i++) {
        chunks->buffers[i].records = ARENA_TAKE(arena, chunks->capacity, struct record);
        empty(&chunks->buffers[i]);
    }
}

static const struct chunk_buffer *filling(const struct chunks *chunks)
{
    return &chunks->buffers[chunks->filling];
}

struct record *chunk_append(struct chunks *chunks, uint64_t now_ns)
{
    struct chunk_buffer *buffer = &chunks->buffers[chunks->filling];
    CHECK(buffer->record_count < chunks->capacity);
    if (buffer->record_count == 0)
        buffer->first_at_ns = now_ns;
    struct record *record = &buffer->records[buffer->record_count++];
    memset(record, 0, sizeof(*record));
    return record;
}

void chunk_count_entry(struct chunks *chunks, int64_t amount_minor)
{
    struct chunk_buffer *buffer = &chunks->buffers[chunks->filling];
    CHECK(amount_minor > 0);
    buffer->entry_count++;
    buffer->debit_total_minor = money_add(buffer->debit_total_minor, amount_minor);
}

bool chunk_has_room(const struct chunks *chunks)
{
    return filling(chunks)->record_count < chunks->mark;
}

uint32_t chunk_filling_number(const struct chunks *chunks)
{
    return chunks->number + (chunks->is_writing ? 2 : 1);
}

bool chunk_is_due(const struct chunks *chunks, bool hurry, uint64_t now_ns)
{
    const struct chunk_buffer *buffer = filling(chunks);
    if (chunks->is_writing || buffer->record_count == 0)
        return false;
    return hurry || buffer->record_count >= chunks->mark ||
           now_ns - buffer->first_at_ns >= chunks->delay_ns;
}

const struct chunk *chunk_hand_out(struct chunks *chunks)
{
    const struct chunk_buffer *buffer = filling(chunks);
    CHECK(!chunks->is_writing && buffer->record_count > 0);
    chunks->handed.number = chunks->number + 1;
    chunks->handed.records = buffer->records;
    chunks->handed.record_count = buffer->record_count;
    chunks->handed.entry_count = buffer->entry_count;
    chunks->handed.debit_total_minor = buffer->debit_total_minor;
    chunks->handed.prev_hash = chunks->hash;
    chunks->handed.hash =
        canonical_chunk_hash(chunks->hasher, &chunks->hash, buffer->records, buffer->record_count);
    chunks->is_writing = true;
    chunks->filling = (chunks->filling + 1) % CHUNKS_HELD;
    CHECK(filling(chunks)->record_count == 0);
    return &chunks->handed;
}

const struct chunk *chunk_again(const struct chunks *chunks)
{
    CHECK(chunks->is_writing);
    return &chunks->handed;
}

void chunk_written(struct chunks *chunks)
{
    CHECK(chunks->is_writing);
    chunks->is_writing = false;
    chunks->number = chunks->handed.number;
    chunks->hash = chunks->handed.hash;
    empty(&chunks->buffers[(chunks->filling + 1) % CHUNKS_HELD]);
}

uint64_t chunk_next_at(const struct chunks *chunks)
{
    const struct chunk_buffer *buffer = filling(chunks);
    if (chunks->is_writing || buffer->record_count == 0)
        return AT_NEVER;
    return buffer->first_at_ns + chunks->delay_ns;
}

bool chunk_is_idle(const struct chunks *chunks)
{
    return !chunks->is_writing && filling(chunks)->record_count == 0;
}
