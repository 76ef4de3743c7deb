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
#define X(name, field, strikes) faults->streams[FAULT_##name] = prng_split(settings->seed, #field);
    MOCK_FAULT_TABLE(X)
#undef X
    faults_set(faults, &settings->faults);
}

void faults_set(struct faults *faults, const struct mock_faults *chances)
{
#define X(name, field, strikes)                                                                    \
    CHECK(chances->field <= MILLION);                                                              \
    faults->per_million[FAULT_##name] = chances->field;
    MOCK_FAULT_TABLE(X)
#undef X
}

static bool strikes(struct faults *faults, enum fault fault)
{
    uint32_t per_million = faults->per_million[fault];
    return per_million > 0 && prng_chance(&faults->streams[fault], per_million, MILLION);
}

/* By fault: the targets that it strikes, a bit for each. */
static bool may_strike(enum fault fault, enum fault_target target)
{
    enum {
        STRIKES_ANY = 1U << FAULT_ON_ANY | 1U << FAULT_ON_INQUIRY | 1U << FAULT_ON_TRANSFER,
        STRIKES_ABOUT = 1U << FAULT_ON_INQUIRY | 1U << FAULT_ON_TRANSFER,
        STRIKES_INQUIRY = 1U << FAULT_ON_INQUIRY,
        STRIKES_TRANSFER = 1U << FAULT_ON_TRANSFER,
    };
    static const uint8_t targets[FAULT_NONE] = {
#define X(name, field, strikes) STRIKES_##strikes,
        MOCK_FAULT_TABLE(X)
#undef X
    };
    return (targets[fault] >> target & 1) != 0;
}

uint32_t faults_draw(struct faults *faults, enum fault_target target)
{
    uint32_t struck = 0;
    for (enum fault fault = 0; fault < FAULT_NONE; fault++)
        if (fault != FAULT_SLOW && may_strike(fault, target) && strikes(faults, fault))
            struck |= 1U << fault;
    return struck;
}

enum fault faults_way(uint32_t struck)
{
    enum fault fault = 0;
    while (fault < FAULT_SLOW && !faults_has(struck, fault))
        fault++;
    return fault < FAULT_SLOW ? fault : FAULT_NONE;
}

bool faults_may(const struct faults *faults, enum fault fault)
{
    return faults->per_million[fault] > 0;
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
#define X(name, field, strikes) #field,
        MOCK_FAULT_TABLE(X)
#undef X
            "",
    };
    return names[fault];
}
