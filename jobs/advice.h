/*
 * advice: what a person does next about a settlement, as sentences and as commands to type.
 *
 * Pure. What stands there decides (codes.h); names are quoted for the shell.
 */
#ifndef DAYBOOK_JOBS_ADVICE_H
#define DAYBOOK_JOBS_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "jobs/codes.h"

#define ADVICE_BYTES 1024

/* Where something stands. Texts may be "" but `state`. */
struct advice_case {
    const char *cohort, *date;
    const char *account;  /* one of them, for what is asked of one account */
    const char *state;    /* of the settlement, as in v_settlement */
    const char *code;     /* parked: why */
    const char *transfer; /* its newest transfer, undecided at the bank: in_doubt, pending, … */
    const char *seen;     /* that one, as resolve takes it ("payout.1.0") */
    bool is_one;          /* about that account alone, whose story is being told */
};

enum code_step advice_step(const struct advice_case *about);
/* Why it stands there: half a sentence, in small letters. */
const char *advice_reason(const struct advice_case *about);
/* What to do about that, in words; may be "". */
const char *advice_words(const struct advice_case *about);
/* The command to type, "" for none. Returns `out`. */
const char *advice_command(const struct advice_case *about, char out[ADVICE_BYTES]);

#endif
