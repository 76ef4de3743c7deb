#include "jobs/options_bench.h"

#include "core/limits.h"
#include "jobs/bench.h"
#include "jobs/option_rows.h"
#include "mock/bank.h"

#define X(name, field, strikes) " " #field
#define FAULT_NAMES MOCK_FAULT_TABLE(X)

#define HOUR INT64_C(3600000000000)
#define UP_TO_AN_HOUR                                                                              \
    {                                                                                              \
        .kind = VALUE_DURATION, .least = 0, .most = HOUR                                           \
    }

/* Of run and of sweep. */
/* clang-format off */
#define WORKLOAD_ROWS                                                                              \
    OPTION_CONFIG,                                                                                 \
    {.name = "database", .rule = TEXT, .argument = "CONNINFO",                                     \
     .help = "measure there, in an empty database or one that only benchmarks use; else on a "     \
             "private Postgres"},                                                                  \
    OPTION_SET,                                                                                    \
    {.name = "accounts", .rule = INTEGER(1, 1000000), .argument = "N", .initial = "20_000",        \
     .help = "accounts to settle"},                                                                \
    {.name = "seed", .rule = INTEGER(0, INT64_MAX), .argument = "N", .initial = "1",               \
     .help = "draws amounts and the bank's latencies and faults: the same seed, the same work"},   \
    {.name = "rate", .rule = INTEGER(1, 1000000), .argument = "R",                                 \
     .help = "open loop: R deposits a second land by schedule, whatever the engine does; else "    \
             "all are there at the start"},                                                        \
    {.name = "connections", .rule = INTEGER(1, CALLS_MAX), .argument = "C", .initial = "256",      \
     .help = "bank calls in flight at once"},                                                      \
    {.name = "latency", .rule = UP_TO_AN_HOUR, .argument = "TIME", .initial = "0",                 \
     .help = "how long the mock bank takes for every answer"},                                     \
    {.name = "spread", .rule = UP_TO_AN_HOUR, .argument = "TIME", .initial = "0",                  \
     .help = "… and up to this much longer, drawn"},                                              \
    {.name = "bank-rate", .rule = INTEGER(0, 1000000), .argument = "N", .initial = "0",            \
     .help = "calls a second that the mock bank allows; 0: no limit"},                             \
    {.name = "bank-burst", .rule = INTEGER(1, 32768), .argument = "N", .initial = "100",           \
     .help = "… and so many at once after silence"},                                              \
    {.name = "fault", .rule = TEXT, .argument = "NAME=N",                                          \
     .help = "chance of a fault of the mock bank in a million, or as 2%; may be repeated; the "    \
             "names:" FAULT_NAMES},                                                                \
    {.name = "poll-interval", .rule = {.kind = VALUE_DURATION, .least = 1000000, .most = HOUR},    \
     .argument = "TIME", .initial = "1s",                                                          \
     .help = "how often an account is asked for its deposit (open loop)"},                         \
    {.name = "warm-up", .rule = INTEGER(0, 1000000), .argument = "N",                              \
     .help = "accounts settled before each repeat, not measured [a tenth of --accounts]"},         \
    {.name = "repeats", .rule = INTEGER(1, BENCH_REPEATS_MAX), .argument = "R", .initial = "3",    \
     .help = "how often it is measured: median and spread are told"},                              \
    {.name = "latency-repeats", .rule = INTEGER(0, BENCH_REPEATS_MAX), .argument = "R",            \
     .initial = "1",                                                                               \
     .help = "closed loop: further repeats with a trace, for latencies and where time goes; a "    \
             "trace costs throughput, so they do not count for it"},                               \
    {.name = "chunk-records", .rule = INTEGER(1, CHUNK_RECORDS_MAX), .argument = "M",              \
     .help = "run.chunk_records"},                                                                 \
    {.name = "lanes", .rule = INTEGER(1, PARTITIONS_MAX), .argument = "L",                         \
     .help = "run.lanes, where this daybook has several"},                                         \
    {.name = "closing-check", .rule = CHOICE("off|sample|all"), .argument = "WHICH",               \
     .initial = "off", .help = "run.closing_check"},                                               \
    {.name = "postgres", .rule = TEXT, .argument = "NAME=VALUE",                                   \
     .help = "a setting of the private Postgres, as synchronous_commit=off; may be repeated"},     \
    {.name = "bank", .rule = TEXT, .argument = "NAME",                                             \
     .help = "a bank of the configuration, for its sandbox, within its profile's limits, instead " \
             "of the mock bank"},                                                                  \
    {.name = "accounts-file", .rule = TEXT, .argument = "FILE",                                    \
     .help = "with --bank: accounts there, as for `daybook import`; once for each repeat"},        \
    {.name = "require", .rule = TEXT, .argument = "THRESHOLD",                                     \
     .help = "as 'settlements_per_s>=10000', 'payout.response.p99<=50ms': exit 99 where it is "    \
             "not met; may be repeated"},                                                          \
    {.name = "folder", .rule = TEXT, .argument = "FOLDER",                                         \
     .help = "work folder, kept; else a new one under TMPDIR, removed"},                           \
    {.name = "out", .rule = TEXT, .argument = "FILE",                                              \
     .help = "write the results there: JSON, or MessagePack where it ends in .msgpack"},           \
    {.name = "output", .letter = 'o', .rule = CHOICE("table|json"), .argument = "FORM",            \
     .initial = "table", .help = "table for people, json for programs: what --out writes"},        \
    {.name = "quiet", .letter = 'q', .rule = FLAG,                                                 \
     .help = "no progress on stderr but what the runs themselves say"}
/* clang-format on */

const struct job_option options_bench_run[OPTIONS_BENCH_RUN] = {WORKLOAD_ROWS};

const struct job_option options_bench_sweep[OPTIONS_BENCH_SWEEP] = {
    WORKLOAD_ROWS,
    {.name = "over",
     .rule = CHOICE("concurrency|rate|chunk-records|lanes|latency"),
     .argument = "WHAT",
     .required = true,
     .help = "what changes from point to point; the others stay as given"},
    {.name = "values",
     .rule = TEXT,
     .argument = "V,V,…",
     .required = true,
     .help = "its values, as 1,2,4 or 0,5ms,20ms; each is measured with all repeats"},
};

const char options_bench_run_details[] =
    "Each repeat: a fresh database, a mock bank as a process of its own, a warm-up, then `daybook\n"
    "run`, timed from its start to its exit (open loop: from the first deposit to the last end).\n"
    "The first repeat is verified, and compared with the bank's book. Nobody else's batches are\n"
    "touched: a database that holds any is refused.\n"
    "Response is told from the start of a settlement until the step is durable. It starts when "
    "its\n"
    "deposit was to land (open loop), so that no delay of the engine hides another; else when the\n"
    "engine opened it. Service is one bank call. What can be required: settlements_per_s, "
    "seconds,\n"
    "memory_bytes, cpu_ns_per_settlement.engine, .bank or .postgres, time_share.tokens, .bank,\n"
    ".database or .cpu, and deposit, collect, payout or settlement.response (and .service, but of\n"
    "the settlement) .p50, .p90, .p99, .p999 or .max. Exit: 0, 99 a threshold is not met, 4\n"
    "stopped.\n";

const char options_bench_sweep_details[] =
    "As `daybook bench run`, for each of the values in their order. --require holds at every "
    "point.\n";

const struct job_option options_bench_compare[OPTIONS_BENCH_COMPARE] = {
    {.name = "tolerance",
     .rule = CHANCE,
     .argument = "SHARE",
     .initial = "5%",
     .help = "how much worse B may be, of A's median"},
    {.name = "metric",
     .rule = TEXT,
     .argument = "NAME",
     .help = "compare this one, as settlements_per_s, payout.response.p99; may be repeated; else "
             "throughput, CPU, memory, and p50 and p99 of the responses"},
    OPTION_FORM,
};

const char options_bench_compare_details[] =
    "A and B are files that --out wrote. Points of sweeps belong together by the swept value.\n"
    "A difference is beyond the noise where the ranges over the repeats do not meet. Exit: 0, 99\n"
    "where B is worse by more than the tolerance and that is beyond the noise, or the noise is\n"
    "unknown for want of repeats.\n";
