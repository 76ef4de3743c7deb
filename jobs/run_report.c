#include "jobs/run_report.h"

#include <string.h>

#include "base/time.h"
#include "jobs/report.h"
#include "jobs/run_summary.h"
#include "sql.h"

#define BAR_WIDTH 30

struct moment {
    uint64_t done, total;
    uint64_t done_per_s, calls_per_s, calls_limit;
    uint64_t p50_ns, p99_ns;
    const struct settle_counts *counts;
};

static uint64_t calls_of(const struct settle_counts *counts)
{
    return counts->polls + counts->transfers + counts->inquiries;
}

static uint64_t done_of(const struct run_report *report, const struct settle_counts *counts)
{
    uint64_t done = report->done_before + counts->settled + counts->ended + counts->parked;
    return done < report->batch->accounts ? done : report->batch->accounts;
}

static uint64_t per_second(uint64_t count, uint64_t duration_ns)
{
    return duration_ns == 0 ? 0 : (uint64_t)((__uint128_t)count * NS_PER_S / duration_ns);
}

static void take_rates(struct run_report *report, uint64_t calls, uint64_t done, uint64_t now_ns)
{
    uint64_t since_ns = now_ns - report->told_at_ns;
    // A new try counts from nothing again.
    uint64_t calls_new = calls >= report->told_calls ? calls - report->told_calls : calls;
    uint64_t done_new = done >= report->told_done ? done - report->told_done : 0;
    report->calls_per_s = per_second(calls_new, since_ns);
    report->done_per_s = per_second(done_new, since_ns);
    report->told_at_ns = now_ns;
    report->told_calls = calls;
    report->told_done = done;
}

static struct moment look(struct run_report *report, const struct news_view *view, uint64_t now_ns)
{
    const struct settle_counts *counts = &view->counts;
    const struct histogram *transfers = &view->latency[CALL_TRANSFER];
    if (transfers->count == 0)
        transfers = &view->latency[CALL_BALANCE];
    struct moment moment = {
        .counts = counts,
        .done = done_of(report, counts),
        .total = report->batch->accounts,
        .p50_ns = histogram_at(transfers, 500),
        .p99_ns = histogram_at(transfers, 990),
    };
    if (now_ns - report->told_at_ns >= NS_PER_S || !report->live)
        take_rates(report, calls_of(counts), moment.done, now_ns);
    moment.calls_per_s = report->calls_per_s;
    moment.done_per_s = report->done_per_s;
    for (uint32_t i = 0; i < report->bank_count; i++)
        moment.calls_limit += report->banks[i].rate_per_s;
    return moment;
}

static void print_plain(const struct moment *moment)
{
    char done[MONEY_TEXT_BYTES], total[MONEY_TEXT_BYTES], calls[MONEY_TEXT_BYTES];
    char limit[MONEY_TEXT_BYTES], p50[REPORT_DURATION_BYTES], p99[REPORT_DURATION_BYTES];
    const struct settle_counts *counts = moment->counts;
    fprintf(stderr,
            "daybook: %s of %s done, %llu/s; calls %s/s of %s/s, %llu in flight, p50 %s p99 %s; "
            "waiting %llu, parked %llu, short %llu, blocked %llu, in doubt %llu\n",
            report_count(moment->done, done), report_count(moment->total, total),
            (unsigned long long)moment->done_per_s, report_count(moment->calls_per_s, calls),
            report_count(moment->calls_limit, limit), (unsigned long long)counts->calls_in_flight,
            report_duration(moment->p50_ns, p50), report_duration(moment->p99_ns, p99),
            (unsigned long long)counts->waiting, (unsigned long long)counts->parked,
            (unsigned long long)counts->is_short, (unsigned long long)counts->blocked,
            (unsigned long long)counts->in_doubt);
}

void run_report_clear(struct run_report *report)
{
    if (report->lines_drawn > 0)
        fprintf(stderr, "\033[%uA\033[J", report->lines_drawn);
    report->lines_drawn = 0;
}

static void draw_bar(const struct run_report *report, const struct moment *moment)
{
    uint64_t filled = moment->total == 0 ? 0 : moment->done * BAR_WIDTH / moment->total;
    fprintf(stderr, "%s[", report->coloured ? "\033[32m" : "");
    for (uint64_t i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '-', stderr);
    fprintf(stderr, "]%s", report->coloured ? "\033[0m" : "");
}

static void draw(struct run_report *report, const struct moment *moment)
{
    char done[MONEY_TEXT_BYTES], total[MONEY_TEXT_BYTES], calls[MONEY_TEXT_BYTES];
    char limit[MONEY_TEXT_BYTES], p50[REPORT_DURATION_BYTES], p99[REPORT_DURATION_BYTES];
    const struct settle_counts *counts = moment->counts;
    run_report_clear(report);
    draw_bar(report, moment);
    fprintf(stderr, " %s / %s  %llu/s\n", report_count(moment->done, done),
            report_count(moment->total, total), (unsigned long long)moment->done_per_s);
    fprintf(stderr, "  calls %s/s of %s/s, %llu in flight, p50 %s, p99 %s\n",
            report_count(moment->calls_per_s, calls), report_count(moment->calls_limit, limit),
            (unsigned long long)counts->calls_in_flight, report_duration(moment->p50_ns, p50),
            report_duration(moment->p99_ns, p99));
    fprintf(stderr, "  waiting %llu, parked %llu, short %llu, blocked %llu, in doubt %llu\n",
            (unsigned long long)counts->waiting, (unsigned long long)counts->parked,
            (unsigned long long)counts->is_short, (unsigned long long)counts->blocked,
            (unsigned long long)counts->in_doubt);
    report->lines_drawn = 3;
}

void run_report_begin(struct run_report *report, uint64_t now_ns)
{
    report->begun_at_ns = now_ns;
    report->told_at_ns = now_ns;
    report->told_done = report->done_before;
    for (int kind = 0; kind < RUN_CALL_KINDS; kind++)
        histogram_init(&report->latency[kind]);
    histogram_init(&report->detection);
}

/* What was done before is not done per second. */
void run_report_done_before(struct run_report *report, uint64_t done)
{
    report->told_done += done - report->done_before;
    report->done_before = done;
}

void run_report_progress(struct run_report *report, const struct news_view *view, uint64_t now_ns)
{
    struct moment moment = look(report, view, now_ns);
    if (report->live)
        draw(report, &moment);
    else
        print_plain(&moment);
}

void run_report_end_try(struct run_report *report, uint64_t now_ns)
{
    run_report_clear(report);
    for (uint32_t i = 0; i < report->bank_count; i++)
        report->banks[i].used_per_mille = 0;
    report->took_ns = now_ns - report->begun_at_ns;
    report->told_calls = 0;
}

/* Of what partitions use of one allowance while they wait for it, the parts add up. */
static void add_use(struct run_report_bank *bank, uint32_t used_per_mille)
{
    uint32_t used = bank->used_per_mille + used_per_mille;
    bank->used_per_mille = used < 1000 ? used : 1000;
}

void run_report_add(struct run_report *report, const struct settle *settle)
{
    settle_counts_add(&report->total, settle_counts(settle));
    for (int kind = 0; kind < RUN_CALL_KINDS; kind++)
        histogram_merge(&report->latency[kind], settle_latency(settle, (enum call_kind)kind));
    histogram_merge(&report->detection, settle_detection(settle));
    for (uint32_t i = 0; i < report->bank_count; i++) {
        add_use(&report->banks[i], settle_rate_used(settle, i));
        report->banks[i].foreign += settle_foreign(settle, i);
        uint64_t answers_ns;
        report->banks[i].answers += settle_answers(settle, i, &answers_ns);
        report->banks[i].answers_ns += answers_ns;
    }
}

/* Kept by job_run until the end. What went wrong already stands there as the first error. */
static void tell_in_one_line(const struct run_report *report, const struct batch_counts *counts,
                             int exit_code)
{
    char line[RUN_SUMMARY_LINE_BYTES], hint[128];
    run_summary_line(report, counts, exit_code, line);
    snprintf(hint, sizeof hint, "`daybook show %.64s --date %.10s`", report->batch->cohort,
             report->batch->date);
    job_fail(exit_code, hint, "%s", line);
}

bool run_report_summary(const struct run_report *report, struct db *db,
                        const struct batch_counts *counts, int exit_code)
{
    struct run_summary summary = {.report = report, .counts = counts, .exit_code = exit_code};
    char left_max[16];
    snprintf(left_max, sizeof left_max, "%d", RUN_SUMMARY_LEFT_MAX);
    const char *const params[] = {report->batch->id};
    const char *const left_params[] = {report->batch->id, left_max};
    if (report->quiet && exit_code == JOB_DONE)
        return true;
    if (report->quiet && !report->json) {
        tell_in_one_line(report, counts, exit_code);
        return true;
    }
    // Large batches are not gone through for what is not there.
    bool is_left = counts->parked + counts->pending + counts->in_doubt > 0;
    summary.groups = is_left ? batch_groups(db, report->batch) : NULL;
    bool asked = !is_left || summary.groups != NULL;
    summary.left = is_left && asked ? db_query(db, sql_batch_left, 2, left_params) : NULL;
    asked = asked && (!is_left || summary.left != NULL);
    summary.heads = asked ? db_query(db, sql_run_heads, 1, params) : NULL;
    asked = summary.heads != NULL && batch_sum(db, report->batch, &summary.money);
    if (asked && report->json)
        run_summary_print_json(&summary);
    else if (asked)
        run_summary_print(&summary);
    PQclear(summary.groups);
    PQclear(summary.left);
    PQclear(summary.heads);
    return asked;
}
