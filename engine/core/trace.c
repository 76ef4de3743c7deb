#include "core/trace.h"

#include <string.h>

#include "base/pack.h"

/* ---- the format as tables -------------------------------------------------------------------- */

enum words {
    WORDS_NONE,
    WORDS_SOURCE,
    WORDS_STEP,
    WORDS_DIRECTION,
    WORDS_ANSWER,
    WORDS_STATE,
    WORDS_LEDGER,
    WORDS_SCOPE,
    WORDS_OPEN,
    WORDS_PLACE,
    WORDS_REQUEST,
    WORDS_DECISION,
};

static const struct {
    const char *name;
    enum trace_type type;
    enum words words;
} fields[TRACE_FIELD_COUNT] = {
#define X(field, name, type, words) [TRACE_##field] = {name, TRACE_TYPE_##type, WORDS_##words},
    TRACE_FIELDS(X)
#undef X
};

static const struct trace_form forms[] = {
#define X(kind, number, name, ...) [number] = {TRACE_KIND_##kind, name, {__VA_ARGS__}},
    TRACE_KINDS(X)
#undef X
};

/* Numbers that only this program's headers fix are part of the format, too. */
_Static_assert(ANSWER_CHANGED == 8 && LOAD_REQUESTED == 3 && LOAD_STATE_BLOCKED == 1,
               "with other numbers this is another TRACE_FORMAT_VERSION");

/* clang-format off */
static const char *const source_words[] = {"run", "simulation"};
static const char *const step_words[] = {
    [STEP_DEPOSIT] = "deposit", [STEP_COLLECT] = "collect", [STEP_HOLD] = "hold",
    [STEP_PAYOUT] = "payout", [STEP_CLOSING] = "closing"};
static const char *const direction_words[] = {
    [TRANSFER_NORMAL] = "normal", [TRANSFER_UNDO] = "undo", [KIND_REVERSAL] = "reversal"};
static const char *const answer_words[] = {
    [ANSWER_IN_DOUBT] = "in_doubt", [ANSWER_BALANCE] = "balance", [ANSWER_ACCEPTED] = "accepted",
    [ANSWER_PENDING] = "pending", [ANSWER_REJECTED_LATER] = "rejected_later",
    [ANSWER_REJECTED_PERSON] = "rejected_person", [ANSWER_NOT_FOUND] = "not_found",
    [ANSWER_NOT_DONE] = "not_done", [ANSWER_CHANGED] = "changed"};
static const char *const state_words[] = {
    [OUTCOME_ACCEPTED] = "accepted", [OUTCOME_PENDING] = "pending",
    [OUTCOME_REJECTED_LATER] = "rejected_later",
    [OUTCOME_REJECTED_PERSON] = "rejected_person",
    [OUTCOME_REVERSED] = "reversed",
    [OUTCOME_POSTED] = "posted",
    [OUTCOME_SKIPPED] = "skipped", [OUTCOME_DEPOSITED] = "deposited", [OUTCOME_SHORT] = "short",
    [OUTCOME_PARKED] = "parked", [OUTCOME_SETTLED] = "settled", [OUTCOME_BY_HAND] = "by_hand",
    [OUTCOME_COMPENSATED] = "compensated", [OUTCOME_RETURNED] = "returned",
    [OUTCOME_SUPERSEDED] = "superseded", [OUTCOME_WRITTEN_OFF] = "written_off",
    [OUTCOME_COMPENSATING] = "compensating", [OUTCOME_RELEASED] = "released",
    [OUTCOME_RAISED] = "raised"};
static const char *const ledger_words[] = {
    [LEDGER_VIRTUAL] = "virtual", [LEDGER_PAYABLE] = "payable",
    [LEDGER_COLLECTION] = "collection", [LEDGER_RECEIVABLE] = "receivable",
    [LEDGER_HELD] = "held", [LEDGER_SUSPENSE] = "suspense", [LEDGER_FEE] = "fee",
    [LEDGER_RESIDUE] = "residue"};
static const char *const scope_words[] = {
    [LOAD_UNDER_WAY] = "under_way", [LOAD_FRESH] = "fresh", [LOAD_AGAIN] = "again",
    [LOAD_REQUESTED] = "requested"};
static const char *const open_words[] = {
    [LOAD_STATE_OPEN] = "open", [LOAD_STATE_BLOCKED] = "blocked"};
static const char *const place_words[] = {
    [LOAD_PLACE_FRESH] = "fresh", [LOAD_PLACE_UNDER_WAY] = "under_way",
    [LOAD_PLACE_PARKED] = "parked", [LOAD_PLACE_ENDED] = "ended"};
static const char *const request_words[] = {
    [REQUEST_PAID] = "paid", [REQUEST_PAID_BY_HAND] = "paid_by_hand",
    [REQUEST_NOT_PAID] = "not_paid", [REQUEST_PARK] = "park", [REQUEST_RELEASE] = "release",
    [REQUEST_AMEND] = "amend", [REQUEST_WRITE_OFF] = "write_off", [REQUEST_RATE] = "rate",
    [REQUEST_SUPERSEDE] = "supersede", [REQUEST_RETURN] = "return", [REQUEST_RAISE] = "raise"};
static const char *const decision_words[] = {
    [DECISION_DONE] = "done", [DECISION_REFUSED] = "refused", [DECISION_BUSY] = "busy",
    [DECISION_STALE] = "stale"};
/* clang-format on */

static const struct {
    const char *const *names;
    uint32_t count;
} words[] = {
#define WORDS(of)                                                                                  \
    {                                                                                              \
        (of), sizeof(of) / sizeof((of)[0])                                                         \
    }
    [WORDS_NONE] = {NULL, 0},
    [WORDS_SOURCE] = WORDS(source_words),
    [WORDS_STEP] = WORDS(step_words),
    [WORDS_DIRECTION] = WORDS(direction_words),
    [WORDS_ANSWER] = WORDS(answer_words),
    [WORDS_STATE] = WORDS(state_words),
    [WORDS_LEDGER] = WORDS(ledger_words),
    [WORDS_SCOPE] = WORDS(scope_words),
    [WORDS_OPEN] = WORDS(open_words),
    [WORDS_PLACE] = WORDS(place_words),
    [WORDS_REQUEST] = WORDS(request_words),
    [WORDS_DECISION] = WORDS(decision_words),
#undef WORDS
};

const struct trace_form *trace_form(uint64_t kind)
{
    return kind < TRACE_KIND_END && forms[kind].name != NULL ? &forms[kind] : NULL;
}

const char *trace_field_name(enum trace_field field)
{
    CHECK(field > TRACE_NOTHING && field < TRACE_FIELD_COUNT);
    return fields[field].name;
}

enum trace_type trace_field_type(enum trace_field field)
{
    CHECK(field > TRACE_NOTHING && field < TRACE_FIELD_COUNT);
    return fields[field].type;
}

const char *trace_value_name(enum trace_field field, uint64_t value)
{
    CHECK(field > TRACE_NOTHING && field < TRACE_FIELD_COUNT);
    enum words which = fields[field].words;
    return value < words[which].count ? words[which].names[value] : NULL;
}

/* ---- one item -------------------------------------------------------------------------------- */

/* Every put is checked against the table: the table is the format. */
struct item {
    struct pack pack;
    const enum trace_field *next;
    uint8_t bytes[TRACE_ITEM_BYTES_MAX];
};

static void begin(struct item *item, enum trace_kind kind, uint64_t at_ns)
{
    const struct trace_form *form = trace_form(kind);
    CHECK(form != NULL);
    uint32_t count = 0;
    while (form->fields[count] != TRACE_NOTHING)
        count++;
    item->next = form->fields;
    item->pack = pack_into(item->bytes, sizeof(item->bytes));
    pack_array(&item->pack, count + 2);
    pack_uint(&item->pack, kind);
    pack_uint(&item->pack, at_ns);
}

static void end(struct item *item, const struct trace_sink *sink)
{
    CHECK(*item->next == TRACE_NOTHING);
    sink->take(sink->context, item->bytes, (size_t)(item->pack.at - item->bytes));
}

static void take_next(struct item *item, enum trace_field field, enum trace_type type)
{
    CHECK(*item->next == field && fields[field].type == type);
    item->next++;
}

static void put(struct item *item, enum trace_field field, uint64_t value)
{
    take_next(item, field, TRACE_TYPE_NATURAL);
    pack_uint(&item->pack, value);
}

static void put_integer(struct item *item, enum trace_field field, int64_t value)
{
    take_next(item, field, TRACE_TYPE_INTEGER);
    pack_int(&item->pack, value);
}

static void put_bool(struct item *item, enum trace_field field, bool value)
{
    take_next(item, field, TRACE_TYPE_BOOL);
    pack_bool(&item->pack, value);
}

static void put_text(struct item *item, enum trace_field field, const char *text)
{
    take_next(item, field, TRACE_TYPE_TEXT);
    size_t bytes = strlen(text);
    CHECK(bytes <= TRACE_TEXT_MAX);
    pack_text(&item->pack, text, bytes);
}

static void put_key(struct item *item, const struct idem_key *key)
{
    take_next(item, TRACE_KEY, TRACE_TYPE_KEY);
    pack_bytes(&item->pack, key->bytes, sizeof(key->bytes));
}

/* ---- header, notes --------------------------------------------------------------------------- */

void trace_header(const struct trace_sink *sink, uint64_t at_ns, const struct trace_header *header)
{
    struct item item;
    begin(&item, TRACE_KIND_HEADER, at_ns);
    put_text(&item, TRACE_MAGIC, TRACE_MAGIC_TEXT);
    put(&item, TRACE_VERSION, TRACE_FORMAT_VERSION);
    put_text(&item, TRACE_PROGRAM, header->program);
    put(&item, TRACE_SOURCE, header->source);
    put_integer(&item, TRACE_STARTED, header->started_us);
    put(&item, TRACE_SEED, header->seed);
    end(&item, sink);
}

void trace_claim(const struct trace_sink *sink, uint64_t at_ns, const struct settle_start *start)
{
    struct item item;
    begin(&item, TRACE_KIND_CLAIM, at_ns);
    put(&item, TRACE_BATCH, start->batch_id);
    put(&item, TRACE_PARTITION, start->partition);
    put(&item, TRACE_EPOCH, start->epoch);
    put(&item, TRACE_CHUNK, start->chunk);
    put(&item, TRACE_ACCOUNTS, start->accounts);
    end(&item, sink);
}

static const char *end_name(enum settle_end ended)
{
    switch (ended) {
    case SETTLE_END_NONE:
        return "none";
    case SETTLE_END_COMPLETE:
        return "complete";
    case SETTLE_END_DEADLINE:
        return "deadline";
    case SETTLE_END_DOUBT:
        return "doubt";
    case SETTLE_END_STOPPED:
        return "stopped";
    case SETTLE_END_GONE:
        return "gone";
    case SETTLE_END_FATAL:
        return "fatal";
    }
    return "unknown"; // uncovered: each has its name
}

void trace_end(const struct trace_sink *sink, uint64_t at_ns, enum settle_end ended,
               enum status fatal)
{
    struct item item;
    begin(&item, TRACE_KIND_END_OF_RUN, at_ns);
    put_text(&item, TRACE_END, end_name(ended));
    put_text(&item, TRACE_STATUS, status_name(fatal));
    end(&item, sink);
}

void trace_note(const struct trace_sink *sink, uint64_t at_ns, const char *what, uint64_t value)
{
    struct item item;
    begin(&item, TRACE_KIND_NOTE, at_ns);
    put_text(&item, TRACE_WHAT, what);
    put(&item, TRACE_VALUE, value);
    end(&item, sink);
}

void trace_dropped(const struct trace_sink *sink, uint64_t at_ns, uint64_t count)
{
    struct item item;
    begin(&item, TRACE_KIND_DROPPED, at_ns);
    put(&item, TRACE_COUNT, count);
    end(&item, sink);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void write_reply(const struct trace_sink *sink, uint64_t at_ns,
                        const struct bank_reply *reply)
{
    struct item item;
    begin(&item, TRACE_KIND_REPLY, at_ns);
    put(&item, TRACE_CALL, slot_pack(reply->call));
    put(&item, TRACE_ANSWER, reply->answer);
    put_bool(&item, TRACE_THROTTLED, reply->throttled);
    put(&item, TRACE_HTTP, reply->http_status);
    put_integer(&item, TRACE_BALANCE, reply->answer == ANSWER_BALANCE ? reply->balance_minor : 0);
    put_integer(&item, TRACE_FEE, reply->answer == ANSWER_ACCEPTED ? reply->fee_minor : 0);
    put(&item, TRACE_RETRY_AFTER, reply->retry_after_ns);
    put_text(&item, TRACE_CODE, reply->text->code);
    put_text(&item, TRACE_BANK_REF, reply->text->bank_ref);
    end(&item, sink);
}

static void write_row(const struct trace_sink *sink, uint64_t at_ns, const struct load_row *row)
{
    struct item item;
    const struct load_transfer *transfer = &row->transfer;
    begin(&item, TRACE_KIND_ROW, at_ns);
    put(&item, TRACE_SETTLEMENT, row->settlement_id);
    put(&item, TRACE_BANK, row->bank);
    put(&item, TRACE_OPEN, row->state);
    put(&item, TRACE_STEPS_DONE, row->done_steps);
    put(&item, TRACE_SEQ, row->outcome_seq);
    put_integer(&item, TRACE_REPAYMENT, row->repayment_minor);
    put_integer(&item, TRACE_HOLD, row->hold_minor);
    put_integer(&item, TRACE_EXPECTED, row->expected_minor);
    put_integer(&item, TRACE_EXPECT_AT, row->expect_at_us);
    put_integer(&item, TRACE_OPENING, row->opening_minor);
    put_integer(&item, TRACE_FLOOR_HELD, row->floor_held_minor);
    put_integer(&item, TRACE_FLOOR_PAYABLE, row->floor_payable_minor);
    put_integer(&item, TRACE_FLOOR_RESIDUE, row->floor_residue_minor);
    put_integer(&item, TRACE_FLOOR_RECEIVED, row->floor_received_minor);
    put_integer(&item, TRACE_DEPOSIT, row->deposit_minor);
    put_integer(&item, TRACE_SEEN, row->seen_minor);
    put(&item, TRACE_STEP, transfer->step);
    put(&item, TRACE_DIRECTION, transfer->kind);
    put(&item, TRACE_STATE, transfer->state);
    put(&item, TRACE_GENERATION, transfer->generation);
    put(&item, TRACE_ATTEMPTS, transfer->attempts);
    put_integer(&item, TRACE_AMOUNT, transfer->amount_minor);
    put_integer(&item, TRACE_INTENDED, transfer->intended_at_us);
    put_integer(&item, TRACE_SEND_BEFORE, transfer->send_before_us);
    put_integer(&item, TRACE_DECIDED, transfer->decided_at_us);
    end(&item, sink);
}

static void write_request(const struct trace_sink *sink, uint64_t at_ns, const struct load_row *row)
{
    struct item item;
    const struct load_request *request = &row->request;
    begin(&item, TRACE_KIND_REQUEST, at_ns);
    put(&item, TRACE_SETTLEMENT, row->settlement_id);
    put(&item, TRACE_STEP, request->step);
    put(&item, TRACE_DIRECTION, request->transfer_kind);
    put(&item, TRACE_GENERATION, request->generation);
    put(&item, TRACE_ATTEMPTS, request->attempts);
    put(&item, TRACE_REQUEST_ID, request->id);
    put(&item, TRACE_REQUEST_KIND, request->kind);
    put(&item, TRACE_PLACE, row->place);
    put_integer(&item, TRACE_AMOUNT, request->amount_minor);
    put_integer(&item, TRACE_RESIDUE, request->residue_minor);
    put_integer(&item, TRACE_MAPPING, request->mapping_id);
    end(&item, sink);
}

static void put_time(struct item *item, const struct store_time *time)
{
    put_integer(item, TRACE_DB_NOW, time->db_now_us);
    put(item, TRACE_ASKED, time->asked_at_ns);
}

static void write_loaded(const struct trace_sink *sink, uint64_t at_ns, const struct event *event)
{
    struct item item;
    const struct store_loaded *loaded = &event->store_loaded;
    begin(&item, TRACE_KIND_LOADED, at_ns);
    put(&item, TRACE_SCOPE, loaded->scope);
    put_text(&item, TRACE_STATUS, status_name(loaded->status));
    put_bool(&item, TRACE_AT_END, loaded->at_end);
    put(&item, TRACE_COUNT, loaded->row_count);
    put_time(&item, &event->time);
    end(&item, sink);
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        write_row(sink, at_ns, &loaded->rows[i]);
        if (loaded->scope == LOAD_REQUESTED)
            write_request(sink, at_ns, &loaded->rows[i]);
    }
}

void trace_event(const struct trace_sink *sink, uint64_t at_ns, const struct event *event)
{
    struct item item;
    switch (event->kind) {
    case EVENT_BANK_REPLY:
        write_reply(sink, at_ns, &event->bank_reply);
        return;
    case EVENT_STORE_LOADED:
        write_loaded(sink, at_ns, event);
        return;
    case EVENT_STORE_WRITTEN:
        begin(&item, TRACE_KIND_WRITTEN, at_ns);
        put(&item, TRACE_CHUNK, event->store_written.number);
        put_text(&item, TRACE_STATUS, status_name(event->store_written.status));
        put_time(&item, &event->time);
        break;
    case EVENT_STORE_ALIVE:
        begin(&item, TRACE_KIND_ALIVE, at_ns);
        put_time(&item, &event->time);
        break;
    case EVENT_STORE_GONE:
        begin(&item, TRACE_KIND_GONE, at_ns);
        put_text(&item, TRACE_STATUS, status_name(event->store_gone));
        break;
    case EVENT_REQUESTED:
        begin(&item, TRACE_KIND_REQUESTED, at_ns);
        break;
    case EVENT_STOP:
        begin(&item, TRACE_KIND_STOP, at_ns);
        break;
    }
    end(&item, sink);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void write_call(const struct trace_sink *sink, uint64_t at_ns, const struct bank_call *call)
{
    static const enum trace_kind kinds[] = {[CALL_BALANCE] = TRACE_KIND_POLL,
                                            [CALL_TRANSFER] = TRACE_KIND_TRANSFER,
                                            [CALL_INQUIRY] = TRACE_KIND_INQUIRY};
    struct item item;
    const struct transfer_order *order = call->order;
    begin(&item, kinds[call->call_kind], at_ns);
    put(&item, TRACE_CALL, slot_pack(call->call));
    put(&item, TRACE_BANK, call->bank);
    put(&item, TRACE_SETTLEMENT, call->settlement_id);
    if (call->call_kind != CALL_BALANCE) {
        put(&item, TRACE_STEP, order->step);
        put(&item, TRACE_DIRECTION, order->kind);
        put(&item, TRACE_GENERATION, order->generation);
        put_integer(&item, TRACE_AMOUNT, order->amount_minor);
        put_key(&item, &order->key);
        put_bool(&item, TRACE_BOUND, call->body_digest != NULL);
    }
    end(&item, sink);
}

static void begin_record(struct item *item, enum trace_kind kind, uint64_t at_ns,
                         const struct record *record)
{
    begin(item, kind, at_ns);
    put(item, TRACE_SETTLEMENT, record->settlement_id);
    put(item, TRACE_STEP, record->step);
    put(item, TRACE_DIRECTION, record->kind);
    put(item, TRACE_GENERATION, record->generation);
}

static void put_outcome(struct item *item, const struct record *record)
{
    put(item, TRACE_SEQ, record->outcome.seq);
    put(item, TRACE_STATE, record->outcome.state);
    put_integer(item, TRACE_AMOUNT, record->outcome.amount_minor);
    put_integer(item, TRACE_AVAILABLE, record->outcome.available_minor);
    put_integer(item, TRACE_HELD, record->outcome.held_minor);
    put_integer(item, TRACE_RESIDUE, record->outcome.residue_minor);
    put_integer(item, TRACE_RECORDED, record->outcome.at_us);
    put_text(item, TRACE_CODE, record->outcome.text.code);
    put_text(item, TRACE_BANK_REF, record->outcome.text.bank_ref);
}

static void put_intent(struct item *item, const struct record *record)
{
    put(item, TRACE_BANK, record->bank);
    put_integer(item, TRACE_AMOUNT, record->intent.amount_minor);
    put_key(item, &record->intent.key);
    put_integer(item, TRACE_MAPPING, record->intent.mapping_id);
    put_integer(item, TRACE_INTENDED, record->intent.intended_at_us);
    put_integer(item, TRACE_SEND_BEFORE, record->intent.send_before_us);
}

static void write_record(const struct trace_sink *sink, uint64_t at_ns, const struct record *record)
{
    struct item item;
    switch ((enum record_kind)record->record_kind) {
    case RECORD_INTENT:
        begin_record(&item, TRACE_KIND_INTENT, at_ns, record);
        put_intent(&item, record);
        break;
    case RECORD_ATTEMPT:
        begin_record(&item, TRACE_KIND_ATTEMPT, at_ns, record);
        put(&item, TRACE_NUMBER, record->attempt.number);
        put_integer(&item, TRACE_RECORDED, record->attempt.at_us);
        put_integer(&item, TRACE_SEND_BEFORE, record->attempt.send_before_us);
        break;
    case RECORD_OUTCOME:
        begin_record(&item, TRACE_KIND_OUTCOME, at_ns, record);
        put_outcome(&item, record);
        break;
    case RECORD_ENTRY:
        begin_record(&item, TRACE_KIND_ENTRY, at_ns, record);
        put(&item, TRACE_LINE, record->entry.line);
        put(&item, TRACE_DEBIT, record->entry.debit);
        put(&item, TRACE_CREDIT, record->entry.credit);
        put_integer(&item, TRACE_AMOUNT, record->entry.amount_minor);
        break;
    case RECORD_DECISION:
        begin_record(&item, TRACE_KIND_DECISION, at_ns, record);
        put(&item, TRACE_REQUEST_ID, record->decision.request_id);
        put(&item, TRACE_REQUEST_KIND, record->decision.request_kind);
        put(&item, TRACE_DECISION, record->decision.state);
        put_integer(&item, TRACE_AMOUNT, record->decision.amount_minor);
        put_integer(&item, TRACE_MAPPING, record->decision.mapping_id);
        put_integer(&item, TRACE_RECORDED, record->decision.at_us);
        put_text(&item, TRACE_CODE, record->decision.code);
        break;
    }
    end(&item, sink);
}

static void write_chunk(const struct trace_sink *sink, uint64_t at_ns, const struct chunk *chunk)
{
    struct item item;
    begin(&item, TRACE_KIND_CHUNK_OUT, at_ns);
    put(&item, TRACE_CHUNK, chunk->number);
    put(&item, TRACE_EPOCH, chunk->epoch);
    put(&item, TRACE_RECORDS, chunk->record_count);
    put(&item, TRACE_ENTRIES, chunk->entry_count);
    put_integer(&item, TRACE_DEBIT_TOTAL, chunk->debit_total_minor);
    take_next(&item, TRACE_HASH, TRACE_TYPE_DIGEST);
    pack_bytes(&item.pack, chunk->hash.bytes, sizeof(chunk->hash.bytes));
    end(&item, sink);
    for (uint32_t i = 0; i < chunk->record_count; i++)
        write_record(sink, at_ns, &chunk->records[i]);
}

void trace_command(const struct trace_sink *sink, uint64_t at_ns, const struct command *command)
{
    struct item item;
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        write_call(sink, at_ns, &command->bank_call);
        return;
    case COMMAND_STORE_CHUNK:
        write_chunk(sink, at_ns, command->store_chunk);
        return;
    case COMMAND_BANK_CANCEL:
        begin(&item, TRACE_KIND_CANCEL, at_ns);
        put(&item, TRACE_CALL, slot_pack(command->bank_cancel));
        break;
    case COMMAND_STORE_LOAD:
        begin(&item, TRACE_KIND_LOAD, at_ns);
        put(&item, TRACE_SCOPE, command->store_load.scope);
        put(&item, TRACE_AFTER, command->store_load.after_position);
        put(&item, TRACE_MOST, command->store_load.row_max);
        put(&item, TRACE_COUNT, command->store_load.position_count);
        break;
    }
    end(&item, sink);
}
