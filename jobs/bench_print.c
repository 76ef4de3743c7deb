#include "jobs/bench_print.h"

#include <stdio.h>
#include <string.h>

#include "jobs/bench_metric.h"
#include "jobs/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool metric_text(const json_t *point, const char *name, char text[BENCH_METRIC_TEXT_BYTES])
{
    struct bench_metric metric;
    char near[BENCH_METRIC_NAME_BYTES];
    double value;
    CHECK(bench_metric_find(name, &metric, near));
    text[0] = '\0';
    if (!bench_metric_of(&metric, point, &value))
        return false;
    bench_metric_text(&metric, value, text);
    return true;
}

/* ---- one run --------------------------------------------------------------------------------- */

static void print_spread(const json_t *point, const char *title, const char *name)
{
    struct bench_metric metric;
    struct bench_spread spread;
    char near[BENCH_METRIC_NAME_BYTES], text[3][BENCH_METRIC_TEXT_BYTES];
    CHECK(bench_metric_find(name, &metric, near));
    if (!bench_metric_spread(&metric, point, &spread))
        return;
    printf("%-14s %12s", title, bench_metric_text(&metric, spread.median, text[0]));
    if (spread.count > 1)
        printf("   %s to %s over %zu repeats", bench_metric_text(&metric, spread.least, text[1]),
               bench_metric_text(&metric, spread.most, text[2]), spread.count);
    printf("\n");
}

/* Several metrics in one line: "engine 41.0 us, bank 28.0 us". */
static void print_list(const json_t *point, const char *title, const char *prefix,
                       const char *const names[], size_t count)
{
    char name[BENCH_METRIC_NAME_BYTES], text[BENCH_METRIC_TEXT_BYTES];
    const char *between = "";
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s.%s", prefix, names[i]);
        if (!metric_text(point, name, text))
            continue;
        if (between[0] == '\0')
            printf("%-14s ", title);
        printf("%s%s %s", between, names[i], text);
        between = ", ";
    }
    if (between[0] != '\0')
        printf("\n");
}

static void print_latencies(const json_t *point)
{
    static const char *const of[] = {"deposit.response",    "collect.response", "payout.response",
                                     "settlement.response", "deposit.service",  "collect.service",
                                     "payout.service"};
    static const char *const marks[] = {"p50", "p90", "p99", "p999", "max"};
    static const struct report_column columns[] = {{"latency", false}, {"p50", true},
                                                   {"p90", true},      {"p99", true},
                                                   {"p99.9", true},    {"max", true}};
    struct report_table *table = report_table_open(columns, COUNT(columns));
    for (size_t i = 0; i < COUNT(of); i++) {
        char name[BENCH_METRIC_NAME_BYTES], text[BENCH_METRIC_TEXT_BYTES];
        snprintf(name, sizeof name, "%s.p50", of[i]);
        if (!metric_text(point, name, text))
            continue;
        report_table_add(table, of[i]);
        for (size_t mark = 0; mark < COUNT(marks); mark++) {
            snprintf(name, sizeof name, "%s.%s", of[i], marks[mark]);
            (void)metric_text(point, name, text);
            report_table_add(table, text);
        }
    }
    report_table_print(table, 0, stdout);
    report_table_close(table);
}

static const char *start_of_response(const json_t *workload)
{
    const char *loop = json_string_value(json_object_get(workload, "loop"));
    return strcmp(loop, "open") == 0 ? "the instant at which its deposit was to land"
                                     : "the instant at which the engine opened it";
}

static void print_one(const json_t *document, const json_t *point)
{
    static const char *const whose[] = {"engine", "bank", "postgres"};
    static const char *const parts[] = {"tokens", "bank", "database", "cpu"};
    print_spread(point, "settlements", "settlements_per_s");
    print_spread(point, "took", "seconds");
    print_list(point, "cpu each", "cpu_ns_per_settlement", whose, COUNT(whose));
    print_spread(point, "memory", "memory_bytes");
    print_list(point, "time goes to", "time_share", parts, COUNT(parts));
    if (json_object_get(point, "latency_ns") == NULL)
        return;
    print_latencies(point);
    printf("response: of a settlement, from %s until the step is durable\n"
           "service: of one bank call, from its hand-over to its answer\n",
           start_of_response(json_object_get(document, "workload")));
}

/* ---- a sweep --------------------------------------------------------------------------------- */

static void add_range(struct report_table *table, const json_t *point)
{
    struct bench_metric metric;
    struct bench_spread spread;
    char near[BENCH_METRIC_NAME_BYTES], text[2][BENCH_METRIC_TEXT_BYTES],
        range[2 * BENCH_METRIC_TEXT_BYTES + 4] = "";
    CHECK(bench_metric_find("settlements_per_s", &metric, near));
    if (bench_metric_spread(&metric, point, &spread) && spread.count > 1)
        snprintf(range, sizeof range, "%s to %s", bench_metric_text(&metric, spread.least, text[0]),
                 bench_metric_text(&metric, spread.most, text[1]));
    report_table_add(table, range);
}

static void add_value(struct report_table *table, const char *swept, const json_t *point)
{
    char text[REPORT_DURATION_BYTES > MONEY_TEXT_BYTES ? REPORT_DURATION_BYTES : MONEY_TEXT_BYTES];
    json_int_t value = json_integer_value(json_object_get(point, "value"));
    report_table_add(table, strcmp(swept, "latency") == 0 ? report_duration((uint64_t)value, text)
                                                          : report_count((uint64_t)value, text));
}

static void print_sweep(const json_t *document, const char *swept)
{
    static const char *const names[] = {"cpu_ns_per_settlement.engine",
                                        "cpu_ns_per_settlement.postgres",
                                        "settlement.response.p50",
                                        "settlement.response.p99",
                                        "time_share.tokens",
                                        "time_share.bank",
                                        "time_share.database",
                                        "time_share.cpu"};
    const struct report_column columns[] = {
        {swept, true},      {"settlements", true}, {"range", true}, {"engine", true},
        {"postgres", true}, {"p50", true},         {"p99", true},   {"tokens", true},
        {"bank", true},     {"database", true},    {"cpu", true},
    };
    const json_t *points = json_object_get(document, "points");
    struct report_table *table = report_table_open(columns, COUNT(columns));
    for (size_t i = 0; i < json_array_size(points); i++) {
        const json_t *point = json_array_get(points, i);
        char text[BENCH_METRIC_TEXT_BYTES];
        add_value(table, swept, point);
        (void)metric_text(point, "settlements_per_s", text);
        report_table_add(table, text);
        add_range(table, point);
        for (size_t name = 0; name < COUNT(names); name++) {
            (void)metric_text(point, names[name], text);
            report_table_add(table, text);
        }
    }
    report_table_print(table, 0, stdout);
    report_table_close(table);
    printf("engine, postgres: CPU time a settlement; p50, p99: of a settlement's response, from\n"
           "%s; tokens to cpu: what it waited for\n",
           start_of_response(json_object_get(document, "workload")));
}

void bench_print(const json_t *document)
{
    const char *swept = json_string_value(json_object_get(document, "swept"));
    if (swept != NULL)
        print_sweep(document, swept);
    else
        print_one(document, json_array_get(json_object_get(document, "points"), 0));
}
