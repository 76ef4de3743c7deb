/* What a plan's identity and its keys are made of. Format 1; a change here is another plan. */
#include <stdio.h>
#include <string.h>

#include "jobs/cohort.h"

static void add_text(struct hash *hash, const char *text)
{
    hash_add(hash, text, strlen(text) + 1);
}

static void add_number(struct hash *hash, int64_t number)
{
    char text[24] = "";
    if (number != COHORT_NONE)
        snprintf(text, sizeof text, "%lld", (long long)number);
    add_text(hash, text);
}

struct idem_key cohort_key_seed(struct hash *hash, const char *cohort_name, const char *date,
                                const char *account_ref)
{
    struct idem_key seed;
    hash_begin(hash);
    add_text(hash, "daybook key seed 1");
    add_text(hash, cohort_name);
    add_text(hash, date);
    add_text(hash, account_ref);
    struct digest digest = hash_end(hash);
    memcpy(seed.bytes, digest.bytes, sizeof seed.bytes);
    return seed;
}

void cohort_digest_begin(struct hash *hash, const char *cohort_name, const char *date,
                         const char *currency)
{
    hash_begin(hash);
    add_text(hash, "daybook plan 1");
    add_text(hash, cohort_name);
    add_text(hash, date);
    add_text(hash, currency);
}

void cohort_digest_add(struct hash *hash, const struct cohort_canonical *row)
{
    for (int i = 0; i < COHORT_TEXTS; i++)
        add_text(hash, row->texts[i]);
    add_number(hash, row->repayment_minor);
    add_number(hash, row->hold_minor);
    add_number(hash, row->expected_minor);
    add_number(hash, row->expect_at_us);
    add_number(hash, row->opening_minor);
}
