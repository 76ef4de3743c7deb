/* bench report: results files as one HTML page. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/bench_page.h"
#include "jobs/job.h"
#include "jobs/report.h"

#define ACCOUNTS_MOST UINT64_C(1000000000)
#define RATE_MOST 1e6

/* What a forecast shows where nobody asks for others. */
static const uint32_t usual_rates[] = {100, 400, 1000};

static int read_files(const struct job *job, struct bench_results *results, size_t *count)
{
    char error[BENCH_RESULTS_ERROR_BYTES];
    for (*count = 0; *count < job->operand_count; (*count)++)
        if (!bench_results_read(&results[*count], job_operand(job, *count), error))
            return job_fail(JOB_BAD_INPUT,
                            "`daybook bench run` and `daybook bench sweep` write such files with "
                            "--out FILE",
                            "%s", error);
    return JOB_DONE;
}

static void add_rate(struct bench_page *page, uint32_t rate)
{
    for (size_t i = 0; i < page->rate_count; i++)
        if (page->rates[i] == rate)
            return;
    if (page->rate_count < BENCH_PAGE_RATES_MAX)
        page->rates[page->rate_count++] = rate;
}

/* 0, no limit, is the highest. */
static int by_rate(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a - 1, right = *(const uint32_t *)b - 1;
    return (left > right) - (left < right);
}

/* That of the verdict, those asked for or else the usual ones, and none at all. */
static int choose_rates(const struct job *job, struct bench_page *page)
{
    char error[VALUE_ERROR_BYTES];
    const struct value_rule rule = {.kind = VALUE_INTEGER, .least = 0, .most = (int64_t)RATE_MOST};
    double measured = page->basis.results->workload.bank_rate_per_s;
    size_t given = 0;
    for (const char *text; (text = job_text_at(job, "rate", given)) != NULL; given++) {
        int64_t rate;
        if (given == BENCH_PAGE_RATES_MAX - 1)
            return job_fail(JOB_USAGE, NULL, "more than %d --rate", BENCH_PAGE_RATES_MAX - 1);
        if (!value_parse(&rule, text, &rate, error)) // the option table has let it through
            return job_fail(JOB_USAGE, NULL, "--rate: %s", error);
        if (given == 0)
            page->question.rate_per_s = (uint32_t)rate;
        add_rate(page, (uint32_t)rate);
    }
    if (given == 0 && measured > 0 && measured <= RATE_MOST)
        page->question.rate_per_s = (uint32_t)ceil(measured);
    add_rate(page, page->question.rate_per_s);
    for (size_t i = 0; i < sizeof usual_rates / sizeof usual_rates[0] && given < 2; i++)
        add_rate(page, usual_rates[i]);
    add_rate(page, 0);
    qsort(page->rates, page->rate_count, sizeof page->rates[0], by_rate);
    return JOB_DONE;
}

static int choose_question(const struct job *job, struct bench_page *page)
{
    double accounts = page->basis.results->workload.accounts;
    page->start_minute = job_given(job, "start") ? job_number(job, "start") : -1;
    page->deadline_minute = job_given(job, "deadline") ? job_number(job, "deadline") : -1;
    if (page->deadline_minute >= 0 && page->start_minute < 0)
        return job_fail(JOB_USAGE, "add --start HH:MM", "--deadline needs a start");
    if (job_given(job, "accounts"))
        page->question.accounts = (uint64_t)job_number(job, "accounts");
    else if (accounts >= 1 && accounts <= (double)ACCOUNTS_MOST)
        page->question.accounts = (uint64_t)accounts;
    else
        return job_fail(JOB_USAGE, "add --accounts N",
                        "%s: does not tell a number of accounts to forecast for",
                        page->basis.results->file);
    return choose_rates(job, page);
}

static double given_or_nan(const struct job *job, const char *name)
{
    return job_given(job, name) ? (double)job_number(job, name) : NAN;
}

/* The whole page or nothing: what was there before stays until then. */
static int write_page(const char *name, const struct html *html)
{
    size_t room = strlen(name) + sizeof ".new";
    char *fresh = malloc(room);
    CHECK(fresh != NULL);
    snprintf(fresh, room, "%s.new", name);
    FILE *out = fopen(fresh, "we");
    bool good = out != NULL && fwrite(html->bytes, 1, html->used, out) == html->used;
    int reason = good ? 0 : errno;
    if (out != NULL && fclose(out) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && rename(fresh, name) != 0) {
        good = false;
        reason = errno;
    }
    if (!good && out != NULL)
        (void)unlink(fresh);
    free(fresh);
    return good ? JOB_DONE
                : job_fail(FAIL_OUTPUT_LOST, "choose another --out", "%.300s: %s", name,
                           strerror(reason));
}

static int write_report(const struct job *job, const struct bench_page *page)
{
    struct html html;
    struct outlook outlook;
    char sentence[OUTLOOK_SENTENCE_BYTES];
    html_init(&html);
    bench_page_write(&html, page);
    int exit_code = write_page(job_text(job, "out"), &html);
    html_deinit(&html);
    outlook_make(&page->basis, &page->question, &outlook);
    if (exit_code == JOB_DONE)
        printf("%s\n", outlook_sentence(&outlook, page->start_minute, sentence));
    return exit_code;
}

int job_bench_report(struct job *job)
{
    struct bench_results results[JOB_OPERANDS_MAX] = {0};
    struct bench_page page = {.results = results};
    const struct outlook_options options = {
        .concurrency = given_or_nan(job, "connections"),
        .bank_latency_ns = given_or_nan(job, "latency"),
    };
    int exit_code = read_files(job, results, &page.count);
    if (exit_code == JOB_DONE) {
        outlook_basis_make(results, page.count, &options, &page.basis);
        exit_code = choose_question(job, &page);
    }
    if (exit_code == JOB_DONE)
        exit_code = write_report(job, &page);
    for (size_t i = 0; i < page.count; i++)
        bench_results_free(&results[i]);
    return exit_code;
}
