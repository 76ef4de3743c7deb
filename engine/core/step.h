/*
 * step: the settlements under way: their states, the legal moves between them, and the one mover.
 *
 * A state says what is awaited, and each state of each bank is a list: being in a state and being
 * on its list are the same thing. Only step_move changes either. Lists are first in, first out.
 *
 * Ownership  a value over memory from the arena. Slots are named by index.
 */
#ifndef DAYBOOK_CORE_STEP_H
#define DAYBOOK_CORE_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/port.h"

enum await {
    AWAIT_NOTHING,   /* free */
    AWAIT_POLL_TURN, /* a token, to ask for the balance */
    AWAIT_POLL_REPLY,
    AWAIT_POLL_AGAIN,   /* the wait after a failed poll */
    AWAIT_INTENT_ROOM,  /* fewer intents ahead of sending */
    AWAIT_INTENT_WRITE, /* intent or attempt record being written */
    AWAIT_SEND_ROOM,    /* the same room, to be permitted to send the same key again */
    AWAIT_SEND_TURN,    /* a token, to send the transfer */
    AWAIT_SEND_REPLY,
    AWAIT_SEND_AGAIN,   /* the wait before the same key, or the next generation */
    AWAIT_INQUIRY_TURN, /* a token, to ask what became of the transfer */
    AWAIT_INQUIRY_REPLY,
    AWAIT_INQUIRY_AGAIN, /* the wait before asking again */
    AWAIT_OUTCOME_WRITE, /* last step's outcome being written, before the closing check */
    AWAIT_CLOSING_TURN,  /* a token, for the closing check's balance */
    AWAIT_CLOSING_REPLY,
    AWAIT_CLOSING_AGAIN, /* the bank's processing time, before the second look */
    AWAIT_CONFIRM_TURN,  /* a token, to ask whether an accepted transfer still is */
    AWAIT_CONFIRM_REPLY,
    AWAIT_CONFIRM_AGAIN, /* the wait before asking that again */
    AWAIT_LAST_WRITE,    /* end, park or short record being written; then free */
    AWAIT_COUNT,
};

struct settlement {
    /* private to step.c */
    uint32_t next, prev;
    uint8_t await; /* enum await; changed by step_move alone */

    uint8_t bank;
    uint8_t step;         /* enum step_kind: the one under way */
    uint16_t outcome_seq; /* outcomes appended so far */
    uint32_t written_by;  /* ticket of the buffer that holds its newest records */
    uint64_t id;
    int64_t mapping_id;
    struct idem_key key_seed;

    /* the frozen plan and the floor, in minor units */
    int64_t repayment_minor, hold_minor, expected_minor, opening_minor;
    int64_t floor_held_minor, floor_payable_minor, floor_residue_minor, floor_received_minor;
    int64_t unheld_minor; /* of the floor: what the plan gives back */
    int64_t expect_at_us; /* when its deposit is expected; 0: not given */
    int64_t deposit_minor;
    uint8_t done_steps;          /* bit of each step done and neither undone nor reversed */
    bool is_compensating;        /* goes backwards */
    int64_t seen_recorded_minor; /* newest SHORT record's amount; -1: none */
    int64_t seen_minor;          /* newest poll's new money; -1: none in this run */
    uint64_t looked_at_ns;       /* the look before, where it told; 0: it did not */

    /* the transfer under way */
    struct transfer_order order;
    int64_t intended_at_us;
    int64_t send_before_us; /* newest permission */
    uint64_t permitted_ns;  /* … on the engine's clock, for the database's may be set back */
    struct digest body_digest;
    bool has_digest;        /* loaded from an earlier run: the body must render to it */
    bool is_clean;          /* every send permitted so far has its whole answer */
    bool is_pending;        /* the bank has it: recorded as pending */
    bool is_unsendable;     /* the body changed: inquire only */
    bool is_refused_later;  /* a re-send got a 4xx: it counts after a not-found that counts */
    bool wants_generation;  /* SEND_AGAIN ends in the next generation, not the same key */
    bool refused_by_person; /* kind of that 4xx */
    uint16_t attempts;      /* attempt records so far */
    uint8_t renewals;       /* permissions in a row that ran out before their turn came */
    uint32_t tries;         /* failed calls in a row */
    uint32_t inquiries;     /* asked so far, for the wait between */
    uint8_t not_found_count;
    bool is_refused;         /* parked as refused; its slot only waits for the call's reply */
    bool is_second_look;     /* closing check: once already the balance was not the ledger's */
    int64_t asked_at_us;     /* database clock, least, when the inquiry was handed over */
    uint64_t asked_at_ns;    /* the same on the engine's clock */
    uint64_t sent_at_ns;     /* newest send of this run; 0: none yet */
    uint64_t doubt_since_ns; /* since when the run waits for it, or its looks fail; 0: not */
    struct bank_text refusal;

    /* the closing check */
    uint16_t accepted_generation[STEP_CLOSING]; /* by step; 0: none, or done by hand */
    uint8_t confirming;                         /* enum step_kind: asked about; older ones follow */
    uint8_t reversed_steps;                     /* bit of each step that failed later */
    uint8_t unconfirmed_steps;                  /* … of which the bank tells nothing */
    int64_t paid_at_us;                         /* by an earlier run, at least; 0: by this one */
    int64_t closing_minor;                      /* what the second look showed */
    char reversal_codes[STEP_CLOSING][CODE_TEXT_MAX + 1];

    /* what somebody asks for, while the bank's word is waited for */
    uint64_t request_id; /* 0: nothing */
    uint8_t request_kind;
    bool is_visitor;   /* here for a request alone: left as it was where that is refused */
    bool is_parked;    /* it is parked, and only the answer will tell whether it goes on */
    bool is_ended;     /* it has its end record, and may get another one */
    uint8_t end_state; /* … of this kind, which left: */
    int64_t end_held_minor, end_payable_minor, end_residue_minor;
    int64_t fee_minor;     /* parked: taken by the bank out of the account, borne by nobody yet */
    struct bank_text word; /* the person's: where the payment can be found */

    struct slot call; /* the call in flight */
    struct parties parties;
};

struct step_list {
    uint32_t head, tail, count;
};

struct steps {
    struct settlement *slots;
    uint64_t *ids;        /* by slot: whose it is; 0: free */
    uint64_t *ids_before; /* … when step_remember was called */
    uint32_t capacity;
    struct step_list lists[BANKS_MAX][AWAIT_COUNT]; /* free ones: lists[0][AWAIT_NOTHING] */
    uint32_t counts[AWAIT_COUNT];                   /* over all banks */
};

#define STEP_NONE UINT32_MAX

void step_init(struct steps *steps, struct arena *arena, uint32_t capacity);
struct settlement *step_at(struct steps *steps, uint32_t index);
uint32_t step_index(const struct steps *steps, const struct settlement *settlement);

/* A free slot for this settlement, zeroed but for its place, moved to `to`; there must be one
   (CHECK). */
struct settlement *step_begin(struct steps *steps, uint64_t id, uint8_t bank, enum await to);
/* The settlement of this id, or NULL. O(slots). */
struct settlement *step_find(struct steps *steps, uint64_t id);
/* Who has a slot now. O(slots). */
void step_remember(struct steps *steps);
/* Had this one a slot then? O(slots). */
bool step_is_remembered(const struct steps *steps, uint64_t id);
/* The only way a settlement changes what it awaits; an illegal move aborts. */
void step_move(struct steps *steps, struct settlement *settlement, enum await to);

/* First of a list, or NULL. */
struct settlement *step_first(struct steps *steps, uint32_t bank, enum await await);
/* The one behind it in its list, or NULL. */
struct settlement *step_next(struct steps *steps, const struct settlement *settlement);
uint32_t step_count(const struct steps *steps, uint32_t bank, enum await await);
uint32_t step_free_count(const struct steps *steps);
bool step_is_legal(enum await from, enum await to);
const char *step_await_name(enum await await);

/* Every list's links and counts agree with every slot's state. O(n), for CHECK_SLOW. */
bool step_is_whole(const struct steps *steps);

#endif
