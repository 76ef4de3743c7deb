#include "jobs/forecast.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/time.h"

#define DURATION_MAX (UINT64_C(3155760000) * NS_PER_S) /* 100 years */
#define CLOSING_SAMPLE_ONE_IN 16
#define MEASURED_CALLS_MILLI 3000 /* of a benchmark's settlement */

/* ---- sums that stay at DURATION_MAX ---- */

static uint64_t scaled(uint64_t value, uint64_t times, uint64_t by)
{
    __uint128_t product = (__uint128_t)value * times / by;
    return product < DURATION_MAX ? (uint64_t)product : DURATION_MAX;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a < DURATION_MAX - b ? a + b : DURATION_MAX;
}

/* ---- what a settlement needs ---- */

uint64_t forecast_calls(uint64_t settlements, uint32_t transfers, enum closing_check closing)
{
    uint64_t calls = settlements * (1 + transfers);
    switch (closing) {
    case CLOSING_ALL:
        return calls + settlements;
    case CLOSING_SAMPLE:
        return calls + (settlements + CLOSING_SAMPLE_ONE_IN - 1) / CLOSING_SAMPLE_ONE_IN;
    case CLOSING_OFF:
        return calls;
    }
    CHECK(false);
    return calls;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t forecast_machine(const struct forecast_speed *speed, uint64_t calls_milli,
                          bool is_bank_here)
{
    CHECK(speed->settlements_per_s > 0 && speed->lanes > 0);
    uint64_t engine_ns = scaled(speed->engine_ns, calls_milli, MEASURED_CALLS_MILLI);
    uint64_t bank_ns = is_bank_here ? scaled(speed->bank_ns, calls_milli, MEASURED_CALLS_MILLI) : 0;
    uint64_t before_ns = speed->engine_ns + speed->bank_ns + speed->postgres_ns;
    uint64_t after_ns = engine_ns + bank_ns + speed->postgres_ns;
    uint64_t per_s = speed->settlements_per_s;
    if (after_ns > 0 && before_ns > 0)
        per_s = scaled(per_s, before_ns, after_ns);
    if (engine_ns > 0)
        per_s = least(per_s, NS_PER_S * speed->lanes / engine_ns);
    if (speed->postgres_ns > 0)
        per_s = least(per_s, NS_PER_S * speed->lanes / speed->postgres_ns);
    return per_s > 0 ? per_s : 1;
}

/* One after another: the look, the transfers, the closing check. */
static uint64_t steps_of(const struct forecast_input *input)
{
    return 1 + input->transfers + (input->closing == CLOSING_ALL);
}

/* From a record to its commit. A chunk closes a delay after its first record, but not before the
   one ahead of it is written; a record comes anywhere in between. */
static uint64_t write_ns(const struct forecast_input *input)
{
    uint64_t apart_ns = input->chunk_delay_ns > input->chunk_commit_ns ? input->chunk_delay_ns
                                                                       : input->chunk_commit_ns;
    return sum(apart_ns / 2, input->chunk_commit_ns);
}

static uint64_t path_ns(const struct forecast_input *input, const struct forecast_bank *bank)
{
    return scaled(sum(bank->call_ns, write_ns(input)), steps_of(input), 1);
}

/* What looks in vain take of a bank's limits while the deposits arrive; forecast.h has the term. */
static uint64_t in_vain_ns(const struct forecast_input *input)
{
    static const uint32_t per_mille[] = {500, 386, 324, 283, 253}; // of 1, 2 … calls
    uint64_t steps = steps_of(input);
    CHECK(steps >= 1 && steps <= sizeof per_mille / sizeof per_mille[0]);
    return scaled(input->arrive_ns, per_mille[steps - 1], 1000);
}

/* What the end adds to a limit that was used in full until the last deposit was found. */
static uint64_t end_ns(const struct forecast_input *input, const struct forecast_bank *bank)
{
    uint64_t steps = steps_of(input);
    return scaled(path_ns(input, bank), steps + 1, 2 * steps);
}

/* ---- bounds ---- */

static uint64_t settlements_of(const struct forecast_bank *bank)
{
    return bank->fresh + bank->under_way;
}

static void add(struct forecast *forecast, struct forecast_bound bound)
{
    CHECK(forecast->bound_count < FORECAST_BOUNDS_MAX && bound.value > 0);
    bound.duration_ns = sum(bound.overhead_ns, scaled(bound.units, bound.unit_ns, bound.value));
    bound.per_s =
        bound.duration_ns == 0 ? 0 : scaled(forecast->settlements, NS_PER_S, bound.duration_ns);
    forecast->bounds[forecast->bound_count++] = bound;
}

/* One look at each of so many accounts, by the narrower of the bank's two limits. */
static uint64_t looks_ns(const struct forecast_bank *bank, uint64_t looks)
{
    uint64_t by_rate_ns = scaled(looks, NS_PER_S, bank->rate_per_s);
    uint64_t by_calls_ns = scaled(looks, bank->call_ns, bank->calls_max);
    return by_rate_ns > by_calls_ns ? by_rate_ns : by_calls_ns;
}

/* The deposits arrive evenly, so few are still waited for when the last one does. */
static uint64_t last_deposit_ns(const struct forecast_input *input,
                                const struct forecast_bank *bank)
{
    return sum(input->arrive_ns, forecast_detect(bank, 1, input->poll_ns).p99_ns);
}

static void add_bank(const struct forecast_input *input, uint32_t index, struct forecast *forecast)
{
    const struct forecast_bank *bank = &input->banks[index];
    CHECK(bank->rate_per_s > 0 && bank->calls_max > 0);
    if (settlements_of(bank) == 0)
        return;
    uint64_t overhead_ns = sum(sum(input->start_ns, end_ns(input, bank)), in_vain_ns(input));
    add(forecast, (struct forecast_bound){.limit = FORECAST_RATE,
                                          .bank = index,
                                          .value = bank->rate_per_s,
                                          .units = bank->calls,
                                          .unit_ns = NS_PER_S,
                                          .overhead_ns = overhead_ns});
    add(forecast, (struct forecast_bound){.limit = FORECAST_CALLS,
                                          .bank = index,
                                          .value = bank->calls_max,
                                          .units = bank->calls,
                                          .unit_ns = bank->call_ns,
                                          .overhead_ns = overhead_ns});
    uint64_t last_ns = sum(input->start_ns, path_ns(input, bank));
    add(forecast, (struct forecast_bound){
                      .limit = FORECAST_PATH,
                      .bank = index,
                      .value = 1,
                      .overhead_ns = sum(last_ns, looks_ns(bank, bank->fresh)),
                  });
    if (input->arrive_ns > 0 && bank->fresh > 0)
        add(forecast, (struct forecast_bound){
                          .limit = FORECAST_DEPOSITS,
                          .bank = index,
                          .value = 1,
                          .overhead_ns = sum(last_ns, last_deposit_ns(input, bank)),
                      });
}

/* A settlement's path as it is where nothing but the slots holds it up. */
static uint64_t slot_ns(const struct forecast_input *input, const struct forecast_bank *bank)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < input->bank_count; i++)
        calls += settlements_of(&input->banks[i]) > 0 ? input->banks[i].calls_max : 0;
    if (calls < input->slots)
        return path_ns(input, bank);
    return scaled(sum(bank->call_ns, input->chunk_commit_ns), steps_of(input), 1);
}

/* What the banks' settlements share. */
static void add_shared(const struct forecast_input *input, struct forecast *forecast)
{
    __uint128_t paths_ns = 0;
    uint64_t latest_ns = 0;
    for (uint32_t i = 0; i < input->bank_count; i++) {
        const struct forecast_bank *bank = &input->banks[i];
        if (settlements_of(bank) == 0)
            continue;
        uint64_t its_end_ns = end_ns(input, bank);
        paths_ns += (__uint128_t)settlements_of(bank) * slot_ns(input, bank);
        latest_ns = its_end_ns > latest_ns ? its_end_ns : latest_ns;
    }
    add(forecast, (struct forecast_bound){.limit = FORECAST_SLOTS,
                                          .value = input->slots,
                                          .units = forecast->settlements,
                                          .unit_ns = (uint64_t)(paths_ns / forecast->settlements),
                                          .overhead_ns = input->start_ns});
    add(forecast, (struct forecast_bound){.limit = FORECAST_MACHINE,
                                          .value = input->machine_per_s,
                                          .units = forecast->settlements,
                                          .unit_ns = NS_PER_S,
                                          .overhead_ns = sum(input->start_ns, latest_ns)});
}

/* The longest first; of equal ones the limit that stands first in the enum, at the first bank. */
static int compare(const void *a, const void *b)
{
    const struct forecast_bound *left = a, *right = b;
    if (left->duration_ns != right->duration_ns)
        return left->duration_ns < right->duration_ns ? 1 : -1;
    if (left->limit != right->limit)
        return left->limit < right->limit ? -1 : 1;
    return left->bank < right->bank ? -1 : left->bank > right->bank;
}

void forecast_make(const struct forecast_input *input, struct forecast *forecast)
{
    CHECK(input->bank_count >= 1 && input->bank_count <= BANKS_MAX);
    CHECK(input->slots > 0 && input->machine_per_s > 0);
    *forecast = (struct forecast){0};
    for (uint32_t i = 0; i < input->bank_count; i++) {
        forecast->settlements += settlements_of(&input->banks[i]);
        forecast->calls += input->banks[i].calls;
    }
    if (forecast->settlements == 0)
        return;
    for (uint32_t i = 0; i < input->bank_count; i++)
        add_bank(input, i, forecast);
    add_shared(input, forecast);
    qsort(forecast->bounds, forecast->bound_count, sizeof forecast->bounds[0], compare);
    forecast->duration_ns = forecast->bounds[0].duration_ns;
}

const struct forecast_bound *forecast_next(const struct forecast *forecast)
{
    for (uint32_t i = 1; i < forecast->bound_count; i++)
        if (forecast->bounds[i].limit != FORECAST_PATH)
            return &forecast->bounds[i];
    return NULL;
}

uint64_t forecast_needed(const struct forecast_bound *bound, uint64_t within_ns)
{
    if (bound->units == 0 || within_ns <= bound->overhead_ns)
        return 0;
    uint64_t left_ns = within_ns - bound->overhead_ns;
    __uint128_t work_ns = (__uint128_t)bound->units * bound->unit_ns;
    __uint128_t needed = (work_ns + left_ns - 1) / left_ns;
    return needed < UINT64_MAX ? (uint64_t)needed : UINT64_MAX;
}

struct forecast_detection forecast_detect(const struct forecast_bank *bank, uint64_t waiting,
                                          uint64_t poll_ns)
{
    uint64_t sweep_ns = looks_ns(bank, waiting);
    if (sweep_ns < poll_ns)
        sweep_ns = poll_ns;
    return (struct forecast_detection){
        .sweep_ns = sweep_ns,
        .p50_ns = sum(sweep_ns / 2, bank->call_ns),
        .p99_ns = sum(scaled(sweep_ns, 99, 100), bank->call_ns),
    };
}
