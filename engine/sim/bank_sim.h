/*
 * bank_sim: the way to the bank, on virtual time, and engine/mock behind it.
 *
 * A call is rendered by its profile, travels, is answered by the mock bank, and its answer travels
 * back, is cut at drawn places, and is read by wire's http and profile: bytes all the way. A
 * request that was handed over keeps travelling when its engine dies or cancels, for up to
 * `linger`. Each call gets exactly one reply; what comes later is dropped with its connection.
 */
#ifndef DAYBOOK_SIM_BANK_SIM_H
#define DAYBOOK_SIM_BANK_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "core/port.h"
#include "mock/bank.h"
#include "sim/auditor.h"
#include "sim/swarm.h"
#include "sim/workload.h"
#include "sim/world.h"
#include "wire/profile.h"

enum call_fate {
    FATE_GOOD,
    FATE_REFUSED,        /* the connection is refused: nothing was handed over */
    FATE_LOST_REQUEST,   /* broken before the bank got it */
    FATE_LOST_ANSWER,    /* the bank did what it does, then the connection broke */
    FATE_CUT_ANSWER,     /* … in the middle of the answer */
    FATE_SURPLUS_ANSWER, /* more bytes than the answer has */
    FATE_SILENT,         /* the bank gets it; nothing ever comes back */
    FATE_SAID,           /* the bank never gets it; `said` comes back */
    FATE_SAID_AFTER,     /* the bank does what it does; `said` comes back */
    FATE_CHANGED,        /* a repeat: it would read differently now, and is not sent */
};

struct call_plan {
    enum call_fate fate;
    uint64_t connect_ns; /* before it is handed over */
    uint64_t travel_ns;  /* from there to the bank; with connect_ns at most the linger */
    uint64_t return_ns;
    const char *said; /* a whole HTTP answer, static */
};

struct bank_sim_config {
    struct world *world;
    const struct swarm *swarm; /* read at every draw: healing it heals the way to the bank */
    const struct workload *workload;
    const struct profile *profile;
    struct profile_scratch *scratch;
    struct hash *hash;
    struct auditor *auditor;
    uint64_t seed;
    /* A script instead of chance; NULL: drawn. `nth` counts calls of this kind for this
       settlement (of this account, for balances) from 1, over all incarnations. */
    struct call_plan (*decide)(void *context, const struct bank_call *call, uint32_t nth);
    void *context;
};

struct bank_sim;

struct bank_sim *bank_sim_open(const struct bank_sim_config *config);
void bank_sim_close(struct bank_sim *bank);

/* A month's deposits begin to come in. */
void bank_sim_month(struct bank_sim *bank, uint32_t month);
/* When an engine decided it: the permission to send was looked at then. */
struct call_given {
    uint64_t at_ns;
    int64_t db_us;
};
/* Engines are known by their seat (below SEATS_MAX). What an engine hands over later than
   `linger` after it decided meets a connection that the bank has closed. */
void bank_sim_call(struct bank_sim *bank, uint32_t engine, const struct bank_call *call,
                   struct call_given given);
void bank_sim_cancel(struct bank_sim *bank, uint32_t engine, struct slot call);
/* The engine is gone, and its connections with it. */
void bank_sim_drop(struct bank_sim *bank, uint32_t engine);
/* The engine that a happening must wait for while it stands still; SEATS_MAX: none. */
uint32_t bank_sim_engine(const struct bank_sim *bank, const struct happening *happening);
/* One of the bank's happenings. True: *event is for that engine; its text holds for the next
   BANK_SIM_TEXTS events. */
MUST_USE bool bank_sim_happen(struct bank_sim *bank, const struct happening *happening,
                              struct event *event);
/* A deposit comes in: settlement << 1 | which. */
void bank_sim_deposit(struct bank_sim *bank, uint32_t which);
/* Somebody looks into the bank's book; *bank_id: of what is decided. */
enum mock_knows bank_sim_knows(const struct bank_sim *bank, const struct idem_key *key,
                               uint64_t *bank_id, uint64_t *reversed_at_ns);
/* A person moves at the bank what this step moves, or (undo) back. False: the money is not there.
 */
MUST_USE bool bank_sim_pay_by_hand(struct bank_sim *bank, uint32_t account, uint8_t step,
                                   bool is_undo, int64_t amount_minor);
/* All faults of the mock bank end. */
void bank_sim_heal(struct bank_sim *bank);
/* Let what is late be done, up to now. */
void bank_sim_advance(struct bank_sim *bank);

#define BANK_SIM_TEXTS 64U

#endif
