/*
 * reconcile_match: the ledger's transfers against the bank's lines, one to one. Pure.
 *
 * The ledger's come one by one, in any order, and are not kept; what differs is told at once. What
 * is counted does not depend on the order of either side.
 */
#ifndef DAYBOOK_JOBS_RECONCILE_MATCH_H
#define DAYBOOK_JOBS_RECONCILE_MATCH_H

#include "core/ledger.h"
#include "jobs/reconcile_lines.h"

enum break_class {
    BREAK_MISSING_AT_BANK, /* accepted here; the bank has none */
    BREAK_MISSING_HERE,    /* the bank did it; here it is not done */
    BREAK_AMOUNT,          /* amount, currency or a party differs */
    BREAK_DUPLICATE,       /* a further line of the bank for one transfer */
    BREAK_RETURNED,        /* accepted here, failed or returned there */
    BREAK_STATUS,          /* open here or there for too long */
    BREAK_CLASSES,
};

/* What is known here of a transfer that the bank did and the ledger does not count as done. */
enum here_kind {
    HERE_UNKNOWN,  /* nothing: not one of ours, or of a batch that is gone */
    HERE_LOST,     /* its key is that of a planned settlement; no intent of it is there */
    HERE_INTENDED, /* intended; it may still be sent */
    HERE_IN_DOUBT, /* sent, or maybe; no answer that counts */
    HERE_REJECTED, /* the bank said no */
    HERE_REVERSED, /* taken back here, since the bank said that it failed later */
    HERE_BY_HAND,  /* a person said that it was paid in another way */
    HERE_KINDS,
};

/* The present state of a transfer; the numbers are those of the outcomes in the database. */
enum ours_state {
    OURS_OPEN = 0,
    OURS_ACCEPTED = 1,
    OURS_PENDING = 2,
    OURS_REJECTED = 3,
    OURS_REVERSED = 4,
    OURS_REJECTED_PERSON = 8,
    OURS_BY_HAND = 9,
};

/* A transfer of the ledger; texts are valid until the call returns. */
struct our_transfer {
    struct idem_key key; /* cut to the bank's form */
    int64_t amount_minor;
    const char *from, *to, *currency, *reference; /* reference "": none */
    const char *account_ref;
    const char *bank;
    uint64_t settlement_id;
    enum ours_state state;
    uint8_t step, kind;
    uint16_t generation;
    bool may_be_sent; /* its newest permission to send has not run out */
    bool is_old;      /* what is open is open for too long */
    bool is_demanded; /* accepted in time for the bank to show it */
};

struct reconcile_break {
    enum break_class class;
    enum here_kind here;             /* MISSING_HERE */
    const char *differs;             /* "amount", "to" …; what is where; static */
    const struct our_transfer *ours; /* NULL: none. LOST: only what tells whose it is */
    const struct bank_line *theirs;  /* NULL: none */
};

struct matching {
    struct bank_lines *lines;
    void (*tell)(void *context, const struct reconcile_break *found);
    void *context;
    uint64_t counts[BREAK_CLASSES];
    uint64_t here[HERE_KINDS]; /* of MISSING_HERE */
    uint64_t agreed;           /* accepted on both sides, all the same */
    uint64_t under_way;        /* open on one side at least, and not for long */
    uint64_t failed;           /* done on neither side */
    uint64_t elsewhere;        /* lines of transfers that are not asked about */
};

/* The lines are indexed. */
void matching_begin(struct matching *matching, struct bank_lines *lines,
                    void (*tell)(void *context, const struct reconcile_break *found),
                    void *context);
/* A transfer that is asked about. */
void matching_ours(struct matching *matching, const struct our_transfer *ours);
/* Does the bank have a line of it that is not taken? */
bool matching_has_line(const struct matching *matching, const struct idem_key *key,
                       const char *reference);
/* One that is not: its lines are no breaks. */
void matching_elsewhere(struct matching *matching, const struct idem_key *key,
                        const char *reference);
/* A transfer that was planned and is not in the ledger; false: the bank has none of it. After all
   that are. */
bool matching_lost(struct matching *matching, const struct our_transfer *ours);
/* Are there lines that nobody has asked for yet? */
bool matching_has_left(const struct matching *matching);
/* What is left is unknown here. */
void matching_end(struct matching *matching);

uint64_t matching_breaks(const struct matching *matching);

/* "missing_at_bank" …, "in_doubt" … */
extern const char *const break_class_names[BREAK_CLASSES];
extern const char *const here_kind_names[HERE_KINDS];

#endif
