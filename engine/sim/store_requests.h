/*
 * store_requests: the request table, and what a page of requests shows.
 *
 * A request has no decision until a chunk brings one. One that is to come after another waits for
 * that one's decision; where that is not done, it is off.
 */
#ifndef DAYBOOK_SIM_STORE_REQUESTS_H
#define DAYBOOK_SIM_STORE_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"

struct store_rows;

struct stored_request {
    uint32_t month;
    uint32_t account;            /* index of its settlement; UINT32_MAX: it is the run's */
    uint64_t after;              /* comes after this one; 0: after none */
    struct load_request request; /* its id is its place + 1 */
    uint8_t decision;            /* enum decision_state; 0: none yet */
    uint32_t decided_in;         /* the run's: bit of each partition that decided it */
};

struct store_requests {
    struct stored_request *items;
    uint32_t count, capacity;
};

void store_requests_deinit(struct store_requests *requests);
/* Insert a row; returns its id. */
uint64_t store_requests_add(struct store_requests *requests, const struct stored_request *request);
const struct stored_request *store_requests_at(const struct store_requests *requests, uint64_t id);
/* The partition's next one above this id that can be answered now, 0: none. */
uint64_t store_requests_next(const struct store_rows *rows, uint32_t month, uint32_t partition,
                             uint64_t above);
/* Somebody asks something about this settlement, and has no answer yet. */
bool store_requests_has_open(const struct store_requests *requests, uint32_t account);
/* A committed decision of a partition. */
void store_requests_decide(struct store_requests *requests, uint64_t id, uint32_t partition,
                           uint8_t state);
/* Fill in a page's row: the settlement with all that is known of it, and the request. */
void store_requests_show(const struct store_rows *rows, uint64_t id, uint32_t partition,
                         struct load_row *row);

#endif
