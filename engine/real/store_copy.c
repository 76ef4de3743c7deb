#include "real/store_copy.h"

#include "real/copy_row.h"

/* Most bytes one row takes: an outcome with both texts whole. */
#define ROW_BYTES_MAX 256U

_Static_assert(ROW_BYTES_MAX + COPY_HEADER_BYTES + COPY_TRAILER_BYTES <= STORE_PIECE_BYTES,
               "a piece holds at least a row");

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
};

const char *store_copy_sql(enum record_kind table)
{
    CHECK(table >= RECORD_INTENT && table <= RECORD_ENTRY);
    return copy_sql[table - 1];
}

void store_copy_count(const struct chunk *chunk, uint32_t counts[STORE_TABLES])
{
    memset(counts, 0, STORE_TABLES * sizeof(counts[0]));
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        uint8_t kind = chunk->records[i].record_kind;
        CHECK(kind >= RECORD_INTENT && kind <= RECORD_ENTRY);
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

static void put_intent(struct copy_writer *w, const struct store_config *config, uint32_t chunk,
                       uint32_t position, const struct record *record)
{
    CHECK(record->bank < config->bank_count);
    const struct digest body = body_digest(config, record);
    copy_put_columns(w, 13);
    copy_put_int8(w, (int64_t)record->settlement_id);
    copy_put_int8(w, record->intent.amount_minor);
    copy_put_int8(w, record->intent.mapping_id);
    copy_put_at(w, record->intent.intended_at_us);
    copy_put_at(w, record->intent.send_before_us);
    copy_put_bytes(w, record->intent.key.bytes, IDEM_KEY_BYTES);
    copy_put_int4(w, chunk);
    copy_put_int4(w, position);
    copy_put_int4(w, (uint32_t)config->banks[record->bank].profile_id);
    copy_put_int2(w, record->step);
    copy_put_int2(w, record->kind);
    copy_put_int2(w, record->generation);
    copy_put_bytes(w, body.bytes, DIGEST_BYTES);
}

static void put_attempt(struct copy_writer *w, uint32_t chunk, uint32_t position,
                        const struct record *record)
{
    CHECK(record->attempt.number <= INT16_MAX);
    copy_put_columns(w, 9);
    copy_put_int8(w, (int64_t)record->settlement_id);
    copy_put_at(w, record->attempt.at_us);
    copy_put_at(w, record->attempt.send_before_us);
    copy_put_int4(w, chunk);
    copy_put_int4(w, position);
    copy_put_int2(w, record->step);
    copy_put_int2(w, record->kind);
    copy_put_int2(w, record->generation);
    copy_put_int2(w, record->attempt.number);
}

static void put_outcome(struct copy_writer *w, uint32_t chunk, uint32_t position,
                        const struct record *record)
{
    CHECK(record->outcome.seq <= INT16_MAX);
    copy_put_columns(w, 15);
    copy_put_int8(w, (int64_t)record->settlement_id);
    copy_put_int8(w, record->outcome.amount_minor);
    copy_put_at(w, record->outcome.at_us);
    copy_put_int4(w, chunk);
    copy_put_int4(w, position);
    copy_put_int2(w, record->outcome.seq);
    copy_put_int2(w, record->step);
    copy_put_int2(w, record->kind);
    copy_put_int2(w, record->generation);
    copy_put_int2(w, record->outcome.state);
    copy_put_int8_or_null(w, record->outcome.available_minor);
    copy_put_int8_or_null(w, record->outcome.held_minor);
    copy_put_int8_or_null(w, record->outcome.residue_minor);
    copy_put_text_or_null(w, record->outcome.text.code, CODE_TEXT_MAX);
    copy_put_text_or_null(w, record->outcome.text.bank_ref, BANK_REF_MAX);
}

static void put_entry(struct copy_writer *w, uint32_t chunk, uint32_t position,
                      const struct record *record)
{
    copy_put_columns(w, 10);
    copy_put_int8(w, (int64_t)record->settlement_id);
    copy_put_int8(w, record->entry.amount_minor);
    copy_put_int4(w, chunk);
    copy_put_int4(w, position);
    copy_put_int2(w, record->step);
    copy_put_int2(w, record->kind);
    copy_put_int2(w, record->generation);
    copy_put_int2(w, record->entry.line);
    copy_put_int2(w, record->entry.debit);
    copy_put_int2(w, record->entry.credit);
}

static void put_row(struct copy_writer *w, const struct store_copy *copy, uint32_t index)
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
    }
    CHECK(false);
}

size_t store_copy_piece(struct store_copy *copy, uint8_t piece[STORE_PIECE_BYTES])
{
    if (copy->ended)
        return 0;
    struct copy_writer w = {.at = piece};
    const uint8_t *full = piece + STORE_PIECE_BYTES - ROW_BYTES_MAX - COPY_TRAILER_BYTES;
    if (!copy->begun)
        copy_put_header(&w);
    copy->begun = true;
    for (; copy->rows_left > 0 && w.at <= full; copy->index++) {
        CHECK(copy->index < copy->chunk->record_count);
        if (copy->chunk->records[copy->index].record_kind != copy->table)
            continue;
        put_row(&w, copy, copy->index);
        copy->rows_left--;
    }
    if (copy->rows_left == 0) {
        copy_put_trailer(&w);
        copy->ended = true;
    }
    return (size_t)(w.at - piece);
}
