/*
 * explain_words: what happened to a settlement, each as one plain sentence. Pure.
 */
#ifndef DAYBOOK_JOBS_EXPLAIN_WORDS_H
#define DAYBOOK_JOBS_EXPLAIN_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define EXPLAIN_BYTES 1024

/* One record, request or run; texts are "" where there is none, amounts 0. */
struct explain_event {
    const char *kind;     /* run, intent, attempt, outcome, entry, request, decision */
    const char *step;     /* deposit, collect, hold, payout, closing */
    const char *transfer; /* normal, undo, reversal */
    const char *state;    /* outcome, decision: which */
    int64_t generation, number;
    int64_t amount_minor, available_minor, held_minor, residue_minor;
    const char *debit, *credit;
    const char *idem_key, *bank, *from_account, *to_account, *bank_ref, *code, *send_before;
    const char *run_id, *request, *who, *reason;
    const char *currency;
};

/* Returns `out`. */
const char *explain_say(const struct explain_event *event, char out[EXPLAIN_BYTES]);

#endif
