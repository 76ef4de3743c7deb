#include "core/dispatch.h"

#include <string.h>

#include "base/sin.h"
#include "base/time.h"
#include "core/closing.h"
#include "core/course.h"
#include "core/deposit.h"
#include "core/doubt.h"

/* In the order in which they are served. */
static const struct {
    enum await turn, reply;
    enum call_kind call_kind;
    enum throttle_rank rank;
} turns[] = {
    {AWAIT_INQUIRY_TURN, AWAIT_INQUIRY_REPLY, CALL_INQUIRY, RANK_FIND_OUT},
    {AWAIT_SEND_TURN, AWAIT_SEND_REPLY, CALL_TRANSFER, RANK_PAY},
    {AWAIT_CONFIRM_TURN, AWAIT_CONFIRM_REPLY, CALL_INQUIRY, RANK_LOOK},
    {AWAIT_CLOSING_TURN, AWAIT_CLOSING_REPLY, CALL_BALANCE, RANK_LOOK},
    {AWAIT_POLL_TURN, AWAIT_POLL_REPLY, CALL_BALANCE, RANK_LOOK},
};
#define TURN_COUNT (sizeof(turns) / sizeof(turns[0]))

static bool has_work(const struct settle *settle, uint32_t bank)
{
    for (uint32_t i = 0; i < TURN_COUNT; i++)
        if (step_count(&settle->steps, bank, turns[i].turn) > 0)
            return true;
    return false;
}

static bool is_alive(const struct settle *settle)
{
    return settle->now_ns - settle->alive_at_ns < settle->config.alive_ns || SIN(alive_ignored);
}

static bool may_call(const struct settle *settle, uint32_t bank)
{
    const struct desk *desk = &settle->desks[bank];
    return settle_is_open(settle) && is_alive(settle) && chunk_has_room(&settle->chunks) &&
           calls_has_room(&settle->calls) && desk->calls_in_flight < desk->rules.calls_max;
}

/* ---- one call -------------------------------------------------------------------------------- */

static bool is_permitted(const struct settle *settle, const struct settlement *s)
{
    bool is_good =
        settle_db_most_us(settle) < s->send_before_us && settle->now_ns < s->permitted_ns;
    return is_good || SIN(send_before_ignored);
}

static void count_call(struct settle *settle, const struct settlement *s, enum call_kind kind)
{
    switch (kind) {
    case CALL_BALANCE:
        settle->counts.polls++;
        return;
    case CALL_TRANSFER:
        settle->counts.transfers++;
        settle->counts.resends += !s->is_clean; // some earlier send may have arrived
        return;
    case CALL_INQUIRY:
        settle->counts.inquiries++;
        return;
    }
    CHECK(false);
}

static void hand_out(struct settle *settle, struct settlement *s, uint32_t turn,
                     struct command *command)
{
    struct desk *desk = settle_desk(settle, s);
    enum call_kind kind = turns[turn].call_kind;
    if (kind == CALL_TRANSFER) {
        CHECK(SIN(intent_after_send) || chunk_is_written(&settle->chunks, s->written_by));
        CHECK(is_permitted(settle, s));
        s->renewals = 0;
        s->sent_at_ns = settle->now_ns;
    }
    if (kind == CALL_INQUIRY) {
        s->asked_at_us = settle_db_least_us(settle);
        s->asked_at_ns = settle->now_ns;
    }
    s->call =
        calls_begin(&settle->calls, step_index(&settle->steps, s), s->bank, kind, settle->now_ns);
    *command = (struct command){
        .kind = COMMAND_BANK_CALL,
        .bank_call = {.call = s->call,
                      .settlement_id = s->id,
                      .bank = s->bank,
                      .call_kind = (uint8_t)kind,
                      .order = kind == CALL_BALANCE ? NULL : &s->order,
                      .parties = &s->parties,
                      .body_digest = kind == CALL_TRANSFER && s->has_digest && !SIN(changed_body)
                                         ? &s->body_digest
                                         : NULL}};
    desk->calls_in_flight++;
    count_call(settle, s, kind);
    settle_timer(settle, s, settle_later_ns(settle->now_ns, desk->rules.call_timeout_ns));
    step_move(&settle->steps, s, turns[turn].reply);
}

/* The next one whose turn it is, or NULL. Those whose permission ran out leave on the way. */
static struct settlement *next_in_turn(struct settle *settle, uint32_t bank, uint32_t *turn)
{
    for (uint32_t i = 0; i < TURN_COUNT; i++) {
        *turn = i;
        struct settlement *s = step_first(&settle->steps, bank, turns[i].turn);
        while (s != NULL && s->await == AWAIT_SEND_TURN && !is_permitted(settle, s)) {
            doubt_expire(settle, s);
            s = step_first(&settle->steps, bank, turns[i].turn);
        }
        if (s != NULL)
            return s;
    }
    return NULL;
}

static void count_use(struct settle *settle, uint32_t bank, uint32_t calls)
{
    struct desk *desk = &settle->desks[bank];
    if (desk->was_wanted) {
        desk->wanted_ns += settle->now_ns - desk->looked_at_ns;
        desk->wanted_calls += calls;
    }
    desk->was_wanted = has_work(settle, bank);
    desk->looked_at_ns = settle->now_ns;
}

/* Who has waited longer for as much goes first; but that one may be at something else, and a token
   that is there is left to it for a moment only. */
static bool gives_way(struct settle *settle, struct desk *desk)
{
    if (throttle_next_at(desk->throttle) > settle->now_ns) {
        desk->gives_way_until_ns = 0;
        return true; // there is none
    }
    if (desk->gives_way_until_ns == 0)
        desk->gives_way_until_ns = settle->now_ns + throttle_yield_ns(desk->throttle);
    desk->looks_again_ns = desk->gives_way_until_ns;
    return settle->now_ns < desk->gives_way_until_ns;
}

/* A token for this turn; none where another partition's turn goes before it. */
static bool take_token(struct settle *settle, struct desk *desk, uint32_t turn)
{
    const uint32_t me = settle->config.sharer;
    switch (throttle_turn(desk->throttle, me, turns[turn].rank, settle->now_ns)) {
    case TURN_URGENT:
        desk->gives_way_until_ns = 0;
        desk->looks_again_ns = settle->now_ns + throttle_yield_ns(desk->throttle);
        return false;
    case TURN_OLDER:
        if (gives_way(settle, desk))
            return false;
        break;
    case TURN_MINE:
        break;
    }
    desk->gives_way_until_ns = 0;
    if (throttle_take(desk->throttle, 1, settle->now_ns) == 0)
        return false;
    throttle_served(desk->throttle, me);
    return true;
}

static uint32_t dispatch_bank(struct settle *settle, uint32_t bank, struct command *commands,
                              uint32_t command_max)
{
    struct desk *desk = &settle->desks[bank];
    enum throttle_rank left = RANK_NONE;
    uint32_t count = 0;
    while (count < command_max && may_call(settle, bank) &&
           settle->now_ns >= desk->paused_until_ns) {
        uint32_t turn;
        struct settlement *s = next_in_turn(settle, bank, &turn);
        if (s == NULL)
            break;
        if (!take_token(settle, desk, turn)) {
            left = turns[turn].rank;
            break;
        }
        hand_out(settle, s, turn, &commands[count++]);
    }
    throttle_wait(desk->throttle, settle->config.sharer, left);
    count_use(settle, bank, count);
    return count;
}

void dispatch_end(struct settle *settle)
{
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++)
        throttle_wait(settle->desks[bank].throttle, settle->config.sharer, RANK_NONE);
}

uint32_t dispatch_calls(struct settle *settle, struct command *commands, uint32_t command_max)
{
    uint32_t count = 0;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++)
        count += dispatch_bank(settle, bank, commands + count, command_max - count);
    return count;
}

/* ---- banks that are paused for long ---------------------------------------------------------- */

static uint64_t give_up_at_ns(const struct settle *settle, const struct desk *desk)
{
    return desk->paused_until_ns > settle->now_ns
               ? settle_later_ns(desk->paused_from_ns, settle->config.resolve_wait_ns)
               : AT_NEVER;
}

/* Does it wait for its turn without a wait of its own, which would end? */
static bool waits_for_ever(const struct settlement *s)
{
    bool has_wait = s->await == AWAIT_SEND_ROOM || s->await == AWAIT_SEND_TURN;
    return !has_wait || s->doubt_since_ns == 0;
}

static void give_up(struct settle *settle, struct settlement *s)
{
    if (s->await == AWAIT_POLL_TURN)
        deposit_missing(settle, s);
    else if (s->await == AWAIT_CLOSING_TURN || s->await == AWAIT_CONFIRM_TURN)
        closing_leave(settle, s);
    else
        doubt_leave(settle, s);
}

static const enum await long_waits[] = {AWAIT_INTENT_ROOM,  AWAIT_SEND_ROOM,    AWAIT_SEND_TURN,
                                        AWAIT_CONFIRM_TURN, AWAIT_CLOSING_TURN, AWAIT_POLL_TURN};
#define LONG_WAIT_COUNT (sizeof(long_waits) / sizeof(long_waits[0]))

static void give_up_bank(struct settle *settle, uint32_t bank)
{
    for (uint32_t i = 0; i < LONG_WAIT_COUNT; i++) {
        struct settlement *s = step_first(&settle->steps, bank, long_waits[i]);
        while (s != NULL && chunk_has_room(&settle->chunks)) {
            struct settlement *next = step_next(&settle->steps, s);
            if (waits_for_ever(s))
                give_up(settle, s);
            s = next;
        }
    }
}

void dispatch_give_up(struct settle *settle)
{
    if (!settle_is_open(settle))
        return;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++)
        if (settle->now_ns >= give_up_at_ns(settle, &settle->desks[bank]))
            give_up_bank(settle, bank);
}

static bool has_long_wait(const struct settle *settle, uint32_t bank)
{
    for (uint32_t i = 0; i < LONG_WAIT_COUNT; i++)
        if (step_count(&settle->steps, bank, long_waits[i]) > 0)
            return true;
    return false;
}

/* ---- permissions ----------------------------------------------------------------------------- */

/* Whoever has an intent already goes first. */
static struct settlement *next_for_room(struct settle *settle, uint32_t bank)
{
    if (!chunk_has_room(&settle->chunks) || !course_has_room(settle, bank))
        return NULL;
    struct settlement *s = step_first(&settle->steps, bank, AWAIT_SEND_ROOM);
    return s != NULL ? s : step_first(&settle->steps, bank, AWAIT_INTENT_ROOM);
}

/* When somebody who waits for room finds some. */
static uint64_t room_at_ns(const struct settle *settle, uint32_t bank)
{
    if (!settle_is_open(settle) || !chunk_has_room(&settle->chunks) ||
        !course_has_queue(settle, bank))
        return AT_NEVER;
    const struct desk *desk = &settle->desks[bank];
    if (desk->paused_until_ns > settle->now_ns)
        return desk->paused_until_ns;
    return course_has_room(settle, bank) ? settle->now_ns : AT_NEVER;
}

void dispatch_intents(struct settle *settle)
{
    if (!settle_is_open(settle))
        return;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        struct settlement *s;
        while ((s = next_for_room(settle, bank)) != NULL) {
            if (s->await == AWAIT_SEND_ROOM)
                doubt_permit(settle, s);
            else
                course_write_intent(settle, s);
        }
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void pause(struct settle *settle, struct desk *desk, const struct call *call,
                  uint64_t retry_after_ns)
{
    uint64_t wait_ns = retry_after_ns;
    // Answers to calls made before the pause belong to the same refusal: only what they say counts.
    if (call->handed_at_ns >= desk->paused_until_ns) {
        desk->pauses++;
        uint64_t own_ns = retry_wait_ns(&settle->retry, desk->pauses, &settle->prng);
        wait_ns = own_ns > wait_ns ? own_ns : wait_ns;
    }
    if (settle->now_ns >= desk->paused_until_ns)
        desk->paused_from_ns = settle->now_ns;
    desk->answered = 0;
    uint64_t until_ns = settle_later_ns(settle->now_ns, wait_ns);
    if (until_ns > desk->paused_until_ns)
        desk->paused_until_ns = until_ns;
}

/* Codes that the wire gives an answer which echoes something else than was asked. */
static bool is_foreign(const struct bank_reply *reply)
{
    static const char prefix[] = "echo_";
    return reply->answer == ANSWER_IN_DOUBT &&
           memcmp(reply->text->code, prefix, sizeof(prefix) - 1) == 0;
}

void dispatch_on_reply(struct settle *settle, const struct call *call,
                       const struct bank_reply *reply)
{
    struct desk *desk = &settle->desks[call->bank];
    CHECK(desk->calls_in_flight > 0);
    desk->calls_in_flight--;
    desk->foreign += is_foreign(reply);
    uint64_t took_ns = settle->now_ns - call->handed_at_ns;
    histogram_add(&settle->latency[call->call_kind], took_ns);
    if (call->call_kind == CALL_TRANSFER)
        desk->transfer_ns =
            desk->transfer_ns == 0 ? took_ns + 1 : (desk->transfer_ns * 15 + took_ns + 15) / 16;
    if (reply->throttled) {
        settle->counts.throttled++;
        pause(settle, desk, call, reply->retry_after_ns);
        return;
    }
    if (reply->http_status != 0) {
        desk->pauses = 0;
        desk->answers++;
        desk->answers_ns += took_ns;
    }
    if (call->call_kind == CALL_TRANSFER && desk->answered < UINT32_MAX)
        desk->answered++;
}

uint64_t dispatch_next_at(const struct settle *settle)
{
    uint64_t next_ns = AT_NEVER;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        const struct desk *desk = &settle->desks[bank];
        if (settle_is_open(settle) && chunk_has_room(&settle->chunks) &&
            has_long_wait(settle, bank)) {
            uint64_t give_up_ns = give_up_at_ns(settle, desk);
            // Who is still here when it is over has a wait of his own, or waits for the chunk.
            if (give_up_ns > settle->now_ns && give_up_ns < next_ns)
                next_ns = give_up_ns;
        }
        uint64_t room_ns = room_at_ns(settle, bank);
        next_ns = room_ns < next_ns ? room_ns : next_ns;
        if (!may_call(settle, bank) || !has_work(settle, bank))
            continue;
        uint64_t at_ns = throttle_next_at(desk->throttle);
        if (desk->paused_until_ns > at_ns)
            at_ns = desk->paused_until_ns;
        if (desk->looks_again_ns > at_ns)
            at_ns = desk->looks_again_ns;
        next_ns = at_ns < next_ns ? at_ns : next_ns;
    }
    return next_ns;
}
