#include "sim/swarm.h"

#include "base/prng.h"
#include "base/time.h"

static const struct swarm good_world = {
    .slots = 256,
    .chunk_records = 500,
    .calls = 32,
    .rate_per_s = 500,
    .burst = 20,
    .chunk_delay_ns = 20 * NS_PER_MS,
    .send_before_ns = 3 * NS_PER_S,
    .resolve_wait_ns = 60 * NS_PER_S,
    .drain_ns = 2 * NS_PER_S,
    .alive_ns = 5 * NS_PER_S,
    .retry_base_ns = 50 * NS_PER_MS,
    .retry_cap_ns = 2 * NS_PER_S,
    .poll_tries = 3,
    .chunk_tries = 5,
    .closing = CLOSING_ALL,
    .over = OVER_PARK,
    .call_timeout_ns = NS_PER_S,
    .processing_ns = NS_PER_S,
    .linger_ns = NS_PER_S,
    .poll_interval_ns = 5 * NS_PER_S,
    .later_wait_ns = NS_PER_S,
    .later_tries = 3,
    .bank_latency_ns = 10 * NS_PER_MS,
    .bank_spread_ns = 10 * NS_PER_MS,
    .bank_slow_ns = 2 * NS_PER_S,
    .bank_late_ns = NS_PER_S,
    .net_connect_ns = NS_PER_MS,
    .net_travel_ns = NS_PER_MS,
    .store_delay_ns = 5 * NS_PER_MS,
    .store_slow_ns = 2 * NS_PER_S,
    .store_beat_ns = NS_PER_S,
    .process_pause_ns = 2 * NS_PER_S,
    .process_deadline_ns = 10 * NS_PER_S,
    .restart_ns = 500 * NS_PER_MS,
    .account_late_ns = 20 * NS_PER_S,
};

void swarm_none(struct swarm *swarm)
{
    *swarm = good_world;
}

static uint64_t pick(struct prng *prng, const uint64_t *values, uint32_t count)
{
    return values[prng_below(prng, count)];
}

#define PICK(prng, ...)                                                                            \
    pick(prng, (const uint64_t[]){__VA_ARGS__},                                                    \
         (uint32_t)(sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)))

/* Zero in one seed of two, else anything up to `most` in a million. */
static uint64_t chance(struct prng *prng, uint64_t most)
{
    uint64_t drawn = prng_between(prng, 1, most);
    return prng_chance(prng, 1, 2) ? drawn : 0;
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static void draw_sizes(struct swarm *f, uint32_t accounts, struct prng *prng)
{
    // Room for more than all accounts changes nothing, and takes time to clear at every start.
    f->slots = at_most(PICK(prng, 1, 2, 7, 64, 256, 1024), accounts + 1);
    f->chunk_records = at_most(PICK(prng, 1, 2, 5, 40, 200, 1000, 16000), accounts * 16UL);
    f->calls = PICK(prng, 1, 2, 8, 32, 128);
    f->rate_per_s = PICK(prng, 20, 100, 333, 1000, 5000);
    f->burst = PICK(prng, 1, 2, 10, 50);
}

static void draw_waits(struct swarm *f, struct prng *prng)
{
    f->chunk_delay_ns = PICK(prng, 0, 1, 5, 20, 50) * NS_PER_MS;
    f->send_before_ns = PICK(prng, 1500, 3000, 10000) * NS_PER_MS;
    f->retry_base_ns = PICK(prng, 1, 20, 100, 500) * NS_PER_MS;
    f->retry_cap_ns = PICK(prng, 500, 2000, 5000) * NS_PER_MS;
    f->poll_tries = prng_between(prng, 1, 4);
    f->chunk_tries = prng_between(prng, 1, 6);
    f->closing = PICK(prng, CLOSING_ALL, CLOSING_ALL, CLOSING_SAMPLE, CLOSING_OFF);
    f->over = PICK(prng, OVER_PARK, OVER_PARK, OVER_PAY);
    f->hold_by_transfer = PICK(prng, 0, 0, 1);
    f->call_timeout_ns = PICK(prng, 100, 300, 1000, 3000) * NS_PER_MS;
    f->processing_ns = PICK(prng, 100, 500, 1000, 4000) * NS_PER_MS;
    f->linger_ns = PICK(prng, 50, 500, 1000, 3000) * NS_PER_MS;
    f->poll_interval_ns = PICK(prng, 500, 5000, 60000) * NS_PER_MS;
    f->later_wait_ns = PICK(prng, 100, 1000, 20000) * NS_PER_MS;
    f->later_tries = prng_between(prng, 1, 4);
}

static void draw_bank(struct swarm *f, struct prng *prng)
{
    f->bank_latency_ns = PICK(prng, 0, 1, 5, 20) * NS_PER_MS;
    f->bank_spread_ns = PICK(prng, 0, 1, 10, 50) * NS_PER_MS;
    f->bank_slow_ns = f->call_timeout_ns + prng_between(prng, 0, NS_PER_S);
    // A bank keeps to the processing time it states, to the last ns.
    f->bank_late_ns = PICK(prng, f->processing_ns, f->processing_ns / 2);
    f->bank_lost_after = chance(prng, 100000);
    f->bank_error_before = chance(prng, 100000);
    f->bank_error_after = chance(prng, 100000);
    f->bank_reset_before = chance(prng, 100000);
    f->bank_hang = chance(prng, 50000);
    f->bank_late_accept = chance(prng, 100000);
    f->bank_throttle = chance(prng, 50000);
    f->bank_slow = chance(prng, 50000);
    f->bank_limit = chance(prng, 50000);
}

static void draw_network(struct swarm *f, struct prng *prng)
{
    f->net_connect_ns = PICK(prng, 0, 0, 1, 20) * NS_PER_MS;
    f->net_travel_ns = PICK(prng, 0, 1, 10) * NS_PER_MS;
    f->net_refused = chance(prng, 100000);
    f->net_lost_request = chance(prng, 50000);
    f->net_lost_answer = chance(prng, 100000);
    f->net_cut_answer = chance(prng, 50000);
    f->net_surplus_answer = chance(prng, 20000);
    f->net_late_request = chance(prng, 50000);
}

static void draw_store(struct swarm *f, struct prng *prng)
{
    f->store_delay_ns = PICK(prng, 0, 1, 5, 30) * NS_PER_MS;
    f->store_slow_ns = PICK(prng, 500, 2000, 6000, 12000) * NS_PER_MS;
    f->store_slow = chance(prng, 30000);
    f->store_busy = chance(prng, 100000);
    f->store_lost_before = chance(prng, 10000);
    f->store_lost_after = chance(prng, 10000);
    f->store_load_lost = chance(prng, 10000);
    f->store_beat_late = chance(prng, 50000);
    f->store_beat_lost = chance(prng, 5000);
    f->process_pause = chance(prng, 2000);
    f->process_pause_ns = PICK(prng, 500, 3000, 15000) * NS_PER_MS;
    f->process_stop = chance(prng, 300000);
    f->process_deadline = chance(prng, 300000);
    f->process_deadline_ns = PICK(prng, 1, 10, 60) * NS_PER_S;
    f->restart_ns = PICK(prng, 0, 10, 500, 5000) * NS_PER_MS;
}

static void draw_accounts(struct swarm *f, struct prng *prng)
{
    f->account_missing = chance(prng, 100000);
    f->account_part = chance(prng, 100000);
    f->account_late = chance(prng, 300000);
    f->account_late_ns = PICK(prng, 1, 10, 60) * NS_PER_S;
    f->account_over = chance(prng, 50000);
    f->account_extra = chance(prng, 100000);
    f->account_stopped = chance(prng, 50000);
    f->account_blocked = chance(prng, 50000);
    f->account_floor = chance(prng, 300000);
    f->account_no_dues = chance(prng, 300000);
    f->account_no_rest = chance(prng, 100000);
}

void swarm_draw(struct swarm *swarm, uint32_t accounts, uint64_t seed)
{
    struct prng prng = prng_split(seed, "settings");
    *swarm = good_world;
    draw_sizes(swarm, accounts, &prng);
    draw_waits(swarm, &prng);
    draw_bank(swarm, &prng);
    draw_network(swarm, &prng);
    draw_store(swarm, &prng);
    draw_accounts(swarm, &prng);
}

void swarm_heal(struct swarm *f)
{
    f->bank_lost_after = f->bank_error_before = f->bank_error_after = f->bank_reset_before = 0;
    f->bank_hang = f->bank_late_accept = f->bank_throttle = f->bank_slow = f->bank_limit = 0;
    f->net_refused = f->net_lost_request = f->net_lost_answer = f->net_cut_answer = 0;
    f->net_surplus_answer = f->net_late_request = 0;
    f->store_slow = f->store_busy = f->store_lost_before = f->store_lost_after = 0;
    f->store_load_lost = f->store_beat_late = f->store_beat_lost = 0;
    f->process_pause = f->process_stop = f->process_deadline = 0;
}

static void rules(const struct swarm *f, struct bank_rules *bank)
{
    bank->rate_per_s = (uint32_t)f->rate_per_s;
    bank->burst = (uint32_t)f->burst;
    bank->calls_max = (uint32_t)f->calls;
    bank->call_timeout_ns = f->call_timeout_ns;
    bank->processing_ns = f->processing_ns;
    bank->linger_ns = f->linger_ns;
    bank->poll_interval_ns = f->poll_interval_ns;
    bank->later_wait_ns = f->later_wait_ns;
    bank->later_tries = (uint32_t)f->later_tries;
}

void swarm_config(const struct swarm *f, const struct bank_rules *profile_rules,
                  struct settle_config *config)
{
    *config = (struct settle_config){
        .bank_count = 1,
        .slots = (uint32_t)f->slots,
        .chunk_records = (uint32_t)f->chunk_records,
        .chunk_delay_ns = f->chunk_delay_ns,
        .send_before_ns = f->send_before_ns,
        .resolve_wait_ns = f->resolve_wait_ns,
        .drain_ns = f->drain_ns,
        .alive_ns = f->alive_ns,
        .retry_base_ns = f->retry_base_ns,
        .retry_cap_ns = f->retry_cap_ns,
        .poll_tries = (uint32_t)f->poll_tries,
        .chunk_tries = (uint32_t)f->chunk_tries,
        .closing = (enum closing_check)f->closing,
        .over = (enum over_policy)f->over,
        .hold_by_transfer = f->hold_by_transfer != 0,
        .deadline_at_ns = AT_NEVER,
    };
    config->banks[0] = *profile_rules;
    rules(f, &config->banks[0]);
}

struct mock_faults swarm_mock(const struct swarm *f)
{
    return (struct mock_faults){
        .lost_after = (uint32_t)f->bank_lost_after,
        .error_before = (uint32_t)f->bank_error_before,
        .error_after = (uint32_t)f->bank_error_after,
        .reset_before = (uint32_t)f->bank_reset_before,
        .hang = (uint32_t)f->bank_hang,
        .late_accept = (uint32_t)f->bank_late_accept,
        .throttle = (uint32_t)f->bank_throttle,
        .slow = (uint32_t)f->bank_slow,
    };
}
