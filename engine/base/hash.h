/*
 * hash: SHA-256 (FIPS 180-4) by OpenSSL.
 *
 * A resource: opened once at start by whoever has the memory, then used without allocating.
 * hash_begin / hash_add / hash_end may not be interleaved with another use of the same hash.
 */
#ifndef DAYBOOK_BASE_HASH_H
#define DAYBOOK_BASE_HASH_H

#include <stddef.h>

#include "base/id.h"

struct hash;

/* Never NULL: without memory or the algorithm nothing can be decided, and it aborts. */
struct hash *hash_open(void);
void hash_close(struct hash *hash);

void hash_begin(struct hash *hash);
void hash_add(struct hash *hash, const void *bytes, size_t byte_count);
struct digest hash_end(struct hash *hash);

/* All three in one. */
struct digest hash_once(struct hash *hash, const void *bytes, size_t byte_count);

#endif
