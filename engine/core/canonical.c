#include "core/canonical.h"

#include <stdbool.h>
#include <string.h>

struct writer {
    uint8_t *at;
};

static void put_u8(struct writer *w, uint8_t value)
{
    *w->at++ = value;
}

static void put_u16(struct writer *w, uint16_t value)
{
    put_u8(w, (uint8_t)(value >> 8));
    put_u8(w, (uint8_t)value);
}

static void put_u64(struct writer *w, uint64_t value)
{
    uint64_t big = __builtin_bswap64(value);
    memcpy(w->at, &big, sizeof(big));
    w->at += sizeof(big);
}

static void put_i64(struct writer *w, int64_t value)
{
    put_u64(w, (uint64_t)value);
}

static void put_text(struct writer *w, const char *text, uint8_t most)
{
    uint8_t length = 0;
    while (text[length] != 0) {
        CHECK(length < most);
        length++;
    }
    put_u8(w, length);
    memcpy(w->at, text, length);
    w->at += length;
}

static void put_body(struct writer *w, const struct record *record)
{
    switch ((enum record_kind)record->record_kind) {
    case RECORD_INTENT:
        memcpy(w->at, record->intent.key.bytes, IDEM_KEY_BYTES);
        w->at += IDEM_KEY_BYTES;
        put_i64(w, record->intent.amount_minor);
        put_i64(w, record->intent.mapping_id);
        put_i64(w, record->intent.intended_at_us);
        put_i64(w, record->intent.send_before_us);
        return;
    case RECORD_ATTEMPT:
        put_u16(w, record->attempt.number);
        put_i64(w, record->attempt.at_us);
        put_i64(w, record->attempt.send_before_us);
        return;
    case RECORD_OUTCOME:
        put_u16(w, record->outcome.seq);
        put_u8(w, record->outcome.state);
        put_i64(w, record->outcome.amount_minor);
        put_i64(w, record->outcome.available_minor);
        put_i64(w, record->outcome.held_minor);
        put_i64(w, record->outcome.residue_minor);
        put_i64(w, record->outcome.at_us);
        put_text(w, record->outcome.text.code, CODE_TEXT_MAX);
        put_text(w, record->outcome.text.bank_ref, BANK_REF_MAX);
        return;
    case RECORD_ENTRY:
        put_u8(w, record->entry.line);
        put_u8(w, record->entry.debit);
        put_u8(w, record->entry.credit);
        put_i64(w, record->entry.amount_minor);
        return;
    case RECORD_DECISION:
        put_u64(w, record->decision.request_id);
        put_u8(w, record->decision.request_kind);
        put_u8(w, record->decision.state);
        put_i64(w, record->decision.amount_minor);
        put_i64(w, record->decision.mapping_id);
        put_i64(w, record->decision.at_us);
        put_text(w, record->decision.code, CODE_TEXT_MAX);
        return;
    }
    CHECK(false);
}

uint32_t canonical_record(const struct record *record, uint8_t out[CANONICAL_BYTES_MAX])
{
    struct writer w = {.at = out};
    put_u8(&w, record->record_kind);
    put_u64(&w, record->settlement_id);
    put_u8(&w, record->step);
    put_u8(&w, record->kind);
    put_u16(&w, record->generation);
    put_body(&w, record);
    uint32_t written = (uint32_t)(w.at - out);
    CHECK(written <= CANONICAL_BYTES_MAX);
    return written;
}

struct digest canonical_chunk_hash(struct hash *hash, const struct digest *prev,
                                   const struct record *records, uint32_t record_count)
{
    uint8_t bytes[CANONICAL_BYTES_MAX * 16];
    uint32_t used = 0;
    hash_begin(hash);
    hash_add(hash, prev->bytes, DIGEST_BYTES);
    for (uint32_t i = 0; i < record_count; i++) {
        if (used > sizeof(bytes) - CANONICAL_BYTES_MAX) {
            hash_add(hash, bytes, used);
            used = 0;
        }
        used += canonical_record(&records[i], bytes + used);
    }
    hash_add(hash, bytes, used);
    return hash_end(hash);
}
