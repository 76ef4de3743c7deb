#include "jobs/supersede.h"

#include <stdio.h>
#include <string.h>

#include "jobs/people.h"
#include "sql.h"

#define REASON_BYTES 160

struct supersede {
    struct batch newer;
    char reason[REASON_BYTES];
    bool is_filed;
};

/* The older batch is ours now. */
static int file_requests(struct run *run)
{
    struct supersede *supersede = run->taken_context;
    const char *const params[] = {supersede->newer.id, supersede->newer.revision, run->batch.id,
                                  people_operator(), supersede->reason};
    if (supersede->is_filed)
        return JOB_DONE;
    supersede->is_filed = db_execute(run->db, sql_supersede_file, 5, params);
    return supersede->is_filed ? JOB_DONE : db_exit_code(run->db);
}

static int end_in(struct run *run, struct supersede *supersede, const char *cohort,
                  const char *date)
{
    struct run older = *run;
    older.scope = SETTLE_REQUESTED;
    older.is_silent = true;
    older.take_over = false;
    older.reason = supersede->reason;
    older.on_taken = file_requests;
    older.taken_context = supersede;
    supersede->is_filed = false;
    int exit_code = run_batch(&older, cohort, date);
    run->db = older.db;
    // What else is left in that batch is its own matter.
    bool is_over = exit_code <= JOB_IN_DOUBT || exit_code == JOB_OWNED;
    if (exit_code == JOB_OWNED)
        job_warn("they are looked at by that run; the next run of this batch may open them",
                 "batch %s %s is another run's: its accounts stay blocked here", cohort, date);
    return is_over ? JOB_DONE : exit_code;
}

int supersede_older(struct run *run, const char *cohort, const char *date)
{
    struct supersede supersede;
    if (!db_check_schema(run->db))
        return db_exit_code(run->db);
    int exit_code = batch_find(run->db, cohort, date, &supersede.newer);
    if (exit_code != JOB_DONE || supersede.newer.closed)
        return exit_code;
    snprintf(supersede.reason, sizeof supersede.reason, "superseded by %s %s", cohort, date);
    const char *const params[] = {supersede.newer.id, supersede.newer.revision};
    PGresult *batches = db_query(run->db, sql_supersede_batches, 2, params);
    if (batches == NULL)
        return db_exit_code(run->db);
    for (int i = 0; i < PQntuples(batches) && exit_code == JOB_DONE; i++)
        exit_code = end_in(run, &supersede, db_text(batches, i, 1), db_text(batches, i, 2));
    PQclear(batches);
    return exit_code;
}
