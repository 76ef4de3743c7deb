/*
 * store_rows: the tables: committed records by settlement, and what a page shows of them.
 */
#ifndef DAYBOOK_SIM_STORE_ROWS_H
#define DAYBOOK_SIM_STORE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"
#include "sim/keymap.h"
#include "sim/workload.h"

/* A committed record; the body digest goes with intents. */
struct stored {
    struct record record;
    struct digest body_digest;
    uint32_t before; /* the settlement's record before this one, + 1; 0: none */
};

/* One row of the opening table. */
struct opening {
    bool is_open;
    uint32_t follows; /* the settlement before it + 1, 0: none */
    int64_t held_minor, payable_minor, residue_minor;
    int64_t received_minor; /* all that came in before it, as posted */
};

struct store_rows {
    const struct workload *workload;
    struct stored *records;
    uint32_t count, capacity;
    uint32_t *newest;          /* by settlement: its newest record + 1 */
    struct opening *openings;  /* by settlement */
    uint32_t *newest_openings; /* by person: settlement + 1, 0: none */
    struct keymap keys;
};

void store_rows_init(struct store_rows *rows, const struct workload *workload);
void store_rows_deinit(struct store_rows *rows);

/* Would these records break a unique key, with what is there or among themselves? */
bool store_rows_clash(struct store_rows *rows, const struct record *records, uint32_t record_count);
/* Append them. digests: one a record, meaningful for intents. */
void store_rows_append(struct store_rows *rows, const struct record *records,
                       const struct digest *digests, uint32_t record_count);

/* Where a settlement stands, told from its records alone. */
enum store_place { STORE_FRESH, STORE_UNDER_WAY, STORE_PARKED, STORE_ENDED };
enum store_place store_rows_place(const struct store_rows *rows, uint32_t account);
bool store_rows_is_short(const struct store_rows *rows, uint32_t account);
/* Open it, if its account is free: it never was open, or what was open last has ended, whose end
   record is the floor. False: it is open already, or its account is not free. */
bool store_rows_open(struct store_rows *rows, uint32_t account);
/* Fill in a page's row. */
void store_rows_show(const struct store_rows *rows, uint32_t account, struct load_row *row);

#endif
