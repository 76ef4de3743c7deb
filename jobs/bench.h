/*
 * bench: one benchmark: what is asked for, where it runs, and what was measured.
 *
 * bench_setup.c opens what all repeats share (database, work folder, facts of this machine);
 * bench_once.c carries out one repeat; bench_result.c makes the results document; bench.c has the
 * commands. Errors are reported where they are seen; functions return exit codes.
 */
#ifndef DAYBOOK_JOBS_BENCH_H
#define DAYBOOK_JOBS_BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "jobs/bench_times.h"
#include "jobs/cluster.h"
#include "jobs/config.h"
#include "jobs/job.h"

#define BENCH_VALUES_MAX 32
#define BENCH_REPEATS_MAX 100
#define BENCH_COHORT_BYTES 40
#define BENCH_PREFIX "bench-" /* of every cohort of ours */

/* What a sweep may go over. */
enum bench_over {
    BENCH_OVER_NOTHING,
    BENCH_OVER_CONCURRENCY,
    BENCH_OVER_RATE,
    BENCH_OVER_CHUNK_RECORDS,
    BENCH_OVER_LANES,
    BENCH_OVER_LATENCY,
};

/* What differs from point to point of a sweep. */
struct bench_point {
    uint32_t connections;   /* calls in flight */
    uint32_t rate_per_s;    /* deposits a second; 0: closed loop */
    uint32_t chunk_records; /* 0: the configuration's */
    uint32_t lanes;         /* 0: the configuration's */
    uint64_t latency_ns;    /* of the mock bank */
};

/* The same at every point. */
struct bench_workload {
    uint32_t accounts, warm_up;
    uint64_t seed;
    uint32_t repeats, latency_repeats;
    uint64_t spread_ns, poll_interval_ns;
    uint32_t bank_rate_per_s, bank_burst; /* 0: no limit */
    const char *closing_check;
    const char *bank; /* of the configuration; NULL: the mock bank */
};

/* What one run was. */
struct bench_run {
    bool is_traced, is_timed; /* latencies; throughput and CPU */
    uint64_t settled, accounts;
    uint32_t rate_per_s;   /* of the deposits; 0: closed loop */
    uint64_t took_ns;      /* closed loop: of the process; open loop: first deposit to last end */
    uint64_t settling_ns;  /* of it, between claim and summary, as the run itself tells */
    uint64_t cpu_ns[3];    /* engine, bank, Postgres; UINT64_MAX: not known */
    uint64_t memory_bytes; /* of the engine */
    uint64_t held_ns;      /* the mock bank held answers back; UINT64_MAX: not known */
    struct bench_times *times; /* NULL: not traced */
};

enum { BENCH_ENGINE, BENCH_BANK_SIDE, BENCH_POSTGRES };

struct bench {
    struct job *job;
    struct bench_workload workload;
    bool is_quiet;
    enum bench_over over;
    /* shared by all repeats */
    struct config *config;   /* the user's; NULL: not read */
    uint32_t bank_calls;     /* of a bank of the configuration, in flight at most */
    struct cluster *cluster; /* NULL: a given database */
    char *database;          /* conninfo of the given one */
    char *state_folder;      /* of the user's runs; NULL: none */
    char *folder;            /* work folder; profile and configuration lie there */
    bool keeps_folder;
    char mark[16]; /* makes cohorts and accounts unique in a database that stays */
    char date[11]; /* of the batches */
    uint32_t runs; /* so far: names them */
    json_t *environment;
    char started_at[32];
};

/* ---- bench_setup.c ---- */

int bench_open(struct bench *bench);
void bench_close(struct bench *bench);
/* An empty database for the next run; in a given one its own batches stay beside each other. */
int bench_fresh_database(struct bench *bench);
/* "2026-03-25T09:00:00Z" */
void bench_write_time(char text[32]);

/* ---- bench_child.c: other commands of this program, as processes ---- */

#define BENCH_WORDS_MAX 128

struct bench_words {
    const char *words[BENCH_WORDS_MAX];
    size_t count;
};

/* The next word; it must live as long as they are used. */
void bench_say(struct bench_words *words, const char *word);
void bench_say_option(struct bench_words *words, const char *option, const char *value);
/* Carries out one whose output nobody wants. An exit code. */
int bench_command(const struct bench *bench, const struct bench_words *words);

struct bench_ended {
    int exit_code;
    uint64_t took_ns, cpu_ns, memory_bytes;
    char *output; /* of its stdout, ended by a NUL; to be freed */
};

/* The same, measured, with what it prints. False: it did not start; reported. */
MUST_USE bool bench_measure(const struct bench *bench, const struct bench_words *words,
                            struct bench_ended *ended);

struct bench_bank {
    pid_t pid; /* 0: not running */
    int output;
    uint16_t port;
};

/* `daybook mockbank …`; JOB_DONE once it listens. */
int bench_bank_start(const struct bench *bench, const struct bench_words *words,
                     struct bench_bank *bank);
/* How long it held answers back, UINT64_MAX: not known. Nothing where it is not running. */
uint64_t bench_bank_end(struct bench_bank *bank);

/* ---- bench_once.c ---- */

/* One repeat, with its warm-up; *run to be emptied by bench_run_free. */
int bench_once(struct bench *bench, const struct bench_point *point, bool is_traced,
               struct bench_run *run);
void bench_run_free(struct bench_run *run);

/* ---- bench_result.c ---- */

/* A point of the results, of all its runs; `value` is taken over. */
json_t *bench_result_point(const struct bench *bench, const struct bench_point *point,
                           json_t *value, const struct bench_run *runs, size_t run_count);
/* The whole document; takes `points` over. */
json_t *bench_result_document(const struct bench *bench, const struct bench_point *first,
                              json_t *points);

/* ---- bench_machine.c ---- */

/* Where this machine's speed is kept, by the user's configuration; before that is put aside. */
void bench_machine_open(struct bench *bench);
/* Keeps it, where this result is one. */
void bench_machine_keep(const struct bench *bench, const struct bench_point *point,
                        const json_t *document);

#endif
