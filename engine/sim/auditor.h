/*
 * auditor: what must be true, judged from outside.
 *
 * It is told the frozen plan, every call that an engine gives out, every answer, every movement in
 * the bank's book, and every chunk that the store commits; over all incarnations of the engine. It
 * holds its own model of each and compares. It follows the protocol (P0 to P6 and I1 to I23 of
 * core/README.md) and shares no code with core: its encoder of the canonical bytes is its own.
 *
 * A resource. The first complaint is kept; from then on it only counts.
 */
#ifndef DAYBOOK_SIM_AUDITOR_H
#define DAYBOOK_SIM_AUDITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"
#include "core/settle.h"
#include "mock/bank.h"
#include "sim/workload.h"
#include "sim/world.h"

struct auditor_rules {
    const char *collection_account;
    const char *suspense_account;
    uint32_t rate_per_s, burst, calls_max;
    uint64_t processing_ns, linger_ns, alive_ns, send_before_ns;
    uint64_t unsure_ns;  /* an engine may think the database's clock so much ahead */
    bool linger_unknown; /* the bank does not state it */
    enum inquiry_kind inquiry;
    uint64_t key_lifetime_ns; /* 0: keys are never forgotten */
    uint64_t repeat_delay_ns;
    uint32_t later_tries;
    enum pool_kind pool;
    const char *pool_account; /* where accounts are pooled, transfers come from it */
    bool fee_is_ours;
    bool asks_always; /* an inquiry finds everything that the bank ever had, whenever it asks */
    bool hold_by_transfer;
    uint8_t compensated_steps; /* bit of each whose rejection for a person is compensated */
    uint32_t unhold;           /* bit of each month whose plan gives back what was held */
    bool parks_over;           /* a deposit above 1.5 x expected is parked */
    bool closing_seen;         /* every settlement's closing balance is looked at */
    uint64_t poll_interval_ns; /* least wait between two looks for a deposit */
    uint64_t forgotten_ns;     /* longest wait between two, where nothing is in the way; AT_NEVER:
                                  something may be */
};

struct auditor;

/* All three outlive it. */
struct auditor *auditor_open(const struct workload *workload, const struct auditor_rules *rules,
                             struct hash *hash);
void auditor_close(struct auditor *auditor);

/* ---- what happens ---- */

/* An engine, known by a seat below SEATS_MAX, begins a partition with this epoch. Whoever had
   it before may live on, stopped: what it checked before may still be sent, and no more. */
void auditor_begins(struct auditor *auditor, uint32_t engine, const struct settle_start *start,
                    uint64_t now_ns);
/* The engine gives out a command; now, and the database's clock then: when it was decided. */
void auditor_calls(struct auditor *auditor, uint32_t engine, const struct bank_call *call,
                   uint64_t now_ns, int64_t db_now_us);
void auditor_writes(struct auditor *auditor, uint32_t engine, const struct chunk *chunk);
/* The engine is given an event. */
void auditor_hears(struct auditor *auditor, uint32_t engine, const struct event *event,
                   uint64_t now_ns);
/* The store opens a settlement with this floor; follows: the settlement before it + 1, or 0. */
struct audited_floor {
    uint32_t follows;
    int64_t held_minor, payable_minor, residue_minor;
};
void auditor_opened(struct auditor *auditor, uint32_t index, const struct audited_floor *floor);
/* The database's clock is set: what goes by it alone is judged by true time from now on. */
void auditor_clock_steps(struct auditor *auditor);
/* Money comes into a virtual account from outside. */
void auditor_deposited(struct auditor *auditor, uint32_t person, int64_t amount_minor);
/* The bank decides a transfer. */
void auditor_booked(struct auditor *auditor, const struct mock_transfer *transfer);
/* The bank fails a transfer that it had accepted: its money is back. */
void auditor_reversed(struct auditor *auditor, const struct mock_transfer *transfer);
/* The store commits a chunk. */
void auditor_committed(struct auditor *auditor, const struct chunk *chunk, uint64_t now_ns);
/* Somebody asks for something, about a settlement or (UINT32_MAX) the run; ids count from 1.
   `after`: the request that this one is to come after, 0: none. */
void auditor_requested(struct auditor *auditor, uint32_t account, uint64_t after,
                       const struct load_request *request);
/* A person moves the money of this request's transfer at the bank; or it is not there. */
void auditor_paid_by_hand(struct auditor *auditor, uint64_t request_id, bool is_there);

/* ---- at the end: all faults are over, and the engine says that it is done ---- */
void auditor_ends(struct auditor *auditor);

/* Transfers given out so far. */
uint64_t auditor_transfers(const struct auditor *auditor);
/* The first complaint, NULL: none. */
const char *auditor_complaint(const struct auditor *auditor);

#endif
