#include "jobs/batch.h"

#include <stdlib.h>
#include <string.h>

#include "sql.h"

static void copy_text(char *out, size_t capacity, const char *text)
{
    snprintf(out, capacity, "%s", text);
}

static int report_unknown(struct db *db, const char *cohort, const char *date)
{
    char hint[256];
    const char *const params[] = {cohort};
    PGresult *result = db_query(db, sql_batch_dates, 1, params);
    if (result == NULL)
        return db_exit_code(db);
    if (PQgetisnull(result, 0, 0))
        snprintf(hint, sizeof hint, "`daybook import %.64s --date %.10s FILE.csv` makes it", cohort,
                 date);
    else
        snprintf(hint, sizeof hint, "cohort %.64s has batches on %.100s", cohort,
                 db_text(result, 0, 0));
    PQclear(result);
    return job_fail(FAIL_NO_BATCH, hint, "there is no batch %s %s", cohort, date);
}

int batch_find(struct db *db, const char *cohort, const char *date, struct batch *batch)
{
    const char *const params[] = {cohort, date};
    *batch = (struct batch){0};
    PGresult *result = db_query(db, sql_batch_find, 2, params);
    if (result == NULL)
        return db_exit_code(db);
    if (PQntuples(result) == 0) {
        PQclear(result);
        return report_unknown(db, cohort, date);
    }
    copy_text(batch->id, sizeof batch->id, db_text(result, 0, 0));
    batch->batch_id = (uint32_t)db_int(result, 0, 0);
    copy_text(batch->cohort, sizeof batch->cohort, cohort);
    copy_text(batch->date, sizeof batch->date, date);
    copy_text(batch->currency, sizeof batch->currency, db_text(result, 0, 1));
    copy_text(batch->revision, sizeof batch->revision, db_text(result, 0, 2));
    batch->accounts = (uint32_t)db_int(result, 0, 3);
    batch->partitions = (uint32_t)db_int(result, 0, 4);
    copy_text(batch->digest, sizeof batch->digest, db_text(result, 0, 5));
    batch->frozen = db_text(result, 0, 6)[0] == 't';
    batch->closed = db_text(result, 0, 7)[0] == 't';
    copy_text(batch->state, sizeof batch->state, db_text(result, 0, 8));
    batch->has_run = db_text(result, 0, 9)[0] == 't';
    batch->hold_by_transfer = db_text(result, 0, 10)[0] == 't';
    batch->unhold = db_text(result, 0, 11)[0] == 't';
    batch->is_asked = db_text(result, 0, 12)[0] == 't';
    PQclear(result);
    return JOB_DONE;
}

int batch_settle_date(struct job *job, struct db *db, const struct config *config)
{
    char days[24];
    if (!job_given(job, "date") || job_number(job, "date") >= 0)
        return JOB_DONE;
    snprintf(days, sizeof days, "%lld", -1 - (long long)job_number(job, "date"));
    const char *const params[] = {config->time_zone, days};
    PGresult *result = db_query(db, sql_batch_day, 2, params);
    if (result == NULL)
        return db_exit_code(db);
    job_fix_date(job, db_text(result, 0, 0));
    PQclear(result);
    return JOB_DONE;
}

bool batch_count(struct db *db, const struct batch *batch, struct batch_counts *counts)
{
    const char *const params[] = {batch->id, batch->revision};
    PGresult *result = db_query(db, sql_batch_counts, 2, params);
    if (result == NULL)
        return false;
    *counts = (struct batch_counts){
        .accounts = batch->accounts,
        .settled = (uint64_t)db_int(result, 0, 0),
        .is_short = (uint64_t)db_int(result, 0, 1),
        .parked = (uint64_t)db_int(result, 0, 2),
        .active = (uint64_t)db_int(result, 0, 3),
        .pending = (uint64_t)db_int(result, 0, 4),
        .in_doubt = (uint64_t)db_int(result, 0, 5),
        .parked_in_doubt = (uint64_t)db_int(result, 0, 6),
        .blocked = (uint64_t)db_int(result, 0, 7),
        .waiting = (uint64_t)(db_int(result, 0, 8) - db_int(result, 0, 7)),
        .compensated = (uint64_t)db_int(result, 0, 9),
        .returned = (uint64_t)db_int(result, 0, 10),
        .superseded = (uint64_t)db_int(result, 0, 11),
        .written_off = (uint64_t)db_int(result, 0, 12),
    };
    PQclear(result);
    return true;
}

bool batch_sum(struct db *db, const struct batch *batch, struct batch_money *money)
{
    const char *const params[] = {batch->id, batch->revision};
    PGresult *result = db_query(db, sql_batch_money, 2, params);
    if (result == NULL)
        return false;
    *money = (struct batch_money){
        .repayment_minor = db_int(result, 0, 0),
        .hold_minor = db_int(result, 0, 1),
        .deposited_minor = db_int(result, 0, 2),
        .collected_minor = db_int(result, 0, 3),
        .held_minor = db_int(result, 0, 4),
        .paid_minor = db_int(result, 0, 5),
        .residue_minor = db_int(result, 0, 6),
    };
    PQclear(result);
    return true;
}

bool batch_list_banks(struct db *db, const struct batch *batch, struct batch_bank banks[BANKS_MAX],
                      uint32_t *count)
{
    const char *const params[] = {batch->id, batch->revision};
    PGresult *result = db_query(db, sql_batch_banks, 2, params);
    if (result == NULL)
        return false;
    CHECK(PQntuples(result) <= BANKS_MAX);
    *count = (uint32_t)PQntuples(result);
    for (int i = 0; i < PQntuples(result); i++) {
        copy_text(banks[i].name, sizeof banks[i].name, db_text(result, i, 0));
        banks[i].accounts = (uint64_t)db_int(result, i, 1);
        banks[i].repayment_minor = db_int(result, i, 2);
        banks[i].hold_minor = db_int(result, i, 3);
        banks[i].expected_minor = db_int(result, i, 4);
        banks[i].collects = (uint64_t)db_int(result, i, 5);
        banks[i].holds = (uint64_t)db_int(result, i, 6);
    }
    PQclear(result);
    return true;
}

PGresult *batch_groups(struct db *db, const struct batch *batch)
{
    const char *const params[] = {batch->id};
    return db_query(db, sql_batch_groups, 1, params);
}

int batch_exit_code(const struct batch_counts *counts, bool is_in_doubt)
{
    if (is_in_doubt)
        return JOB_IN_DOUBT;
    uint64_t done = counts->settled + counts->superseded + counts->written_off;
    return done == counts->accounts ? JOB_DONE : JOB_SOME_LEFT;
}
