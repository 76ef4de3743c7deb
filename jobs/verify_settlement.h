/*
 * verify_settlement: one settlement's records against the rules, in the order of the chain.
 *
 * Written from the protocol, not from core: order of steps, one transfer at a time, generations,
 * amounts, entries of every step, what a person's decision permits, and what lies in the accounts
 * at the end. Keys alone are made by the core's own ledger_key. A plain value.
 */
#ifndef DAYBOOK_JOBS_VERIFY_SETTLEMENT_H
#define DAYBOOK_JOBS_VERIFY_SETTLEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"

/* What a person asked for; outlives the settlements whose decisions name it. */
struct verify_request {
    uint64_t id;
    uint64_t settlement_id; /* 0: the run's */
    uint64_t decided_in;    /* bit of each partition that decided it */
    int64_t amount_minor, residue_minor, mapping_id;
    uint32_t parties; /* AMEND: the outside names of that mapping, as verify_bodies counts them */
    uint16_t generation, attempts;
    uint8_t kind; /* enum request_kind */
    uint8_t step, transfer_kind;
    bool has_mapping; /* AMEND: it is one of the account's */
    char bank_ref[BANK_REF_MAX + 1];
};

struct verify_settlement {
    /* from plan and opening */
    int64_t repayment_minor, hold_minor, opening_minor;
    int64_t floor_held_minor, floor_payable_minor, floor_residue_minor; /* … and what was raised */
    struct idem_key key_seed;
    int64_t mapping_id; /* … or what a person amended it to */
    uint32_t parties;   /* its outside names, as verify_bodies counts them */
    bool is_opened;
    bool hold_by_transfer, unhold; /* the batch's */
    /* so far */
    int64_t balance_minor[LEDGER_RESIDUE + 1]; /* debit - credit */
    int64_t open_minor;                        /* of the newest transfer */
    int64_t due_minor;                         /* of the outcome whose entries follow */
    int64_t fee_minor;                         /* that the bank took out of the account */
    int64_t moved_minor;  /* by an entry of the closing step, whose outcome follows; 0: none */
    uint64_t next_states; /* bit of each outcome that may come now; 0: no certain one */
    const struct verify_request *granted; /* a decision, until it is carried out; NULL: none */
    uint16_t outcome_seq, attempts;
    uint16_t newest_generation[2][STEP_CLOSING]; /* by kind and step; 0: none */
    uint8_t may_again[2];                        /* … bit: another generation may follow */
    uint8_t done_steps;                          /* bit: done, neither undone nor reversed */
    uint8_t open_step; /* of the newest transfer that is not decided; 0: none */
    uint8_t open_kind;
    uint8_t due_step;        /* its entries may follow now; 0: none */
    uint8_t due_lines;       /* … so many must */
    uint8_t lines;           /* … so many came */
    uint8_t due_kind;        /* … of this kind: normal, undo, or reversal */
    uint16_t due_generation; /* … and this generation */
    bool may_fee;            /* … and one more, what the bank took for it */
    bool must_park;          /* a final no, a reversal, a fee that the person bears */
    bool is_parked, is_compensating;
    uint8_t end_state;                          /* of its newest end record; 0: none */
    uint16_t accepted_generation[STEP_CLOSING]; /* by step; 0: none, taken back, or by hand */
    int64_t accepted_minor[STEP_CLOSING];
};

/* NULL: it may follow what came before; else what is wrong. Not for decisions. */
const char *verify_settlement_record(struct verify_settlement *settlement, struct hash *hash,
                                     const struct record *record);
/* A decision about `request`, with which it agrees (verify_requests). */
const char *verify_settlement_decision(struct verify_settlement *settlement,
                                       const struct record *record,
                                       const struct verify_request *request);
/* After the last record. */
const char *verify_settlement_end(const struct verify_settlement *settlement);
/* Does the closing record of its run count this one: the first end, a park that is news? Asked
   before the record is given. */
bool verify_settlement_counts(const struct verify_settlement *settlement,
                              const struct record *record);

#endif
