/*
 * store_world: a database with batches in it, and a loop of poll(2) in the ring's place.
 */
#ifndef DAYBOOK_TESTS_STORE_WORLD_H
#define DAYBOOK_TESTS_STORE_WORLD_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "real/claim.h"
#include "real/store.h"

struct world {
    const char *conninfo;
    PGconn *admin; /* a superuser's, blocking */
    struct hash *hash;
    struct profile *profile;
    int32_t profile_id;
};

/* Aborts with a message where anything fails: a test cannot go on without. */
void world_open(struct world *world, const char *conninfo, const char *profile_file);
void world_close(struct world *world);

/* One statement as the superuser; CHECKs that it worked. */
void world_do(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Its first value as text; "" for NULL or no row. The text holds until the next call. */
const char *world_ask(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int64_t world_ask_number(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A batch of accounts PREFIX-1 … PREFIX-n, repayment 300, hold 100, expected 1,000; accounts that
 * are there already are taken. Those at odd positions are expected at WORLD_EXPECT_AT_US. Returns
 * the batch's id.
 */
#define WORLD_EXPECT_AT_US INT64_C(1787650200000001)
uint32_t world_batch(struct world *world, const char *cohort, const char *date, const char *prefix,
                     uint32_t accounts);

struct claim_config world_claim_config(const struct world *world, uint32_t batch_id);
struct store_config world_store_config(const struct world *world, uint32_t batch_id,
                                       uint32_t epoch);
/* Claims and opens; CHECKs that it worked. */
struct claim *world_claim(const struct world *world, uint32_t batch_id);
struct store *world_store(const struct world *world, uint32_t batch_id, uint32_t epoch);

/* Turn until one event came; CHECKs that it comes within 20 s. */
struct event world_wait(struct store *store);
enum status world_write(struct store *store, const struct chunk *chunk);
struct event world_load(struct store *store, const struct store_load *load);

/* ---- records ---- */

#define BOOK_RECORDS_MAX 20000U

/* Collects records and makes chunks of them, each following the one before. */
struct book {
    struct hash *hash;
    struct parties parties;
    uint8_t bank;
    uint32_t batch_id;
    uint32_t epoch;
    struct chunk chunk; /* the one made last */
    uint32_t record_count;
    struct record records[BOOK_RECORDS_MAX];
};

struct book *book_open(struct world *world, uint32_t batch_id, uint32_t epoch);
void book_close(struct book *book);
void book_outcome(struct book *book, uint32_t position, uint16_t seq, enum step_kind step,
                  uint16_t generation, enum outcome_state state, int64_t amount_minor);
void book_intent(struct book *book, uint32_t position, enum step_kind step, uint16_t generation,
                 int64_t amount_minor, int64_t mapping_id);
void book_attempt(struct book *book, uint32_t position, enum step_kind step, uint16_t generation,
                  uint16_t number);
void book_entry(struct book *book, uint32_t position, enum step_kind step, uint8_t line,
                enum ledger_account debit, enum ledger_account credit, int64_t amount_minor);
/* Position 0: of the run's. */
void book_decision(struct book *book, uint32_t position, uint64_t request_id,
                   enum request_kind kind, enum decision_state state, int64_t mapping_id);
/* The record added last is of an undo. */
void book_undo(struct book *book);
/* What follows a deposit that was seen, a collect and a payout that were accepted: 3, 6, 3 records.
 */
void book_deposit(struct book *book, uint32_t position);
void book_collect(struct book *book, uint32_t position);
void book_payout(struct book *book, uint32_t position);
/* The whole life of one settlement: 2 intents, 5 outcomes, 5 entries. */
void book_settle(struct book *book, uint32_t position);
/* The chunk of what was collected; number and hash follow the last one made. */
const struct chunk *book_chunk(struct book *book);

#endif
