#include "jobs/run_summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "jobs/codes.h"
#include "jobs/report.h"

static const char *const kind_names[RUN_CALL_KINDS] = {
    [CALL_BALANCE] = "balance", [CALL_TRANSFER] = "transfer", [CALL_INQUIRY] = "inquiry"};

static const char *ending(const struct batch_counts *counts, int exit_code)
{
    switch (exit_code) {
    case JOB_DONE:
        return counts->settled == counts->accounts ? "all settled"
                                                   : "finished, nothing is left to do";
    case JOB_SOME_LEFT:
        return "finished, some are left";
    case JOB_STOPPED:
        return "stopped; the same command goes on";
    case JOB_IN_DOUBT:
        return "some transfers are in doubt; the same command asks again";
    case JOB_INTERNAL:
        return "finished, but the database refused some records";
    default:
        return "not finished; the same command goes on";
    }
}

static void print_count(const char *name, uint64_t count, const char *more)
{
    char text[MONEY_TEXT_BYTES];
    printf("  %-12s %12s%s%s\n", name, report_count(count, text), more[0] != '\0' ? "   " : "",
           more);
}

/* The ends besides settled, where there are any. */
static void print_ends(const struct batch_counts *counts)
{
    const struct {
        const char *name, *more;
        uint64_t count;
    } ends[] = {
        {"compensated", "undone; the money stays payable in the account", counts->compensated},
        {"returned", "a transfer came back after the end; payable again", counts->returned},
        {"superseded", "without a deposit, and a newer batch looks for it", counts->superseded},
        {"written off", "by a person; what is there stays payable", counts->written_off},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends[i].count > 0)
            print_count(ends[i].name, ends[i].count, ends[i].more);
}

static void print_money(const char *name, int64_t amount_minor, const char *currency)
{
    char text[MONEY_TEXT_BYTES];
    printf("  %-12s %24s %s\n", name, money_format(amount_minor, text), currency);
}

static void print_groups(const PGresult *groups)
{
    for (int i = 0; i < PQntuples(groups); i++) {
        char text[MONEY_TEXT_BYTES];
        printf("    %10s at %s: %s (%s)\n", report_count((uint64_t)db_int(groups, i, 2), text),
               db_text(groups, i, 0), db_text(groups, i, 1), codes_reason(db_text(groups, i, 1)));
    }
}

static void print_states(const struct run_summary *summary)
{
    const struct batch_counts *counts = summary->counts;
    printf("settlements    %10" PRIu64 "\n", counts->accounts);
    print_count("settled", counts->settled, "");
    print_ends(counts);
    print_count("short", counts->is_short, counts->is_short > 0 ? "no deposit yet" : "");
    print_count("parked", counts->parked, counts->parked > 0 ? "for a person:" : "");
    print_groups(summary->groups);
    if (counts->blocked > 0)
        print_count("blocked", counts->blocked, "their last settlement has not ended");
    if (counts->waiting > 0)
        print_count("waiting", counts->waiting, "");
    if (counts->active > 0)
        print_count("under way", counts->active, "");
    if (counts->pending > 0)
        print_count("pending", counts->pending, "transfers the bank has not decided");
    // Intents that were surely not carried out look the same here; only the exit code tells.
    if (counts->in_doubt > 0 &&
        (summary->exit_code == JOB_STOPPED || summary->exit_code == JOB_SOME_LEFT))
        print_count("intended", counts->in_doubt, "transfers that the next start asks about");
    else if (counts->in_doubt > 0)
        print_count("in doubt", counts->in_doubt, "transfers without a definitive answer");
}

/* In the order of the summary's counts. */
static const char *const left_kinds[] = {"parked", "pending", "in_doubt"};

#define LEFT_KINDS (sizeof left_kinds / sizeof left_kinds[0])
#define LEFT_LINES_MAX 10

enum left_column {
    LEFT_KIND,
    LEFT_TOTAL,
    LEFT_ACCOUNT,
    LEFT_STEP,
    LEFT_AMOUNT,
    LEFT_CODE,
    LEFT_AT
};

static void print_left_line(const PGresult *left, int row, const char *currency)
{
    char amount[MONEY_TEXT_BYTES];
    const char *code = db_text(left, row, LEFT_CODE);
    printf("    %s  %s %s %s, since %s%s%s\n", db_text(left, row, LEFT_ACCOUNT),
           db_text(left, row, LEFT_STEP), money_format(db_int(left, row, LEFT_AMOUNT), amount),
           currency, db_text(left, row, LEFT_AT), code[0] != '\0' ? ", " : "", code);
}

static void print_left_kind(const struct run_summary *summary, const char *kind)
{
    const PGresult *left = summary->left;
    int64_t total = 0, lines = 0;
    for (int i = 0; i < PQntuples(left); i++) {
        if (strcmp(db_text(left, i, LEFT_KIND), kind) != 0 || lines == LEFT_LINES_MAX)
            continue;
        total = db_int(left, i, LEFT_TOTAL);
        if (lines++ == 0)
            printf("  %s\n", strcmp(kind, "in_doubt") == 0 ? "no definitive answer" : kind);
        print_left_line(left, i, summary->report->batch->currency);
    }
    if (total > lines)
        printf("    … and %" PRId64 " more; -o json names the first %d\n", total - lines,
               RUN_SUMMARY_LEFT_MAX);
}

static void print_left(const struct run_summary *summary)
{
    if (PQntuples(summary->left) == 0)
        return;
    printf("accounts left\n");
    for (size_t i = 0; i < LEFT_KINDS; i++)
        print_left_kind(summary, left_kinds[i]);
}

static void print_rate(const struct run_report_bank *bank)
{
    if (bank->used_per_mille == 0)
        printf("  bank %s: %u calls/s allowed, no call waited for that\n", bank->name,
               bank->rate_per_s);
    else
        printf("  bank %s: %u.%u %% of %u calls/s used while calls waited for it\n", bank->name,
               bank->used_per_mille / 10, bank->used_per_mille % 10, bank->rate_per_s);
}

/* Somebody else's answers, or a bank that mixes them up: a person should know at once. */
static void print_foreign(const struct run_report_bank *bank)
{
    char count[MONEY_TEXT_BYTES];
    if (bank->foreign > 0)
        printf("  bank %s: %s answers were about something else; they count as no answer\n",
               bank->name, report_count(bank->foreign, count));
}

/* The engine knows two looks, the bank alone knows when in between it came. */
static void print_detection(const struct histogram *detection)
{
    char count[MONEY_TEXT_BYTES], p50[REPORT_DURATION_BYTES], p99[REPORT_DURATION_BYTES];
    if (detection->count > 0)
        printf("  %s deposits came between two looks, p50 %s, p99 %s apart: seen after half of "
               "that on the average\n",
               report_count(detection->count, count),
               report_span(histogram_at(detection, 500), p50),
               report_span(histogram_at(detection, 990), p99));
}

static void print_calls(const struct run_report *report)
{
    const struct settle_counts *total = &report->total;
    printf("calls of this run\n");
    uint64_t calls[RUN_CALL_KINDS] = {
        [CALL_BALANCE] = total->polls,
        [CALL_TRANSFER] = total->transfers,
        [CALL_INQUIRY] = total->inquiries,
    };
    for (int kind = 0; kind < RUN_CALL_KINDS; kind++) {
        char p50[REPORT_DURATION_BYTES], p99[REPORT_DURATION_BYTES], more[80] = "";
        const struct histogram *latency = &report->latency[kind];
        if (latency->count > 0)
            snprintf(more, sizeof more, "p50 %s, p99 %s",
                     report_duration(histogram_at(latency, 500), p50),
                     report_duration(histogram_at(latency, 990), p99));
        print_count(kind_names[kind], calls[kind], more);
    }
    if (total->resends + total->doubts + total->throttled + total->timeouts > 0)
        printf("  sent again %" PRIu64 ", in doubt %" PRIu64 ", throttled %" PRIu64
               ", timed out %" PRIu64 "\n",
               total->resends, total->doubts, total->throttled, total->timeouts);
    print_detection(&report->detection);
    for (uint32_t i = 0; i < report->bank_count; i++) {
        print_rate(&report->banks[i]);
        print_foreign(&report->banks[i]);
    }
}

static uint64_t settled_per_s(const struct run_report *report)
{
    if (report->took_ns == 0)
        return 0;
    return (uint64_t)((__uint128_t)report->total.settled * NS_PER_S / report->took_ns);
}

static void print_ledger(const struct run_summary *summary)
{
    const struct settle_counts *total = &summary->report->total;
    char entries[MONEY_TEXT_BYTES], records[MONEY_TEXT_BYTES], chunks[MONEY_TEXT_BYTES];
    printf("ledger of this run\n");
    printf("  %s entries, %s records in %s chunks\n", report_count(total->entries, entries),
           report_count(total->records, records), report_count(total->chunks, chunks));
    for (int i = 0; i < PQntuples(summary->heads); i++)
        printf("  closing hash of partition %s at chunk %s: %s:%s:%s\n",
               db_text(summary->heads, i, 0), db_text(summary->heads, i, 1),
               db_text(summary->heads, i, 0), db_text(summary->heads, i, 1),
               db_text(summary->heads, i, 4));
}

void run_summary_line(const struct run_report *report, const struct batch_counts *counts,
                      int exit_code, char out[RUN_SUMMARY_LINE_BYTES])
{
    const struct {
        uint64_t count;
        const char *name;
    } kinds[] = {
        {counts->is_short, "short"},
        {counts->parked, "parked"},
        {counts->blocked, "blocked"},
        {counts->waiting, "waiting"},
        {counts->active, "under way"},
        {counts->pending, "pending"},
        {counts->in_doubt, "without a definitive answer"},
        {counts->compensated, "compensated"},
        {counts->returned, "returned"},
        {counts->superseded, "superseded"},
        {counts->written_off, "written off"},
    };
    int used =
        snprintf(out, RUN_SUMMARY_LINE_BYTES, "%s %s: %s: %" PRIu64 " of %" PRIu64 " settled",
                 report->batch->cohort, report->batch->date, ending(counts, exit_code),
                 counts->settled, counts->accounts);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        CHECK(used > 0 && used < RUN_SUMMARY_LINE_BYTES);
        if (kinds[i].count > 0)
            used += snprintf(out + used, (size_t)(RUN_SUMMARY_LINE_BYTES - used),
                             ", %" PRIu64 " %s", kinds[i].count, kinds[i].name);
    }
}

void run_summary_print_closed(const struct batch *batch, const struct batch_counts *counts)
{
    if (counts->settled == counts->accounts) {
        printf("%s %s: nothing to do, all %" PRIu64 " accounts are settled\n", batch->cohort,
               batch->date, counts->accounts);
        return;
    }
    printf("%s %s: nothing to do, the batch is closed\n", batch->cohort, batch->date);
    print_count("settled", counts->settled, "");
    print_ends(counts);
}

/* Without what came before the forecast: a run that takes over may wait long for its claim. */
static uint64_t forecast_took_ns(const struct run_report *report)
{
    return report->took_ns - (report->forecast.made_at_ns - report->begun_at_ns);
}

static void print_forecast(const struct run_summary *summary)
{
    char said[REPORT_DURATION_BYTES];
    const struct run_forecast *forecast = &summary->report->forecast;
    if (!forecast->is_made)
        return;
    report_span(forecast->duration_ns, said);
    int64_t error = run_forecast_error(forecast, forecast_took_ns(summary->report));
    bool is_finished = summary->exit_code == JOB_DONE || summary->exit_code == JOB_SOME_LEFT;
    if (is_finished)
        printf("  %lld.%lld %% %s than forecast: %s, %s\n", llabs(error) / 10, llabs(error) % 10,
               error < 0 ? "shorter" : "longer", said, forecast->words);
    else
        printf("  forecast to its end: %s, %s\n", said, forecast->words);
}

void run_summary_print(const struct run_summary *summary)
{
    const struct run_report *report = summary->report;
    const struct batch *batch = report->batch;
    char took[REPORT_DURATION_BYTES], rate[MONEY_TEXT_BYTES];
    printf("%s %s: %s\n", batch->cohort, batch->date, ending(summary->counts, summary->exit_code));
    print_states(summary);
    print_left(summary);
    printf("money\n");
    print_money("deposited", summary->money.deposited_minor, batch->currency);
    print_money("collected", summary->money.collected_minor, batch->currency);
    print_money("held", summary->money.held_minor, batch->currency);
    print_money("paid out", summary->money.paid_minor, batch->currency);
    if (summary->money.residue_minor != 0)
        print_money("residue", summary->money.residue_minor, batch->currency);
    print_calls(report);
    print_ledger(summary);
    printf("time\n  %s, %s settlements/s", report_duration(report->took_ns, took),
           report_count(settled_per_s(report), rate));
    if (report->restarts > 0)
        printf(", started over %u times after losing the database", report->restarts);
    printf("\n");
    print_forecast(summary);
}

/* ---- JSON ---- */

static json_t *states_json(const struct batch_counts *counts)
{
    const struct {
        const char *name;
        uint64_t count;
    } states[] = {
        {"accounts", counts->accounts},       {"settled", counts->settled},
        {"compensated", counts->compensated}, {"returned", counts->returned},
        {"superseded", counts->superseded},   {"written_off", counts->written_off},
        {"short", counts->is_short},          {"parked", counts->parked},
        {"blocked", counts->blocked},         {"waiting", counts->waiting},
        {"active", counts->active},           {"pending", counts->pending},
        {"in_doubt", counts->in_doubt},
    };
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        json_object_set_new(object, states[i].name, json_integer((json_int_t)states[i].count));
    return object;
}

static json_t *groups_json(const PGresult *groups)
{
    json_t *list = json_array();
    for (int i = 0; i < PQntuples(groups); i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:I, s:o}", "step", db_text(groups, i, 0), "code",
                            db_text(groups, i, 1), "reason", codes_reason(db_text(groups, i, 1)),
                            "accounts", (json_int_t)db_int(groups, i, 2), "deposit_minor",
                            report_json_money(db_int(groups, i, 3))));
    return list;
}

static json_t *left_kind_json(const PGresult *left, const char *kind)
{
    json_t *list = json_array();
    int64_t total = 0;
    for (int i = 0; i < PQntuples(left); i++) {
        if (strcmp(db_text(left, i, LEFT_KIND), kind) != 0)
            continue;
        total = db_int(left, i, LEFT_TOTAL);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:s, s:s}", "account_ref",
                            db_text(left, i, LEFT_ACCOUNT), "step", db_text(left, i, LEFT_STEP),
                            "amount_minor", report_json_money(db_int(left, i, LEFT_AMOUNT)), "code",
                            db_text(left, i, LEFT_CODE), "since", db_text(left, i, LEFT_AT)));
    }
    return json_pack("{s:I, s:o}", "count", (json_int_t)total, "first", list);
}

static json_t *left_json(const PGresult *left)
{
    json_t *kinds = json_object();
    for (size_t i = 0; i < LEFT_KINDS; i++)
        json_object_set_new(kinds, left_kinds[i], left_kind_json(left, left_kinds[i]));
    return kinds;
}

static json_t *calls_json(const struct run_report *report)
{
    const struct settle_counts *total = &report->total;
    json_t *calls = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "balance", (json_int_t)total->polls, "transfer",
        (json_int_t)total->transfers, "inquiry", (json_int_t)total->inquiries, "sent_again",
        (json_int_t)total->resends, "in_doubt", (json_int_t)total->doubts, "throttled",
        (json_int_t)total->throttled, "timed_out", (json_int_t)total->timeouts);
    for (int kind = 0; kind < RUN_CALL_KINDS; kind++) {
        char name[32];
        snprintf(name, sizeof name, "%s_p50_ns", kind_names[kind]);
        json_object_set_new(calls, name,
                            json_integer((json_int_t)histogram_at(&report->latency[kind], 500)));
        snprintf(name, sizeof name, "%s_p99_ns", kind_names[kind]);
        json_object_set_new(calls, name,
                            json_integer((json_int_t)histogram_at(&report->latency[kind], 990)));
    }
    return calls;
}

static json_t *banks_json(const struct run_report *report)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->bank_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "bank", report->banks[i].name,
                                              "rate_per_s", (json_int_t)report->banks[i].rate_per_s,
                                              "used_per_mille",
                                              (json_int_t)report->banks[i].used_per_mille));
    return list;
}

static json_t *heads_json(const PGresult *heads)
{
    json_t *list = json_array();
    for (int i = 0; i < PQntuples(heads); i++)
        json_array_append_new(list, json_pack("{s:I, s:I, s:s}", "partition",
                                              (json_int_t)db_int(heads, i, 0), "chunk",
                                              (json_int_t)db_int(heads, i, 1), "hash",
                                              db_text(heads, i, 4)));
    return list;
}

/* null: nothing was to be done, or only requests, or what was left to do came to be known too late.
 */
static json_t *forecast_json(const struct run_report *report)
{
    const struct run_forecast *forecast = &report->forecast;
    if (!forecast->is_made)
        return json_null();
    return json_pack(
        "{s:I, s:I, s:s, s:s?, s:s, s:b, s:I, s:I}", "settlements",
        (json_int_t)forecast->settlements, "duration_ns", (json_int_t)forecast->duration_ns,
        "limit", forecast_site_limit(forecast->limit), "bank",
        forecast->bank[0] != '\0' ? forecast->bank : NULL, "words", forecast->words, "assumed",
        (int)forecast->is_assumed, "took_ns", (json_int_t)forecast_took_ns(report),
        "error_per_mille", (json_int_t)run_forecast_error(forecast, forecast_took_ns(report)));
}

static json_t *detection_json(const struct histogram *detection)
{
    return json_pack("{s:I, s:I, s:I}", "deposits", (json_int_t)detection->count,
                     "between_looks_p50_ns", (json_int_t)histogram_at(detection, 500),
                     "between_looks_p99_ns", (json_int_t)histogram_at(detection, 990));
}

void run_summary_print_json(const struct run_summary *summary)
{
    const struct run_report *report = summary->report;
    const struct settle_counts *total = &report->total;
    const struct batch_money *money = &summary->money;
    report_json_print(json_pack(
        "{s:i, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}, s:o, s:o, s:{s:I, "
        "s:I, "
        "s:I}, s:o, s:I, s:I, s:o, s:o, s:s, s:s}",
        "schema_version", REPORT_SCHEMA_VERSION, "cohort", report->batch->cohort, "settle_date",
        report->batch->date, "currency", report->batch->currency, "exit_code", summary->exit_code,
        "settlements", states_json(summary->counts), "parked_groups", groups_json(summary->groups),
        "left", left_json(summary->left), "money", "deposited_minor",
        report_json_money(money->deposited_minor), "collected_minor",
        report_json_money(money->collected_minor), "held_minor",
        report_json_money(money->held_minor), "paid_minor", report_json_money(money->paid_minor),
        "residue_minor", report_json_money(money->residue_minor), "calls", calls_json(report),
        "banks", banks_json(report), "ledger", "entries", (json_int_t)total->entries, "records",
        (json_int_t)total->records, "chunks", (json_int_t)total->chunks, "closing",
        heads_json(summary->heads), "took_ns", (json_int_t)report->took_ns, "restarts",
        (json_int_t)report->restarts, "forecast", forecast_json(report), "detection",
        detection_json(&report->detection), "io", ring_io_name(report->io), "io_reason",
        report->io_reason));
}
