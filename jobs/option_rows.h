/*
 * option_rows: how rows of the option tables are written, and the rows that many commands share.
 * For options*.c alone.
 */
#ifndef DAYBOOK_JOBS_OPTION_ROWS_H
#define DAYBOOK_JOBS_OPTION_ROWS_H

#include "jobs/job.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FLAG                                                                                       \
    {                                                                                              \
        .kind = VALUE_FLAG                                                                         \
    }
#define TEXT                                                                                       \
    {                                                                                              \
        .kind = VALUE_TEXT                                                                         \
    }
#define DURATION                                                                                   \
    {                                                                                              \
        .kind = VALUE_DURATION                                                                     \
    }
#define CHANCE                                                                                     \
    {                                                                                              \
        .kind = VALUE_CHANCE                                                                       \
    }
#define INTEGER(low, high)                                                                         \
    {                                                                                              \
        .kind = VALUE_INTEGER, .least = (low), .most = (high)                                      \
    }
#define CHOICE(words)                                                                              \
    {                                                                                              \
        .kind = VALUE_CHOICE, .choices = (words)                                                   \
    }

/* Rows that many commands share. */
#define OPTION_CONFIG                                                                              \
    {                                                                                              \
        .name = "config", .letter = 'c', .rule = TEXT, .argument = "FILE",                         \
        .help = "configuration; else DAYBOOK_CONFIG, else /etc/daybook/daybook.yaml, else none"    \
    }
#define OPTION_DATABASE                                                                            \
    {                                                                                              \
        .name = "database", .rule = TEXT, .argument = "CONNINFO",                                  \
        .help = "the database, over DAYBOOK_DATABASE and the file; never with a password"          \
    }
#define OPTION_SET                                                                                 \
    {                                                                                              \
        .name = "set", .rule = TEXT, .argument = "KEY=VALUE",                                      \
        .help = "one configuration key, over environment and file; may be repeated"                \
    }
#define OPTION_DATE                                                                                \
    {                                                                                              \
        .name = "date", .rule = {.kind = VALUE_DATE}, .argument = "DATE",                          \
        .help = "settlement date, as 2026-03-25", .required = true                                 \
    }
/* For who calls batch_settle_date. */
#define DAY_WORDS "today|yesterday"
#define OPTION_DAY                                                                                 \
    {                                                                                              \
        .name = "date", .rule = {.kind = VALUE_DATE, .choices = DAY_WORDS}, .argument = "DATE",    \
        .help = "settlement date, as 2026-03-25; or today, yesterday: the configuration's "        \
                "time_zone and the database's clock, read once at the start",                      \
        .required = true                                                                           \
    }
#define OPTION_COLOR                                                                               \
    {                                                                                              \
        .name = "color", .rule = CHOICE("auto|always|never"), .argument = "WHEN",                  \
        .initial = "auto", .help = "colours; auto: on a terminal, unless NO_COLOR is set"          \
    }
#define OPTION_OUTPUT                                                                              \
    {                                                                                              \
        .name = "output", .letter = 'o', .rule = CHOICE("table|json"), .argument = "FORM",         \
        .initial = "table", .help = "table for people, json for programs (amounts as text)"        \
    }
#define OPTION_QUIET                                                                               \
    {                                                                                              \
        .name = "quiet", .letter = 'q', .rule = FLAG,                                              \
        .help = "nothing when all is well, else one line of what is wrong"                         \
    }
#define OPTION_EXPECT_HEAD                                                                         \
    {                                                                                              \
        .name = "expect-head", .rule = TEXT, .argument = "PARTITION:CHUNK[:HASH]",                 \
        .help = "pay only where the ledger still has this chunk, from an earlier run's summary; "  \
                "may be repeated"                                                                  \
    }
#define OPTION_TRACE                                                                               \
    {                                                                                              \
        .name = "trace", .rule = TEXT, .argument = "FILE",                                         \
        .help = "write every event and command there, for `daybook trace FILE`"                    \
    }
#define OPTION_REASON                                                                              \
    {                                                                                              \
        .name = "reason", .rule = TEXT, .argument = "TEXT", .required = true,                      \
        .help = "why; it is kept beside your name"                                                 \
    }
#define OPTION_FORM                                                                                \
    {                                                                                              \
        .name = "output", .letter = 'o', .rule = CHOICE("table|json|jsonl"), .argument = "FORM",   \
        .initial = "table",                                                                        \
        .help = "table for people; json, or jsonl (one object a line), for programs"               \
    }

#endif
