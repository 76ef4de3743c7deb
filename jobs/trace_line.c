#include "jobs/trace_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/time.h"
#include "jobs/report.h"

#define KEY_SHOWN_BYTES 4 /* enough to tell two transfers of a payday apart */

struct line {
    char *text;
    size_t used;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line->text + line->used, TRACE_LINE_BYTES - line->used, format, arguments);
    va_end(arguments);
    CHECK(n >= 0 && line->used + (size_t)n < TRACE_LINE_BYTES);
    line->used += (size_t)n;
}

/* ---- the columns ----------------------------------------------------------------------------- */

static void say_instant(struct line *line, uint64_t at_ns, uint64_t start_ns)
{
    bool before = at_ns < start_ns; // only in a file that was changed
    uint64_t ns = before ? start_ns - at_ns : at_ns - start_ns;
    say(line, "%s%6" PRIu64 ".%06" PRIu64, before ? "-" : " ", ns / NS_PER_S,
        ns % NS_PER_S / NS_PER_US);
}

static uint64_t natural_or(const struct trace_item *item, enum trace_field field, uint64_t other)
{
    return trace_value(item, field) != NULL ? trace_natural(item, field) : other;
}

static void say_place(struct line *line, const struct trace_item *item,
                      const struct trace_call *call)
{
    char text[48] = "-";
    uint64_t settlement = natural_or(item, TRACE_SETTLEMENT, call != NULL ? call->settlement : 0);
    if (settlement != 0)
        snprintf(text, sizeof text, "%" PRIu32, settlement_position(settlement));
    say(line, " %-8s %7s", item->form->name, text);
    uint64_t step = natural_or(item, TRACE_STEP, call != NULL ? call->step : 0);
    uint64_t generation = natural_or(item, TRACE_GENERATION, call != NULL ? call->generation : 0);
    uint64_t direction = natural_or(item, TRACE_DIRECTION, call != NULL ? call->direction : 0);
    const char *name = trace_value_name(TRACE_STEP, step);
    const char *kind = trace_value_name(TRACE_DIRECTION, direction);
    size_t used = 0;
    text[0] = '\0';
    if (step != 0)
        used = (size_t)snprintf(text, sizeof text, "%s", name != NULL ? name : "?");
    if (generation != 0)
        used += (size_t)snprintf(text + used, sizeof text - used, "/%" PRIu64, generation);
    if (direction != TRANSFER_NORMAL)
        snprintf(text + used, sizeof text - used, " %s", kind != NULL ? kind : "?");
    say(line, "  %-10s", text);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t name_bytes = strlen(name), end_bytes = strlen(end);
    return name_bytes >= end_bytes && strcmp(name + name_bytes - end_bytes, end) == 0;
}

/* Without the unit; the value shows it. */
static void say_name(struct line *line, const char *name)
{
    static const char *const units[] = {"_minor", "_at_us", "_us", "_at_ns", "_ns"};
    size_t bytes = strlen(name);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (ends_with(name, units[i])) {
            bytes -= strlen(units[i]);
            break;
        }
    }
    say(line, " %.*s=", (int)bytes, name);
}

static bool is_column(enum trace_field field)
{
    return field == TRACE_SETTLEMENT || field == TRACE_STEP || field == TRACE_DIRECTION ||
           field == TRACE_GENERATION || field == TRACE_MAGIC;
}

/* Their values speak for themselves. */
static bool is_bare(enum trace_field field)
{
    return field == TRACE_ANSWER || field == TRACE_STATE || field == TRACE_SCOPE ||
           field == TRACE_SOURCE || field == TRACE_STATUS || field == TRACE_END ||
           field == TRACE_WHAT || field == TRACE_OPEN;
}

static void say_natural(struct line *line, enum trace_field field, uint64_t value,
                        uint64_t start_ns)
{
    char text[REPORT_DURATION_BYTES];
    const char *word = trace_value_name(field, value);
    if (word != NULL && is_bare(field)) {
        say(line, " %s", word);
    } else if (word != NULL) {
        say_name(line, trace_field_name(field));
        say(line, "%s", word);
    } else if (value != 0) {
        say_name(line, trace_field_name(field));
        if (field == TRACE_CALL)
            say(line, "%" PRIu32 ".%" PRIu32, slot_unpack(value).index,
                slot_unpack(value).generation);
        else if (field == TRACE_RETRY_AFTER)
            say(line, "%s", report_duration(value, text));
        else if (field == TRACE_ASKED)
            say_instant(line, value, start_ns);
        else
            say(line, "%" PRIu64, value);
    }
}

static void say_integer(struct line *line, enum trace_field field, int64_t value)
{
    char text[MONEY_TEXT_BYTES];
    const char *name = trace_field_name(field);
    if (value == 0)
        return;
    say_name(line, name);
    if (ends_with(name, "_minor"))
        say(line, "%s", money_format(value, text));
    else if (ends_with(name, "_us") && value > 0)
        say(line, "%" PRId64 ".%06" PRId64, value / US_PER_S, value % US_PER_S);
    else
        say(line, "%" PRId64, value);
}

static void say_bytes(struct line *line, enum trace_field field, const uint8_t *bytes)
{
    char hex[2 * KEY_SHOWN_BYTES + 1];
    hex_write(hex, bytes, KEY_SHOWN_BYTES);
    say_name(line, trace_field_name(field));
    say(line, "%s", hex);
}

static void say_text(struct line *line, enum trace_field field, const struct unpack_value *value)
{
    if (value->byte_count == 0)
        return;
    if (is_bare(field))
        say(line, " ");
    else
        say_name(line, trace_field_name(field));
    say(line, "%.*s", (int)value->byte_count, value->text);
}

static void say_field(struct line *line, const struct trace_item *item, enum trace_field field,
                      uint64_t start_ns)
{
    const struct unpack_value *value = trace_value(item, field);
    switch (trace_field_type(field)) {
    case TRACE_TYPE_NATURAL:
        say_natural(line, field, value->natural, start_ns);
        return;
    case TRACE_TYPE_INTEGER:
        say_integer(line, field, trace_integer(item, field));
        return;
    case TRACE_TYPE_BOOL:
        if (value->natural != 0)
            say(line, " %s", trace_field_name(field));
        return;
    case TRACE_TYPE_TEXT:
        say_text(line, field, value);
        return;
    case TRACE_TYPE_KEY:
    case TRACE_TYPE_DIGEST:
        say_bytes(line, field, value->bytes);
        return;
    }
}

const char *trace_line(const struct trace_item *item, uint64_t start_ns,
                       const struct trace_call *call, char text[TRACE_LINE_BYTES])
{
    struct line line = {.text = text};
    char duration[REPORT_DURATION_BYTES];
    say_instant(&line, item->at_ns, start_ns);
    say_place(&line, item, call);
    if (item->form->kind == TRACE_KIND_REPLY && call != NULL) {
        uint64_t latency_ns = item->at_ns > call->at_ns ? item->at_ns - call->at_ns : 0;
        say(&line, " to %s after %s:", call->form->name, report_duration(latency_ns, duration));
    }
    for (const enum trace_field *field = item->form->fields; *field != TRACE_NOTHING; field++) {
        if (!is_column(*field))
            say_field(&line, item, *field, start_ns);
    }
    while (text[line.used - 1] == ' ')
        text[--line.used] = '\0';
    return text;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *natural_text(uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *hex_json(const uint8_t *bytes, size_t byte_count)
{
    char hex[2 * DIGEST_BYTES + 1];
    hex_write(hex, bytes, byte_count);
    return json_string(hex);
}

static json_t *natural_json(enum trace_field field, uint64_t value)
{
    const char *word = trace_value_name(field, value);
    if (word != NULL)
        return json_string(word);
    if (field == TRACE_SETTLEMENT || field == TRACE_CALL || field == TRACE_SEED ||
        value > INT64_MAX)
        return natural_text(value);
    return json_integer((json_int_t)value);
}

static json_t *field_json(const struct trace_item *item, enum trace_field field)
{
    const struct unpack_value *value = trace_value(item, field);
    switch (trace_field_type(field)) {
    case TRACE_TYPE_NATURAL:
        return natural_json(field, value->natural);
    case TRACE_TYPE_INTEGER:
        if (ends_with(trace_field_name(field), "_minor"))
            return report_json_money(trace_integer(item, field));
        return json_integer(trace_integer(item, field));
    case TRACE_TYPE_BOOL:
        return json_boolean(value->natural != 0);
    case TRACE_TYPE_TEXT:
        return json_stringn(value->text, value->byte_count);
    case TRACE_TYPE_KEY:
    case TRACE_TYPE_DIGEST:
        return hex_json(value->bytes, value->byte_count);
    }
    return json_null();
}

static void add_call(json_t *object, const struct trace_item *item, const struct trace_call *call)
{
    json_object_set_new(object, "settlement", natural_text(call->settlement));
    json_object_set_new(object, "of", json_string(call->form->name));
    if (call->form->kind != TRACE_KIND_POLL) {
        json_object_set_new(object, "step", natural_json(TRACE_STEP, call->step));
        json_object_set_new(object, "kind", natural_json(TRACE_DIRECTION, call->direction));
        json_object_set_new(object, "generation", natural_json(TRACE_GENERATION, call->generation));
    }
    if (item->form->kind == TRACE_KIND_REPLY)
        json_object_set_new(object, "latency_ns",
                            json_integer((json_int_t)(item->at_ns - call->at_ns)));
}

json_t *trace_line_json(const struct trace_item *item, uint64_t start_ns,
                        const struct trace_call *call)
{
    json_t *object = json_object();
    json_object_set_new(object, "since_start_ns",
                        json_integer((json_int_t)(item->at_ns - start_ns)));
    json_object_set_new(object, "item", json_string(item->form->name));
    for (const enum trace_field *field = item->form->fields; *field != TRACE_NOTHING; field++)
        json_object_set_new(object, trace_field_name(*field), field_json(item, *field));
    if (call != NULL && call->form != item->form)
        add_call(object, item, call);
    return object;
}
