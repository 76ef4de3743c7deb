/*
 * settle: the engine's deterministic state machine for one partition of one batch.
 *
 * Input, output, next instant; nothing else. No callbacks, no threads, no hidden time: `now_ns`
 * is an argument and never goes back (CHECKed). A turn of any loop is
 *
 *     settle_input(events, now);  n = settle_output(commands, now);  carry out;
 *     wait for an event or until settle_next_at()
 *
 * Promise   No transfer is commanded before its intent was reported as written, none after its
 *           send_before; step k+1 of a settlement is not commanded before step k's outcome was
 *           reported as written; one transfer in flight a settlement; a transfer in doubt never
 *           gets a new key; within any window of w ns at most burst + rate * w calls a bank.
 * Units     ns on the engine clock; database instants in us; money in minor units.
 * Ownership a value over memory from the arena; nothing to free. The configuration is copied.
 * Errors    none: what goes wrong outside is data in events; a broken contract aborts.
 */
#ifndef DAYBOOK_CORE_SETTLE_H
#define DAYBOOK_CORE_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bank_rules.h"
#include "base/hash.h"
#include "base/histogram.h"
#include "core/limits.h"
#include "core/port.h"
#include "core/throttle.h"

/* Whose balance is read once more at the end; a sample is one in sixteen. */
enum closing_check { CLOSING_ALL, CLOSING_SAMPLE, CLOSING_OFF };
/* What becomes of a deposit of more than 1.5 times what was expected. */
enum over_policy { OVER_PARK, OVER_PAY };

/* What comes in: everything, or only what somebody asks for. */
enum settle_scope { SETTLE_ALL, SETTLE_REQUESTED };

struct settle_config {
    enum settle_scope scope;
    uint32_t bank_count;                /* 1 .. BANKS_MAX */
    struct bank_rules banks[BANKS_MAX]; /* calls_max: this partition's share */
    /* By bank: the tokens that all partitions of the run share, begun by the caller and outliving
       the core; NULL: this partition has its own, by the bank's rules. */
    struct throttle *throttles[BANKS_MAX];
    uint32_t sharer;          /* which of the partitions that share them this is */
    uint32_t sharers;         /* partitions that share them; 0 as 1 */
    uint32_t slots;           /* settlements under way, 1 .. SLOTS_MAX */
    uint32_t chunk_records;   /* a chunk closes at this many, 1 .. CHUNK_RECORDS_MAX */
    uint64_t chunk_delay_ns;  /* … or this long after its first record */
    uint64_t send_before_ns;  /* how long a written intent permits its send */
    uint64_t resolve_wait_ns; /* how long a run waits for transfers in doubt */
    uint64_t drain_ns;        /* how long a stopped run waits for answers */
    uint64_t alive_ns;        /* no call without an acknowledged statement this recent */
    uint64_t retry_base_ns;   /* first wait after a failed call; doubles */
    uint64_t retry_cap_ns;    /* … up to this */
    uint32_t poll_tries;      /* failed balance calls in a row before the account waits again */
    uint32_t chunk_tries;     /* times a chunk is tried when the database asks to */
    enum closing_check closing;
    enum over_policy over;
    uint8_t compensated_steps; /* bit of each whose rejection for a person is compensated */
    bool unhold;               /* what was held from before is given back with the deposit */
    bool hold_by_transfer;     /* hold: a transfer to the suspense account instead of a post */
    uint64_t deadline_at_ns;   /* AT_NEVER: none; looking for deposits ends here */
    uint64_t seed;             /* jitter and samples */
};

/* Where the partition stands, read after P0 took it over. */
struct settle_start {
    uint32_t batch_id;
    uint32_t partition;
    uint32_t epoch;
    uint32_t chunk;     /* number of the newest one, 0: none */
    struct digest hash; /* of the newest one; all zero: none */
    uint32_t accounts;  /* settlements in the partition: bounds how many can wait */
    struct store_time time;
};

enum settle_phase {
    SETTLE_RUNNING,
    SETTLE_STOPPING, /* drains: no new call, answers are still recorded */
    SETTLE_FLUSHING, /* all decided; the last chunk is being written */
    SETTLE_DONE,     /* nothing to do any more; see settle_end() */
};

/* Why it is done. */
enum settle_end {
    SETTLE_END_NONE,     /* not done yet */
    SETTLE_END_COMPLETE, /* every settlement reached an end, or is short, blocked, parked */
    SETTLE_END_DEADLINE, /* the same, because time was up */
    SETTLE_END_DOUBT,    /* transfers in doubt or pending remain */
    SETTLE_END_STOPPED,  /* a person stopped it */
    SETTLE_END_GONE,     /* ownership or the database was lost: start over from P0 */
    SETTLE_END_FATAL,    /* see `fatal` in the counts */
};

struct settle_counts {
    /* settlements of this run, by where they stand now */
    uint64_t loaded;
    uint64_t waiting; /* no deposit yet */
    uint64_t active;
    uint64_t in_doubt;
    uint64_t pending;
    uint64_t settled;
    uint64_t is_short;
    uint64_t ended; /* compensated, written off, superseded */
    uint64_t parked;
    uint64_t reversed; /* transfers accepted first, failed later */
    uint64_t refused; /* of the parked: the database refused their records; a defect to look into */
    uint64_t blocked;
    bool has_all; /* all that were under way are among them; else only the database counts them */
    /* calls handed out, answers by kind */
    uint64_t polls, transfers, inquiries;
    uint64_t resends; /* the same key again */
    uint64_t doubts;  /* answers in doubt to a transfer */
    uint64_t throttled;
    uint64_t rejected;
    uint64_t not_done;
    uint64_t timeouts;
    uint64_t stale_replies;
    /* written */
    uint64_t chunks, records, entries;
    uint64_t chunks_ns; /* from hand-out to written, of all together */
    int64_t paid_minor, collected_minor;
    uint64_t calls_in_flight;
    enum status fatal;
};

struct settle;

/* Takes all its memory from the arena; NULL in a dry run of the arena. `hash` outlives it. */
struct settle *settle_init(struct arena *arena, struct hash *hash,
                           const struct settle_config *config, const struct settle_start *start,
                           uint64_t now_ns);

void settle_input(struct settle *settle, const struct event *events, uint32_t event_count,
                  uint64_t now_ns);
/* Fill up to command_max; fewer than that means: no more for now. */
MUST_USE uint32_t settle_output(struct settle *settle, struct command *commands,
                                uint32_t command_max, uint64_t now_ns);
/* When to come back even without an event; AT_NEVER: nothing to wait for but events. */
uint64_t settle_next_at(const struct settle *settle);

enum settle_phase settle_phase(const struct settle *settle);
enum settle_end settle_end(const struct settle *settle);
const struct settle_counts *settle_counts(const struct settle *settle);
/* Sums, for partitions and runs together; `fatal` becomes the other's where it was OK, and has_all
   holds where it held for both. */
void settle_counts_add(struct settle_counts *sum, const struct settle_counts *counts);
/* Answer times by call kind (enum call_kind), from hand-over to reply. */
const struct histogram *settle_latency(const struct settle *settle, enum call_kind call_kind);
/* Of the deposits that were not there at one look and there at the next: the time between the two.
   When the money came only the bank knows: somewhere in between, so that half of it is what to
   expect from its arrival to its detection. A deposit that the first look of a run shows is not in
   it. */
const struct histogram *settle_detection(const struct settle *settle);
/* Whole answers of the bank, refusals to take a call apart, and how long they took together. */
uint64_t settle_answers(const struct settle *settle, uint32_t bank, uint64_t *total_ns);
/* Share of the bank's allowance used while somebody waited for a token, in per mille; 0: nobody
   ever did. */
uint32_t settle_rate_used(const struct settle *settle, uint32_t bank);
/* Answers of the bank that echoed another key, amount, currency or party than was asked. */
uint64_t settle_foreign(const struct settle *settle, uint32_t bank);
/* Newest chunk number and hash, as written. */
uint32_t settle_head(const struct settle *settle, struct digest *hash);

#endif
