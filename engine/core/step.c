#include "core/step.h"

#include <string.h>

#include "core/limits.h"

#define TO(state) (1U << AWAIT_##state)

/* From each state, the states that may follow. A slot may be given up (NOTHING) only where nothing
   of it is in flight or being written. */
static const uint32_t legal_moves[AWAIT_COUNT] = {
    [AWAIT_NOTHING] = TO(POLL_TURN) | TO(INTENT_ROOM),
    [AWAIT_POLL_TURN] = TO(POLL_REPLY) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_POLL_REPLY] = TO(POLL_TURN) | TO(POLL_AGAIN) | TO(INTENT_ROOM) | TO(INTENT_WRITE) |
                         TO(OUTCOME_WRITE) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_POLL_AGAIN] = TO(POLL_TURN) | TO(LAST_WRITE),
    [AWAIT_INTENT_ROOM] = TO(INTENT_WRITE) | TO(OUTCOME_WRITE) | TO(CLOSING_TURN) | TO(LAST_WRITE) |
                          TO(SEND_AGAIN) | TO(INQUIRY_AGAIN) | TO(INQUIRY_TURN) | TO(POLL_TURN) |
                          TO(NOTHING),
    [AWAIT_INTENT_WRITE] = TO(SEND_TURN) | TO(LAST_WRITE),
    [AWAIT_SEND_ROOM] = TO(INTENT_WRITE) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_SEND_TURN] = TO(SEND_REPLY) | TO(SEND_ROOM) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_SEND_REPLY] = TO(INTENT_ROOM) | TO(INTENT_WRITE) | TO(OUTCOME_WRITE) | TO(LAST_WRITE) |
                         TO(INQUIRY_AGAIN) | TO(SEND_AGAIN),
    [AWAIT_SEND_AGAIN] = TO(INTENT_ROOM) | TO(INTENT_WRITE) | TO(SEND_ROOM) | TO(OUTCOME_WRITE) |
                         TO(INQUIRY_TURN) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_INQUIRY_TURN] = TO(INQUIRY_REPLY) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_INQUIRY_REPLY] = TO(INTENT_ROOM) | TO(INTENT_WRITE) | TO(OUTCOME_WRITE) |
                            TO(LAST_WRITE) | TO(INQUIRY_AGAIN) | TO(SEND_AGAIN) | TO(NOTHING),
    [AWAIT_INQUIRY_AGAIN] = TO(INTENT_ROOM) | TO(INTENT_WRITE) | TO(INQUIRY_TURN) |
                            TO(OUTCOME_WRITE) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_OUTCOME_WRITE] = TO(CLOSING_TURN) | TO(LAST_WRITE),
    [AWAIT_CLOSING_TURN] = TO(CLOSING_REPLY) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_CLOSING_REPLY] =
        TO(CLOSING_TURN) | TO(CLOSING_AGAIN) | TO(CONFIRM_TURN) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_CLOSING_AGAIN] = TO(CLOSING_TURN) | TO(LAST_WRITE),
    [AWAIT_CONFIRM_TURN] = TO(CONFIRM_REPLY) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_CONFIRM_REPLY] = TO(CONFIRM_TURN) | TO(CONFIRM_AGAIN) | TO(LAST_WRITE) | TO(NOTHING),
    [AWAIT_CONFIRM_AGAIN] = TO(CONFIRM_TURN) | TO(LAST_WRITE),
    [AWAIT_LAST_WRITE] = TO(NOTHING),
};

#undef TO

static const char *const await_names[AWAIT_COUNT] = {
    [AWAIT_NOTHING] = "nothing",
    [AWAIT_POLL_TURN] = "poll_turn",
    [AWAIT_POLL_REPLY] = "poll_reply",
    [AWAIT_POLL_AGAIN] = "poll_again",
    [AWAIT_INTENT_ROOM] = "intent_room",
    [AWAIT_INTENT_WRITE] = "intent_write",
    [AWAIT_SEND_ROOM] = "send_room",
    [AWAIT_SEND_TURN] = "send_turn",
    [AWAIT_SEND_REPLY] = "send_reply",
    [AWAIT_SEND_AGAIN] = "send_again",
    [AWAIT_INQUIRY_TURN] = "inquiry_turn",
    [AWAIT_INQUIRY_REPLY] = "inquiry_reply",
    [AWAIT_INQUIRY_AGAIN] = "inquiry_again",
    [AWAIT_OUTCOME_WRITE] = "outcome_write",
    [AWAIT_CLOSING_TURN] = "closing_turn",
    [AWAIT_CLOSING_REPLY] = "closing_reply",
    [AWAIT_CLOSING_AGAIN] = "closing_again",
    [AWAIT_CONFIRM_TURN] = "confirm_turn",
    [AWAIT_CONFIRM_REPLY] = "confirm_reply",
    [AWAIT_CONFIRM_AGAIN] = "confirm_again",
    [AWAIT_LAST_WRITE] = "last_write",
};

static struct step_list *list_of(struct steps *steps, const struct settlement *settlement)
{
    uint8_t bank = settlement->await == AWAIT_NOTHING ? 0 : settlement->bank;
    return &steps->lists[bank][settlement->await];
}

static void list_append(struct steps *steps, struct step_list *list, struct settlement *settlement)
{
    uint32_t index = step_index(steps, settlement);
    settlement->next = STEP_NONE;
    settlement->prev = list->tail;
    if (list->tail == STEP_NONE)
        list->head = index;
    else
        steps->slots[list->tail].next = index;
    list->tail = index;
    list->count++;
    steps->counts[settlement->await]++;
}

static void list_remove(struct steps *steps, struct step_list *list, struct settlement *settlement)
{
    CHECK(list->count > 0);
    if (settlement->prev == STEP_NONE)
        list->head = settlement->next;
    else
        steps->slots[settlement->prev].next = settlement->next;
    if (settlement->next == STEP_NONE)
        list->tail = settlement->prev;
    else
        steps->slots[settlement->next].prev = settlement->prev;
    list->count--;
    steps->counts[settlement->await]--;
}

void step_init(struct steps *steps, struct arena *arena, uint32_t capacity)
{
    CHECK(capacity >= 1 && capacity <= SLOTS_MAX);
    *steps = (struct steps){.capacity = capacity};
    for (uint32_t bank = 0; bank < BANKS_MAX; bank++)
        for (uint32_t await = 0; await < AWAIT_COUNT; await++)
            steps->lists[bank][await] = (struct step_list){.head = STEP_NONE, .tail = STEP_NONE};
    steps->slots = ARENA_TAKE(arena, capacity, struct settlement);
    steps->ids = ARENA_TAKE(arena, capacity, uint64_t);
    steps->ids_before = ARENA_TAKE(arena, capacity, uint64_t);
    if (steps->slots == NULL) // the arena only counts
        return;
    for (uint32_t i = 0; i < capacity; i++)
        list_append(steps, &steps->lists[0][AWAIT_NOTHING], &steps->slots[i]);
}

struct settlement *step_at(struct steps *steps, uint32_t index)
{
    CHECK(index < steps->capacity);
    return &steps->slots[index];
}

uint32_t step_index(const struct steps *steps, const struct settlement *settlement)
{
    CHECK(settlement >= steps->slots && settlement < steps->slots + steps->capacity);
    return (uint32_t)(settlement - steps->slots);
}

struct settlement *step_begin(struct steps *steps, uint64_t id, uint8_t bank, enum await to)
{
    CHECK(id != 0 && bank < BANKS_MAX);
    struct settlement *settlement = step_first(steps, 0, AWAIT_NOTHING);
    CHECK(settlement != NULL && step_is_legal(AWAIT_NOTHING, to));
    list_remove(steps, &steps->lists[0][AWAIT_NOTHING], settlement);
    memset(settlement, 0, sizeof(*settlement));
    settlement->id = steps->ids[step_index(steps, settlement)] = id;
    settlement->bank = bank;
    settlement->await = (uint8_t)to;
    list_append(steps, list_of(steps, settlement), settlement);
    return settlement;
}

void step_move(struct steps *steps, struct settlement *settlement, enum await to)
{
    CHECK(step_is_legal(settlement->await, to));
    list_remove(steps, list_of(steps, settlement), settlement);
    settlement->await = (uint8_t)to;
    list_append(steps, list_of(steps, settlement), settlement);
    if (to == AWAIT_NOTHING)
        steps->ids[step_index(steps, settlement)] = 0;
}

/* The index of the slot that is this one's; STEP_NONE. */
static uint32_t find(const uint64_t *ids, uint32_t count, uint64_t id)
{
    CHECK(id != 0);
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id)
            return i;
    return STEP_NONE;
}

struct settlement *step_find(struct steps *steps, uint64_t id)
{
    uint32_t index = find(steps->ids, steps->capacity, id);
    return index == STEP_NONE ? NULL : &steps->slots[index];
}

void step_remember(struct steps *steps)
{
    memcpy(steps->ids_before, steps->ids, steps->capacity * sizeof(steps->ids[0]));
}

bool step_is_remembered(const struct steps *steps, uint64_t id)
{
    return find(steps->ids_before, steps->capacity, id) != STEP_NONE;
}

struct settlement *step_first(struct steps *steps, uint32_t bank, enum await await)
{
    CHECK(bank < BANKS_MAX && await < AWAIT_COUNT);
    uint32_t head = steps->lists[bank][await].head;
    return head == STEP_NONE ? NULL : &steps->slots[head];
}

struct settlement *step_next(struct steps *steps, const struct settlement *settlement)
{
    return settlement->next == STEP_NONE ? NULL : step_at(steps, settlement->next);
}

uint32_t step_count(const struct steps *steps, uint32_t bank, enum await await)
{
    CHECK(bank < BANKS_MAX && await < AWAIT_COUNT);
    return steps->lists[bank][await].count;
}

uint32_t step_free_count(const struct steps *steps)
{
    return steps->counts[AWAIT_NOTHING];
}

bool step_is_legal(enum await from, enum await to)
{
    CHECK(from < AWAIT_COUNT && to < AWAIT_COUNT);
    return (legal_moves[from] >> to & 1) != 0;
}

const char *step_await_name(enum await await)
{
    CHECK(await < AWAIT_COUNT);
    return await_names[await];
}

static bool list_is_whole(const struct steps *steps, uint32_t bank, uint32_t await)
{
    const struct step_list *list = &steps->lists[bank][await];
    uint32_t count = 0;
    uint32_t prev = STEP_NONE;
    for (uint32_t i = list->head; i != STEP_NONE; i = steps->slots[i].next) {
        const struct settlement *settlement = &steps->slots[i];
        if (settlement->await != await || settlement->prev != prev)
            return false;
        if (await != AWAIT_NOTHING && settlement->bank != bank)
            return false;
        if (steps->ids[i] != (await == AWAIT_NOTHING ? 0 : settlement->id))
            return false;
        prev = i;
        count++;
    }
    return count == list->count && list->tail == prev;
}

bool step_is_whole(const struct steps *steps)
{
    uint32_t listed = 0;
    for (uint32_t await = 0; await < AWAIT_COUNT; await++) {
        uint32_t of_state = 0;
        for (uint32_t bank = 0; bank < BANKS_MAX; bank++) {
            if (!list_is_whole(steps, bank, await))
                return false;
            of_state += steps->lists[bank][await].count;
        }
        if (of_state != steps->counts[await])
            return false;
        listed += of_state;
    }
    return listed == steps->capacity;
}
