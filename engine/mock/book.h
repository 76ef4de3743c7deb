/*
 * book: a bank's accounts and transfers; what moved, once a key.
 *
 * Two open-addressing tables taken at init (accounts by number, transfers by key). All money in the
 * book stays within MONEY_MAX in sum, so that no addition can leave it. A transfer is begun
 * (undecided) and then decided, once; the order of decision numbers them 1, 2, 3 …
 *
 * A value over memory from an arena. Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_BOOK_H
#define DAYBOOK_MOCK_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "mock/bank.h"

#define BOOK_OUTSIDE UINT32_MAX /* the place of an account that this bank does not know */

struct book_account {
    char account[MOCK_ACCOUNT_BYTES];
    uint8_t state;          /* enum mock_account_state */
    int64_t balance_minor;  /* POOLED: its share, which may go below zero */
    int64_t received_minor; /* POOLED: all that ever came in */
};

/* What becomes of a transfer that is not decided at once. */
enum book_fate {
    BOOK_LATE,    /* decided later; no one sees it before */
    BOOK_PENDING, /* the same, but seen */
    BOOK_FAILING, /* seen, and refused later */
};

struct book_entry {
    struct mock_transfer transfer;
    uint64_t body_hash;
    uint32_t from;  /* places in accounts */
    uint32_t to;    /* or BOOK_OUTSIDE */
    uint32_t share; /* whose share of the pool it changes, or BOOK_OUTSIDE */
    uint8_t fate;   /* enum book_fate, until it is decided */
    bool decided;
    bool forgotten; /* nothing is known under its key any more */
};

struct book {
    struct book_account *accounts;
    uint32_t *account_slots; /* place + 1, 0: free */
    uint32_t account_count, accounts_max;
    uint64_t account_mask;
    struct book_entry *entries;
    uint32_t *entry_slots; /* place + 1, 0: free */
    uint32_t entry_count, entries_max;
    uint64_t entry_mask;
    uint32_t *decided; /* places in entries, by id - 1 */
    uint32_t decided_count;
    uint32_t *reversed; /* places in entries */
    uint32_t reversed_count;
    uint64_t key_lifetime_ns; /* 0: keys are never forgotten */
    uint32_t pool;            /* place of the pool's account, or BOOK_OUTSIDE */
    uint32_t fee_payer;       /* … of who pays all fees, or BOOK_OUTSIDE */
    int64_t total_minor;      /* in all accounts, outside, and taken as fees */
    int64_t outside_minor;    /* paid to accounts that this bank does not know */
    int64_t fees_minor;
};

void book_init(struct book *book, struct arena *arena, uint32_t accounts_max,
               uint32_t transfers_max);

/* As mock_bank_account and mock_bank_deposit. */
MUST_USE bool book_open_account(struct book *book, const char *account, int64_t balance_minor,
                                enum mock_account_state state);
MUST_USE bool book_deposit(struct book *book, const char *account, int64_t amount_minor);

/* As mock_bank_move. */
MUST_USE bool book_move(struct book *book, const char *from, const char *to, const char *share,
                        int64_t amount_minor);

/* The account's place, or BOOK_OUTSIDE. */
uint32_t book_account(const struct book *book, const char *account);
/* The key's place in entries, or UINT32_MAX: not known, or forgotten by now. */
uint32_t book_transfer(const struct book *book, const char *key, uint64_t now_ns);
/* Forget what is under the key of this entry. */
void book_forget(struct book *book, uint32_t place);

struct book_order {
    enum mock_transfer_kind kind;
    const char *key;
    const char *to_account;
    int64_t amount_minor;
    uint32_t from, to, share;
    uint64_t body_hash;
    uint64_t now_ns;
};
bool book_is_full(const struct book *book);
/* Keep an undecided transfer of a key that is not there; returns its place. */
uint32_t book_begin(struct book *book, const struct book_order *order);
/* What speaks against the transfer now; NONE: nothing. */
enum mock_refusal book_refusal(const struct book *book, uint32_t place);
/* Decide it: move the money, or refuse. Accepting needs the money to be there. */
void book_decide(struct book *book, uint32_t place, enum mock_refusal refusal, uint64_t now_ns);
/* Take a fee for an accepted transfer, as far as its payer has it; returns what was taken. */
int64_t book_charge(struct book *book, uint32_t place, int64_t fee_minor);
/* The money of an accepted transfer goes back. False: who got it does not have it any more. */
MUST_USE bool book_reverse(struct book *book, uint32_t place, uint64_t now_ns);

/* 64 bits over bytes, the same everywhere; not against an attacker. */
uint64_t book_hash(uint64_t seed, const char *bytes, size_t byte_count);
/* 1 to most letters, digits and "._-": as they are fit for a path, a JSON string, a CSV field. */
bool book_is_name(const char *bytes, size_t byte_count, size_t most);

#endif
