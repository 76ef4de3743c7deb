/*
 * canonical: the bytes of a record over which the hash chain runs.
 *
 * Fixed order, big-endian integers, length-prefixed text: independent of locale, time zone, struct
 * padding and map order. The body digest is not part of it (the adapter adds that). `verify`
 * rebuilds the same bytes from the tables. Format 1:
 *   u8 record_kind, u64 settlement_id, u8 step, u8 kind, u16 generation, then
 *   intent   key[16] i64 amount i64 mapping_id i64 intended_at_us i64 send_before_us
 *   attempt  u16 number i64 at_us i64 send_before_us
 *   outcome  u16 seq u8 state i64 amount i64 available i64 held i64 residue i64 at_us
 *            u8 n code[n] u8 n bank_ref[n]
 *   entry    u8 line u8 debit u8 credit i64 amount
 *   decision u64 request_id u8 request_kind u8 state i64 amount i64 mapping_id i64 at_us
 *            u8 n code[n]
 */
#ifndef DAYBOOK_CORE_CANONICAL_H
#define DAYBOOK_CORE_CANONICAL_H

#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"

#define CANONICAL_BYTES_MAX 160

/* Writes the record's canonical bytes; returns how many (<= CANONICAL_BYTES_MAX). */
uint32_t canonical_record(const struct record *record, uint8_t out[CANONICAL_BYTES_MAX]);

/* SHA-256(prev || canonical bytes of all records in order). */
struct digest canonical_chunk_hash(struct hash *hash, const struct digest *prev,
                                   const struct record *records, uint32_t record_count);

#endif
