#include "jobs/reconcile_match.h"

#include <string.h>

const char *const break_class_names[BREAK_CLASSES] = {
    [BREAK_MISSING_AT_BANK] = "missing_at_bank",
    [BREAK_MISSING_HERE] = "missing_here",
    [BREAK_AMOUNT] = "amount",
    [BREAK_DUPLICATE] = "duplicate",
    [BREAK_RETURNED] = "returned",
    [BREAK_STATUS] = "status",
};

const char *const here_kind_names[HERE_KINDS] = {
    [HERE_UNKNOWN] = "unknown",   [HERE_LOST] = "lost",         [HERE_INTENDED] = "intended",
    [HERE_IN_DOUBT] = "in_doubt", [HERE_REJECTED] = "rejected", [HERE_REVERSED] = "reversed",
    [HERE_BY_HAND] = "by_hand",
};

void matching_begin(struct matching *matching, struct bank_lines *lines,
                    void (*tell)(void *context, const struct reconcile_break *found), void *context)
{
    *matching = (struct matching){.lines = lines, .tell = tell, .context = context};
}

uint64_t matching_breaks(const struct matching *matching)
{
    uint64_t breaks = 0;
    for (int i = 0; i < BREAK_CLASSES; i++)
        breaks += matching->counts[i];
    return breaks;
}

static void tell(struct matching *matching, const struct reconcile_break *found)
{
    matching->counts[found->class]++;
    if (found->class == BREAK_MISSING_HERE)
        matching->here[found->here]++;
    if (matching->tell != NULL)
        matching->tell(matching->context, found);
}

static void tell_as(struct matching *matching, enum break_class class, const char *differs,
                    const struct our_transfer *ours, const struct bank_line *theirs)
{
    const struct reconcile_break found = {
        .class = class, .differs = differs, .ours = ours, .theirs = theirs};
    tell(matching, &found);
}

/* ---- one transfer ---- */

static uint32_t first_line(const struct bank_lines *lines, const struct idem_key *key,
                           const char *reference)
{
    uint32_t first = lines_by_key(lines, key);
    return first != LINE_NONE ? first : lines_by_reference(lines, reference);
}

static bool has_same_reference(const struct bank_lines *lines, const struct bank_line *a,
                               const struct bank_line *b)
{
    return strcmp(lines_text(lines, a->reference), lines_text(lines, b->reference)) == 0;
}

/* What differs, NULL: nothing. */
static const char *difference(const struct bank_lines *lines, const struct our_transfer *ours,
                              const struct bank_line *theirs)
{
    if (ours->amount_minor != theirs->amount_minor)
        return "amount";
    // A bank of one currency need not tell it.
    if (theirs->currency != 0 && strcmp(ours->currency, lines_text(lines, theirs->currency)) != 0)
        return "currency";
    if (strcmp(ours->from, lines_text(lines, theirs->from)) != 0)
        return "from";
    if (strcmp(ours->to, lines_text(lines, theirs->to)) != 0)
        return "to";
    return NULL;
}

/* The greater, the more it is what we mean. */
static int rank(const struct bank_lines *lines, const struct our_transfer *ours,
                const struct bank_line *theirs)
{
    bool is_same = difference(lines, ours, theirs) == NULL;
    switch ((enum line_outcome)theirs->outcome) {
    case LINE_ACCEPTED:
        return is_same ? 6 : 5;
    case LINE_PENDING:
        return is_same ? 4 : 3;
    case LINE_RETURNED:
        return 2;
    case LINE_REJECTED:
        return 1;
    }
    CHECK(false);
}

/* The best of those under one name that no other transfer has taken; the others are too many. */
static struct bank_line *take_lines(struct matching *matching, const struct our_transfer *ours)
{
    struct bank_lines *lines = matching->lines;
    uint32_t first = first_line(lines, &ours->key, ours->reference);
    struct bank_line *best = NULL;
    for (uint32_t i = first; i != LINE_NONE; i = lines->lines[i].next) {
        struct bank_line *line = &lines->lines[i];
        if (!line->is_matched &&
            (best == NULL || rank(lines, ours, line) > rank(lines, ours, best)))
            best = line;
    }
    for (uint32_t i = first; best != NULL && i != LINE_NONE; i = lines->lines[i].next) {
        struct bank_line *line = &lines->lines[i];
        bool is_further = !line->is_matched && line != best;
        line->is_matched = true;
        if (is_further)
            tell_as(matching, BREAK_DUPLICATE,
                    has_same_reference(lines, line, best) ? "same reference" : "another reference",
                    ours, line);
    }
    return best;
}

/* Open on a side: a break only when it is for too long. */
static void open_for(struct matching *matching, const char *where, const struct our_transfer *ours,
                     const struct bank_line *theirs)
{
    if (ours->is_old)
        tell_as(matching, BREAK_STATUS, where, ours, theirs);
    else
        matching->under_way++;
}

static enum here_kind here_of(const struct our_transfer *ours)
{
    switch (ours->state) {
    case OURS_OPEN:
        return ours->may_be_sent ? HERE_INTENDED : HERE_IN_DOUBT;
    case OURS_REJECTED:
    case OURS_REJECTED_PERSON:
        return HERE_REJECTED;
    case OURS_REVERSED:
        return HERE_REVERSED;
    case OURS_BY_HAND:
        return HERE_BY_HAND;
    case OURS_ACCEPTED:
    case OURS_PENDING:
        break;
    }
    CHECK(false);
}

static void at_bank_accepted(struct matching *matching, const struct our_transfer *ours,
                             const struct bank_line *theirs)
{
    const char *differs = difference(matching->lines, ours, theirs);
    if (ours->state == OURS_ACCEPTED || ours->state == OURS_PENDING || ours->state == OURS_OPEN) {
        if (differs != NULL)
            tell_as(matching, BREAK_AMOUNT, differs, ours, theirs);
        else if (ours->state == OURS_ACCEPTED)
            matching->agreed++;
        else if (ours->state == OURS_PENDING)
            open_for(matching, "pending here, done there", ours, theirs);
        if (differs != NULL || ours->state != OURS_OPEN)
            return;
    }
    const struct reconcile_break found = {.class = BREAK_MISSING_HERE,
                                          .here = here_of(ours),
                                          .differs = differs != NULL ? differs : "state",
                                          .ours = ours,
                                          .theirs = theirs};
    tell(matching, &found);
}

static void at_bank_pending(struct matching *matching, const struct our_transfer *ours,
                            const struct bank_line *theirs)
{
    static const char *const words[] = {
        [OURS_OPEN] = "open here, pending there",
        [OURS_ACCEPTED] = "done here, pending there",
        [OURS_PENDING] = "pending on both sides",
        [OURS_REJECTED] = "rejected here, pending there",
        [OURS_REVERSED] = "reversed here, pending there",
        [OURS_REJECTED_PERSON] = "rejected here, pending there",
        [OURS_BY_HAND] = "paid by hand here, pending there",
    };
    const char *differs = difference(matching->lines, ours, theirs);
    if (differs != NULL)
        tell_as(matching, BREAK_AMOUNT, differs, ours, theirs);
    else
        open_for(matching, words[ours->state], ours, theirs);
}

static void at_bank_failed(struct matching *matching, const struct our_transfer *ours,
                           const struct bank_line *theirs)
{
    switch (ours->state) {
    case OURS_ACCEPTED:
        tell_as(matching, BREAK_RETURNED, theirs->outcome == LINE_RETURNED ? "returned" : "failed",
                ours, theirs);
        return;
    case OURS_OPEN:
        open_for(matching, "open here, failed there", ours, theirs);
        return;
    case OURS_PENDING:
        open_for(matching, "pending here, failed there", ours, theirs);
        return;
    case OURS_REJECTED:
    case OURS_REJECTED_PERSON:
    case OURS_REVERSED:
    case OURS_BY_HAND:
        matching->failed++;
        return;
    }
    CHECK(false);
}

/* The bank shows nothing of it. */
static void at_bank_none(struct matching *matching, const struct our_transfer *ours)
{
    switch (ours->state) {
    case OURS_ACCEPTED:
        if (ours->is_demanded)
            tell_as(matching, BREAK_MISSING_AT_BANK, "missing", ours, NULL);
        else
            matching->under_way++;
        return;
    case OURS_OPEN:
        open_for(matching, "open here, nothing there", ours, NULL);
        return;
    case OURS_PENDING:
        open_for(matching, "pending here, nothing there", ours, NULL);
        return;
    case OURS_REJECTED:
    case OURS_REJECTED_PERSON:
    case OURS_REVERSED:
    case OURS_BY_HAND:
        matching->failed++;
        return;
    }
    CHECK(false);
}

void matching_ours(struct matching *matching, const struct our_transfer *ours)
{
    const struct bank_line *theirs = take_lines(matching, ours);
    if (theirs == NULL) {
        at_bank_none(matching, ours);
        return;
    }
    switch ((enum line_outcome)theirs->outcome) {
    case LINE_ACCEPTED:
        at_bank_accepted(matching, ours, theirs);
        return;
    case LINE_PENDING:
        at_bank_pending(matching, ours, theirs);
        return;
    case LINE_REJECTED:
    case LINE_RETURNED:
        at_bank_failed(matching, ours, theirs);
        return;
    }
    CHECK(false);
}

/* ---- what is not asked about, and what is left ---- */

bool matching_has_line(const struct matching *matching, const struct idem_key *key,
                       const char *reference)
{
    const struct bank_lines *lines = matching->lines;
    uint32_t i = first_line(lines, key, reference);
    while (i != LINE_NONE && lines->lines[i].is_matched)
        i = lines->lines[i].next;
    return i != LINE_NONE;
}

void matching_elsewhere(struct matching *matching, const struct idem_key *key,
                        const char *reference)
{
    struct bank_lines *lines = matching->lines;
    for (uint32_t i = first_line(lines, key, reference); i != LINE_NONE; i = lines->lines[i].next) {
        matching->elsewhere += !lines->lines[i].is_matched;
        lines->lines[i].is_matched = true;
    }
}

/* Money moved, or may be moving. */
static bool is_left(const struct bank_line *line)
{
    return !line->is_matched && (line->outcome == LINE_ACCEPTED || line->outcome == LINE_PENDING);
}

bool matching_has_left(const struct matching *matching)
{
    for (uint32_t i = 0; i < matching->lines->count; i++)
        if (!matching->lines->lines[i].is_matched)
            return true;
    return false;
}

static void tell_missing(struct matching *matching, struct bank_line *theirs, enum here_kind here,
                         const struct our_transfer *ours)
{
    const struct reconcile_break found = {.class = BREAK_MISSING_HERE,
                                          .here = here,
                                          .differs = "missing",
                                          .ours = ours,
                                          .theirs = theirs};
    if (is_left(theirs))
        tell(matching, &found);
    else
        matching->failed++;
    theirs->is_matched = true;
}

bool matching_lost(struct matching *matching, const struct our_transfer *ours)
{
    struct bank_lines *lines = matching->lines;
    bool is_found = false;
    for (uint32_t i = lines_by_key(lines, &ours->key); i != LINE_NONE; i = lines->lines[i].next) {
        if (lines->lines[i].is_matched)
            continue;
        is_found = true;
        tell_missing(matching, &lines->lines[i], HERE_LOST, ours);
    }
    return is_found;
}

void matching_end(struct matching *matching)
{
    for (uint32_t i = 0; i < matching->lines->count; i++)
        if (!matching->lines->lines[i].is_matched)
            tell_missing(matching, &matching->lines->lines[i], HERE_UNKNOWN, NULL);
}
