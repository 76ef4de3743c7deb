#include "core/chunk.h"

#include <string.h>

#include "base/money.h"
#include "base/time.h"
#include "core/canonical.h"
#include "core/group.h"

static void empty(struct chunk_buffer *buffer)
{
    buffer->record_count = 0;
    buffer->first_at_ns = AT_NEVER;
}

void chunk_init(struct chunks *chunks, struct arena *arena, struct hash *hasher,
                const struct chunks_config *config)
{
    CHECK(config->mark >= 1 && config->mark <= CHUNK_RECORDS_MAX);
    *chunks = (struct chunks){.ticket = 1,
                              .mark = config->mark,
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
    chunks->order = ARENA_TAKE(arena, chunks->capacity, uint32_t);
}

static const struct chunk_buffer *filling(const struct chunks *chunks)
{
    return &chunks->buffers[chunks->filling];
}

static const struct chunk_buffer *closed(const struct chunks *chunks)
{
    CHECK(chunks->is_closed);
    return &chunks->buffers[(chunks->filling + 1) % CHUNKS_HELD];
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

bool chunk_has_room(const struct chunks *chunks)
{
    return filling(chunks)->record_count < chunks->mark;
}

uint32_t chunk_ticket(const struct chunks *chunks)
{
    return chunks->ticket;
}

bool chunk_is_written(const struct chunks *chunks, uint32_t ticket)
{
    CHECK(ticket <= chunks->ticket);
    return ticket + chunks->is_closed < chunks->ticket;
}

bool chunk_is_due(const struct chunks *chunks, bool hurry, uint64_t now_ns)
{
    if (chunks->is_closed)
        return !chunks->is_handed;
    const struct chunk_buffer *buffer = filling(chunks);
    if (buffer->record_count == 0)
        return false;
    return hurry || buffer->record_count >= chunks->mark ||
           now_ns - buffer->first_at_ns >= chunks->delay_ns;
}

static void close_buffer(struct chunks *chunks)
{
    CHECK(filling(chunks)->record_count > 0);
    chunks->is_closed = true;
    chunks->is_grouped = false;
    chunks->first = chunks->suspect_end = 0;
    chunks->filling = (chunks->filling + 1) % CHUNKS_HELD;
    chunks->ticket++;
    CHECK(filling(chunks)->record_count == 0);
}

/* Half of what is suspected; all the rest where nothing is. */
static uint32_t next_part(const struct chunks *chunks)
{
    const struct chunk_buffer *buffer = closed(chunks);
    if (chunks->is_stand_in)
        return 1;
    return chunks->first < chunks->suspect_end
               ? group_half(buffer->records, chunks->first, chunks->suspect_end)
               : buffer->record_count - chunks->first;
}

static void count_entries(struct chunk *chunk)
{
    chunk->entry_count = 0;
    chunk->debit_total_minor = 0;
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        if (record->record_kind != RECORD_ENTRY)
            continue;
        CHECK(record->entry.amount_minor > 0);
        chunk->entry_count++;
        chunk->debit_total_minor = money_add(chunk->debit_total_minor, record->entry.amount_minor);
    }
}

const struct chunk *chunk_hand_out(struct chunks *chunks)
{
    CHECK(!chunks->is_handed);
    if (!chunks->is_closed)
        close_buffer(chunks);
    chunks->part_count = next_part(chunks);
    CHECK(chunks->part_count > 0);
    struct chunk *handed = &chunks->handed;
    handed->number = chunks->number + 1;
    handed->records = closed(chunks)->records + chunks->first;
    handed->record_count = chunks->part_count;
    count_entries(handed);
    handed->prev_hash = chunks->hash;
    handed->hash =
        canonical_chunk_hash(chunks->hasher, &chunks->hash, handed->records, handed->record_count);
    chunks->is_handed = true;
    return handed;
}

const struct chunk *chunk_again(const struct chunks *chunks)
{
    CHECK(chunks->is_handed);
    return &chunks->handed;
}

void chunk_written(struct chunks *chunks)
{
    CHECK(chunks->is_handed);
    chunks->is_handed = chunks->is_stand_in = false;
    chunks->number = chunks->handed.number;
    chunks->hash = chunks->handed.hash;
    chunks->first += chunks->part_count;
    if (chunks->first < closed(chunks)->record_count)
        return;
    chunks->is_closed = false;
    empty(&chunks->buffers[(chunks->filling + 1) % CHUNKS_HELD]);
}

/* ---- refused --------------------------------------------------------------------------------- */

enum chunk_refusal chunk_refused(struct chunks *chunks)
{
    CHECK(chunks->is_handed);
    chunks->is_handed = false;
    if (chunks->is_stand_in)
        return CHUNK_HOPELESS;
    const struct chunk_buffer *buffer = closed(chunks);
    if (!chunks->is_grouped) {
        CHECK(chunks->first == 0);
        group_by_settlement(buffer->records, chunks->order, buffer->record_count);
        chunks->is_grouped = true;
    }
    chunks->suspect_end = chunks->first + chunks->part_count;
    bool is_alone =
        group_half(buffer->records, chunks->first, chunks->suspect_end) == chunks->part_count;
    return is_alone ? CHUNK_ALONE : CHUNK_HALVED;
}

uint64_t chunk_alone(const struct chunks *chunks)
{
    CHECK(!chunks->is_handed && chunks->first < chunks->suspect_end);
    return closed(chunks)->records[chunks->first].settlement_id;
}

const struct record *chunk_unwritten_of(const struct chunks *chunks, uint64_t settlement_id,
                                        uint32_t *cursor)
{
    uint32_t closed_count = closed(chunks)->record_count - chunks->first;
    uint32_t count = closed_count + filling(chunks)->record_count;
    while (*cursor < count) {
        uint32_t at = (*cursor)++;
        const struct record *record = at < closed_count
                                          ? &closed(chunks)->records[chunks->first + at]
                                          : &filling(chunks)->records[at - closed_count];
        if (record->settlement_id == settlement_id)
            return record;
    }
    return NULL;
}

static void drop_from(struct chunk_buffer *buffer, uint64_t settlement_id)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < buffer->record_count; i++)
        if (buffer->records[i].settlement_id != settlement_id)
            buffer->records[kept++] = buffer->records[i];
    buffer->record_count = kept;
    if (kept == 0)
        empty(buffer);
}

struct record *chunk_replace(struct chunks *chunks)
{
    drop_from(&chunks->buffers[chunks->filling], chunk_alone(chunks));
    chunks->first = chunks->suspect_end - 1;
    chunks->is_stand_in = true;
    struct record *record = &closed(chunks)->records[chunks->first];
    memset(record, 0, sizeof(*record));
    return record;
}

/* ---- ask ------------------------------------------------------------------------------------- */

uint64_t chunk_next_at(const struct chunks *chunks)
{
    const struct chunk_buffer *buffer = filling(chunks);
    if (chunks->is_closed)
        return chunks->is_handed ? AT_NEVER : closed(chunks)->first_at_ns;
    return buffer->record_count == 0 ? AT_NEVER : buffer->first_at_ns + chunks->delay_ns;
}

bool chunk_is_idle(const struct chunks *chunks)
{
    return !chunks->is_closed && filling(chunks)->record_count == 0;
}
