/* The reading side of traces: stream, calls, lines, JSON, summary; also over damaged bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/trace_line.h"
#include "jobs/trace_stream.h"
#include "jobs/trace_summary.h"
#include "tests/unit/core/trace_sample.h"

static struct sample sample;
static struct trace_calls calls;
static struct trace_summary summary;

static int fill(void **state)
{
    (void)state;
    sample_fill(&sample);
    trace_calls_init(&calls);
    trace_summary_init(&summary);
    return 0;
}

/* Everything that is done with an item. */
static void use(const struct trace_item *item)
{
    char line[TRACE_LINE_BYTES];
    const struct trace_call *call = trace_calls_see(&calls, item);
    trace_summary_add(&summary, item, call);
    assert_true(strlen(trace_line(item, 5, call, line)) > 20);
    json_t *object = trace_line_json(item, 5, call);
    char *text = json_dumps(object, JSON_COMPACT);
    assert_non_null(text);
    free(text);
    json_decref(object);
}

struct outcome {
    enum trace_stream_result result;
    size_t items;
    char error[TRACE_STREAM_ERROR_BYTES];
};

/* The bytes as a file, read to its end. */
static struct outcome read_file(const uint8_t *bytes, size_t byte_count)
{
    struct outcome outcome = {.items = 0};
    struct trace_item item;
    char name[32];
    int fd = memfd_create("trace", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, byte_count), byte_count);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    struct trace_stream *stream = trace_stream_open(name, outcome.error);
    assert_non_null(stream);
    while ((outcome.result = trace_stream_next(stream, &item, outcome.error)) ==
           TRACE_STREAM_ITEM) {
        outcome.items++;
        use(&item);
    }
    // Asked again, it says the same.
    assert_int_equal(trace_stream_next(stream, &item, outcome.error), outcome.result);
    trace_stream_close(stream);
    close(fd);
    return outcome;
}

static void a_whole_trace_ends_well(void **state)
{
    (void)state;
    struct outcome outcome = read_file(sample.bytes, sample.used);
    assert_int_equal(outcome.result, TRACE_STREAM_END);
    assert_int_equal(outcome.items, sample.items);
    assert_int_equal(summary.items, sample.items);
    assert_true(summary.dropped == UINT64_MAX);
    json_t *document = trace_summary_json(&summary);
    assert_non_null(document);
    json_decref(document);
}

static void every_prefix_is_cut_off_or_has_no_header(void **state)
{
    (void)state;
    size_t whole = 0;
    for (size_t i = 0; i < sample.used; i++) {
        while (whole < sample.items && sample.starts[whole] <= i)
            whole++;
        bool at_boundary = sample.starts[whole - 1] == i;
        struct outcome outcome = read_file(sample.bytes, i);
        assert_int_equal(outcome.items, whole - 1);
        if (i < sample.starts[1])
            assert_int_equal(outcome.result, TRACE_STREAM_BAD);
        else
            assert_int_equal(outcome.result, at_boundary ? TRACE_STREAM_END : TRACE_STREAM_CUT);
    }
}

static void every_byte_flipped_is_survived(void **state)
{
    (void)state;
    size_t good = 0;
    for (size_t i = 0; i < sample.used; i++) {
        while (good + 1 < sample.items && sample.starts[good + 1] <= i)
            good++;
        for (size_t bit = i % 4; bit < 8; bit += 4) {
            sample.bytes[i] ^= (uint8_t)(1 << bit);
            struct outcome outcome = read_file(sample.bytes, sample.used);
            assert_true(outcome.items >= good);
            sample.bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
    json_decref(trace_summary_json(&summary));
}

static void what_follows_or_precedes_a_trace_is_named_with_its_place(void **state)
{
    (void)state;
    char wanted[64];
    memcpy(sample.bytes + sample.used, "\n", 1);
    struct outcome outcome = read_file(sample.bytes, sample.used + 1);
    assert_int_equal(outcome.result, TRACE_STREAM_BAD);
    snprintf(wanted, sizeof wanted, "at byte %zu: something that is not an array", sample.used);
    assert_non_null(strstr(outcome.error, wanted));
    // A second header, and none at all.
    memcpy(sample.bytes + sample.used, sample.bytes, sample.starts[1]);
    outcome = read_file(sample.bytes, sample.used + sample.starts[1]);
    assert_int_equal(outcome.result, TRACE_STREAM_BAD);
    assert_non_null(strstr(outcome.error, "another trace begins"));
    outcome = read_file(sample.bytes + sample.starts[1], sample.used - sample.starts[1]);
    assert_int_equal(outcome.result, TRACE_STREAM_BAD);
    assert_non_null(strstr(outcome.error, "header is missing"));
    outcome = read_file((const uint8_t *)"\xdd\xff\0\0\0", 5);
    assert_int_equal(outcome.result, TRACE_STREAM_BAD);
    outcome = read_file(sample.bytes, 0);
    assert_non_null(strstr(outcome.error, "ends before its header does"));
}

static void another_version_is_refused(void **state)
{
    (void)state;
    sample.bytes[4 + strlen(TRACE_MAGIC_TEXT)] = TRACE_FORMAT_VERSION - 1;
    struct outcome outcome = read_file(sample.bytes, sample.used);
    assert_int_equal(outcome.items, 0);
    assert_non_null(strstr(outcome.error, "another version"));
}

static struct trace_item call_item(struct trace_sink *sink, uint64_t at_ns, bool is_reply,
                                   uint32_t generation)
{
    static const struct bank_text text = {.code = "E7", .bank_ref = ""};
    static struct transfer_order order = {
        .amount_minor = 1234567, .step = STEP_PAYOUT, .generation = 2};
    struct trace_item item;
    size_t used;
    memset(order.key.bytes, 0xab, sizeof order.key.bytes);
    sample.used = sample.items = 0;
    if (is_reply)
        trace_event(
            sink, at_ns,
            &(struct event){
                .kind = EVENT_BANK_REPLY,
                .bank_reply = {.call = {3, generation}, .answer = ANSWER_IN_DOUBT, .text = &text}});
    else
        trace_command(sink, at_ns,
                      &(struct command){.kind = COMMAND_BANK_CALL,
                                        .bank_call = {.call = {3, generation},
                                                      .settlement_id = settlement_id(1, 0, 17),
                                                      .call_kind = CALL_TRANSFER,
                                                      .order = &order}});
    assert_int_equal(trace_read(sample.bytes, sample.used, &item, &used), UNPACK_WHOLE);
    return item;
}

static void a_reply_is_told_with_its_call(void **state)
{
    (void)state;
    char line[TRACE_LINE_BYTES];
    struct trace_sink sink = sample_sink(&sample);
    struct trace_item item = call_item(&sink, 2 * NS_PER_S, false, 9);
    const struct trace_call *call = trace_calls_see(&calls, &item);
    assert_string_equal(trace_line(&item, NS_PER_S, call, line),
                        "      1.000000 transfer      17  payout/2   call=3.9 amount=1,234,567 "
                        "key=abababab");
    item = call_item(&sink, 2 * NS_PER_S + 20400000, true, 9);
    call = trace_calls_see(&calls, &item);
    assert_non_null(call);
    assert_string_equal(trace_line(&item, NS_PER_S, call, line),
                        "      1.020400 reply         17  payout/2   to transfer after 20.4 ms: "
                        "call=3.9 in_doubt code=E7");
    trace_summary_add(&summary, &item, call);
    assert_int_equal(summary.answers[1][ANSWER_IN_DOUBT], 1);
    // Another generation is another call, and one that nobody knows.
    item = call_item(&sink, 0, true, 10);
    assert_null(trace_calls_see(&calls, &item));
    trace_summary_add(&summary, &item, NULL);
    assert_int_equal(summary.unknown_replies, 1);
}

static void see_engine(struct trace_sink *sink, uint64_t engine)
{
    struct trace_item item;
    size_t used;
    sample.used = sample.items = 0;
    trace_note(sink, 0, "engine", engine);
    assert_int_equal(trace_read(sample.bytes, sample.used, &item, &used), UNPACK_WHOLE);
    assert_null(trace_calls_see(&calls, &item));
}

static void each_engine_has_calls_of_its_own(void **state)
{
    (void)state;
    struct trace_sink sink = sample_sink(&sample);
    struct trace_item item;
    see_engine(&sink, 1);
    item = call_item(&sink, 10, false, 9);
    assert_non_null(trace_calls_see(&calls, &item));
    for (uint64_t other = 2; other <= TRACE_ENGINES; other++) {
        see_engine(&sink, other);
        item = call_item(&sink, 20, true, 9);
        assert_null(trace_calls_see(&calls, &item));
    }
    see_engine(&sink, 1);
    item = call_item(&sink, 20, true, 9);
    assert_int_equal(trace_calls_see(&calls, &item)->at_ns, 10);
    // One more than there is room for takes the oldest's place.
    see_engine(&sink, TRACE_ENGINES + 1);
    see_engine(&sink, 1);
    item = call_item(&sink, 20, true, 9);
    assert_null(trace_calls_see(&calls, &item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_whole_trace_ends_well, fill),
        cmocka_unit_test_setup(every_prefix_is_cut_off_or_has_no_header, fill),
        cmocka_unit_test_setup(every_byte_flipped_is_survived, fill),
        cmocka_unit_test_setup(what_follows_or_precedes_a_trace_is_named_with_its_place, fill),
        cmocka_unit_test_setup(another_version_is_refused, fill),
        cmocka_unit_test_setup(a_reply_is_told_with_its_call, fill),
        cmocka_unit_test_setup(each_engine_has_calls_of_its_own, fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
