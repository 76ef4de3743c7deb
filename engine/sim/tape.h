/*
 * tape: what passed the port, in order.
 *
 * Every event and command is hashed by its fields (struct padding has no say); equal hashes of two
 * runs of one seed mean that they were the same run. Where asked to, it keeps one text line each,
 * so that the first difference can be shown.
 */
#ifndef DAYBOOK_SIM_TAPE_H
#define DAYBOOK_SIM_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/port.h"

struct tape {
    uint64_t hash;
    uint64_t line_count;
    bool keep_text; /* ends by itself when the text has reached TAPE_TEXT_MAX */
    char *text;
    size_t used, capacity;
};

#define TAPE_TEXT_MAX (64U << 20)

void tape_init(struct tape *tape, bool keep_text);
void tape_deinit(struct tape *tape);
void tape_note(struct tape *tape, uint64_t now_ns, const char *what, uint64_t value);
void tape_event(struct tape *tape, uint64_t now_ns, const struct event *event);
void tape_command(struct tape *tape, uint64_t now_ns, const struct command *command);

/*
 * The number, from 1, of the first line in which two kept texts differ, 0: none; *a_line and
 * *b_line point to it within each (not NUL-terminated at the line's end).
 */
uint64_t tape_first_difference(const struct tape *a, const struct tape *b, const char **a_line,
                               const char **b_line);

#endif
