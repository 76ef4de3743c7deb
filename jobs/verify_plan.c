/* The plan of a batch: its digest, and what each settlement's records are judged by. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "jobs/cohort.h"
#include "jobs/verify_state.h"
#include "sql.h"

enum plan_column {
    PLAN_ID,
    PLAN_REPAYMENT,
    PLAN_HOLD,
    PLAN_EXPECTED,
    PLAN_OPENING,
    PLAN_EXPECT_AT,
    PLAN_MAPPING,
    PLAN_SEED,
    PLAN_OPENED,
    PLAN_FOLLOWS,
    PLAN_FLOOR_HELD,
    PLAN_FLOOR_PAYABLE,
    PLAN_FLOOR_RESIDUE,
    PLAN_TEXTS,
};

static void check_place(struct verify *verify, uint64_t id)
{
    uint32_t partition = settlement_partition(id);
    uint32_t place = verify->settlement_count - verify->partition_at[partition];
    for (uint32_t later = partition + 1; later <= PARTITIONS_MAX; later++)
        verify->partition_at[later] = verify->settlement_count + 1;
    if (settlement_position(id) != place + 1)
        verify_fault(verify, 0, 0, "the plan has a gap or a stranger at position %u",
                     settlement_position(id));
}

/* Cut to what a mapping can hold: the digest tells of what is longer. */
static uint32_t take_parties(struct verify *verify, const struct cohort_canonical *row)
{
    struct parties parties;
    char bank[BANK_TEXT_MAX + 1];
    snprintf(bank, sizeof bank, "%s", row->texts[COHORT_BANK]);
    snprintf(parties.virtual_account, sizeof parties.virtual_account, "%s",
             row->texts[COHORT_VIRTUAL]);
    snprintf(parties.payout_bank, sizeof parties.payout_bank, "%s", row->texts[COHORT_PAYOUT_BANK]);
    snprintf(parties.payout_account, sizeof parties.payout_account, "%s",
             row->texts[COHORT_PAYOUT_ACCOUNT]);
    snprintf(parties.holder_name, sizeof parties.holder_name, "%s", row->texts[COHORT_HOLDER]);
    return verify_bodies_add(verify->bodies, bank, &parties);
}

/* A row of the plan: into the digest, and ready for its records. */
static void take_plan_row(struct verify *verify, struct hash *digest, const PGresult *row)
{
    struct verify_settlement *s = &verify->settlements[verify->settlement_count];
    struct cohort_canonical canonical = {
        .repayment_minor = db_binary_int(row, 0, PLAN_REPAYMENT),
        .hold_minor = db_binary_int(row, 0, PLAN_HOLD),
        .expected_minor = COHORT_NONE,
        .opening_minor = COHORT_NONE,
        .expect_at_us = COHORT_NONE,
    };
    if (!PQgetisnull(row, 0, PLAN_EXPECTED))
        canonical.expected_minor = db_binary_int(row, 0, PLAN_EXPECTED);
    if (!PQgetisnull(row, 0, PLAN_OPENING))
        canonical.opening_minor = db_binary_int(row, 0, PLAN_OPENING);
    if (!PQgetisnull(row, 0, PLAN_EXPECT_AT))
        canonical.expect_at_us = db_binary_time_us(row, 0, PLAN_EXPECT_AT);
    for (int text = 0; text < COHORT_TEXTS; text++)
        canonical.texts[text] = PQgetvalue(row, 0, PLAN_TEXTS + text);
    cohort_digest_add(digest, &canonical);
    *s = (struct verify_settlement){
        .repayment_minor = canonical.repayment_minor,
        .hold_minor = canonical.hold_minor,
        .hold_by_transfer = verify->batch->hold_by_transfer,
        .unhold = verify->batch->unhold,
        .mapping_id = db_binary_int(row, 0, PLAN_MAPPING),
        .floor_held_minor = db_binary_int(row, 0, PLAN_FLOOR_HELD),
        .floor_payable_minor = db_binary_int(row, 0, PLAN_FLOOR_PAYABLE),
        .floor_residue_minor = db_binary_int(row, 0, PLAN_FLOOR_RESIDUE),
        .is_opened = !PQgetisnull(row, 0, PLAN_OPENED),
        .parties = take_parties(verify, &canonical),
    };
    // Of the account's first settlement alone, whichever batch opened it.
    if (canonical.opening_minor != COHORT_NONE && PQgetisnull(row, 0, PLAN_FOLLOWS))
        s->opening_minor = canonical.opening_minor;
    struct idem_key seed = cohort_key_seed(verify->hash, verify->batch->cohort, verify->batch->date,
                                           canonical.texts[COHORT_REF]);
    s->key_seed = seed;
    if (PQgetlength(row, 0, PLAN_SEED) != IDEM_KEY_BYTES ||
        memcmp(PQgetvalue(row, 0, PLAN_SEED), seed.bytes, IDEM_KEY_BYTES) != 0)
        verify_fault(verify, 0, 0, "account %s has another key seed than its name gives",
                     canonical.texts[COHORT_REF]);
}

static bool check_banks(struct verify *verify)
{
    const char *const params[] = {verify->batch->id, verify->batch->revision};
    PGresult *result = db_query(verify->db, sql_verify_plan_banks, 2, params);
    for (int i = 0; result != NULL && i < PQntuples(result); i++)
        verify_fault(verify, 0, 0, "what was counted at bank %s is not what the plan says",
                     db_text(result, i, 0));
    PQclear(result);
    return result != NULL;
}

bool verify_plan_read(struct verify *verify)
{
    const struct batch *batch = verify->batch;
    const char *const params[] = {batch->id, batch->revision};
    struct hash *digest = hash_open();
    bool failed = false;
    const PGresult *row;
    CHECK(digest != NULL);
    verify->settlements = calloc(batch->accounts, sizeof verify->settlements[0]);
    CHECK(verify->settlements != NULL);
    cohort_digest_begin(digest, batch->cohort, batch->date, batch->currency);
    bool begun = db_stream_begin(verify->db, sql_verify_plan, 2, params);
    while (begun && (row = db_stream_next(verify->db, &failed)) != NULL) {
        if (verify->settlement_count < batch->accounts) {
            check_place(verify, (uint64_t)db_binary_int(row, 0, PLAN_ID));
            take_plan_row(verify, digest, row);
            verify->settlement_count++;
        } else {
            verify_fault(verify, 0, 0, "the plan has more accounts than were planned");
        }
    }
    char hex[2 * DIGEST_BYTES + 1];
    struct digest sum = hash_end(digest);
    hex_write(hex, sum.bytes, DIGEST_BYTES);
    hash_close(digest);
    if (begun && !failed && strcmp(hex, batch->digest) != 0)
        verify_fault(verify, 0, 0, "the plan is not the one whose digest was recorded");
    return begun && !failed && check_banks(verify);
}
