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

/* What a person may ask for. The values stand in the database. */
enum request_kind {
    REQUEST_PAID = 1,         /* the transfer in doubt was paid; bank_ref says where to find it */
    REQUEST_PAID_BY_HAND = 2, /* it was not; the person did it at the bank, see bank_ref */
    REQUEST_NOT_PAID = 3,     /* it was not: pay it again, under a new key */
    REQUEST_PARK = 4,
    REQUEST_RELEASE = 5,   /* go on from where it was parked; of one that ended: its residue */
    REQUEST_AMEND = 6,     /* another mapping counts for what is not intended yet */
    REQUEST_WRITE_OFF = 7, /* end it as it stands */
    REQUEST_RATE = 8,      /* the run's: so many calls a second to a bank */
    REQUEST_SUPERSEDE = 9, /* end it, without a deposit, for a newer batch */
    REQUEST_RETURN = 10,   /* a transfer of a settlement that ended came back */
    REQUEST_RAISE = 11,    /* of an earlier settlement: its money lies in the account again */
};

enum decision_state {
    DECISION_DONE = 1,
    DECISION_REFUSED = 2,
    DECISION_BUSY = 3,  /* a call or a record of it is under way: ask again */
    DECISION_STALE = 4, /* the transfer is not as the person saw it any more */
};

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

enum record_kind {
    RECORD_INTENT = 1,
    RECORD_ATTEMPT = 2,
    RECORD_OUTCOME = 3,
    RECORD_ENTRY = 4,
    RECORD_DECISION = 5,
};

/* A record's kind is an enum transfer_kind; entries that take back what an accepted transfer had
   posted, because the bank failed it later, are of this one. Stands in the database. */
#define KIND_REVERSAL 2

/* What became of a step (below 20) or of the settlement (from 20; 22 to 26 are its end, and hold
   what stays in the account). Stands in the database. */
enum outcome_state {
    OUTCOME_ACCEPTED = 1,        /* transfer: done at the bank */
    OUTCOME_PENDING = 2,         /* transfer: the bank has it, not final */
    OUTCOME_REJECTED_LATER = 3,  /* transfer: a definitive no; another generation may follow */
    OUTCOME_REVERSED = 4,        /* transfer: accepted first, failed later */
    OUTCOME_POSTED = 5,          /* post: entries only */
    OUTCOME_SKIPPED = 6,         /* amount 0 */
    OUTCOME_DEPOSITED = 7,       /* deposit found */
    OUTCOME_REJECTED_PERSON = 8, /* transfer: a definitive no that only a person can change */
    OUTCOME_BY_HAND = 9,         /* the step is done: a person did it at the bank, without us */
    OUTCOME_SHORT = 20,          /* no deposit yet; a later run goes on looking */
    OUTCOME_PARKED = 21,         /* stopped for a person */
    OUTCOME_SETTLED = 22,        /* end: all steps are done */
    OUTCOME_COMPENSATED = 23,    /* end: what was done is undone, the money stays payable */
    OUTCOME_RETURNED = 24,       /* end again: a transfer failed after the end */
    OUTCOME_SUPERSEDED = 25,     /* end: short, and a newer batch looks for the deposit */
    OUTCOME_WRITTEN_OFF = 26,    /* end: a person gave it up; what is there stays payable */
    OUTCOME_COMPENSATING = 30,   /* goes backwards from now on */
    OUTCOME_RELEASED = 31,       /* parked no more: goes on */
    OUTCOME_RAISED = 32,         /* money of an earlier settlement came back into the account */
};

static inline bool outcome_is_end(uint8_t state)
{
    // uncovered: here it is asked of ends alone
    return state >= OUTCOME_SETTLED && state <= OUTCOME_WRITTEN_OFF;
}

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
                                        short: money seen so far; an end: payable left;
                                        raised: by so much payable more, before the deposit */
            int64_t available_minor; /* deposit, settled: what the balance said, else 0 */
            int64_t held_minor;      /* an end: held in the account */
            int64_t residue_minor;   /* an end: residue in the account;
                                        raised: by so much residue more, after the deposit */
            int64_t at_us;
            struct bank_text text; /* code (a bank's, or one of ours when parked), reference */
        } outcome;
        struct {
            uint8_t line;   /* 1, 2 … within (settlement, step, kind, generation) */
            uint8_t debit;  /* enum ledger_account */
            uint8_t credit; /* enum ledger_account */
            int64_t amount_minor;
        } entry;
        struct {
            uint64_t request_id;
            uint8_t request_kind; /* enum request_kind */
            uint8_t state;        /* enum decision_state */
            int64_t amount_minor; /* as asked for */
            int64_t mapping_id;   /* done: counts for what is intended from now on; else 0 */
            int64_t at_us;
            char code[CODE_TEXT_MAX + 1]; /* why it is not done; else "" */
        } decision;
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
    LOAD_UNDER_WAY, /* deposit recorded, not ended, not parked; by position, the highest first:
                       there they are, and only the end of the walk passes all that have ended */
    LOAD_FRESH,     /* no deposit recorded, not ended, not parked; by position; opens them */
    LOAD_AGAIN,     /* the fresh ones at the listed positions, in the order of the list */
    LOAD_REQUESTED, /* those that somebody asks something about, one row a request that has no
                       decision yet, by request id; opens them */
};

enum load_state {
    LOAD_STATE_OPEN,    /* opened in this batch: may be polled or go on */
    LOAD_STATE_BLOCKED, /* the account's last settlement has not ended */
};

/* Where it stands, by its records. */
enum load_place { LOAD_PLACE_FRESH, LOAD_PLACE_UNDER_WAY, LOAD_PLACE_PARKED, LOAD_PLACE_ENDED };

/* What the account's next settlement has come to meanwhile. */
enum load_later { LOAD_LATER_NONE, LOAD_LATER_OPEN, LOAD_LATER_ENDED };

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

/* What somebody asks for. */
struct load_request {
    uint64_t id;
    uint8_t kind;          /* enum request_kind */
    uint8_t step;          /* PAID …: the transfer that the person saw */
    uint8_t transfer_kind; /* … */
    bool is_off;           /* what it was to come after is not done and never will be */
    uint16_t generation;   /* … */
    uint16_t attempts;     /* … and how often it had been sent again */
    int64_t amount_minor;  /* RAISE: payable; RATE: calls a second */
    int64_t residue_minor; /* RAISE: residue, may be negative */
    int64_t mapping_id;    /* AMEND */
    char bank_ref[BANK_REF_MAX + 1];
    struct parties parties; /* AMEND */
};

struct load_row {
    uint64_t settlement_id; /* REQUESTED: of position 0 where the request is the run's */
    uint8_t bank;           /* index among the run's banks */
    uint8_t state;          /* enum load_state */
    uint8_t done_steps;     /* bit of each step done and neither undone nor reversed */
    uint8_t place;          /* REQUESTED: enum load_place */
    uint8_t later;          /* REQUESTED, ended: enum load_later */
    bool is_compensating;   /* it goes backwards */
    uint16_t outcome_seq;   /* outcomes written so far */
    int64_t mapping_id;
    struct idem_key key_seed;
    int64_t repayment_minor;
    int64_t hold_minor;
    int64_t expected_minor;      /* 0: not given */
    int64_t expect_at_us;        /* when its deposit is expected; 0: not given */
    int64_t opening_minor;       /* already held at the account's first batch */
    int64_t floor_held_minor;    /* what the followed settlement left; opening_minor not included */
    int64_t floor_payable_minor; /* … and what was raised since */
    int64_t floor_residue_minor; /* … */
    /* What earlier settlements and the opening posted as money that came in (deposits, residue);
       wanted where a bank shows a running total (POOL_RECEIVED), else 0. */
    int64_t floor_received_minor;
    int64_t deposit_minor; /* under way: recorded new money */
    int64_t seen_minor;    /* newest SHORT outcome's amount; -1: never recorded short */
    struct load_transfer transfer;
    uint16_t accepted_generation[STEP_CLOSING]; /* by step: of its accepted transfer; 0: none, or
                                                   done by hand */
    /* REQUESTED */
    uint8_t end_state; /* ended: enum outcome_state of its newest end record, and what it left */
    int64_t end_held_minor, end_payable_minor, end_residue_minor;
    int64_t fee_minor; /* taken by the bank out of the account, and borne by nobody yet */
    char park_code[CODE_TEXT_MAX + 1]; /* parked: why */
    struct load_request request;

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
    uint8_t scope;             /* enum load_scope */
    uint32_t after_position;   /* FRESH: positions above this, from 0 (they start at 1); UNDER_WAY:
                                  positions below this, from one more than there are */
    uint64_t after_request;    /* REQUESTED: ids above this */
    uint32_t row_max;          /* at most LOAD_ROWS_MAX */
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
    EVENT_REQUESTED,   /* there may be requests to answer */
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
    bool at_end;        /* UNDER_WAY, FRESH, REQUESTED: no more rows after these */
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
