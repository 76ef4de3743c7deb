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

#define MOCK_ACCOUNT_BYTES 41   /* an account number with its NUL */
#define MOCK_KEY_BYTES 65       /* an idempotency key as text with its NUL */
#define MOCK_ANSWER_MAX 1024    /* bytes of one HTTP answer */
#define MOCK_REQUEST_MAX 4096   /* bytes of one HTTP request */

/* Faults are chances in a million, drawn from the seed; all 0 is a good bank. */
struct mock_faults {
    uint32_t lost_after;     /* transfer done, connection reset instead of the answer */
    uint32_t error_before;   /* 500, nothing done */
    uint32_t error_after;    /* 500, although done */
    uint32_t reset_before;   /* connection reset, nothing done */
    uint32_t hang;           /* never answers; done or not at even chance */
    uint32_t late_accept;    /* not answered; inquiry says not found until it is done later */
    uint32_t throttle;       /* 429 out of the blue */
    uint32_t slow;           /* the answer takes slow_ns longer */
};

struct mock_settings {
    uint64_t seed;
    uint64_t latency_ns;       /* every answer takes at least this */
    uint64_t latency_spread_ns;/* … and up to this more, drawn */
    uint64_t slow_ns;
    uint64_t late_ns;          /* how late a late accept is done */
    uint32_t rate_per_s;       /* 0: no limit; above it 429 with retry_after */
    uint32_t burst;
    uint32_t accounts_max;
    uint32_t transfers_max;
    struct mock_faults faults;
};

enum mock_decision {
    MOCK_ANSWER,       /* give the answer */
    MOCK_RESET,        /* close the connection with a reset, say nothing */
    MOCK_SILENCE,      /* say nothing, leave the connection open */
};

struct mock_reply {
    enum mock_decision decision;
    uint64_t at_ns;            /* when to carry it out */
    uint16_t status;           /* HTTP status of the answer, 0: none */
    bool close_after;          /* the request asked for it or was not understood */
    uint32_t bytes;
    char answer[MOCK_ANSWER_MAX];
    /* for the receipt log */
    char key[MOCK_KEY_BYTES];
    const char *what;          /* "balance", "transfer accepted", "transfer replayed", … static */
};

struct mock_bank;

/* All memory is taken here. */
struct mock_bank *mock_bank_open(const struct mock_settings *settings);
void mock_bank_close(struct mock_bank *bank);

/* ---- its book, set up and compared ---- */
enum mock_account_state { MOCK_ACCOUNT_OPEN, MOCK_ACCOUNT_STOPPED, MOCK_ACCOUNT_CLOSED };
/* False: full, or there already. */
MUST_USE bool mock_bank_account(struct mock_bank *bank, const char *account, int64_t balance_minor,
                                enum mock_account_state state);
/* Money arrives from outside, at once. False: no such account. */
MUST_USE bool mock_bank_deposit(struct mock_bank *bank, const char *account, int64_t amount_minor);
MUST_USE bool mock_bank_balance(const struct mock_bank *bank, const char *account,
                                int64_t *balance_minor);

struct mock_transfer {
    char key[MOCK_KEY_BYTES];
    char from[MOCK_ACCOUNT_BYTES];
    char to[MOCK_ACCOUNT_BYTES];
    int64_t amount_minor;
    bool accepted;          /* false: refused, kept for the inquiry */
    uint64_t done_at_ns;
    uint64_t id;            /* the bank's reference is "tr_<id>" */
};
uint32_t mock_bank_transfer_count(const struct mock_bank *bank);
const struct mock_transfer *mock_bank_transfer(const struct mock_bank *bank, uint32_t index);

/* ---- requests ---- */
/*
 * One request, whole or in part. Returns the bytes consumed (> 0: *reply holds), 0: incomplete,
 * bring more; a request that is not HTTP is answered 400 and consumes all.
 */
MUST_USE size_t mock_bank_request(struct mock_bank *bank, const char *bytes, size_t byte_count,
                                  uint64_t now_ns, struct mock_reply *reply);
/* Late accepts fall due: call before requests; next_at says when one is due (AT_NEVER: none). */
void mock_bank_advance(struct mock_bank *bank, uint64_t now_ns);
uint64_t mock_bank_next_at(const struct mock_bank *bank);

/* Calls that broke the bank's rate limit so far, and all calls. */
uint64_t mock_bank_calls(const struct mock_bank *bank, uint64_t *over_limit);

#endif
