#include "jobs/advice.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "jobs/report.h"

static bool is_parked(const struct advice_case *about)
{
    return strcmp(about->state, "parked") == 0;
}

static const struct code_page *page_of(const struct advice_case *about)
{
    if (is_parked(about))
        return codes_find_kind(CODE_PARK, about->code); // NULL: a bank's own code
    if (strcmp(about->transfer, "pending") == 0 && strcmp(about->state, "active") == 0)
        return codes_find_kind(CODE_STATE, "pending");
    return codes_find_kind(CODE_STATE, about->state);
}

enum code_step advice_step(const struct advice_case *about)
{
    const struct code_page *page = page_of(about);
    if (is_parked(about) && strcmp(about->transfer, "in_doubt") == 0)
        return CODE_STEP_RESOLVE;
    if (page != NULL)
        return page->step;
    return is_parked(about) ? CODE_STEP_AMEND : CODE_STEP_NONE;
}

const char *advice_reason(const struct advice_case *about)
{
    const struct code_page *page = page_of(about);
    if (is_parked(about))
        return codes_reason(about->code);
    return page != NULL ? page->what : "";
}

const char *advice_words(const struct advice_case *about)
{
    const struct code_page *page = page_of(about);
    switch (advice_step(about)) {
    case CODE_STEP_RESOLVE:
        if (page == NULL || page->step != CODE_STEP_RESOLVE)
            return "Its newest transfer is in doubt: ask the bank whether it paid, then say so.";
        return page->next;
    case CODE_STEP_AMEND:
        if (page == NULL)
            return "Ask the bank, correct the account, then rerun.";
        return page->next;
    case CODE_STEP_NONE:
    case CODE_STEP_RUN:
    case CODE_STEP_RERUN:
    case CODE_STEP_LOOK:
    case CODE_STEP_RELEASE:
    case CODE_STEP_WRITE_OFF:
    case CODE_STEP_EARLIER:
        return page != NULL ? page->next : "";
    }
    CHECK(false);
    return "";
}

static void write_run(const struct advice_case *about, char out[ADVICE_BYTES])
{
    char cohort[REPORT_WORD_BYTES];
    snprintf(out, ADVICE_BYTES, "daybook run %s --date %s", report_word(about->cohort, cohort),
             about->date);
}

static void write_rerun(const struct advice_case *about, char out[ADVICE_BYTES])
{
    char cohort[REPORT_WORD_BYTES], code[REPORT_WORD_BYTES];
    snprintf(out, ADVICE_BYTES, "daybook rerun %s --date %s --code %s --reason '…'",
             report_word(about->cohort, cohort), about->date, report_word(about->code, code));
}

static void write_of_account(const struct advice_case *about, const char *verb, const char *more,
                             char out[ADVICE_BYTES])
{
    char account[REPORT_WORD_BYTES], cohort[REPORT_WORD_BYTES];
    snprintf(out, ADVICE_BYTES, "daybook %s %s%s --cohort %s --date %s --reason '…'", verb,
             report_word(about->account, account), more, report_word(about->cohort, cohort),
             about->date);
}

static void write_resolve(const struct advice_case *about, char out[ADVICE_BYTES])
{
    char more[128] = " paid|paid-by-hand|not-paid --bank-ref REF";
    if (about->seen[0] != '\0')
        snprintf(more, sizeof more, " paid|paid-by-hand|not-paid --bank-ref REF --seen %.40s",
                 about->seen);
    write_of_account(about, "resolve", more, out);
}

static void write_explain(const struct advice_case *about, char out[ADVICE_BYTES])
{
    char account[REPORT_WORD_BYTES];
    snprintf(out, ADVICE_BYTES, "daybook explain %s", report_word(about->account, account));
}

const char *advice_command(const struct advice_case *about, char out[ADVICE_BYTES])
{
    out[0] = '\0';
    switch (advice_step(about)) {
    case CODE_STEP_NONE:
        break;
    case CODE_STEP_RUN:
        write_run(about, out);
        break;
    case CODE_STEP_RERUN:
        write_rerun(about, out);
        break;
    case CODE_STEP_RESOLVE:
        write_resolve(about, out);
        break;
    case CODE_STEP_AMEND:
        write_of_account(about, "amend", " --payout-account NUMBER", out);
        break;
    case CODE_STEP_RELEASE:
        write_of_account(about, "release", "", out);
        break;
    case CODE_STEP_WRITE_OFF:
        write_of_account(about, "write-off", "", out);
        break;
    case CODE_STEP_LOOK:
    case CODE_STEP_EARLIER:
        if (!about->is_one)
            write_explain(about, out);
        break;
    }
    return out;
}
