/*
 * The table of commands and options. Parser, --help and "did you mean" are made from it
 * (arguments.c); nothing else knows an option's name but the command that asks for it.
 */
#include "jobs/options.h"
#include "mock/bank.h"

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

static const struct job_option schema_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "engine-role",
     .rule = TEXT,
     .argument = "ROLE",
     .help = "also lets this login role run the engine (a member of daybook_engine)"},
};

static const struct job_option import_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    OPTION_DATE,
    {.name = "quiet", .letter = 'q', .rule = FLAG, .help = "print nothing when all is well"},
};

static const struct job_option plan_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    OPTION_DATE,
    {.name = "blocked-most",
     .rule = INTEGER(0, 1000000),
     .argument = "N",
     .initial = "20",
     .help = "list at most so many blocked accounts"},
};

static const struct job_option run_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    OPTION_DATE,
    {.name = "deadline",
     .rule = {.kind = VALUE_CLOCK},
     .argument = "HH:MM",
     .help = "look for deposits until then, today, in the configuration's time zone"},
    {.name = "take-over",
     .rule = FLAG,
     .help = "end another run of this batch even while its heartbeat is fresh"},
    {.name = "expect-head",
     .rule = TEXT,
     .argument = "PARTITION:CHUNK[:HASH]",
     .help = "pay only where the ledger still has this chunk, from an earlier run's summary; may "
             "be repeated"},
    {.name = "trace",
     .rule = TEXT,
     .argument = "FILE",
     .help = "write every event and command there, for `daybook trace FILE`"},
    {.name = "quiet",
     .letter = 'q',
     .rule = FLAG,
     .help = "no progress, and no summary when all is settled"},
    OPTION_OUTPUT,
    OPTION_COLOR,
};

static const struct job_option show_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "date",
     .rule = {.kind = VALUE_DATE},
     .argument = "DATE",
     .help = "settlement date, as 2026-03-25"},
    {.name = "account",
     .rule = TEXT,
     .argument = "REF",
     .help = "the whole story of one account; with COHORT --date of that batch only"},
    OPTION_OUTPUT,
};

static const struct job_option verify_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "date",
     .rule = {.kind = VALUE_DATE},
     .argument = "DATE",
     .help = "settlement date, as 2026-03-25"},
    {.name = "book",
     .rule = TEXT,
     .argument = "FILE",
     .help = "compare with the mock bank's book instead of checking the ledger"},
    {.name = "bank",
     .rule = TEXT,
     .argument = "NAME",
     .help = "with --book: whose book it is, where the ledger has several banks"},
    {.name = "expect-head",
     .rule = TEXT,
     .argument = "PARTITION:CHUNK:HASH",
     .help = "a closing hash, as a run printed it: the ledger must have it still; may be repeated"},
    {.name = "quiet", .letter = 'q', .rule = FLAG, .help = "print nothing when all is well"},
};

static const struct job_option demo_options[] = {
    {.name = "accounts",
     .rule = INTEGER(10, 1000000),
     .argument = "N",
     .initial = "10000",
     .help = "accounts, over two cohorts"},
    {.name = "latency",
     .rule = DURATION,
     .argument = "TIME",
     .initial = "20ms",
     .help = "how long the mock bank takes for every call"},
    {.name = "rate",
     .rule = INTEGER(1, 1000000),
     .argument = "N",
     .initial = "5000",
     .help = "calls a second that the mock bank allows"},
    {.name = "seed",
     .rule = INTEGER(0, INT64_MAX),
     .argument = "N",
     .initial = "1",
     .help = "draws amounts, missing deposits and stopped accounts"},
    {.name = "folder",
     .rule = TEXT,
     .argument = "FOLDER",
     .help = "work folder, kept for the commands to try next; else a new one under TMPDIR"},
    {.name = "database",
     .rule = TEXT,
     .argument = "CONNINFO",
     .help = "the database, over DAYBOOK_DATABASE; never with a password"},
    OPTION_COLOR,
};

#define X(name, field, strikes) " " #field
#define FAULT_NAMES MOCK_FAULT_TABLE(X)

static const struct job_option mockbank_options[] = {
    {.name = "listen",
     .rule = TEXT,
     .argument = "HOST:PORT",
     .initial = "127.0.0.1:8080",
     .help = "address to serve on; port 0: any free one, printed on stdout"},
    {.name = "accounts",
     .rule = TEXT,
     .argument = "FILE",
     .required = true,
     .help = "CSV: account,balance_minor,state[,deposit_minor[,arrives_after_ms]]…, up to 4 "
             "deposits; state: open, stopped, closed, pooled"},
    {.name = "log",
     .rule = TEXT,
     .argument = "FILE",
     .help = "receipt log; an existing one is read first, and its book goes on"},
    {.name = "book",
     .rule = TEXT,
     .argument = "FILE",
     .help =
         "write the book there at the end and on SIGUSR1, balances into FILE.accounts, arrivals "
         "into FILE.meter"},
    {.name = "latency",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
     .argument = "TIME",
     .initial = "0",
     .help = "how long every answer takes at least"},
    {.name = "spread",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
     .argument = "TIME",
     .initial = "0",
     .help = "up to this much longer, drawn"},
    {.name = "rate",
     .rule = INTEGER(0, 1000000),
     .argument = "N",
     .initial = "0",
     .help = "calls a second; 429 above it; 0: no limit"},
    {.name = "burst",
     .rule = INTEGER(1, 1000000),
     .argument = "N",
     .initial = "100",
     .help = "calls at once after silence"},
    {.name = "seed",
     .rule = INTEGER(0, INT64_MAX),
     .argument = "N",
     .initial = "1",
     .help = "draws latencies and faults"},
    {.name = "fault",
     .rule = TEXT,
     .argument = "NAME=N",
     .help = "chance of a fault in a million, or as 2%; may be repeated; the names:" FAULT_NAMES},
    {.name = "late",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
     .argument = "TIME",
     .initial = "500ms",
     .help = "how much later a late accept is done"},
    {.name = "slow",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
     .argument = "TIME",
     .initial = "1s",
     .help = "how much longer a slow answer takes"},
    {.name = "settle",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = 30 * INT64_C(86400000000000)},
     .argument = "TIME",
     .initial = "2s",
     .help = "how long a transfer is pending (processing, fails_later)"},
    {.name = "reverse",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = 30 * INT64_C(86400000000000)},
     .argument = "TIME",
     .initial = "5s",
     .help = "how long after it was done its money goes back (reversed)"},
    {.name = "lag",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = 30 * INT64_C(86400000000000)},
     .argument = "TIME",
     .initial = "1s",
     .help = "how long an inquiry may not find what was received (lagging)"},
    {.name = "drip",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
     .argument = "TIME",
     .initial = "10ms",
     .help = "time between two bytes (drip)"},
    {.name = "key-lifetime",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = 30 * INT64_C(86400000000000)},
     .argument = "TIME",
     .initial = "0",
     .help = "then a key is forgotten, and new again; 0: never"},
    {.name = "fee",
     .rule = INTEGER(0, 1000000000),
     .argument = "N",
     .initial = "100",
     .help = "what a transfer costs, in minor units (fee)"},
    {.name = "fee-account",
     .rule = TEXT,
     .argument = "ACCOUNT",
     .help = "who pays the fees; else who pays the transfer does"},
    {.name = "pooled",
     .rule = TEXT,
     .argument = "ACCOUNT",
     .help = "accounts of state pooled are shares of this one"},
    {.name = "meter-rate",
     .rule = INTEGER(0, 1000000),
     .argument = "N",
     .initial = "0",
     .help = "measure arrivals against so many calls a second; 0: against --rate"},
    {.name = "meter-burst",
     .rule = INTEGER(1, 1000000),
     .argument = "N",
     .initial = "100",
     .help = "… and so many at once"},
    {.name = "currency",
     .rule = TEXT,
     .argument = "CODE",
     .initial = "KRW",
     .help = "the only one this bank knows"},
    {.name = "token-file",
     .rule = TEXT,
     .argument = "FILE",
     .help = "every call must show this bearer token"},
    {.name = "transfers-max",
     .rule = INTEGER(1, 100000000),
     .argument = "N",
     .initial = "4_000_000",
     .help = "room in the book; memory is taken as it fills"},
    {.name = "die-with-parent", .rule = FLAG, .help = "end when the process that started it ends"},
};

static const struct job_option simulate_options[] = {
    {.name = "seed",
     .rule = INTEGER(0, INT64_MAX),
     .argument = "S",
     .initial = "1",
     .help = "the payday that is drawn; the same seed gives the same payday"},
    {.name = "seeds",
     .rule = TEXT,
     .argument = "A..B",
     .help = "all these instead, each once and one in a hundred twice; without a trace"},
    {.name = "accounts",
     .rule = INTEGER(1, 1000000),
     .argument = "N",
     .initial = "60",
     .help = "accounts of the simulated batch"},
    {.name = "crashes",
     .rule = INTEGER(0, 10000),
     .argument = "K",
     .help = "how often the engine dies, evenly spread; else as often as the seed draws"},
    {.name = "crash-at",
     .rule = INTEGER(1, INT64_MAX),
     .argument = "EVENT",
     .help = "it dies once, after this event taken or command carried out, instead"},
    {.name = "profile",
     .rule = TEXT,
     .argument = "FILE",
     .help = "the bank's profile; else rest-idempotency-key.yaml of this installation"},
    {.name = "trace",
     .rule = TEXT,
     .argument = "FILE",
     .help = "write every event and command there, for `daybook trace FILE`"},
};

static const struct job_option trace_options[] = {
    {.name = "settlement",
     .rule = INTEGER(0, INT64_MAX),
     .argument = "ID",
     .initial = "0",
     .help = "only this one, by its id or its position; 0: all"},
    {.name = "kind",
     .rule = TEXT,
     .argument = "KIND",
     .help = "only items of this kind (reply, outcome …); may be repeated"},
    {.name = "from",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_MAX},
     .argument = "TIME",
     .initial = "0",
     .help = "only what came so long after the start, or later"},
    {.name = "to",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_MAX},
     .argument = "TIME",
     .initial = "never",
     .help = "only what came so long after the start, or earlier"},
    {.name = "summary",
     .rule = FLAG,
     .help = "counts, answers and latencies of the calls, and chunks, instead"},
    {.name = "output",
     .letter = 'o',
     .rule = CHOICE("text|json"),
     .argument = "FORM",
     .initial = "text",
     .help = "text for people, json for programs: one object a line"},
};

const struct job_command options_commands[] = {
    {"demo", "", "everything on one machine: mock bank, 10,000 accounts, live progress",
     "Needs a database (DAYBOOK_DATABASE or --database); ops/demo brings a private one.\n",
     demo_options, COUNT(demo_options), false},
    {"schema apply", "", "create or upgrade the tables",
     "Runs as the owner of the schema. Applies what is missing, in order; a second time it does\n"
     "nothing.\n",
     schema_options, COUNT(schema_options), true},
    {"import", "COHORT FILE", "take over a batch's accounts from a CSV, all or nothing",
     "Columns: account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,currency,\n"
     "repayment_minor,hold_minor,expected_minor,expect_at,opening_minor. The first line names\n"
     "them, in any order; the last three may be empty or absent. FILE may be - for stdin.\n",
     import_options, COUNT(import_options), true},
    {"plan", "COHORT", "what a run would do; reads only", NULL, plan_options, COUNT(plan_options),
     true},
    {"run", "COHORT", "settle a batch, or go on with it",
     "Every start is a resume: run the same command again after any stop.\n"
     "Exit: 0 all settled or nothing to do, 3 finished with some short, blocked, pending or\n"
     "parked, 4 stopped or deadline, 5 in doubt remains, 11 another run owns it, 64 usage,\n"
     "65 no such batch, 69 database or every bank unreachable, or the database went back, 70\n"
     "internal, 75 try again, 77 permission, 78 configuration.\n",
     run_options, COUNT(run_options), true},
    {"show", "[COHORT]", "totals and groups of errors of a batch, or one account's story", NULL,
     show_options, COUNT(show_options), true},
    {"verify", "[COHORT]", "is the ledger whole; does it agree with a bank's book",
     "Recomputes totals, order, references and the hash chain from the tables: of one batch, or\n"
     "of all. Exit: 0 whole, 70 not whole, 3 the book differs.\n",
     verify_options, COUNT(verify_options), true},
    {"mockbank", "", "a bank to rehearse on, with its own book and seeded faults", NULL,
     mockbank_options, COUNT(mockbank_options), false},
    {"simulate", "", "a whole payday on virtual time, with faults drawn from a seed",
     "Faults, crashes, takeovers and months in a row come from the seed. Runs it twice and\n"
     "compares (--seeds: one in a hundred), and goes on after a seed that fails. Exit: 0 good,\n"
     "20 wrong result, 21 no progress, 22 the engine crashed, 23 the two runs differ. The last\n"
     "line of a failure replays it.\n",
     simulate_options, COUNT(simulate_options), false},
    {"trace", "FILE", "what a run or a simulation wrote with --trace",
     "One line an item: seconds since the start, kind, position of the settlement, step and\n"
     "generation, and what it says. Exit: 0 whole, or cut off because the program was killed;\n"
     "65 not a trace, or damaged.\n",
     trace_options, COUNT(trace_options), false},
};

const size_t options_command_count = COUNT(options_commands);
