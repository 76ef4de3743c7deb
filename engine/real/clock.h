/*
 * clock: the only place that reads a clock.
 *
 * The engine's clock is CLOCK_BOOTTIME: it never goes back and counts a suspended machine's sleep,
 * so a deadline that passed during the sleep has passed. Wall time is for people only; what is
 * decided by wall time is decided by the database's clock.
 */
#ifndef DAYBOOK_REAL_CLOCK_H
#define DAYBOOK_REAL_CLOCK_H

#include <stdint.h>

/* The engine's clock, in ns. */
uint64_t clock_now_ns(void);
/* For people: us since the Unix epoch. */
int64_t clock_wall_us(void);

#endif
