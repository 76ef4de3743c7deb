/*
 * auditor_state: the auditor's model; shared by auditor*.c. Nothing else includes it.
 */
#ifndef DAYBOOK_SIM_AUDITOR_STATE_H
#define DAYBOOK_SIM_AUDITOR_STATE_H

#include "sim/auditor.h"
#include "sim/keymap.h"

#define AUDITOR_TEXT_BYTES 256
#define AUDITED_LOOKS 4U           /* newest balances told: a record may be some looks behind */
#define AUDITED_ATTEMPTS_LEAST 20U /* fewer are no reason to give up */
#define LEDGER_ACCOUNTS (LEDGER_RESIDUE + 1)

/* A transfer that some committed intent names. */
struct audited_transfer {
    uint32_t account; /* index of its settlement */
    uint8_t step, kind;
    uint16_t generation;
    int64_t amount_minor;
    int64_t mapping_id;
    int64_t intended_at_us;
    int64_t send_before_us;       /* newest permission */
    uint32_t epoch;               /* … of this epoch */
    uint32_t intended_epoch;      /* its intent is this epoch's */
    int64_t older_send_before_us; /* newest permission of an earlier epoch */
    uint32_t clock_steps;         /* … and given after so many steps of the clock */
    uint64_t sent_at_ns;          /* newest send */
    uint16_t attempts;            /* attempt records */
    uint32_t sends;               /* times given out */
    uint32_t open_sends;    /* of those, without a whole answer and not resolved by not-founds */
    uint32_t not_founds;    /* that count, since the newest send */
    uint32_t unanswered;    /* sends that never got a whole answer */
    bool was_not_done;      /* its newest send */
    bool was_refused;       /* a send got a no while another was unanswered */
    bool was_shown_refused; /* the bank said of the key, when asked, that it is refused */
    bool was_changed;       /* it would have read differently */
    uint8_t state;          /* enum outcome_state of the newest outcome, 0: none */
    uint16_t decided_seq;   /* … its number */
    bool is_booked;         /* the bank accepted it */
    bool is_reversed;       /* … and failed it later */
    int64_t fee_minor;      /* that the bank took for it */
    bool is_refused;        /* the bank refused it */
    bool is_by_hand;        /* a person did it, without us */
    bool is_by_word;        /* accepted, or not, by a person's word alone */
    uint64_t reversed_at_ns;
    bool was_by_other; /* its newest send, by one that was taken over: unknown to the owner */
    uint64_t bank_id;
};

/* A settlement. */
struct audited_account {
    uint32_t newest;    /* its newest transfer + 1, 0: none */
    uint8_t done_steps; /* bit of each step done and neither undone nor reversed */
    uint16_t outcome_seq;
    bool is_open, has_deposit, is_ended, is_parked, is_short;
    bool is_compensating;
    uint16_t released_seq; /* the newest outcome with which a person wants it to go on */
    bool was_released;
    bool reparks; /* it was parked when its floor was raised, and stays so */
    uint16_t first_end_seq;
    uint8_t end_state;
    char park_code[CODE_TEXT_MAX + 1];
    int64_t mapping_id;              /* that counts from now on */
    int64_t unheld_minor, fee_minor; /* given back; taken from the account itself */
    uint64_t deposited_at_ns;        /* when that was committed */
    uint64_t looked_at_ns;           /* newest look for its deposit … */
    uint32_t looked_epoch;           /* … by this epoch; 0: none, or it was told to slow down */
    bool was_asked_about;            /* a person's request may bring it in at any time */
    /* a decision that its chunk brought: what it permits, and still owes; 0: nothing */
    uint64_t granted;
    uint8_t granted_kind, owed_kind;
    bool has_reversal;     /* recorded */
    bool is_left_in_doubt; /* parked, with its newest transfer in doubt */
    int64_t floor_held_minor, floor_payable_minor, floor_residue_minor;
    int64_t floor_received_minor; /* all that came in before it, as posted */
    int64_t deposit_minor;
    int64_t told_minor[AUDITED_LOOKS]; /* balances that a bank told its engine */
    uint32_t told_count;
    int64_t end_held_minor, end_payable_minor, end_residue_minor; /* its end record */
    int64_t back_minor;                                           /* that came back, by reversals */
    int64_t back_seen_minor;             /* … before the newest look at its balance */
    bool is_booked[2][STEP_CLOSING + 1]; /* by kind: the bank has done it, and not taken it back */
    int64_t ledger[LEDGER_ACCOUNTS];     /* debits - credits, from the floor on */
};

/* Whose account it is, over all months. */
struct audited_person {
    uint32_t newest_open;              /* the settlement opened last + 1, 0: none */
    int64_t bank_minor;                /* what lies in the virtual account at the bank */
    int64_t came_minor;                /* deposits so far */
    int64_t virtual_minor, held_minor; /* of the ledger */
    int64_t received_minor;            /* that came in, as posted */
    uint32_t in_flight[SEATS_MAX];     /* calls about a transfer */
    /* What the bank has and what the ledger has differ for a reason that no engine can see. */
    bool is_clouded;
};

/* What somebody asks for. */
struct audited_request {
    struct load_request request;
    uint32_t account; /* UINT32_MAX: the run's */
    uint64_t after;
    uint8_t decision;    /* enum decision_state; 0: none yet */
    uint32_t decided_in; /* the run's: bit of each partition that decided it */
    uint32_t transfer;   /* that it is about + 1, 0: none */
    bool is_paid;        /* by hand, at the bank */
};

struct audited_call {
    bool is_open;
    uint32_t generation;
    uint8_t call_kind;
    uint32_t account;
    uint32_t transfer; /* + 1, 0: none */
    uint64_t asked_at_ns;
    int64_t asked_at_us;
};

struct audited_engine {
    uint32_t month, partition, epoch;
    bool is_gone;
    uint64_t heard_at_ns; /* newest acknowledged statement: when it was asked */
    struct audited_call *calls;
    uint32_t calls_in_flight;
    uint32_t rate_per_s; /* that somebody asked for, and it said done to; 0: the bank's */
    uint64_t bucket, bucket_at_ns;
};

struct audited_chain {
    uint32_t epoch; /* newest claim */
    uint32_t number, chunk_epoch;
    struct digest hash;
};

/* An entry that an outcome owes (or that came without one), within one chunk. */
struct audited_entry {
    uint64_t settlement_id;
    uint8_t step, kind, debit, credit;
    uint16_t generation;
    bool is_found; /* false: owed */
    int64_t amount_minor;
};

#define AUDITED_ENTRIES_MAX 64U

struct auditor {
    const struct workload *workload;
    struct auditor_rules rules;
    struct hash *hash;
    struct audited_account *accounts; /* by settlement */
    struct audited_person *persons;
    struct audited_transfer *transfers;
    uint32_t transfer_count, transfer_capacity;
    struct keymap keys;
    struct audited_engine engines[SEATS_MAX];
    struct audited_request *requests;
    uint32_t request_count, request_capacity;
    uint32_t remembered; /* the account whose wait is judged next */
    uint64_t now_ns;     /* of the chunk being judged */
    uint64_t transfers_given;
    uint32_t clock_steps;
    uint64_t bucket; /* calls given out and not drained yet, in 1e-9 */
    uint64_t bucket_at_ns;

    struct audited_chain chains[MONTHS_MAX][WORLD_PARTITIONS_MAX];
    struct audited_entry entries[AUDITED_ENTRIES_MAX]; /* open ones of the chunk being judged */
    uint32_t entry_count;

    uint64_t complaints;
    char text[AUDITOR_TEXT_BYTES];
};

/* The chain that the settlement belongs to; its batch and partition are known to exist. */
static inline const struct audited_chain *auditor_chain(const struct auditor *auditor,
                                                        uint64_t settlement_id)
{
    return &auditor->chains[settlement_batch(settlement_id) - WORKLOAD_BATCH]
                           [settlement_partition(settlement_id)];
}

static inline bool auditor_is_done(const struct audited_account *account, uint8_t step)
{
    return (account->done_steps >> step & 1) != 0;
}

/* Whatever kind a record has, within our tables. */
static inline uint8_t auditor_kind(uint8_t kind)
{
    return kind == TRANSFER_UNDO ? TRANSFER_UNDO : TRANSFER_NORMAL;
}

void auditor_complain(struct auditor *auditor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Its deposit is so large that the plan parks it. */
bool auditor_is_over(const struct auditor *auditor, uint32_t account);
/* Is this record's code a reason to park it now? Notes what it leaves in doubt. */
bool auditor_may_park(struct auditor *auditor, uint32_t account, const struct record *record);
/* Is this the sum of some of its accepted transfers, or of those alone that came back? */
bool auditor_is_sum(const struct auditor *auditor, uint32_t account, int64_t sum_minor,
                    bool came_back);
/* Did a bank tell this balance of late? */
bool auditor_was_told(const struct auditor *auditor, uint32_t account, int64_t balance_minor);
/* An engine looks at a balance. */
void auditor_on_look(struct auditor *auditor, const struct audited_engine *engine, uint32_t account,
                     uint64_t now_ns);
/* What a poll of the account shows at this moment. */
int64_t auditor_shown(const struct auditor *auditor, uint32_t account);
/* Of that, what is there before this settlement's deposit. */
int64_t auditor_shown_before(const struct auditor *auditor, uint32_t account);
struct audited_person *auditor_person(const struct auditor *auditor, uint32_t index);
/* The floor and the opening money. */
int64_t auditor_floor(const struct auditor *auditor, uint32_t index);
/* The newest transfer of the settlement, NULL: none. */
struct audited_transfer *auditor_newest(const struct auditor *auditor, uint32_t account);
/* The newest one of this step and kind, NULL: none. */
struct audited_transfer *auditor_newest_of(const struct auditor *auditor, uint32_t account,
                                           uint8_t step, uint8_t kind);

/* ---- records, within a chunk ---- */

void auditor_on_intent(struct auditor *auditor, const struct record *r, uint32_t account);
void auditor_on_attempt(struct auditor *auditor, const struct record *r, uint32_t account);
void auditor_on_outcome(struct auditor *auditor, const struct record *r, uint32_t account);
/* account: UINT32_MAX: the run's. */
void auditor_on_decision(struct auditor *auditor, const struct record *r, uint32_t account);
/* An outcome of the account comes: is it one that nobody must ask for, or that a decision of its
   chunk permits? False: neither, and complained of. */
bool auditor_on_effect(struct auditor *auditor, const struct record *r, uint32_t account);
/* The chunk is over: all effects are there, and nothing of what they are about is in flight. */
void auditor_check_effects(struct auditor *auditor, const struct chunk *chunk);
/* May a no be recorded by a person's word? */
void auditor_check_word(struct auditor *auditor, const struct record *r, uint32_t account,
                        const struct audited_transfer *transfer);
/* Within auditor_on_outcome: an end. */
void auditor_on_end(struct auditor *auditor, const struct record *r, uint32_t account);
/* The step behind which nothing is missing. */
uint8_t auditor_last_done(const struct audited_account *account);
/* Done, and of an amount that there is something to undo. */
bool auditor_is_to_undo(const struct auditor *auditor, uint32_t account, uint8_t step);
/* An entry of the closing step, numbered by the outcome that it comes with. */
void auditor_owe_closing(struct auditor *auditor, const struct record *r, enum ledger_account debit,
                         enum ledger_account credit, int64_t amount_minor);
/* An end record, when all entries of its chunk are known. */
void auditor_check_end(struct auditor *auditor, const struct record *r, uint32_t account);
/* An outcome owes this entry. */
void auditor_owe(struct auditor *auditor, const struct record *outcome, uint8_t kind,
                 enum ledger_account debit, enum ledger_account credit, int64_t amount_minor);
/* At the end. */
void auditor_check_requests(struct auditor *auditor);

/* What the plan says that this step moves; the deposit must be known for the payout. */
int64_t auditor_step_amount(const struct auditor *auditor, uint32_t account, uint8_t step);

#endif
