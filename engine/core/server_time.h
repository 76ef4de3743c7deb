/*
 * server_time: what the engine knows of the database's clock.
 *
 * A statement asked at a and answered at b (engine clock) said the database's clock was s. So at
 * any later engine instant n the database's clock lies in  s + (n - b) .. s + (n - a).
 * "Not before" questions use the least, "not after" questions the most. Both clocks are taken to
 * run at the same pace between two readings, which the heartbeat keeps short. Of two readings that
 * agree the tighter one is kept, for a few seconds; one that disagrees shows that somebody set the
 * database's clock, and is taken at once.
 */
#ifndef DAYBOOK_CORE_SERVER_TIME_H
#define DAYBOOK_CORE_SERVER_TIME_H

#include <stdint.h>

#include "base/time.h"

#define SERVER_TIME_KEPT_NS (5 * NS_PER_S) /* clocks drift: no longer is a tighter one kept */

struct server_time {
    int64_t said_us;
    uint64_t asked_at_ns;
    uint64_t heard_at_ns;
};

/* The first reading. */
void server_time_init(struct server_time *time, int64_t said_us, uint64_t asked_at_ns,
                      uint64_t heard_at_ns);
/* A further one. */
void server_time_set(struct server_time *time, int64_t said_us, uint64_t asked_at_ns,
                     uint64_t heard_at_ns);
int64_t server_time_least_us(const struct server_time *time, uint64_t now_ns);
int64_t server_time_most_us(const struct server_time *time, uint64_t now_ns);
/* Earliest engine instant at which the database's clock surely reads at least `us`, or AT_NEVER. */
uint64_t server_time_reaches_ns(const struct server_time *time, int64_t us);

#endif
