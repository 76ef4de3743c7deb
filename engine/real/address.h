/*
 * address: where a bank is. Names are resolved once, at start; both calls block.
 */
#ifndef DAYBOOK_REAL_ADDRESS_H
#define DAYBOOK_REAL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/check.h"

#define ADDRESSES_MAX 8

struct address {
    struct sockaddr_storage socket;
    socklen_t bytes;
};

struct addresses {
    struct address all[ADDRESSES_MAX];
    uint32_t count; /* at least 1 once resolved */
};

/* Numeric or a name. False: `error` says what was not found. */
MUST_USE bool address_resolve(const char *host, uint16_t port, struct addresses *addresses,
                              char *error, size_t error_bytes);
/* Does anyone take a connection there within wait_ns? */
MUST_USE bool address_answers(const struct addresses *addresses, uint64_t wait_ns);

#endif
