#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aborts.h"
#include "base/heap.h"
#include "base/prng.h"
#include "base/time.h"

#define ITEMS 64

static struct heap heap;
static void *memory;

static int open_heap(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    heap_init(&heap, &arena, ITEMS);
    size_t bytes = arena.used_bytes;
    memory = aligned_alloc(64, bytes);
    memset(memory, 0, bytes);
    arena_init(&arena, memory, bytes);
    heap_init(&heap, &arena, ITEMS);
    arena_seal(&arena);
    return 0;
}

static int close_heap(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static uint32_t pop(uint64_t now_ns)
{
    uint32_t item = UINT32_MAX;
    assert_true(heap_pop(&heap, now_ns, &item));
    return item;
}

static void an_empty_heap_has_nothing_to_wait_for(void **state)
{
    (void)state;
    uint32_t item = 77;
    assert_true(heap_next_at(&heap) == AT_NEVER);
    assert_false(heap_pop(&heap, AT_NEVER, &item));
    assert_int_equal(item, 77);
}

static void items_leave_when_due_and_not_before(void **state)
{
    (void)state;
    uint32_t item;
    heap_set(&heap, 3, 100);
    assert_false(heap_pop(&heap, 99, &item));
    assert_int_equal(heap_next_at(&heap), 100);
    assert_int_equal(pop(100), 3);
    assert_true(heap_next_at(&heap) == AT_NEVER);
}

static void equal_instants_leave_in_the_order_they_were_set(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ITEMS; i++)
        heap_set(&heap, (i * 37) % ITEMS, 5);
    heap_set(&heap, 0, 5); // set anew: now the last
    for (uint32_t i = 1; i < ITEMS; i++)
        assert_int_equal(pop(5), (i * 37) % ITEMS);
    assert_int_equal(pop(5), 0);
}

static void setting_again_moves_the_item(void **state)
{
    (void)state;
    heap_set(&heap, 1, 10);
    heap_set(&heap, 2, 20);
    heap_set(&heap, 1, 30);
    assert_int_equal(heap_next_at(&heap), 20);
    heap_set(&heap, 1, 15);
    assert_int_equal(pop(40), 1);
    assert_int_equal(pop(40), 2);
}

static void clearing_forgets_the_item_only(void **state)
{
    (void)state;
    heap_clear(&heap, 9); // not set: nothing
    heap_set(&heap, 1, 10);
    heap_set(&heap, 2, 20);
    heap_set(&heap, 3, 30);
    heap_clear(&heap, 1);
    heap_clear(&heap, 1);
    assert_int_equal(pop(40), 2);
    assert_int_equal(pop(40), 3);
    assert_true(heap_next_at(&heap) == AT_NEVER);
}

/* The model: an array searched from end to end. */
struct model {
    uint64_t at_ns[ITEMS]; /* AT_NEVER: not set */
    uint64_t order[ITEMS];
    uint64_t next_order;
};

static uint32_t model_first(const struct model *model)
{
    uint32_t first = ITEMS;
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (model->at_ns[i] == AT_NEVER)
            continue;
        if (first == ITEMS || model->at_ns[i] < model->at_ns[first] ||
            (model->at_ns[i] == model->at_ns[first] && model->order[i] < model->order[first]))
            first = i;
    }
    return first;
}

static void model_pop(struct model *model, uint64_t now_ns)
{
    uint32_t first = model_first(model);
    uint32_t item = ITEMS;
    bool is_due = first != ITEMS && model->at_ns[first] <= now_ns;
    assert_int_equal(heap_pop(&heap, now_ns, &item), is_due);
    if (!is_due)
        return;
    assert_int_equal(item, first);
    model->at_ns[first] = AT_NEVER;
}

static void it_behaves_as_a_searched_array_does(void **state)
{
    (void)state;
    struct prng prng;
    prng_init(&prng, 20240625);
    struct model model = {.next_order = 0};
    for (uint32_t i = 0; i < ITEMS; i++)
        model.at_ns[i] = AT_NEVER;
    for (uint32_t turn = 0; turn < 200000; turn++) {
        uint32_t item = (uint32_t)prng_below(&prng, ITEMS);
        uint64_t at_ns = prng_below(&prng, 50); // few instants: many ties
        switch (prng_below(&prng, 4)) {
        case 0:
        case 1:
            heap_set(&heap, item, at_ns);
            model.at_ns[item] = at_ns;
            model.order[item] = model.next_order++;
            break;
        case 2:
            heap_clear(&heap, item);
            model.at_ns[item] = AT_NEVER;
            break;
        default:
            model_pop(&model, at_ns);
            break;
        }
        uint32_t first = model_first(&model);
        assert_true(heap_next_at(&heap) == (first == ITEMS ? AT_NEVER : model.at_ns[first]));
    }
}

static void set_an_item_beyond_capacity(void)
{
    heap_set(&heap, ITEMS, 1);
}

static void set_an_item_to_never(void)
{
    heap_set(&heap, 0, AT_NEVER);
}

static void clear_an_item_beyond_capacity(void)
{
    heap_clear(&heap, ITEMS);
}

static void items_and_instants_that_are_none_abort(void **state)
{
    (void)state;
    assert_aborts(set_an_item_beyond_capacity);
    assert_aborts(set_an_item_to_never);
    assert_aborts(clear_an_item_beyond_capacity);
}

#define HEAP_TEST(f) cmocka_unit_test_setup_teardown(f, open_heap, close_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HEAP_TEST(an_empty_heap_has_nothing_to_wait_for),
        HEAP_TEST(items_leave_when_due_and_not_before),
        HEAP_TEST(equal_instants_leave_in_the_order_they_were_set),
        HEAP_TEST(setting_again_moves_the_item),
        HEAP_TEST(clearing_forgets_the_item_only),
        HEAP_TEST(it_behaves_as_a_searched_array_does),
        HEAP_TEST(items_and_instants_that_are_none_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
