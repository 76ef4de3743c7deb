/* verify_story: a settlement's records, told one after the other, and their judge. */
#ifndef DAYBOOK_TESTS_VERIFY_STORY_H
#define DAYBOOK_TESTS_VERIFY_STORY_H

#include <string.h>

#include "core/ledger.h"
#include "jobs/verify_settlement.h"

#define DEPOSIT INT64_C(1000)
#define REPAYMENT INT64_C(300)
#define HOLD INT64_C(50)
#define REST INT64_C(650)
#define RECORDS_MAX 48

static struct hash *hash; /* opened by the group */

struct story {
    struct verify_settlement settlement;
    struct record records[RECORDS_MAX];
    const struct verify_request *requests[RECORDS_MAX]; /* of decisions */
    uint32_t count;
    uint16_t seq;
    uint16_t generation; /* of the newest outcome, and so of its entries */
    uint8_t kind;        /* what is added from now on is of this kind */
};

static inline struct record *add(struct story *story, enum record_kind kind, enum step_kind step)
{
    struct record *record = &story->records[story->count++];
    *record =
        (struct record){.record_kind = (uint8_t)kind, .step = (uint8_t)step, .kind = story->kind};
    return record;
}

static inline void outcome(struct story *story, enum step_kind step, enum outcome_state state,
                           uint16_t generation, int64_t amount)
{
    struct record *record = add(story, RECORD_OUTCOME, step);
    record->generation = generation;
    record->outcome.seq = ++story->seq;
    record->outcome.state = (uint8_t)state;
    record->outcome.amount_minor = amount;
    story->generation = generation;
}

static inline void intent(struct story *story, enum step_kind step, uint16_t generation,
                          int64_t amount)
{
    struct record *record = add(story, RECORD_INTENT, step);
    record->generation = generation;
    record->intent.amount_minor = amount;
    record->intent.mapping_id = 7;
    record->intent.key =
        ledger_key(hash, &story->settlement.key_seed, step, story->kind, generation);
}

static inline void entry(struct story *story, enum step_kind step, uint8_t line,
                         enum ledger_account debit, enum ledger_account credit, int64_t amount)
{
    struct record *record = add(story, RECORD_ENTRY, step);
    record->generation = story->generation;
    record->entry.line = line;
    record->entry.debit = (uint8_t)debit;
    record->entry.credit = (uint8_t)credit;
    record->entry.amount_minor = amount;
}

/* A decision that is done, about the transfer that was sent last unless the caller says other. */
static inline struct verify_request *decided(struct story *story, enum request_kind kind,
                                             enum step_kind step, uint16_t generation)
{
    static struct verify_request requests[64];
    static uint32_t request_count;
    struct verify_request *request = &requests[request_count++ % 64];
    *request = (struct verify_request){.id = request_count,
                                       .kind = (uint8_t)kind,
                                       .step = (uint8_t)step,
                                       .transfer_kind = story->kind,
                                       .generation = generation};
    story->requests[story->count] = request;
    struct record *record = add(story, RECORD_DECISION, 0);
    record->kind = 0;
    record->decision.request_id = request->id;
    record->decision.request_kind = (uint8_t)kind;
    record->decision.state = DECISION_DONE;
    return request;
}

/* A settlement as it should be; places of its records in comments. */
static inline struct story good_story(void)
{
    struct story story = {.settlement = {.repayment_minor = REPAYMENT,
                                         .hold_minor = HOLD,
                                         .mapping_id = 7,
                                         .is_opened = true,
                                         .key_seed = {{1, 2, 3}}}};
    outcome(&story, STEP_DEPOSIT, OUTCOME_SHORT, 0, 10);                     // 0
    outcome(&story, STEP_DEPOSIT, OUTCOME_DEPOSITED, 0, DEPOSIT);            // 1
    entry(&story, STEP_DEPOSIT, 1, LEDGER_VIRTUAL, LEDGER_PAYABLE, DEPOSIT); // 2
    intent(&story, STEP_COLLECT, 1, REPAYMENT);                              // 3
    outcome(&story, STEP_COLLECT, OUTCOME_REJECTED_LATER, 1, REPAYMENT);     // 4
    intent(&story, STEP_COLLECT, 2, REPAYMENT);                              // 5
    struct record *attempt = add(&story, RECORD_ATTEMPT, STEP_COLLECT);      // 6
    attempt->generation = 2;
    attempt->attempt.number = 1;
    outcome(&story, STEP_COLLECT, OUTCOME_PENDING, 2, REPAYMENT);                 // 7
    outcome(&story, STEP_COLLECT, OUTCOME_ACCEPTED, 2, REPAYMENT);                // 8
    entry(&story, STEP_COLLECT, 1, LEDGER_COLLECTION, LEDGER_VIRTUAL, REPAYMENT); // 9
    entry(&story, STEP_COLLECT, 2, LEDGER_PAYABLE, LEDGER_RECEIVABLE, REPAYMENT); // 10
    outcome(&story, STEP_HOLD, OUTCOME_POSTED, 0, HOLD);                          // 11
    entry(&story, STEP_HOLD, 1, LEDGER_PAYABLE, LEDGER_HELD, HOLD);               // 12
    intent(&story, STEP_PAYOUT, 1, REST);                                         // 13
    outcome(&story, STEP_PAYOUT, OUTCOME_ACCEPTED, 1, REST);                      // 14
    entry(&story, STEP_PAYOUT, 1, LEDGER_PAYABLE, LEDGER_VIRTUAL, REST);          // 15
    story.generation = 0;
    entry(&story, STEP_CLOSING, 1, LEDGER_VIRTUAL, LEDGER_RESIDUE, 5); // 16
    outcome(&story, STEP_CLOSING, OUTCOME_SETTLED, 0, 0);              // 17
    story.records[17].outcome.held_minor = HOLD;
    story.records[17].outcome.residue_minor = 5;
    return story;
}

/* The first thing that is wrong, or NULL. */
static inline const char *judge(const struct story *story)
{
    struct verify_settlement settlement = story->settlement;
    for (uint32_t i = 0; i < story->count; i++) {
        const struct record *record = &story->records[i];
        const char *wrong =
            record->record_kind == RECORD_DECISION
                ? verify_settlement_decision(&settlement, record, story->requests[i])
                : verify_settlement_record(&settlement, hash, record);
        if (wrong != NULL)
            return wrong;
    }
    return verify_settlement_end(&settlement);
}

static inline void without(struct story *story, uint32_t place)
{
    uint32_t after = story->count - place - 1;
    memmove(&story->records[place], &story->records[place + 1], after * sizeof story->records[0]);
    memmove(&story->requests[place], &story->requests[place + 1],
            after * sizeof story->requests[0]);
    story->count--;
}

static inline void swapped(struct story *story, uint32_t one, uint32_t other)
{
    struct record kept = story->records[one];
    const struct verify_request *request = story->requests[one];
    story->records[one] = story->records[other];
    story->requests[one] = story->requests[other];
    story->records[other] = kept;
    story->requests[other] = request;
}

static inline int open_hash(void **state)
{
    (void)state;
    hash = hash_open();
    return hash == NULL;
}

static inline int close_hash(void **state)
{
    (void)state;
    hash_close(hash);
    return 0;
}

#endif
