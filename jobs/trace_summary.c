#include "jobs/trace_summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "jobs/report.h"

static const enum trace_kind call_kinds[TRACE_SUMMARY_CALLS] = {
    TRACE_KIND_POLL, TRACE_KIND_TRANSFER, TRACE_KIND_INQUIRY};

void trace_summary_init(struct trace_summary *summary)
{
    memset(summary, 0, sizeof *summary);
    for (size_t i = 0; i < TRACE_SUMMARY_CALLS; i++)
        histogram_init(&summary->latencies[i]);
}

static void add_header(struct trace_summary *summary, const struct trace_item *item)
{
    const struct unpack_value *program = trace_value(item, TRACE_PROGRAM);
    memcpy(summary->program, program->text, program->byte_count);
    summary->is_simulation = trace_natural(item, TRACE_SOURCE) == TRACE_SOURCE_SIMULATION;
    summary->started_us = trace_integer(item, TRACE_STARTED);
    summary->seed = trace_natural(item, TRACE_SEED);
    summary->start_ns = item->at_ns;
}

static void add_reply(struct trace_summary *summary, const struct trace_item *item,
                      const struct trace_call *call)
{
    uint64_t answer = trace_natural(item, TRACE_ANSWER);
    if (call == NULL || answer >= TRACE_SUMMARY_ANSWERS) {
        summary->unknown_replies++;
        return;
    }
    for (size_t i = 0; i < TRACE_SUMMARY_CALLS; i++) {
        if (call->form->kind == call_kinds[i]) {
            summary->answers[i][answer]++;
            histogram_add(&summary->latencies[i],
                          item->at_ns > call->at_ns ? item->at_ns - call->at_ns : 0);
        }
    }
}

static void add_chunk(struct trace_summary *summary, const struct trace_item *item)
{
    uint64_t number = trace_natural(item, TRACE_CHUNK);
    if (summary->chunk_first == 0 || number < summary->chunk_first)
        summary->chunk_first = number;
    if (number > summary->chunk_last)
        summary->chunk_last = number;
    summary->chunk_records += trace_natural(item, TRACE_RECORDS);
    summary->chunk_entries += trace_natural(item, TRACE_ENTRIES);
    int64_t debit_minor = trace_integer(item, TRACE_DEBIT_TOTAL);
    if (__builtin_add_overflow(summary->chunk_debit_minor, debit_minor,
                               &summary->chunk_debit_minor))
        summary->chunk_debit_minor = INT64_MAX;
}

void trace_summary_add(struct trace_summary *summary, const struct trace_item *item,
                       const struct trace_call *call)
{
    enum trace_kind kind = item->form->kind;
    summary->items++;
    summary->of_kind[kind]++;
    if (item->at_ns > summary->end_ns)
        summary->end_ns = item->at_ns;
    if (kind == TRACE_KIND_HEADER)
        add_header(summary, item);
    if (kind == TRACE_KIND_REPLY)
        add_reply(summary, item, call);
    if (kind == TRACE_KIND_CHUNK_OUT)
        add_chunk(summary, item);
    if (kind == TRACE_KIND_WRITTEN)
        summary->written++;
    if (kind == TRACE_KIND_DROPPED)
        summary->dropped += trace_natural(item, TRACE_COUNT);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void print_latencies(const struct trace_summary *summary, size_t i)
{
    static const uint32_t marks[] = {500, 990};
    const struct histogram *latency = &summary->latencies[i];
    char text[REPORT_DURATION_BYTES], count[MONEY_TEXT_BYTES];
    printf("  %-9s %12s", trace_form(call_kinds[i])->name,
           report_count(summary->of_kind[call_kinds[i]], count));
    printf(" %12s", report_count(latency->count, count));
    for (size_t mark = 0; mark < sizeof marks / sizeof marks[0]; mark++)
        printf(" %10s", report_duration(histogram_at(latency, marks[mark]), text));
    printf(" %10s ", report_duration(latency->most_ns, text));
    for (uint64_t answer = 0; answer < TRACE_SUMMARY_ANSWERS; answer++) {
        if (summary->answers[i][answer] > 0)
            printf(" %s %s", trace_value_name(TRACE_ANSWER, answer),
                   report_count(summary->answers[i][answer], count));
    }
    printf("\n");
}

static void print_kinds(const struct trace_summary *summary)
{
    char count[MONEY_TEXT_BYTES];
    printf("items      %s\n", report_count(summary->items, count));
    for (uint64_t kind = 0; kind < TRACE_KIND_END; kind++) {
        if (summary->of_kind[kind] > 0)
            printf("  %-9s %12s\n", trace_form(kind)->name,
                   report_count(summary->of_kind[kind], count));
    }
}

static void print_chunks(const struct trace_summary *summary)
{
    char text[3][MONEY_TEXT_BYTES];
    if (summary->chunk_last == 0)
        return;
    printf("chunks     %" PRIu64 " to %" PRIu64 ", %s records, %s entries, debit %s\n",
           summary->chunk_first, summary->chunk_last, report_count(summary->chunk_records, text[0]),
           report_count(summary->chunk_entries, text[1]),
           money_format(summary->chunk_debit_minor, text[2]));
}

void trace_summary_print(const struct trace_summary *summary)
{
    char text[REPORT_DURATION_BYTES], count[MONEY_TEXT_BYTES];
    if (summary->is_simulation)
        printf("simulation of daybook %s, seed %" PRIu64 "\n", summary->program, summary->seed);
    else
        printf("run of daybook %s, started at %" PRId64 " s since 1970\n", summary->program,
               summary->started_us / US_PER_S);
    uint64_t span_ns =
        summary->end_ns > summary->start_ns ? summary->end_ns - summary->start_ns : 0;
    printf("span       %s\n", report_duration(span_ns, text));
    print_kinds(summary);
    printf("calls           given out     answered        p50        p99       most  answers\n");
    for (size_t i = 0; i < TRACE_SUMMARY_CALLS; i++)
        print_latencies(summary, i);
    print_chunks(summary);
    if (summary->dropped > 0)
        printf("dropped    %s items: the disk was too slow; counts above are too low\n",
               report_count(summary->dropped, count));
}

/* ---- for programs ---------------------------------------------------------------------------- */

static json_t *calls_json(const struct trace_summary *summary, size_t i)
{
    const struct histogram *latency = &summary->latencies[i];
    json_t *answers = json_object();
    for (uint64_t answer = 0; answer < TRACE_SUMMARY_ANSWERS; answer++)
        json_object_set_new(answers, trace_value_name(TRACE_ANSWER, answer),
                            json_integer((json_int_t)summary->answers[i][answer]));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "given_out",
                     (json_int_t)summary->of_kind[call_kinds[i]], "answered",
                     (json_int_t)latency->count, "p50_ns", (json_int_t)histogram_at(latency, 500),
                     "p99_ns", (json_int_t)histogram_at(latency, 990), "most_ns",
                     (json_int_t)latency->most_ns, "answers", answers);
}

json_t *trace_summary_json(const struct trace_summary *summary)
{
    char seed[24];
    json_t *kinds = json_object(), *calls = json_object();
    for (uint64_t kind = 0; kind < TRACE_KIND_END; kind++) {
        if (trace_form(kind) != NULL)
            json_object_set_new(kinds, trace_form(kind)->name,
                                json_integer((json_int_t)summary->of_kind[kind]));
    }
    for (size_t i = 0; i < TRACE_SUMMARY_CALLS; i++)
        json_object_set_new(calls, trace_form(call_kinds[i])->name, calls_json(summary, i));
    snprintf(seed, sizeof seed, "%" PRIu64, summary->seed);
    return json_pack(
        "{s:i, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, "
        "s:o, s:I}",
        "schema_version", REPORT_SCHEMA_VERSION, "source",
        summary->is_simulation ? "simulation" : "run", "program", summary->program, "started_us",
        (json_int_t)summary->started_us, "seed", seed, "span_ns",
        (json_int_t)(summary->end_ns - summary->start_ns), "items", (json_int_t)summary->items,
        "dropped", (json_int_t)summary->dropped, "kinds", kinds, "calls", calls, "unknown_replies",
        (json_int_t)summary->unknown_replies, "chunk_first", (json_int_t)summary->chunk_first,
        "chunk_last", (json_int_t)summary->chunk_last, "chunk_records",
        (json_int_t)summary->chunk_records, "chunk_entries", (json_int_t)summary->chunk_entries,
        "chunk_debit_minor", report_json_money(summary->chunk_debit_minor), "written",
        (json_int_t)summary->written);
}
