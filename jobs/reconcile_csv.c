#include "jobs/reconcile_csv.h"

#include <csv.h>
#include <stdarg.h>
#include <string.h>

#include "base/hex.h"
#include "base/money.h"
#include "base/text.h"
#include "jobs/cohort_place.h"
#include "jobs/value.h"

#define FAULTS_SHOWN 20
#define TEXT_BYTES 128 /* of a field that is kept; a longer one is refused */
#define WHOLE_RECORD UINT32_MAX

enum said_field {
    SAID_KEY,
    SAID_REFERENCE,
    SAID_FROM,
    SAID_TO,
    SAID_AMOUNT,
    SAID_CURRENCY,
    SAID_STATUS,
    SAID_AT,
    SAID_FIELDS,
};

struct column {
    const char *name;
    bool must_be_there, may_be_empty;
};

static const struct column statement_columns[SAID_FIELDS] = {
    [SAID_KEY] = {"idem_key", false, true},        [SAID_REFERENCE] = {"bank_ref", false, true},
    [SAID_FROM] = {"from_account", true, false},   [SAID_TO] = {"to_account", true, false},
    [SAID_AMOUNT] = {"amount_minor", true, false}, [SAID_CURRENCY] = {"currency", true, false},
    [SAID_STATUS] = {"status", true, false},       [SAID_AT] = {"booked_at", true, false},
};

/* A bank of one currency, which the book does not name. */
static const struct column book_columns[SAID_FIELDS] = {
    [SAID_KEY] = {"key", true, false},
    [SAID_REFERENCE] = {"bank_ref", true, true},
    [SAID_FROM] = {"from", true, false},
    [SAID_TO] = {"to", true, false},
    [SAID_AMOUNT] = {"amount_minor", true, false},
    [SAID_CURRENCY] = {NULL, false, true},
    [SAID_STATUS] = {"state", true, false},
    [SAID_AT] = {"at_us", true, true},
};

static const struct {
    const char *word;
    enum line_outcome outcome;
} statuses[] = {
    {"accepted", LINE_ACCEPTED}, {"booked", LINE_ACCEPTED},   {"pending", LINE_PENDING},
    {"rejected", LINE_REJECTED}, {"returned", LINE_RETURNED}, {"reversed", LINE_RETURNED},
};

struct fault {
    uint32_t record, field;
    char message[160];
};

struct reader {
    struct reconcile_file *file;
    struct bank_lines *lines;
    const struct column *columns;
    enum said_field of_field[SAID_FIELDS]; /* what the n-th field is, by the first line */
    uint32_t field_count, field, record;
    bool is_there[SAID_FIELDS];
    bool header_is_good, record_is_good;
    char texts[SAID_FIELDS][TEXT_BYTES];
    struct bank_said said;
    int64_t at_us;
    struct fault faults[FAULTS_SHOWN];
    uint64_t fault_count;
};

static __attribute__((format(printf, 3, 4))) void fault(struct reader *reader, uint32_t field,
                                                        const char *format, ...)
{
    reader->record_is_good = false;
    if (reader->fault_count++ >= FAULTS_SHOWN)
        return;
    struct fault *added = &reader->faults[reader->fault_count - 1];
    char message[sizeof added->message];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    text_clean(added->message, sizeof added->message, message, strlen(message));
    added->record = reader->record;
    added->field = field;
}

/* ---- the first line ---- */

static void take_name(struct reader *reader, const char *text)
{
    uint32_t field = 0;
    while (field < SAID_FIELDS &&
           (reader->columns[field].name == NULL || strcmp(reader->columns[field].name, text) != 0))
        field++;
    if (field == SAID_FIELDS) {
        fault(reader, reader->field, "unknown column \"%.60s\"", text);
    } else if (reader->is_there[field]) {
        fault(reader, reader->field, "column %s stands here twice", text);
    } else {
        reader->is_there[field] = true;
        reader->of_field[reader->field_count++] = (enum said_field)field;
    }
}

static void end_names(struct reader *reader)
{
    for (uint32_t field = 0; field < SAID_FIELDS; field++)
        if (reader->columns[field].must_be_there && !reader->is_there[field])
            fault(reader, WHOLE_RECORD, "column %s is missing", reader->columns[field].name);
    if (!reader->is_there[SAID_KEY] && !reader->is_there[SAID_REFERENCE])
        fault(reader, WHOLE_RECORD, "neither column idem_key nor bank_ref is there");
    reader->header_is_good = reader->fault_count == 0;
}

/* ---- fields ---- */

static bool read_key(const struct reader *reader, const char *text, size_t bytes,
                     struct idem_key *key)
{
    if (reader->file->profile != NULL)
        return profile_read_key(reader->file->profile, text, bytes, key);
    return bytes == 2 * IDEM_KEY_BYTES && hex_read(key->bytes, IDEM_KEY_BYTES, text);
}

static void take_status(struct reader *reader, const char *text)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(statuses[i].word, text) != 0)
            continue;
        reader->said.outcome = statuses[i].outcome;
        return;
    }
    fault(reader, reader->field, "%s \"%.30s\" is not accepted, pending, rejected or returned",
          reader->columns[SAID_STATUS].name, text);
}

static void take_time(struct reader *reader, const char *text)
{
    static const struct value_rule instant = {.kind = VALUE_INSTANT};
    static const struct value_rule number = {
        .kind = VALUE_INTEGER, .least = 0, .most = INT64_MAX / 2};
    char error[VALUE_ERROR_BYTES];
    bool is_book = reader->file->form == RECONCILE_BOOK;
    if (text[0] != 0 && !value_parse(is_book ? &number : &instant, text, &reader->at_us, error))
        fault(reader, reader->field, "%s %s", reader->columns[SAID_AT].name, error);
}

static void take_value(struct reader *reader, enum said_field field, const char *text, size_t bytes)
{
    struct bank_said *said = &reader->said;
    switch (field) {
    case SAID_KEY:
        said->key_text = text;
        said->has_key = read_key(reader, text, bytes, &said->key);
        return;
    case SAID_REFERENCE:
        said->reference = text;
        return;
    case SAID_FROM:
        said->from = text;
        return;
    case SAID_TO:
        said->to = text;
        return;
    case SAID_AMOUNT:
        if (!money_parse(text, bytes, &said->amount_minor))
            fault(reader, reader->field,
                  "amount_minor \"%.30s\" is not an amount: digits only, in minor units", text);
        return;
    case SAID_CURRENCY:
        if (bytes != 3)
            fault(reader, reader->field, "currency \"%.30s\" has not three letters", text);
        said->currency = text;
        return;
    case SAID_STATUS:
        said->state = text;
        take_status(reader, text);
        return;
    case SAID_AT:
        take_time(reader, text);
        return;
    case SAID_FIELDS:
        break;
    }
    CHECK(false);
}

static void take_field(struct reader *reader, const char *text, size_t bytes)
{
    enum said_field field = reader->of_field[reader->field];
    const struct column *column = &reader->columns[field];
    if (bytes >= TEXT_BYTES) {
        fault(reader, reader->field, "%s is longer than %d bytes", column->name, TEXT_BYTES - 1);
    } else if (bytes == 0 && !column->may_be_empty) {
        fault(reader, reader->field, "%s is empty", column->name);
    } else if (bytes > 0 && !text_fits(text, bytes, TEXT_BYTES)) {
        fault(reader, reader->field, "%s has a line break", column->name);
    } else {
        memcpy(reader->texts[field], text, bytes);
        reader->texts[field][bytes] = 0;
        take_value(reader, field, reader->texts[field], bytes);
    }
}

/* ---- records ---- */

static void begin_record(struct reader *reader)
{
    reader->record_is_good = true;
    reader->field = 0;
    reader->at_us = INT64_MIN;
    reader->said = (struct bank_said){.from = "",
                                      .to = "",
                                      .currency = "",
                                      .reference = "",
                                      .key_text = "",
                                      .state = "",
                                      .record = reader->record};
}

static void end_record(struct reader *reader)
{
    struct reconcile_file *file = reader->file;
    if (reader->field != reader->field_count)
        fault(reader, WHOLE_RECORD, "%u fields, but the first line names %u", reader->field,
              reader->field_count);
    else if (reader->record_is_good && reader->said.key_text[0] == 0 &&
             reader->said.reference[0] == 0)
        fault(reader, WHOLE_RECORD, "neither a key nor a reference");
    if (!reader->record_is_good)
        return;
    if (!lines_add(reader->lines, &reader->said)) {
        fault(reader, WHOLE_RECORD, "more lines than fit; reconcile a shorter span of time");
        return;
    }
    if (reader->at_us != INT64_MIN && reader->at_us < file->first_us)
        file->first_us = reader->at_us;
    if (reader->at_us > file->last_us)
        file->last_us = reader->at_us;
}

static void on_field(void *bytes, size_t byte_count, void *context)
{
    struct reader *reader = context;
    if (reader->record == 0)
        take_name(reader, bytes);
    else if (reader->header_is_good && reader->field < reader->field_count)
        take_field(reader, bytes, byte_count);
    reader->field++;
}

static void on_record(int terminator, void *context)
{
    struct reader *reader = context;
    (void)terminator;
    if (reader->record == 0)
        end_names(reader);
    else if (reader->header_is_good)
        end_record(reader);
    reader->record++;
    begin_record(reader);
}

/* ---- the text as a whole ---- */

static void print_at(const struct reconcile_file *file, FILE *errors, size_t at,
                     const char *message)
{
    uint32_t line, column;
    cohort_locate_byte(file->text, at, &line, &column);
    fprintf(errors, "%s:%u:%u: %s\n", file->name, line, column, message);
}

static void print_faults(const struct reader *reader, FILE *errors)
{
    const struct reconcile_file *file = reader->file;
    for (uint64_t i = 0; i < reader->fault_count && i < FAULTS_SHOWN; i++) {
        const struct fault *at = &reader->faults[i];
        bool is_whole = at->field == WHOLE_RECORD;
        struct cohort_place place = {.record = at->record, .field = is_whole ? 0 : at->field};
        cohort_locate(file->text, file->text_bytes, &place, 1);
        fprintf(errors, "%s:%u:%u: %s\n", file->name, place.line, place.column, at->message);
    }
    if (reader->fault_count > FAULTS_SHOWN)
        fprintf(errors, "… and %llu more errors\n",
                (unsigned long long)(reader->fault_count - FAULTS_SHOWN));
}

static bool parse(struct reader *reader, FILE *errors)
{
    const struct reconcile_file *file = reader->file;
    struct csv_parser parser;
    uint32_t line, column;
    cohort_parser_begin(&parser);
    size_t consumed = csv_parse(&parser, file->text, file->text_bytes, on_field, on_record, reader);
    bool is_whole =
        consumed == file->text_bytes && csv_fini(&parser, on_field, on_record, reader) == 0;
    csv_free(&parser);
    print_faults(reader, errors);
    if (consumed < file->text_bytes) {
        print_at(file, errors, consumed,
                 "a quote in the wrong place: quote the whole field, and double quotes within");
    } else if (!is_whole) {
        cohort_locate_last(file->text, file->text_bytes, &line, &column);
        fprintf(errors, "%s:%u:%u: a quoted field that does not end\n", file->name, line, column);
    }
    return is_whole && reader->fault_count == 0;
}

bool reconcile_csv_read(struct reconcile_file *file, struct bank_lines *lines, FILE *errors)
{
    struct reader reader = {
        .file = file,
        .lines = lines,
        .columns = file->form == RECONCILE_BOOK ? book_columns : statement_columns,
    };
    const char *wrong;
    file->first_us = INT64_MAX;
    file->last_us = INT64_MIN;
    if (file->text_bytes >= 3 && memcmp(file->text, "\xEF\xBB\xBF", 3) == 0) {
        file->text += 3; // the mark that some programs put before UTF-8
        file->text_bytes -= 3;
    }
    size_t at = cohort_first_wrong(file->text, file->text_bytes, &wrong);
    if (at < file->text_bytes) {
        print_at(file, errors, at, wrong);
        return false;
    }
    begin_record(&reader);
    if (!parse(&reader, errors))
        return false;
    if (reader.record == 0)
        print_at(file, errors, 0, "the file is empty; its first line names the columns");
    return reader.record > 0;
}
