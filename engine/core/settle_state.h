/*
 * settle_state: what the core knows; shared by settle.c and the parts of its work:
 *
 *   intake      which settlements come in, and which wait outside the slots
 *   course      what comes next for one settlement: steps, records, its end
 *   compensate  the way back
 *   doubt       a transfer's answers, and finding out what became of it
 *   request     what people ask for, and (evidence) what their word is worth
 *   dispatch    who gets the next token and call
 *
 * Friends only: nothing outside core/ includes this.
 */
#ifndef DAYBOOK_CORE_SETTLE_STATE_H
#define DAYBOOK_CORE_SETTLE_STATE_H

#include "base/heap.h"
#include "base/time.h"
#include "core/calls.h"
#include "core/chunk.h"
#include "core/retry.h"
#include "core/server_time.h"
#include "core/settle.h"
#include "core/step.h"
#include "core/throttle.h"
#include "core/waiting.h"

struct desk { /* one bank, as the core deals with it */
    struct bank_rules rules;
    struct throttle *throttle;
    struct throttle own;         /* where nobody shares it */
    uint64_t gives_way_until_ns; /* to an equal that waits longer; 0: to none */
    uint64_t looks_again_ns;     /* whether others still go first */
    uint64_t paused_from_ns;     /* since when without a break … */
    uint64_t paused_until_ns;    /* … the bank said slow down; 0: never yet */
    uint32_t pauses;             /* in a row, for the wait */
    uint32_t calls_in_flight;
    uint32_t answered;    /* transfers since its newest pause; UINT32_MAX: it never was paused */
    uint64_t transfer_ns; /* smoothed answer time of a transfer; 0: none yet */
    uint64_t foreign;     /* answers that were about something else */
    uint64_t answers, answers_ns; /* whole ones, and how long they took together */
    /* how much of the allowance was used while somebody waited for a token */
    uint64_t looked_at_ns; /* newest dispatch */
    bool was_wanted;       /* … left somebody waiting */
    uint64_t wanted_ns, wanted_calls;
};

enum intake_stage { INTAKE_UNDER_WAY, INTAKE_FRESH, INTAKE_WAITING };

struct intake {
    enum intake_stage stage;
    bool is_loading;
    uint32_t loading_rows; /* slots kept free for the page being loaded */
    uint32_t after_position;
    uint32_t tries;         /* loads that failed in a row */
    uint64_t again_at_ns;   /* not before */
    bool is_last_look;      /* no deposit now means short */
    bool has_requests;      /* there may be some to answer … */
    bool is_asking;         /* … and a round of pages of them is under way … */
    uint64_t after_request; /* … this far */
    uint32_t decisions;     /* those there were when its page was asked for */
    uint64_t *requested;    /* bit by position: came in for a request, so no page brings it in */
    bool is_fresh_near;     /* the next fresh one is expected by now, as one before it was */
    uint32_t positions[LOAD_ROWS_MAX];
    struct listed {
        struct waiting_account account;
        uint8_t bank, line; /* where it stood */
    } listed[LOAD_ROWS_MAX];
    uint32_t listed_count;
};

struct settle {
    struct settle_config config;
    struct settle_start start;
    uint64_t now_ns;
    uint64_t started_at_ns;
    struct server_time server_time;
    int64_t newest_us;     /* the latest instant that any record says, written or loaded … */
    uint64_t newest_at_ns; /* … known since */
    uint64_t alive_at_ns;  /* newest acknowledged statement */
    struct hash *hash;
    struct prng prng;
    struct retry retry;

    enum settle_phase phase;
    enum settle_end end;
    uint64_t stop_by_ns; /* STOPPING: answers are waited for until then */
    bool is_stopped;     /* a person asked */
    bool is_past_deadline;
    uint64_t left_in_doubt, left_pending; /* given up by this run */

    struct desk desks[BANKS_MAX];
    struct steps steps;
    struct heap timers; /* by settlement slot */
    struct calls calls;
    struct chunks chunks;
    uint32_t chunk_tries;
    uint64_t chunk_handed_ns; /* the one being written, for the first time */
    uint64_t chunk_again_ns;  /* when a chunk refused for now is tried again; AT_NEVER: none */
    struct waiting waiting;
    struct intake intake;
    uint32_t decided_by;       /* ticket of the buffer with the newest decision; 0: none yet */
    uint32_t decisions;        /* so many were made … */
    bool is_decided;           /* … and some of them written since requests were asked for */
    uint64_t poll_interval_ns; /* the longest of the banks' */

    struct settle_counts counts;
    struct histogram latency[3]; /* by enum call_kind */
    struct histogram detection;
};

/* ---- for all parts ---- */
void settle_end_now(struct settle *settle, enum settle_end end);
/* The end that a store's failure for good means. */
enum settle_end settle_end_of(enum status status);
int64_t settle_db_least_us(const struct settle *settle);
int64_t settle_db_most_us(const struct settle *settle);
/* The instant for a record; remembered as one that was. */
int64_t settle_record_us(struct settle *settle);
void settle_recorded_us(struct settle *settle, int64_t at_us);
/* The database's clock never surely less than that, though somebody set it back: the latest instant
   of a record, and what has passed since. */
int64_t settle_newest_us(const struct settle *settle);
static inline struct desk *settle_desk(struct settle *settle, const struct settlement *s)
{
    return &settle->desks[s->bank];
}
/* What was decided is written: so what the store says of requests and of those they are about is
   what is known here. */
bool settle_decisions_are_written(const struct settle *settle);
void settle_timer(struct settle *settle, const struct settlement *s, uint64_t at_ns);
/* A sum that stays at AT_NEVER instead of wrapping round. */
static inline uint64_t settle_later_ns(uint64_t at_ns, uint64_t wait_ns)
{
    return wait_ns < AT_NEVER - at_ns ? at_ns + wait_ns : AT_NEVER;
}
/* The present as the begin of a wait; 0 means none, so it is 1 where a clock begins there. */
static inline uint64_t settle_since_ns(const struct settle *settle)
{
    // uncovered: no clock stands at 0
    return settle->now_ns > 0 ? settle->now_ns : 1;
}
void settle_timer_clear(struct settle *settle, const struct settlement *s);
/* So long the core has been there; as far as 32 bits go, with room for a ms more and "never". */
static inline uint32_t settle_now_ms(const struct settle *settle)
{
    uint64_t now_ms = (settle->now_ns - settle->started_at_ns) / NS_PER_MS;
    return now_ms < UINT32_MAX - 2 ? (uint32_t)now_ms : UINT32_MAX - 2;
}
/* A settlement with a deposit left its slot: who waits is looked at once more after it. */
static inline void settle_rest_finished(struct settle *settle)
{
    waiting_mark(&settle->waiting, settle_now_ms(settle) + 1);
}
/* May new intents be written and new calls made? */
static inline bool settle_is_open(const struct settle *settle)
{
    return settle->phase == SETTLE_RUNNING;
}

#endif
