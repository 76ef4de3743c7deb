#include "mock/faults.h"

#define MILLION 1000000U

void faults_init(struct faults *faults, const struct mock_settings *settings)
{
    *faults = (struct faults){
        .latency_ns = settings->latency_ns,
        .spread_ns = settings->latency_spread_ns,
        .slow_ns = settings->slow_ns,
        .latency = prng_split(settings->seed, "latency"),
        .coin = prng_split(settings->seed, "coin"),
    };
#define X(name, field) faults->streams[FAULT_##name] = prng_split(settings->seed, #field);
    FAULT_TABLE(X)
#undef X
    faults_set(faults, &settings->faults);
}

void faults_set(struct faults *faults, const struct mock_faults *chances)
{
#define X(name, field)                                                                             \
    CHECK(chances->field <= MILLION);                                                              \
    faults->per_million[FAULT_##name] = chances->field;
    FAULT_TABLE(X)
#undef X
}

static bool strikes(struct faults *faults, enum fault fault)
{
    uint32_t per_million = faults->per_million[fault];
    return per_million > 0 && prng_chance(&faults->streams[fault], per_million, MILLION);
}

enum fault faults_draw(struct faults *faults, bool is_transfer)
{
    enum fault first = FAULT_NONE;
    for (enum fault fault = FAULT_THROTTLE; fault < FAULT_SLOW; fault++) {
        if (!is_transfer && fault != FAULT_THROTTLE && fault != FAULT_HANG)
            continue;
        if (strikes(faults, fault) && first == FAULT_NONE)
            first = fault;
    }
    return first;
}

uint64_t faults_latency(struct faults *faults)
{
    uint64_t latency_ns = faults->latency_ns;
    if (faults->spread_ns > 0)
        latency_ns += prng_below(&faults->latency, faults->spread_ns + 1);
    if (strikes(faults, FAULT_SLOW))
        latency_ns += faults->slow_ns;
    return latency_ns;
}

bool faults_coin(struct faults *faults)
{
    return prng_chance(&faults->coin, 1, 2);
}

const char *fault_name(enum fault fault)
{
    static const char *const names[] = {
#define X(name, field) #field,
        FAULT_TABLE(X)
#undef X
            "",
    };
    return names[fault];
}
