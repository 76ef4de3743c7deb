#include "sim/workload.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"
#include "base/time.h"

static bool happens(struct prng *prng, uint64_t in_a_million)
{
    return prng_chance(prng, (uint32_t)in_a_million, SWARM_MILLION);
}

static int64_t amount(struct prng *prng, uint64_t most)
{
    return (int64_t)prng_between(prng, 1, most);
}

static void draw_names(struct workload_account *account, uint32_t index)
{
    static const char *const holders[] = {"김민준", "Ann \"Q\" O'Neil", "Jürgen \\ Weiß", "이서연"};
    struct parties *p = &account->parties;
    snprintf(p->virtual_account, sizeof(p->virtual_account), "11%08u", index + 1);
    snprintf(p->payout_account, sizeof(p->payout_account), "22%08u", index + 1);
    snprintf(p->payout_bank, sizeof(p->payout_bank), "%03u", 1 + index % 97);
    snprintf(p->holder_name, sizeof(p->holder_name), "%s", holders[index % 4]);
    account->mapping_id = 1000 + index;
}

static void draw_key_seed(struct workload_account *account, struct prng *prng)
{
    for (uint32_t i = 0; i < IDEM_KEY_BYTES; i++)
        account->key_seed.bytes[i] = (uint8_t)prng_next(prng);
}

/* What is in the account before the first month. */
static void draw_floor(struct workload_account *account, const struct swarm *f, struct prng *prng)
{
    if (!happens(prng, f->account_floor))
        return;
    account->opening_minor = prng_chance(prng, 1, 2) ? amount(prng, 70000) : 0;
    if (account->opening_minor == 0) { // else it is the account's first batch: nothing before
        account->floor_held_minor = amount(prng, 50000);
        account->floor_payable_minor = prng_chance(prng, 1, 2) ? amount(prng, 9000) : 0;
        account->floor_residue_minor = prng_chance(prng, 1, 2) ? amount(prng, 300) : 0;
    }
}

static void draw_dues(struct workload_account *account, const struct swarm *f, struct prng *prng)
{
    bool none = happens(prng, f->account_no_dues);
    account->repayment_minor = none && prng_chance(prng, 1, 2) ? 0 : amount(prng, 500000);
    account->hold_minor = none || prng_chance(prng, 1, 3) ? 0 : amount(prng, 100000);
}

/* The wages: what came, in one piece or two, at once or later. */
static void draw_deposits(struct workload_account *account, const struct swarm *f,
                          struct prng *prng)
{
    int64_t dues = account->repayment_minor + account->hold_minor;
    bool no_rest = happens(prng, f->account_no_rest) && dues > 0;
    int64_t wages = dues + (no_rest ? 0 : amount(prng, 3000000));
    account->expected_minor = prng_chance(prng, 2, 3) ? wages : 0;
    struct workload_deposit *first = &account->deposits[0], *second = &account->deposits[1];
    *first = (struct workload_deposit){NS_PER_MS, wages};
    *second = (struct workload_deposit){AT_NEVER, 0};
    if (happens(prng, f->account_late))
        first->at_ns = prng_between(prng, NS_PER_MS, f->account_late_ns);
    if (happens(prng, f->account_over))
        first->amount_minor = 2 * wages;
    if (happens(prng, f->account_extra))
        *second = (struct workload_deposit){prng_between(prng, NS_PER_MS, f->account_late_ns),
                                            amount(prng, 1000)};
    if (happens(prng, f->account_part) && wages > 1) {
        first->amount_minor = amount(prng, (uint64_t)wages - 1);
        *second = (struct workload_deposit){first->at_ns + f->account_late_ns / 2,
                                            wages - first->amount_minor};
    }
    if (happens(prng, f->account_missing))
        first->at_ns = second->at_ns = AT_NEVER;
}

/* What stays the same from month to month. */
static void draw_person(struct workload_account *account, uint32_t person, const struct swarm *f,
                        struct prng *prng)
{
    draw_names(account, person);
    account->is_blocked = happens(prng, f->account_blocked);
    account->is_payout_stopped = happens(prng, f->account_stopped);
}

/* When somebody thought that it would come: the truth, more or less. */
static void draw_expect(struct workload_account *account, const struct swarm *f, struct prng *prng)
{
    uint64_t spread_ns = prng_below(prng, 2 * f->account_expect_ns + 1);
    uint64_t come_ns = account->deposits[0].at_ns;
    account->has_expect_at = happens(prng, f->account_expects);
    account->expect_after_ns = (int64_t)(come_ns == AT_NEVER ? 0 : come_ns) + (int64_t)spread_ns -
                               (int64_t)f->account_expect_ns;
}

struct month_streams {
    struct prng keys, dues, deposits, expects, poison;
};

static void draw_month(struct workload_account *account, const struct swarm *f,
                       struct month_streams *streams)
{
    draw_key_seed(account, &streams->keys);
    draw_dues(account, f, &streams->dues);
    draw_deposits(account, f, &streams->deposits);
    draw_expect(account, f, &streams->expects);
    account->is_poison = happens(&streams->poison, f->account_poison);
}

void workload_init(struct workload *workload, uint32_t count, const struct swarm *swarm,
                   uint64_t seed)
{
    CHECK(count > 0 && count < POSITIONS_MAX && swarm->months >= 1 && swarm->months <= MONTHS_MAX);
    CHECK(swarm->partitions >= 1 && swarm->partitions <= WORLD_PARTITIONS_MAX);
    *workload = (struct workload){.count = count,
                                  .months = (uint32_t)swarm->months,
                                  .partitions = (uint32_t)swarm->partitions};
    workload->accounts = calloc(workload_total(workload), sizeof(*workload->accounts));
    CHECK(workload->accounts != NULL);
    struct prng persons = prng_split(seed, "persons"), floors = prng_split(seed, "floors");
    struct month_streams streams = {.keys = prng_split(seed, "key seeds"),
                                    .dues = prng_split(seed, "dues"),
                                    .deposits = prng_split(seed, "deposits"),
                                    .expects = prng_split(seed, "expects"),
                                    .poison = prng_split(seed, "poison")};
    for (uint32_t i = 0; i < workload_total(workload); i++) {
        struct workload_account *account = &workload->accounts[i];
        if (i < count) {
            draw_person(account, i, swarm, &persons);
            draw_floor(account, swarm, &floors);
        } else {
            const struct workload_account *person = &workload->accounts[i % count];
            account->parties = person->parties;
            account->mapping_id = person->mapping_id;
            account->is_blocked = person->is_blocked;
            account->is_payout_stopped = person->is_payout_stopped;
        }
        draw_month(account, swarm, &streams);
    }
}

void workload_deinit(struct workload *workload)
{
    free(workload->accounts);
    workload->accounts = NULL;
}

uint64_t workload_settlement(const struct workload *workload, uint32_t index)
{
    uint32_t person = workload_person(workload, index);
    return settlement_id(WORKLOAD_BATCH + workload_month(workload, index),
                         person % workload->partitions, person / workload->partitions + 1);
}

uint32_t workload_at(const struct workload *workload, uint32_t month, uint32_t partition,
                     uint32_t position)
{
    bool is_known = month < workload->months && partition < workload->partitions && position >= 1 &&
                    position <= workload->count;
    uint32_t person = is_known ? (position - 1) * workload->partitions + partition : UINT32_MAX;
    return person < workload->count ? month * workload->count + person : UINT32_MAX;
}

uint32_t workload_find(const struct workload *workload, uint64_t id)
{
    return workload_at(workload, settlement_batch(id) - WORKLOAD_BATCH, settlement_partition(id),
                       settlement_position(id));
}

uint32_t workload_index(const struct workload *workload, uint64_t id)
{
    uint32_t index = workload_find(workload, id);
    CHECK(index != UINT32_MAX);
    return index;
}

#define AMENDED 1000000

int64_t workload_amended(const struct workload *workload, uint32_t index, uint32_t nth)
{
    return workload->accounts[index].mapping_id + (int64_t)nth * AMENDED;
}

bool workload_parties(const struct workload *workload, uint32_t index, int64_t mapping_id,
                      struct parties *parties)
{
    const struct workload_account *account = &workload->accounts[index];
    int64_t nth = (mapping_id - account->mapping_id) / AMENDED;
    *parties = account->parties;
    if (nth < 0 || mapping_id != account->mapping_id + nth * AMENDED)
        return false;
    if (nth > 0)
        snprintf(parties->payout_account, sizeof(parties->payout_account), "3%01u%08u",
                 (unsigned)nth % 10, workload_person(workload, index) + 1);
    return true;
}

int64_t workload_expect_at_us(const struct workload *workload, uint32_t index)
{
    const struct workload_account *account = &workload->accounts[index];
    int64_t began_us = workload->began_us[workload_month(workload, index)];
    return account->has_expect_at && began_us != 0 ? began_us + account->expect_after_ns / 1000 : 0;
}

int64_t workload_floor(const struct workload_account *account)
{
    return account->opening_minor + account->floor_held_minor + account->floor_payable_minor +
           account->floor_residue_minor;
}

int64_t workload_threshold(const struct workload_account *account)
{
    if (account->expected_minor > 0)
        return account->expected_minor;
    int64_t dues = account->repayment_minor + account->hold_minor;
    return dues > 1 ? dues : 1;
}
