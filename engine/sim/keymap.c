#include "sim/keymap.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define CAPACITY_FIRST 256U

static struct keymap_cell *cells_of(uint32_t capacity)
{
    struct keymap_cell *cells = calloc(capacity, sizeof(*cells));
    CHECK(cells != NULL);
    return cells;
}

void keymap_init(struct keymap *map)
{
    *map = (struct keymap){.cells = cells_of(CAPACITY_FIRST), .capacity = CAPACITY_FIRST};
}

void keymap_deinit(struct keymap *map)
{
    free(map->cells);
    map->cells = NULL;
}

/* Keys are hashes already; their first bytes place them. */
static struct keymap_cell *place(const struct keymap *map, const struct idem_key *key)
{
    uint32_t at;
    memcpy(&at, key->bytes, sizeof(at));
    for (at &= map->capacity - 1;; at = (at + 1) & (map->capacity - 1)) {
        struct keymap_cell *cell = &map->cells[at];
        if (cell->index == 0 || memcmp(cell->key.bytes, key->bytes, IDEM_KEY_BYTES) == 0)
            return cell;
    }
}

uint32_t keymap_find(const struct keymap *map, const struct idem_key *key)
{
    return place(map, key)->index - 1; // a free cell gives KEYMAP_NONE
}

static void grow(struct keymap *map)
{
    struct keymap old = *map;
    map->capacity = 2 * old.capacity;
    map->cells = cells_of(map->capacity);
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.cells[i].index != 0)
            *place(map, &old.cells[i].key) = old.cells[i];
    free(old.cells);
}

void keymap_add(struct keymap *map, const struct idem_key *key, uint32_t index)
{
    CHECK(keymap_find(map, key) == KEYMAP_NONE && index < KEYMAP_NONE);
    if (2 * ++map->count > map->capacity)
        grow(map);
    *place(map, key) = (struct keymap_cell){.key = *key, .index = index + 1};
}
