/* doctor: is this machine, database and bank ready, and what to do if not. */
#include "jobs/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/config_url.h"
#include "jobs/report.h"

static const char *const verdict_names[] = {"ok", "warn", "fail"};

/* ---- lines ---- */

void doctor_group(struct doctor *doctor, const char *group)
{
    snprintf(doctor->group, sizeof doctor->group, "%s", group);
    if (doctor->print)
        printf("%s\n", group);
}

static void print(const struct doctor_line *line)
{
    printf("  %-5s %-18s %s\n", verdict_names[line->verdict], line->name, line->text);
    if (line->fix[0] != '\0')
        printf("        %-18s do: %s\n", "", line->fix);
    fflush(stdout); // the next one may take a while
}

static void add(struct doctor *doctor, enum doctor_verdict verdict, int exit_code, const char *name,
                const char *fix, const char *format, va_list list)
{
    char text[DOCTOR_TEXT_BYTES];
    CHECK(doctor->count < DOCTOR_LINES_MAX);
    struct doctor_line *line = &doctor->lines[doctor->count++];
    *line = (struct doctor_line){.verdict = verdict, .exit_code = exit_code};
    snprintf(line->group, sizeof line->group, "%s", doctor->group);
    snprintf(line->name, sizeof line->name, "%s", name);
    vsnprintf(text, sizeof text, format, list);
    text_clean(line->text, sizeof line->text, text, strlen(text));
    if (fix != NULL)
        text_clean(line->fix, sizeof line->fix, fix, strlen(fix));
    if (doctor->print)
        print(line);
}

void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(doctor, DOCTOR_OK, JOB_DONE, name, NULL, format, list);
    va_end(list);
}

void doctor_warn(struct doctor *doctor, const char *name, const char *fix, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(doctor, DOCTOR_WARN, JOB_DONE, name, fix, format, list);
    va_end(list);
}

void doctor_fail(struct doctor *doctor, const char *name, int exit_code, const char *fix,
                 const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(doctor, DOCTOR_FAIL, exit_code, name, fix, format, list);
    va_end(list);
}

void doctor_fail_status(struct doctor *doctor, const char *name, enum status status, char *error)
{
    char *hint = strstr(error, "\nHINT: ");
    int exit_code = status == STATUS_STORE_DENIED ? JOB_DENIED
                    : status == STATUS_BAD_CONFIG ? JOB_BAD_CONFIG
                                                  : JOB_UNREACHABLE;
    if (hint != NULL) {
        *hint = '\0';
        hint += 7;
    }
    doctor_fail(doctor, name, exit_code, hint, "%s", error);
}

void doctor_fail_said(struct doctor *doctor, const char *name, const struct job_said *said,
                      int exit_code)
{
    job_keep(NULL);
    if (exit_code != JOB_DENIED && exit_code != JOB_UNREACHABLE)
        exit_code = JOB_BAD_CONFIG;
    doctor_fail(doctor, name, exit_code, said->hint, "%s", said->last);
}

int doctor_exit_code(const struct doctor *doctor)
{
    static const int order[] = {JOB_BAD_CONFIG, JOB_DENIED, JOB_UNREACHABLE};
    for (size_t rank = 0; rank < sizeof order / sizeof order[0]; rank++) {
        for (uint32_t i = 0; i < doctor->count; i++) {
            if (doctor->lines[i].exit_code == order[rank])
                return order[rank];
        }
    }
    return JOB_DONE;
}

/* ---- the configuration ---- */

/* Each error of the file, with its place, is one line here; what follows it is its hint. */
static void tell_errors(struct doctor *doctor, char *errors)
{
    char *rest = errors;
    while (*rest != '\0' && doctor->count < DOCTOR_LINES_MAX / 2) {
        char *line = rest, *hint = NULL;
        rest += strcspn(rest, "\n");
        rest += *rest == '\n';
        // The source line with its caret is for who edits the file.
        while (strncmp(rest, "    ", 4) == 0 || strncmp(rest, "hint: ", 6) == 0) {
            if (*rest == 'h')
                hint = rest + 6;
            rest += strcspn(rest, "\n");
            rest += *rest == '\n';
        }
        line[strcspn(line, "\n")] = '\0';
        if (hint != NULL)
            hint[strcspn(hint, "\n")] = '\0';
        doctor_fail(doctor, "file", JOB_BAD_CONFIG, hint, "%s", line);
    }
}

/* What the reader sets when all is well; the rest must have something to stand on. */
static void complete(struct config *config)
{
    if (config->answer_within_ns == 0)
        config->answer_within_ns = 2 * config->stale_after_ns;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        struct config_bank *bank = &config->banks[i];
        if (bank->host[0] == '\0' && bank->profile != NULL && bank->url != NULL &&
            bank->collection_account != NULL)
            config_split_url(bank);
    }
}

static void read_configuration(struct doctor *doctor, const struct job *job)
{
    char *errors = NULL;
    size_t bytes;
    int failure;
    FILE *out = open_memstream(&errors, &bytes);
    CHECK(out != NULL);
    doctor->config = config_read(job, out, &failure);
    CHECK(fclose(out) == 0);
    doctor_group(doctor, "configuration");
    if (failure != JOB_DONE)
        tell_errors(doctor, errors);
    else if (doctor->config->file == NULL)
        doctor_warn(doctor, "file", "`daybook init` writes one", "no file; environment and flags");
    else
        doctor_ok(doctor, "file", "%s, %u banks", doctor->config->file, doctor->config->bank_count);
    free(errors);
    complete(doctor->config);
}

/* ---- the end ---- */

static void print_json(const struct doctor *doctor)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < doctor->count; i++) {
        const struct doctor_line *line = &doctor->lines[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s, s:s}", "group", line->group, "name",
                                        line->name, "result", verdict_names[line->verdict], "text",
                                        line->text, "fix", line->fix));
    }
    report_json_print(json_pack("{s:i, s:i, s:o}", "schema_version", REPORT_SCHEMA_VERSION,
                                "exit_code", doctor_exit_code(doctor), "checks", list));
}

static void print_total(const struct doctor *doctor)
{
    uint32_t counts[3] = {0};
    for (uint32_t i = 0; i < doctor->count; i++)
        counts[doctor->lines[i].verdict]++;
    printf("%s: %u ok, %u to look at, %u failed\n", counts[DOCTOR_FAIL] > 0 ? "not ready" : "ready",
           counts[DOCTOR_OK], counts[DOCTOR_WARN], counts[DOCTOR_FAIL]);
}

int job_doctor(struct job *job)
{
    struct doctor *doctor = calloc(1, sizeof *doctor);
    CHECK(doctor != NULL);
    doctor->print = job_number(job, "output") == 0;
    read_configuration(doctor, job);
    doctor_database(doctor);
    doctor_banks(doctor, job_text(job, "bank"));
    doctor_machine(doctor);
    if (doctor->print)
        print_total(doctor);
    else
        print_json(doctor);
    int exit_code = doctor_exit_code(doctor);
    run_banks_close(&doctor->banks);
    config_close(doctor->config);
    free(doctor);
    return exit_code;
}
