/*
 * forecast: how long a batch takes, what limits it, and what it would take to be quicker. A model,
 * not a promise; `bench/forecast` compares it with real runs.
 *
 * The model
 *
 * A settlement is a balance (the look that finds its deposit), its transfers, and with the closing
 * check one balance more. Between two of them lies a commit, for nothing is sent before its intent
 * is written. So one settlement takes, calls and commits one after another,
 *
 *     path = (1 + transfers + closing) x call  +  (1 + transfers + closing) x write
 *
 * where a write is the wait for its chunk to close (half of chunk_delay, or of a commit where that
 * takes longer), and the commit. Where every slot may have a call under way, the slots move in
 * step: all have their answer, no call is under way, and the chunk does not wait. Many are under
 * way at once, so a batch is bound by the slowest of
 *
 *     rate      calls of a bank / its calls a second
 *     calls     calls of a bank x time of a call / calls in flight          (Little's law)
 *     slots     settlements x path / slots
 *     machine   settlements / what this machine's processors and database carry a second
 *     path      one look at every account, then the path of the last one: few accounts
 *     deposits  the last deposit arrives, is seen, and goes its path
 *
 * To rate, calls and machine comes the end: when the last deposit is found, settlements are still
 * on their way, and the limit is used less and less. With evenly spaced calls c of a settlement
 * that adds path x (c + 1) / 2c. Where the deposits arrive during the run, looks in vain take
 * tokens: as long as they arrive, the share (c ln c) / (c - 1)^2 - 1 / (c - 1) of them (0.28 with
 * four calls), for a look is in vain as often as its account's deposit is still to come. Banks work
 * side by side: the slowest one ends the batch.
 *
 * It knows no failures, no bank that slows down, and no accounts whose deposit never comes.
 *
 * Units      ns, calls, settlements; everything a second where the name says so.
 * Ownership  plain values.
 * Errors     none; what is out of range is a programmer error. What takes longer than 100 years
 *            takes 100 years.
 * Purity     reads nothing, allocates nothing.
 */
#ifndef DAYBOOK_JOBS_FORECAST_H
#define DAYBOOK_JOBS_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/transfer.h"
#include "core/settle.h"

struct forecast_bank {
    uint64_t fresh;      /* settlements whose deposit is still to be looked for */
    uint64_t under_way;  /* settlements whose deposit is known: no look */
    uint64_t calls;      /* of both together; forecast_calls, or counted */
    uint32_t rate_per_s; /* at least 1 */
    uint32_t calls_max;  /* in flight, at least 1 */
    uint64_t call_ns;    /* a call, from its send to its whole answer: the mean */
};

struct forecast_input {
    uint32_t bank_count; /* 1 .. BANKS_MAX */
    struct forecast_bank banks[BANKS_MAX];
    uint32_t transfers; /* of a settlement at most: 2, with a hold by transfer 3 */
    enum closing_check closing;
    uint32_t slots; /* at least 1 */
    uint64_t chunk_delay_ns, chunk_commit_ns;
    uint64_t machine_per_s; /* settlements, at least 1; forecast_machine */
    uint64_t start_ns;      /* from the program's start to the first call */
    uint64_t arrive_ns;     /* over so long the deposits arrive, evenly; 0: they are there */
    uint64_t poll_ns;       /* least time between two looks at an account */
};

enum forecast_limit {
    FORECAST_RATE,
    FORECAST_CALLS,
    FORECAST_SLOTS,
    FORECAST_MACHINE,
    FORECAST_PATH,
    FORECAST_DEPOSITS,
};

/* How long the batch would take if nothing else limited it: overhead_ns + units x unit_ns / value.
 */
struct forecast_bound {
    enum forecast_limit limit;
    uint32_t bank;        /* RATE, CALLS, PATH, DEPOSITS: whose */
    uint64_t value;       /* RATE, CALLS, SLOTS, MACHINE: how large the limit is; else 1 */
    uint64_t units;       /* calls or settlements; 0: no value changes anything … */
    uint64_t unit_ns;     /* … each of so long with a value of 1 */
    uint64_t overhead_ns; /* whatever the value is */
    uint64_t duration_ns;
    uint64_t per_s; /* settlements of the whole batch, on the average of that duration */
};

#define FORECAST_BOUNDS_MAX (4 * BANKS_MAX + 2)

struct forecast {
    uint64_t duration_ns; /* that of the first bound; 0: nothing is to do */
    uint64_t settlements, calls;
    uint32_t bound_count;                              /* 0: nothing is to do */
    struct forecast_bound bounds[FORECAST_BOUNDS_MAX]; /* the longest first: it is the limit */
};

/* Bank calls of `settlements` whose deposits are there: a look, the transfers, the closing check.
 */
uint64_t forecast_calls(uint64_t settlements, uint32_t transfers, enum closing_check closing);

/* What a measured speed comes to under other conditions. A benchmark's settlement is a look and two
   transfers, with the mock bank on the same machine. `calls_milli` are those of a settlement here,
   in thousandths; where the banks are elsewhere, their CPU time is free for the rest. Never more
   than a lane's thread, or its session in Postgres, can do alone. */
struct forecast_speed {
    uint64_t settlements_per_s; /* measured, at least 1 */
    uint64_t engine_ns, bank_ns, postgres_ns;
    uint32_t lanes; /* at least 1 */
};
uint64_t forecast_machine(const struct forecast_speed *speed, uint64_t calls_milli,
                          bool is_bank_here);

void forecast_make(const struct forecast_input *input, struct forecast *forecast);

/* What limits the batch next, once the first bound is raised; NULL: there is none, or nothing to
   do. The path is none: it hangs on the other limits. */
const struct forecast_bound *forecast_next(const struct forecast *forecast);

/* How large the bound's limit must be for the batch to take `within_ns` as far as it goes; 0: no
   size of it does. */
uint64_t forecast_needed(const struct forecast_bound *bound, uint64_t within_ns);

/*
 * When a deposit is seen. Waiting accounts are looked at in turn, each once a sweep: as long as the
 * bank's limits need for all of them, and at least the poll interval. A deposit arrives at any
 * instant of it, so the wait for the look is uniform: half a sweep in the middle, 99 % of it for
 * the slowest hundredth; then the look's own call.
 */
struct forecast_detection {
    uint64_t sweep_ns;
    uint64_t p50_ns, p99_ns;
};
struct forecast_detection forecast_detect(const struct forecast_bank *bank, uint64_t waiting,
                                          uint64_t poll_ns);

#endif
