/* The matcher of `reconcile`, over all that there is and in words of its own. */
#include "jobs/verify_book.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "jobs/batch.h"
#include "jobs/file.h"
#include "jobs/reconcile_csv.h"
#include "jobs/reconcile_ledger.h"
#include "jobs/report.h"

#define SHOWN 20
#define NEVER_US INT64_C(3000000000000000) /* a century is never */

struct book {
    const char *file;
    struct bank_lines lines;
    uint64_t told;
};

static const char *sentence(const struct reconcile_break *found)
{
    switch (found->class) {
    case BREAK_MISSING_AT_BANK:
        return "accepted in the ledger, missing at the bank";
    case BREAK_MISSING_HERE:
        return "accepted by the bank, missing in the ledger";
    case BREAK_DUPLICATE:
        return "accepted twice by the bank";
    case BREAK_RETURNED:
        return "accepted in the ledger, not done by the bank";
    case BREAK_AMOUNT:
        return strcmp(found->differs, "amount") == 0 ? "the amount differs"
               : strcmp(found->differs, "from") == 0 ? "the paying account differs"
                                                     : "the receiving account differs";
    case BREAK_STATUS:
    case BREAK_CLASSES:
        break;
    }
    return "it is open";
}

static void on_break(void *context, const struct reconcile_break *found)
{
    struct book *book = context;
    char key[64] = "", more[128] = "";
    if (++book->told > SHOWN)
        return;
    if (found->ours != NULL)
        hex_write(key, found->ours->key.bytes, IDEM_KEY_BYTES);
    else if (found->theirs->has_key)
        hex_write(key, found->theirs->key.bytes, IDEM_KEY_BYTES);
    else
        snprintf(key, sizeof key, "%.63s", lines_text(&book->lines, found->theirs->key_text));
    if (found->class == BREAK_AMOUNT && strcmp(found->differs, "amount") == 0)
        snprintf(more, sizeof more, ": %" PRId64 " in the ledger, %" PRId64 " at the bank",
                 found->ours->amount_minor, found->theirs->amount_minor);
    char clean[64]; // a book is another's file
    text_clean(clean, sizeof clean, key, strlen(key));
    fprintf(stderr, "%s: %s%s\n", clean, sentence(found), more);
}

static int read_book(struct book *book)
{
    char error[FILE_ERROR_BYTES];
    struct reconcile_file file = {.name = book->file, .form = RECONCILE_BOOK};
    char *text = file_read(book->file, RECONCILE_FILE_BYTES_MAX, &file.text_bytes, error);
    if (text == NULL)
        return job_fail(FAIL_BAD_BOOK, NULL, "%s", error);
    file.text = text;
    bool is_good = reconcile_csv_read(&file, &book->lines, stderr);
    free(text);
    return is_good ? JOB_DONE
                   : job_fail(FAIL_BAD_BOOK,
                              "the columns are key,from,to,amount_minor,state,bank_ref,at_us",
                              "the book cannot be used");
}

static int compare(struct book *book, struct db *db, const struct verify_book_scope *scope,
                   struct matching *matching)
{
    struct batch batch;
    // Every accepted transfer must be there; what is open is a run's to find out.
    struct reconcile_scope all = {
        .bank = scope->bank, .from = "-infinity", .to = "infinity", .open_after_us = NEVER_US};
    if (scope->cohort != NULL) {
        int exit_code = batch_find(db, scope->cohort, scope->date, &batch);
        if (exit_code != JOB_DONE)
            return exit_code;
        all.batch = batch.id;
    }
    lines_index(&book->lines);
    matching_begin(matching, &book->lines, on_break, book);
    if (!reconcile_ledger(db, &all, matching))
        return db_exit_code(db);
    if (matching_breaks(matching) == 0)
        return JOB_DONE;
    return job_fail(JOB_SOME_LEFT,
                    "`daybook show --account REF` tells one account's story; a transfer in doubt "
                    "is resolved by a run",
                    "ledger and book differ in %" PRIu64 " places", matching_breaks(matching));
}

int verify_book(struct db *db, const struct verify_book_scope *scope)
{
    struct book book = {.file = scope->file};
    struct matching matching;
    char count[MONEY_TEXT_BYTES];
    lines_init(&book.lines);
    int exit_code = read_book(&book);
    if (exit_code == JOB_DONE)
        exit_code = compare(&book, db, scope, &matching);
    if (exit_code == JOB_DONE && !scope->quiet)
        printf("ledger = book: %s accepted transfers, each there once with the same amount and "
               "accounts\n",
               report_count(matching.agreed, count));
    lines_free(&book.lines);
    return exit_code;
}
