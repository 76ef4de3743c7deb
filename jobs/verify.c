/* verify: is the ledger whole; does it agree with a bank's book. Reads only. */
#include <inttypes.h>
#include <stdio.h>

#include "jobs/report.h"
#include "jobs/verify_batch.h"
#include "jobs/verify_book.h"
#include "jobs/verify_guards.h"
#include "sql.h"

/* One snapshot for all questions. */
#define BEGIN_SQL "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"

static int verify_all(struct db *db, const struct job *job, const struct verify_wanted *wanted,
                      struct verify_totals *totals)
{
    const char *const params[] = {job_operand(job, 0), job_text(job, "date")};
    struct hash *hash = hash_open();
    int exit_code = JOB_DONE;
    CHECK(hash != NULL);
    PGresult *batches = db_query(db, sql_verify_batches, 2, params);
    for (int i = 0; batches != NULL && i < PQntuples(batches) && exit_code == JOB_DONE; i++) {
        struct batch batch;
        exit_code = batch_find(db, db_text(batches, i, 0), db_text(batches, i, 1), &batch);
        if (exit_code == JOB_DONE && !verify_batch(db, hash, &batch, wanted, totals))
            exit_code = db_exit_code(db);
    }
    if (batches == NULL || (exit_code == JOB_DONE && !verify_guards(db, &totals->faults)))
        exit_code = db_exit_code(db);
    PQclear(batches);
    hash_close(hash);
    return exit_code;
}

/* Faults are told on stderr, as ever. */
static void print_doc(const struct verify_totals *totals, json_t *closing, enum report_form form)
{
    size_t index;
    json_t *head;
    struct report_doc *doc = report_doc_open(form, "verify", stdout);
    report_doc_set(doc, "whole", json_boolean(totals->faults == 0));
    report_doc_set(doc, "faults", json_integer((json_int_t)totals->faults));
    report_doc_set(doc, "batches", json_integer((json_int_t)totals->batches));
    report_doc_set(doc, "chunks", json_integer((json_int_t)totals->chunks));
    report_doc_set(doc, "records", json_integer((json_int_t)totals->records));
    report_doc_set(doc, "entries", json_integer((json_int_t)totals->entries));
    report_doc_set(doc, "settled", json_integer((json_int_t)totals->settled));
    report_doc_list(doc, "heads");
    json_array_foreach(closing, index, head)
        report_doc_row(doc, "heads", "head", json_incref(head));
    report_doc_close(doc);
}

static int tell(const struct verify_totals *totals, bool quiet)
{
    char chunks[MONEY_TEXT_BYTES], records[MONEY_TEXT_BYTES], entries[MONEY_TEXT_BYTES];
    char settled[MONEY_TEXT_BYTES];
    char first[128] = "";
    if (totals->has_first)
        snprintf(first, sizeof first, "; the first bad chunk: %s %s partition %u chunk %u",
                 totals->cohort, totals->date, totals->partition, totals->chunk);
    if (totals->faults > 0)
        return job_fail(FAIL_LEDGER_BROKEN,
                        "stop paying from this ledger; compare with the closing hashes that "
                        "earlier runs printed (--expect-head), and with a backup",
                        "the ledger is not whole: %" PRIu64 " faults%s", totals->faults, first);
    if (!quiet)
        printf("the ledger is whole: %" PRIu64 " %s, %s chunks, %s records, %s entries, %s "
               "settled\n",
               totals->batches, totals->batches == 1 ? "batch" : "batches",
               report_count(totals->chunks, chunks), report_count(totals->records, records),
               report_count(totals->entries, entries), report_count(totals->settled, settled));
    return JOB_DONE;
}

/* The heads that --expect-head gives; at most one a partition is of use, more do no harm. */
static int take_heads(const struct job *job, struct expect_head heads[JOB_VALUES_MAX],
                      struct verify_wanted *wanted)
{
    const char *text;
    wanted->heads = heads;
    for (size_t i = 0; (text = job_text_at(job, "expect-head", i)) != NULL; i++) {
        if (!expect_head_parse(text, &heads[wanted->head_count++]))
            return job_fail(JOB_USAGE, EXPECT_HEAD_HINT, "--expect-head: \"%s\" is no head", text);
    }
    if (wanted->head_count > 0 && job_operand(job, 0) == NULL)
        return job_fail(JOB_USAGE, "as in: daybook verify acme --date 2026-03-25 --expect-head …",
                        "--expect-head is of one batch");
    return JOB_DONE;
}

static int verify_ledger(struct db *db, const struct job *job)
{
    struct verify_totals totals = {0};
    enum report_form form = (enum report_form)job_number(job, "output");
    bool quiet = job_flag(job, "quiet") || form != REPORT_TABLE;
    struct verify_wanted wanted = {.quiet = quiet, .closing = json_array()};
    struct expect_head heads[JOB_VALUES_MAX];
    struct batch batch;
    int exit_code = take_heads(job, heads, &wanted);
    if (exit_code == JOB_DONE && job_operand(job, 0) != NULL)
        exit_code = batch_find(db, job_operand(job, 0), job_text(job, "date"), &batch);
    if (exit_code == JOB_DONE)
        exit_code = verify_all(db, job, &wanted, &totals);
    if (exit_code == JOB_DONE && form != REPORT_TABLE)
        print_doc(&totals, wanted.closing, form);
    json_decref(wanted.closing);
    return exit_code == JOB_DONE ? tell(&totals, wanted.quiet) : exit_code;
}

static int verify_either(struct db *db, const struct job *job)
{
    struct verify_book_scope scope = {
        .file = job_text(job, "book"),
        .bank = job_text(job, "bank"),
        .cohort = job_operand(job, 0),
        .date = job_text(job, "date"),
        .quiet = job_flag(job, "quiet"),
    };
    if ((scope.cohort != NULL) != (scope.date != NULL))
        return job_fail(JOB_USAGE, "as in: daybook verify acme --date 2026-03-25",
                        "a batch is a cohort and a --date");
    if (scope.file != NULL && job_number(job, "output") != REPORT_TABLE)
        return job_fail(JOB_USAGE, NULL, "--book has no other form than the table");
    if (!db_check_schema(db) || !db_script(db, BEGIN_SQL))
        return db_exit_code(db);
    return scope.file != NULL ? verify_book(db, &scope) : verify_ledger(db, job);
}

int job_verify(struct job *job)
{
    int exit_code;
    struct config *config = config_open(job, &exit_code);
    struct db *db = config == NULL ? NULL : db_open(config, "daybook verify", &exit_code);
    if (db != NULL)
        exit_code = batch_settle_date(job, db, config);
    if (db != NULL && exit_code == JOB_DONE)
        exit_code = verify_either(db, job);
    db_close(db);
    config_close(config);
    return exit_code;
}
