#include "sim/people.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "sim/payday.h"

#define AMENDED_MOST 9U /* mappings of one account */

/* What one person sees of one settlement. */
struct sight {
    uint32_t account;
    struct load_row row;
    const struct record *intent; /* its newest; NULL: none */
    enum mock_knows knows;       /* the bank, of that */
    uint64_t bank_id;
};

static bool happens(struct payday *payday, uint64_t in_a_million)
{
    return prng_chance(&payday->prng.persons, (uint32_t)in_a_million, SWARM_MILLION);
}

uint64_t people_file(struct payday *payday, uint32_t account, uint64_t after,
                     const struct load_request *request)
{
    tape_note(payday->tape, payday->world.now_ns, "request", request->kind);
    return store_sim_file(
        payday->store, &(struct stored_request){.month = workload_month(&payday->workload, account),
                                                .account = account,
                                                .after = after,
                                                .request = *request});
}

void people_see(struct payday *payday, uint32_t account, struct load_row *row)
{
    store_rows_look(store_sim_rows(payday->store), account, row);
}

uint8_t people_decision(struct payday *payday, uint64_t request_id)
{
    return store_requests_at(&store_sim_rows(payday->store)->requests, request_id)->decision;
}

static uint64_t file(struct payday *payday, const struct sight *sight, uint64_t after,
                     struct load_request request)
{
    return people_file(payday, sight->account, after, &request);
}

static bool is_scripted(struct payday *payday, uint32_t month, enum sim_look when, bool *any)
{
    const struct sim_plan *plan = payday->plan;
    if (plan->persons == NULL)
        return false;
    bank_sim_advance(payday->bank);
    *any = plan->persons(plan->context, payday, month, when);
    return true;
}

static uint64_t ask(struct payday *payday, const struct sight *sight, uint64_t after,
                    enum request_kind kind)
{
    return file(payday, sight, after, (struct load_request){.kind = (uint8_t)kind});
}

static void look_at(struct payday *payday, uint32_t account, struct sight *sight)
{
    const struct store_rows *rows = store_sim_rows(payday->store);
    uint64_t reversed_at_ns;
    *sight = (struct sight){.account = account, .intent = store_rows_intent(rows, account)};
    store_rows_look(rows, account, &sight->row);
    if (sight->intent != NULL)
        sight->knows = bank_sim_knows(payday->bank, &sight->intent->intent.key, &sight->bank_id,
                                      &reversed_at_ns);
}

static bool is_in_doubt(const struct sight *sight)
{
    const struct load_transfer *transfer = &sight->row.transfer;
    return transfer->step != 0 && (transfer->state == 0 || transfer->state == OUTCOME_PENDING);
}

/* ---- a word about a transfer ----------------------------------------------------------------- */

/* Whoever errs there is found out. */
static bool can_be_asked(const struct payday *payday)
{
    return payday->swarm.inquiry == INQUIRY_BY_KEY && payday->swarm.key_lifetime_ns == 0;
}

/* Nothing of it is under way any more, so what the book has it will have. */
static bool is_over(const struct payday *payday, const struct sight *sight)
{
    uint64_t wait_ns = payday->swarm.linger_ns + payday->swarm.processing_ns + NS_PER_S;
    int64_t over_us = sight->row.transfer.send_before_us + (int64_t)(wait_ns / NS_PER_US);
    bool is_clock_true = payday->swarm.clock_step == 0;
    return is_clock_true && sight->knows != MOCK_KNOWS_UNDECIDED &&
           world_db_now_us(&payday->world) > over_us;
}

static enum request_kind draw_word(struct payday *payday, const struct sight *sight)
{
    bool is_paid = sight->knows == MOCK_KNOWS_DONE;
    if (can_be_asked(payday) && happens(payday, payday->swarm.person_wrong))
        is_paid = !is_paid;
    if (is_paid)
        return REQUEST_PAID;
    return prng_chance(&payday->prng.persons, 1, 2) ? REQUEST_NOT_PAID : REQUEST_PAID_BY_HAND;
}

static bool say(struct payday *payday, const struct sight *sight)
{
    const struct load_transfer *seen = &sight->row.transfer;
    if (!can_be_asked(payday) && !is_over(payday, sight))
        return false;
    struct load_request request = {.kind = (uint8_t)draw_word(payday, sight),
                                   .step = seen->step,
                                   .transfer_kind = seen->kind,
                                   .generation = seen->generation,
                                   .attempts = seen->attempts};
    if (happens(payday, payday->swarm.person_stale) && seen->attempts > 0)
        request.attempts--;
    else if (happens(payday, payday->swarm.person_stale))
        request.generation--;
    CHECK(snprintf(request.bank_ref, sizeof(request.bank_ref), "tr_%" PRIu64, sight->bank_id) > 0);
    (void)file(payday, sight, 0, request);
    return true;
}

/* ---- other requests -------------------------------------------------------------------------- */

static uint64_t amend(struct payday *payday, const struct sight *sight)
{
    int64_t plan_id = payday->workload.accounts[sight->account].mapping_id;
    int64_t step = workload_amended(&payday->workload, sight->account, 1) - plan_id;
    uint32_t nth = (uint32_t)((sight->row.mapping_id - plan_id) / step) + 1;
    if (nth > AMENDED_MOST)
        return 0;
    return file(payday, sight, 0,
                (struct load_request){
                    .kind = REQUEST_AMEND,
                    .mapping_id = workload_amended(&payday->workload, sight->account, nth)});
}

/* Several at once, too: the second is answered busy, or after the first. */
static bool help_parked(struct payday *payday, const struct sight *sight)
{
    switch (prng_below(&payday->prng.persons, 10)) {
    case 0:
        return ask(payday, sight, 0, REQUEST_WRITE_OFF) > 0;
    case 1:
        return ask(payday, sight, 0, REQUEST_PARK) > 0;
    case 2:
        return ask(payday, sight, ask(payday, sight, 0, REQUEST_WRITE_OFF), REQUEST_RELEASE) > 0;
    case 3:
    case 4:
    case 5:
        return ask(payday, sight, amend(payday, sight), REQUEST_RELEASE) > 0;
    default:
        return ask(payday, sight, 0, REQUEST_RELEASE) > 0;
    }
}

static bool meddle(struct payday *payday, const struct sight *sight)
{
    switch (prng_below(&payday->prng.persons, 8)) {
    case 0:
        return ask(payday, sight, 0, REQUEST_WRITE_OFF) > 0;
    case 1:
        return ask(payday, sight, 0, REQUEST_SUPERSEDE) > 0;
    case 2:
        return ask(payday, sight, 0, REQUEST_RELEASE) > 0;
    case 3:
    case 4:
        return amend(payday, sight) > 0;
    default:
        return ask(payday, sight, 0, REQUEST_PARK) > 0;
    }
}

uint64_t people_file_rate(struct payday *payday, uint32_t month, uint32_t rate_per_s)
{
    struct load_request request = {.kind = REQUEST_RATE, .amount_minor = rate_per_s};
    tape_note(payday->tape, payday->world.now_ns, "request", request.kind);
    return store_sim_file(
        payday->store,
        &(struct stored_request){.month = month, .account = UINT32_MAX, .request = request});
}

static void ask_for_rate(struct payday *payday, uint32_t month)
{
    uint64_t rate = payday->swarm.rate_per_s;
    (void)people_file_rate(payday, month,
                           (uint32_t)prng_between(&payday->prng.persons, rate / 2 + 1, 2 * rate));
}

static bool act(struct payday *payday, const struct sight *sight)
{
    bool speaks = is_in_doubt(sight) && prng_chance(&payday->prng.persons, 3, 4);
    if (speaks)
        return say(payday, sight);
    switch ((enum load_place)sight->row.place) {
    case LOAD_PLACE_PARKED:
        return help_parked(payday, sight);
    case LOAD_PLACE_FRESH:
    case LOAD_PLACE_UNDER_WAY:
        return meddle(payday, sight);
    case LOAD_PLACE_ENDED:
        return sight->row.end_residue_minor > 0 && ask(payday, sight, 0, REQUEST_RELEASE) > 0;
    }
    return false;
}

/* Who is parked or in doubt is looked at four times as often, who is blocked hardly. */
static uint64_t chance_of(const struct store_rows *rows, uint32_t account, uint64_t chance)
{
    const struct record *newest = store_rows_newest(rows, account);
    const struct record *intent = store_rows_intent(rows, account);
    uint64_t more = 4 * chance < SWARM_MILLION ? 4 * chance : SWARM_MILLION;
    if (!rows->openings[account].is_open)
        return chance / 8;
    bool is_parked = newest != NULL && newest->outcome.state == OUTCOME_PARKED;
    bool is_open = intent != NULL && (newest->step != intent->step || newest->kind != intent->kind);
    return is_parked || is_open ? more : chance / 2;
}

/* ---- looks ----------------------------------------------------------------------------------- */

static bool look(struct payday *payday, uint32_t month, uint64_t chance, bool all_parked)
{
    const struct workload *workload = &payday->workload;
    const struct store_rows *rows = store_sim_rows(payday->store);
    bool any = false;
    bank_sim_advance(payday->bank);
    for (uint32_t i = month * workload->count; i < (month + 1) * workload->count; i++) {
        bool looks = happens(payday, chance_of(rows, i, chance));
        bool is_parked = all_parked && store_rows_place(rows, i) == STORE_PARKED;
        if ((!looks && !is_parked) || store_requests_has_open(&rows->requests, i))
            continue;
        struct sight sight;
        look_at(payday, i, &sight);
        any |= is_parked ? ask(payday, &sight, 0, REQUEST_RELEASE) > 0 : act(payday, &sight);
    }
    return any;
}

bool people_look(struct payday *payday, uint32_t month)
{
    const struct swarm *swarm = &payday->swarm;
    bool any;
    if (is_scripted(payday, month, LOOK_BETWEEN, &any))
        return any;
    if (swarm->person_asks == 0 && swarm->person_reruns == 0)
        return false;
    return look(payday, month, swarm->person_asks, happens(payday, swarm->person_reruns));
}

void people_look_meanwhile(struct payday *payday, uint32_t month)
{
    bool any;
    if (is_scripted(payday, month, LOOK_MEANWHILE, &any))
        return;
    if (prng_chance(&payday->prng.persons, 1, 8))
        ask_for_rate(payday, month);
    (void)look(payday, month, payday->swarm.person_meanwhile, false);
}

bool people_supersede(struct payday *payday, uint32_t month)
{
    const struct workload *workload = &payday->workload;
    const struct store_rows *rows = store_sim_rows(payday->store);
    bool any = false;
    for (uint32_t i = month * workload->count; i < (month + 1) * workload->count; i++) {
        if (!store_rows_is_short(rows, i) || !happens(payday, payday->swarm.person_supersedes) ||
            store_requests_has_open(&rows->requests, i))
            continue;
        struct sight sight;
        look_at(payday, i, &sight);
        any |= ask(payday, &sight, 0, REQUEST_SUPERSEDE) > 0;
    }
    return any;
}

/* ---- what came back -------------------------------------------------------------------------- */

/* Its money lies in the account since then, and no look took it for something else. */
static bool is_plain(struct payday *payday, uint32_t account, uint64_t reversed_at_ns)
{
    const struct store_rows *rows = store_sim_rows(payday->store);
    uint32_t later = store_rows_later(rows, account);
    uint64_t ended_ns = store_rows_ended_ns(rows, account);
    if (reversed_at_ns <= ended_ns)
        return false;
    if (later == UINT32_MAX)
        return true;
    uint64_t deposited_ns = store_rows_since_ns(rows, later, OUTCOME_DEPOSITED);
    return store_rows_end(rows, later) == NULL &&
           (deposited_ns == AT_NEVER || reversed_at_ns > deposited_ns);
}

static void raise_later(struct payday *payday, const struct sight *sight, uint64_t returns,
                        int64_t amount_minor)
{
    uint32_t later = store_rows_later(store_sim_rows(payday->store), sight->account);
    if (later == UINT32_MAX)
        return;
    struct sight its = {.account = later};
    (void)file(payday, &its, returns,
               (struct load_request){.kind = REQUEST_RAISE, .amount_minor = amount_minor});
}

static bool return_one(struct payday *payday, const struct sight *sight,
                       const struct record *accepted, const struct record *intent)
{
    uint64_t bank_id, reversed_at_ns;
    enum mock_knows knows =
        bank_sim_knows(payday->bank, &intent->intent.key, &bank_id, &reversed_at_ns);
    bool is_wrong = can_be_asked(payday) && knows == MOCK_KNOWS_DONE &&
                    happens(payday, payday->swarm.person_wrong / 20);
    bool is_back = knows == MOCK_KNOWS_REVERSED && is_plain(payday, sight->account, reversed_at_ns);
    if (!is_wrong && !is_back)
        return false;
    uint64_t returns = file(payday, sight, 0,
                            (struct load_request){.kind = REQUEST_RETURN,
                                                  .step = accepted->step,
                                                  .generation = accepted->generation});
    raise_later(payday, sight, returns, accepted->outcome.amount_minor);
    return true;
}

bool people_return(struct payday *payday, uint32_t month)
{
    const struct workload *workload = &payday->workload;
    const struct store_rows *rows = store_sim_rows(payday->store);
    bool any = false;
    if (is_scripted(payday, month, LOOK_BACK, &any))
        return any;
    if (!happens(payday, payday->swarm.person_returns))
        return false;
    bank_sim_advance(payday->bank);
    for (uint32_t i = month * workload->count; i < (month + 1) * workload->count; i++) {
        struct sight sight;
        if (store_rows_end(rows, i) == NULL || store_requests_has_open(&rows->requests, i))
            continue;
        look_at(payday, i, &sight);
        bool is_asked = false;
        for (uint8_t step = STEP_COLLECT; step <= STEP_PAYOUT && !is_asked; step++) {
            const struct record *intent, *accepted = store_rows_accepted(rows, i, step, &intent);
            is_asked = accepted != NULL && return_one(payday, &sight, accepted, intent);
        }
        any |= is_asked;
    }
    return any;
}

/* ---- by hand --------------------------------------------------------------------------------- */

static void pay_by_hand(struct payday *payday, const struct stored_request *asked)
{
    const struct load_request *request = &asked->request;
    int64_t amount_minor =
        store_rows_amount(store_sim_rows(payday->store), asked->account, request);
    bool is_undo = request->transfer_kind == TRANSFER_UNDO;
    tape_note(payday->tape, payday->world.now_ns, "by hand", request->id);
    bool is_there =
        bank_sim_pay_by_hand(payday->bank, asked->account, request->step, is_undo, amount_minor);
    auditor_paid_by_hand(payday->auditor, request->id, is_there);
}

void people_on_decided(void *context, uint64_t request_id)
{
    struct payday *payday = context;
    const struct stored_request *asked =
        store_requests_at(&store_sim_rows(payday->store)->requests, request_id);
    if (asked->decision == DECISION_DONE && asked->request.kind == REQUEST_PAID_BY_HAND)
        pay_by_hand(payday, asked);
}
