#include "real/store_copy.h"

#include <string.h>

#include "real/pg.h"

/* Most bytes one row takes: an outcome with both texts whole. */
#define ROW_BYTES_MAX 256U
#define HEADER_BYTES 19U
#define TRAILER_BYTES 2U

_Static_assert(ROW_BYTES_MAX + HEADER_BYTES + TRAILER_BYTES <= STORE_PIECE_BYTES,
               "a piece holds at least a row");

struct writer {
    uint8_t *at;
};

static inline void put_columns(struct writer *w, uint16_t count)
{
    uint16_t big = __builtin_bswap16(count);
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static inline void put_length(struct writer *w, uint32_t length)
{
    uint32_t big = __builtin_bswap32(length);
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static inline void put_int8(struct writer *w, int64_t value)
{
    uint64_t big = __builtin_bswap64((uint64_t)value);
    put_length(w, sizeof(big));
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static inline void put_int4(struct writer *w, uint32_t value)
{
    put_length(w, sizeof(value));
    put_length(w, value);
}

static inline void put_int2(struct writer *w, uint16_t value)
{
    put_length(w, sizeof(value));
    put_columns(w, value);
}

static inline void put_bytes(struct writer *w, const void *bytes, uint32_t byte_count)
{
    put_length(w, byte_count);
    memcpy(w->at, bytes, byte_count);
    w->at += byte_count;
}

static inline void put_null(struct writer *w)
{
    put_length(w, UINT32_MAX);
}

static inline void put_at(struct writer *w, int64_t at_us)
{
    put_int8(w, at_us - PG_EPOCH_US);
}

static inline void put_int8_or_null(struct writer *w, int64_t value)
{
    if (value == 0)
        put_null(w);
    else
        put_int8(w, value);
}

static inline void put_text_or_null(struct writer *w, const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);
    CHECK(length <= most);
    if (length == 0)
        put_null(w);
    else
        put_bytes(w, text, (uint32_t)length);
}

static const char *const copy_sql[STORE_TABLES] = {
    [RECORD_INTENT - 1] =
        "COPY daybook.intent (settlement_id, amount_minor, mapping_id, intended_at, send_before, "
        "idem_key, chunk, position, profile_id, step, kind, generation, body_sha256) "
        "FROM STDIN (FORMAT binary);",
    [RECORD_ATTEMPT - 1] =
        "COPY daybook.attempt (settlement_id, at, send_before, chunk, position, step, kind, "
        "generation, number) FROM STDIN (FORMAT binary);",
    [RECORD_OUTCOME - 1] =
        "COPY daybook.outcome (settlement_id, amount_minor, at, chunk, position, seq, step, kind, "
        "generation, state, available_minor, held_minor, residue_minor, code, bank_ref) "
        "FROM STDIN (FORMAT binary);",
    [RECORD_ENTRY - 1] =
        "COPY daybook.entry (settlement_id, amount_minor, chunk, position, step, kind, "
        "generation, line, debit, credit) FROM STDIN (FORMAT binary);",
    [RECORD_DECISION - 1] =
        "COPY daybook.decision (settlement_id, request_id, amount_minor, mapping_id, at, chunk, "
        "position, request_kind, state, code) FROM STDIN (FORMAT binary);",
};

const char *store_copy_sql(enum record_kind table)
{
    CHECK(table >= RECORD_INTENT && table <= RECORD_DECISION);
    return copy_sql[table - 1];
}

void store_copy_count(const struct chunk *chunk, uint32_t counts[STORE_TABLES])
{
    memset(counts, 0, STORE_TABLES * sizeof(counts[0]));
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        uint8_t kind = chunk->records[i].record_kind;
        CHECK(kind >= RECORD_INTENT && kind <= RECORD_DECISION);
        counts[kind - 1]++;
    }
}

void store_copy_begin(struct store_copy *copy, const struct store_config *config,
                      const struct chunk *chunk, enum record_kind table, uint32_t row_count)
{
    *copy = (struct store_copy){
        .config = config, .chunk = chunk, .table = (uint8_t)table, .rows_left = row_count};
}

static struct digest body_digest(const struct store_config *config, const struct record *record)
{
    const struct transfer_order order = {
        .settlement_id = record->settlement_id,
        .key = record->intent.key,
        .amount_minor = record->intent.amount_minor,
        .step = record->step,
        .kind = record->kind,
        .generation = record->generation,
    };
    return profile_body_digest(config->banks[record->bank].profile, config->hash, &order,
                               record->intent.parties);
}

static void put_intent(struct writer *w, const struct store_config *config, uint32_t chunk,
                       uint32_t position, const struct record *record)
{
    CHECK(record->bank < config->bank_count);
    const struct digest body = body_digest(config, record);
    put_columns(w, 13);
    put_int8(w, (int64_t)record->settlement_id);
    put_int8(w, record->intent.amount_minor);
    put_int8(w, record->intent.mapping_id);
    put_at(w, record->intent.intended_at_us);
    put_at(w, record->intent.send_before_us);
    put_bytes(w, record->intent.key.bytes, IDEM_KEY_BYTES);
    put_int4(w, chunk);
    put_int4(w, position);
    put_int4(w, (uint32_t)config->banks[record->bank].profile_id);
    put_int2(w, record->step);
    put_int2(w, record->kind);
    put_int2(w, record->generation);
    put_bytes(w, body.bytes, DIGEST_BYTES);
}

static void put_attempt(struct writer *w, uint32_t chunk, uint32_t position,
                        const struct record *record)
{
    CHECK(record->attempt.number <= INT16_MAX);
    put_columns(w, 9);
    put_int8(w, (int64_t)record->settlement_id);
    put_at(w, record->attempt.at_us);
    put_at(w, record->attempt.send_before_us);
    put_int4(w, chunk);
    put_int4(w, position);
    put_int2(w, record->step);
    put_int2(w, record->kind);
    put_int2(w, record->generation);
    put_int2(w, record->attempt.number);
}

static void put_outcome(struct writer *w, uint32_t chunk, uint32_t position,
                        const struct record *record)
{
    CHECK(record->outcome.seq <= INT16_MAX);
    put_columns(w, 15);
    put_int8(w, (int64_t)record->settlement_id);
    put_int8(w, record->outcome.amount_minor);
    put_at(w, record->outcome.at_us);
    put_int4(w, chunk);
    put_int4(w, position);
    put_int2(w, record->outcome.seq);
    put_int2(w, record->step);
    put_int2(w, record->kind);
    put_int2(w, record->generation);
    put_int2(w, record->outcome.state);
    put_int8_or_null(w, record->outcome.available_minor);
    put_int8_or_null(w, record->outcome.held_minor);
    put_int8_or_null(w, record->outcome.residue_minor);
    put_text_or_null(w, record->outcome.text.code, CODE_TEXT_MAX);
    put_text_or_null(w, record->outcome.text.bank_ref, BANK_REF_MAX);
}

static void put_entry(struct writer *w, uint32_t chunk, uint32_t position,
                      const struct record *record)
{
    put_columns(w, 10);
    put_int8(w, (int64_t)record->settlement_id);
    put_int8(w, record->entry.amount_minor);
    put_int4(w, chunk);
    put_int4(w, position);
    put_int2(w, record->step);
    put_int2(w, record->kind);
    put_int2(w, record->generation);
    put_int2(w, record->entry.line);
    put_int2(w, record->entry.debit);
    put_int2(w, record->entry.credit);
}

static void put_decision(struct writer *w, uint32_t chunk, uint32_t position,
                         const struct record *record)
{
    CHECK(record->decision.request_id <= INT64_MAX);
    put_columns(w, 10);
    put_int8(w, (int64_t)record->settlement_id);
    put_int8(w, (int64_t)record->decision.request_id);
    put_int8(w, record->decision.amount_minor);
    put_int8(w, record->decision.mapping_id);
    put_at(w, record->decision.at_us);
    put_int4(w, chunk);
    put_int4(w, position);
    put_int2(w, record->decision.request_kind);
    put_int2(w, record->decision.state);
    put_text_or_null(w, record->decision.code, CODE_TEXT_MAX);
}

static void put_row(struct writer *w, const struct store_copy *copy, uint32_t index)
{
    const struct record *record = &copy->chunk->records[index];
    uint32_t chunk = copy->chunk->number;
    uint32_t position = index + 1;
    switch ((enum record_kind)record->record_kind) {
    case RECORD_INTENT:
        put_intent(w, copy->config, chunk, position, record);
        return;
    case RECORD_ATTEMPT:
        put_attempt(w, chunk, position, record);
        return;
    case RECORD_OUTCOME:
        put_outcome(w, chunk, position, record);
        return;
    case RECORD_ENTRY:
        put_entry(w, chunk, position, record);
        return;
    case RECORD_DECISION:
        put_decision(w, chunk, position, record);
        return;
    }
    CHECK(false);
}

size_t store_copy_piece(struct store_copy *copy, uint8_t piece[STORE_PIECE_BYTES])
{
    static const uint8_t header[HEADER_BYTES] = "PGCOPY\n\377\r\n\0"
                                                "\0\0\0\0"
                                                "\0\0\0";
    static const uint8_t trailer[TRAILER_BYTES] = {0xff, 0xff};
    if (copy->ended)
        return 0;
    struct writer w = {.at = piece};
    const uint8_t *full = piece + STORE_PIECE_BYTES - ROW_BYTES_MAX - TRAILER_BYTES;
    if (!copy->begun) {
        memcpy(w.at, header, HEADER_BYTES);
        w.at += HEADER_BYTES;
        copy->begun = true;
    }
    for (; copy->rows_left > 0 && w.at <= full; copy->index++) {
        CHECK(copy->index < copy->chunk->record_count);
        if (copy->chunk->records[copy->index].record_kind != copy->table)
            continue;
        put_row(&w, copy, copy->index);
        copy->rows_left--;
    }
    if (copy->rows_left == 0) {
        memcpy(w.at, trailer, TRAILER_BYTES);
        w.at += TRAILER_BYTES;
        copy->ended = true;
    }
    return (size_t)(w.at - piece);
}
