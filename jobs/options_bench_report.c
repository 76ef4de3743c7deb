#include "jobs/options_bench_report.h"

#include "core/limits.h"
#include "jobs/option_rows.h"

const struct job_option options_bench_report[OPTIONS_BENCH_REPORT] = {
    {.name = "out",
     .rule = TEXT,
     .argument = "FILE.html",
     .required = true,
     .help = "write the page there; it loads nothing and runs nothing"},
    {.name = "accounts",
     .rule = INTEGER(1, 1000000000),
     .argument = "N",
     .help = "of the payday in question [as in the results]"},
    {.name = "start",
     .rule = {.kind = VALUE_CLOCK},
     .argument = "HH:MM",
     .help = "when it starts: times of day instead of durations"},
    {.name = "deadline",
     .rule = {.kind = VALUE_CLOCK},
     .argument = "HH:MM",
     .help = "does it fit; the first one after --start"},
    {.name = "rate",
     .rule = INTEGER(0, 1000000),
     .argument = "R",
     .help = "calls a second that the bank allows, 0 for no limit [as in the results]; may be "
             "repeated: the first is the verdict's, all are forecast"},
    {.name = "connections",
     .rule = INTEGER(1, CALLS_MAX),
     .argument = "C",
     .help = "bank calls in flight [where the throughput is highest]"},
    {.name = "latency",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(3600000000000)},
     .argument = "TIME",
     .help = "how long the bank takes for an answer [as in the results]"},
};

const char options_bench_report_details[] =
    "One HTML page from files that `daybook bench run|sweep --out` wrote, up to four: when the\n"
    "payday is finished and what limits it; throughput over concurrency with a fitted curve, its\n"
    "knee and band; latencies; where the time goes; a forecast by cohort size and rate; the\n"
    "machine and all points. The first sweep over concurrency is what the forecast rests on, else\n"
    "the first file. Prints the verdict. Exit: 0, 65 a file is no such results.\n";
