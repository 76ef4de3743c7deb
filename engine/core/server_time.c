#include "core/server_time.h"

#include <stdbool.h>

#include "base/check.h"

void server_time_init(struct server_time *time, int64_t said_us, uint64_t asked_at_ns,
                      uint64_t heard_at_ns)
{
    CHECK(asked_at_ns <= heard_at_ns);
    *time = (struct server_time){
        .said_us = said_us, .asked_at_ns = asked_at_ns, .heard_at_ns = heard_at_ns};
}

static bool is_kept(const struct server_time *time, const struct server_time *next)
{
    bool is_tighter = time->heard_at_ns - time->asked_at_ns < next->heard_at_ns - next->asked_at_ns;
    bool is_fresh = next->heard_at_ns - time->heard_at_ns < SERVER_TIME_KEPT_NS;
    if (!is_tighter || !is_fresh)
        return false;
    uint64_t now_ns = next->heard_at_ns;
    return server_time_least_us(time, now_ns) <= server_time_most_us(next, now_ns) &&
           server_time_least_us(next, now_ns) <= server_time_most_us(time, now_ns);
}

void server_time_set(struct server_time *time, int64_t said_us, uint64_t asked_at_ns,
                     uint64_t heard_at_ns)
{
    struct server_time next;
    server_time_init(&next, said_us, asked_at_ns, heard_at_ns);
    CHECK(heard_at_ns >= time->heard_at_ns);
    if (!is_kept(time, &next))
        *time = next;
}

int64_t server_time_least_us(const struct server_time *time, uint64_t now_ns)
{
    CHECK(now_ns >= time->heard_at_ns);
    return time->said_us + (int64_t)((now_ns - time->heard_at_ns) / NS_PER_US);
}

int64_t server_time_most_us(const struct server_time *time, uint64_t now_ns)
{
    CHECK(now_ns >= time->asked_at_ns);
    return time->said_us + (int64_t)((now_ns - time->asked_at_ns + NS_PER_US - 1) / NS_PER_US);
}

uint64_t server_time_reaches_ns(const struct server_time *time, int64_t us)
{
    if (us <= time->said_us)
        return time->heard_at_ns;
    uint64_t wait_us = (uint64_t)(us - time->said_us);
    bool is_far = wait_us > (AT_NEVER - time->heard_at_ns) / NS_PER_US;
    return is_far ? AT_NEVER : time->heard_at_ns + wait_us * NS_PER_US;
}
