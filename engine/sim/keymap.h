/*
 * keymap: idempotency keys to indexes. Open addressing, grows by itself; order plays no part.
 */
#ifndef DAYBOOK_SIM_KEYMAP_H
#define DAYBOOK_SIM_KEYMAP_H

#include <stdint.h>

#include "base/id.h"

#define KEYMAP_NONE UINT32_MAX

struct keymap_cell {
    struct idem_key key;
    uint32_t index; /* + 1; 0: free */
};

struct keymap {
    struct keymap_cell *cells;
    uint32_t capacity, count;
};

void keymap_init(struct keymap *map);
void keymap_deinit(struct keymap *map);
uint32_t keymap_find(const struct keymap *map, const struct idem_key *key);
/* The key must not be there yet (CHECK). */
void keymap_add(struct keymap *map, const struct idem_key *key, uint32_t index);

#endif
