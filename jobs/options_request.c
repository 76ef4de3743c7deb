#include "jobs/options_request.h"

#include "base/money.h"
#include "jobs/option_rows.h"

/* What every command has that may settle. */
#define OPTIONS_OF_A_RUN                                                                           \
    OPTION_CONFIG, OPTION_DATABASE, OPTION_SET, OPTION_EXPECT_HEAD, OPTION_TRACE, OPTION_QUIET,    \
        OPTION_OUTPUT, OPTION_COLOR
/* Which settlement of an account. */
#define OPTIONS_OF_A_SETTLEMENT                                                                    \
    {.name = "cohort",                                                                             \
     .rule = TEXT,                                                                                 \
     .argument = "COHORT",                                                                         \
     .help = "with --date: the settlement in that batch; else the one that opened last"},          \
    {                                                                                              \
        .name = "date", .rule = {.kind = VALUE_DATE}, .argument = "DATE",                          \
        .help = "settlement date, as 2026-03-25"                                                   \
    }

const struct job_option options_rerun[OPTIONS_RERUN] = {
    OPTIONS_OF_A_RUN,
    OPTION_DATE,
    OPTION_REASON,
    {.name = "failed", .rule = FLAG, .help = "all that are parked"},
    {.name = "code", .rule = TEXT, .argument = "CODE", .help = "parked with this code"},
    {.name = "bank", .rule = TEXT, .argument = "NAME", .help = "of this bank"},
    {.name = "step",
     .rule = CHOICE("deposit|collect|hold|payout|closing"),
     .argument = "STEP",
     .help = "parked at this step"},
    {.name = "least",
     .rule = INTEGER(0, AMOUNT_MAX),
     .argument = "N",
     .help = "the step that failed moves at least so much, in minor units"},
    {.name = "most", .rule = INTEGER(0, AMOUNT_MAX), .argument = "N", .help = "… at most so much"},
    {.name = "accounts",
     .rule = TEXT,
     .argument = "FILE",
     .help = "only those in column one of this CSV; - for stdin"},
    {.name = "dry-run", .rule = FLAG, .help = "show what it would be about, and change nothing"},
};

const struct job_option options_resolve[OPTIONS_RESOLVE] = {
    OPTIONS_OF_A_RUN,
    OPTIONS_OF_A_SETTLEMENT,
    OPTION_REASON,
    {.name = "bank-ref",
     .rule = TEXT,
     .argument = "REF",
     .help = "paid, paid-by-hand: where it is found in the bank's book"},
    {.name = "seen",
     .rule = TEXT,
     .argument = "TRANSFER",
     .help =
         "the attempt that you looked at, as `explain` writes it (payout.1.0): refused as stale "
         "where there is a newer one"},
};

const struct job_option options_park[OPTIONS_PARK] = {
    OPTIONS_OF_A_RUN,
    OPTIONS_OF_A_SETTLEMENT,
    OPTION_REASON,
};

const struct job_option options_amend[OPTIONS_AMEND] = {
    OPTIONS_OF_A_RUN,
    OPTIONS_OF_A_SETTLEMENT,
    OPTION_REASON,
    {.name = "payout-account",
     .rule = TEXT,
     .argument = "ACCOUNT",
     .help = "the person's own account, from now on"},
    {.name = "payout-bank", .rule = TEXT, .argument = "BANK", .help = "… and its bank"},
    {.name = "holder-name", .rule = TEXT, .argument = "NAME", .help = "… and whose it is"},
};

const struct job_option options_rate[OPTIONS_RATE] = {
    OPTIONS_OF_A_RUN,
    {.name = "cohort",
     .rule = TEXT,
     .argument = "COHORT",
     .help = "of the run's batch",
     .required = true},
    OPTION_DATE,
    OPTION_REASON,
    {.name = "calls",
     .rule = INTEGER(1, 1000000),
     .argument = "N",
     .help = "calls a second",
     .required = true},
};
