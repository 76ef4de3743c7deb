/*
 * ledger: the entries of a step, and a transfer's idempotency key.
 *
 * Entries are balanced by construction: one row names a debit, a credit and an amount > 0.
 * The key is a pure function (I4, README.md): the first 16 bytes of
 * SHA-256("daybook transfer key 1" || key_seed || step || kind || generation, big-endian).
 */
#ifndef DAYBOOK_CORE_LEDGER_H
#define DAYBOOK_CORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"

#define LEDGER_LINES_MAX 2U

struct ledger_line {
    enum ledger_account debit;
    enum ledger_account credit;
};

/* Lines of a finished step, in order; returns how many. `by_transfer` concerns the hold. */
uint32_t ledger_lines(enum step_kind step, bool by_transfer,
                      struct ledger_line lines[LEDGER_LINES_MAX]);

/* Line of a fee that the bank took for a step, after the step's own: from the house's collection
   account, or from the person's. */
struct ledger_line ledger_fee_line(bool is_ours);

struct idem_key ledger_key(struct hash *hash, const struct idem_key *seed, enum step_kind step,
                           enum transfer_kind kind, uint16_t generation);

#endif
