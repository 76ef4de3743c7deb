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

/* In the order of precedence, when several strike at once. */
#define FAULT_TABLE(X)                                                                             \
    X(THROTTLE, throttle)                                                                          \
    X(RESET_BEFORE, reset_before)                                                                  \
    X(ERROR_BEFORE, error_before)                                                                  \
    X(HANG, hang)                                                                                  \
    X(LATE_ACCEPT, late_accept)                                                                    \
    X(LOST_AFTER, lost_after)                                                                      \
    X(ERROR_AFTER, error_after)                                                                    \
    X(SLOW, slow)

enum fault {
#define X(name, field) FAULT_##name,
    FAULT_TABLE(X)
#undef X
        FAULT_NONE,
};

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
/* What strikes a call; reads know throttle and hang alone. */
enum fault faults_draw(struct faults *faults, bool is_transfer);
/* How long the answer takes. */
uint64_t faults_latency(struct faults *faults);
bool faults_coin(struct faults *faults);
/* "lost_after" …; "" for none. */
const char *fault_name(enum fault fault);

#endif
