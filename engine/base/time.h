/*
 * time: units. `_at_ns` is an instant on the engine's clock (CLOCK_BOOTTIME in real, virtual in
 * sim), `_ns` a duration. `_us` on a database instant is microseconds since the Unix epoch, as
 * the database's clock tells it; the two clocks meet only in core/server_time.h.
 */
#ifndef DAYBOOK_BASE_TIME_H
#define DAYBOOK_BASE_TIME_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define US_PER_S INT64_C(1000000)
#define AT_NEVER UINT64_MAX

#endif
