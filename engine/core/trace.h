/*
 * trace: what passed the port, as bytes; one format for runs and simulations.
 *
 * A trace is a stream of MessagePack arrays ("items"), nothing between them, each
 *
 *     [kind, at_ns, field, field …]
 *
 * with exactly the fields that its kind has (TRACE_KINDS below, in that order; types and units in
 * TRACE_FIELDS). at_ns is the engine's clock (ns, CLOCK_BOOTTIME; virtual in a simulation). Events
 * and commands of one turn of the engine have the same instant. The first item is the header, and
 * only the first one. Another order, count or type of fields is another TRACE_FORMAT_VERSION.
 *
 * Items of an engine come in the order in which they passed the port: events as they were handed
 * in, then the commands that followed. A page's `row`s follow their `loaded`, a chunk's records
 * their `chunk`. A chunk's records were decided in it, and are written only once `written` says so.
 * Where a simulation has several engines at a time, a note "engine" comes whenever another one's
 * items follow; the names of calls are each engine's own.
 *
 * A trace may end anywhere, also within an item: the program was killed.
 *
 * No account numbers, holder names, tokens or key seeds are in a trace. What a bank said (`code`,
 * `bank_ref`) is there as it is in the records: cut and clean. Keys are trace ids (`traceparent`).
 *
 * Writing needs no allocation: each item is made on the stack and given to a sink, whole.
 */
#ifndef DAYBOOK_CORE_TRACE_H
#define DAYBOOK_CORE_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "core/port.h"
#include "core/settle.h"

#define TRACE_MAGIC_TEXT "daybook trace"
#define TRACE_FORMAT_VERSION 2
#define TRACE_ITEM_BYTES_MAX 512U
#define TRACE_TEXT_MAX 63U
#define TRACE_FIELDS_MAX 30U

enum trace_type {
    TRACE_TYPE_NATURAL, /* 0 … 2^64-1 */
    TRACE_TYPE_INTEGER, /* -2^63 … 2^63-1 */
    TRACE_TYPE_BOOL,
    TRACE_TYPE_TEXT,   /* UTF-8 without control bytes, at most TRACE_TEXT_MAX bytes */
    TRACE_TYPE_KEY,    /* 16 bytes */
    TRACE_TYPE_DIGEST, /* 32 bytes */
};

/*
 * field, name, type, names of its values. `_minor` is money in minor units; `_at_us` and `_us` an
 * instant of the database in us since 1970 (`started_us`: of the wall clock); 0: none.
 */
#define TRACE_FIELDS(X)                                                                            \
    X(MAGIC, "magic", TEXT, NONE)                                                                  \
    X(VERSION, "version", NATURAL, NONE)                                                           \
    X(PROGRAM, "program", TEXT, NONE) /* its version */                                            \
    X(SOURCE, "source", NATURAL, SOURCE)                                                           \
    X(STARTED, "started_us", INTEGER, NONE)                                                        \
    X(SEED, "seed", NATURAL, NONE) /* of a simulation */                                           \
    X(BATCH, "batch", NATURAL, NONE)                                                               \
    X(PARTITION, "partition", NATURAL, NONE)                                                       \
    X(EPOCH, "epoch", NATURAL, NONE)                                                               \
    X(CHUNK, "chunk", NATURAL, NONE) /* a number, from 1; claim: the newest, 0: none */            \
    X(ACCOUNTS, "accounts", NATURAL, NONE)                                                         \
    X(END, "end", TEXT, NONE)                                                                      \
    X(STATUS, "status", TEXT, NONE)                                                                \
    X(WHAT, "what", TEXT, NONE)                                                                    \
    X(VALUE, "value", NATURAL, NONE)                                                               \
    X(COUNT, "count", NATURAL, NONE)                                                               \
    X(CALL, "call", NATURAL, NONE) /* generation << 32 | index: names a call until its reply */    \
    X(BANK, "bank", NATURAL, NONE) /* index among the run's banks */                               \
    X(SETTLEMENT, "settlement", NATURAL, NONE) /* batch << 32 | partition << 26 | position */      \
    X(STEP, "step", NATURAL, STEP)                                                                 \
    X(DIRECTION, "kind", NATURAL, DIRECTION)                                                       \
    X(GENERATION, "generation", NATURAL, NONE)                                                     \
    X(AMOUNT, "amount_minor", INTEGER, NONE)                                                       \
    X(KEY, "key", KEY, NONE)                                                                       \
    X(BOUND, "bound", BOOL, NONE) /* must render to a recorded body */                             \
    X(ANSWER, "answer", NATURAL, ANSWER)                                                           \
    X(THROTTLED, "throttled", BOOL, NONE)                                                          \
    X(HTTP, "http", NATURAL, NONE) /* status; 0: none */                                           \
    X(BALANCE, "balance_minor", INTEGER, NONE)                                                     \
    X(FEE, "fee_minor", INTEGER, NONE)                                                             \
    X(RETRY_AFTER, "retry_after_ns", NATURAL, NONE)                                                \
    X(CODE, "code", TEXT, NONE)                                                                    \
    X(BANK_REF, "bank_ref", TEXT, NONE)                                                            \
    X(SCOPE, "scope", NATURAL, SCOPE)                                                              \
    X(AFTER, "after", NATURAL, NONE) /* position */                                                \
    X(MOST, "most", NATURAL, NONE)                                                                 \
    X(AT_END, "at_end", BOOL, NONE)                                                                \
    X(RECORDS, "records", NATURAL, NONE)                                                           \
    X(ENTRIES, "entries", NATURAL, NONE)                                                           \
    X(DEBIT_TOTAL, "debit_total_minor", INTEGER, NONE)                                             \
    X(HASH, "hash", DIGEST, NONE)                                                                  \
    X(MAPPING, "mapping", INTEGER, NONE)                                                           \
    X(INTENDED, "intended_at_us", INTEGER, NONE)                                                   \
    X(SEND_BEFORE, "send_before_us", INTEGER, NONE)                                                \
    X(DECIDED, "decided_at_us", INTEGER, NONE)                                                     \
    X(NUMBER, "number", NATURAL, NONE) /* of an attempt */                                         \
    X(SEQ, "seq", NATURAL, NONE)       /* of an outcome */                                         \
    X(STATE, "state", NATURAL, STATE)                                                              \
    X(AVAILABLE, "available_minor", INTEGER, NONE)                                                 \
    X(HELD, "held_minor", INTEGER, NONE)                                                           \
    X(RESIDUE, "residue_minor", INTEGER, NONE)                                                     \
    X(RECORDED, "recorded_at_us", INTEGER, NONE)                                                   \
    X(LINE, "line", NATURAL, NONE)                                                                 \
    X(DEBIT, "debit", NATURAL, LEDGER)                                                             \
    X(CREDIT, "credit", NATURAL, LEDGER)                                                           \
    X(OPEN, "open", NATURAL, OPEN)                                                                 \
    X(STEPS_DONE, "steps_done", NATURAL, NONE) /* a bit each */                                    \
    X(DEPOSIT, "deposit_minor", INTEGER, NONE)                                                     \
    X(SEEN, "seen_minor", INTEGER, NONE)                                                           \
    X(REPAYMENT, "repayment_minor", INTEGER, NONE)                                                 \
    X(HOLD, "hold_minor", INTEGER, NONE)                                                           \
    X(EXPECTED, "expected_minor", INTEGER, NONE)                                                   \
    X(EXPECT_AT, "expect_at_us", INTEGER, NONE)                                                    \
    X(OPENING, "opening_minor", INTEGER, NONE)                                                     \
    X(FLOOR_HELD, "floor_held_minor", INTEGER, NONE)                                               \
    X(FLOOR_PAYABLE, "floor_payable_minor", INTEGER, NONE)                                         \
    X(FLOOR_RESIDUE, "floor_residue_minor", INTEGER, NONE)                                         \
    X(FLOOR_RECEIVED, "floor_received_minor", INTEGER, NONE)                                       \
    X(ATTEMPTS, "attempts", NATURAL, NONE)                                                         \
    X(REQUEST_ID, "request", NATURAL, NONE)                                                        \
    X(REQUEST_KIND, "asks", NATURAL, REQUEST)                                                      \
    X(PLACE, "place", NATURAL, PLACE)                                                              \
    X(DECISION, "decision", NATURAL, DECISION)                                                     \
    X(DB_NOW, "db_now_us", INTEGER, NONE)                                                          \
    X(ASKED, "asked_at_ns", NATURAL, NONE) /* the engine's clock, before the statement was sent */

enum trace_field {
    TRACE_NOTHING,
#define X(field, name, type, words) TRACE_##field,
    TRACE_FIELDS(X)
#undef X
        TRACE_FIELD_COUNT,
};

/* Which transfer, entry or outcome a record is about. */
#define TRACE_RECORD_FIELDS TRACE_SETTLEMENT, TRACE_STEP, TRACE_DIRECTION, TRACE_GENERATION

/* kind, number in the file, name, fields; the greatest number last */
#define TRACE_KINDS(X)                                                                             \
    X(HEADER, 1, "header", TRACE_MAGIC, TRACE_VERSION, TRACE_PROGRAM, TRACE_SOURCE, TRACE_STARTED, \
      TRACE_SEED)                                                                                  \
    /* an engine begins, and ends; a run may start over, a simulation is many runs */              \
    X(CLAIM, 2, "claim", TRACE_BATCH, TRACE_PARTITION, TRACE_EPOCH, TRACE_CHUNK, TRACE_ACCOUNTS)   \
    X(END_OF_RUN, 3, "end", TRACE_END, TRACE_STATUS)                                               \
    X(NOTE, 4, "note", TRACE_WHAT, TRACE_VALUE) /* a simulation's: crash, healed … */            \
    X(DROPPED, 5, "dropped", TRACE_COUNT)       /* so many items are missing before this one */    \
    /* commands */                                                                                 \
    X(POLL, 10, "poll", TRACE_CALL, TRACE_BANK, TRACE_SETTLEMENT)                                  \
    X(TRANSFER, 11, "transfer", TRACE_CALL, TRACE_BANK, TRACE_RECORD_FIELDS, TRACE_AMOUNT,         \
      TRACE_KEY, TRACE_BOUND)                                                                      \
    X(INQUIRY, 12, "inquiry", TRACE_CALL, TRACE_BANK, TRACE_RECORD_FIELDS, TRACE_AMOUNT,           \
      TRACE_KEY, TRACE_BOUND)                                                                      \
    X(CANCEL, 13, "cancel", TRACE_CALL)                                                            \
    X(LOAD, 14, "load", TRACE_SCOPE, TRACE_AFTER, TRACE_MOST, TRACE_COUNT)                         \
    X(CHUNK_OUT, 15, "chunk", TRACE_CHUNK, TRACE_EPOCH, TRACE_RECORDS, TRACE_ENTRIES,              \
      TRACE_DEBIT_TOTAL, TRACE_HASH)                                                               \
    X(INTENT, 16, "intent", TRACE_RECORD_FIELDS, TRACE_BANK, TRACE_AMOUNT, TRACE_KEY,              \
      TRACE_MAPPING, TRACE_INTENDED, TRACE_SEND_BEFORE)                                            \
    X(ATTEMPT, 17, "attempt", TRACE_RECORD_FIELDS, TRACE_NUMBER, TRACE_RECORDED,                   \
      TRACE_SEND_BEFORE)                                                                           \
    X(OUTCOME, 18, "outcome", TRACE_RECORD_FIELDS, TRACE_SEQ, TRACE_STATE, TRACE_AMOUNT,           \
      TRACE_AVAILABLE, TRACE_HELD, TRACE_RESIDUE, TRACE_RECORDED, TRACE_CODE, TRACE_BANK_REF)      \
    X(ENTRY, 19, "entry", TRACE_RECORD_FIELDS, TRACE_LINE, TRACE_DEBIT, TRACE_CREDIT,              \
      TRACE_AMOUNT)                                                                                \
    X(DECISION, 9, "decision", TRACE_RECORD_FIELDS, TRACE_REQUEST_ID, TRACE_REQUEST_KIND,          \
      TRACE_DECISION, TRACE_AMOUNT, TRACE_MAPPING, TRACE_RECORDED, TRACE_CODE)                     \
    /* events */                                                                                   \
    X(REPLY, 20, "reply", TRACE_CALL, TRACE_ANSWER, TRACE_THROTTLED, TRACE_HTTP, TRACE_BALANCE,    \
      TRACE_FEE, TRACE_RETRY_AFTER, TRACE_CODE, TRACE_BANK_REF)                                    \
    X(LOADED, 21, "loaded", TRACE_SCOPE, TRACE_STATUS, TRACE_AT_END, TRACE_COUNT, TRACE_DB_NOW,    \
      TRACE_ASKED)                                                                                 \
    X(ROW, 22, "row", TRACE_SETTLEMENT, TRACE_BANK, TRACE_OPEN, TRACE_STEPS_DONE, TRACE_SEQ,       \
      TRACE_REPAYMENT, TRACE_HOLD, TRACE_EXPECTED, TRACE_EXPECT_AT, TRACE_OPENING,                 \
      TRACE_FLOOR_HELD, TRACE_FLOOR_PAYABLE, TRACE_FLOOR_RESIDUE, TRACE_FLOOR_RECEIVED,            \
      TRACE_DEPOSIT, TRACE_SEEN, TRACE_STEP, TRACE_DIRECTION, TRACE_STATE, TRACE_GENERATION,       \
      TRACE_ATTEMPTS, TRACE_AMOUNT, TRACE_INTENDED, TRACE_SEND_BEFORE, TRACE_DECIDED)              \
    X(WRITTEN, 23, "written", TRACE_CHUNK, TRACE_STATUS, TRACE_DB_NOW, TRACE_ASKED)                \
    X(ALIVE, 24, "alive", TRACE_DB_NOW, TRACE_ASKED)                                               \
    X(GONE, 25, "gone", TRACE_STATUS)                                                              \
    X(STOP, 26, "stop", TRACE_NOTHING)                                                             \
    X(REQUESTED, 27, "requested", TRACE_NOTHING)                                                   \
    /* follows its `row` */                                                                        \
    X(REQUEST, 28, "request", TRACE_SETTLEMENT, TRACE_STEP, TRACE_DIRECTION, TRACE_GENERATION,     \
      TRACE_ATTEMPTS, TRACE_REQUEST_ID, TRACE_REQUEST_KIND, TRACE_PLACE, TRACE_AMOUNT,             \
      TRACE_RESIDUE, TRACE_MAPPING)

enum trace_kind {
#define X(kind, number, name, ...) TRACE_KIND_##kind = (number),
    TRACE_KINDS(X)
#undef X
        TRACE_KIND_END,
};

/* What a kind's items look like. `fields` ends with TRACE_NOTHING. */
struct trace_form {
    enum trace_kind kind;
    const char *name;
    enum trace_field fields[TRACE_FIELDS_MAX + 1];
};

/* NULL: no such kind; kinds are below TRACE_KIND_END. */
const struct trace_form *trace_form(uint64_t kind);
const char *trace_field_name(enum trace_field field);
enum trace_type trace_field_type(enum trace_field field);
/* The name of a field's value ("collect", "in doubt"); NULL: it has none. */
const char *trace_value_name(enum trace_field field, uint64_t value);

/* ---- writing --------------------------------------------------------------------------------- */

/* Takes whole items. The bytes hold during the call only. */
struct trace_sink {
    void *context;
    void (*take)(void *context, const uint8_t *bytes, size_t byte_count);
};

enum trace_source { TRACE_SOURCE_RUN, TRACE_SOURCE_SIMULATION };

struct trace_header {
    const char *program; /* its version */
    enum trace_source source;
    int64_t started_us; /* wall clock; 0 in a simulation */
    uint64_t seed;      /* of a simulation */
};

/* The first item. `at_ns`: since when others count. */
void trace_header(const struct trace_sink *sink, uint64_t at_ns, const struct trace_header *header);
void trace_claim(const struct trace_sink *sink, uint64_t at_ns, const struct settle_start *start);
void trace_end(const struct trace_sink *sink, uint64_t at_ns, enum settle_end end,
               enum status fatal);
void trace_note(const struct trace_sink *sink, uint64_t at_ns, const char *what, uint64_t value);
void trace_dropped(const struct trace_sink *sink, uint64_t at_ns, uint64_t count);
void trace_event(const struct trace_sink *sink, uint64_t at_ns, const struct event *event);
void trace_command(const struct trace_sink *sink, uint64_t at_ns, const struct command *command);

#endif
