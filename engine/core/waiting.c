#include "core/waiting.h"

#include "base/check.h"

void waiting_init(struct waiting *waiting, struct arena *arena, uint32_t capacity)
{
    *waiting = (struct waiting){.capacity = capacity};
    waiting->ring = ARENA_TAKE(arena, capacity, struct waiting_account);
}

void waiting_push(struct waiting *waiting, struct waiting_account account)
{
    CHECK(waiting->count < waiting->capacity);
    uint64_t place = (uint64_t)waiting->first + waiting->count++;
    waiting->ring[place % waiting->capacity] = account;
}

const struct waiting_account *waiting_first(const struct waiting *waiting)
{
    CHECK(waiting->count > 0);
    return &waiting->ring[waiting->first];
}

void waiting_pop(struct waiting *waiting)
{
    CHECK(waiting->count > 0);
    waiting->first = (waiting->first + 1) % waiting->capacity;
    waiting->count--;
}

bool waiting_remove(struct waiting *waiting, uint32_t position, struct waiting_account *removed)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < waiting->count; i++) {
        uint32_t at = (uint32_t)(((uint64_t)waiting->first + i) % waiting->capacity);
        uint32_t to = (uint32_t)(((uint64_t)waiting->first + i - found) % waiting->capacity);
        if (found == 0 && waiting->ring[at].position == position) {
            *removed = waiting->ring[at];
            found = 1;
        } else if (found == 1) {
            waiting->ring[to] = waiting->ring[at];
        }
    }
    waiting->count -= found;
    return found == 1;
}
