/*
 * group: brings the records of each settlement together, in place.
 *
 * Within a settlement the order stays; settlements come in the order of their ids. n log n, no
 * memory but the caller's.
 */
#ifndef DAYBOOK_CORE_GROUP_H
#define DAYBOOK_CORE_GROUP_H

#include <stdint.h>

#include "core/port.h"

/* `order` is room for `count` numbers. */
void group_by_settlement(struct record *records, uint32_t *order, uint32_t count);

/* How many records from `first` on make up about half of those before `end`, whole settlements
   only: never less than one settlement, and all of them only where it is one alone. Grouped. */
uint32_t group_half(const struct record *records, uint32_t first, uint32_t end);

#endif
