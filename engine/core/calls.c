#include "core/calls.h"

#include "base/sin.h"

#include "core/limits.h"

#define NO_CALL UINT32_MAX

void calls_init(struct calls *calls, struct arena *arena, uint32_t capacity)
{
    CHECK(capacity >= 1 && capacity <= CALLS_MAX);
    *calls = (struct calls){.capacity = capacity, .free_head = 0};
    calls->calls = ARENA_TAKE(arena, capacity, struct call);
    calls->cancels = ARENA_TAKE(arena, capacity, uint32_t);
    if (calls->calls == NULL)
        return;
    for (uint32_t i = 0; i < capacity; i++)
        calls->calls[i].next_free = i + 1 < capacity ? i + 1 : NO_CALL;
}

bool calls_has_room(const struct calls *calls)
{
    return calls->free_head != NO_CALL;
}

struct slot calls_begin(struct calls *calls, uint32_t settlement, uint8_t bank,
                        enum call_kind call_kind, uint64_t now_ns)
{
    CHECK(calls_has_room(calls));
    uint32_t index = calls->free_head;
    struct call *call = &calls->calls[index];
    CHECK(call->generation % 2 == 0);
    calls->free_head = call->next_free;
    calls->in_flight++;
    call->generation++;
    call->settlement = settlement;
    call->bank = bank;
    call->call_kind = (uint8_t)call_kind;
    call->is_cancelled = false;
    call->handed_at_ns = now_ns;
    return (struct slot){.index = index, .generation = call->generation};
}

static struct call *find(struct calls *calls, struct slot slot)
{
    if (slot.index >= calls->capacity || slot.generation % 2 == 0)
        return NULL;
    struct call *call = &calls->calls[slot.index];
    if (SIN(slot_generation_ignored) && call->generation % 2 == 1)
        return call;
    return call->generation == slot.generation ? call : NULL;
}

bool calls_end(struct calls *calls, struct slot slot, struct call *ended)
{
    struct call *call = find(calls, slot);
    if (call == NULL)
        return false;
    *ended = *call;
    call->generation++;
    call->next_free = calls->free_head;
    calls->free_head = slot.index;
    calls->in_flight--;
    return true;
}

void calls_cancel(struct calls *calls, struct slot slot)
{
    struct call *call = find(calls, slot);
    CHECK(call != NULL);
    if (call->is_cancelled)
        return;
    call->is_cancelled = true;
    CHECK(calls->cancel_count < calls->capacity);
    calls->cancels[(calls->cancel_first + calls->cancel_count++) % calls->capacity] = slot.index;
}

bool calls_next_cancel(struct calls *calls, struct slot *slot)
{
    while (calls->cancel_count > 0) {
        uint32_t index = calls->cancels[calls->cancel_first];
        calls->cancel_first = (calls->cancel_first + 1) % calls->capacity;
        calls->cancel_count--;
        const struct call *call = &calls->calls[index];
        if (call->generation % 2 == 1 && call->is_cancelled) {
            *slot = (struct slot){.index = index, .generation = call->generation};
            return true;
        }
    }
    return false;
}
