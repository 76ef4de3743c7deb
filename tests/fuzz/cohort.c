/* An import's CSV: all or nothing, errors that are clean lines, totals that are the rows' sums. */
#include "jobs/cohort.h"
#include "base/money.h"
#include "fuzz.h"

static bool is_bank(const char *name, void *context)
{
    (void)context;
    return strcmp(name, "north") == 0;
}

static bool is_in_order(const struct cohort *cohort, uint32_t index)
{
    const struct cohort_row *a = &cohort->rows[index - 1], *b = &cohort->rows[index];
    int64_t a_at = a->expect_at_us == COHORT_NONE ? INT64_MAX : a->expect_at_us;
    int64_t b_at = b->expect_at_us == COHORT_NONE ? INT64_MAX : b->expect_at_us;
    if (a_at != b_at)
        return a_at < b_at;
    return strcmp(cohort_text(cohort, a, COHORT_REF), cohort_text(cohort, b, COHORT_REF)) < 0;
}

static void check_cohort(const struct cohort *cohort)
{
    int64_t repayment_minor = 0, hold_minor = 0;
    FUZZ_HOLDS(cohort->row_count > 0 && money_exponent(cohort->currency) >= 0);
    for (uint32_t i = 0; i < cohort->row_count; i++) {
        const struct cohort_row *row = &cohort->rows[i];
        repayment_minor += row->repayment_minor;
        hold_minor += row->hold_minor;
        FUZZ_HOLDS(row->repayment_minor >= 0 && row->hold_minor >= 0);
        FUZZ_HOLDS(row->expected_minor == COHORT_NONE ||
                   row->expected_minor >= row->repayment_minor + row->hold_minor);
        for (enum cohort_text text = 0; text < COHORT_TEXTS; text++) {
            const char *value = cohort_text(cohort, row, text);
            FUZZ_HOLDS(text_fits(value, strlen(value), 70));
        }
        FUZZ_HOLDS(i == 0 || is_in_order(cohort, i));
    }
    FUZZ_HOLDS(repayment_minor == cohort->repayment_minor && hold_minor == cohort->hold_minor);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct cohort cohort;
    char *said;
    size_t said_bytes;
    FILE *errors = open_memstream(&said, &said_bytes);
    const struct cohort_input input = {.file = "f.csv",
                                       .text = (const char *)bytes,
                                       .text_bytes = byte_count,
                                       .is_bank = is_bank,
                                       .banks_hint = "known: north"};
    CHECK(errors != NULL);
    bool good = cohort_read(&cohort, &input, errors);
    fclose(errors);
    if (good) {
        FUZZ_HOLDS(said_bytes == 0);
        check_cohort(&cohort);
        cohort_free(&cohort);
    } else {
        fuzz_check_message(said, said_bytes);
    }
    free(said);
    return 0;
}
