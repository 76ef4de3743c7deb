/*
 * Accepted transfers against the mock bank's book, one to one by key, amount and both accounts.
 * The book is a CSV `key,from,to,amount_minor,state,bank_ref,at_us`.
 */
#include "jobs/verify_book.h"

#include <csv.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "jobs/file.h"
#include "jobs/report.h"
#include "sql.h"

#define BOOK_BYTES_MAX ((size_t)4 << 30)
#define BOOK_FIELDS 7
#define SHOWN 20

enum book_field { BOOK_KEY, BOOK_FROM, BOOK_TO, BOOK_AMOUNT, BOOK_STATE };

struct booked {
    const char *key, *from, *to;
    int64_t amount_minor;
    bool matched;
};

struct book {
    const char *file;
    char *pool;
    size_t pool_used;
    struct booked *rows; /* accepted ones */
    uint32_t count;
    uint32_t *slots; /* by key: index + 1 */
    uint32_t mask;
    const char *fields[BOOK_FIELDS];
    uint32_t field, record;
    uint64_t differences;
    bool bad;
};

static void tell(struct book *book, const char *what, const char *key, const char *more)
{
    char clean[64]; // a book is another's file
    text_clean(clean, sizeof clean, key, strlen(key));
    if (++book->differences <= SHOWN)
        fprintf(stderr, "%s: %s%s\n", clean, what, more);
}

static uint32_t slot_of(const struct book *book, const char *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = key; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    uint32_t slot = (uint32_t)(hash >> 20) & book->mask;
    while (book->slots[slot] != 0 && strcmp(book->rows[book->slots[slot] - 1].key, key) != 0)
        slot = (slot + 1) & book->mask;
    return slot;
}

/* ---- the file ---- */

static void on_field(void *bytes, size_t byte_count, void *context)
{
    struct book *book = context;
    char *copy = book->pool + book->pool_used;
    memcpy(copy, bytes, byte_count);
    copy[byte_count] = '\0';
    book->pool_used += byte_count + 1;
    if (book->field < BOOK_FIELDS)
        book->fields[book->field] = copy;
    book->field++;
}

static void refuse(struct book *book, const char *what)
{
    if (!book->bad)
        job_fail(FAIL_BAD_BOOK, "the columns are key,from,to,amount_minor,state,bank_ref,at_us",
                 "%s: record %u: %s", book->file, book->record, what);
    book->bad = true;
}

static void keep_row(struct book *book)
{
    struct booked *row = &book->rows[book->count];
    *row = (struct booked){.key = book->fields[BOOK_KEY],
                           .from = book->fields[BOOK_FROM],
                           .to = book->fields[BOOK_TO]};
    const char *amount = book->fields[BOOK_AMOUNT];
    if (!money_parse(amount, strlen(amount), &row->amount_minor)) {
        refuse(book, "amount_minor is not an amount");
        return;
    }
    uint32_t slot = slot_of(book, row->key);
    if (book->slots[slot] != 0)
        tell(book, "accepted twice by the bank", row->key, "");
    book->slots[slot] = ++book->count;
}

static void on_record(int terminator, void *context)
{
    struct book *book = context;
    (void)terminator;
    book->record++;
    if (book->field != BOOK_FIELDS)
        refuse(book, "not seven fields");
    else if (book->record == 1 && strcmp(book->fields[BOOK_KEY], "key") != 0)
        refuse(book, "the first line must name the columns");
    else if (book->record > 1 && strcmp(book->fields[BOOK_STATE], "accepted") == 0)
        keep_row(book);
    else if (book->record > 1 && strcmp(book->fields[BOOK_STATE], "rejected") != 0 &&
             strcmp(book->fields[BOOK_STATE], "reversed") != 0)
        refuse(book, "state is not accepted, rejected or reversed");
    book->field = 0;
}

static void take_memory(struct book *book, const char *text, size_t bytes)
{
    uint32_t lines = 1, slots = 16;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n' || text[i] == '\r';
    while (slots < lines * 2)
        slots *= 2;
    book->pool = malloc(bytes + 2);
    book->rows = calloc(lines + 1, sizeof book->rows[0]);
    book->slots = calloc(slots, sizeof book->slots[0]);
    book->mask = slots - 1;
    CHECK(book->pool != NULL && book->rows != NULL && book->slots != NULL);
}

static bool read_book(struct book *book)
{
    char error[FILE_ERROR_BYTES];
    struct csv_parser parser;
    size_t bytes;
    char *text = file_read(book->file, BOOK_BYTES_MAX, &bytes, error);
    if (text == NULL) {
        job_fail(FAIL_BAD_BOOK, NULL, "%s", error);
        return false;
    }
    take_memory(book, text, bytes);
    CHECK(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0);
    if (csv_parse(&parser, text, bytes, on_field, on_record, book) != bytes ||
        csv_fini(&parser, on_field, on_record, book) != 0)
        refuse(book, "not CSV");
    csv_free(&parser);
    free(text);
    return !book->bad;
}

/* ---- the ledger ---- */

static bool is_in_scope(const struct verify_book_scope *scope, const PGresult *row)
{
    return scope->cohort == NULL || (strcmp(PQgetvalue(row, 0, 4), scope->cohort) == 0 &&
                                     strcmp(PQgetvalue(row, 0, 5), scope->date) == 0);
}

/* Columns: key, from, to, amount, cohort, date. */
static void compare(struct book *book, const PGresult *row, bool in_scope)
{
    const char *key = PQgetvalue(row, 0, 0);
    int64_t amount = db_binary_int(row, 0, 3);
    uint32_t slot = slot_of(book, key);
    char more[128];
    if (book->slots[slot] == 0) {
        if (in_scope)
            tell(book, "accepted in the ledger, missing at the bank", key, "");
        return;
    }
    struct booked *booked = &book->rows[book->slots[slot] - 1];
    if (booked->matched)
        tell(book, "twice in the ledger", key, "");
    booked->matched = true;
    if (!in_scope)
        return;
    if (booked->amount_minor != amount) {
        snprintf(more, sizeof more, ": %" PRId64 " in the ledger, %" PRId64 " at the bank", amount,
                 booked->amount_minor);
        tell(book, "the amount differs", key, more);
    }
    if (strcmp(booked->from, PQgetvalue(row, 0, 1)) != 0)
        tell(book, "the paying account differs", key, "");
    if (strcmp(booked->to, PQgetvalue(row, 0, 2)) != 0)
        tell(book, "the receiving account differs", key, "");
}

static bool compare_all(struct book *book, struct db *db, const struct verify_book_scope *scope,
                        uint64_t *compared)
{
    const char *const params[] = {scope->bank};
    bool failed = false;
    const PGresult *row;
    if (!db_stream_begin(db, sql_verify_transfers, 1, params))
        return false;
    while ((row = db_stream_next(db, &failed)) != NULL) {
        bool in_scope = is_in_scope(scope, row);
        compare(book, row, in_scope);
        *compared += in_scope;
    }
    for (uint32_t i = 0; !failed && i < book->count; i++) {
        if (!book->rows[i].matched)
            tell(book, "accepted by the bank, missing in the ledger", book->rows[i].key, "");
    }
    return !failed;
}

int verify_book(struct db *db, const struct verify_book_scope *scope)
{
    struct book book = {.file = scope->file};
    uint64_t compared = 0;
    char count[MONEY_TEXT_BYTES];
    int exit_code = JOB_BAD_INPUT;
    if (read_book(&book)) {
        if (!compare_all(&book, db, scope, &compared))
            exit_code = db_exit_code(db);
        else if (book.differences > 0)
            exit_code = job_fail(FAIL_BOOK_DIFFERS,
                                 "`daybook explain ACCOUNT` tells one account's story; "
                                 "a transfer in doubt is resolved by a run",
                                 "ledger and book differ in %" PRIu64 " places", book.differences);
        else
            exit_code = JOB_DONE;
    }
    if (exit_code == JOB_DONE && !scope->quiet)
        printf("ledger = book: %s accepted transfers, each there once with the same amount and "
               "accounts\n",
               report_count(compared, count));
    free(book.pool);
    free(book.rows);
    free(book.slots);
    return exit_code;
}
