/*
 * zone: times of day in the configuration's time zone, where no database is asked. For forecasts,
 * which are for people: what is decided by a time of day, Postgres decides.
 *
 * Sets the time zone of this process (TZ); nothing else of daybook uses it.
 *
 * Units      us since 1970; minutes since midnight.
 */
#ifndef DAYBOOK_JOBS_ZONE_H
#define DAYBOOK_JOBS_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

#define ZONE_TEXT_BYTES 40

/* False: this machine knows no zone of that name; then it is UTC. */
MUST_USE bool zone_use(const char *name);
/* The first instant after `after_us` at which a clock there shows that time of day. */
int64_t zone_next(int64_t after_us, int64_t minutes);
/* "06:52", or, where it is another day than `today_us`, "06:52 on 2026-03-26". Returns `out`. */
const char *zone_time(int64_t at_us, int64_t today_us, char out[ZONE_TEXT_BYTES]);

#endif
