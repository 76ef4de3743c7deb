#include "jobs/demo_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/prng.h"
#include "jobs/file.h"
#include "jobs/job.h"

#define FOLDERS_UP 4
#define PROFILE_BYTES_MAX (1U << 20)
#define ARRIVES_MOST_MS 3000U

static FILE *open_file(const char *folder, const char *name)
{
    char *path = file_in(folder, name);
    FILE *stream = fopen(path, "w");
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
        job_fail(JOB_TRY_AGAIN, "is the disk full?", "could not write the demo's files");
    return good;
}

/* ---- people ---- */

struct person {
    int64_t salary_minor, repayment_minor, hold_minor;
    bool has_deposit, is_stopped;
    uint32_t arrives_ms;
};

/*
 * Deposits arrive while the first run goes on, however short it is: it makes at least 3 calls for
 * each, at the bank's rate. Were one to arrive later, the second run would rightly pay it.
 */
static uint32_t arrives_most_ms(const struct demo_files *files)
{
    uint64_t run_ms = (uint64_t)files->accounts / DEMO_COHORTS * 3 * 1000 / files->rate_per_s;
    return run_ms < ARRIVES_MOST_MS ? (uint32_t)run_ms : ARRIVES_MOST_MS;
}

/* Salaries of 1.8 to 6 million won; some took an advance, some have something held back. */
static struct person draw_person(struct prng *prng, uint32_t late_most_ms)
{
    struct person person = {
        .salary_minor = (int64_t)prng_between(prng, 18000, 60000) * 100,
        .has_deposit = !prng_chance(prng, 1, 100),
        .is_stopped = prng_chance(prng, 1, 200),
    };
    if (prng_chance(prng, 9, 10))
        person.repayment_minor =
            (int64_t)prng_between(prng, 1, (uint64_t)person.salary_minor / 300) * 100;
    if (prng_chance(prng, 1, 4))
        person.hold_minor = person.salary_minor / 50;
    if (prng_chance(prng, 1, 10))
        person.arrives_ms = (uint32_t)prng_below(prng, late_most_ms + 1);
    return person;
}

static void write_person(FILE *cohort, FILE *bank, const char *name, uint32_t number,
                         const struct person *person)
{
    fprintf(cohort,
            "%s-%05u,mock,VA-%s-%05u,004,PO-%s-%05u,Person %u,KRW,%" PRId64 ",%" PRId64 ",%" PRId64
            ",,\n",
            name, number, name, number, name, number, number, person->repayment_minor,
            person->hold_minor, person->salary_minor);
    if (!person->has_deposit)
        fprintf(bank, "VA-%s-%05u,0,open\n", name, number);
    else if (person->arrives_ms == 0)
        fprintf(bank, "VA-%s-%05u,%" PRId64 ",open\n", name, number, person->salary_minor);
    else
        fprintf(bank, "VA-%s-%05u,0,open,%" PRId64 ",%u\n", name, number, person->salary_minor,
                person->arrives_ms);
    fprintf(bank, "PO-%s-%05u,0,%s\n", name, number, person->is_stopped ? "stopped" : "open");
}

static bool write_cohort(struct demo_files *files, uint32_t which, FILE *bank, struct prng *prng)
{
    static const char header[] =
        "account_ref,bank,virtual_account,payout_bank,payout_account,holder_name,currency,"
        "repayment_minor,hold_minor,expected_minor,expect_at,opening_minor\n";
    char file[DEMO_NAME_BYTES + 4];
    const char *name = files->cohorts[which];
    uint32_t people = files->accounts / DEMO_COHORTS + (which < files->accounts % DEMO_COHORTS);
    snprintf(file, sizeof file, "%s.csv", name);
    FILE *cohort = open_file(files->folder, file);
    if (cohort == NULL)
        return false;
    fputs(header, cohort);
    for (uint32_t number = 1; number <= people; number++) {
        struct person person = draw_person(prng, arrives_most_ms(files));
        files->without_deposit += !person.has_deposit;
        files->stopped += person.is_stopped;
        write_person(cohort, bank, name, number, &person);
    }
    return close_file(cohort);
}

bool demo_files_write_accounts(struct demo_files *files)
{
    struct prng prng = prng_split(files->seed, "demo people");
    FILE *bank = open_file(files->folder, "bank-accounts.csv");
    if (bank == NULL)
        return false;
    fputs("account,balance_minor,state,deposit_minor,arrives_after_ms\n", bank);
    bool written = true;
    for (uint32_t which = 0; which < DEMO_COHORTS && written; which++)
        written = write_cohort(files, which, bank, &prng);
    fputs("COLLECTION-1,0,open\n", bank);
    return close_file(bank) && written;
}

/* ---- configuration ---- */

/* Where this program's profiles lie: installed, or in the source tree it was built in. */
static char *find_profile(void)
{
    char program[4096];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
    char *path = strdup("/usr/share/daybook/banks/" DEMO_PROFILE);
    for (int up = 0; up < FOLDERS_UP && bytes > 0 && access(path, R_OK) != 0; up++) {
        program[bytes] = '\0';
        char *slash = strrchr(program, '/');
        if (slash == NULL)
            break;
        *slash = '\0';
        bytes = slash - program;
        free(path);
        path = file_in(program, "share/daybook/banks/" DEMO_PROFILE);
        if (access(path, R_OK) != 0) {
            free(path);
            path = file_in(program, "ops/banks/" DEMO_PROFILE);
        }
    }
    return path;
}

bool demo_files_copy_profile(const char *folder)
{
    char error[FILE_ERROR_BYTES];
    size_t bytes;
    char *path = find_profile();
    char *text = file_read(path, PROFILE_BYTES_MAX, &bytes, error);
    free(path);
    if (text == NULL) {
        job_fail(JOB_BAD_CONFIG, "run the program from its installed place or its source tree",
                 "the mock bank's profile: %s", error);
        return false;
    }
    FILE *copy = open_file(folder, DEMO_PROFILE);
    if (copy != NULL)
        fwrite(text, 1, bytes, copy);
    free(text);
    return copy != NULL && close_file(copy);
}

static void write_quoted(FILE *stream, const char *text)
{
    fputc('\'', stream);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputc('\'', stream);
        fputc(*text, stream);
    }
    fputc('\'', stream);
}

bool demo_files_write_config(const struct demo_files *files)
{
    if (!demo_files_copy_profile(files->folder))
        return false;
    FILE *stream = open_file(files->folder, "daybook.yaml");
    if (stream == NULL)
        return false;
    fputs("# Made by `daybook demo`. `daybook run --help` tells every key.\n", stream);
    if (files->database != NULL) {
        fputs("database: ", stream);
        write_quoted(stream, files->database);
        fputc('\n', stream);
    }
    fprintf(stream,
            "run:\n"
            "  progress_every: 1s\n"
            "claim:\n"
            "  login: any             # a rehearsal: the schema's owner may run it, too\n"
            "banks:\n"
            "  mock:\n"
            "    profile: " DEMO_PROFILE "\n"
            "    url: http://127.0.0.1:%u\n"
            "    collection_account: COLLECTION-1\n"
            "    rate: %u\n"
            "    burst: 100\n"
            "    calls: 512\n"
            "    poll_interval: 1s      # the mock bank does not mind\n"
            "    processing_time: 200ms\n"
            "    linger: 200ms\n"
            "    call_timeout: 5s\n",
            files->port, files->rate_per_s);
    return close_file(stream);
}
