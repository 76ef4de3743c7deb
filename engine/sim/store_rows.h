/*
 * store_rows: the tables: committed records by settlement, and what a page shows of them.
 */
#ifndef DAYBOOK_SIM_STORE_ROWS_H
#define DAYBOOK_SIM_STORE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"
#include "sim/keymap.h"
#include "sim/store_requests.h"
#include "sim/workload.h"

/* A committed record; the body digest goes with intents. */
struct stored {
    struct record record;
    struct digest body_digest;
    uint32_t before; /* the settlement's record before this one, + 1; 0: none */
    uint64_t at_ns;  /* when it was committed */
};

/* One row of the opening table. */
struct opening {
    bool is_open;
    uint32_t follows; /* the settlement before it + 1, 0: none */
    int64_t held_minor, payable_minor, residue_minor;
};

struct store_rows {
    const struct workload *workload;
    struct stored *records;
    uint32_t count, capacity;
    uint32_t *newest;          /* by settlement: its newest record + 1 */
    struct opening *openings;  /* by settlement */
    uint32_t *newest_openings; /* by person: settlement + 1, 0: none */
    struct keymap keys;
    struct store_requests requests;
};

/* Settlements by their committed state, over all months. */
struct store_tally {
    uint32_t settled, parked, is_short, under_way, blocked;
    uint32_t compensated, returned, superseded, written_off;
    uint64_t records;
    uint32_t chunks;
};

void store_rows_init(struct store_rows *rows, const struct workload *workload);
void store_rows_deinit(struct store_rows *rows);

/* Would these records break a unique key, with what is there or among themselves? */
bool store_rows_clash(struct store_rows *rows, const struct record *records, uint32_t record_count);
/* Append them. digests: one a record, meaningful for intents. */
void store_rows_append(struct store_rows *rows, const struct record *records,
                       const struct digest *digests, uint32_t record_count, uint64_t now_ns);

/* Where a settlement stands, told from its records alone. */
enum store_place { STORE_FRESH, STORE_UNDER_WAY, STORE_PARKED, STORE_ENDED };
enum store_place store_rows_place(const struct store_rows *rows, uint32_t account);
bool store_rows_is_short(const struct store_rows *rows, uint32_t account);
/* Its newest outcome, its newest end record, its newest intent; NULL: none. */
const struct record *store_rows_newest(const struct store_rows *rows, uint32_t account);
const struct record *store_rows_end(const struct store_rows *rows, uint32_t account);
const struct record *store_rows_intent(const struct store_rows *rows, uint32_t account);
/* When its newest outcome of this state was committed; AT_NEVER: there is none. */
uint64_t store_rows_since_ns(const struct store_rows *rows, uint32_t account,
                             enum outcome_state state);
/* When its first end record was committed; it has one. */
uint64_t store_rows_ended_ns(const struct store_rows *rows, uint32_t account);
/* The newest accepted outcome of this step that was not reversed, and its intent; NULL: none. */
const struct record *store_rows_accepted(const struct store_rows *rows, uint32_t account,
                                         uint8_t step, const struct record **intent);
/* What the bank took out of the account for itself, as posted. */
int64_t store_rows_fee(const struct store_rows *rows, uint32_t account);
/* Of the transfer that the request names. */
int64_t store_rows_amount(const struct store_rows *rows, uint32_t account,
                          const struct load_request *request);
/* What a person sees of it: as in a page of requests, with no request. */
void store_rows_look(const struct store_rows *rows, uint32_t account, struct load_row *row);
/* The settlement that was opened after it, UINT32_MAX: none. */
uint32_t store_rows_later(const struct store_rows *rows, uint32_t account);
/* The mapping that counts by now. */
int64_t store_rows_mapping(const struct store_rows *rows, uint32_t account);
/* Open it, if its account is free: it never was open, or what was open last has ended, whose end
   record is the floor. False: it is open already, or its account is not free. */
bool store_rows_open(struct store_rows *rows, uint32_t account);
/* Fill in a row of a page of this scope. */
void store_rows_show(const struct store_rows *rows, uint32_t account, enum load_scope scope,
                     struct load_row *row);

/* Counts all but the chunks. */
void store_rows_tally(const struct store_rows *rows, struct store_tally *tally);

#endif
