/*
 * The simulated store keeps the promises of P4: compare-and-set on the head, unique keys, all or
 * nothing, and no write of an older epoch.
 */
#include <string.h>

#include "core/canonical.h"
#include "payday.h"

struct shop {
    struct world world;
    struct swarm swarm;
    struct workload workload;
    struct hash *hash;
    struct auditor *auditor;
    struct store_sim *store;
    struct settle_start start;
    struct record record;
};

static void open_shop(struct shop *shop, uint64_t seed)
{
    static const struct auditor_rules rules = {.calls_max = 1, .rate_per_s = 1, .burst = 1};
    swarm_none(&shop->swarm);
    world_init(&shop->world, 0);
    workload_init(&shop->workload, 1, &shop->swarm, seed);
    shop->hash = hash_open();
    shop->auditor = auditor_open(&shop->workload, &rules, shop->hash);
    shop->store = store_sim_open(&(struct store_sim_config){.world = &shop->world,
                                                            .swarm = &shop->swarm,
                                                            .workload = &shop->workload,
                                                            .hash = shop->hash,
                                                            .auditor = shop->auditor,
                                                            .seed = seed});
    store_sim_claim(shop->store, 0, 0, 0, &shop->start);
}

static void close_shop(struct shop *shop)
{
    store_sim_close(shop->store);
    auditor_close(shop->auditor);
    hash_close(shop->hash);
    workload_deinit(&shop->workload);
    world_deinit(&shop->world);
}

/* A chunk of one record, an outcome with this number. */
static struct chunk chunk_of(struct shop *shop, uint32_t number, uint16_t seq)
{
    shop->record = (struct record){.settlement_id = workload_settlement(&shop->workload, 0),
                                   .record_kind = RECORD_OUTCOME,
                                   .step = STEP_DEPOSIT};
    shop->record.outcome.seq = seq;
    shop->record.outcome.state = OUTCOME_SHORT;
    struct chunk chunk = {.batch_id = WORKLOAD_BATCH,
                          .epoch = shop->start.epoch,
                          .number = number,
                          .records = &shop->record,
                          .record_count = 1};
    chunk.hash = canonical_chunk_hash(shop->hash, &chunk.prev_hash, chunk.records, 1);
    return chunk;
}

/* Let the world go on until the store says something about a chunk. */
static enum status wait_for_written(struct shop *shop)
{
    struct event event = {.kind = EVENT_STOP};
    struct happening happening;
    while (event.kind != EVENT_STORE_WRITTEN) {
        world_jump(&shop->world, world_next_at(&shop->world));
        assert_true(world_take(&shop->world, &happening));
        (void)!store_sim_happen(shop->store, &happening, &event);
    }
    return event.store_written.status;
}

static enum status write_chunk(struct shop *shop, uint32_t number, uint16_t seq)
{
    struct chunk chunk = chunk_of(shop, number, seq);
    store_sim_chunk(shop->store, 0, &chunk);
    return wait_for_written(shop);
}

static void a_chunk_is_applied_once(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop, 1);
    assert_int_equal(write_chunk(&shop, 1, 1), STATUS_OK);
    assert_int_equal(write_chunk(&shop, 1, 1), STATUS_STORE_ALREADY);
    assert_int_equal(store_sim_tally(shop.store).records, 1);
    close_shop(&shop);
}

static void the_same_number_with_another_digest_is_refused(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop, 1);
    assert_int_equal(write_chunk(&shop, 1, 1), STATUS_OK);
    assert_int_equal(write_chunk(&shop, 1, 2), STATUS_STORE_DIFFERS);
    close_shop(&shop);
}

static void a_number_is_never_skipped(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop, 1);
    assert_int_equal(write_chunk(&shop, 2, 1), STATUS_STORE_BROKEN);
    assert_int_equal(store_sim_tally(shop.store).chunks, 0);
    close_shop(&shop);
}

static void a_record_cannot_be_written_twice(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop, 1);
    assert_int_equal(write_chunk(&shop, 1, 1), STATUS_OK);
    assert_int_equal(write_chunk(&shop, 2, 1), STATUS_STORE_TWICE);
    assert_int_equal(store_sim_tally(shop.store).records, 1);
    close_shop(&shop);
}

static void a_chunk_of_an_older_epoch_is_refused(void **state)
{
    (void)state;
    struct shop shop;
    open_shop(&shop, 1);
    struct settle_start newer;
    store_sim_claim(shop.store, 1, 0, 0, &newer);
    assert_int_equal(newer.epoch, shop.start.epoch + 1);
    assert_int_equal(write_chunk(&shop, 1, 1), STATUS_STORE_FENCED);
    close_shop(&shop);
}

/* Over many seeds: what was under way when its engine died is there at the next start, or never. */
static void a_chunk_under_way_at_a_crash_is_there_at_the_next_start_or_never(void **state)
{
    (void)state;
    uint32_t committed = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct shop shop;
        struct happening happening;
        struct event event;
        open_shop(&shop, seed);
        struct chunk chunk = chunk_of(&shop, 1, 1);
        store_sim_chunk(shop.store, 0, &chunk);
        store_sim_drop(shop.store, 0);
        store_sim_claim(shop.store, 0, 0, 0, &shop.start);
        while (shop.world.now_ns < 5 * NS_PER_S) {
            world_jump(&shop.world, world_next_at(&shop.world));
            if (world_take(&shop.world, &happening))
                (void)!store_sim_happen(shop.store, &happening, &event);
        }
        assert_int_equal(store_sim_tally(shop.store).chunks, shop.start.chunk);
        committed += shop.start.chunk;
        close_shop(&shop);
    }
    assert_in_range(committed, 5, 55);
}

static void happenings_come_by_time_and_then_by_order(void **state)
{
    (void)state;
    struct world world;
    struct happening happening;
    world_init(&world, 0);
    for (uint64_t i = 0; i < 500; i++)
        world_plan(&world, world.now_ns + i * 7 % 10, HAPPENING_STOP, i);
    world_jump(&world, world.now_ns + 10);
    struct happening last = {0};
    for (uint64_t i = 0; i < 500; i++) {
        assert_true(world_take(&world, &happening));
        assert_true(last.at_ns < happening.at_ns ||
                    (last.at_ns == happening.at_ns && last.what <= happening.what));
        last = happening;
    }
    assert_false(world_take(&world, &happening));
    assert_int_equal(world_next_at(&world), AT_NEVER);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_is_applied_once),
        cmocka_unit_test(the_same_number_with_another_digest_is_refused),
        cmocka_unit_test(a_number_is_never_skipped),
        cmocka_unit_test(a_record_cannot_be_written_twice),
        cmocka_unit_test(a_chunk_of_an_older_epoch_is_refused),
        cmocka_unit_test(a_chunk_under_way_at_a_crash_is_there_at_the_next_start_or_never),
        cmocka_unit_test(happenings_come_by_time_and_then_by_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
