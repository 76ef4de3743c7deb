/*
 * auditor_chunk: judges what a chunk commits: its place in the chain, each record's place in its
 * settlement, and that every outcome comes with exactly its entries.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/auditor_state.h"

/* ---- canonical bytes, by the auditor's own encoder of the documented format 1 ---------------- */

struct encoder {
    uint8_t bytes[256];
    uint32_t count;
};

static void encode(struct encoder *e, uint64_t value, uint32_t width)
{
    CHECK(e->count + width <= sizeof(e->bytes));
    for (uint32_t i = 0; i < width; i++)
        e->bytes[e->count + i] = (uint8_t)(value >> 8 * (width - 1 - i));
    e->count += width;
}

static void encode_bytes(struct encoder *e, const void *bytes, size_t byte_count)
{
    CHECK(e->count + byte_count <= sizeof(e->bytes));
    memcpy(e->bytes + e->count, bytes, byte_count);
    e->count += (uint32_t)byte_count;
}

static void encode_text(struct encoder *e, const char *text)
{
    encode(e, strlen(text), 1);
    encode_bytes(e, text, strlen(text));
}

static void encode_outcome(struct encoder *e, const struct record *r)
{
    encode(e, r->outcome.seq, 2);
    encode(e, r->outcome.state, 1);
    encode(e, (uint64_t)r->outcome.amount_minor, 8);
    encode(e, (uint64_t)r->outcome.available_minor, 8);
    encode(e, (uint64_t)r->outcome.held_minor, 8);
    encode(e, (uint64_t)r->outcome.residue_minor, 8);
    encode(e, (uint64_t)r->outcome.at_us, 8);
    encode_text(e, r->outcome.text.code);
    encode_text(e, r->outcome.text.bank_ref);
}

static void encode_record(struct encoder *e, const struct record *r)
{
    e->count = 0;
    encode(e, r->record_kind, 1);
    encode(e, r->settlement_id, 8);
    encode(e, r->step, 1);
    encode(e, r->kind, 1);
    encode(e, r->generation, 2);
    if (r->record_kind == RECORD_INTENT) {
        encode_bytes(e, r->intent.key.bytes, IDEM_KEY_BYTES);
        encode(e, (uint64_t)r->intent.amount_minor, 8);
        encode(e, (uint64_t)r->intent.mapping_id, 8);
        encode(e, (uint64_t)r->intent.intended_at_us, 8);
        encode(e, (uint64_t)r->intent.send_before_us, 8);
    } else if (r->record_kind == RECORD_ATTEMPT) {
        encode(e, r->attempt.number, 2);
        encode(e, (uint64_t)r->attempt.at_us, 8);
        encode(e, (uint64_t)r->attempt.send_before_us, 8);
    } else if (r->record_kind == RECORD_OUTCOME) {
        encode_outcome(e, r);
    } else if (r->record_kind == RECORD_DECISION) {
        encode(e, r->decision.request_id, 8);
        encode(e, r->decision.request_kind, 1);
        encode(e, r->decision.state, 1);
        encode(e, (uint64_t)r->decision.amount_minor, 8);
        encode(e, (uint64_t)r->decision.mapping_id, 8);
        encode(e, (uint64_t)r->decision.at_us, 8);
        encode_text(e, r->decision.code);
    } else {
        encode(e, r->entry.line, 1);
        encode(e, r->entry.debit, 1);
        encode(e, r->entry.credit, 1);
        encode(e, (uint64_t)r->entry.amount_minor, 8);
    }
}

/* ---- the chain ------------------------------------------------------------------------------- */

static void check_totals(struct auditor *auditor, const struct chunk *chunk)
{
    struct encoder encoder;
    uint32_t entries = 0;
    int64_t debits = 0;
    hash_begin(auditor->hash);
    hash_add(auditor->hash, chunk->prev_hash.bytes, DIGEST_BYTES);
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *record = &chunk->records[i];
        encode_record(&encoder, record);
        hash_add(auditor->hash, encoder.bytes, encoder.count);
        entries += record->record_kind == RECORD_ENTRY;
        debits += record->record_kind == RECORD_ENTRY ? record->entry.amount_minor : 0;
    }
    struct digest hash = hash_end(auditor->hash);
    if (memcmp(&hash, &chunk->hash, sizeof(hash)) != 0)
        auditor_complain(auditor, "I19: chunk %u has another hash", chunk->number);
    if (entries != chunk->entry_count || debits != chunk->debit_total_minor)
        auditor_complain(auditor, "I20: chunk %u has other totals", chunk->number);
}

static struct audited_chain *chain_of(struct auditor *auditor, const struct chunk *chunk)
{
    uint32_t month = chunk->batch_id - WORKLOAD_BATCH;
    if (month < auditor->workload->months && chunk->partition < auditor->workload->partitions)
        return &auditor->chains[month][chunk->partition];
    auditor_complain(auditor, "chunk %u is of another partition", chunk->number);
    return &auditor->chains[0][0];
}

static void check_chain(struct auditor *auditor, const struct chunk *chunk)
{
    struct audited_chain *chain = chain_of(auditor, chunk);
    if (chunk->number != chain->number + 1)
        auditor_complain(auditor, "I16: chunk %u follows %u", chunk->number, chain->number);
    if (chunk->epoch < chain->chunk_epoch || chunk->epoch != chain->epoch)
        auditor_complain(auditor, "I23: chunk %u with epoch %u committed under %u", chunk->number,
                         chunk->epoch, chain->epoch);
    if (memcmp(&chunk->prev_hash, &chain->hash, sizeof(chunk->prev_hash)) != 0)
        auditor_complain(auditor, "I15: chunk %u does not follow the head's hash", chunk->number);
    if (chunk->record_count == 0)
        auditor_complain(auditor, "chunk %u is empty", chunk->number);
    chain->number = chunk->number;
    chain->chunk_epoch = chunk->epoch;
    chain->hash = chunk->hash;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool is_pair(const struct audited_entry *a, const struct audited_entry *b)
{
    return a->settlement_id == b->settlement_id && a->step == b->step && a->debit == b->debit &&
           a->credit == b->credit && a->kind == b->kind && a->generation == b->generation &&
           a->amount_minor == b->amount_minor && a->is_found != b->is_found;
}

/* An owed entry and a found one cancel each other out. */
static void match_entry(struct auditor *auditor, struct audited_entry entry)
{
    for (uint32_t i = 0; i < auditor->entry_count; i++) {
        if (is_pair(&auditor->entries[i], &entry)) {
            auditor->entries[i] = auditor->entries[--auditor->entry_count];
            return;
        }
    }
    if (auditor->entry_count < AUDITED_ENTRIES_MAX)
        auditor->entries[auditor->entry_count++] = entry;
    else
        auditor_complain(auditor, "I12: too many entries without their outcome");
}

void auditor_owe(struct auditor *auditor, const struct record *outcome, uint8_t kind,
                 enum ledger_account debit, enum ledger_account credit, int64_t amount_minor)
{
    match_entry(auditor, (struct audited_entry){.settlement_id = outcome->settlement_id,
                                                .step = outcome->step,
                                                .kind = kind,
                                                .debit = (uint8_t)debit,
                                                .credit = (uint8_t)credit,
                                                .generation = outcome->generation,
                                                .amount_minor = amount_minor});
}

/* debits - credits, over all months */
static void count_person(struct auditor *auditor, uint32_t who, uint8_t ledger_account,
                         int64_t amount_minor)
{
    struct audited_person *person = auditor_person(auditor, who);
    if (ledger_account == LEDGER_VIRTUAL)
        person->virtual_minor += amount_minor;
    else if (ledger_account == LEDGER_HELD)
        person->held_minor -= amount_minor;
}

static void on_entry(struct auditor *auditor, const struct record *r, uint32_t who)
{
    if (r->entry.amount_minor <= 0)
        auditor_complain(auditor, "I12: account %u: an entry of %" PRId64, who + 1,
                         r->entry.amount_minor);
    if (r->entry.debit < LEDGER_VIRTUAL || r->entry.debit > LEDGER_RESIDUE ||
        r->entry.credit < LEDGER_VIRTUAL || r->entry.credit > LEDGER_RESIDUE ||
        r->entry.debit == r->entry.credit) {
        auditor_complain(auditor, "I12: account %u: an entry names no two ledger accounts",
                         who + 1);
        return;
    }
    auditor->accounts[who].ledger[r->entry.debit] += r->entry.amount_minor;
    auditor->accounts[who].ledger[r->entry.credit] -= r->entry.amount_minor;
    count_person(auditor, who, r->entry.debit, r->entry.amount_minor);
    count_person(auditor, who, r->entry.credit, -r->entry.amount_minor);
    match_entry(auditor, (struct audited_entry){.settlement_id = r->settlement_id,
                                                .step = r->step,
                                                .kind = r->kind,
                                                .debit = r->entry.debit,
                                                .credit = r->entry.credit,
                                                .generation = r->generation,
                                                .is_found = true,
                                                .amount_minor = r->entry.amount_minor});
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool is_of_run(const struct record *r)
{
    return r->record_kind == RECORD_DECISION && settlement_position(r->settlement_id) == 0;
}

static void on_record(struct auditor *auditor, uint32_t partition, const struct record *r)
{
    uint32_t who = workload_find(auditor->workload, r->settlement_id);
    if (who == UINT32_MAX && !is_of_run(r)) {
        auditor_complain(auditor, "a record of the unknown settlement %" PRIu64, r->settlement_id);
        return;
    }
    if (settlement_partition(r->settlement_id) != partition) {
        auditor_complain(auditor, "a record of settlement %" PRIu64 " in partition %u",
                         r->settlement_id, partition);
        return;
    }
    switch ((enum record_kind)r->record_kind) {
    case RECORD_INTENT:
        auditor_on_intent(auditor, r, who);
        return;
    case RECORD_ATTEMPT:
        auditor_on_attempt(auditor, r, who);
        return;
    case RECORD_OUTCOME:
        auditor_on_outcome(auditor, r, who);
        return;
    case RECORD_ENTRY:
        on_entry(auditor, r, who);
        return;
    case RECORD_DECISION:
        auditor_on_decision(auditor, r, who);
        return;
    }
    auditor_complain(auditor, "a record of kind %u", r->record_kind);
}

void auditor_committed(struct auditor *auditor, const struct chunk *chunk, uint64_t now_ns)
{
    auditor->now_ns = now_ns;
    check_chain(auditor, chunk);
    check_totals(auditor, chunk);
    auditor->entry_count = 0;
    for (uint32_t i = 0; i < chunk->record_count; i++)
        on_record(auditor, chunk->partition, &chunk->records[i]);
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        uint32_t who = workload_find(auditor->workload, r->settlement_id);
        if (who != UINT32_MAX && r->record_kind == RECORD_OUTCOME &&
            outcome_is_end(r->outcome.state))
            auditor_check_end(auditor, r, who);
    }
    auditor_check_effects(auditor, chunk);
    if (auditor->entry_count > 0)
        auditor_complain(auditor, "I12: chunk %u, settlement %" PRIu64 " step %u: an entry is %s",
                         chunk->number, auditor->entries[0].settlement_id, auditor->entries[0].step,
                         auditor->entries[0].is_found ? "without its outcome" : "missing");
}
