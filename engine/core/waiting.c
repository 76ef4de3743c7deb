#include "core/waiting.h"

#include <string.h>

#include "base/check.h"

#define WAITING_LAST UINT32_MAX

void waiting_init(struct waiting *waiting, struct arena *arena, uint32_t capacity)
{
    *waiting = (struct waiting){.capacity = capacity};
    waiting->places = ARENA_TAKE(arena, capacity, struct waiting_place);
}

void waiting_begin(struct waiting *waiting)
{
    struct waiting_place *places = waiting->places;
    uint32_t capacity = waiting->capacity;
    *waiting = (struct waiting){.places = places, .capacity = capacity};
    memset(places, 0, capacity * sizeof(*places));
    waiting_advance(waiting, 0);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static enum waiting_line line_at(uint64_t slice)
{
    return (enum waiting_line)(LINE_SLICE + slice % WAITING_SLICES);
}

enum waiting_line waiting_line(const struct waiting *waiting, uint32_t now_ms, int64_t ahead_ms)
{
    if (ahead_ms <= -WAITING_LATE_MS)
        return LINE_SWEEP;
    if (ahead_ms <= -WAITING_NEAR_MS)
        return LINE_LATE;
    if (ahead_ms <= 0)
        return LINE_NEAR;
    uint64_t slice = (now_ms + (uint64_t)ahead_ms) / WAITING_SLICE_MS;
    if (slice < waiting->next_slice)
        return LINE_NEAR;
    return slice - waiting->next_slice < WAITING_SLICES ? line_at(slice) : LINE_SWEEP;
}

enum waiting_line waiting_line_new(enum waiting_line line)
{
    return line == LINE_NEAR ? LINE_NEW_NEAR : LINE_NEW;
}

static uint64_t weight_of_slice(const struct waiting *waiting, uint32_t slice)
{
    uint32_t next = (uint32_t)(waiting->next_slice % WAITING_SLICES);
    uint32_t ahead = (slice + WAITING_SLICES - next) % WAITING_SLICES;
    if (ahead < WAITING_SOON_SLICES)
        return 4;
    return ahead < WAITING_SOON_SLICES + WAITING_NEXT_SLICES ? 2 : 1;
}

uint64_t waiting_urgency(const struct waiting *waiting, enum waiting_line line, uint64_t waited_ms)
{
    if (line == LINE_NEW_NEAR || line == LINE_NEAR)
        return 16 * waited_ms;
    if (line == LINE_NEW || line == LINE_LATE)
        return 4 * waited_ms;
    if (line == LINE_SWEEP)
        return waited_ms;
    return weight_of_slice(waiting, line - LINE_SLICE) * waited_ms;
}

static struct waiting_place *place_of(const struct waiting *waiting, uint32_t position)
{
    CHECK(position >= 1 && position <= waiting->capacity);
    return &waiting->places[position - 1];
}

/* Behind the line's last one; `last` is the end of what is put there. */
static void append(struct waiting *waiting, uint32_t bank, enum waiting_line line, uint32_t first,
                   uint32_t last)
{
    if (waiting->lines[bank][line].first == 0)
        waiting->lines[bank][line].first = first;
    else
        place_of(waiting, waiting->lines[bank][line].last)->next = first;
    waiting->lines[bank][line].last = last;
}

static void move_line(struct waiting *waiting, uint32_t bank, enum waiting_line from)
{
    uint32_t first = waiting->lines[bank][from].first;
    if (first == 0)
        return;
    append(waiting, bank, LINE_NEAR, first, waiting->lines[bank][from].last);
    waiting->lines[bank][from].first = waiting->lines[bank][from].last = 0;
}

void waiting_advance(struct waiting *waiting, uint32_t now_ms)
{
    while (waiting->next_slice * WAITING_SLICE_MS <= (uint64_t)now_ms + WAITING_LEAD_MS) {
        for (uint32_t bank = 0; bank < BANKS_MAX; bank++)
            move_line(waiting, bank, line_at(waiting->next_slice));
        waiting->next_slice++;
    }
}

/* ---- who stands there ------------------------------------------------------------------------ */

bool waiting_is_looked(const struct waiting *waiting, uint32_t polled_at_ms)
{
    return polled_at_ms != WAITING_NEVER && polled_at_ms >= waiting->mark_ms;
}

void waiting_mark(struct waiting *waiting, uint32_t at_ms)
{
    CHECK(at_ms >= waiting->mark_ms);
    waiting->mark_ms = at_ms;
    waiting->unlooked = waiting->count;
}

void waiting_push(struct waiting *waiting, uint32_t bank, enum waiting_line line,
                  const struct waiting_account *account)
{
    CHECK(bank < BANKS_MAX && line < WAITING_LINES);
    struct waiting_place *place = place_of(waiting, account->position);
    CHECK(place->next == 0);
    *place = (struct waiting_place){.next = WAITING_LAST,
                                    .polled_at_ms = account->polled_at_ms,
                                    .seen_minor = account->seen_minor};
    append(waiting, bank, line, account->position, account->position);
    waiting->count++;
    waiting->counts[bank]++;
    waiting->unlooked += !waiting_is_looked(waiting, account->polled_at_ms);
}

static struct waiting_account account_at(const struct waiting *waiting, uint32_t position)
{
    const struct waiting_place *place = place_of(waiting, position);
    return (struct waiting_account){
        .position = position, .polled_at_ms = place->polled_at_ms, .seen_minor = place->seen_minor};
}

bool waiting_first(const struct waiting *waiting, uint32_t bank, enum waiting_line line,
                   struct waiting_account *first)
{
    uint32_t position = waiting->lines[bank][line].first;
    if (position == 0)
        return false;
    *first = account_at(waiting, position);
    return true;
}

/* The one behind `before` (0: the first one) leaves the line. */
static void take_out(struct waiting *waiting, uint32_t bank, enum waiting_line line,
                     uint32_t before, uint32_t position)
{
    struct waiting_place *place = place_of(waiting, position);
    bool is_last = place->next == WAITING_LAST;
    if (before != 0)
        place_of(waiting, before)->next = place->next;
    else
        waiting->lines[bank][line].first = is_last ? 0 : place->next;
    if (is_last)
        waiting->lines[bank][line].last = before;
    waiting->count--;
    waiting->counts[bank]--;
    waiting->unlooked -= !waiting_is_looked(waiting, place->polled_at_ms);
    place->next = 0;
}

void waiting_pop(struct waiting *waiting, uint32_t bank, enum waiting_line line)
{
    uint32_t position = waiting->lines[bank][line].first;
    CHECK(position != 0);
    take_out(waiting, bank, line, 0, position);
}

static bool find_in_line(const struct waiting *waiting, uint32_t bank, enum waiting_line line,
                         uint32_t position, uint32_t *before)
{
    *before = 0;
    uint32_t at = waiting->lines[bank][line].first;
    while (at != 0 && at != WAITING_LAST) {
        if (at == position)
            return true;
        *before = at;
        at = place_of(waiting, at)->next;
    }
    return false;
}

bool waiting_remove(struct waiting *waiting, uint32_t position, struct waiting_account *removed)
{
    if (place_of(waiting, position)->next == 0)
        return false;
    for (uint32_t bank = 0; bank < BANKS_MAX; bank++) {
        for (uint32_t line = 0; waiting->counts[bank] > 0 && line < WAITING_LINES; line++) {
            uint32_t before;
            if (!find_in_line(waiting, bank, (enum waiting_line)line, position, &before))
                continue;
            *removed = account_at(waiting, position);
            take_out(waiting, bank, (enum waiting_line)line, before, position);
            return true;
        }
    }
    CHECK(false);
    return false;
}
