/*
 * mockbank_accounts: the accounts a mock bank starts with, and the money that arrives later.
 *
 * A CSV of bare fields: account,balance_minor,state[,deposit_minor[,arrives_after_ms]]…, with up to
 * MOCKBANK_DEPOSITS_MAX deposits (arrives_after_ms may also be a time with its unit, 250us); state
 * is open, stopped, closed or pooled (a share of the account that --pooled names, which must stand
 * in a line before); a first line that begins with "account," is a heading.
 */
#ifndef DAYBOOK_JOBS_MOCKBANK_ACCOUNTS_H
#define DAYBOOK_JOBS_MOCKBANK_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "mock/bank.h"

#define MOCKBANK_ERROR_BYTES 512
#define MOCKBANK_DEPOSITS_MAX 4

struct mockbank_account {
    char account[MOCK_ACCOUNT_BYTES];
    enum mock_account_state state;
    int64_t balance_minor;
};

struct mockbank_deposit {
    uint32_t account; /* index among the accounts */
    int64_t amount_minor;
    uint64_t after_ns; /* since the bank's first start, or since --arrivals-from */
};

struct mockbank_accounts {
    struct mockbank_account *accounts;
    uint32_t account_count;
    struct mockbank_deposit *deposits; /* in the order of their arrival */
    uint32_t deposit_count;
};

/* False: `error` names the file and the line. Free in both cases. */
MUST_USE bool mockbank_accounts_load(struct mockbank_accounts *accounts, const char *file,
                                     char error[MOCKBANK_ERROR_BYTES]);
void mockbank_accounts_free(struct mockbank_accounts *accounts);
/* Put them into an empty bank. */
MUST_USE bool mockbank_accounts_enter(const struct mockbank_accounts *accounts,
                                      struct mock_bank *bank, char error[MOCKBANK_ERROR_BYTES]);

#endif
