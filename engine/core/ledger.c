#include "core/ledger.h"

#include <string.h>

uint32_t ledger_lines(enum step_kind step, bool by_transfer,
                      struct ledger_line lines[LEDGER_LINES_MAX])
{
    switch (step) {
    case STEP_DEPOSIT:
        lines[0] = (struct ledger_line){LEDGER_VIRTUAL, LEDGER_PAYABLE};
        return 1;
    case STEP_COLLECT:
        lines[0] = (struct ledger_line){LEDGER_COLLECTION, LEDGER_VIRTUAL};
        lines[1] = (struct ledger_line){LEDGER_PAYABLE, LEDGER_RECEIVABLE};
        return 2;
    case STEP_HOLD:
        lines[0] = (struct ledger_line){LEDGER_PAYABLE, LEDGER_HELD};
        lines[1] = (struct ledger_line){LEDGER_SUSPENSE, LEDGER_VIRTUAL};
        return by_transfer ? 2 : 1;
    case STEP_PAYOUT:
        lines[0] = (struct ledger_line){LEDGER_PAYABLE, LEDGER_VIRTUAL};
        return 1;
    case STEP_CLOSING:
        lines[0] = (struct ledger_line){LEDGER_VIRTUAL, LEDGER_RESIDUE};
        return 1;
    }
    CHECK(false);
    return 0;
}

struct ledger_line ledger_fee_line(bool is_ours)
{
    return (struct ledger_line){LEDGER_FEE, is_ours ? LEDGER_COLLECTION : LEDGER_VIRTUAL};
}

struct idem_key ledger_key(struct hash *hash, const struct idem_key *seed, enum step_kind step,
                           enum transfer_kind kind, uint16_t generation)
{
    static const char domain[] = "daybook transfer key 1";
    CHECK(generation >= 1);
    uint8_t bytes[sizeof(domain) - 1 + IDEM_KEY_BYTES + 4];
    uint8_t *at = bytes;
    memcpy(at, domain, sizeof(domain) - 1);
    at += sizeof(domain) - 1;
    memcpy(at, seed->bytes, IDEM_KEY_BYTES);
    at += IDEM_KEY_BYTES;
    *at++ = (uint8_t)step;
    *at++ = (uint8_t)kind;
    *at++ = (uint8_t)(generation >> 8);
    *at++ = (uint8_t)generation;
    CHECK(at == bytes + sizeof(bytes));
    struct digest digest = hash_once(hash, bytes, sizeof(bytes));
    struct idem_key key;
    memcpy(key.bytes, digest.bytes, IDEM_KEY_BYTES);
    return key;
}
