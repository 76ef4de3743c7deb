/*
 * tape: the trace of a simulated payday (core/trace.h), hashed, and kept where asked to.
 *
 * Equal hashes of two runs of one seed mean that they were the same run; from what was kept, the
 * first difference can be shown. The header of a trace file is not on the tape: a sink's owner
 * writes it.
 */
#ifndef DAYBOOK_SIM_TAPE_H
#define DAYBOOK_SIM_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/trace.h"

#define TAPE_KEPT_BYTES_MAX (64U << 20)

struct tape {
    uint64_t hash;
    uint64_t item_count;
    const struct trace_sink *copy; /* gets every item, too; NULL: nobody does */
    bool keep;                     /* ends by itself at TAPE_KEPT_BYTES_MAX */
    uint8_t *bytes;
    size_t used, capacity;
};

void tape_init(struct tape *tape, bool keep, const struct trace_sink *copy);
void tape_deinit(struct tape *tape);
void tape_note(struct tape *tape, uint64_t now_ns, const char *what, uint64_t value);
void tape_claim(struct tape *tape, uint64_t now_ns, const struct settle_start *start);
void tape_end(struct tape *tape, uint64_t now_ns, enum settle_end end, enum status fatal);
void tape_event(struct tape *tape, uint64_t now_ns, const struct event *event);
void tape_command(struct tape *tape, uint64_t now_ns, const struct command *command);

/*
 * The number, from 1, of the first item in which two kept tapes differ, 0: none. *at: where it
 * begins, in both; at the end of the one that has no such item.
 */
uint64_t tape_first_difference(const struct tape *a, const struct tape *b, size_t *at);

#endif
