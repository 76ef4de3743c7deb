/*
 * auditor_request: what persons ask for: each request gets one decision, in the chunk of its
 * effect, and nothing that needs a person happens without one.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "sim/auditor_state.h"

void auditor_requested(struct auditor *auditor, uint32_t account, uint64_t after,
                       const struct load_request *request)
{
    if (auditor->request_count == auditor->request_capacity) {
        auditor->request_capacity = auditor->request_capacity * 2 + 64;
        auditor->requests =
            realloc(auditor->requests, auditor->request_capacity * sizeof(*auditor->requests));
        CHECK(auditor->requests != NULL);
    }
    CHECK(request->id == auditor->request_count + 1);
    auditor->requests[auditor->request_count++] =
        (struct audited_request){.request = *request, .account = account, .after = after};
    if (account != UINT32_MAX)
        auditor->accounts[account].was_asked_about = true;
    if (request->kind != REQUEST_RATE)
        return;
    if (request->amount_minor > auditor->rules.rate_per_s)
        auditor->rules.rate_per_s = (uint32_t)request->amount_minor;
    // It may count for an engine before its decision is written.
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        auditor->engines[i].rate_per_s = 0;
}

/* ---- decisions ------------------------------------------------------------------------------- */

static bool is_word(uint8_t kind)
{
    return kind == REQUEST_PAID || kind == REQUEST_NOT_PAID || kind == REQUEST_PAID_BY_HAND;
}

static bool is_code(const struct record *r, const char *code)
{
    return strcmp(r->decision.code, code) == 0;
}

/* What is to come after another is answered after it, and only if that one is done. */
static void check_order(struct auditor *auditor, const struct record *r,
                        const struct audited_request *request)
{
    if (request->after == 0)
        return;
    uint8_t other = auditor->requests[request->after - 1].decision;
    if (other == 0)
        auditor_complain(auditor, "request %" PRIu64 " is answered before %" PRIu64,
                         r->decision.request_id, request->after);
    if ((other == DECISION_DONE) == is_code(r, "other_request_failed"))
        auditor_complain(auditor, "request %" PRIu64 " is answered %u after %u",
                         r->decision.request_id, r->decision.state, other);
}

/* The transfer that the person saw, as it is now. */
static bool is_as_seen(const struct audited_transfer *newest, const struct load_request *request)
{
    return newest != NULL && newest->step == request->step &&
           newest->kind == request->transfer_kind && newest->generation == request->generation &&
           newest->attempts == request->attempts;
}

static bool is_in_doubt(const struct audited_transfer *transfer)
{
    return transfer != NULL && (transfer->state == 0 || transfer->state == OUTCOME_PENDING);
}

static void check_word_done(struct auditor *auditor, struct audited_request *request, uint32_t who)
{
    struct audited_transfer *newest = auditor_newest(auditor, who);
    if (!is_as_seen(newest, &request->request) || !is_in_doubt(newest)) {
        auditor_complain(auditor, "account %u: a word counts for another transfer", who + 1);
        return;
    }
    request->transfer = auditor->accounts[who].newest;
}

static void check_return_done(struct auditor *auditor, struct audited_request *request,
                              uint32_t who)
{
    const struct load_request *asked = &request->request;
    for (uint32_t i = 0; i < auditor->transfer_count; i++) {
        const struct audited_transfer *transfer = &auditor->transfers[i];
        if (transfer->account == who && transfer->step == asked->step &&
            transfer->kind == asked->transfer_kind && transfer->generation == asked->generation)
            request->transfer = i + 1;
    }
    if (request->transfer == 0 || !auditor->accounts[who].is_ended)
        auditor_complain(auditor, "account %u: a return of nothing, or before its end", who + 1);
}

/* The money was in the account before that look, and was taken for a deposit: what the ledger has
   now is too much, for no engine could know. */
static void note_cloud(struct auditor *auditor, const struct audited_request *request, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    uint32_t at = request->after == 0 ? 0 : auditor->requests[request->after - 1].transfer;
    if (at != 0 && account->has_deposit &&
        auditor->transfers[at - 1].reversed_at_ns <= account->deposited_at_ns)
        auditor_person(auditor, who)->is_clouded = true;
}

static void on_done(struct auditor *auditor, struct audited_request *request, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    uint8_t kind = request->request.kind;
    if (account->owed_kind != 0)
        auditor_complain(auditor, "account %u: a decision of kind %u without its effect", who + 1,
                         account->owed_kind);
    account->granted = request->request.id;
    account->granted_kind = account->owed_kind = kind;
    if (is_word(kind))
        check_word_done(auditor, request, who);
    else if (kind == REQUEST_RETURN)
        check_return_done(auditor, request, who);
    else if (kind == REQUEST_RAISE)
        note_cloud(auditor, request, who);
    if (kind != REQUEST_AMEND)
        return;
    account->owed_kind = 0;
    account->mapping_id = request->request.mapping_id;
    if (account->is_ended || auditor_is_done(account, STEP_PAYOUT) ||
        is_in_doubt(auditor_newest(auditor, who)))
        auditor_complain(auditor, "account %u: amended although it is too late", who + 1);
}

static void check_not_done(struct auditor *auditor, const struct record *r,
                           const struct audited_request *request, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    const struct audited_transfer *newest = auditor_newest(auditor, who);
    bool is_stale = r->decision.state == DECISION_STALE;
    if (is_word(request->request.kind) && is_stale && is_as_seen(newest, &request->request))
        auditor_complain(auditor, "account %u: a word about its newest attempt is stale", who + 1);
    if ((is_code(r, "already_parked") && !account->is_parked) ||
        (is_code(r, "not_parked") && account->is_parked) ||
        (is_code(r, "not_ended") && account->is_ended) ||
        (is_code(r, "ended") && !account->is_ended) ||
        (is_code(r, "has_deposit") && !account->has_deposit) ||
        (is_code(r, "payout_done") && !auditor_is_done(account, STEP_PAYOUT)) ||
        (is_code(r, "nothing_to_release") && account->end_residue_minor != 0) ||
        (is_code(r, "not_in_doubt") && is_in_doubt(newest)))
        auditor_complain(auditor, "account %u: refused for %s, which is not so", who + 1,
                         r->decision.code);
    bool is_there = newest != NULL && (newest->is_booked || newest->is_reversed);
    if (is_word(request->request.kind) && ((is_code(r, "bank_has_paid") && !is_there) ||
                                           (is_code(r, "bank_never_received") && is_there)))
        auditor_complain(auditor, "account %u: refused for %s, which is not so", who + 1,
                         r->decision.code);
}

static bool is_rate_open(const struct auditor *auditor)
{
    for (uint32_t i = 0; i < auditor->request_count; i++)
        if (auditor->requests[i].request.kind == REQUEST_RATE && auditor->requests[i].decision == 0)
            return true;
    return false;
}

/* A partition that comes to it late changes nothing any more. */
static bool is_overtaken(const struct auditor *auditor, const struct record *r)
{
    for (uint64_t id = r->decision.request_id; id < auditor->request_count; id++)
        if (auditor->requests[id].request.kind == REQUEST_RATE &&
            auditor->requests[id].decision != 0)
            return true;
    return false;
}

static void on_rate(struct auditor *auditor, const struct record *r)
{
    if (is_overtaken(auditor, r))
        return;
    uint32_t month = settlement_batch(r->settlement_id) - WORKLOAD_BATCH;
    for (uint32_t i = 0; i < SEATS_MAX; i++) {
        struct audited_engine *engine = &auditor->engines[i];
        if (engine->month != month ||
            engine->epoch != auditor_chain(auditor, r->settlement_id)->epoch)
            continue;
        engine->rate_per_s = is_rate_open(auditor) ? 0 : (uint32_t)r->decision.amount_minor;
        engine->bucket = 0;
        engine->bucket_at_ns = auditor->now_ns;
    }
}

static bool is_its(const struct record *r, const struct audited_request *request, uint32_t who)
{
    bool is_done = r->decision.state == DECISION_DONE;
    int64_t mapping_id = is_done ? request->request.mapping_id : 0;
    return r->decision.request_kind == request->request.kind && request->account == who &&
           r->decision.mapping_id == mapping_id && r->decision.state >= DECISION_DONE &&
           r->decision.state <= DECISION_STALE && (r->decision.code[0] == 0) == is_done;
}

/* Of what is asked of the run each partition decides. */
static bool is_decided(const struct audited_request *request, const struct record *r)
{
    if (request->account != UINT32_MAX)
        return request->decision != 0;
    return (request->decided_in >> settlement_partition(r->settlement_id) & 1) != 0;
}

void auditor_on_decision(struct auditor *auditor, const struct record *r, uint32_t who)
{
    uint64_t id = r->decision.request_id;
    if (id == 0 || id > auditor->request_count || is_decided(&auditor->requests[id - 1], r)) {
        auditor_complain(auditor, "a decision about request %" PRIu64 ", which %s", id,
                         id == 0 || id > auditor->request_count ? "nobody made" : "has one");
        return;
    }
    struct audited_request *request = &auditor->requests[id - 1];
    if (!is_its(r, request, who)) {
        auditor_complain(auditor, "request %" PRIu64 ": another decision than was asked for", id);
        return;
    }
    check_order(auditor, r, request);
    request->decision = r->decision.state;
    request->decided_in |= 1U << settlement_partition(r->settlement_id);
    if (who == UINT32_MAX)
        on_rate(auditor, r);
    else if (r->decision.state == DECISION_DONE)
        on_done(auditor, request, who);
    else
        check_not_done(auditor, r, request, who);
}

/* ---- effects --------------------------------------------------------------------------------- */

/* The kind of request that alone brings this outcome, 0: it comes by itself. Words bring what the
   bank brings, too. */
static uint8_t wanted_by(const struct auditor *auditor, const struct record *r, uint32_t who)
{
    const struct audited_account *account = &auditor->accounts[who];
    switch ((enum outcome_state)r->outcome.state) {
    case OUTCOME_RELEASED:
        return REQUEST_RELEASE;
    case OUTCOME_RAISED:
        return REQUEST_RAISE;
    case OUTCOME_BY_HAND:
        return REQUEST_PAID_BY_HAND;
    case OUTCOME_WRITTEN_OFF:
    case OUTCOME_SUPERSEDED:
    case OUTCOME_RETURNED:
    case OUTCOME_SETTLED:
    case OUTCOME_COMPENSATED:
        if (account->is_ended && account->owed_kind != REQUEST_RETURN)
            return REQUEST_RELEASE;
        if (r->outcome.state == OUTCOME_WRITTEN_OFF)
            return REQUEST_WRITE_OFF;
        if (r->outcome.state == OUTCOME_SUPERSEDED)
            return REQUEST_SUPERSEDE;
        return r->outcome.state == OUTCOME_RETURNED ? REQUEST_RETURN : 0;
    case OUTCOME_PARKED:
        return strcmp(r->outcome.text.code, "parked_by_person") == 0 && !account->reparks
                   ? REQUEST_PARK
                   : 0;
    case OUTCOME_REJECTED_LATER:
    case OUTCOME_REJECTED_PERSON:
        if (strcmp(r->outcome.text.code, "not_paid") != 0)
            return 0;
        return account->owed_kind == REQUEST_PAID_BY_HAND ? REQUEST_PAID_BY_HAND : REQUEST_NOT_PAID;
    case OUTCOME_ACCEPTED:
        return strcmp(r->outcome.text.code, "by_person") == 0 ? REQUEST_PAID : 0;
    case OUTCOME_REVERSED:
        return account->is_ended ? REQUEST_RETURN : 0;
    case OUTCOME_PENDING:
    case OUTCOME_POSTED:
    case OUTCOME_SKIPPED:
    case OUTCOME_DEPOSITED:
    case OUTCOME_SHORT:
    case OUTCOME_COMPENSATING:
        return 0;
    }
    return 0;
}

/* With this outcome the decision has all of its effect. */
static bool is_whole(const struct record *r, uint8_t kind)
{
    switch ((enum request_kind)kind) {
    case REQUEST_PAID:
        return r->outcome.state == OUTCOME_ACCEPTED;
    case REQUEST_NOT_PAID:
        return r->outcome.state == OUTCOME_REJECTED_LATER;
    case REQUEST_PAID_BY_HAND:
        return r->outcome.state == OUTCOME_BY_HAND;
    case REQUEST_RETURN:
        return r->outcome.state == OUTCOME_RETURNED;
    case REQUEST_PARK:
        return r->outcome.state == OUTCOME_PARKED;
    case REQUEST_RELEASE:
        return r->outcome.state == OUTCOME_RELEASED || outcome_is_end(r->outcome.state);
    case REQUEST_WRITE_OFF:
        return r->outcome.state == OUTCOME_WRITTEN_OFF;
    case REQUEST_SUPERSEDE:
        return r->outcome.state == OUTCOME_SUPERSEDED;
    case REQUEST_RAISE:
        return r->outcome.state == OUTCOME_RAISED;
    case REQUEST_AMEND:
    case REQUEST_RATE:
        return true;
    }
    return true;
}

/* It goes on, or ends: parked no more. */
static void unpark(struct audited_account *account)
{
    if (account->owed_kind == REQUEST_RAISE) {
        account->reparks = account->is_parked;
        return;
    }
    if (account->owed_kind == REQUEST_PARK)
        return;
    account->is_parked = account->is_left_in_doubt = false;
}

bool auditor_on_effect(struct auditor *auditor, const struct record *r, uint32_t who)
{
    struct audited_account *account = &auditor->accounts[who];
    uint8_t wanted = wanted_by(auditor, r, who), owed = account->owed_kind;
    if (wanted != 0 && owed != wanted) {
        auditor_complain(auditor, "account %u: outcome %u without a decision", who + 1,
                         r->outcome.state);
        return false;
    }
    // Refused for its data it is parked anew, and its decision is not there.
    if (account->is_parked && r->outcome.state == OUTCOME_PARKED &&
        auditor->workload->accounts[who].is_poison)
        return true;
    bool is_over = account->is_ended || (account->is_parked && !account->reparks);
    if (is_over && owed == 0) {
        auditor_complain(auditor, "account %u: an outcome after its end", who + 1);
        return false;
    }
    if (owed == 0)
        return true;
    unpark(account);
    if (is_whole(r, owed))
        account->owed_kind = 0;
    return true;
}

void auditor_check_word(struct auditor *auditor, const struct record *r, uint32_t who,
                        const struct audited_transfer *transfer)
{
    const struct auditor_rules *rules = &auditor->rules;
    uint64_t wait_ns = rules->linger_ns + rules->processing_ns;
    if (transfer->was_shown_refused)
        return;
    if (rules->linger_unknown)
        auditor_complain(auditor, "account %u step %u: a word counts where linger is unknown",
                         who + 1, transfer->step);
    bool is_early_by_clock =
        transfer->clock_steps == auditor->clock_steps &&
        r->outcome.at_us <= transfer->send_before_us + (int64_t)(wait_ns / NS_PER_US);
    bool is_early = transfer->sends > 0 && auditor->now_ns < transfer->sent_at_ns + wait_ns;
    if (is_early_by_clock || is_early)
        auditor_complain(auditor, "account %u step %u: a word counts too early", who + 1,
                         transfer->step);
}

/* ---- at the end of a chunk, and of all ------------------------------------------------------- */

/* After such a decision nothing of it is given out before it is written. */
static bool rests(uint8_t kind)
{
    return kind != REQUEST_AMEND && kind != REQUEST_RAISE && kind != REQUEST_RELEASE &&
           kind != REQUEST_RATE;
}

static bool is_in_flight(const struct auditor *auditor, const struct chunk *chunk, uint32_t who)
{
    for (uint32_t i = 0; i < SEATS_MAX; i++)
        if (auditor->engines[i].epoch == chunk->epoch &&
            auditor->engines[i].month == workload_month(auditor->workload, who) &&
            auditor_person(auditor, who)->in_flight[i] > 0)
            return true;
    return false;
}

void auditor_check_effects(struct auditor *auditor, const struct chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->record_count; i++) {
        const struct record *r = &chunk->records[i];
        uint32_t who = workload_find(auditor->workload, r->settlement_id);
        if (r->record_kind != RECORD_DECISION || r->decision.state != DECISION_DONE ||
            who == UINT32_MAX)
            continue;
        struct audited_account *account = &auditor->accounts[who];
        if (account->owed_kind != 0)
            auditor_complain(auditor, "account %u: a decision of kind %u without its effect",
                             who + 1, account->owed_kind);
        if (account->reparks)
            auditor_complain(auditor, "account %u was parked, and is not any more", who + 1);
        if (rests(r->decision.request_kind) && is_in_flight(auditor, chunk, who))
            auditor_complain(auditor, "account %u: decided while something is in flight", who + 1);
        account->granted_kind = account->owed_kind = 0;
        account->granted = 0;
        account->reparks = false;
    }
}

void auditor_check_requests(struct auditor *auditor)
{
    for (uint32_t i = 0; i < auditor->request_count; i++) {
        const struct audited_request *request = &auditor->requests[i];
        bool is_poison = request->account != UINT32_MAX &&
                         auditor->workload->accounts[request->account].is_poison;
        bool is_answered = request->account != UINT32_MAX
                               ? request->decision != 0
                               : request->decided_in == (1U << auditor->workload->partitions) - 1;
        if (!is_answered && !is_poison)
            auditor_complain(auditor, "request %u of kind %u was never answered", i + 1,
                             request->request.kind);
        if (request->decision == DECISION_DONE && request->request.kind == REQUEST_PAID_BY_HAND &&
            !request->is_paid)
            auditor_complain(auditor, "request %u: nobody paid by hand", i + 1);
    }
}
