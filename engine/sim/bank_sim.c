#include "sim/bank_sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/prng.h"
#include "base/time.h"
#include "sim/echoes.h"
#include "wire/http.h"

#define FLIGHT_NONE UINT32_MAX
#define ANSWER_BYTES_MAX (MOCK_ANSWER_MAX + 16U)

/* How a flight ends when there are no bytes to read. */
enum preset { PRESET_NONE, PRESET_IN_DOUBT, PRESET_NOT_DONE, PRESET_CHANGED };

/* One request on its way, and its answer. */
struct flight {
    uint32_t generation; /* of this place: a happening of an earlier tenant is stale */
    uint32_t next_free;
    bool is_used;
    bool is_owned;      /* an engine waits for the reply */
    bool is_travelling; /* a happening of it is still to come */
    bool is_cancelled;
    bool is_handed;
    bool has_arrived;
    bool has_order;
    bool is_dripping; /* the answer comes byte by byte */
    bool is_closed;   /* the answer's connection closed before its end */
    enum preset preset;
    uint32_t engine;
    uint64_t given_at_ns;
    struct slot call;
    uint8_t call_kind;
    struct call_plan plan;
    struct transfer_order order;
    struct parties parties;
    uint32_t request_bytes, answer_bytes;
    char request[REQUEST_BYTES_MAX];
    char answer[ANSWER_BYTES_MAX];
};

struct bank_sim {
    struct bank_sim_config config;
    struct prng prng;
    struct mock_bank *mock;
    uint32_t booked_count;   /* of its transfers, those that the auditor was told */
    uint32_t reversed_count; /* of its reversals */
    struct flight **flights;
    uint32_t flight_count, flight_capacity, free_head;
    uint32_t *by_call; /* by engine and call slot: flight + 1, 0: none */
    uint32_t calls_max;
    uint32_t *counts; /* by account and call kind: calls so far, for scripts */
    struct echoes echoes;
    struct bank_text texts[BANK_SIM_TEXTS];
    uint32_t text_count;
};

static bool happens(struct bank_sim *bank, uint64_t in_a_million)
{
    return prng_chance(&bank->prng, (uint32_t)in_a_million, SWARM_MILLION);
}

/* ---- the bank's book ------------------------------------------------------------------------- */

static void open_accounts(struct bank_sim *bank)
{
    const struct workload *workload = bank->config.workload;
    CHECK(mock_bank_account(bank->mock, WORKLOAD_COLLECTION, 0, MOCK_ACCOUNT_OPEN));
    CHECK(mock_bank_account(bank->mock, WORKLOAD_SUSPENSE, 0, MOCK_ACCOUNT_OPEN));
    CHECK(mock_bank_account(bank->mock, WORKLOAD_POOL, 0, MOCK_ACCOUNT_OPEN));
    enum mock_account_state state =
        bank->config.swarm->pool == POOL_NONE ? MOCK_ACCOUNT_OPEN : MOCK_ACCOUNT_POOLED;
    for (uint32_t i = 0; i < workload->count; i++) {
        const struct workload_account *account = &workload->accounts[i];
        CHECK(mock_bank_account(bank->mock, account->parties.virtual_account,
                                workload_floor(account), state));
        if (account->is_payout_stopped)
            CHECK(mock_bank_account(bank->mock, account->parties.payout_account, 0,
                                    MOCK_ACCOUNT_STOPPED));
    }
}

void bank_sim_month(struct bank_sim *bank, uint32_t month)
{
    const struct workload *workload = bank->config.workload;
    struct world *world = bank->config.world;
    for (uint32_t i = month * workload->count; i < (month + 1) * workload->count; i++)
        for (uint32_t part = 0; part < WORKLOAD_DEPOSITS_MAX; part++) {
            const struct workload_deposit *deposit = &workload->accounts[i].deposits[part];
            if (deposit->amount_minor > 0 && deposit->at_ns != AT_NEVER)
                world_plan(world, world->now_ns + deposit->at_ns, HAPPENING_DEPOSIT, i << 1 | part);
        }
}

struct bank_sim *bank_sim_open(const struct bank_sim_config *config)
{
    const struct swarm *swarm = config->swarm;
    struct bank_sim *bank = calloc(1, sizeof(*bank));
    CHECK(bank != NULL);
    bank->config = *config;
    bank->prng = prng_split(config->seed, "bank");
    echoes_init(&bank->echoes, config->world, config->seed);
    bank->free_head = FLIGHT_NONE;
    bank->calls_max = (uint32_t)swarm->calls;
    bank->by_call = calloc(SEATS_MAX * bank->calls_max, sizeof(*bank->by_call));
    bank->counts = calloc(workload_total(config->workload), 3 * sizeof(*bank->counts));
    struct mock_settings settings = {
        .seed = prng_next(&bank->prng),
        .latency_ns = swarm->bank_latency_ns,
        .latency_spread_ns = swarm->bank_spread_ns,
        .slow_ns = swarm->bank_slow_ns,
        .late_ns = swarm->bank_late_ns,
        .settle_ns = swarm->bank_settle_ns,
        .lag_ns = swarm->bank_lag_ns,
        .drip_ns = swarm->bank_drip_ns,
        .reverse_ns = swarm->bank_reverse_ns,
        .fee_minor = (int64_t)swarm->bank_fee_minor,
        .fee_account = WORKLOAD_COLLECTION,
        .pool_account = WORKLOAD_POOL,
        .key_lifetime_ns = swarm->key_lifetime_ns,
        .accounts_max = 2 * config->workload->count + 3,
        .transfers_max = 16 * workload_total(config->workload) + 64,
        .faults = swarm_mock(swarm),
    };
    if (swarm->fee_is_ours == 0)
        settings.fee_account[0] = 0;
    bank->mock = mock_bank_open(&settings);
    CHECK(bank->by_call != NULL && bank->counts != NULL && bank->mock != NULL);
    open_accounts(bank);
    return bank;
}

void bank_sim_close(struct bank_sim *bank)
{
    for (uint32_t i = 0; i < bank->flight_count; i++)
        free(bank->flights[i]);
    free(bank->flights);
    free(bank->by_call);
    free(bank->counts);
    mock_bank_close(bank->mock);
    free(bank);
}

static void tell_book(struct bank_sim *bank)
{
    while (bank->booked_count < mock_bank_transfer_count(bank->mock))
        auditor_booked(bank->config.auditor, mock_bank_transfer(bank->mock, bank->booked_count++));
    while (bank->reversed_count < mock_bank_reversal_count(bank->mock))
        auditor_reversed(bank->config.auditor,
                         mock_bank_reversal(bank->mock, bank->reversed_count++));
}

void bank_sim_advance(struct bank_sim *bank)
{
    mock_bank_advance(bank->mock, bank->config.world->now_ns);
    tell_book(bank);
}

void bank_sim_deposit(struct bank_sim *bank, uint32_t which)
{
    const struct workload_account *account = &bank->config.workload->accounts[which >> 1];
    int64_t amount_minor = account->deposits[which & 1].amount_minor;
    bank_sim_advance(bank);
    CHECK(mock_bank_deposit(bank->mock, account->parties.virtual_account, amount_minor));
    auditor_deposited(bank->config.auditor, workload_person(bank->config.workload, which >> 1),
                      amount_minor);
}

enum mock_knows bank_sim_knows(const struct bank_sim *bank, const struct idem_key *key,
                               uint64_t *bank_id, uint64_t *reversed_at_ns)
{
    char text[2 * IDEM_KEY_BYTES + 1];
    const struct mock_transfer *transfer;
    hex_write(text, key->bytes, IDEM_KEY_BYTES);
    enum mock_knows knows = mock_bank_knows(bank->mock, text, &transfer);
    *bank_id = transfer != NULL ? transfer->id : 0;
    *reversed_at_ns = transfer != NULL ? transfer->reversed_at_ns : 0;
    return knows;
}

bool bank_sim_pay_by_hand(struct bank_sim *bank, uint32_t account, uint8_t step, bool is_undo,
                          int64_t amount_minor)
{
    const struct parties *parties = &bank->config.workload->accounts[account].parties;
    bool is_pooled = bank->config.swarm->pool != POOL_NONE;
    const char *person = is_pooled ? WORKLOAD_POOL : parties->virtual_account;
    const char *share = is_pooled ? parties->virtual_account : "";
    const char *other = step == STEP_COLLECT ? WORKLOAD_COLLECTION
                        : step == STEP_HOLD  ? WORKLOAD_SUSPENSE
                                             : "by-hand";
    bank_sim_advance(bank);
    return mock_bank_move(bank->mock, is_undo ? other : person, is_undo ? person : other, share,
                          amount_minor);
}

void bank_sim_heal(struct bank_sim *bank)
{
    struct mock_faults none = {0};
    mock_bank_set_faults(bank->mock, &none);
}

/* ---- flights --------------------------------------------------------------------------------- */

static struct flight *flight_at(const struct bank_sim *bank, uint32_t at)
{
    CHECK(at < bank->flight_count);
    return bank->flights[at];
}

static void add_flight(struct bank_sim *bank)
{
    if (bank->flight_count == bank->flight_capacity) {
        bank->flight_capacity = bank->flight_capacity * 2 + 16;
        bank->flights = realloc(bank->flights, bank->flight_capacity * sizeof(struct flight *));
        CHECK(bank->flights != NULL);
    }
    struct flight *flight = calloc(1, sizeof(*flight));
    CHECK(flight != NULL);
    flight->next_free = bank->free_head;
    bank->free_head = bank->flight_count;
    bank->flights[bank->flight_count++] = flight;
}

/* Where it is noted which flight carries this call. */
static uint32_t *place_of(struct bank_sim *bank, uint32_t engine, struct slot call)
{
    CHECK(engine < SEATS_MAX && call.index < bank->calls_max);
    return &bank->by_call[engine * bank->calls_max + call.index];
}

static uint32_t begin_flight(struct bank_sim *bank, uint32_t engine, const struct bank_call *call)
{
    if (bank->free_head == FLIGHT_NONE)
        add_flight(bank);
    uint32_t at = bank->free_head;
    struct flight *flight = flight_at(bank, at);
    bank->free_head = flight->next_free;
    flight->is_used = flight->is_owned = true;
    flight->is_travelling = flight->is_cancelled = flight->is_closed = false;
    flight->is_dripping = false;
    flight->is_handed = flight->has_arrived = false;
    flight->answer_bytes = 0;
    flight->preset = PRESET_NONE;
    flight->engine = engine;
    flight->call = call->call;
    flight->call_kind = call->call_kind;
    flight->has_order = call->order != NULL;
    if (flight->has_order)
        flight->order = *call->order;
    flight->parties = *call->parties;
    uint32_t *place = place_of(bank, engine, call->call);
    CHECK(*place == 0);
    *place = at + 1;
    return at;
}

static const struct transfer_order *order_of(const struct flight *flight)
{
    return flight->has_order ? &flight->order : NULL;
}

/* Nobody waits and nothing comes: the place is free. */
static void end_if_over(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    if (flight->is_owned || flight->is_travelling)
        return;
    flight->is_used = false;
    flight->generation++;
    flight->next_free = bank->free_head;
    bank->free_head = at;
}

static void plan(struct bank_sim *bank, uint32_t at, uint64_t at_ns, enum happening_kind kind)
{
    struct flight *flight = flight_at(bank, at);
    if (kind != HAPPENING_CANCELLED)
        flight->is_travelling = true;
    world_plan(bank->config.world, at_ns, kind, (uint64_t)flight->generation << 32 | at);
}

static uint64_t now(const struct bank_sim *bank)
{
    return bank->config.world->now_ns;
}

/* ---- what becomes of a call ------------------------------------------------------------------ */

/* A gateway in front of the bank refuses, and keeps nothing under the key. */
static const char limit_exceeded[] =
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 87\r\n\r\n"
    "{\"type\":\"invalid_operation_error\",\"title\":\"limit\",\"status\":409,"
    "\"code\":\"limit_exceeded\"}";

static enum call_fate draw_fate(struct bank_sim *bank, const struct bank_call *call)
{
    const struct swarm *swarm = bank->config.swarm;
    enum call_kind call_kind = (enum call_kind)call->call_kind;
    if (call->body_digest != NULL && happens(bank, swarm->bank_changed))
        return FATE_CHANGED;
    if (happens(bank, swarm->net_refused))
        return FATE_REFUSED;
    if (call_kind == CALL_TRANSFER && happens(bank, swarm->bank_limit))
        return FATE_SAID;
    if (happens(bank, swarm->net_lost_request))
        return FATE_LOST_REQUEST;
    if (happens(bank, swarm->net_lost_answer))
        return FATE_LOST_ANSWER;
    if (happens(bank, swarm->net_cut_answer))
        return FATE_CUT_ANSWER;
    return happens(bank, swarm->net_surplus_answer) ? FATE_SURPLUS_ANSWER : FATE_GOOD;
}

static struct call_plan draw_plan(struct bank_sim *bank, const struct bank_call *call)
{
    const struct swarm *swarm = bank->config.swarm;
    struct call_plan drawn = {
        .fate = draw_fate(bank, call),
        .said = limit_exceeded,
        .connect_ns = prng_between(&bank->prng, 0, swarm->net_connect_ns),
        .travel_ns = prng_between(&bank->prng, 0, swarm->net_travel_ns),
        .return_ns = prng_between(&bank->prng, 0, swarm->net_travel_ns),
    };
    if (happens(bank, swarm->net_late_request) && drawn.connect_ns < swarm->linger_ns)
        drawn.travel_ns = prng_between(&bank->prng, 0, swarm->linger_ns - drawn.connect_ns);
    return drawn;
}

static struct call_plan decide(struct bank_sim *bank, const struct bank_call *call)
{
    if (bank->config.decide == NULL)
        return draw_plan(bank, call);
    const struct workload *workload = bank->config.workload;
    uint32_t account = workload_index(workload, call->settlement_id);
    uint32_t nth = ++bank->counts[3 * account + call->call_kind];
    return bank->config.decide(bank->config.context, call, nth);
}

/* The body that the intent was made for is the only one that may be sent. */
static bool is_changed(struct bank_sim *bank, const struct bank_call *call)
{
    if (call->call_kind != CALL_TRANSFER || call->body_digest == NULL)
        return false;
    struct digest digest =
        profile_body_digest(bank->config.profile, bank->config.hash, call->order, call->parties);
    return memcmp(&digest, call->body_digest, sizeof(digest)) != 0;
}

/* The latest instant at which the bank still takes what was decided then. */
static uint64_t latest_ns(const struct bank_sim *bank, const struct flight *flight)
{
    uint64_t linger_ns = bank->config.swarm->linger_ns;
    return linger_ns < AT_NEVER - flight->given_at_ns ? flight->given_at_ns + linger_ns : AT_NEVER;
}

static void hand_over(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    flight->is_handed = true;
    uint64_t arrives_ns = now(bank) + flight->plan.travel_ns;
    bool is_late = now(bank) > latest_ns(bank, flight); // it stood still: its connection is closed
    if (arrives_ns > latest_ns(bank, flight) && !is_late)
        arrives_ns = latest_ns(bank, flight);
    if (flight->plan.fate == FATE_LOST_REQUEST || is_late) {
        flight->preset = PRESET_IN_DOUBT;
        plan(bank, at, arrives_ns, HAPPENING_ANSWERED);
    } else {
        plan(bank, at, arrives_ns, HAPPENING_ARRIVED);
    }
}

static void depart(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    uint64_t connected_ns = now(bank) + flight->plan.connect_ns;
    if (flight->plan.fate == FATE_REFUSED) {
        flight->preset = PRESET_NOT_DONE;
        plan(bank, at, connected_ns, HAPPENING_ANSWERED);
    } else if (flight->plan.connect_ns > 0) {
        plan(bank, at, connected_ns, HAPPENING_CONNECTED);
    } else {
        hand_over(bank, at);
    }
}

void bank_sim_call(struct bank_sim *bank, uint32_t engine, const struct bank_call *call,
                   struct call_given given)
{
    auditor_calls(bank->config.auditor, engine, call, given.at_ns, given.db_us);
    uint32_t at = begin_flight(bank, engine, call);
    struct flight *flight = flight_at(bank, at);
    flight->given_at_ns = given.at_ns;
    flight->plan = decide(bank, call);
    if (flight->plan.fate == FATE_CHANGED || is_changed(bank, call)) {
        flight->preset = PRESET_CHANGED;
        plan(bank, at, now(bank), HAPPENING_ANSWERED);
        return;
    }
    struct rendered rendered = profile_render(bank->config.profile, (enum call_kind)call->call_kind,
                                              call->order, call->parties, flight->request);
    CHECK(rendered.bytes > 0);
    flight->request_bytes = rendered.bytes;
    depart(bank, at);
}

/* What was handed over may still lie in some buffer: it arrives, at the latest after the linger. */
static void delay_arrival(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    uint64_t until_ns = latest_ns(bank, flight);
    if (until_ns == AT_NEVER)
        until_ns = now(bank) + bank->config.swarm->call_timeout_ns;
    if (until_ns <= now(bank) || !prng_chance(&bank->prng, 1, 2))
        return;
    flight->generation++; // its planned arrival is stale now
    plan(bank, at, prng_between(&bank->prng, now(bank), until_ns), HAPPENING_ARRIVED);
}

static bool is_on_its_way(const struct flight *flight)
{
    return flight->is_handed && !flight->has_arrived && flight->preset == PRESET_NONE;
}

static void give_up(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    *place_of(bank, flight->engine, flight->call) = 0;
    flight->is_owned = false;
    end_if_over(bank, at);
}

void bank_sim_cancel(struct bank_sim *bank, uint32_t engine, struct slot call)
{
    uint32_t at = *place_of(bank, engine, call) - 1;
    if (at == FLIGHT_NONE || flight_at(bank, at)->call.generation != call.generation)
        return; // its reply is given already
    struct flight *flight = flight_at(bank, at);
    if (flight->is_cancelled)
        return;
    flight->is_cancelled = true;
    if (is_on_its_way(flight))
        delay_arrival(bank, at);
    plan(bank, at, now(bank) + prng_between(&bank->prng, 0, NS_PER_MS), HAPPENING_CANCELLED);
}

void bank_sim_drop(struct bank_sim *bank, uint32_t engine)
{
    echoes_drop(&bank->echoes, engine);
    for (uint32_t i = 0; i < bank->calls_max; i++) {
        uint32_t carried = *place_of(bank, engine, (struct slot){.index = i});
        if (carried == 0)
            continue;
        uint32_t at = carried - 1;
        struct flight *flight = flight_at(bank, at);
        flight->is_cancelled = true;
        if (is_on_its_way(flight))
            delay_arrival(bank, at);
        give_up(bank, at);
    }
}

/* ---- at the bank ----------------------------------------------------------------------------- */

static void answer_with(struct flight *flight, const char *bytes, size_t byte_count)
{
    CHECK(byte_count <= ANSWER_BYTES_MAX);
    memcpy(flight->answer, bytes, byte_count);
    flight->answer_bytes = (uint32_t)byte_count;
}

/* The script's answer; after it the connection closes. */
static void say(struct flight *flight)
{
    answer_with(flight, flight->plan.said, strlen(flight->plan.said));
    flight->is_closed = true;
}

static void shape_answer(struct bank_sim *bank, struct flight *flight,
                         const struct mock_reply *reply)
{
    if (reply->decision == MOCK_RESET || flight->plan.fate == FATE_LOST_ANSWER) {
        flight->preset = PRESET_IN_DOUBT;
        return;
    }
    answer_with(flight, reply->answer, reply->bytes);
    flight->is_closed = reply->close_after;
    flight->is_dripping = reply->drip_ns > 0;
    if (flight->plan.fate == FATE_CUT_ANSWER) {
        flight->answer_bytes = (uint32_t)prng_below(&bank->prng, reply->bytes);
        flight->is_closed = true;
    } else if (flight->plan.fate == FATE_SURPLUS_ANSWER) {
        flight->answer[flight->answer_bytes++] = 'x';
    }
}

static void at_the_bank(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    struct mock_reply reply;
    size_t taken =
        mock_bank_request(bank->mock, flight->request, flight->request_bytes, now(bank), &reply);
    CHECK(taken == flight->request_bytes);
    tell_book(bank);
    if (flight->is_cancelled || flight->plan.fate == FATE_SILENT)
        return;
    if (flight->plan.fate == FATE_SAID_AFTER) {
        say(flight);
    } else if (reply.decision == MOCK_SILENCE) {
        return;
    } else {
        shape_answer(bank, flight, &reply);
    }
    uint64_t told_ns = reply.at_ns > now(bank) ? reply.at_ns : now(bank);
    told_ns += reply.drip_ns * reply.bytes;
    plan(bank, at, told_ns + flight->plan.return_ns, HAPPENING_ANSWERED);
}

static void on_arrived(struct bank_sim *bank, uint32_t at)
{
    struct flight *flight = flight_at(bank, at);
    flight->has_arrived = true;
    if (flight->plan.fate != FATE_SAID) {
        at_the_bank(bank, at);
    } else if (!flight->is_cancelled) {
        say(flight);
        plan(bank, at, now(bank) + flight->plan.return_ns, HAPPENING_ANSWERED);
    }
    end_if_over(bank, at);
}

/* ---- back at the engine ---------------------------------------------------------------------- */

/* Feed the answer in pieces cut at drawn places. False: it is not one whole answer. */
static bool feed(struct bank_sim *bank, const struct flight *flight, struct http_answer *answer)
{
    uint32_t at = 0;
    bool in_bytes = flight->is_dripping || prng_chance(&bank->prng, 1, 8);
    uint32_t piece_max = in_bytes ? 1 : flight->answer_bytes;
    enum http_result result = HTTP_MORE;
    while (at < flight->answer_bytes && result != HTTP_BAD) {
        uint32_t left = flight->answer_bytes - at;
        uint32_t most = left < piece_max ? left : piece_max;
        uint32_t bytes =
            prng_chance(&bank->prng, 1, 2) ? most : (uint32_t)prng_between(&bank->prng, 1, most);
        result = http_feed(answer, flight->answer + at, bytes);
        at += bytes;
    }
    if (result == HTTP_MORE && flight->is_closed)
        result = http_finish(answer);
    return result == HTTP_COMPLETE;
}

static struct bank_text *next_text(struct bank_sim *bank)
{
    struct bank_text *text = &bank->texts[bank->text_count++ % BANK_SIM_TEXTS];
    *text = (struct bank_text){0};
    return text;
}

static void read_answer(struct bank_sim *bank, const struct flight *flight,
                        struct bank_reply *reply, struct bank_text *text)
{
    char body[ANSWER_BYTES_MAX];
    struct http_answer http;
    struct bank_answer answer;
    http_begin(&http, body, sizeof(body));
    if (!feed(bank, flight, &http))
        return;
    profile_read(bank->config.profile, bank->config.scratch, (enum call_kind)flight->call_kind,
                 order_of(flight), &flight->parties, http.status, http.retry_after_s, body,
                 http.body_bytes, &answer);
    reply->answer = (uint8_t)answer.answer;
    reply->throttled = answer.throttled;
    reply->http_status = http.status;
    if (answer.answer == ANSWER_BALANCE)
        reply->balance_minor = answer.balance_minor;
    else
        reply->fee_minor = answer.fee_minor;
    reply->retry_after_ns = answer.retry_after_ns;
    *text = answer.text;
}

static uint8_t preset_answer(enum preset preset)
{
    switch (preset) {
    case PRESET_NONE:
    case PRESET_IN_DOUBT:
        return ANSWER_IN_DOUBT;
    case PRESET_NOT_DONE:
        return ANSWER_NOT_DONE;
    case PRESET_CHANGED:
        return ANSWER_CHANGED;
    }
    return ANSWER_IN_DOUBT;
}

static void give_reply(struct bank_sim *bank, uint32_t at, struct event *event)
{
    struct flight *flight = flight_at(bank, at);
    struct bank_text *text = next_text(bank);
    *event = (struct event){.kind = EVENT_BANK_REPLY,
                            .bank_reply = {.call = flight->call,
                                           .answer = preset_answer(flight->preset),
                                           .text = text}};
    if (flight->preset == PRESET_NONE && flight->answer_bytes > 0)
        read_answer(bank, flight, &event->bank_reply, text);
    echoes_keep(&bank->echoes, bank->config.swarm->net_told_twice, flight->engine,
                &event->bank_reply);
    give_up(bank, at);
}

static bool on_answered(struct bank_sim *bank, uint32_t at, struct event *event)
{
    struct flight *flight = flight_at(bank, at);
    if (flight->is_cancelled) {
        end_if_over(bank, at);
        return false;
    }
    give_reply(bank, at, event);
    return true;
}

static bool on_cancelled(struct bank_sim *bank, uint32_t at, struct event *event)
{
    struct flight *flight = flight_at(bank, at);
    if (!flight->is_owned)
        return false;
    flight->preset = flight->is_handed ? PRESET_IN_DOUBT : PRESET_NOT_DONE;
    give_reply(bank, at, event);
    return true;
}

uint32_t bank_sim_engine(const struct bank_sim *bank, const struct happening *happening)
{
    if (happening->kind == HAPPENING_TOLD_AGAIN)
        return echoes_engine(&bank->echoes, happening);
    const struct flight *flight = flight_at(bank, (uint32_t)happening->what);
    bool is_stale = !flight->is_used || flight->generation != happening->what >> 32;
    // What was handed over travels by itself.
    return is_stale || !flight->is_owned || happening->kind == HAPPENING_ARRIVED ? SEATS_MAX
                                                                                 : flight->engine;
}

bool bank_sim_happen(struct bank_sim *bank, const struct happening *happening, struct event *event)
{
    if (happening->kind == HAPPENING_TOLD_AGAIN)
        return echoes_happen(&bank->echoes, happening, event, next_text(bank));
    uint32_t at = (uint32_t)happening->what;
    struct flight *flight = flight_at(bank, at);
    if (!flight->is_used || flight->generation != happening->what >> 32)
        return false;
    if (happening->kind == HAPPENING_CANCELLED)
        return on_cancelled(bank, at, event);
    flight->is_travelling = false;
    if (happening->kind == HAPPENING_ANSWERED)
        return on_answered(bank, at, event);
    if (happening->kind == HAPPENING_ARRIVED) {
        on_arrived(bank, at);
    } else {
        CHECK(happening->kind == HAPPENING_CONNECTED);
        if (!flight->is_cancelled)
            hand_over(bank, at);
        end_if_over(bank, at);
    }
    return false;
}
