#include "jobs/request_code.h"

#include <stddef.h>
#include <string.h>

#include "core/course.h"
#include "core/request.h"

static const struct code {
    const char *code, *reason, *hint;
} codes[] = {
    {REQUEST_CODE_OFF, "the request that it was to follow was not done", NULL},
    {REQUEST_CODE_BLOCKED, "the account's last settlement has not ended",
     "`daybook plan` names the batch that blocks it"},
    {REQUEST_CODE_ENDED, "the settlement has ended", "`daybook explain ACCOUNT` tells how"},
    {REQUEST_CODE_NOT_ENDED, "the settlement has not ended yet", NULL},
    {REQUEST_CODE_PARKED, "it is parked already", NULL},
    {REQUEST_CODE_NOT_PARKED, "it is not parked", "park it first"},
    {REQUEST_CODE_IN_DOUBT, "a transfer of it is in doubt",
     "resolve that first: `daybook resolve ACCOUNT paid|paid-by-hand|not-paid`"},
    {REQUEST_CODE_NOT_IN_DOUBT, "no transfer of it is in doubt",
     "`daybook explain ACCOUNT` tells why"},
    {REQUEST_CODE_UNDER_WAY, "a call or a record of it is under way", "try again in a moment"},
    {REQUEST_CODE_NEWER, "the transfer is not as it was when it was looked at",
     "look again (`daybook explain ACCOUNT`), then ask again"},
    {REQUEST_CODE_PAID, "the payout is done", NULL},
    {REQUEST_CODE_HAS_DEPOSIT, "its deposit came", NULL},
    {REQUEST_CODE_LATER, "the account has a later settlement",
     "what is left is carried into that one; ask again when it has ended"},
    {REQUEST_CODE_NOTHING, "there is no residue to release", NULL},
    {REQUEST_CODE_BANK_PAID, "the bank says that it paid", "resolve it as paid"},
    {REQUEST_CODE_BANK_PENDING, "the bank still works on it", "wait, and let a run ask again"},
    {REQUEST_CODE_BANK_REJECTED, "the bank says that it refused it", "resolve it as not-paid"},
    {REQUEST_CODE_BANK_UNKNOWN, "the bank says, twice, that it never received it",
     "resolve it as not-paid, or as paid-by-hand"},
    {REQUEST_CODE_BANK_SILENT, "the bank gives no answer about it", "try again when it does"},
    {REQUEST_CODE_NO_BANK, "the batch has no accounts at this bank", NULL},
    {REQUEST_CODE_TOO_EARLY, "what was sent last may still arrive",
     "try again after the bank's linger and processing time"},
    {PARK_LINGER_UNKNOWN, "how long a request may linger at this bank is not known",
     "state `linger` of the bank, if its contract does"},
    {PARK_BELOW_DUES, "the deposit does not cover repayment and hold",
     "write it off: what came is carried into the next batch"},
    {PARK_FEE_TAKEN, "the bank took a fee from the person's account",
     "write it off, and settle the fee with the bank"},
    {PARK_FEE_UNCLEAR, "the bank named a fee that cannot be one", "write it off, and ask the bank"},
};

static const struct code *find(const char *code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].code, code) == 0)
            return &codes[i];
    }
    return NULL;
}

const char *request_code_reason(const char *code)
{
    const struct code *found = find(code);
    return found != NULL ? found->reason : "";
}

const char *request_code_hint(const char *code)
{
    const struct code *found = find(code);
    return found != NULL ? found->hint : NULL;
}
