/* Options of what answers a person's questions: show, explain, runs, config show. */
#include "jobs/options_answers.h"

#include "jobs/option_rows.h"

#define OPTION_ITS_DATE                                                                            \
    {                                                                                              \
        .name = "date", .rule = {.kind = VALUE_DATE}, .argument = "DATE",                          \
        .help = "only the batch of this settlement date"                                           \
    }

const struct job_option options_show[] = {
    OPTION_CONFIG, OPTION_DATABASE, OPTION_SET, OPTION_DAY, OPTION_FORM,
};

const struct job_option options_explain[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "cohort", .rule = TEXT, .argument = "COHORT", .help = "only batches of this cohort"},
    OPTION_ITS_DATE,
    OPTION_FORM,
};

const struct job_option options_runs[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    OPTION_ITS_DATE,
    {.name = "limit",
     .rule = INTEGER(1, 100000),
     .argument = "N",
     .initial = "20",
     .help = "at most so many, the newest"},
    OPTION_FORM,
};

const struct job_option options_config_show[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "origin",
     .rule = FLAG,
     .help = "also where each value comes from: default, file:line:column, variable or flag"},
    OPTION_FORM,
};
