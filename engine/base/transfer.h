/*
 * transfer: the words that core, wire and mock share about a bank call.
 *
 * Values only. Text fields are NUL-terminated UTF-8 without control bytes; core carries `parties`
 * and texts through without reading them.
 */
#ifndef DAYBOOK_BASE_TRANSFER_H
#define DAYBOOK_BASE_TRANSFER_H

#include <stdint.h>

#include "base/id.h"

#define ACCOUNT_TEXT_MAX 40 /* bytes of an account number, without the NUL */
#define BANK_TEXT_MAX 16    /* bytes of a bank's short name */
#define HOLDER_TEXT_MAX 70  /* bytes of a holder's name, UTF-8 */
#define CODE_TEXT_MAX 31    /* bytes of a bank's code kept in a record */
#define BANK_REF_MAX 47     /* bytes of a bank's reference kept in a record */
#define BANKS_MAX 16        /* banks in one run */

/* The steps of a settlement. The values stand in the database. */
enum step_kind {
    STEP_DEPOSIT = 1,
    STEP_COLLECT = 2,
    STEP_HOLD = 3,
    STEP_PAYOUT = 4,
    STEP_CLOSING = 5,
};

/* normal, or the undo that compensates it. The values stand in the database. */
enum transfer_kind { TRANSFER_NORMAL = 0, TRANSFER_UNDO = 1 };

enum call_kind { CALL_BALANCE, CALL_TRANSFER, CALL_INQUIRY };

/*
 * How a bank call ended (accepted or pending, rejected, not done, in doubt), or what a reading call
 * said. IN_DOUBT is everything that is not surely one of the others, and is never a failure.
 */
enum answer {
    ANSWER_IN_DOUBT,
    ANSWER_BALANCE,         /* balance: `balance_minor` holds */
    ANSWER_ACCEPTED,        /* transfer, inquiry: done, `bank_ref` names it */
    ANSWER_PENDING,         /* transfer, inquiry: the bank has it, not final */
    ANSWER_REJECTED_LATER,  /* definitive no; a new generation may be tried after a while */
    ANSWER_REJECTED_PERSON, /* definitive no; a person must look */
    ANSWER_NOT_FOUND,       /* inquiry: the bank does not know the key (not yet, or never) */
    ANSWER_NOT_DONE,        /* surely not done: nothing left this process, or throttled */
    ANSWER_CHANGED,         /* transfer: does not render to the recorded body; nothing was sent */
};

/* The outside names of an account, as the frozen mapping version has them. */
struct parties {
    char virtual_account[ACCOUNT_TEXT_MAX + 1];
    char payout_bank[BANK_TEXT_MAX + 1];
    char payout_account[ACCOUNT_TEXT_MAX + 1];
    char holder_name[HOLDER_TEXT_MAX + 1];
};

/* One money movement as a bank is told it; a profile renders it to the same bytes each time. */
struct transfer_order {
    uint64_t settlement_id;
    struct idem_key key;
    int64_t amount_minor; /* > 0 */
    uint8_t step;         /* enum step_kind: picks the profile's call and the counterparty */
    uint8_t kind;         /* enum transfer_kind */
    uint16_t generation;  /* 1, 2, 3 … */
};

/* What a bank said, cut to size and cleaned (text_clean) before it gets here. */
struct bank_text {
    char code[CODE_TEXT_MAX + 1];
    char bank_ref[BANK_REF_MAX + 1];
};

#endif
