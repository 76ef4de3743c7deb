#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/trace_read.h"
#include "trace_sample.h"

static struct sample sample;

static int fill(void **state)
{
    (void)state;
    sample_fill(&sample);
    return 0;
}

static struct trace_item item_at(size_t index)
{
    struct trace_item item;
    size_t used;
    const uint8_t *bytes = sample.bytes + sample.starts[index];
    size_t byte_count =
        (index + 1 < sample.items ? sample.starts[index + 1] : sample.used) - sample.starts[index];
    if (trace_read(bytes, byte_count, &item, &used) != UNPACK_WHOLE)
        fail_msg("item %zu: %s", index, item.unpacked.problem);
    assert_int_equal(used, byte_count);
    return item;
}

/* The nth item of a kind, from 0. */
static struct trace_item item_of(enum trace_kind kind, size_t nth)
{
    for (size_t i = 0; i < sample.items; i++) {
        struct trace_item item = item_at(i);
        if (item.form->kind == kind && nth-- == 0)
            return item;
    }
    fail_msg("no such item of kind %d", kind);
    return item_at(0);
}

static bool is_text(const struct trace_item *item, enum trace_field field, const char *text)
{
    const struct unpack_value *value = trace_value(item, field);
    return value != NULL && value->type == UNPACK_TEXT && value->byte_count == strlen(text) &&
           memcmp(value->text, text, value->byte_count) == 0;
}

static void every_kind_is_written_and_reads_back_whole(void **state)
{
    (void)state;
    bool seen[TRACE_KIND_END] = {false};
    for (size_t i = 0; i < sample.items; i++)
        seen[item_at(i).form->kind] = true;
    for (uint32_t kind = 0; kind < TRACE_KIND_END; kind++)
        assert_int_equal(seen[kind], trace_form(kind) != NULL);
}

static void the_header_says_what_it_is(void **state)
{
    (void)state;
    struct trace_item item = item_at(0);
    assert_int_equal(item.form->kind, TRACE_KIND_HEADER);
    assert_true(is_text(&item, TRACE_MAGIC, "daybook trace"));
    assert_int_equal(trace_natural(&item, TRACE_VERSION), 2);
    assert_true(is_text(&item, TRACE_PROGRAM, "0.1.0"));
    assert_int_equal(trace_natural(&item, TRACE_SOURCE), TRACE_SOURCE_SIMULATION);
    assert_true(trace_integer(&item, TRACE_STARTED) == INT64_MIN);
    assert_true(trace_natural(&item, TRACE_SEED) == UINT64_MAX);
    static const uint8_t begins[] = "\x98\x01\x00\xad"
                                    "daybook trace\x02";
    assert_memory_equal(sample.bytes, begins, sizeof(begins) - 1);
}

static void calls_keep_their_fields_at_both_ends(void **state)
{
    (void)state;
    struct trace_item poll = item_of(TRACE_KIND_POLL, 1);
    assert_int_equal(poll.field_count, 3);
    assert_true(trace_natural(&poll, TRACE_CALL) == UINT64_MAX);
    assert_true(trace_natural(&poll, TRACE_SETTLEMENT) == UINT64_MAX);
    assert_true(poll.at_ns == UINT64_MAX);
    struct trace_item first = item_of(TRACE_KIND_TRANSFER, 0);
    assert_true(trace_integer(&first, TRACE_AMOUNT) == INT64_MIN);
    assert_int_equal(trace_natural(&first, TRACE_BOUND), 0);
    struct trace_item inquiry = item_of(TRACE_KIND_INQUIRY, 1);
    assert_true(trace_integer(&inquiry, TRACE_AMOUNT) == INT64_MAX);
    assert_int_equal(trace_natural(&inquiry, TRACE_BOUND), 1);
    assert_int_equal(trace_natural(&inquiry, TRACE_GENERATION), UINT16_MAX);
    assert_int_equal(trace_natural(&inquiry, TRACE_DIRECTION), TRANSFER_UNDO);
    assert_string_equal(trace_value_name(TRACE_STEP, trace_natural(&inquiry, TRACE_STEP)),
                        "payout");
}

static void records_keep_their_fields_at_both_ends(void **state)
{
    (void)state;
    for (size_t nth = 0; nth < 2; nth++) {
        int64_t number = nth == 1 ? INT64_MAX : INT64_MIN;
        struct trace_item intent = item_of(TRACE_KIND_INTENT, nth);
        assert_true(trace_integer(&intent, TRACE_AMOUNT) == number);
        assert_true(trace_integer(&intent, TRACE_SEND_BEFORE) == number);
        assert_int_equal(trace_value(&intent, TRACE_KEY)->bytes[15], nth == 1 ? 0xff : 0);
        struct trace_item attempt = item_of(TRACE_KIND_ATTEMPT, nth);
        assert_true(trace_integer(&attempt, TRACE_RECORDED) == number);
        struct trace_item outcome = item_of(TRACE_KIND_OUTCOME, nth);
        assert_true(trace_integer(&outcome, TRACE_RESIDUE) == number);
        assert_int_equal(trace_value(&outcome, TRACE_BANK_REF)->byte_count,
                         nth == 1 ? BANK_REF_MAX : 0);
        struct trace_item entry = item_of(TRACE_KIND_ENTRY, nth);
        assert_true(trace_integer(&entry, TRACE_AMOUNT) == number);
        assert_int_equal(trace_natural(&entry, TRACE_CREDIT), nth == 1 ? UINT8_MAX : 0);
        assert_true(trace_natural(&entry, TRACE_SETTLEMENT) == (nth == 1 ? UINT64_MAX : 0));
        struct trace_item decision = item_of(TRACE_KIND_DECISION, nth);
        assert_true(trace_natural(&decision, TRACE_REQUEST_ID) == (nth == 1 ? UINT64_MAX : 0));
        assert_int_equal(trace_natural(&decision, TRACE_DECISION), nth == 1 ? UINT8_MAX : 0);
        assert_true(trace_integer(&decision, TRACE_AMOUNT) == number);
        assert_true(trace_integer(&decision, TRACE_MAPPING) == number);
        assert_true(trace_integer(&decision, TRACE_RECORDED) == number);
        assert_int_equal(trace_value(&decision, TRACE_CODE)->byte_count,
                         nth == 1 ? CODE_TEXT_MAX : 0);
    }
}

static void events_keep_their_fields(void **state)
{
    (void)state;
    struct trace_item reply = item_of(TRACE_KIND_REPLY, 0);
    assert_true(trace_integer(&reply, TRACE_BALANCE) == INT64_MIN);
    assert_true(trace_integer(&reply, TRACE_FEE) == 0);
    reply = item_of(TRACE_KIND_REPLY, 1);
    assert_true(trace_integer(&reply, TRACE_BALANCE) == 0);
    assert_true(trace_integer(&reply, TRACE_FEE) == 7);
    struct trace_item row = item_of(TRACE_KIND_ROW, 4);
    assert_true(trace_integer(&row, TRACE_FLOOR_HELD) == INT64_MIN);
    assert_true(trace_integer(&row, TRACE_SEEN) == -1);
    assert_int_equal(trace_natural(&row, TRACE_ATTEMPTS), UINT16_MAX);
    struct trace_item request = item_of(TRACE_KIND_REQUEST, 2);
    assert_true(trace_natural(&request, TRACE_REQUEST_ID) == UINT64_MAX);
    assert_int_equal(trace_natural(&request, TRACE_ATTEMPTS), UINT16_MAX);
    assert_int_equal(trace_natural(&request, TRACE_PLACE), UINT8_MAX);
    assert_true(trace_integer(&request, TRACE_AMOUNT) == INT64_MAX);
    assert_true(trace_integer(&request, TRACE_RESIDUE) == INT64_MIN);
    assert_true(trace_integer(&request, TRACE_MAPPING) == INT64_MAX);
    assert_int_equal(item_of(TRACE_KIND_REQUESTED, 1).field_count, 0);
    struct trace_item written = item_of(TRACE_KIND_WRITTEN, 1);
    assert_true(is_text(&written, TRACE_STATUS, "STORE_ALREADY"));
    assert_true(trace_natural(&written, TRACE_CHUNK) == UINT32_MAX);
    struct trace_item stop = item_of(TRACE_KIND_STOP, 0);
    assert_int_equal(stop.field_count, 0);
    assert_null(trace_value(&stop, TRACE_STATUS));
}

static void only_a_page_of_requests_tells_what_is_asked(void **state)
{
    (void)state;
    bool is_asking = false;
    enum trace_kind before = TRACE_KIND_HEADER;
    size_t requests = 0;
    for (size_t i = 0; i < sample.items; i++) {
        struct trace_item item = item_at(i);
        if (before == TRACE_KIND_ROW)
            assert_int_equal(item.form->kind == TRACE_KIND_REQUEST, is_asking);
        else
            assert_int_not_equal(item.form->kind, TRACE_KIND_REQUEST);
        if (item.form->kind == TRACE_KIND_LOADED)
            is_asking = trace_natural(&item, TRACE_SCOPE) == LOAD_REQUESTED;
        before = item.form->kind;
        requests += before == TRACE_KIND_REQUEST;
    }
    assert_int_equal(requests, 4);
}

static void every_end_and_every_value_has_a_name(void **state)
{
    (void)state;
    for (int ended = SETTLE_END_NONE; ended <= SETTLE_END_FATAL; ended++) {
        sample.used = sample.items = 0;
        struct trace_sink sink = sample_sink(&sample);
        trace_end(&sink, 0, (enum settle_end)ended, STATUS_OK);
        struct trace_item item = item_at(0);
        assert_false(is_text(&item, TRACE_END, "unknown"));
    }
    static const struct {
        enum trace_field field;
        uint64_t from, to;
    } rows[] = {{TRACE_STEP, STEP_DEPOSIT, STEP_CLOSING},
                {TRACE_REQUEST_KIND, REQUEST_PAID, REQUEST_RAISE},
                {TRACE_DECISION, DECISION_DONE, DECISION_STALE},
                {TRACE_PLACE, LOAD_PLACE_FRESH, LOAD_PLACE_ENDED},
                {TRACE_DIRECTION, TRANSFER_NORMAL, KIND_REVERSAL},
                {TRACE_ANSWER, ANSWER_IN_DOUBT, ANSWER_CHANGED},
                {TRACE_STATE, OUTCOME_ACCEPTED, OUTCOME_BY_HAND},
                {TRACE_STATE, OUTCOME_SHORT, OUTCOME_WRITTEN_OFF},
                {TRACE_STATE, OUTCOME_COMPENSATING, OUTCOME_RAISED},
                {TRACE_DEBIT, LEDGER_VIRTUAL, LEDGER_RESIDUE},
                {TRACE_SCOPE, LOAD_UNDER_WAY, LOAD_REQUESTED},
                {TRACE_OPEN, LOAD_STATE_OPEN, LOAD_STATE_BLOCKED},
                {TRACE_SOURCE, TRACE_SOURCE_RUN, TRACE_SOURCE_SIMULATION}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint64_t value = rows[i].from; value <= rows[i].to; value++)
            assert_non_null(trace_value_name(rows[i].field, value));
        assert_null(trace_value_name(rows[i].field, rows[i].to + 1));
        assert_null(trace_value_name(rows[i].field, UINT64_MAX));
    }
    assert_null(trace_value_name(TRACE_AMOUNT, 0));
}

static void kinds_are_found_by_number(void **state)
{
    (void)state;
    assert_string_equal(trace_form(TRACE_KIND_REPLY)->name, "reply");
    assert_null(trace_form(0));
    assert_null(trace_form(TRACE_KIND_END));
    assert_null(trace_form(UINT64_MAX));
    assert_string_equal(trace_field_name(TRACE_BANK_REF), "bank_ref");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_kind_is_written_and_reads_back_whole, fill),
        cmocka_unit_test_setup(the_header_says_what_it_is, fill),
        cmocka_unit_test_setup(calls_keep_their_fields_at_both_ends, fill),
        cmocka_unit_test_setup(records_keep_their_fields_at_both_ends, fill),
        cmocka_unit_test_setup(events_keep_their_fields, fill),
        cmocka_unit_test_setup(only_a_page_of_requests_tells_what_is_asked, fill),
        cmocka_unit_test(every_end_and_every_value_has_a_name),
        cmocka_unit_test(kinds_are_found_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
