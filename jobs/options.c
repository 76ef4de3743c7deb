/*
 * The table of commands and options. Parser, --help and "did you mean" are made from it
 * (arguments.c); nothing else knows an option's name but the command that asks for it.
 */
#include "jobs/options.h"

#include "jobs/option_rows.h"
#include "jobs/options_answers.h"
#include "jobs/options_bench.h"
#include "jobs/options_bench_report.h"
#include "jobs/options_capacity.h"
#include "jobs/options_reconcile.h"
#include "jobs/options_request.h"
#include "jobs/options_setup.h"
#include "mock/bank.h"

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
    OPTION_DAY,
    {.name = "blocked-most",
     .rule = INTEGER(0, 1000000),
     .argument = "N",
     .initial = "20",
     .help = "list at most so many blocked accounts"},
    OPTION_FORM,
};

static const struct job_option run_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    OPTION_DAY,
    {.name = "deadline",
     .rule = {.kind = VALUE_CLOCK},
     .argument = "HH:MM",
     .help = "look for deposits until then, today, in the configuration's time zone"},
    {.name = "if-planned",
     .rule = FLAG,
     .help = "where no batch has that date, there is nothing to do: end with 0"},
    {.name = "lanes",
     .rule = INTEGER(1, PARTITIONS_MAX),
     .argument = "N",
     .help = "threads that work at once, over run.lanes; more than the batch has partitions are of "
             "no use"},
    {.name = "take-over",
     .rule = FLAG,
     .help = "end another run of this batch even while its heartbeat is fresh"},
    OPTION_EXPECT_HEAD,
    OPTION_TRACE,
    OPTION_QUIET,
    OPTION_OUTPUT,
    OPTION_COLOR,
};

static const struct job_option verify_options[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "date",
     .rule = {.kind = VALUE_DATE, .choices = DAY_WORDS},
     .argument = "DATE",
     .help = "settlement date, as 2026-03-25; or today, yesterday"},
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
    OPTION_FORM,
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
    {.name = "arrivals-from",
     .rule = INTEGER(0, INT64_MAX),
     .argument = "INSTANT",
     .initial = "0",
     .help = "deposits arrive counted from this instant (ns of CLOCK_BOOTTIME); 0: from the start"},
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
     "them, in any order; the last three may be empty or absent. FILE may be - for stdin.\n"
     "expect_at is when the deposit is expected: 2026-03-25T09:30+09:00. From an hour\n"
     "before until two hours after, a run looks for it more often, most of all about then.\n",
     import_options, COUNT(import_options), true},
    {"plan", "COHORT", "what a run would do; reads only", NULL, plan_options, COUNT(plan_options),
     true},
    {"run", "COHORT", "settle a batch, or go on with it",
     "Every start is a resume: run the same command again after any stop.\n"
     "Exit: 0 all settled or nothing to do, 3 finished with some short, blocked, pending or\n"
     "parked, 4 stopped or deadline, 5 in doubt remains, 11 another run owns it, 64 usage,\n"
     "65 no such batch, 69 database or every bank unreachable, or the database went back, 70\n"
     "internal, 75 try again, 77 permission, 78 configuration.\n"
     "Names past paydays that were missed, with the command that makes up for each. Says whether\n"
     "its sockets go by io_uring or by epoll (run.io), and why.\n",
     run_options, COUNT(run_options), true},
    {"rerun", "COHORT", "those that were parked, and only those, from the step that failed",
     "Selectors narrow each other: --failed for all, --code, --bank, --step, --least, --most,\n"
     "--accounts. Shows counts and money first. What is in doubt stays out until it is resolved; "
     "a\n"
     "second identical rerun finds nothing to do. Exit codes as of `run`.\n",
     options_rerun, OPTIONS_RERUN, true},
    {"resolve", "ACCOUNT WORD", "your word about a transfer in doubt: paid, paid-by-hand, not-paid",
     "The bank is asked first, where it can be, and a word that it contradicts is refused. "
     "not-paid\n"
     "pays again, under a new key; paid-by-hand: you paid, or are about to, without daybook. "
     "Exit:\n"
     "0 done, 65 refused or stale, 75 nobody answered yet.\n",
     options_resolve, OPTIONS_RESOLVE, true},
    {"park", "ACCOUNT", "stop an account's settlement, for a person to look at", NULL, options_park,
     OPTIONS_PARK, true},
    {"release", "ACCOUNT", "let a parked settlement go on; of one that ended, pay out its residue",
     "The residue of a settlement that ended is carried as payable into the account's next "
     "batch.\n",
     options_park, OPTIONS_PARK, true},
    {"write-off", "ACCOUNT", "end a settlement as it stands; what is there is carried on", NULL,
     options_park, OPTIONS_PARK, true},
    {"amend", "ACCOUNT", "another payout account or holder name, for what is not intended yet",
     "An intended payout is changed only after the bank refused it. Parked accounts stay parked:\n"
     "`daybook release` or `daybook rerun` lets them go on.\n",
     options_amend, OPTIONS_AMEND, true},
    {"rate", "BANK", "how many calls a second the active run makes to a bank", NULL, options_rate,
     OPTIONS_RATE, true},
    {"show", "COHORT", "totals of a batch, and what is left of it: why, how much, what to do", NULL,
     options_show, COUNT(options_show), true},
    {"explain", "ACCOUNT", "the whole story of one account: every batch, call, entry and decision",
     "ACCOUNT is the import's account_ref. Account numbers are masked unless the login at the\n"
     "database has the role daybook_auditor. Exit: 0, or 65 when no plan has that account.\n",
     options_explain, COUNT(options_explain), true},
    {"runs", "[COHORT]", "runs, newest first: who, why, when, how they ended", NULL, options_runs,
     COUNT(options_runs), true},
    {"verify", "[COHORT]", "is the ledger whole; does it agree with a bank's book",
     "Recomputes totals, order, references and the hash chain from the tables: of one batch, or\n"
     "of all. Exit: 0 whole, 70 not whole, 3 the book differs.\n",
     verify_options, COUNT(verify_options), true},
    {"reconcile", "[COHORT|FILE.csv]", "does the ledger agree with the bank's list or a statement",
     "COHORT --date D: a batch against its banks' own lists; where its database went back, it\n"
     "may also lift the refusal to run it, if that is proven safe. FILE.csv --bank NAME: against\n"
     "a statement: idem_key,bank_ref,from_account,to_account,amount_minor,currency,status,\n"
     "booked_at. --bank NAME --from D --to D: all batches against the bank's list. Exit: 0 they\n"
     "agree, 3 they differ, 5 no difference but some are under way, 65 the list or file is\n"
     "wrong, 69 database or bank unreachable, or the batch stays refused.\n",
     reconcile_options, RECONCILE_OPTIONS, true},
    {"mockbank", "", "a bank to rehearse on, with its own book and seeded faults", NULL,
     mockbank_options, COUNT(mockbank_options), false},
    {"bench run", "", "how much the engine carries, and how fast: one workload",
     options_bench_run_details, options_bench_run, OPTIONS_BENCH_RUN, true},
    {"bench sweep", "", "the same at several values of concurrency, rate, latency …",
     options_bench_sweep_details, options_bench_sweep, OPTIONS_BENCH_SWEEP, true},
    {"bench compare", "A B", "two results of a benchmark: what differs beyond the noise",
     options_bench_compare_details, options_bench_compare, OPTIONS_BENCH_COMPARE, false},
    {"bench report", "RESULTS [MORE] [MORE] [MORE]", "results of benchmarks as one page to read",
     options_bench_report_details, options_bench_report, OPTIONS_BENCH_REPORT, false},
    {"simulate", "", "a whole payday on virtual time, with faults drawn from a seed",
     "Faults, crashes, takeovers and months in a row come from the seed. Runs it twice and\n"
     "compares (--seeds: one in a hundred), and goes on after a seed that fails. Exit: 0 good,\n"
     "20 wrong result, 21 no progress, 22 the engine crashed, 23 the two runs differ. The last\n"
     "line of a failure replays it.\n",
     simulate_options, COUNT(simulate_options), false},
    {"config show", "", "every configuration key with its value; secrets are masked", NULL,
     options_config_show, COUNT(options_config_show), true},
    {"help", "[TOPIC] [WORD]", "what a code, an exit code or a state means; or a command's options",
     "TOPIC: an error (E6501), the code of a parked settlement (over_deposit), a state "
     "(in_doubt),\n"
     "an exit code (65), the end of a bank call (not_done), a command, or `codes` for a list.\n",
     NULL, 0, false},
    {"trace", "FILE", "what a run or a simulation wrote with --trace",
     "One line an item: seconds since the start, kind, position of the settlement, step and\n"
     "generation, and what it says. Exit: 0 whole, or cut off because the program was killed;\n"
     "65 not a trace, or damaged.\n",
     trace_options, COUNT(trace_options), false},
    {"init", "[FILE]", "write a commented configuration", options_init_details, NULL, 0, false},
    {"doctor", "", "is this machine, database and bank ready, and what to do if not",
     options_doctor_details, options_doctor, COUNT(options_doctor), true},
    {"capacity", "", "can so many accounts be settled by then, and what limits it",
     options_capacity_details, options_capacity, OPTIONS_CAPACITY, true},
    {"completion", "bash|zsh", "what a shell needs to complete these commands",
     options_completion_details, NULL, 0, false},
    {"manual", "", "the man page, as roff: daybook manual | man -l -", NULL, NULL, 0, false},
};

const size_t options_command_count = COUNT(options_commands);
