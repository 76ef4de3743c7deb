#include "jobs/reconcile_ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sql.h"

#define GENERATIONS 4 /* that a lost transfer is looked for under */

enum ours_column {
    OURS_KEY,
    OURS_FROM,
    OURS_TO,
    OURS_AMOUNT,
    OURS_CURRENCY,
    OURS_ACCOUNT,
    OURS_BANK,
    OURS_SETTLEMENT,
    OURS_STEP,
    OURS_KIND,
    OURS_GENERATION,
    OURS_STATE,
    OURS_REFERENCE,
    OURS_MAY_BE_SENT,
    OURS_IS_OLD,
    OURS_IS_DEMANDED,
};

struct reading {
    struct db *db;
    const struct reconcile_scope *scope;
    struct matching *matching;
    bool failed;
};

static struct idem_key key_of(const struct reading *reading, const PGresult *row, int column)
{
    struct idem_key key;
    CHECK(PQgetlength(row, 0, column) == IDEM_KEY_BYTES);
    memcpy(key.bytes, PQgetvalue(row, 0, column), IDEM_KEY_BYTES);
    if (reading->scope->profile != NULL)
        profile_cut_key(reading->scope->profile, &key);
    return key;
}

static void read_ours(const struct reading *reading, const PGresult *row, struct our_transfer *ours)
{
    *ours = (struct our_transfer){
        .key = key_of(reading, row, OURS_KEY),
        .amount_minor = db_binary_int(row, 0, OURS_AMOUNT),
        .from = PQgetvalue(row, 0, OURS_FROM),
        .to = PQgetvalue(row, 0, OURS_TO),
        .currency = PQgetvalue(row, 0, OURS_CURRENCY),
        .reference = PQgetvalue(row, 0, OURS_REFERENCE),
        .account_ref = PQgetvalue(row, 0, OURS_ACCOUNT),
        .bank = PQgetvalue(row, 0, OURS_BANK),
        .settlement_id = (uint64_t)db_binary_int(row, 0, OURS_SETTLEMENT),
        .state = (enum ours_state)db_binary_int(row, 0, OURS_STATE),
        .step = (uint8_t)db_binary_int(row, 0, OURS_STEP),
        .kind = (uint8_t)db_binary_int(row, 0, OURS_KIND),
        .generation = (uint16_t)db_binary_int(row, 0, OURS_GENERATION),
        .may_be_sent = db_binary_int(row, 0, OURS_MAY_BE_SENT) != 0,
        .is_old = db_binary_int(row, 0, OURS_IS_OLD) != 0,
        .is_demanded = db_binary_int(row, 0, OURS_IS_DEMANDED) != 0,
    };
}

/* `others`: not those around the span of time, but the rest, of which only what the bank shows. */
static bool read_all_ours(struct reading *reading, bool others)
{
    const struct reconcile_scope *scope = reading->scope;
    char open_after[24];
    const PGresult *row;
    snprintf(open_after, sizeof open_after, "%" PRId64, scope->open_after_us);
    const char *const params[] = {scope->batch,
                                  scope->bank,
                                  scope->is_bounded ? scope->from : NULL,
                                  scope->is_bounded ? scope->to : NULL,
                                  others ? "t" : "f",
                                  scope->from,
                                  scope->to,
                                  scope->by_intent ? "t" : "f",
                                  open_after};
    if (!db_stream_begin(reading->db, sql_reconcile_ours, 9, params))
        return false;
    while ((row = db_stream_next(reading->db, &reading->failed)) != NULL) {
        struct our_transfer ours;
        read_ours(reading, row, &ours);
        if (!others || matching_has_line(reading->matching, &ours.key, ours.reference))
            matching_ours(reading->matching, &ours);
    }
    return !reading->failed;
}

static bool read_elsewhere(struct reading *reading)
{
    const char *const params[] = {reading->scope->batch, reading->scope->bank};
    const PGresult *row;
    if (!db_stream_begin(reading->db, sql_reconcile_elsewhere, 2, params))
        return false;
    while ((row = db_stream_next(reading->db, &reading->failed)) != NULL) {
        struct idem_key key = key_of(reading, row, 0);
        matching_elsewhere(reading->matching, &key, PQgetvalue(row, 0, 1));
    }
    return !reading->failed;
}

/* ---- whose a line is that nobody knows ---- */

static void look_for_lost(const struct reading *reading, struct hash *hash, const PGresult *row)
{
    struct idem_key seed;
    CHECK(PQgetlength(row, 0, 1) == IDEM_KEY_BYTES);
    memcpy(seed.bytes, PQgetvalue(row, 0, 1), IDEM_KEY_BYTES);
    struct our_transfer ours = {
        .from = "",
        .to = "",
        .currency = PQgetvalue(row, 0, 4),
        .reference = "",
        .account_ref = PQgetvalue(row, 0, 2),
        .bank = PQgetvalue(row, 0, 3),
        .settlement_id = (uint64_t)db_binary_int(row, 0, 0),
    };
    for (ours.step = STEP_COLLECT; ours.step <= STEP_PAYOUT; ours.step++) {
        for (ours.kind = TRANSFER_NORMAL; ours.kind <= TRANSFER_UNDO; ours.kind++) {
            for (ours.generation = 1; ours.generation <= GENERATIONS; ours.generation++) {
                ours.key = ledger_key(hash, &seed, (enum step_kind)ours.step,
                                      (enum transfer_kind)ours.kind, ours.generation);
                if (reading->scope->profile != NULL)
                    profile_cut_key(reading->scope->profile, &ours.key);
                (void)matching_lost(reading->matching, &ours);
            }
        }
    }
}

static bool read_planned(struct reading *reading)
{
    const char *const params[] = {reading->scope->batch, reading->scope->bank};
    const PGresult *row;
    if (!db_stream_begin(reading->db, sql_reconcile_planned, 2, params))
        return false;
    struct hash *hash = hash_open();
    CHECK(hash != NULL);
    while ((row = db_stream_next(reading->db, &reading->failed)) != NULL)
        look_for_lost(reading, hash, row);
    hash_close(hash);
    return !reading->failed;
}

bool reconcile_ledger(struct db *db, const struct reconcile_scope *scope, struct matching *matching)
{
    struct reading reading = {.db = db, .scope = scope, .matching = matching};
    if (!read_all_ours(&reading, false))
        return false;
    if (scope->is_bounded && matching_has_left(matching) && !read_all_ours(&reading, true))
        return false;
    if (scope->batch != NULL && matching_has_left(matching) && !read_elsewhere(&reading))
        return false;
    if (matching_has_left(matching) && !read_planned(&reading))
        return false;
    matching_end(matching);
    return true;
}
