/*
 * swarm: everything that one simulated payday varies: sizes, waits, chances.
 *
 * One table, so that what was drawn can be printed and replayed. Chances are parts in a million,
 * durations ns; all are integers. Drawn from the seed: some chances are zero in each seed, and
 * sizes go down to 1, so that rare paths meet alone and together.
 */
#ifndef DAYBOOK_SIM_SWARM_H
#define DAYBOOK_SIM_SWARM_H

#include <stdint.h>

#include "core/settle.h"
#include "mock/bank.h"

#define SWARM_TABLE(X)                                                                             \
    /* sizes */                                                                                    \
    X(slots)                                                                                       \
    X(chunk_records)                                                                               \
    X(calls)                                                                                       \
    X(rate_per_s)                                                                                  \
    X(burst)                                                                                       \
    X(partitions)                                                                                  \
    /* waits of the engine */                                                                      \
    X(chunk_delay_ns)                                                                              \
    X(send_before_ns)                                                                              \
    X(resolve_wait_ns)                                                                             \
    X(drain_ns)                                                                                    \
    X(alive_ns)                                                                                    \
    X(retry_base_ns)                                                                               \
    X(retry_cap_ns)                                                                                \
    X(poll_tries)                                                                                  \
    X(chunk_tries)                                                                                 \
    X(closing)                                                                                     \
    X(over)                                                                                        \
    X(hold_by_transfer)                                                                            \
    X(compensated_steps)                                                                           \
    X(unhold) /* bit of each month */                                                              \
    /* what the bank states of itself */                                                           \
    X(call_timeout_ns)                                                                             \
    X(processing_ns)                                                                               \
    X(linger_ns)                                                                                   \
    X(poll_interval_ns)                                                                            \
    X(later_wait_ns)                                                                               \
    X(later_tries)                                                                                 \
    X(inquiry)                                                                                     \
    X(linger_unknown)                                                                              \
    X(key_lifetime_ns)                                                                             \
    X(repeat_delay_ns)                                                                             \
    X(pool)                                                                                        \
    X(fee_is_ours)                                                                                 \
    /* the bank and the way to it */                                                               \
    X(bank_latency_ns)                                                                             \
    X(bank_spread_ns)                                                                              \
    X(bank_slow_ns)                                                                                \
    X(bank_late_ns)                                                                                \
    X(bank_lost_after)                                                                             \
    X(bank_error_before)                                                                           \
    X(bank_error_after)                                                                            \
    X(bank_reset_before)                                                                           \
    X(bank_hang)                                                                                   \
    X(bank_late_accept)                                                                            \
    X(bank_throttle)                                                                               \
    X(bank_slow)                                                                                   \
    X(bank_limit)                                                                                  \
    /* what the bank does besides, and says wrongly */                                             \
    X(bank_settle_ns)                                                                              \
    X(bank_reverse_ns)                                                                             \
    X(bank_fee_minor)                                                                              \
    X(bank_reversed)                                                                               \
    X(bank_fee)                                                                                    \
    X(bank_lag_ns)                                                                                 \
    X(bank_drip_ns)                                                                                \
    X(bank_processing)                                                                             \
    X(bank_fails_later)                                                                            \
    X(bank_forget_refused)                                                                         \
    X(bank_refuse_repeat)                                                                          \
    X(bank_lagging)                                                                                \
    X(bank_wrong_key)                                                                              \
    X(bank_wrong_amount)                                                                           \
    X(bank_wrong_currency)                                                                         \
    X(bank_swapped)                                                                                \
    X(bank_framing)                                                                                \
    X(bank_drip)                                                                                   \
    X(bank_changed)                                                                                \
    X(net_connect_ns)                                                                              \
    X(net_travel_ns)                                                                               \
    X(net_refused)                                                                                 \
    X(net_lost_request)                                                                            \
    X(net_lost_answer)                                                                             \
    X(net_cut_answer)                                                                              \
    X(net_surplus_answer)                                                                          \
    X(net_late_request)                                                                            \
    X(net_told_twice)                                                                              \
    /* the store */                                                                                \
    X(store_delay_ns)                                                                              \
    X(store_slow_ns)                                                                               \
    X(store_slow)                                                                                  \
    X(store_busy)                                                                                  \
    X(store_lost_before)                                                                           \
    X(store_lost_after)                                                                            \
    X(store_load_lost)                                                                             \
    X(store_beat_ns)                                                                               \
    X(store_beat_late)                                                                             \
    X(store_beat_lost)                                                                             \
    X(store_rolled_back)                                                                           \
    X(store_shut)                                                                                  \
    X(store_shut_ns)                                                                               \
    /* the process */                                                                              \
    X(process_pause)                                                                               \
    X(process_pause_ns)                                                                            \
    X(process_deadline)                                                                            \
    X(process_deadline_ns)                                                                         \
    X(process_stop)                                                                                \
    X(process_crashes)                                                                             \
    X(process_crash_gap)                                                                           \
    X(process_crash_deep)                                                                          \
    X(process_freeze)                                                                              \
    X(process_freeze_ns)                                                                           \
    X(process_takeover_ns)                                                                         \
    X(clock_step)                                                                                  \
    X(clock_step_ns)                                                                               \
    X(restart_ns)                                                                                  \
    /* the months */                                                                               \
    X(months)                                                                                      \
    X(month_gap_ns)                                                                                \
    X(month_again)                                                                                 \
    /* persons */                                                                                  \
    X(person_asks)      /* an account, at each look between two runs */                            \
    X(person_meanwhile) /* … and at one during a run */                                          \
    X(person_visits)                                                                               \
    X(person_wrong)      /* a word is wrong */                                                     \
    X(person_stale)      /* … about an older attempt */                                          \
    X(person_returns)    /* what came back is found out */                                         \
    X(person_supersedes) /* an older short one is given up for the next month */                   \
    X(person_reruns)     /* all that is parked is released at once */                              \
    X(request_told)      /* telling the engine of a request: late, lost or twice */                \
    X(request_alone)     /* requests are answered by a command, before a run */                    \
    /* the accounts */                                                                             \
    X(account_missing)                                                                             \
    X(account_part)                                                                                \
    X(account_late)                                                                                \
    X(account_late_ns)                                                                             \
    X(account_expects)   /* the plan says when the deposit is expected … */                      \
    X(account_expect_ns) /* … up to so much too early or too late */                             \
    X(account_over)                                                                                \
    X(account_extra)                                                                               \
    X(account_stopped)                                                                             \
    X(account_blocked)                                                                             \
    X(account_floor)                                                                               \
    X(account_no_dues)                                                                             \
    X(account_no_rest)                                                                             \
    X(account_poison)

struct swarm {
#define X(name) uint64_t name;
    SWARM_TABLE(X)
#undef X
};

#define SWARM_MILLION 1000000U

/* A good world of middle sizes: nothing fails, every deposit is there. */
void swarm_none(struct swarm *swarm);
/* Drawn: what the seed makes of it, for so many accounts. */
void swarm_draw(struct swarm *swarm, uint32_t accounts, uint64_t seed);
/* From now on nothing fails; sizes, waits and accounts stay. */
void swarm_heal(struct swarm *swarm);

/* What follows from them for the core and for the bank. */
void swarm_config(const struct swarm *swarm, const struct bank_rules *profile_rules,
                  struct settle_config *config);
struct mock_faults swarm_mock(const struct swarm *swarm);

#endif
