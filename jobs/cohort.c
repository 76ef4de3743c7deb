#include "jobs/cohort.h"

#include <csv.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "base/transfer.h"
#include "jobs/cohort_place.h"
#include "jobs/config_url.h"
#include "jobs/value.h"

#define ERRORS_SHOWN 20
#define MESSAGE_BYTES 200
#define ROW_RECORD 0 /* a fault of the record as a whole stands at its first field */

enum column {
    COLUMN_REF,
    COLUMN_BANK,
    COLUMN_VIRTUAL,
    COLUMN_PAYOUT_BANK,
    COLUMN_PAYOUT_ACCOUNT,
    COLUMN_HOLDER,
    COLUMN_CURRENCY,
    COLUMN_REPAYMENT,
    COLUMN_HOLD,
    COLUMN_EXPECTED,
    COLUMN_EXPECT_AT,
    COLUMN_OPENING,
    COLUMNS,
};

static const struct {
    const char *name;
    bool required;
} columns[COLUMNS] = {
    [COLUMN_REF] = {"account_ref", true},
    [COLUMN_BANK] = {"bank", true},
    [COLUMN_VIRTUAL] = {"virtual_account", true},
    [COLUMN_PAYOUT_BANK] = {"payout_bank", true},
    [COLUMN_PAYOUT_ACCOUNT] = {"payout_account", true},
    [COLUMN_HOLDER] = {"holder_name", true},
    [COLUMN_CURRENCY] = {"currency", true},
    [COLUMN_REPAYMENT] = {"repayment_minor", true},
    [COLUMN_HOLD] = {"hold_minor", true},
    [COLUMN_EXPECTED] = {"expected_minor", false},
    [COLUMN_EXPECT_AT] = {"expect_at", false},
    [COLUMN_OPENING] = {"opening_minor", false},
};

_Static_assert((int)COLUMN_HOLDER == (int)COHORT_HOLDER, "the texts are the first columns");

struct fault {
    uint32_t record, field;
    uint32_t first_record; /* of a duplicate; 0: none */
    char message[MESSAGE_BYTES];
};

/* Rows by a text or two of theirs; open addressing. */
struct index {
    uint64_t *slots; /* half of the texts' hash, and the row's index + 1; 0: free */
    uint32_t mask;
};

struct reader {
    const struct cohort_input *input;
    struct cohort *cohort;
    size_t pool_used;
    struct index by_ref, by_virtual;
    int field_columns[COLUMNS]; /* which column the n-th field is; by the header */
    uint32_t field_count;
    bool header_is_good;
    int column_fields[COLUMNS]; /* -1: absent */
    uint32_t record, field;
    struct cohort_row row;
    bool row_is_good;
    struct fault faults[ERRORS_SHOWN];
    uint64_t fault_count;
};

/* ---- faults ---- */

static __attribute__((format(printf, 3, 4))) void fault(struct reader *reader, uint32_t field,
                                                        const char *format, ...)
{
    reader->row_is_good = false;
    if (reader->fault_count++ >= ERRORS_SHOWN)
        return;
    struct fault *added = &reader->faults[reader->fault_count - 1];
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    text_clean(added->message, sizeof added->message, message, strlen(message));
    added->record = reader->record;
    added->field = field;
}

static void fault_duplicate(struct reader *reader, enum column column, const char *text,
                            uint32_t first_row)
{
    uint64_t before = reader->fault_count;
    fault(reader, (uint32_t)reader->column_fields[column], "%s %s stands here twice",
          columns[column].name, text);
    if (before < ERRORS_SHOWN)
        reader->faults[before].first_record = reader->cohort->rows[first_row].record;
}

/* ---- duplicates ---- */

static void index_init(struct index *index, uint32_t row_max)
{
    uint32_t slots = 16;
    while (slots < row_max * 2)
        slots *= 2;
    index->slots = calloc(slots, sizeof index->slots[0]);
    CHECK(index->slots != NULL);
    index->mask = slots - 1;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ (hash >> 29)) * UINT64_C(0x100000001b3);
}

/* The row that has these texts already, or -1 and the newest row is added. */
static int64_t index_add(struct reader *reader, struct index *index, enum cohort_text one,
                         enum cohort_text two)
{
    const struct cohort *cohort = reader->cohort;
    const char *a = cohort_text(cohort, &reader->row, one);
    const char *b = cohort_text(cohort, &reader->row, two);
    uint64_t hash = mix_text(mix_text(UINT64_C(0xcbf29ce484222325), a), b);
    uint64_t half = hash << 32; // the other half tells where to look
    for (uint32_t slot = (uint32_t)(hash >> 32) & index->mask;; slot = (slot + 1) & index->mask) {
        uint64_t there = index->slots[slot];
        if (there == 0) {
            index->slots[slot] = half | (cohort->row_count + 1);
            return -1;
        }
        if ((there ^ half) >> 32 != 0)
            continue; // other texts, without looking at them
        uint32_t found = (uint32_t)there - 1;
        const struct cohort_row *row = &cohort->rows[found];
        if (strcmp(cohort_text(cohort, row, one), a) == 0 &&
            strcmp(cohort_text(cohort, row, two), b) == 0)
            return found;
    }
}

/* ---- fields ---- */

static void keep_text(struct reader *reader, enum cohort_text which, const char *text, size_t bytes)
{
    reader->row.texts[which] = (uint32_t)reader->pool_used;
    memcpy(reader->cohort->pool + reader->pool_used, text, bytes);
    reader->cohort->pool[reader->pool_used + bytes] = '\0';
    reader->pool_used += bytes + 1;
}

static void take_text(struct reader *reader, enum cohort_text which, const char *text, size_t bytes,
                      size_t most)
{
    if (!text_fits(text, bytes, most)) {
        if (bytes > 0 && bytes <= most)
            fault(reader, reader->field, "%s has a line break", columns[which].name);
        else
            fault(reader, reader->field, "%s must be 1 to %zu bytes long", columns[which].name,
                  most);
    }
    keep_text(reader, which, text, bytes);
}

static void take_account(struct reader *reader, enum cohort_text which, const char *text,
                         size_t bytes)
{
    bool fits = bytes > 0 && bytes <= ACCOUNT_TEXT_MAX;
    for (size_t i = 0; i < bytes && fits; i++)
        fits = config_is_account_byte(text[i]);
    if (!fits)
        fault(reader, reader->field, "%s must be 1 to %d letters, digits and hyphens",
              columns[which].name, ACCOUNT_TEXT_MAX);
    keep_text(reader, which, text, bytes);
}

static void take_bank(struct reader *reader, const char *text, size_t bytes)
{
    take_text(reader, COHORT_BANK, text, bytes, BANK_TEXT_MAX);
    if (reader->row_is_good && !reader->input->is_bank(text, reader->input->context))
        fault(reader, reader->field, "bank %s is not in the configuration (%s)", text,
              reader->input->banks_hint);
}

static void take_currency(struct reader *reader, const char *text, size_t bytes)
{
    struct cohort *cohort = reader->cohort;
    if (bytes != 3 || money_exponent(text) < 0) {
        fault(reader, reader->field, "\"%.20s\" is not a currency that daybook knows", text);
    } else if (cohort->currency[0] == '\0') {
        memcpy(cohort->currency, text, 4);
    } else if (strcmp(cohort->currency, text) != 0) {
        fault(reader, reader->field, "currency %s, but the batch is in %s: one batch, one currency",
              text, cohort->currency);
    }
}

static void take_amount(struct reader *reader, enum column column, const char *text, size_t bytes,
                        int64_t *amount)
{
    if (bytes == 0 && !columns[column].required)
        return;
    if (!money_parse(text, bytes, amount)) {
        fault(reader, reader->field,
              "%s \"%.30s\" is not an amount: digits only, in minor units, at most %lld",
              columns[column].name, text, (long long)AMOUNT_MAX);
        *amount = 0;
    }
}

static void take_instant(struct reader *reader, const char *text, size_t bytes)
{
    static const struct value_rule rule = {.kind = VALUE_INSTANT};
    char error[VALUE_ERROR_BYTES];
    if (bytes > 0 && !value_parse(&rule, text, &reader->row.expect_at_us, error))
        fault(reader, reader->field, "expect_at %s", error);
}

static void take_field(struct reader *reader, enum column column, const char *text, size_t bytes)
{
    switch (column) {
    case COLUMN_REF:
        take_text(reader, COHORT_REF, text, bytes, COHORT_REF_MAX);
        break;
    case COLUMN_BANK:
        take_bank(reader, text, bytes);
        break;
    case COLUMN_VIRTUAL:
        take_account(reader, COHORT_VIRTUAL, text, bytes);
        break;
    case COLUMN_PAYOUT_BANK:
        take_text(reader, COHORT_PAYOUT_BANK, text, bytes, BANK_TEXT_MAX);
        break;
    case COLUMN_PAYOUT_ACCOUNT:
        take_account(reader, COHORT_PAYOUT_ACCOUNT, text, bytes);
        break;
    case COLUMN_HOLDER:
        take_text(reader, COHORT_HOLDER, text, bytes, HOLDER_TEXT_MAX);
        break;
    case COLUMN_CURRENCY:
        take_currency(reader, text, bytes);
        break;
    case COLUMN_REPAYMENT:
        take_amount(reader, column, text, bytes, &reader->row.repayment_minor);
        break;
    case COLUMN_HOLD:
        take_amount(reader, column, text, bytes, &reader->row.hold_minor);
        break;
    case COLUMN_EXPECTED:
        take_amount(reader, column, text, bytes, &reader->row.expected_minor);
        break;
    case COLUMN_EXPECT_AT:
        take_instant(reader, text, bytes);
        break;
    case COLUMN_OPENING:
        take_amount(reader, column, text, bytes, &reader->row.opening_minor);
        break;
    case COLUMNS:
        break;
    }
}

/* ---- header ---- */

static const char *column_name_at(size_t index, void *context)
{
    (void)context;
    return columns[index].name;
}

static void take_header_field(struct reader *reader, const char *text)
{
    int column = 0;
    while (column < COLUMNS && strcmp(columns[column].name, text) != 0)
        column++;
    if (column == COLUMNS) {
        const char *near = value_nearest(text, column_name_at, COLUMNS, NULL);
        fault(reader, reader->field, "unknown column \"%.60s\"%s%s%s", text,
              near != NULL ? "; did you mean " : "", near != NULL ? near : "",
              near != NULL ? "?" : "");
    } else if (reader->column_fields[column] >= 0) {
        fault(reader, reader->field, "column %s stands here twice", text);
    } else if (reader->field < COLUMNS) {
        reader->field_columns[reader->field] = column;
        reader->column_fields[column] = (int)reader->field;
    }
}

static void end_header(struct reader *reader)
{
    reader->field_count = reader->field;
    for (int column = 0; column < COLUMNS; column++) {
        if (columns[column].required && reader->column_fields[column] < 0)
            fault(reader, ROW_RECORD, "column %s is missing", columns[column].name);
    }
    // Without knowing which field is what, nothing can be said of the rows.
    reader->header_is_good = reader->fault_count == 0;
}

/* ---- records ---- */

static void add_total(struct reader *reader, enum column column, int64_t amount, int64_t *total)
{
    int64_t sum;
    if (amount == COHORT_NONE)
        return;
    if (__builtin_add_overflow(*total, amount, &sum) || sum > MONEY_MAX)
        fault(reader, (uint32_t)reader->column_fields[column],
              "the sum of %s passes 18 digits here", columns[column].name);
    else
        *total = sum;
}

static void check_amounts(struct reader *reader)
{
    const struct cohort_row *row = &reader->row;
    struct cohort *cohort = reader->cohort;
    int64_t dues = row->repayment_minor + row->hold_minor; // each at most AMOUNT_MAX
    if (dues > AMOUNT_MAX)
        fault(reader, ROW_RECORD, "repayment_minor and hold_minor together pass %lld",
              (long long)AMOUNT_MAX);
    else if (row->expected_minor == 0)
        fault(reader, (uint32_t)reader->column_fields[COLUMN_EXPECTED],
              "expected_minor is 0; leave it empty where it is not known");
    else if (row->expected_minor != COHORT_NONE && row->expected_minor < dues)
        fault(reader, (uint32_t)reader->column_fields[COLUMN_EXPECTED],
              "expected_minor %lld is below repayment and hold together (%lld)",
              (long long)row->expected_minor, (long long)dues);
    add_total(reader, COLUMN_REPAYMENT, row->repayment_minor, &cohort->repayment_minor);
    add_total(reader, COLUMN_HOLD, row->hold_minor, &cohort->hold_minor);
    add_total(reader, COLUMN_EXPECTED, row->expected_minor, &cohort->expected_minor);
    add_total(reader, COLUMN_OPENING, row->opening_minor, &cohort->opening_minor);
}

static void end_row(struct reader *reader)
{
    struct cohort *cohort = reader->cohort;
    if (reader->field != reader->field_count) {
        fault(reader, ROW_RECORD, "%u fields, but the first line names %u", reader->field,
              reader->field_count);
        return;
    }
    if (!reader->row_is_good)
        return;
    check_amounts(reader);
    int64_t first = index_add(reader, &reader->by_ref, COHORT_REF, COHORT_REF);
    if (first >= 0)
        fault_duplicate(reader, COLUMN_REF, cohort_text(cohort, &reader->row, COHORT_REF),
                        (uint32_t)first);
    else if ((first = index_add(reader, &reader->by_virtual, COHORT_VIRTUAL, COHORT_BANK)) >= 0)
        fault_duplicate(reader, COLUMN_VIRTUAL, cohort_text(cohort, &reader->row, COHORT_VIRTUAL),
                        (uint32_t)first);
    // A row with a fault stays in the index, so that it keeps its place there.
    reader->row.record = reader->record;
    cohort->rows[cohort->row_count++] = reader->row;
}

static void begin_row(struct reader *reader)
{
    reader->row = (struct cohort_row){
        .expected_minor = COHORT_NONE,
        .opening_minor = COHORT_NONE,
        .expect_at_us = COHORT_NONE,
    };
    reader->row_is_good = true;
}

static void on_field(void *bytes, size_t byte_count, void *context)
{
    struct reader *reader = context;
    const char *text = bytes;
    if (reader->record == 0)
        take_header_field(reader, text);
    else if (reader->header_is_good && reader->field < reader->field_count)
        take_field(reader, (enum column)reader->field_columns[reader->field], text, byte_count);
    reader->field++;
}

static void on_record(int terminator, void *context)
{
    struct reader *reader = context;
    (void)terminator;
    if (reader->record == 0)
        end_header(reader);
    else if (reader->header_is_good && reader->record < POSITIONS_MAX)
        end_row(reader);
    reader->record++;
    reader->field = 0;
    begin_row(reader);
}

/* ---- the text as a whole ---- */

/* The mark that some programs put before UTF-8. */
static void skip_mark(struct cohort_input *input)
{
    if (input->text_bytes >= 3 && memcmp(input->text, "\xEF\xBB\xBF", 3) == 0) {
        input->text += 3;
        input->text_bytes -= 3;
    }
}

static void print_at(const struct cohort_input *input, FILE *errors, size_t at, const char *message)
{
    uint32_t line, column;
    cohort_locate_byte(input->text, at, &line, &column);
    fprintf(errors, "%s:%u:%u: %s\n", input->file, line, column, message);
}

/* Bytes that no field may have; the first one is reported. */
static bool check_bytes(const struct cohort_input *input, FILE *errors)
{
    const char *wrong;
    size_t at = cohort_first_wrong(input->text, input->text_bytes, &wrong);
    if (at < input->text_bytes)
        print_at(input, errors, at, wrong);
    return at == input->text_bytes;
}

static void print_faults(struct reader *reader, FILE *errors)
{
    const struct cohort_input *input = reader->input;
    size_t shown = reader->fault_count < ERRORS_SHOWN ? reader->fault_count : ERRORS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct fault *at = &reader->faults[i];
        // One by one: places must ascend, and faults of a record need not.
        struct cohort_place places[2] = {
            {.record = at->first_record},
            {.record = at->record, .field = at->field},
        };
        cohort_locate(input->text, input->text_bytes, places, 2);
        fprintf(errors, "%s:%u:%u: %s", input->file, places[1].line, places[1].column, at->message);
        if (at->first_record > 0)
            fprintf(errors, "; first in line %u", places[0].line);
        fprintf(errors, "\n");
    }
    if (reader->fault_count > ERRORS_SHOWN)
        fprintf(errors, "… and %llu more errors\n",
                (unsigned long long)(reader->fault_count - ERRORS_SHOWN));
}

/* Quotes in the wrong place end the reading where they stand. */
static bool report_syntax(const struct cohort_input *input, size_t consumed, FILE *errors)
{
    uint32_t line, column;
    if (consumed < input->text_bytes) {
        print_at(input, errors, consumed,
                 "a quote in the wrong place: quote the whole field, and double quotes within");
        return false;
    }
    cohort_locate_last(input->text, input->text_bytes, &line, &column);
    fprintf(errors, "%s:%u:%u: a quoted field that does not end\n", input->file, line, column);
    return false;
}

static bool parse(struct reader *reader, FILE *errors)
{
    const struct cohort_input *input = reader->input;
    struct csv_parser parser;
    cohort_parser_begin(&parser);
    size_t consumed =
        csv_parse(&parser, input->text, input->text_bytes, on_field, on_record, reader);
    bool whole =
        consumed == input->text_bytes && csv_fini(&parser, on_field, on_record, reader) == 0;
    csv_free(&parser);
    print_faults(reader, errors);
    return whole || report_syntax(input, consumed, errors);
}

static bool check_count(const struct reader *reader, FILE *errors)
{
    const struct cohort_input *input = reader->input;
    const char *wrong = NULL;
    if (reader->record == 0)
        wrong = "the file is empty";
    else if (reader->record == 1)
        wrong = "the file names columns but has no account";
    else if (reader->record > POSITIONS_MAX)
        wrong = "more accounts than a batch may have";
    if (wrong != NULL)
        fprintf(errors, "%s:1:1: %s\n", input->file, wrong);
    return wrong == NULL;
}

static int by_position(const void *left, const void *right, void *pool)
{
    const struct cohort_row *a = left, *b = right;
    int64_t a_at = a->expect_at_us == COHORT_NONE ? INT64_MAX : a->expect_at_us;
    int64_t b_at = b->expect_at_us == COHORT_NONE ? INT64_MAX : b->expect_at_us;
    if (a_at != b_at)
        return a_at < b_at ? -1 : 1;
    return strcmp((const char *)pool + a->texts[COHORT_REF],
                  (const char *)pool + b->texts[COHORT_REF]);
}

static void take_memory(struct reader *reader)
{
    const struct cohort_input *input = reader->input;
    struct cohort *cohort = reader->cohort;
    uint32_t row_max = 1;
    for (size_t i = 0; i < input->text_bytes; i++)
        row_max += input->text[i] == '\n' || input->text[i] == '\r';
    if (row_max > POSITIONS_MAX)
        row_max = POSITIONS_MAX; // more are counted, not kept
    cohort->rows = calloc(row_max, sizeof cohort->rows[0]);
    // Every field but the last has a separator in the text, so that its NUL has room.
    cohort->pool = malloc(input->text_bytes + 2);
    CHECK(cohort->rows != NULL && cohort->pool != NULL);
    index_init(&reader->by_ref, row_max);
    index_init(&reader->by_virtual, row_max);
}

bool cohort_read(struct cohort *cohort, const struct cohort_input *given, FILE *errors)
{
    struct cohort_input input = *given;
    struct reader reader = {.input = &input, .cohort = cohort};
    *cohort = (struct cohort){0};
    CHECK(input.text_bytes <= COHORT_FILE_BYTES_MAX);
    skip_mark(&input);
    if (!check_bytes(&input, errors))
        return false;
    take_memory(&reader);
    for (int column = 0; column < COLUMNS; column++)
        reader.column_fields[column] = -1;
    bool whole = parse(&reader, errors);
    free(reader.by_ref.slots);
    free(reader.by_virtual.slots);
    if (!whole || reader.fault_count > 0 || !check_count(&reader, errors)) {
        cohort_free(cohort);
        return false;
    }
    qsort_r(cohort->rows, cohort->row_count, sizeof cohort->rows[0], by_position, cohort->pool);
    return true;
}

void cohort_free(struct cohort *cohort)
{
    free(cohort->rows);
    free(cohort->pool);
    *cohort = (struct cohort){0};
}

const char *cohort_text(const struct cohort *cohort, const struct cohort_row *row,
                        enum cohort_text text)
{
    return cohort->pool + row->texts[text];
}

void cohort_lines(const struct cohort_input *given, const uint32_t *records, size_t count,
                  uint32_t *lines)
{
    struct cohort_input input = *given;
    skip_mark(&input);
    for (size_t i = 0; i < count; i++) {
        struct cohort_place place = {.record = records[i]};
        cohort_locate(input.text, input.text_bytes, &place, 1);
        lines[i] = place.line;
    }
}
