/*
 * port: the whole contract between the core and the outside.
 *
 * Commands go out, events come in; nothing else. The core decides and never acts; an adapter
 * (real or sim) carries out each command once, never retries, never decides. What a command points
 * to belongs to the core and stays unchanged until the event that ends it (below) has been given to
 * settle_input. What an event points to belongs to the adapter, and must hold during settle_input
 * only.
 *
 * Every COMMAND_BANK_CALL is ended by exactly one EVENT_BANK_REPLY with the same slot; a cancelled
 * call too: the adapter closes its connection and answers IN_DOUBT, or NOT_DONE when not one byte
 * was handed to the kernel. Every COMMAND_STORE_LOAD is ended by one EVENT_STORE_LOADED, and every
 * COMMAND_STORE_CHUNK by one EVENT_STORE_WRITTEN. At most one load and one chunk are outstanding.
 */
#ifndef DAYBOOK_CORE_PORT_H
#define DAYBOOK_CORE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"
#include "base/transfer.h"

/* Ledger accounts. The values stand in the database. */
enum ledger_account {
    LEDGER_VIRTUAL = 1,
    LEDGER_PAYABLE = 2,
    LEDGER_COLLECTION = 3,
    LEDGER_RECEIVABLE = 4,
    LEDGER_HELD = 5,
    LEDGER_SUSPENSE = 6,
    LEDGER_FEE = 7,
    LEDGER_RESIDUE = 8,
};

/* ---- records: what a chunk commits --------------------------------------------------------- */

enum record_kind { RECORD_INTENT = 1, RECORD_ATTEMPT = 2, RECORD_OUTCOME = 3, RECORD_ENTRY = 4 };

/* A record's kind is an enum transfer_kind; entries that take back what an accepted transfer had
   posted, because the bank failed it later, are of this one. Stands in the database. */
#define KIND_REVERSAL 2

/* What became of a step (below 20) or of the settlement (from 20). Stands in the database. */
enum outcome_state {
    OUTCOME_ACCEPTED = 1,        /* transfer: done at the bank */
    OUTCOME_PENDING = 2,         /* transfer: the bank has it, not final */
    OUTCOME_REJECTED_LATER = 3,  /* transfer: a definitive no; another generation may follow */
    OUTCOME_REVERSED = 4,        /* transfer: accepted first, failed later */
    OUTCOME_POSTED = 5,          /* post: entries only */
    OUTCOME_SKIPPED = 6,         /* amount 0 */
    OUTCOME_DEPOSITED = 7,       /* deposit found */
    OUTCOME_REJECTED_PERSON = 8, /* transfer: a definitive no that only a person can change */
    OUTCOME_SHORT = 20,          /* no deposit yet; a later run goes on looking */
    OUTCOME_PARKED = 21,         /* stopped for a person */
    OUTCOME_SETTLED = 22,        /* the end record */
};

static inline bool outcome_is_rejected(uint8_t state)
{
    return state == OUTCOME_REJECTED_LATER || state == OUTCOME_REJECTED_PERSON;
}

struct record {
    uint64_t settlement_id;
    uint8_t record_kind; /* enum record_kind */
    uint8_t step;        /* enum step_kind */
    uint8_t kind;        /* enum transfer_kind, or KIND_REVERSAL */
    uint8_t bank;        /* index of the bank, for intents */
    uint16_t generation; /* of the transfer; 0 where there is none */
    union {
        struct {
            struct idem_key key;
            int64_t amount_minor;
            int64_t mapping_id;
            int64_t intended_at_us;
            int64_t send_before_us;
            const struct parties *parties; /* for rendering the body whose digest is stored */
        } intent;
        struct {
            uint16_t number; /* 1, 2, 3 … ; the first send is the intent itself */
            int64_t at_us;
            int64_t send_before_us;
        } attempt;
        struct {
            uint16_t seq;            /* 1, 2, 3 … within the settlement */
            uint8_t state;           /* enum outcome_state */
            int64_t amount_minor;    /* deposit: new money; transfer, post: its amount;
                                        short: money seen so far; settled: payable left */
            int64_t available_minor; /* deposit, settled: what the balance said, else 0 */
            int64_t held_minor;      /* settled: held in the account */
            int64_t residue_minor;   /* settled: residue in the account */
            int64_t at_us;
            struct bank_text text; /* code (a bank's, or one of ours when parked), reference */
        } outcome;
        struct {
            uint8_t line;   /* 1, 2 … within (settlement, step, kind, generation) */
            uint8_t debit;  /* enum ledger_account */
            uint8_t credit; /* enum ledger_account */
            int64_t amount_minor;
        } entry;
    };
};

/* An ordered set of records that commit together. A record's position is its index + 1. */
struct chunk {
    uint32_t batch_id;
    uint32_t partition;
    uint32_t epoch;
    uint32_t number; /* 1, 2, 3 … in the partition */
    const struct record *records;
    uint32_t record_count;
    uint32_t entry_count;
    int64_t debit_total_minor; /* over this chunk's entries */
    struct digest prev_hash;
    struct digest hash; /* SHA-256(prev_hash || canonical bytes of the records) */
};

/* ---- what the store tells of a settlement --------------------------------------------------- */

enum load_scope {
    LOAD_UNDER_WAY, /* deposit recorded, not ended, not parked; by position */
    LOAD_FRESH,     /* no deposit recorded, not ended, not parked; by position; opens them */
    LOAD_AGAIN,     /* the fresh ones at the listed positions, in the order of the list */
};

enum load_state {
    LOAD_STATE_OPEN,    /* opened in this batch: may be polled or go on */
    LOAD_STATE_BLOCKED, /* the account's last settlement has not ended */
};

/* The newest transfer of a settlement that is under way, as the records have it. */
struct load_transfer {
    uint8_t step; /* enum step_kind; 0: no transfer yet */
    uint8_t kind;
    uint8_t state; /* enum outcome_state of its newest outcome; 0: none */
    uint16_t generation;
    uint16_t attempts; /* attempt records so far */
    int64_t amount_minor;
    int64_t intended_at_us;
    int64_t send_before_us; /* newest, over the intent and its attempts */
    int64_t decided_at_us;  /* of its newest outcome; 0: none */
    struct digest body_digest;
};

struct load_row {
    uint64_t settlement_id;
    uint8_t bank;         /* index among the run's banks */
    uint8_t state;        /* enum load_state */
    uint8_t step_done;    /* last step with a final good outcome; 0: none */
    uint16_t outcome_seq; /* outcomes written so far */
    int64_t mapping_id;
    struct idem_key key_seed;
    int64_t repayment_minor;
    int64_t hold_minor;
    int64_t expected_minor;   /* 0: not given */
    int64_t opening_minor;    /* already held at the account's first batch */
    int64_t floor_held_minor; /* what the followed settlement left; opening_minor not included */
    int64_t floor_payable_minor;
    int64_t floor_residue_minor;
    /* What earlier settlements and the opening posted as money that came in (deposits, residue);
       wanted where a bank shows a running total (POOL_RECEIVED), else 0. */
    int64_t floor_received_minor;
    int64_t deposit_minor; /* under way: recorded new money */
    int64_t seen_minor;    /* newest SHORT outcome's amount; -1: never recorded short */
    struct load_transfer transfer;
    uint16_t accepted_generation[STEP_CLOSING]; /* by step: of its accepted transfer; 0: none */
    struct parties parties;
};

/* ---- commands -------------------------------------------------------------------------------- */

enum command_kind {
    COMMAND_BANK_CALL,
    COMMAND_BANK_CANCEL,
    COMMAND_STORE_LOAD,
    COMMAND_STORE_CHUNK,
};

struct bank_call {
    struct slot call;       /* index < calls_max: names the call, echoed in the reply */
    uint64_t settlement_id; /* whose it is, for a trace; a balance has no order to tell it */
    uint8_t bank;
    uint8_t call_kind; /* enum call_kind */
    /* transfer, inquiry: the order; balance: NULL */
    const struct transfer_order *order;
    const struct parties *parties;
    /* Transfer: when not NULL, the body must render to this digest, or the adapter sends nothing
       and answers ANSWER_CHANGED. */
    const struct digest *body_digest;
};

struct store_load {
    uint8_t scope;           /* enum load_scope */
    uint32_t after_position; /* UNDER_WAY, FRESH: positions above this; from 0 (they start at 1) */
    uint32_t row_max;        /* at most LOAD_ROWS_MAX */
    const uint32_t *positions; /* AGAIN */
    uint32_t position_count;   /* AGAIN: at most row_max */
};

struct command {
    enum command_kind kind;
    union {
        struct bank_call bank_call;
        struct slot bank_cancel; /* the call */
        struct store_load store_load;
        const struct chunk *store_chunk;
    };
};

/* ---- events ---------------------------------------------------------------------------------- */

enum event_kind {
    EVENT_BANK_REPLY,
    EVENT_STORE_LOADED,
    EVENT_STORE_WRITTEN,
    EVENT_STORE_ALIVE, /* the control session answered: still the owner */
    EVENT_STORE_GONE,  /* ownership or a session is lost: hand nothing more to any bank */
    EVENT_STOP,        /* a person asked to stop: drain */
};

struct bank_reply {
    struct slot call;
    uint8_t answer;       /* enum answer */
    bool throttled;       /* with NOT_DONE: the bank said slow down */
    uint16_t http_status; /* 0: none */
    union {
        int64_t balance_minor; /* BALANCE */
        int64_t fee_minor;     /* ACCEPTED: what the bank took for it, 0: nothing said */
    };
    uint64_t retry_after_ns;      /* 0: none said */
    const struct bank_text *text; /* never NULL; empty strings where nothing was said */
};

struct store_loaded {
    uint8_t scope;
    enum status status; /* OK or a class other than OK with no rows */
    bool at_end;        /* UNDER_WAY, FRESH: no more rows after these */
    const struct load_row *rows;
    uint32_t row_count;
};

struct store_written {
    enum status status; /* OK, STORE_ALREADY, STORE_BUSY (tried again), or the run ends */
    uint32_t number;    /* of the chunk */
};

/* The database's clock, read by one of its statements. */
struct store_time {
    int64_t db_now_us;    /* what it said */
    uint64_t asked_at_ns; /* engine clock, before the statement was sent; 0: no time came along */
};

struct event {
    enum event_kind kind;
    union {
        struct bank_reply bank_reply;
        struct store_loaded store_loaded;
        struct store_written store_written;
        enum status store_gone;
    };
    struct store_time time; /* STORE_LOADED, STORE_WRITTEN, STORE_ALIVE */
};

_Static_assert(sizeof(struct command) <= 64, "a command fits a cache line");
_Static_assert(sizeof(struct event) <= 64, "an event fits a cache line");

#endif
