#include "sim/swarm.h"

#include <stdio.h>

#include "base/prng.h"
#include "base/time.h"

static const struct swarm good_world = {
    .partitions = 1,
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
    .inquiry = INQUIRY_BY_KEY,
    .bank_latency_ns = 10 * NS_PER_MS,
    .bank_spread_ns = 10 * NS_PER_MS,
    .bank_slow_ns = 2 * NS_PER_S,
    .bank_late_ns = NS_PER_S,
    .bank_settle_ns = 2 * NS_PER_S,
    .bank_lag_ns = NS_PER_S,
    .bank_reverse_ns = 100 * NS_PER_MS,
    .bank_fee_minor = 30,
    .bank_drip_ns = NS_PER_MS,
    .net_connect_ns = NS_PER_MS,
    .net_travel_ns = NS_PER_MS,
    .store_delay_ns = 5 * NS_PER_MS,
    .store_slow_ns = 2 * NS_PER_S,
    .store_beat_ns = NS_PER_S,
    .process_pause_ns = 2 * NS_PER_S,
    .process_deadline_ns = 10 * NS_PER_S,
    .restart_ns = 500 * NS_PER_MS,
    .process_crash_gap = 1000,
    .process_freeze_ns = 2 * NS_PER_S,
    .clock_step_ns = NS_PER_S,
    .store_shut_ns = NS_PER_S,
    .months = 1,
    .account_late_ns = 20 * NS_PER_S,
    .account_expect_ns = 5 * 60 * NS_PER_S,
};

void swarm_none(struct swarm *swarm)
{
    *swarm = good_world;
}

/* Every setting has a stream of its own, by its name: a new one changes no other. */
static struct prng stream(uint64_t seed, const char *name)
{
    char text[64];
    snprintf(text, sizeof(text), "swarm %s", name);
    return prng_split(seed, text);
}

static uint64_t pick(uint64_t seed, const char *name, const uint64_t *values, uint32_t count)
{
    struct prng prng = stream(seed, name);
    return values[prng_below(&prng, count)];
}

static uint64_t range(uint64_t seed, const char *name, uint64_t least, uint64_t most)
{
    struct prng prng = stream(seed, name);
    return prng_between(&prng, least, most);
}

/* Zero in one seed of two, else anything up to `most` in a million. */
static uint64_t chance(uint64_t seed, const char *name, uint64_t most)
{
    struct prng prng = stream(seed, name);
    uint64_t drawn = prng_between(&prng, 1, most);
    return prng_chance(&prng, 1, 2) ? drawn : 0;
}

#define PICK(name, ...)                                                                            \
    f->name = pick(seed, #name, (const uint64_t[]){__VA_ARGS__},                                   \
                   (uint32_t)(sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)))
#define PICK_MS(name, ...) (PICK(name, __VA_ARGS__), f->name *= NS_PER_MS)
#define RANGE(name, least, most) f->name = range(seed, #name, least, most)
#define CHANCE(name, most) f->name = chance(seed, #name, most)

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static void draw_sizes(struct swarm *f, uint32_t accounts, uint64_t seed)
{
    // Room for more than all accounts changes nothing, and takes time to clear at every start.
    PICK(slots, 1, 2, 7, 64, 256, 1024);
    f->slots = at_most(f->slots, accounts + 1);
    PICK(chunk_records, 1, 2, 5, 40, 200, 1000, 16000);
    f->chunk_records = at_most(f->chunk_records, accounts * 16UL);
    PICK(calls, 1, 2, 8, 32, 128);
    PICK(rate_per_s, 20, 100, 333, 1000, 5000);
    PICK(burst, 1, 2, 10, 50);
    PICK(partitions, 1, 1, 2, 2, 3);
    // Each makes calls of its own, and has an account.
    f->partitions = at_most(at_most(f->partitions, f->calls), accounts);
}

static void draw_waits(struct swarm *f, uint64_t seed)
{
    PICK_MS(chunk_delay_ns, 0, 1, 5, 20, 50);
    PICK_MS(send_before_ns, 1500, 3000, 10000);
    PICK_MS(resolve_wait_ns, 30000, 60000, 900000);
    PICK_MS(drain_ns, 0, 2000, 10000);
    PICK_MS(alive_ns, 2000, 5000);
    PICK_MS(retry_base_ns, 1, 20, 100, 500);
    PICK_MS(retry_cap_ns, 500, 2000, 5000);
    RANGE(poll_tries, 1, 4);
    RANGE(chunk_tries, 1, 6);
    PICK(closing, CLOSING_ALL, CLOSING_ALL, CLOSING_SAMPLE, CLOSING_OFF);
    PICK(over, OVER_PARK, OVER_PARK, OVER_PAY);
    PICK(hold_by_transfer, 0, 0, 1);
    PICK(compensated_steps, 0, 0, 1U << STEP_COLLECT, 1U << STEP_PAYOUT,
         1U << STEP_COLLECT | 1U << STEP_HOLD | 1U << STEP_PAYOUT);
    PICK(unhold, 0, 0, 2, 5, 10, 15);
    PICK_MS(call_timeout_ns, 100, 300, 1000, 3000);
    PICK_MS(processing_ns, 100, 500, 1000, 4000);
    PICK_MS(linger_ns, 50, 500, 1000, 3000);
    PICK_MS(poll_interval_ns, 500, 5000, 60000);
    PICK_MS(later_wait_ns, 100, 1000, 20000);
    RANGE(later_tries, 1, 4);
}

static void draw_bank(struct swarm *f, uint64_t seed)
{
    PICK_MS(bank_latency_ns, 0, 1, 5, 20);
    PICK_MS(bank_spread_ns, 0, 1, 10, 50);
    RANGE(bank_slow_ns, 0, NS_PER_S);
    f->bank_slow_ns += f->call_timeout_ns;
    // A bank keeps to the processing time it states, to the last ns.
    PICK(bank_late_ns, f->processing_ns, f->processing_ns / 2);
    CHANCE(bank_lost_after, 100000);
    CHANCE(bank_error_before, 100000);
    CHANCE(bank_error_after, 100000);
    CHANCE(bank_reset_before, 100000);
    CHANCE(bank_hang, 50000);
    CHANCE(bank_late_accept, 100000);
    CHANCE(bank_throttle, 50000);
    CHANCE(bank_slow, 50000);
    CHANCE(bank_limit, 50000);
}

static void draw_bank_besides(struct swarm *f, uint64_t seed)
{
    PICK(inquiry, INQUIRY_BY_KEY, INQUIRY_BY_KEY, INQUIRY_BY_KEY, INQUIRY_REPEAT, INQUIRY_NONE);
    PICK(linger_unknown, 0, 0, 0, 1);
    PICK_MS(key_lifetime_ns, 0, 0, 0, 12000, 40000, 200000);
    PICK_MS(repeat_delay_ns, 0, 0, 100, 2000);
    PICK(pool, POOL_NONE, POOL_NONE, POOL_AVAILABLE, POOL_RECEIVED);
    PICK(fee_is_ours, 0, 1);
    PICK_MS(bank_settle_ns, 10, 1000, 30000);
    PICK_MS(bank_reverse_ns, 0, 50, 1000, 30000);
    PICK(bank_fee_minor, 1, 30, 500);
    CHANCE(bank_reversed, 30000);
    CHANCE(bank_fee, 30000);
    // A replica is behind for no longer than the bank works on a request.
    PICK(bank_lag_ns, f->processing_ns, f->processing_ns / 2);
    PICK_MS(bank_drip_ns, 1, 10);
    CHANCE(bank_processing, 200000);
    CHANCE(bank_fails_later, 50000);
    CHANCE(bank_forget_refused, 500000);
    CHANCE(bank_refuse_repeat, 500000);
    CHANCE(bank_lagging, 500000);
    CHANCE(bank_wrong_key, 50000);
    CHANCE(bank_wrong_amount, 50000);
    CHANCE(bank_wrong_currency, 50000);
    CHANCE(bank_swapped, 50000);
    CHANCE(bank_framing, 20000);
    CHANCE(bank_drip, 20000);
    CHANCE(bank_changed, 100000);
}

static void draw_network(struct swarm *f, uint64_t seed)
{
    PICK_MS(net_connect_ns, 0, 0, 1, 20);
    PICK_MS(net_travel_ns, 0, 1, 10);
    CHANCE(net_refused, 100000);
    CHANCE(net_lost_request, 50000);
    CHANCE(net_lost_answer, 100000);
    CHANCE(net_cut_answer, 50000);
    CHANCE(net_surplus_answer, 20000);
    CHANCE(net_late_request, 50000);
    CHANCE(net_told_twice, 100000);
}

static void draw_store(struct swarm *f, uint64_t seed)
{
    PICK_MS(store_delay_ns, 0, 1, 5, 30);
    PICK_MS(store_slow_ns, 500, 2000, 6000, 12000);
    CHANCE(store_slow, 30000);
    CHANCE(store_busy, 100000);
    CHANCE(store_lost_before, 10000);
    CHANCE(store_lost_after, 10000);
    CHANCE(store_load_lost, 10000);
    CHANCE(store_beat_late, 50000);
    CHANCE(store_beat_lost, 5000);
    CHANCE(process_pause, 2000);
    PICK_MS(process_pause_ns, 500, 3000, 15000);
    CHANCE(process_stop, 300000);
    CHANCE(process_deadline, 300000);
    PICK_MS(process_deadline_ns, 1000, 10000, 60000);
    PICK_MS(restart_ns, 0, 10, 500, 5000);
    CHANCE(store_rolled_back, 5000);
    CHANCE(store_shut, 5000);
    PICK_MS(store_shut_ns, 100, 2000, 60000);
}

static void draw_process(struct swarm *f, uint64_t seed)
{
    PICK(process_crashes, 0, 0, 1, 3, 8);
    PICK(process_crash_gap, 10, 300, 3000);
    CHANCE(process_crash_deep, 800000);
    CHANCE(process_freeze, 2000);
    PICK_MS(process_freeze_ns, 100, 4000, 40000, 600000);
    PICK_MS(process_takeover_ns, 0, 1000, 31000);
    PICK(clock_step, 0, 0, 500000);
    PICK_MS(clock_step_ns, 500, 60000, 3600000);
    PICK(months, 1, 1, 2, 3, 4);
    PICK_MS(month_gap_ns, 0, 1000, 60000);
    CHANCE(month_again, 500000);
}

static void draw_persons(struct swarm *f, uint64_t seed)
{
    CHANCE(person_asks, 300000);
    CHANCE(person_meanwhile, 100000);
    PICK(person_visits, 0, 1, 3);
    CHANCE(person_wrong, 500000);
    CHANCE(person_stale, 200000);
    CHANCE(person_returns, 1000000);
    CHANCE(person_supersedes, 1000000);
    CHANCE(person_reruns, 500000);
    CHANCE(request_told, 500000);
    CHANCE(request_alone, 800000);
}

static void draw_accounts(struct swarm *f, uint64_t seed)
{
    CHANCE(account_missing, 100000);
    CHANCE(account_part, 100000);
    CHANCE(account_late, 300000);
    PICK_MS(account_late_ns, 1000, 10000, 60000);
    PICK(account_expects, 0, 300000, 1000000);
    PICK_MS(account_expect_ns, 1000, 600000, 3 * 3600000);
    CHANCE(account_over, 50000);
    CHANCE(account_extra, 100000);
    CHANCE(account_stopped, 50000);
    CHANCE(account_blocked, 50000);
    CHANCE(account_floor, 300000);
    CHANCE(account_no_dues, 300000);
    CHANCE(account_no_rest, 100000);
    CHANCE(account_poison, 20000);
}

void swarm_draw(struct swarm *swarm, uint32_t accounts, uint64_t seed)
{
    *swarm = good_world;
    draw_sizes(swarm, accounts, seed);
    draw_waits(swarm, seed);
    draw_bank(swarm, seed);
    draw_bank_besides(swarm, seed);
    draw_network(swarm, seed);
    draw_store(swarm, seed);
    draw_process(swarm, seed);
    draw_persons(swarm, seed);
    draw_accounts(swarm, seed);
}

void swarm_heal(struct swarm *f)
{
    f->bank_lost_after = f->bank_error_before = f->bank_error_after = f->bank_reset_before = 0;
    f->bank_hang = f->bank_late_accept = f->bank_throttle = f->bank_slow = f->bank_limit = 0;
    f->bank_processing = f->bank_fails_later = f->bank_forget_refused = f->bank_refuse_repeat = 0;
    f->bank_reversed = f->bank_fee = 0;
    f->bank_lagging = f->bank_wrong_key = f->bank_wrong_amount = f->bank_wrong_currency = 0;
    f->bank_swapped = f->bank_framing = f->bank_drip = f->bank_changed = 0;
    f->net_refused = f->net_lost_request = f->net_lost_answer = f->net_cut_answer = 0;
    f->net_surplus_answer = f->net_late_request = f->net_told_twice = 0;
    f->store_slow = f->store_busy = f->store_lost_before = f->store_lost_after = 0;
    f->store_load_lost = f->store_beat_late = f->store_beat_lost = 0;
    f->store_rolled_back = f->store_shut = 0;
    f->process_pause = f->process_stop = f->process_deadline = 0;
    f->person_visits = 0;
    f->person_asks = f->person_meanwhile = f->person_wrong = f->person_stale = 0;
    f->person_returns = f->person_supersedes = f->person_reruns = f->request_told = 0;
    f->process_crashes = f->process_freeze = f->clock_step = 0;
}

static void rules(const struct swarm *f, struct bank_rules *bank)
{
    bank->rate_per_s = (uint32_t)f->rate_per_s;
    bank->burst = (uint32_t)f->burst;
    bank->calls_max = (uint32_t)f->calls;
    bank->call_timeout_ns = f->call_timeout_ns;
    bank->processing_ns = f->processing_ns;
    bank->linger_ns = f->linger_unknown != 0 ? AT_NEVER : f->linger_ns;
    bank->inquiry = (enum inquiry_kind)f->inquiry;
    bank->key_lifetime_ns = f->key_lifetime_ns == 0 ? AT_NEVER : f->key_lifetime_ns;
    bank->repeat_delay_ns = f->repeat_delay_ns;
    bank->pool = (enum pool_kind)f->pool;
    bank->fee_is_ours = f->fee_is_ours != 0;
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
        .compensated_steps = (uint8_t)f->compensated_steps,
        .deadline_at_ns = AT_NEVER,
    };
    config->banks[0] = *profile_rules;
    rules(f, &config->banks[0]);
}

struct mock_faults swarm_mock(const struct swarm *f)
{
    uint32_t framing = (uint32_t)f->bank_framing;
    return (struct mock_faults){
        .lost_after = (uint32_t)f->bank_lost_after,
        .error_before = (uint32_t)f->bank_error_before,
        .error_after = (uint32_t)f->bank_error_after,
        .reset_before = (uint32_t)f->bank_reset_before,
        .hang = (uint32_t)f->bank_hang,
        .late_accept = (uint32_t)f->bank_late_accept,
        .throttle = (uint32_t)f->bank_throttle,
        .slow = (uint32_t)f->bank_slow,
        .processing = (uint32_t)f->bank_processing,
        .reversed = (uint32_t)f->bank_reversed,
        .fee = (uint32_t)f->bank_fee,
        .fails_later = (uint32_t)f->bank_fails_later,
        .forget_refused = (uint32_t)f->bank_forget_refused,
        .refuse_repeat = (uint32_t)f->bank_refuse_repeat,
        .lagging = (uint32_t)f->bank_lagging,
        .wrong_key = (uint32_t)f->bank_wrong_key,
        .wrong_amount = (uint32_t)f->bank_wrong_amount,
        .wrong_currency = (uint32_t)f->bank_wrong_currency,
        .swapped = (uint32_t)f->bank_swapped,
        .short_length = framing,
        .long_length = framing,
        .two_lengths = framing,
        .chunked_too = framing,
        .surplus = framing,
        .line_feeds = framing,
        .interim_flood = framing,
        .half_body = framing,
        .huge_header = framing,
        .drip = (uint32_t)f->bank_drip,
    };
}
