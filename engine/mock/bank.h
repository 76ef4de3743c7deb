/*
 * bank: a bank's behaviour and book, pure; used by the simulator and by the mock bank server.
 *
 * Speaks the contract of ops/banks/rest-idempotency-key.yaml. A request goes in as bytes, a
 * decision comes out: the bytes of the answer, when to give it, and what became of the connection.
 * Deterministic: what it does depends on its settings, its seed and the order of requests alone.
 * Time is an argument (`now_ns`, never going back).
 */
#ifndef DAYBOOK_MOCK_BANK_H
#define DAYBOOK_MOCK_BANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/id.h"

#define MOCK_ACCOUNT_BYTES 41 /* an account number with its NUL */
#define MOCK_KEY_BYTES 65     /* an idempotency key as text with its NUL */
#define MOCK_ANSWER_MAX 45056 /* bytes of one HTTP answer, with what odd framing adds */
#define MOCK_REQUEST_MAX 4096 /* bytes of one HTTP request */
#define MOCK_CURRENCY_BYTES 4 /* ISO 4217 with its NUL */
#define MOCK_TOKEN_BYTES 129  /* a bearer token with its NUL */

/*
 * Faults: their name, and what they may strike: TRANSFER (a POST), ABOUT (a POST, or an inquiry
 * about one), INQUIRY, ANY call. Those up to the gap are ways in which an answer comes, and the
 * first that strikes counts; those behind it are what the bank does, and may come together.
 */
#define MOCK_FAULT_TABLE(X)                                                                        \
    X(THROTTLE, throttle, ANY)               /* 429 out of the blue */                             \
    X(RESET_BEFORE, reset_before, TRANSFER)  /* connection reset, nothing done */                  \
    X(ERROR_BEFORE, error_before, TRANSFER)  /* 500, nothing done */                               \
    X(HANG, hang, ANY)                       /* never answers; done or not at even chance */       \
    X(LATE_ACCEPT, late_accept, TRANSFER)    /* not answered; not found until it is done later */  \
    X(LOST_AFTER, lost_after, TRANSFER)      /* done, connection reset instead of the answer */    \
    X(ERROR_AFTER, error_after, TRANSFER)    /* 500, although done */                              \
    X(WRONG_KEY, wrong_key, ABOUT)           /* the answer names another key */                    \
    X(WRONG_AMOUNT, wrong_amount, ABOUT)     /* … another amount */                              \
    X(WRONG_CURRENCY, wrong_currency, ABOUT) /* … another currency */                            \
    X(SWAPPED, swapped, ANY)                 /* the newest answer about somebody else */           \
    X(SHORT_LENGTH, short_length, ANY)       /* Content-Length says less than there is */          \
    X(LONG_LENGTH, long_length, ANY)         /* … more: the rest never comes */                  \
    X(TWO_LENGTHS, two_lengths, ANY)         /* two that differ */                                 \
    X(CHUNKED_TOO, chunked_too, ANY)         /* and Transfer-Encoding: chunked */                  \
    X(SURPLUS, surplus, ANY)                 /* a second answer behind the first */                \
    X(LINE_FEEDS, line_feeds, ANY)           /* lines end with LF alone */                         \
    X(INTERIM_FLOOD, interim_flood, ANY)     /* many 100 Continue before it */                     \
    X(HALF_BODY, half_body, ANY)             /* cut in the body, then closed */                    \
    X(HUGE_HEADER, huge_header, ANY)         /* a header of 20,000 bytes */                        \
    X(DRIP, drip, ANY)                       /* one byte every drip_ns */                          \
    /* the gap */                                                                                  \
    X(SLOW, slow, ANY)                          /* the answer takes slow_ns longer */              \
    X(PROCESSING, processing, TRANSFER)         /* pending at first, decided after settle_ns */    \
    X(FAILS_LATER, fails_later, TRANSFER)       /* pending at first, refused after settle_ns */    \
    X(REVERSED, reversed, TRANSFER)             /* done; after reverse_ns the money goes back */   \
    X(FORGET_REFUSED, forget_refused, TRANSFER) /* what is refused leaves nothing at its key */    \
    X(REFUSE_REPEAT, refuse_repeat, TRANSFER)   /* a repeat of what is done: 409 or 403 */         \
    X(LAGGING, lagging, INQUIRY) /* not found, up to lag_ns after it was received */               \
    X(FEE, fee, TRANSFER)        /* done, and fee_minor taken for it */

/* Chances in a million, drawn from the seed; all 0 is a good bank. */
struct mock_faults {
#define X(name, field, strikes) uint32_t field;
    MOCK_FAULT_TABLE(X)
#undef X
};

struct mock_settings {
    uint64_t seed;
    uint64_t latency_ns;        /* every answer takes at least this */
    uint64_t latency_spread_ns; /* … and up to this more, drawn */
    uint64_t slow_ns;
    uint64_t late_ns;         /* how late a late accept is done */
    uint64_t settle_ns;       /* how long a pending transfer is pending */
    uint64_t reverse_ns;      /* how long after it was done the money goes back */
    uint64_t lag_ns;          /* how long an inquiry may not find what was received */
    uint64_t drip_ns;         /* between two bytes */
    uint64_t key_lifetime_ns; /* then a key is forgotten, and new again; 0: never */
    uint32_t rate_per_s;      /* 0: no limit; above it 429 with retry_after */
    uint32_t burst;
    uint32_t meter_per_s; /* arrivals are measured against this; 0: against rate_per_s */
    uint32_t meter_burst;
    uint32_t accounts_max;
    uint32_t transfers_max;
    struct mock_faults faults;
    int64_t fee_minor;
    char fee_account[MOCK_ACCOUNT_BYTES];  /* pays all fees; "": who pays the transfer does */
    char pool_account[MOCK_ACCOUNT_BYTES]; /* pooled accounts share it; "": there are none */
    char currency[MOCK_CURRENCY_BYTES];    /* "": KRW */
    char token[MOCK_TOKEN_BYTES];          /* bearer token to be shown, "": none asked */
};

enum mock_decision {
    MOCK_ANSWER,  /* give the answer */
    MOCK_RESET,   /* close the connection with a reset, say nothing */
    MOCK_SILENCE, /* say nothing, leave the connection open */
};

enum mock_refusal {
    MOCK_REFUSAL_NONE,
    MOCK_REFUSAL_STOPPED,
    MOCK_REFUSAL_CLOSED,
    MOCK_REFUSAL_FUNDS,
    MOCK_REFUSAL_FAILED,   /* was pending first */
    MOCK_REFUSAL_RETURNED, /* was done first */
};

/* What a request did to the book: what a log needs to build it again. */
enum mock_effect {
    MOCK_EFFECT_NONE,      /* nothing: a read, a replay, not understood … */
    MOCK_EFFECT_ACCEPTED,  /* money moved */
    MOCK_EFFECT_REFUSED,   /* kept as refused under its key */
    MOCK_EFFECT_FORGOTTEN, /* refused, and nothing kept under its key */
    MOCK_EFFECT_LATE,      /* kept, to be decided at late_at_ns; until then not found */
    MOCK_EFFECT_PENDING,   /* the same, but shown as pending */
    MOCK_EFFECT_FAILING,   /* the same, and will be refused */
};

struct mock_reply {
    enum mock_decision decision;
    uint64_t at_ns;   /* when to carry it out */
    uint16_t status;  /* HTTP status of the answer, 0: none */
    bool close_after; /* the request asked for it or was not understood */
    uint32_t bytes;   /* of the answer */
    uint64_t drip_ns; /* not 0: one byte of it every so long */
    /* for the receipt log */
    char key[MOCK_KEY_BYTES]; /* of a transfer or an inquiry, "": none, or not a key */
    const char *what;         /* "balance", "accepted", "replayed", … static */
    const char *fault;        /* the fault that struck, by its name in struct mock_faults, or "" */
    enum mock_effect effect;
    enum mock_refusal refusal; /* with REFUSED and FORGOTTEN */
    uint64_t transfer_id;      /* with ACCEPTED, REFUSED and FORGOTTEN */
    uint64_t late_at_ns;       /* with LATE, PENDING and FAILING */
    uint64_t reverses_at_ns;   /* with ACCEPTED: when the money goes back; 0: never */
    int64_t fee_minor;         /* with ACCEPTED */
    const char *method;        /* static; "" when it was not HTTP */
    const char *path, *body;   /* inside the request's bytes: valid as long as those are */
    uint32_t path_bytes, body_bytes;
    /* last, so that an answer and what is said of it lie together */
    char answer[MOCK_ANSWER_MAX];
};

struct mock_bank;

/* All memory is taken here. NULL: there is not enough. */
struct mock_bank *mock_bank_open(const struct mock_settings *settings);
void mock_bank_close(struct mock_bank *bank);
/* Other chances from now on; what already struck stays. */
void mock_bank_set_faults(struct mock_bank *bank, const struct mock_faults *faults);

/* ---- its book, set up and compared ---- */
enum mock_account_state {
    MOCK_ACCOUNT_OPEN,
    MOCK_ACCOUNT_STOPPED,
    MOCK_ACCOUNT_CLOSED,
    MOCK_ACCOUNT_POOLED, /* a person's share of pool_account, which must be there already */
};
/* A pooled account's balance is its share; the money lies in the pool. The bank keeps account of
   shares by the order's sub_account_id, and protects none of them. False: full, there already, not
   a name of letters, digits and "._-", a negative balance, or more money in the whole bank than
   MONEY_MAX. */
MUST_USE bool mock_bank_account(struct mock_bank *bank, const char *account, int64_t balance_minor,
                                enum mock_account_state state);
/* Money arrives from outside, at once. False: no such account, not above 0, or too much money. */
MUST_USE bool mock_bank_deposit(struct mock_bank *bank, const char *account, int64_t amount_minor);
/* Somebody moves money at the bank, by no transfer of ours; out of a pool also out of this share of
   it, into one into it ("": of nobody's). False: `from` or the share is unknown, or has less. */
MUST_USE bool mock_bank_move(struct mock_bank *bank, const char *from, const char *to,
                             const char *share, int64_t amount_minor);
MUST_USE bool mock_bank_balance(const struct mock_bank *bank, const char *account,
                                int64_t *balance_minor);

uint32_t mock_bank_account_count(const struct mock_bank *bank);
/* Accounts in the order in which they were added; its name. */
const char *mock_bank_account_at(const struct mock_bank *bank, uint32_t index,
                                 int64_t *balance_minor, enum mock_account_state *state);
/* Money paid out to accounts that this bank does not know. */
int64_t mock_bank_outside(const struct mock_bank *bank);
/* Fees taken so far. */
int64_t mock_bank_fees(const struct mock_bank *bank);

enum mock_transfer_kind { MOCK_ACCOUNT_TRANSFER, MOCK_PAYOUT };

struct mock_transfer {
    char key[MOCK_KEY_BYTES];
    char from[MOCK_ACCOUNT_BYTES];
    char to[MOCK_ACCOUNT_BYTES];
    bool accepted;   /* false: refused, kept for the inquiry */
    uint8_t kind;    /* enum mock_transfer_kind */
    uint8_t refusal; /* enum mock_refusal */
    int64_t amount_minor;
    int64_t fee_minor;    /* what the bank took for it */
    uint64_t begun_at_ns; /* when it was received */
    uint64_t done_at_ns;
    uint64_t reversed_at_ns; /* 0: not; else accepted is false and the refusal RETURNED */
    uint64_t id; /* the bank's reference is "tr_<id>": 1, 2, 3 … in order of decision */
};
/* Those decided, in that order. A late accept is not among them before it is done. */
uint32_t mock_bank_transfer_count(const struct mock_bank *bank);
const struct mock_transfer *mock_bank_transfer(const struct mock_bank *bank, uint32_t index);

/* What the bank knows under a key, for who looks into its book. */
enum mock_knows {
    MOCK_KNOWS_NOTHING,
    MOCK_KNOWS_UNDECIDED, /* it works on it */
    MOCK_KNOWS_DONE,
    MOCK_KNOWS_REFUSED,
    MOCK_KNOWS_REVERSED, /* done first, and its money went back */
};
/* *transfer: when it is decided, and holds until the next request; else NULL. Forgotten keys too.
 */
enum mock_knows mock_bank_knows(const struct mock_bank *bank, const char *key,
                                const struct mock_transfer **transfer);

/* Of those, the ones whose money went back, in that order. */
uint32_t mock_bank_reversal_count(const struct mock_bank *bank);
const struct mock_transfer *mock_bank_reversal(const struct mock_bank *bank, uint32_t index);

/* One effect of an earlier life, as its log has it. */
struct mock_restore {
    enum mock_effect effect;   /* not NONE */
    enum mock_refusal refusal; /* with REFUSED and FORGOTTEN */
    enum mock_transfer_kind kind;
    const char *key;
    const char *body; /* NULL: the transfer is known as late, and is decided now */
    uint32_t body_bytes;
    uint64_t at_ns;          /* when the line was written */
    uint64_t late_at_ns;     /* with LATE, PENDING and FAILING */
    uint64_t reverses_at_ns; /* with ACCEPTED; 0: never */
    int64_t fee_minor;       /* with ACCEPTED */
};
/* Put it back, before any request; effects in their order. False: it does not fit this book. */
MUST_USE bool mock_bank_restore(struct mock_bank *bank, const struct mock_restore *restore);
/* Money that went back in an earlier life. False: there is no such transfer. */
MUST_USE bool mock_bank_restore_reversal(struct mock_bank *bank, uint64_t transfer_id,
                                         uint64_t at_ns);

/* ---- requests ---- */
/*
 * One request, whole or in part. Returns the bytes consumed (> 0: *reply holds), 0: incomplete,
 * bring more; a request that is not HTTP is answered 400 and consumes all.
 */
MUST_USE size_t mock_bank_request(struct mock_bank *bank, const char *bytes, size_t byte_count,
                                  uint64_t now_ns, struct mock_reply *reply);
/*
 * What is late or pending is decided, and what is to be reversed is: call before requests
 * (mock_bank_request does so, too); next_at says when something is due (AT_NEVER: nothing). A late
 * accept of a key that was repeated meanwhile is that transfer.
 */
void mock_bank_advance(struct mock_bank *bank, uint64_t now_ns);
uint64_t mock_bank_next_at(const struct mock_bank *bank);

/* Calls that broke the bank's rate limit so far, and all calls. */
uint64_t mock_bank_calls(const struct mock_bank *bank, uint64_t *over_limit);

/* Calls as they arrived, whatever became of them, against rate x w + burst in every window w. */
struct mock_meter {
    uint32_t per_s; /* 0: nothing was measured */
    uint32_t burst;
    uint64_t calls;
    uint64_t most; /* by how much calls exceeded rate x w, at most, in any window w */
    uint64_t over; /* calls that were beyond the burst when they came */
};
void mock_bank_meter(const struct mock_bank *bank, struct mock_meter *meter);

#endif
