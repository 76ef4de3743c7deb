/* import: a CSV becomes a batch's plan, in one transaction, or nothing changes. */
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/hex.h"
#include "base/money.h"
#include "jobs/cohort.h"
#include "jobs/db.h"
#include "jobs/file.h"
#include "jobs/import_copy.h"
#include "jobs/job.h"
#include "jobs/people.h"
#include "sql.h"

#define COPY_BUFFER_BYTES 65536
#define SHOWN 10 /* differences shown of each kind */

/* One import at a time, until the transaction ends. "daybook import" as a number. */
#define LOCK_SQL "SELECT pg_advisory_xact_lock(7232621904137740916)"

struct import {
    struct config *config;
    struct db *db;
    struct hash *hash;
    struct cohort cohort;
    struct cohort_input input;
    char banks[512];  // those that are known, for a hint
    const char *name; /* of the cohort */
    const char *date;
    bool quiet;
    char digest[2 * DIGEST_BYTES + 1];
    /* the batch as it is there; batch[0] == 0: it is not */
    char batch[24], revision[24], currency[4];
    int64_t newest_revision;
    uint32_t partitions;
    bool frozen;
    bool identical; // its plan is this very one
};

/* ---- the file ---- */

static bool is_bank(const char *name, void *context)
{
    return config_bank(context, name) != NULL;
}

static void list_banks(const struct config *config, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "known:");
    for (uint32_t i = 0; i < config->bank_count && used < capacity; i++)
        used += (size_t)snprintf(out + used, capacity - used, " %s", config->banks[i].name);
    if (config->bank_count == 0)
        snprintf(out, capacity, "it names no bank at all");
}

static bool check_name(const char *name)
{
    size_t bytes = strlen(name);
    bool fits = bytes >= 1 && bytes <= 64;
    for (size_t i = 0; i < bytes && fits; i++)
        fits = (name[i] >= '0' && name[i] <= '9') || (name[i] >= 'A' && name[i] <= 'Z') ||
               (name[i] >= 'a' && name[i] <= 'z') || strchr("-_.", name[i]) != NULL;
    if (!fits)
        job_fail(JOB_USAGE, NULL,
                 "a cohort's name is 1 to 64 letters, digits, hyphens, underscores and points");
    return fits;
}

static int read_cohort(struct import *import, char *text, size_t text_bytes, const char *file)
{
    list_banks(import->config, import->banks, sizeof import->banks);
    import->input = (struct cohort_input){
        .file = file,
        .text = text,
        .text_bytes = text_bytes,
        .is_bank = is_bank,
        .banks_hint = import->banks,
        .context = import->config,
    };
    if (cohort_read(&import->cohort, &import->input, stderr))
        return JOB_DONE;
    return job_fail(FAIL_IMPORT_REFUSED,
                    "correct the file and import it again; nothing was changed",
                    "%s was refused as a whole", file);
}

static void add_to_digest(struct import *import, const struct cohort_row *row)
{
    struct cohort_canonical canonical = {
        .repayment_minor = row->repayment_minor,
        .hold_minor = row->hold_minor,
        .expected_minor = row->expected_minor,
        .opening_minor = row->opening_minor,
        .expect_at_us = row->expect_at_us,
    };
    for (int text = 0; text < COHORT_TEXTS; text++)
        canonical.texts[text] = cohort_text(&import->cohort, row, (enum cohort_text)text);
    cohort_digest_add(import->hash, &canonical);
}

/* In the order of the settlements' ids: partition by partition, to which rows are dealt in turn. */
static void make_digest(struct import *import)
{
    const struct cohort *cohort = &import->cohort;
    cohort_digest_begin(import->hash, import->name, import->date, cohort->currency);
    for (uint32_t partition = 0; partition < import->partitions; partition++)
        for (uint32_t i = partition; i < cohort->row_count; i += import->partitions)
            add_to_digest(import, &cohort->rows[i]);
    struct digest digest = hash_end(import->hash);
    hex_write(import->digest, digest.bytes, DIGEST_BYTES);
}

/* ---- COPY ---- */

static bool put_rows(struct import *import)
{
    static char buffer[COPY_BUFFER_BYTES + IMPORT_COPY_ROW_BYTES + IMPORT_COPY_EDGE_BYTES];
    const struct cohort *cohort = &import->cohort;
    char *at = import_copy_head(buffer);
    for (uint32_t i = 0; i < cohort->row_count; i++) {
        const char *ref = cohort_text(cohort, &cohort->rows[i], COHORT_REF);
        struct idem_key seed = cohort_key_seed(import->hash, import->name, import->date, ref);
        at = import_copy_row(at, cohort, i, &seed);
        if (at - buffer >= COPY_BUFFER_BYTES) {
            if (!db_copy_put(import->db, buffer, (size_t)(at - buffer)))
                return false;
            at = buffer;
        }
    }
    at = import_copy_tail(at);
    return db_copy_put(import->db, buffer, (size_t)(at - buffer));
}

static bool copy_rows(struct import *import)
{
    return db_script(import->db, sql_import_incoming) &&
           db_copy_begin(import->db, sql_import_copy) && put_rows(import) &&
           db_copy_end(import->db) && db_script(import->db, "ANALYZE incoming");
}

/* ---- the database ---- */

static bool look_up_batch(struct import *import)
{
    const char *const params[] = {import->name, import->date};
    PGresult *result = db_query(import->db, sql_import_batch, 2, params);
    if (result == NULL)
        return false;
    if (PQntuples(result) == 1) {
        snprintf(import->batch, sizeof import->batch, "%s", db_text(result, 0, 0));
        snprintf(import->revision, sizeof import->revision, "%s", db_text(result, 0, 2));
        import->frozen = db_text(result, 0, 3)[0] == 't';
        import->newest_revision = db_int(result, 0, 6);
        snprintf(import->currency, sizeof import->currency, "%s", db_text(result, 0, 1));
        if (import->frozen) // what has begun keeps them, whatever the configuration says by now
            import->partitions = (uint32_t)db_int(result, 0, 7);
        make_digest(import);
        import->identical = strcmp(db_text(result, 0, 4), import->digest) == 0;
    }
    PQclear(result);
    return true;
}

static int check_currency(const struct import *import)
{
    if (import->batch[0] == '\0' || strcmp(import->currency, import->cohort.currency) == 0)
        return JOB_DONE;
    return job_fail(FAIL_OTHER_CURRENCY, "another currency is another cohort",
                    "batch %s %s is in %s, the file in %s", import->name, import->date,
                    import->currency, import->cohort.currency);
}

static uint32_t line_of(const struct import *import, const PGresult *result, int row)
{
    uint32_t line = 0;
    uint32_t record = import->cohort.rows[db_int(result, row, 0) - 1].record;
    cohort_lines(&import->input, &record, 1, &line);
    return line;
}

/* Whose the rows are: `placed`. */
static bool place_rows(struct import *import)
{
    PGresult *result = db_query(import->db, sql_import_known, 0, NULL);
    if (result == NULL)
        return false;
    bool known = db_text(result, 0, 0)[0] == 't';
    PQclear(result);
    return db_script(import->db, known ? sql_import_placed : sql_import_fresh);
}

/* What is left in it would be nobody's floor, and be paid out. */
static int check_taken(struct import *import)
{
    PGresult *result = db_query(import->db, sql_import_taken, 0, NULL);
    if (result == NULL)
        return db_exit_code(import->db);
    int count = PQntuples(result);
    for (int i = 0; i < count && i < 20; i++)
        fprintf(stderr, "%s:%u:1: the virtual_account of account %s belongs to account %s\n",
                import->input.file, line_of(import, result, i), db_text(result, i, 1),
                db_text(result, i, 2));
    PQclear(result);
    if (count == 0)
        return JOB_DONE;
    return job_fail(FAIL_NUMBER_TAKEN,
                    "keep the account_ref that the account has, or give it a number of its own; "
                    "nothing was changed",
                    "%s was refused as a whole", import->input.file);
}

static int check_openings(struct import *import)
{
    const char *const params[] = {import->batch[0] != '\0' ? import->batch : "0"};
    if (import->cohort.opening_minor == 0)
        return JOB_DONE; // none has any
    PGresult *result = db_query(import->db, sql_import_late_openings, 1, params);
    if (result == NULL)
        return db_exit_code(import->db);
    int count = PQntuples(result);
    for (int i = 0; i < count && i < 20; i++)
        fprintf(stderr, "%s:%u:1: account %s has opening_minor, but settled before\n",
                import->input.file, line_of(import, result, i), db_text(result, i, 1));
    PQclear(result);
    if (count == 0)
        return JOB_DONE;
    return job_fail(FAIL_LATE_OPENING, "leave opening_minor empty for them; nothing was changed",
                    "%s was refused as a whole", import->input.file);
}

static int refuse_frozen(struct import *import)
{
    const char *const params[] = {import->batch, import->revision};
    PGresult *result = db_query(import->db, sql_import_difference, 2, params);
    if (result == NULL)
        return db_exit_code(import->db);
    const char *newest = "";
    int shown = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        const char *change = db_text(result, i, 1), *count = db_text(result, i, 3);
        if (strcmp(change, newest) != 0) {
            fprintf(stderr, "%s account%s would be %s:\n", count,
                    strcmp(count, "1") == 0 ? "" : "s", change);
            shown = 0;
        }
        newest = change;
        if (shown++ < SHOWN)
            fprintf(stderr, "  %s%s%s\n", db_text(result, i, 0),
                    db_text(result, i, 2)[0] != '\0' ? ": " : "", db_text(result, i, 2));
        else if (shown == SHOWN + 2)
            fprintf(stderr, "  …\n");
    }
    if (PQntuples(result) == 0)
        fprintf(stderr, "the accounts are the same, their order or texts differ\n");
    PQclear(result);
    return job_fail(FAIL_PLAN_FROZEN, "import other input under another cohort or date",
                    "batch %s %s has begun: its plan is frozen and other input is refused",
                    import->name, import->date);
}

static bool make_batch(struct import *import)
{
    const char *const params[] = {import->name, import->date, import->cohort.currency};
    PGresult *result = db_query(import->db, sql_import_new_batch, 3, params);
    if (result == NULL)
        return false;
    snprintf(import->batch, sizeof import->batch, "%s", db_text(result, 0, 0));
    PQclear(result);
    return true;
}

/* The plan's rows; meanwhile the digest, where nothing has needed it yet. */
static bool write_rows(struct import *import, const char *const *plan)
{
    if (!db_execute_begin(import->db, sql_import_plan, 3, plan))
        return false;
    if (import->digest[0] == '\0')
        make_digest(import);
    return db_execute_end(import->db);
}

static bool write_plan(struct import *import)
{
    char accounts[16], partitions[16];
    const char *const empty[] = {NULL};
    snprintf(import->revision, sizeof import->revision, "%lld",
             (long long)import->newest_revision + 1);
    snprintf(accounts, sizeof accounts, "%u", import->cohort.row_count);
    snprintf(partitions, sizeof partitions, "%u", import->partitions);
    if (import->batch[0] == '\0' && !make_batch(import))
        return false;
    const char *const plan[] = {import->batch, import->revision, partitions};
    const char *const revision[] = {import->batch,  import->revision,  accounts,
                                    import->digest, people_operator(), partitions};
    return db_execute(import->db, sql_import_accounts, 0, empty) &&
           db_execute(import->db, sql_import_mappings, 0, empty) && write_rows(import, plan) &&
           db_execute(import->db, sql_import_banks, 2, plan) &&
           db_execute(import->db, sql_import_revision, 6, revision) &&
           db_execute(import->db, sql_import_head, 2, plan);
}

static void tell(const struct import *import)
{
    const struct cohort *cohort = &import->cohort;
    char repayment[MONEY_TEXT_BYTES], hold[MONEY_TEXT_BYTES], expected[MONEY_TEXT_BYTES];
    if (import->quiet)
        return;
    printf("imported %s %s: %u accounts, revision %s\n", import->name, import->date,
           cohort->row_count, import->revision);
    printf("  repayment %s, hold %s, expected %s %s\n",
           money_format(cohort->repayment_minor, repayment), money_format(cohort->hold_minor, hold),
           money_format(cohort->expected_minor, expected), cohort->currency);
    printf("  plan digest %s\n", import->digest);
}

/* Within the transaction; the caller rolls back unless it is JOB_DONE and *changed. */
static int bring_in(struct import *import, bool *changed)
{
    if (!db_script(import->db, LOCK_SQL) || !look_up_batch(import))
        return db_exit_code(import->db);
    FAILPOINT(import_locked);
    if (import->identical) {
        if (!import->quiet)
            printf("%s %s already has this very plan: nothing changed\n", import->name,
                   import->date);
        return JOB_DONE;
    }
    int exit_code = check_currency(import);
    if (exit_code == JOB_DONE && !copy_rows(import))
        exit_code = db_exit_code(import->db);
    FAILPOINT(import_copied);
    if (exit_code == JOB_DONE && import->frozen)
        exit_code = refuse_frozen(import);
    if (exit_code == JOB_DONE && !place_rows(import))
        exit_code = db_exit_code(import->db);
    if (exit_code == JOB_DONE)
        exit_code = check_taken(import);
    if (exit_code == JOB_DONE)
        exit_code = check_openings(import);
    if (exit_code == JOB_DONE && !write_plan(import))
        exit_code = db_exit_code(import->db);
    FAILPOINT(import_written);
    *changed = exit_code == JOB_DONE;
    return exit_code;
}

static int import_into(struct import *import)
{
    bool changed = false;
    if (!db_check_schema(import->db) || !db_script(import->db, "BEGIN"))
        return db_exit_code(import->db);
    int exit_code = bring_in(import, &changed);
    if (!changed) {
        PQclear(PQexec(db_connection(import->db), "ROLLBACK"));
        return exit_code;
    }
    if (!db_script(import->db, "COMMIT"))
        return db_exit_code(import->db);
    FAILPOINT(import_committed);
    tell(import);
    return JOB_DONE;
}

int job_import(struct job *job)
{
    const char *file = job_operand(job, 1);
    int exit_code = JOB_USAGE;
    size_t text_bytes = 0;
    char *text = NULL, error[FILE_ERROR_BYTES];
    struct import import = {
        .name = job_operand(job, 0),
        .date = job_text(job, "date"),
        .quiet = job_flag(job, "quiet"),
    };
    if (!check_name(import.name))
        return exit_code;
    import.config = config_open(job, &exit_code);
    if (import.config == NULL)
        return exit_code;
    text = file_read(file, COHORT_FILE_BYTES_MAX, &text_bytes, error);
    exit_code =
        text == NULL
            ? job_fail(JOB_BAD_INPUT, "as in: daybook import acme --date 2026-03-25 acme.csv", "%s",
                       error)
            : read_cohort(&import, text, text_bytes, strcmp(file, "-") == 0 ? "stdin" : file);
    if (exit_code == JOB_DONE)
        import.db = db_open(import.config, "daybook import", &exit_code);
    if (import.db != NULL) {
        // None is without accounts.
        import.partitions = (uint32_t)import.config->partitions;
        if (import.partitions > import.cohort.row_count)
            import.partitions = import.cohort.row_count;
        import.hash = hash_open();
        CHECK(import.hash != NULL);
        exit_code = import_into(&import);
        hash_close(import.hash);
    }
    db_close(import.db);
    cohort_free(&import.cohort);
    free(text);
    config_close(import.config);
    return exit_code;
}
