/*
 * faults: what goes wrong at this bank, drawn from a seed.
 *
 * Each kind draws from a stream of its own, so that turning one on does not reshuffle the others.
 * A value. Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_FAULTS_H
#define DAYBOOK_MOCK_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"
#include "mock/bank.h"

enum fault {
#define X(name, field, strikes) FAULT_##name,
    MOCK_FAULT_TABLE(X)
#undef X
        FAULT_NONE,
};

/* What a call is, as far as faults may strike it. */
enum fault_target { FAULT_ON_ANY, FAULT_ON_INQUIRY, FAULT_ON_TRANSFER };

struct faults {
    uint32_t per_million[FAULT_NONE];
    struct prng streams[FAULT_NONE];
    struct prng latency;
    struct prng coin;
    uint64_t latency_ns, spread_ns, slow_ns;
};

void faults_init(struct faults *faults, const struct mock_settings *settings);
/* Other chances; the streams go on where they are. */
void faults_set(struct faults *faults, const struct mock_faults *chances);
/* What strikes a call: a bit for each fault but SLOW. */
uint32_t faults_draw(struct faults *faults, enum fault_target target);
/* The way in which the answer comes, FAULT_NONE: the good one. */
enum fault faults_way(uint32_t struck);
static inline bool faults_has(uint32_t struck, enum fault fault)
{
    return (struck >> fault & 1U) != 0;
}
/* May it ever strike? */
bool faults_may(const struct faults *faults, enum fault fault);
/* How long the answer takes. */
uint64_t faults_latency(struct faults *faults);
bool faults_coin(struct faults *faults);
/* "lost_after" …; "" for none. */
const char *fault_name(enum fault fault);

_Static_assert(FAULT_NONE <= 32, "a bit for each");

#endif
