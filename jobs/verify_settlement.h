/*
 * verify_settlement: one settlement's records against the rules, in the order of the chain.
 *
 * Written from the protocol, not from core: order of steps, one transfer at a time, generations,
 * amounts, entries of every step, and what lies in the accounts at the end. Keys alone are made by
 * the core's own ledger_key. A plain value.
 */
#ifndef DAYBOOK_JOBS_VERIFY_SETTLEMENT_H
#define DAYBOOK_JOBS_VERIFY_SETTLEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"

struct verify_settlement {
    /* from plan and opening */
    int64_t repayment_minor, hold_minor, opening_minor, mapping_id;
    int64_t floor_held_minor, floor_payable_minor, floor_residue_minor;
    struct idem_key key_seed;
    bool is_opened;
    bool hold_by_transfer; /* the batch's */
    /* so far */
    int64_t balance_minor[LEDGER_RESIDUE + 1]; /* debit - credit */
    int64_t open_minor;                        /* of the newest transfer */
    int64_t due_minor;                         /* of the outcome whose entries follow */
    uint16_t outcome_seq, generation, attempts;
    uint8_t step_done;
    uint8_t open_step; /* of the newest transfer that is not accepted; 0: none */
    uint8_t open_kind;
    uint8_t open_state; /* its newest outcome; 0: none */
    uint8_t due_step;   /* its entries may follow now; 0: none */
    uint8_t due_lines;  /* … so many must */
    uint8_t lines;      /* … so many came */
    uint8_t due_kind;   /* … of this kind: normal, or reversal */
    bool may_fee;       /* … and one more, what the bank took for it */
    bool must_park;     /* a final no, a reversal, a fee that the person bears: a person decides */
    bool is_ended;
    uint16_t accepted_generation[STEP_CLOSING]; /* by step; 0: none, or reversed */
    int64_t accepted_minor[STEP_CLOSING];
};

/* NULL: it may follow what came before; else what is wrong. */
const char *verify_settlement_record(struct verify_settlement *settlement, struct hash *hash,
                                     const struct record *record);
/* After the last record. */
const char *verify_settlement_end(const struct verify_settlement *settlement);

#endif
