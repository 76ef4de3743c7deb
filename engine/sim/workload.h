/*
 * workload: the accounts of simulated paydays and the money that comes in: what is true, before
 * any engine looks at it. Read by the store (the frozen plan), the bank (the book) and the auditor.
 *
 * The same persons are paid in each of up to MONTHS_MAX months; each month is a batch of its own.
 * A settlement's index is month * count + person.
 */
#ifndef DAYBOOK_SIM_WORKLOAD_H
#define DAYBOOK_SIM_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/transfer.h"
#include "sim/swarm.h"
#include "sim/world.h"

#define WORKLOAD_BATCH 7U /* of the first month; the next ones follow */
#define MONTHS_MAX 4U
#define WORKLOAD_COLLECTION "9000000001"
#define WORKLOAD_SUSPENSE "9000000002"
#define WORKLOAD_POOL "9000000003"
#define WORKLOAD_DEPOSITS_MAX 2U /* an account */

struct workload_deposit {
    uint64_t at_ns; /* after its month began; AT_NEVER: does not come by itself */
    int64_t amount_minor;
};

struct workload_account {
    struct parties parties;
    struct idem_key key_seed;
    int64_t mapping_id;
    int64_t repayment_minor;
    int64_t hold_minor;
    int64_t expected_minor; /* 0: not given */
    bool has_expect_at;
    int64_t expect_after_ns; /* … that long after its month began; before it: negative */
    int64_t opening_minor;
    int64_t floor_held_minor; /* floors: before the first month */
    int64_t floor_payable_minor;
    int64_t floor_residue_minor;
    struct workload_deposit deposits[WORKLOAD_DEPOSITS_MAX];
    bool is_blocked;        /* its last settlement has not ended */
    bool is_payout_stopped; /* the bank refuses payouts to its owner */
    bool is_poison;         /* the database refuses one of its records for its data */
};

/* Persons are dealt to the partitions in turn, in every month. */
struct workload {
    uint32_t count; /* persons */
    uint32_t months;
    uint32_t partitions;
    struct workload_account *accounts; /* by settlement: months * count */
    int64_t began_us[MONTHS_MAX];      /* by the database's true clock; 0: not yet */
};

/* As many months as the swarm says. */
void workload_init(struct workload *workload, uint32_t count, const struct swarm *swarm,
                   uint64_t seed);
void workload_deinit(struct workload *workload);

static inline uint32_t workload_total(const struct workload *workload)
{
    return workload->months * workload->count;
}

static inline uint32_t workload_person(const struct workload *workload, uint32_t index)
{
    return index % workload->count;
}

static inline uint32_t workload_month(const struct workload *workload, uint32_t index)
{
    return index / workload->count;
}

uint64_t workload_settlement(const struct workload *workload, uint32_t index);
/* By its place in the partition, from 1; UINT32_MAX: there is none. */
uint32_t workload_at(const struct workload *workload, uint32_t month, uint32_t partition,
                     uint32_t position);
/* UINT32_MAX: no settlement of any month. */
uint32_t workload_find(const struct workload *workload, uint64_t settlement_id);
/* CHECKs that there is one. */
uint32_t workload_index(const struct workload *workload, uint64_t settlement_id);
/* Mappings of an account: the plan's, and those that somebody amends it to (nth from 1), with
   another account for the payout. */
int64_t workload_amended(const struct workload *workload, uint32_t index, uint32_t nth);
/* The outside names by a mapping. False: it is not this account's. */
bool workload_parties(const struct workload *workload, uint32_t index, int64_t mapping_id,
                      struct parties *parties);
/* When its deposit is expected, by the database's true clock; 0: the plan does not say. */
int64_t workload_expect_at_us(const struct workload *workload, uint32_t index);
/* What lies in the virtual account before the first deposit. */
int64_t workload_floor(const struct workload_account *account);
/* The new money from which on it is the deposit. */
int64_t workload_threshold(const struct workload_account *account);

#endif
