/*
 * machine: what was measured on this machine and with these banks: the parameters of a forecast.
 *
 * Kept as `capacity.json` in the state folder. It is advice: losing it loses only the forecasts'
 * precision. What another machine measured (other processor, or another number of cores) is not
 * used, nor is a file that cannot be read; the next save replaces both.
 *
 * Units      ns; settlements a second.
 * Ownership  a plain value.
 * Errors     a text for people, which names the file.
 */
#ifndef DAYBOOK_JOBS_MACHINE_H
#define DAYBOOK_JOBS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/transfer.h"
#include "jobs/file.h"

#define MACHINE_FILE "capacity.json"
#define MACHINE_CPU_BYTES 128
#define MACHINE_TEXT_BYTES 80
#define MACHINE_URL_BYTES 512
#define MACHINE_BANKS_MAX 64 /* the newest ones */

/* What the measurements belong to. */
struct machine_name {
    char cpu[MACHINE_CPU_BYTES];
    uint32_t cores;                  /* that this process may use */
    char kernel[MACHINE_TEXT_BYTES]; /* told, not compared */
};

/* What a benchmark found: a bank without latency and without limit, so that nothing but this
   machine's own programs, Postgres among them, was the limit. */
struct machine_speed {
    uint64_t settlements_per_s;               /* the most that it carried; 0: never measured */
    uint64_t engine_ns, bank_ns, postgres_ns; /* CPU time a settlement */
    uint64_t chunk_commit_ns;                 /* a typical chunk, from its send to its commit */
    uint32_t lanes;
    char measured_at[MACHINE_TEXT_BYTES]; /* RFC 3339, UTC; machine_save fills it in … */
    char daybook[MACHINE_TEXT_BYTES];     /* … and the version */
};

/* What the newest run saw of a bank. */
struct machine_bank {
    char name[BANK_TEXT_MAX + 1];
    char url[MACHINE_URL_BYTES]; /* the same name elsewhere is another bank */
    uint64_t call_ns;            /* mean time of a call, from its send to its whole answer */
    char measured_at[MACHINE_TEXT_BYTES];
};

struct machine {
    struct machine_name name;
    struct machine_speed speed;
    uint64_t commit_ns; /* a chunk of the newest run, from its send to its commit; 0: none ran */
    uint32_t bank_count;
    struct machine_bank banks[MACHINE_BANKS_MAX]; /* the newest first */
};

enum machine_found {
    MACHINE_ABSENT,  /* no file; no folder */
    MACHINE_KNOWN,   /* *machine is filled in; speed may still be unmeasured */
    MACHINE_FOREIGN, /* of another machine: see `error` */
    MACHINE_BROKEN,  /* unreadable, or of another version: see `error` */
};

/* This machine. */
void machine_look(struct machine_name *name);

/* `folder` NULL: none is kept. Unless MACHINE_KNOWN, *machine has this machine's name and nothing
   else. */
enum machine_found machine_load(const char *folder, struct machine *machine,
                                char error[FILE_ERROR_BYTES]);
/* The speed takes the place of an older one, banks stay. False: see `error`; the folder must be
   there (run_heads_make_folder). */
MUST_USE bool machine_save(const char *folder, const struct machine_speed *speed,
                           char error[FILE_ERROR_BYTES]);
/* The same for what a run saw: its commits, and its banks (measured_at is filled in); speed and
   other banks stay. `commit_ns` 0: it saw none. */
MUST_USE bool machine_save_run(const char *folder, uint64_t commit_ns,
                               const struct machine_bank *banks, uint32_t count,
                               char error[FILE_ERROR_BYTES]);

/* NULL: no run measured it. */
const struct machine_bank *machine_bank(const struct machine *machine, const char *name,
                                        const char *url);

#endif
