/*
 * reconcile_report: what differs, counted and told: totals and the first of each class for people,
 * one document or one line each for programs, and every break in a file.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_REPORT_H
#define DAYBOOK_JOBS_RECONCILE_REPORT_H

#include <stdio.h>

#include "jobs/reconcile_match.h"
#include "jobs/report.h"

#define REPORT_FIRST_MAX 100
#define REPORT_CURRENCIES_MAX 32

/* A break with its own texts. */
struct shown_break {
    enum break_class class;
    char here[12], differs[40], bank[BANK_TEXT_MAX + 1], account_ref[65], key[64];
    char state[16], bank_state[32], bank_ref[48];
    char from[64], to[64], currency[8], bank_from[64], bank_to[64], bank_currency[8];
    uint64_t settlement_id;  /* 0: none */
    bool is_ours, is_theirs; /* which side has it */
    bool has_order;          /* step, kind, generation */
    uint8_t step, kind;
    uint16_t generation;
    int64_t amount_minor, bank_amount_minor;
    uint32_t record; /* of the bank's list or file */
};

struct reconcile_report {
    enum report_form form;
    bool quiet;
    uint32_t first;   /* of each class */
    const char *bank; /* whose lines are being compared */
    const struct bank_lines *lines;
    FILE *breaks;      /* NULL: none is written */
    char *breaks_file; /* where it goes when it is whole */
    char *breaks_beside;
    struct shown_break *shown[BREAK_CLASSES];
    uint32_t shown_count[BREAK_CLASSES];
    uint32_t currency_count;
    struct {
        char currency[8];
        int64_t amount_minor[BREAK_CLASSES];
    } money[REPORT_CURRENCIES_MAX];
    /* of all banks */
    uint64_t counts[BREAK_CLASSES], here[HERE_KINDS];
    uint64_t lines_read, agreed, under_way, failed, elsewhere;
};

/* False: the file for breaks cannot be written; reported. */
MUST_USE bool reconcile_report_begin(struct reconcile_report *report, const char *breaks_file);
/* As struct matching wants it; the context is the report. */
void reconcile_report_break(void *context, const struct reconcile_break *found);
/* The counts of a bank that is through. */
void reconcile_report_add(struct reconcile_report *report, const struct matching *matching);

struct reconcile_end {
    const char *cohort, *date; /* NULL: not of a batch */
    const char *source;        /* "list", or the file */
    int exit_code;
    uint64_t requests, requests_done; /* filed; answered, and done */
    const char *lifted;               /* what became of a refusal; NULL: there was none */
};
/* The whole of it to stdout. False: the file for breaks is not whole; reported. */
MUST_USE bool reconcile_report_end(struct reconcile_report *report,
                                   const struct reconcile_end *end);
void reconcile_report_free(struct reconcile_report *report);

uint64_t reconcile_report_breaks(const struct reconcile_report *report);

#endif
