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
#define MOCK_ANSWER_MAX 1024  /* bytes of one HTTP answer */
#define MOCK_REQUEST_MAX 4096 /* bytes of one HTTP request */
#define MOCK_CURRENCY_BYTES 4 /* ISO 4217 with its NUL */
#define MOCK_TOKEN_BYTES 129  /* a bearer token with its NUL */

/* Faults are chances in a million, drawn from the seed; all 0 is a good bank. */
struct mock_faults {
    uint32_t lost_after;   /* transfer done, connection reset instead of the answer */
    uint32_t error_before; /* 500, nothing done */
    uint32_t error_after;  /* 500, although done */
    uint32_t reset_before; /* connection reset, nothing done */
    uint32_t hang;         /* never answers; done or not at even chance */
    uint32_t late_accept;  /* not answered; inquiry says not found until it is done later */
    uint32_t throttle;     /* 429 out of the blue */
    uint32_t slow;         /* the answer takes slow_ns longer */
};

struct mock_settings {
    uint64_t seed;
    uint64_t latency_ns;        /* every answer takes at least this */
    uint64_t latency_spread_ns; /* … and up to this more, drawn */
    uint64_t slow_ns;
    uint64_t late_ns;    /* how late a late accept is done */
    uint32_t rate_per_s; /* 0: no limit; above it 429 with retry_after */
    uint32_t burst;
    uint32_t accounts_max;
    uint32_t transfers_max;
    struct mock_faults faults;
    char currency[MOCK_CURRENCY_BYTES]; /* "": KRW */
    char token[MOCK_TOKEN_BYTES];       /* bearer token to be shown, "": none asked */
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
};

/* What a request did to the book: what a log needs to build it again. */
enum mock_effect {
    MOCK_EFFECT_NONE,     /* nothing: a read, a replay, not understood … */
    MOCK_EFFECT_ACCEPTED, /* money moved */
    MOCK_EFFECT_REFUSED,  /* kept as refused under its key */
    MOCK_EFFECT_LATE,     /* kept, to be decided at late_at_ns */
};

struct mock_reply {
    enum mock_decision decision;
    uint64_t at_ns;   /* when to carry it out */
    uint16_t status;  /* HTTP status of the answer, 0: none */
    bool close_after; /* the request asked for it or was not understood */
    uint32_t bytes;   /* of the answer */
    /* for the receipt log */
    char key[MOCK_KEY_BYTES]; /* of a transfer or an inquiry, "": none, or not a key */
    const char *what;         /* "balance", "accepted", "replayed", … static */
    const char *fault;        /* the fault that struck, by its name in struct mock_faults, or "" */
    enum mock_effect effect;
    enum mock_refusal refusal; /* with MOCK_EFFECT_REFUSED */
    uint64_t transfer_id;      /* with ACCEPTED and REFUSED */
    uint64_t late_at_ns;       /* with LATE */
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
enum mock_account_state { MOCK_ACCOUNT_OPEN, MOCK_ACCOUNT_STOPPED, MOCK_ACCOUNT_CLOSED };
/* False: full, there already, not a name of letters, digits and "._-", a negative balance, or more
   money in the whole bank than MONEY_MAX. */
MUST_USE bool mock_bank_account(struct mock_bank *bank, const char *account, int64_t balance_minor,
                                enum mock_account_state state);
/* Money arrives from outside, at once. False: no such account, not above 0, or too much money. */
MUST_USE bool mock_bank_deposit(struct mock_bank *bank, const char *account, int64_t amount_minor);
MUST_USE bool mock_bank_balance(const struct mock_bank *bank, const char *account,
                                int64_t *balance_minor);

uint32_t mock_bank_account_count(const struct mock_bank *bank);
/* Accounts in the order in which they were added; its name. */
const char *mock_bank_account_at(const struct mock_bank *bank, uint32_t index,
                                 int64_t *balance_minor, enum mock_account_state *state);
/* Money paid out to accounts that this bank does not know. */
int64_t mock_bank_outside(const struct mock_bank *bank);

enum mock_transfer_kind { MOCK_ACCOUNT_TRANSFER, MOCK_PAYOUT };

struct mock_transfer {
    char key[MOCK_KEY_BYTES];
    char from[MOCK_ACCOUNT_BYTES];
    char to[MOCK_ACCOUNT_BYTES];
    bool accepted;   /* false: refused, kept for the inquiry */
    uint8_t kind;    /* enum mock_transfer_kind */
    uint8_t refusal; /* enum mock_refusal */
    int64_t amount_minor;
    uint64_t done_at_ns;
    uint64_t id; /* the bank's reference is "tr_<id>": 1, 2, 3 … in order of decision */
};
/* Those decided, in that order. A late accept is not among them before it is done. */
uint32_t mock_bank_transfer_count(const struct mock_bank *bank);
const struct mock_transfer *mock_bank_transfer(const struct mock_bank *bank, uint32_t index);

/* One effect of an earlier life, as its log has it. */
struct mock_restore {
    enum mock_effect effect;   /* not NONE */
    enum mock_refusal refusal; /* with REFUSED */
    enum mock_transfer_kind kind;
    const char *key;
    const char *body; /* NULL: the transfer is known as late, and is decided now */
    uint32_t body_bytes;
    uint64_t at_ns; /* when decided; with LATE: when it will be */
};
/* Put it back, before any request; effects in their order. False: it does not fit this book. */
MUST_USE bool mock_bank_restore(struct mock_bank *bank, const struct mock_restore *restore);

/* ---- requests ---- */
/*
 * One request, whole or in part. Returns the bytes consumed (> 0: *reply holds), 0: incomplete,
 * bring more; a request that is not HTTP is answered 400 and consumes all.
 */
MUST_USE size_t mock_bank_request(struct mock_bank *bank, const char *bytes, size_t byte_count,
                                  uint64_t now_ns, struct mock_reply *reply);
/*
 * Late accepts fall due: call before requests (mock_bank_request does so, too); next_at says when
 * one is due (AT_NEVER: none). A late accept of a key that was repeated meanwhile is that transfer.
 */
void mock_bank_advance(struct mock_bank *bank, uint64_t now_ns);
uint64_t mock_bank_next_at(const struct mock_bank *bank);

/* Calls that broke the bank's rate limit so far, and all calls. */
uint64_t mock_bank_calls(const struct mock_bank *bank, uint64_t *over_limit);

#endif
