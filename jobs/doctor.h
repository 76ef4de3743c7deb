/*
 * doctor: what `daybook doctor` found, line by line. For doctor*.c.
 */
#ifndef DAYBOOK_JOBS_DOCTOR_H
#define DAYBOOK_JOBS_DOCTOR_H

#include "base/status.h"
#include "jobs/config.h"
#include "jobs/run_banks.h"

#define DOCTOR_TEXT_BYTES 1024
#define DOCTOR_LINES_MAX (32 + 10 * BANKS_MAX)

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_line {
    char group[32], name[32]; /* "database", "fsync" */
    enum doctor_verdict verdict;
    int exit_code; /* of a failure: JOB_BAD_CONFIG, JOB_DENIED or JOB_UNREACHABLE */
    char text[DOCTOR_TEXT_BYTES];
    char fix[DOCTOR_TEXT_BYTES]; /* "": none */
};

struct doctor {
    struct config *config;  /* with what could be read; never NULL */
    bool print;             /* each line at once */
    char group[32];         /* of the next lines */
    struct run_banks banks; /* what could be loaded of them, for the limits of the machine */
    uint32_t count;
    struct doctor_line lines[DOCTOR_LINES_MAX];
};

void doctor_group(struct doctor *doctor, const char *group);
void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_warn(struct doctor *doctor, const char *name, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void doctor_fail(struct doctor *doctor, const char *name, int exit_code, const char *fix,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* What the engine said, with its "\nHINT: …"; the exit code follows from the status. */
void doctor_fail_status(struct doctor *doctor, const char *name, enum status status, char *error);
/* What a command told while it was kept (job_keep); ends that. */
void doctor_fail_said(struct doctor *doctor, const char *name, const struct job_said *said,
                      int exit_code);

/* 0, or the most serious failure's: 78, then 77, then 69. */
int doctor_exit_code(const struct doctor *doctor);

/* ---- what is looked at ---- */

void doctor_machine(struct doctor *doctor);
void doctor_database(struct doctor *doctor);
/* `only`: this bank alone; NULL: all. */
void doctor_banks(struct doctor *doctor, const char *only);

/* ---- pure parts, public for their tests ---- */

/* The instant of the header "Date:" in an HTTP answer, in seconds since 1970. */
MUST_USE bool doctor_parse_date(const char *answer, int64_t *at_s);
/* "6.1.0-18-amd64" as 6.1: major * 1000 + minor; 0: not understood. */
int doctor_parse_release(const char *release);
/* Sorts; the middle one. */
uint64_t doctor_median(uint64_t *values, uint32_t count);

#endif
