/*
 * waiting: the accounts whose deposit has not come, 16 bytes each; who of them is looked at next.
 *
 * They wait outside the slots; their details are read again when they are looked at. They stand in
 * lines, each bank's its own, by when their money is expected:
 *
 *   near    expected within the next minutes, or by now and for less than 15 minutes
 *   late    … for less than two hours
 *   slices  expected within the next four hours, two minutes in each slice: one that comes near
 *           goes to the near ones as a whole
 *   sweep   everybody else: nobody knows when, it is long overdue, or hours ahead
 *
 * In a line the first goes first. Of the first ones the most urgent is looked at next, where
 *
 *   urgency = time since its last look x weight of its line:
 *             near 16, late 4, less than half an hour ahead 4, an hour 2, all others 1
 *
 * and one that never was looked at counts from the start of the run, and at least as one that is
 * late. So tokens that the near ones leave go to the others; where there are too few for all, one
 * that is near is looked at 16 times as often; and of accounts that are all alike, known or not,
 * the one that has waited longest is first.
 *
 * Nobody starves. While one has waited at least half of some long T, another comes before it again
 * only after T/2 / 16; so within the other half each of the N who wait there comes before it at
 * most 1 + 16 times. A bank that has R tokens a second left for looks gets through that within
 * T = 2 x 17 x N/R. Moving to the near ones it may begin anew, with 2 x 2 x N/R. With the wait
 * between two looks, at most:
 *
 *   4 poll intervals + 40 N/R      (all alike: one poll interval or N/R, whichever is longer)
 */
#ifndef DAYBOOK_CORE_WAITING_H
#define DAYBOOK_CORE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/transfer.h"

#define WAITING_LEAD_MS (5U * 60 * 1000) /* a slice is near so long before it begins */
#define WAITING_NEAR_MS (15 * 60 * 1000)
#define WAITING_LATE_MS (120 * 60 * 1000)
#define WAITING_SLICE_MS (2U * 60 * 1000)
#define WAITING_SLICES 120U
/* Behind those that are near: so many slices are soon, and so many more count twice. */
#define WAITING_SOON_SLICES 12U
#define WAITING_NEXT_SLICES 15U
#define WAITING_NEVER UINT32_MAX /* it was not looked at in this run */

enum waiting_line {
    LINE_NEW_NEAR, /* never looked at, and near when it came in */
    LINE_NEW,      /* … and not */
    LINE_NEAR,
    LINE_LATE,
    LINE_SWEEP,
    LINE_SLICE, /* the first of WAITING_SLICES */
};
#define WAITING_LINES (LINE_SLICE + WAITING_SLICES)

struct waiting_account {
    uint32_t position;     /* 1 .. capacity */
    uint32_t polled_at_ms; /* its last look, since the core's start; or WAITING_NEVER */
    int64_t seen_minor;    /* new money at that look; -1: it failed, or none was */
};

struct waiting_place {
    uint32_t next; /* position of the one behind it; WAITING_LAST: none; 0: it does not wait */
    uint32_t polled_at_ms;
    int64_t seen_minor;
};

_Static_assert(sizeof(struct waiting_place) == 16, "16 bytes a waiting account");

struct waiting {
    struct waiting_place *places; /* by position - 1 */
    uint32_t capacity, count;
    uint32_t mark_ms;    /* … */
    uint32_t unlooked;   /* … so many of them had no look since then */
    uint64_t next_slice; /* those before it are near; counted from the core's start */
    uint32_t counts[BANKS_MAX];
    struct {
        uint32_t first, last; /* positions; 0: nobody */
    } lines[BANKS_MAX][WAITING_LINES];
};

void waiting_init(struct waiting *waiting, struct arena *arena, uint32_t capacity);
/* Nobody waits; once its memory is there. */
void waiting_begin(struct waiting *waiting);

/* The line of an account whose money is expected so long after now; negative: before. */
enum waiting_line waiting_line(const struct waiting *waiting, uint32_t now_ms, int64_t ahead_ms);
/* … of one that was never looked at. */
enum waiting_line waiting_line_new(enum waiting_line line);
uint64_t waiting_urgency(const struct waiting *waiting, enum waiting_line line, uint64_t waited_ms);
/* Slices that came near go to the near ones. */
void waiting_advance(struct waiting *waiting, uint32_t now_ms);

/* At the end of the line; it must not wait yet (CHECK). */
void waiting_push(struct waiting *waiting, uint32_t bank, enum waiting_line line,
                  const struct waiting_account *account);
/* The first of the line. False: nobody stands there. */
bool waiting_first(const struct waiting *waiting, uint32_t bank, enum waiting_line line,
                   struct waiting_account *first);
/* Takes the first out; there must be one (CHECK). */
void waiting_pop(struct waiting *waiting, uint32_t bank, enum waiting_line line);
/* Somebody asked about the one at this position: out of its line, wherever it stands. False: it
   does not wait. O(waiting). */
bool waiting_remove(struct waiting *waiting, uint32_t position, struct waiting_account *removed);

/* From now on `unlooked` counts those whose last look was before this instant, which is later than
   every look so far. */
void waiting_mark(struct waiting *waiting, uint32_t at_ms);
/* Was it looked at since the mark? */
bool waiting_is_looked(const struct waiting *waiting, uint32_t polled_at_ms);

#endif
