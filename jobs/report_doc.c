/* report: documents for programs. */
#include <stdlib.h>
#include <string.h>

#include "jobs/db.h"
#include "jobs/report.h"

/* Types of Postgres, of its catalog pg_type. */
enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23, TYPE_TIMESTAMPTZ = 1184 };

struct report_doc {
    enum report_form form;
    FILE *out;
    json_t *head; /* JSON: with the lists */
    bool is_begun;
};

struct report_doc *report_doc_open(enum report_form form, const char *type, FILE *out)
{
    struct report_doc *doc = calloc(1, sizeof *doc);
    CHECK(doc != NULL && form != REPORT_TABLE);
    *doc = (struct report_doc){.form = form, .out = out, .head = json_object()};
    if (form == REPORT_JSONL)
        report_doc_set(doc, "type", json_string(type));
    report_doc_set(doc, "schema_version", json_integer(REPORT_SCHEMA_VERSION));
    return doc;
}

void report_doc_set(struct report_doc *doc, const char *name, json_t *value)
{
    CHECK(value != NULL && !doc->is_begun);
    json_object_set_new(doc->head, name, value);
}

void report_doc_list(struct report_doc *doc, const char *list)
{
    if (doc->form == REPORT_JSON)
        report_doc_set(doc, list, json_array());
}

static void print_line(struct report_doc *doc, const json_t *object)
{
    json_dumpf(object, doc->out, JSON_COMPACT);
    putc('\n', doc->out);
}

static void begin_rows(struct report_doc *doc)
{
    if (!doc->is_begun && doc->form == REPORT_JSONL)
        print_line(doc, doc->head);
    doc->is_begun = true;
}

void report_doc_row(struct report_doc *doc, const char *list, const char *type, json_t *row)
{
    CHECK(row != NULL);
    begin_rows(doc);
    if (doc->form == REPORT_JSON) {
        json_t *rows = json_object_get(doc->head, list);
        CHECK(rows != NULL); // a list is announced before the first row
        json_array_append_new(rows, row);
        return;
    }
    json_t *line = json_pack("{s:s}", "type", type);
    json_object_update(line, row);
    print_line(doc, line);
    json_decref(line);
    json_decref(row);
}

void report_doc_close(struct report_doc *doc)
{
    begin_rows(doc);
    if (doc->form == REPORT_JSON) {
        json_dumpf(doc->head, doc->out, JSON_INDENT(2));
        putc('\n', doc->out);
    }
    json_decref(doc->head);
    free(doc);
}

static bool ends_in(const char *name, const char *end)
{
    size_t bytes = strlen(name), end_bytes = strlen(end);
    return bytes >= end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

static json_t *value_json(const PGresult *result, int row, int column)
{
    char time[REPORT_TIME_BYTES];
    const char *name = PQfname(result, column);
    if (PQgetisnull(result, row, column))
        return json_null();
    switch (PQftype(result, column)) {
    case TYPE_BOOL:
        return json_boolean(PQgetvalue(result, row, column)[0] == 't');
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
        if (ends_in(name, "_id") || ends_in(name, "_minor"))
            return json_string(PQgetvalue(result, row, column));
        return json_integer(db_int(result, row, column));
    case TYPE_TIMESTAMPTZ:
        return json_string(report_time(PQgetvalue(result, row, column), time));
    default:
        return json_string(db_text(result, row, column));
    }
}

json_t *report_json_row(const PGresult *result, int row)
{
    json_t *object = json_object();
    for (int column = 0; column < PQnfields(result); column++)
        json_object_set_new(object, PQfname(result, column), value_json(result, row, column));
    return object;
}

void report_doc_rows(struct report_doc *doc, const char *list, const char *type,
                     const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++)
        report_doc_row(doc, list, type, report_json_row(result, row));
}

json_t *report_json_money(int64_t amount_minor)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)amount_minor);
    return json_string(text);
}

void report_json_print(json_t *document)
{
    CHECK(document != NULL);
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}
