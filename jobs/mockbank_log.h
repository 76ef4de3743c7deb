/*
 * mockbank_log: the mock bank's receipt log, and its book's life after a kill.
 *
 * One line a record, fields separated by tabs; engine/mock/README.md has the columns. What a turn
 * of the server did is written (write(2), no fsync: it survives the process, not the machine)
 * before any answer of that turn is sent, so nothing that anyone was told is ever missing. A last
 * line without its end was told to no one and is cut off.
 */
#ifndef DAYBOOK_JOBS_MOCKBANK_LOG_H
#define DAYBOOK_JOBS_MOCKBANK_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "jobs/mockbank_accounts.h"
#include "mock/bank.h"

struct mockbank_log;

/* What an existing log tells of earlier lives. */
struct mockbank_past {
    uint32_t starts;
    uint64_t first_at_ns; /* of the first start; since the Unix epoch, as all instants here */
    uint64_t last_at_ns;
    uint32_t deposits; /* that arrived */
};

/* Open, or begin. NULL: `error` says why. */
struct mockbank_log *mockbank_log_open(const char *file, char error[MOCKBANK_ERROR_BYTES]);
void mockbank_log_close(struct mockbank_log *log);
/* Count the starts of earlier lives. False: `error`. */
MUST_USE bool mockbank_log_past(struct mockbank_log *log, struct mockbank_past *past,
                                char error[MOCKBANK_ERROR_BYTES]);
/* Put the book together again: `bank` holds the accounts and nothing else. */
MUST_USE bool mockbank_log_replay(struct mockbank_log *log, struct mock_bank *bank,
                                  struct mockbank_past *past, char error[MOCKBANK_ERROR_BYTES]);

/* ---- write: into a buffer ---- */
void mockbank_log_start(struct mockbank_log *log, uint64_t now_ns,
                        const struct mockbank_accounts *accounts);
void mockbank_log_call(struct mockbank_log *log, uint64_t now_ns, uint64_t connection,
                       const struct mock_reply *reply);
void mockbank_log_late(struct mockbank_log *log, const struct mock_transfer *transfer);
void mockbank_log_reversal(struct mockbank_log *log, const struct mock_transfer *transfer);
void mockbank_log_deposit(struct mockbank_log *log, uint64_t now_ns, const char *account,
                          int64_t amount_minor);
/* Hand it to the kernel. False: errno; what was not written must not be told to anyone. */
MUST_USE bool mockbank_log_flush(struct mockbank_log *log);

#endif
