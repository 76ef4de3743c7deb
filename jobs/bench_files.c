#include "jobs/bench_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/time.h"
#include "jobs/demo_files.h"
#include "jobs/file.h"

#define CALL_TIMEOUT_LEAST_NS (5 * NS_PER_S)
#define NO_LIMIT_PER_S 1000000U
#define NO_LIMIT_BURST 65536U

static FILE *open_file(const char *folder, const char *name, const char *mode)
{
    char *path = file_in(folder, name);
    FILE *stream = fopen(path, mode);
    if (stream == NULL)
        job_fail(JOB_TRY_AGAIN, NULL, "%s: %s", path, strerror(errno));
    free(path);
    return stream;
}

static bool close_file(FILE *stream)
{
    bool good = ferror(stream) == 0;
    good = fclose(stream) == 0 && good;
    if (!good)
        job_fail(JOB_TRY_AGAIN, "is the disk full?", "could not write the benchmark's files");
    return good;
}

/* ---- people ---------------------------------------------------------------------------------- */

static void write_person(FILE *cohort, FILE *bank, const struct bench_people *people, uint32_t i,
                         struct prng *prng)
{
    int64_t salary_minor = 2000000 + (int64_t)prng_below(prng, 2000) * 1000;
    int64_t repayment_minor = 100000 + (int64_t)prng_below(prng, 500) * 1000;
    int64_t hold_minor = prng_chance(prng, 3, 10) ? 50000 : 0;
    const char *name = people->name;
    // Numbers with leading zeros: the plan's order is that of the references, and of the deposits.
    fprintf(cohort,
            "%s-%07u,mock,VA-%s-%07u,004,PA-%s-%07u,Person %u,KRW,%" PRId64 ",%" PRId64 ",%" PRId64
            ",,\n",
            name, i + 1, name, i + 1, name, i + 1, i + 1, repayment_minor, hold_minor,
            salary_minor);
    if (people->rate_per_s == 0)
        fprintf(bank, "VA-%s-%07u,%" PRId64 ",open\n", name, i + 1, salary_minor);
    else
        fprintf(bank, "VA-%s-%07u,0,open,%" PRId64 ",%" PRIu64 "ns\n", name, i + 1, salary_minor,
                bench_lands_ns(i, people->rate_per_s));
    fprintf(bank, "PA-%s-%07u,0,open\n", name, i + 1);
}

bool bench_files_people(const char *folder, const struct bench_people *people, bool begin)
{
    char file[BENCH_COHORT_BYTES + 8];
    struct prng prng = prng_split(people->seed, "bench people");
    snprintf(file, sizeof file, "%s.csv", people->name);
    FILE *cohort = open_file(folder, file, "we");
    FILE *bank = cohort == NULL ? NULL : open_file(folder, BENCH_BANK_FILE, begin ? "we" : "ae");
    if (bank == NULL) {
        if (cohort != NULL)
            fclose(cohort);
        return false;
    }
    if (begin)
        fputs("account,balance_minor,state,deposit_minor,arrives_after_ms\nCOLLECT-1,0,open\n",
              bank);
    fputs("account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,currency,"
          "repayment_minor,hold_minor,expected_minor,expect_at,opening_minor\n",
          cohort);
    for (uint32_t i = 0; i < people->count; i++)
        write_person(cohort, bank, people, i, &prng);
    bool good = close_file(cohort);
    return close_file(bank) && good;
}

/* ---- configuration --------------------------------------------------------------------------- */

static void write_bank(FILE *out, const struct bench *bench, const struct bench_point *point,
                       uint16_t port)
{
    const struct bench_workload *workload = &bench->workload;
    uint64_t answer_ns = point->latency_ns + workload->spread_ns;
    uint64_t timeout_ns = CALL_TIMEOUT_LEAST_NS + 4 * answer_ns;
    bool is_limited = workload->bank_rate_per_s > 0;
    fprintf(out,
            "banks:\n"
            "  mock:\n"
            "    profile: " DEMO_PROFILE "\n"
            "    url: http://127.0.0.1:%u\n"
            "    collection_account: COLLECT-1\n"
            "    rate: %u\n"
            "    burst: %u\n"
            "    calls: %u\n"
            "    connections: %u\n"
            "    poll_interval: %" PRIu64 "ns\n"
            "    processing_time: %" PRIu64 "ns\n"
            "    linger: 1s\n"
            "    call_timeout: %" PRIu64 "ns\n",
            port, is_limited ? workload->bank_rate_per_s : NO_LIMIT_PER_S,
            is_limited ? workload->bank_burst : NO_LIMIT_BURST, point->connections,
            point->connections, workload->poll_interval_ns, NS_PER_S + answer_ns, timeout_ns);
}

bool bench_files_config(const struct bench *bench, const struct bench_point *point, uint16_t port)
{
    if (!demo_files_copy_profile(bench->folder))
        return false;
    FILE *out = open_file(bench->folder, BENCH_CONFIG_FILE, "we");
    if (out == NULL)
        return false;
    fprintf(out,
            "# Made by `daybook bench`.\n"
            "state_folder: none\n"
            "run:\n"
            "  closing_check: \"%s\"\n",
            bench->workload.closing_check);
    if (point->chunk_records > 0)
        fprintf(out, "  chunk_records: %u\n", point->chunk_records);
    if (point->lanes > 0)
        fprintf(out, "  lanes: %u\n", point->lanes);
    fputs("claim:\n"
          "  login: any             # a rehearsal: the schema's owner may run it, too\n",
          out);
    write_bank(out, bench, point, port);
    return close_file(out);
}
