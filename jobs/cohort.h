/*
 * cohort: the accounts of a batch, as a CSV file states them (`daybook import --help`).
 *
 * All or nothing: cohort_read either gives a whole, checked cohort in position order, or errors
 * with line and column. Pure but for memory and the errors' stream.
 */
#ifndef DAYBOOK_JOBS_COHORT_H
#define DAYBOOK_JOBS_COHORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/id.h"

#define COHORT_FILE_BYTES_MAX (UINT32_C(2) << 30)
#define COHORT_REF_MAX 64 /* bytes of an account_ref */
#define COHORT_NONE INT64_MIN

enum cohort_text {
    COHORT_REF,
    COHORT_BANK,
    COHORT_VIRTUAL,
    COHORT_PAYOUT_BANK,
    COHORT_PAYOUT_ACCOUNT,
    COHORT_HOLDER,
    COHORT_TEXTS,
};

struct cohort_row {
    uint32_t texts[COHORT_TEXTS]; /* places in the pool */
    uint32_t record;              /* in the file, the header is 0 */
    int64_t repayment_minor;
    int64_t hold_minor;
    int64_t expected_minor; /* COHORT_NONE: not given */
    int64_t opening_minor;  /* COHORT_NONE: not given */
    int64_t expect_at_us;   /* since 1970; COHORT_NONE: not given */
};

struct cohort {
    struct cohort_row *rows; /* by expect_at (none last), then account_ref: position - 1 */
    uint32_t row_count;
    char *pool;
    char currency[4];
    int64_t repayment_minor, hold_minor, expected_minor, opening_minor; /* totals */
};

/* What the reader needs to know. */
struct cohort_input {
    const char *file; /* for messages */
    const char *text;
    size_t text_bytes;
    bool (*is_bank)(const char *name, void *context);
    /* Writes the known names for a hint. */
    const char *banks_hint;
    void *context;
};

/* False: the errors (at most 20, then their count) were written to `errors`. */
bool cohort_read(struct cohort *cohort, const struct cohort_input *input, FILE *errors);
void cohort_free(struct cohort *cohort);

const char *cohort_text(const struct cohort *cohort, const struct cohort_row *row,
                        enum cohort_text text);

/* "FILE:LINE" of records for messages after reading: lines[i] of records[i], ascending. */
void cohort_lines(const struct cohort_input *input, const uint32_t *records, size_t count,
                  uint32_t *lines);

/* ---- what the plan's identity is made of ---- */

/* First 16 bytes of SHA-256("daybook key seed 1\0" cohort "\0" date "\0" account_ref "\0"). */
struct idem_key cohort_key_seed(struct hash *hash, const char *cohort_name, const char *date,
                                const char *account_ref);

/* Begins the digest of a plan; its rows are added in the order of
   their settlements' ids; hash_end gives it. */
void cohort_digest_begin(struct hash *hash, const char *cohort_name, const char *date,
                         const char *currency);

/* One row's canonical form: texts and decimal numbers, each ended by NUL; "" where not given. */
struct cohort_canonical {
    const char *texts[COHORT_TEXTS];
    int64_t repayment_minor, hold_minor, expected_minor, opening_minor, expect_at_us;
};
void cohort_digest_add(struct hash *hash, const struct cohort_canonical *row);

#endif
