/*
 * bank_rules: what the core must know of a bank; a profile states it (ops/banks), with overrides
 * from the configuration. Values only.
 */
#ifndef DAYBOOK_BASE_BANK_RULES_H
#define DAYBOOK_BASE_BANK_RULES_H

#include <stdbool.h>
#include <stdint.h>

#define BANK_CALLS_MAX 16384U

/* How a transfer in doubt is asked for (P5, engine/core/README.md). */
enum inquiry_kind {
    INQUIRY_NONE,   /* cannot be asked: parks */
    INQUIRY_BY_KEY, /* by our key */
    INQUIRY_REPEAT, /* the same key and body again is the question */
};

/* Where virtual accounts share one account of the bank, what a poll shows of a person's share. */
enum pool_kind {
    POOL_NONE,      /* every virtual account is an account of its own */
    POOL_AVAILABLE, /* what lies there now */
    POOL_RECEIVED,  /* all that ever came in */
};

struct bank_rules {
    uint32_t rate_per_s; /* calls allowed a second, 1 .. 1,000,000 */
    uint32_t burst;      /* calls at once after silence, 1 .. 65,536 */
    uint32_t calls_max;  /* calls in flight, 1 .. BANK_CALLS_MAX */
    enum inquiry_kind inquiry;
    enum pool_kind pool;
    bool fee_is_ours; /* fees are taken from the collection account, else from the one that pays */
    uint64_t call_timeout_ns;  /* an answer later than this is in doubt */
    uint64_t processing_ns;    /* the longest the bank works on a request it received */
    uint64_t linger_ns;        /* the longest after send_before that a connection still delivers;
                                  AT_NEVER: unknown */
    uint64_t key_lifetime_ns;  /* how long a key is remembered; AT_NEVER: no end stated */
    uint64_t repeat_delay_ns;  /* least wait before the same key is sent again */
    uint64_t poll_interval_ns; /* least wait between two polls of one account */
    uint64_t later_wait_ns;    /* wait before a new generation after "rejected, later" */
    uint32_t later_tries;      /* generations tried by itself before it parks */
};

#endif
