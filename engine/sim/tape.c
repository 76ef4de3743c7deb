#include "sim/tape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define FIELDS_MAX 10
#define LINE_BYTES_MAX 512

struct line {
    const char *what;
    uint32_t count;
    const char *names[FIELDS_MAX];
    uint64_t values[FIELDS_MAX];
};

void tape_init(struct tape *tape, bool keep_text)
{
    *tape = (struct tape){.hash = UINT64_C(0xcbf29ce484222325), .keep_text = keep_text};
}

void tape_deinit(struct tape *tape)
{
    free(tape->text);
    tape->text = NULL;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t mix_bytes(const void *bytes, size_t byte_count)
{
    const uint8_t *at = bytes;
    uint64_t hash = byte_count;
    for (size_t i = 0; i < byte_count; i++)
        hash = mix(hash, at[i]);
    return hash;
}

static uint64_t mix_text(const char *text)
{
    return mix_bytes(text, strlen(text));
}

static void add(struct line *line, const char *name, uint64_t value)
{
    CHECK(line->count < FIELDS_MAX);
    line->names[line->count] = name;
    line->values[line->count++] = value;
}

static void keep(struct tape *tape, uint64_t now_ns, const struct line *line)
{
    if (tape->used + LINE_BYTES_MAX > TAPE_TEXT_MAX) {
        tape->keep_text = false;
        return;
    }
    if (tape->used + LINE_BYTES_MAX > tape->capacity) {
        tape->capacity = tape->capacity == 0 ? 1U << 16 : 2 * tape->capacity;
        tape->text = realloc(tape->text, tape->capacity);
        CHECK(tape->text != NULL);
    }
    char *out = tape->text + tape->used;
    int n = snprintf(out, LINE_BYTES_MAX, "%" PRIu64 " %s", now_ns, line->what);
    for (uint32_t i = 0; i < line->count; i++)
        n += snprintf(out + n, LINE_BYTES_MAX - (size_t)n, " %s=%" PRIu64, line->names[i],
                      line->values[i]);
    n += snprintf(out + n, LINE_BYTES_MAX - (size_t)n, "\n");
    CHECK(n < LINE_BYTES_MAX);
    tape->used += (size_t)n;
}

static void write_line(struct tape *tape, uint64_t now_ns, const struct line *line)
{
    tape->hash = mix(tape->hash, now_ns);
    tape->hash = mix(tape->hash, mix_bytes(line->what, strlen(line->what)));
    for (uint32_t i = 0; i < line->count; i++)
        tape->hash = mix(tape->hash, line->values[i]);
    tape->line_count++;
    if (tape->keep_text)
        keep(tape, now_ns, line);
}

void tape_note(struct tape *tape, uint64_t now_ns, const char *what, uint64_t value)
{
    struct line line = {.what = what};
    add(&line, "value", value);
    write_line(tape, now_ns, &line);
}

static void add_reply(struct line *line, const struct bank_reply *reply)
{
    line->what = "reply";
    add(line, "call", slot_pack(reply->call));
    add(line, "answer", reply->answer);
    add(line, "http", reply->http_status);
    add(line, "throttled", reply->throttled);
    add(line, "balance", (uint64_t)reply->balance_minor);
    add(line, "retry_after", reply->retry_after_ns);
    add(line, "code", mix_text(reply->text->code));
    add(line, "ref", mix_text(reply->text->bank_ref));
}

static uint64_t mix_row(uint64_t hash, const struct load_row *row)
{
    hash = mix(hash, row->settlement_id);
    hash = mix(hash, (uint64_t)row->state << 16 | row->step_done);
    hash = mix(hash, row->outcome_seq);
    hash = mix(hash, (uint64_t)row->deposit_minor);
    hash = mix(hash, (uint64_t)row->seen_minor);
    hash = mix(hash, (uint64_t)row->transfer.step << 16 | row->transfer.state);
    hash = mix(hash, (uint64_t)row->transfer.generation << 16 | row->transfer.attempts);
    return mix(hash, (uint64_t)row->transfer.send_before_us);
}

static void add_loaded(struct line *line, const struct store_loaded *loaded)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < loaded->row_count; i++)
        rows = mix_row(rows, &loaded->rows[i]);
    line->what = "loaded";
    add(line, "scope", loaded->scope);
    add(line, "status", loaded->status);
    add(line, "at_end", loaded->at_end);
    add(line, "count", loaded->row_count);
    add(line, "rows", rows);
}

void tape_event(struct tape *tape, uint64_t now_ns, const struct event *event)
{
    struct line line = {0};
    switch (event->kind) {
    case EVENT_BANK_REPLY:
        add_reply(&line, &event->bank_reply);
        break;
    case EVENT_STORE_LOADED:
        add_loaded(&line, &event->store_loaded);
        add(&line, "db_us", (uint64_t)event->time.db_now_us);
        break;
    case EVENT_STORE_WRITTEN:
        line.what = "written";
        add(&line, "chunk", event->store_written.number);
        add(&line, "status", event->store_written.status);
        add(&line, "db_us", (uint64_t)event->time.db_now_us);
        break;
    case EVENT_STORE_ALIVE:
        line.what = "alive";
        add(&line, "db_us", (uint64_t)event->time.db_now_us);
        break;
    case EVENT_STORE_GONE:
        line.what = "gone";
        add(&line, "status", event->store_gone);
        break;
    case EVENT_STOP:
        line.what = "stop";
        break;
    }
    write_line(tape, now_ns, &line);
}

static uint64_t first_bytes(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void add_call(struct line *line, const struct bank_call *call)
{
    line->what = "call";
    add(line, "call", slot_pack(call->call));
    add(line, "kind", call->call_kind);
    add(line, "account", mix_text(call->parties->virtual_account));
    if (call->order == NULL)
        return;
    add(line, "settlement", call->order->settlement_id);
    add(line, "step", call->order->step);
    add(line, "generation", call->order->generation);
    add(line, "amount", (uint64_t)call->order->amount_minor);
    add(line, "key", first_bytes(call->order->key.bytes));
}

void tape_command(struct tape *tape, uint64_t now_ns, const struct command *command)
{
    struct line line = {0};
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        add_call(&line, &command->bank_call);
        break;
    case COMMAND_BANK_CANCEL:
        line.what = "cancel";
        add(&line, "call", slot_pack(command->bank_cancel));
        break;
    case COMMAND_STORE_LOAD:
        line.what = "load";
        add(&line, "scope", command->store_load.scope);
        add(&line, "after", command->store_load.after_position);
        add(&line, "most", command->store_load.row_max);
        add(&line, "listed", command->store_load.position_count);
        break;
    case COMMAND_STORE_CHUNK:
        line.what = "chunk";
        add(&line, "number", command->store_chunk->number);
        add(&line, "epoch", command->store_chunk->epoch);
        add(&line, "records", command->store_chunk->record_count);
        add(&line, "hash", first_bytes(command->store_chunk->hash.bytes));
        break;
    }
    write_line(tape, now_ns, &line);
}

static size_t line_bytes(const struct tape *tape, size_t at)
{
    const char *end = memchr(tape->text + at, '\n', tape->used - at);
    return end == NULL ? tape->used - at : (size_t)(end - (tape->text + at)) + 1;
}

uint64_t tape_first_difference(const struct tape *a, const struct tape *b, const char **a_line,
                               const char **b_line)
{
    size_t at = 0;
    for (uint64_t number = 1; at < a->used || at < b->used; number++) {
        *a_line = at < a->used ? a->text + at : "(the end)\n";
        *b_line = at < b->used ? b->text + at : "(the end)\n";
        if (at >= a->used || at >= b->used)
            return number;
        size_t a_bytes = line_bytes(a, at), b_bytes = line_bytes(b, at);
        if (a_bytes != b_bytes || memcmp(*a_line, *b_line, a_bytes) != 0)
            return number;
        at += a_bytes;
    }
    return 0;
}
