#include "jobs/options_capacity.h"

#include "jobs/option_rows.h"

const struct job_option options_capacity[] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "accounts",
     .rule = INTEGER(1, 100000000),
     .argument = "N",
     .required = true,
     .help = "settlements of that payday"},
    {.name = "by",
     .rule = {.kind = VALUE_CLOCK},
     .argument = "HH:MM",
     .help = "when all must be settled, the first such time after the start; else it is only told"},
    {.name = "start",
     .rule = {.kind = VALUE_CLOCK},
     .argument = "HH:MM",
     .help = "when the run starts, the next such time; else now"},
    {.name = "rate",
     .rule = TEXT,
     .argument = "[BANK=]N",
     .help = "calls a second, of one bank or of each; else as configured; may be repeated"},
    {.name = "calls", .rule = TEXT, .argument = "[BANK=]N", .help = "calls in flight; the same"},
    {.name = "latency",
     .rule = TEXT,
     .argument = "[BANK=]TIME",
     .help = "how long a call takes; else what the newest run measured; may be repeated"},
    {.name = "share",
     .rule = TEXT,
     .argument = "BANK=N",
     .help = "so many parts of the accounts are at this bank, none at who is not named; else "
             "they are spread evenly; may be repeated"},
    {.name = "closing-check",
     .rule = CHOICE("all|sample|off"),
     .argument = "WHO",
     .help = "whose balance is looked at once more at the end; else as configured"},
    {.name = "arrive-over",
     .rule = {.kind = VALUE_DURATION, .least = 0, .most = INT64_C(86400000000000)},
     .argument = "TIME",
     .initial = "0",
     .help = "over so long the deposits arrive, evenly; 0: all are there at the start"},
    OPTION_FORM,
};

_Static_assert(sizeof options_capacity / sizeof options_capacity[0] == OPTIONS_CAPACITY,
               "as the header says");

const char options_capacity_details[] =
    "Reckons from the banks' rates and calls in flight, how long their calls take, run.slots, and\n"
    "what this machine carries; asks neither a bank nor the database. What was measured lies in\n"
    "the state folder: `daybook bench run` keeps the machine's speed there, each run how long the\n"
    "banks' calls take. What was not is assumed, cautiously, and a warning says so. Times are in\n"
    "the configuration's time zone. Failures and banks that slow down are not reckoned with.\n"
    "Exit: 0 yes, or without --by; 99 no.\n";
