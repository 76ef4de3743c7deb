/*
 * trace_sample: a trace with every kind of item, in bytes. Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_CORE_TRACE_SAMPLE_H
#define DAYBOOK_TESTS_CORE_TRACE_SAMPLE_H

#include <string.h>

#include "core/trace.h"

struct sample {
    uint8_t bytes[1U << 16];
    size_t used;
    size_t items, starts[256]; /* where each begins */
};

static inline void sample_take(void *context, const uint8_t *bytes, size_t byte_count)
{
    struct sample *sample = context;
    assert_true(byte_count <= TRACE_ITEM_BYTES_MAX);
    assert_true(sample->used + byte_count <= sizeof(sample->bytes));
    assert_true(sample->items < sizeof(sample->starts) / sizeof(sample->starts[0]));
    sample->starts[sample->items++] = sample->used;
    memcpy(sample->bytes + sample->used, bytes, byte_count);
    sample->used += byte_count;
}

static inline struct trace_sink sample_sink(struct sample *sample)
{
    return (struct trace_sink){.context = sample, .take = sample_take};
}

/* Texts as long as they can be. */
static inline struct bank_text sample_text(void)
{
    struct bank_text text = {.code = "", .bank_ref = ""};
    memset(text.code, 'c', CODE_TEXT_MAX);
    memset(text.bank_ref, 'r', BANK_REF_MAX);
    return text;
}

/* All five kinds of records, with the largest numbers or the least. */
static inline uint32_t sample_records(struct record records[5], bool largest)
{
    int64_t number = largest ? INT64_MAX : INT64_MIN;
    for (uint8_t i = 0; i < 5; i++)
        records[i] = (struct record){.record_kind = (uint8_t)(i + 1),
                                     .settlement_id = largest ? UINT64_MAX : 0,
                                     .step = largest ? UINT8_MAX : 0,
                                     .kind = largest ? UINT8_MAX : 0,
                                     .bank = largest ? UINT8_MAX : 0,
                                     .generation = largest ? UINT16_MAX : 0};
    records[0].intent.amount_minor = records[0].intent.mapping_id = number;
    records[0].intent.intended_at_us = records[0].intent.send_before_us = number;
    memset(records[0].intent.key.bytes, largest ? 0xff : 0, IDEM_KEY_BYTES);
    records[1].attempt.number = largest ? UINT16_MAX : 0;
    records[1].attempt.at_us = records[1].attempt.send_before_us = number;
    records[2].outcome.seq = largest ? UINT16_MAX : 0;
    records[2].outcome.state = largest ? UINT8_MAX : 0;
    records[2].outcome.amount_minor = records[2].outcome.available_minor = number;
    records[2].outcome.held_minor = records[2].outcome.residue_minor = number;
    records[2].outcome.at_us = number;
    if (largest)
        records[2].outcome.text = sample_text();
    records[3].entry.amount_minor = number;
    records[3].entry.line = records[3].entry.debit = records[3].entry.credit =
        largest ? UINT8_MAX : 0;
    records[4].decision.request_id = largest ? UINT64_MAX : 0;
    records[4].decision.request_kind = records[4].decision.state = largest ? UINT8_MAX : 0;
    records[4].decision.amount_minor = records[4].decision.mapping_id = number;
    records[4].decision.at_us = number;
    if (largest)
        memset(records[4].decision.code, 'c', CODE_TEXT_MAX);
    return 5;
}

static inline struct load_row sample_row(bool largest)
{
    struct load_row row;
    memset(&row, largest ? 0xff : 0, sizeof(row)); // the signed ones are -1 then
    if (largest) {
        row.repayment_minor = row.hold_minor = row.expected_minor = row.opening_minor = INT64_MAX;
        row.floor_held_minor = row.floor_payable_minor = row.floor_residue_minor = INT64_MIN;
        row.transfer.amount_minor = row.transfer.decided_at_us = INT64_MIN;
        row.request.amount_minor = row.request.mapping_id = INT64_MAX;
        row.request.residue_minor = INT64_MIN;
    }
    return row;
}

static inline void sample_commands(const struct trace_sink *sink, bool largest)
{
    static struct record records[5];
    uint32_t most = largest ? UINT32_MAX : 0;
    int64_t number = largest ? INT64_MAX : INT64_MIN;
    struct transfer_order order = {.settlement_id = UINT64_MAX,
                                   .amount_minor = number,
                                   .step = STEP_PAYOUT,
                                   .kind = TRANSFER_UNDO,
                                   .generation = UINT16_MAX};
    struct digest digest = {{0}};
    struct chunk chunk = {.batch_id = most,
                          .partition = most,
                          .epoch = most,
                          .number = most,
                          .records = records,
                          .record_count = sample_records(records, largest),
                          .entry_count = most,
                          .debit_total_minor = number};
    struct command command = {.kind = COMMAND_BANK_CALL,
                              .bank_call = {.call = {most, most}, .settlement_id = UINT64_MAX}};
    for (uint8_t kind = CALL_BALANCE; kind <= CALL_INQUIRY; kind++) {
        command.bank_call.call_kind = kind;
        command.bank_call.order = kind == CALL_BALANCE ? NULL : &order;
        command.bank_call.body_digest = largest ? &digest : NULL;
        trace_command(sink, UINT64_MAX, &command);
    }
    command = (struct command){.kind = COMMAND_BANK_CANCEL, .bank_cancel = {most, most}};
    trace_command(sink, UINT64_MAX, &command);
    command = (struct command){
        .kind = COMMAND_STORE_LOAD,
        .store_load = {
            .scope = LOAD_AGAIN, .after_position = most, .row_max = most, .position_count = most}};
    trace_command(sink, UINT64_MAX, &command);
    command = (struct command){.kind = COMMAND_STORE_CHUNK, .store_chunk = &chunk};
    trace_command(sink, UINT64_MAX, &command);
}

static inline void sample_events(const struct trace_sink *sink, bool largest)
{
    struct bank_text text = sample_text();
    struct load_row rows[2] = {sample_row(largest), sample_row(!largest)};
    uint32_t most = largest ? UINT32_MAX : 0;
    struct event events[] = {
        {.kind = EVENT_BANK_REPLY,
         .bank_reply = {.call = {most, most},
                        .answer = ANSWER_BALANCE,
                        .throttled = largest,
                        .http_status = UINT16_MAX,
                        .balance_minor = largest ? INT64_MAX : INT64_MIN,
                        .retry_after_ns = UINT64_MAX,
                        .text = &text}},
        {.kind = EVENT_BANK_REPLY,
         .bank_reply = {.answer = ANSWER_ACCEPTED, .fee_minor = 7, .text = &text}},
        {.kind = EVENT_STORE_LOADED,
         .store_loaded = {.scope = LOAD_FRESH,
                          .status = STATUS_OK,
                          .at_end = largest,
                          .rows = rows,
                          .row_count = 2},
         .time = {.db_now_us = INT64_MAX, .asked_at_ns = UINT64_MAX}},
        {.kind = EVENT_STORE_LOADED,
         .store_loaded = {.scope = LOAD_REQUESTED,
                          .status = STATUS_OK,
                          .at_end = largest,
                          .rows = rows,
                          .row_count = 2}},
        {.kind = EVENT_STORE_WRITTEN,
         .store_written = {.status = STATUS_STORE_ALREADY, .number = most},
         .time = {.db_now_us = INT64_MIN}},
        {.kind = EVENT_STORE_ALIVE, .time = {.db_now_us = -1}},
        {.kind = EVENT_STORE_GONE, .store_gone = STATUS_INTERNAL},
        {.kind = EVENT_REQUESTED},
        {.kind = EVENT_STOP},
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        trace_event(sink, largest ? UINT64_MAX : 0, &events[i]);
}

static inline void sample_fill(struct sample *sample)
{
    sample->used = sample->items = 0;
    struct trace_sink sink = sample_sink(sample);
    struct settle_start start = {.batch_id = UINT32_MAX,
                                 .partition = UINT32_MAX,
                                 .epoch = UINT32_MAX,
                                 .chunk = UINT32_MAX,
                                 .accounts = UINT32_MAX};
    trace_header(&sink, 0,
                 &(struct trace_header){.program = "0.1.0",
                                        .source = TRACE_SOURCE_SIMULATION,
                                        .started_us = INT64_MIN,
                                        .seed = UINT64_MAX});
    trace_claim(&sink, 1, &start);
    for (int largest = 0; largest < 2; largest++) {
        sample_commands(&sink, largest != 0);
        sample_events(&sink, largest != 0);
    }
    trace_note(&sink, 2, "crash", UINT64_MAX);
    trace_dropped(&sink, 3, UINT64_MAX);
    trace_end(&sink, 4, SETTLE_END_COMPLETE, STATUS_OK);
}

#endif
