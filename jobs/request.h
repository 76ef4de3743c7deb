/*
 * request: what a person asks for, from the command line to its decision.
 *
 * A request is a row of the database, and the batch's owner answers it in a chunk. Where no run is
 * active, the command claims the batch itself, answers what is asked, goes on with the settlements
 * that it is about as far as they go, and ends. A command that is cut off leaves its request filed:
 * the next run of the batch answers it.
 */
#ifndef DAYBOOK_JOBS_REQUEST_H
#define DAYBOOK_JOBS_REQUEST_H

#include "jobs/run_batch.h"

#define REQUEST_REASON_MAX 400

/* A settlement, as the database has it now. Values, and texts for statements. */
struct request_target {
    char account_ref[65];
    char settlement_id[24], batch_id[16], account_id[24], mapping_id[24];
    char cohort[65], date[11], currency[4], state[16], step[16], code[CODE_TEXT_MAX + 1];
    char bank[BANK_TEXT_MAX + 1];
    struct parties parties;
    int64_t residue_minor;
    bool is_frozen;
    /* its newest transfer */
    bool is_open;
    uint8_t transfer_step, transfer_kind; /* 0: none */
    uint16_t generation, attempts;
    int64_t amount_minor;
};

/* One request, ready to be filed. Texts belong to the caller; NULL: empty. */
struct request {
    const char *kind; /* as in the table daybook.request */
    const char *batch_id, *cohort, *date;
    const char *settlement_id; /* NULL: the run's */
    const char *reason;
    const char *mapping_id, *bank, *bank_ref;
    uint8_t step, transfer;
    uint16_t generation, attempts;
    int64_t amount_minor, residue_minor;
};

struct request_answer {
    char request_id[24];
    char state[16]; /* done, refused, stale, busy; open: nobody answered it yet */
    char code[CODE_TEXT_MAX + 1];
    char settlement_state[16]; /* "": it is about none */
};

/* A command that asks for something: opens what it needs, asks, closes. The exit code. `context` is
   what ask finds in run->context. */
int request_command(struct job *job, int (*ask)(struct run *run), const void *context);
/* Whose settlement it is; the caller adds kind, reason and the rest. */
void request_about(struct request *request, const struct request_target *target);

/* The account's settlement that the command is about (options cohort and date, or the one that
   opened last). JOB_DONE, or the exit code of what was reported. */
int request_find(struct db *db, const struct job *job, const char *account_ref,
                 struct request_target *target);
/* The option reason, checked; NULL: reported. */
const char *request_reason(const struct job *job);

/* Filed, and its owner told. JOB_DONE, or the exit code of what was reported. */
int request_file(struct db *db, const struct request *request, char request_id[24]);
/* The answer of answer->request_id, and whether a run of its batch is active. */
int request_look(struct run *run, struct request_answer *answer, bool *has_owner);
/*
 * Filed and answered: by the run that is active, or by this command. JOB_DONE where it has a
 * decision, whichever; else the exit code of what was reported, and the request stays filed.
 */
int request_carry_out(struct run *run, const struct request *request,
                      struct request_answer *answer);
/* What it came to, on stdout or as JSON; returns the exit code that says so. */
int request_tell(const struct run *run, const struct request *request, const char *account_ref,
                 const struct request_answer *answer);

/* Where the settlement got a further end record after its account's next one opened, that one gets
   a request for what its floor lacks. JOB_DONE, or the exit code of what was reported. */
int request_raise_later(struct run *run, const char *settlement_id);

#endif
