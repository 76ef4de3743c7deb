/*
 * codes: every code that daybook prints, and what is to be said about it: error numbers, the codes
 * of parked settlements, states, the ends of a bank call, exit codes.
 *
 * One table, from which `daybook help CODE`, the reasons in `show` and `explain`, and the meaning
 * of an exit code come. A bank's own codes are not in it: nothing is known about them here.
 *
 * To add a code: a row in codes_words.c (or, of an error, in failures.h).
 */
#ifndef DAYBOOK_JOBS_CODES_H
#define DAYBOOK_JOBS_CODES_H

#include <stddef.h>

enum code_kind {
    CODE_PARK,     /* why a settlement is parked */
    CODE_STATE,    /* of a settlement, a transfer, a batch or a run */
    CODE_DECISION, /* what became of a person's request */
    CODE_OUTCOME,  /* how a bank call ended */
    CODE_EXIT,     /* of a command */
    CODE_ERROR,    /* of a message */
};

/* What a person does about a settlement that stands there. */
enum code_step {
    CODE_STEP_NONE,      /* nothing, or nothing by a command about one settlement */
    CODE_STEP_RUN,       /* the next run goes on by itself */
    CODE_STEP_RERUN,     /* mend the cause, then rerun */
    CODE_STEP_RESOLVE,   /* ask the bank, then say what it did */
    CODE_STEP_AMEND,     /* correct the account, then rerun */
    CODE_STEP_LOOK,      /* find out first: explain, and the bank's book */
    CODE_STEP_RELEASE,   /* let it go on */
    CODE_STEP_WRITE_OFF, /* it cannot go on: end it as it stands */
    CODE_STEP_EARLIER,   /* end the account's earlier settlement */
};

struct code_page {
    enum code_kind kind;
    const char *code; /* "over_deposit", "parked", "65", "E6501" */
    const char *what; /* half a sentence, in small letters */
    const char *why;  /* sentences; may be "" */
    const char *next; /* sentences; may be "" */
    enum code_step step;
};

/* All pages, by index; NULL: no more. */
const struct code_page *codes_at(size_t index);
/* By its word as a person may write it: any case; E6501 or 6501; an exit code as 65. NULL: none. */
const struct code_page *codes_find(const char *word);
/* Of one kind, exactly. NULL: none. */
const struct code_page *codes_find_kind(enum code_kind kind, const char *code);

/* A sentence why a settlement is parked with this code: ours, or a bank's. */
const char *codes_reason(const char *code);
/* Why a request is not done, by the code of its decision; "" for none. */
const char *codes_decision_reason(const char *code);
/* What to do then; NULL: nothing but to look. */
const char *codes_decision_hint(const char *code);
/* What an exit code of `run` means. */
const char *codes_exit_meaning(int exit_code);
const char *codes_kind_name(enum code_kind kind);

#endif
