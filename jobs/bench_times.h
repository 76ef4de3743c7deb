/*
 * bench_times: how long settlements took, and what they waited for, from a run's trace.
 *
 * Response: from the start of a settlement until its step is durably recorded (the commit of the
 * chunk with the step's outcome is acknowledged); of the settlement, until its end is. The start is
 * the instant at which its deposit was to land (bench_times_expect), whatever the engine did
 * meanwhile; where none was told, the instant at which the engine opened the settlement.
 *
 * Service: of one bank call, from its hand-over to the network until its answer, or until the
 * engine gave it up. Balances count for the deposit until it is recorded, then for closing.
 *
 * Where the time goes: every moment of the response of a settlement belongs to one part:
 *
 *     TOKENS    it could go on, and waits for its turn: the bank's rate, a free call, the poll
 *               interval (of it: poll_ns)
 *     BANK      a call is under way
 *     DATABASE  from an answer to the commit of its outcome; of it, gathering_ns while no commit
 *               was under way: the chunk waited for more records
 *     CPU       between the event and the command that follows from it in the same turn
 *
 * so that the parts of a settlement add up to its response. Only settled ones count.
 *
 * A resource. Items come in the order of the trace. What is missing from a trace (`dropped`) makes
 * its settlements incomplete, never wrong.
 */
#ifndef DAYBOOK_JOBS_BENCH_TIMES_H
#define DAYBOOK_JOBS_BENCH_TIMES_H

#include "base/histogram.h"
#include "base/transfer.h"
#include "jobs/trace_calls.h"

#define BENCH_STEPS (STEP_CLOSING + 1)
#define BENCH_WHOLE 0 /* the settlement, among the steps */

enum bench_part { BENCH_TOKENS, BENCH_BANK, BENCH_DATABASE, BENCH_CPU, BENCH_PARTS };

struct bench_times {
    struct histogram response[BENCH_STEPS];
    struct histogram service[BENCH_STEPS];
    struct histogram commit; /* a chunk, from its hand-over to its acknowledgement */
    uint64_t part_ns[BENCH_PARTS];
    uint64_t gathering_ns, poll_ns; /* of DATABASE, of TOKENS */
    uint64_t settled;               /* with their whole story in the trace */
    uint64_t answered_ns;           /* of all calls that got an answer, their service times */
    uint64_t first_ns, last_ns;     /* the first start and the last end of a settled one */
    uint64_t dropped;
};

struct bench_trace;

/* Room for so many settlements; more are not looked at. `poll_interval_ns` of the bank. */
struct bench_trace *bench_trace_open(uint32_t accounts, uint64_t poll_interval_ns);
void bench_trace_close(struct bench_trace *trace);

/* Before the first item: the deposit of this settlement lands at `at_ns` of the engine's clock. */
void bench_trace_expect(struct bench_trace *trace, uint64_t settlement_id, uint64_t at_ns);
void bench_trace_take(struct bench_trace *trace, const struct trace_item *item);
/* Valid while the trace is open. */
const struct bench_times *bench_trace_times(const struct bench_trace *trace);

/* Adds another run's. */
void bench_times_merge(struct bench_times *times, const struct bench_times *other);

#endif
