#include "core/intake.h"

#include <string.h>

#include "base/money.h"
#include "base/sin.h"
#include "base/time.h"
#include "core/account.h"
#include "core/compensate.h"
#include "core/course.h"
#include "core/deposit.h"
#include "core/doubt.h"
#include "core/request.h"

#define LOAD_TRIES 5
/* For each the waiting accounts are gone through: no turn may take long. */
#define REQUESTS_BY_WAITING (32U << 20)

/* Positions begin at 1. */
static uint32_t requested_words(uint32_t accounts)
{
    return accounts / 64 + 1;
}

void intake_take(struct intake *intake, struct arena *arena, uint32_t accounts)
{
    intake->requested = ARENA_TAKE(arena, requested_words(accounts), uint64_t);
}

void intake_init(struct settle *settle)
{
    struct intake *intake = &settle->intake;
    bool all = settle->config.scope == SETTLE_ALL;
    intake->stage = all ? INTAKE_UNDER_WAY : INTAKE_WAITING;
    intake->after_position = settle->start.accounts + 1;
    intake->is_last_look = !all;
    intake->again_at_ns = 0;
    intake->has_requests = true;
    intake->is_fresh_near = true; // as far as anybody knows
    memset(intake->requested, 0,
           requested_words(settle->start.accounts) * sizeof(intake->requested[0]));
}

static uint32_t page_rows(const struct settle *settle)
{
    uint32_t rows = settle->config.slots / 4;
    if (rows < 1)
        rows = 1;
    return rows < LOAD_ROWS_MAX ? rows : LOAD_ROWS_MAX;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Where one stands whose deposit is expected at this instant of the database's clock, 0: nobody
   knows. By that clock as it is now: what it is set to later counts from the next look on. */
static enum waiting_line line_of(const struct settle *settle, int64_t expect_at_us)
{
    static const int64_t far_us = INT64_C(3600) * 24 * US_PER_S;
    int64_t now_us = settle_db_least_us(settle);
    if (expect_at_us == 0 || expect_at_us < now_us - far_us || expect_at_us > now_us + far_us)
        return LINE_SWEEP;
    return waiting_line(&settle->waiting, settle_now_ms(settle), (expect_at_us - now_us) / 1000);
}

void intake_wait(struct settle *settle, struct settlement *s)
{
    waiting_push(&settle->waiting, s->bank, line_of(settle, s->expect_at_us),
                 &(struct waiting_account){.position = settlement_position(s->id),
                                           .polled_at_ms = settle_now_ms(settle),
                                           .seen_minor = s->seen_minor});
    step_move(&settle->steps, s, AWAIT_NOTHING);
}

/* In the last look, one that was polled after all the rest had finished is not polled again. */
static bool is_known_short(const struct settle *settle, const struct waiting_account *account)
{
    return settle->is_past_deadline ||
           (account->seen_minor >= 0 && waiting_is_looked(&settle->waiting, account->polled_at_ms));
}

static uint64_t polled_at_ns(const struct settle *settle, const struct waiting_account *account)
{
    return settle->started_at_ns + account->polled_at_ms * NS_PER_MS;
}

static uint64_t due_at_ns(const struct settle *settle, const struct waiting_account *account)
{
    if (account->polled_at_ms == WAITING_NEVER || SIN(interval_ignored) ||
        (settle->intake.is_last_look && is_known_short(settle, account)))
        return settle->now_ns;
    // The instant was rounded down to a ms.
    return settle_later_ns(polled_at_ns(settle, account) + NS_PER_MS, settle->poll_interval_ns);
}

/*
 * So many may be brought in to be looked at: a second of the bank's tokens ahead, so that one that
 * comes near does not stand behind all others in the slots. It is brought in by halves, for a page
 * costs; and whoever is recorded as short needs no token.
 */
static uint32_t looks_ahead(const struct settle *settle, uint32_t bank)
{
    uint32_t sharers = settle->config.sharers > 0 ? settle->config.sharers : 1;
    uint32_t ahead = settle->desks[bank].rules.rate_per_s / sharers;
    return ahead > 0 ? ahead : 1;
}

static uint32_t room_of(const struct settle *settle, uint32_t bank)
{
    if (settle->is_past_deadline)
        return LOAD_ROWS_MAX;
    uint32_t ahead = looks_ahead(settle, bank);
    uint32_t turns = step_count(&settle->steps, bank, AWAIT_POLL_TURN);
    return 2 * turns <= ahead ? ahead - turns : 0;
}

static uint32_t room_of_all(const struct settle *settle)
{
    uint32_t room = 0;
    for (uint32_t bank = 0; bank < settle->config.bank_count && room < LOAD_ROWS_MAX; bank++)
        room += room_of(settle, bank);
    return room < LOAD_ROWS_MAX ? room : LOAD_ROWS_MAX;
}

/* The bank's most urgent one of those that are due. */
struct look {
    bool is_there;
    enum waiting_line line;
    uint64_t urgency;
};

static struct look next_look(const struct settle *settle, uint32_t bank)
{
    struct look look = {.is_there = false};
    struct waiting_account first;
    if (settle->waiting.counts[bank] == 0)
        return look;
    for (uint32_t line = 0; line < WAITING_LINES; line++) {
        if (!waiting_first(&settle->waiting, bank, (enum waiting_line)line, &first) ||
            due_at_ns(settle, &first) > settle->now_ns)
            continue;
        uint32_t since_ms = first.polled_at_ms == WAITING_NEVER ? 0 : first.polled_at_ms;
        uint64_t urgency = waiting_urgency(&settle->waiting, (enum waiting_line)line,
                                           settle_now_ms(settle) - since_ms);
        if (!look.is_there || urgency > look.urgency)
            look = (struct look){
                .is_there = true, .line = (enum waiting_line)line, .urgency = urgency};
    }
    return look;
}

/* When somebody of the bank's is due, AT_NEVER: nobody waits. */
static uint64_t next_due_ns(const struct settle *settle, uint32_t bank)
{
    uint64_t next_ns = AT_NEVER;
    struct waiting_account first;
    for (uint32_t line = 0; settle->waiting.counts[bank] > 0 && line < WAITING_LINES; line++) {
        if (!waiting_first(&settle->waiting, bank, (enum waiting_line)line, &first))
            continue;
        uint64_t due_ns = due_at_ns(settle, &first);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

/* Who is looked at next at each of the banks that have room. */
struct looks {
    struct look next[BANKS_MAX];
    uint32_t rooms[BANKS_MAX];
};

static void find_looks(const struct settle *settle, struct looks *looks)
{
    *looks = (struct looks){.rooms = {0}};
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        looks->rooms[bank] = room_of(settle, bank);
        if (looks->rooms[bank] > 0)
            looks->next[bank] = next_look(settle, bank);
    }
}

/* The bank with the most urgent one. False: nobody is due. */
static bool most_urgent(const struct settle *settle, const struct looks *looks, uint32_t *most)
{
    bool is_there = false;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        const struct look *look = &looks->next[bank];
        if (!look->is_there || (is_there && look->urgency <= looks->next[*most].urgency))
            continue;
        is_there = true;
        *most = bank;
    }
    return is_there;
}

static void list_one(struct settle *settle, struct looks *looks, uint32_t bank)
{
    struct intake *intake = &settle->intake;
    struct listed *listed = &intake->listed[intake->listed_count];
    enum waiting_line line = looks->next[bank].line;
    CHECK(waiting_first(&settle->waiting, bank, line, &listed->account));
    listed->bank = (uint8_t)bank;
    listed->line = (uint8_t)line;
    intake->positions[intake->listed_count++] = listed->account.position;
    if (!intake->is_last_look || !is_known_short(settle, &listed->account))
        looks->rooms[bank]--;
    waiting_pop(&settle->waiting, bank, line);
    looks->next[bank] =
        looks->rooms[bank] > 0 ? next_look(settle, bank) : (struct look){.is_there = false};
}

static void list_waiting(struct settle *settle, struct looks *looks, struct store_load *load)
{
    struct intake *intake = &settle->intake;
    uint32_t bank = 0;
    intake->listed_count = 0;
    while (intake->listed_count < load->row_max && most_urgent(settle, looks, &bank))
        list_one(settle, looks, bank);
    load->scope = LOAD_AGAIN;
    load->positions = intake->positions;
    load->position_count = intake->listed_count;
}

/* Slots hold nothing but looks for deposits. */
static bool is_only_looking(const struct settle *settle)
{
    const uint32_t *counts = settle->steps.counts;
    return counts[AWAIT_NOTHING] + counts[AWAIT_POLL_TURN] + counts[AWAIT_POLL_REPLY] +
               counts[AWAIT_POLL_AGAIN] ==
           settle->config.slots;
}

/*
 * The rest has finished, and so has everybody's look after it, as far as those who wait tell:
 * nobody is looked at again until the looks under way are over. Otherwise a bank that cannot answer
 * all within one poll interval, or fails so long, would keep the run going for ever.
 */
static bool is_running_out(const struct settle *settle)
{
    return settle->intake.stage == INTAKE_WAITING && !settle->intake.is_last_look &&
           settle->config.deadline_at_ns == AT_NEVER &&
           step_free_count(&settle->steps) < settle->config.slots && is_only_looking(settle) &&
           settle->waiting.unlooked == 0;
}

/* ---- requests -------------------------------------------------------------------------------- */

static uint32_t request_rows(const struct settle *settle)
{
    uint32_t rows = page_rows(settle);
    uint32_t free = step_free_count(&settle->steps);
    uint32_t few = REQUESTS_BY_WAITING / (settle->waiting.count + 1);
    rows = free < rows ? free : rows;
    return few < rows ? few : rows;
}

/* What is decided and not yet written would be asked for again. */
static bool may_ask_for_requests(const struct settle *settle)
{
    const struct intake *intake = &settle->intake;
    return (intake->has_requests || intake->is_asking) && request_rows(settle) > 0 &&
           settle_decisions_are_written(settle);
}

static void ask_for_requests(struct settle *settle, struct store_load *load)
{
    struct intake *intake = &settle->intake;
    if (!intake->is_asking) {
        intake->is_asking = true;
        intake->has_requests = false;
        intake->after_request = 0;
    }
    intake->decisions = settle->decisions;
    step_remember(&settle->steps);
    *load = (struct store_load){.scope = LOAD_REQUESTED,
                                .after_request = intake->after_request,
                                .row_max = request_rows(settle)};
}

/* ---- asking for pages ------------------------------------------------------------------------ */

/* Those who wait may be read again; what was decided about one of them is in the rows only once it
   is written. */
static bool may_look_again(const struct settle *settle)
{
    return settle->waiting.count > 0 && settle_decisions_are_written(settle) &&
           !is_running_out(settle);
}

static void begin_last_look(struct settle *settle)
{
    bool only_waiting = step_free_count(&settle->steps) == settle->config.slots;
    if (settle->intake.stage == INTAKE_WAITING && settle->config.deadline_at_ns == AT_NEVER &&
        only_waiting)
        settle->intake.is_last_look = true;
}

/* How urgent it is to look at one that has not come in yet; they come in as they are expected. */
static uint64_t fresh_urgency(const struct settle *settle)
{
    enum waiting_line line = settle->intake.is_fresh_near ? LINE_NEW_NEAR : LINE_NEW;
    return waiting_urgency(&settle->waiting, line, settle_now_ms(settle));
}

/* Those that wait, or fresh ones: who is more urgent. Nobody: false. */
static bool ask_for_looks(struct settle *settle, struct store_load *load)
{
    struct looks looks = {.rooms = {0}};
    uint32_t bank = 0;
    waiting_advance(&settle->waiting, settle_now_ms(settle));
    bool is_due = false;
    if (may_look_again(settle)) {
        begin_last_look(settle);
        find_looks(settle, &looks);
        is_due = most_urgent(settle, &looks, &bank);
    }
    uint32_t room = room_of_all(settle);
    if (settle->intake.stage == INTAKE_FRESH && room > 0 &&
        (!is_due || fresh_urgency(settle) >= looks.next[bank].urgency)) {
        load->scope = LOAD_FRESH;
        load->row_max = room < load->row_max ? room : load->row_max;
        return true;
    }
    if (is_due)
        list_waiting(settle, &looks, load);
    return is_due;
}

/* A page of settlements. */
static bool ask_for_page(struct settle *settle, struct store_load *load)
{
    struct intake *intake = &settle->intake;
    uint32_t rows = page_rows(settle);
    if (step_free_count(&settle->steps) < rows)
        return false;
    *load = (struct store_load){.row_max = rows, .after_position = intake->after_position};
    if (intake->stage != INTAKE_UNDER_WAY)
        return ask_for_looks(settle, load);
    load->scope = LOAD_UNDER_WAY;
    return true;
}

bool intake_load(struct settle *settle, struct store_load *load)
{
    struct intake *intake = &settle->intake;
    if (!settle_is_open(settle) || intake->is_loading || settle->now_ns < intake->again_at_ns ||
        !chunk_has_room(&settle->chunks))
        return false;
    if (may_ask_for_requests(settle))
        ask_for_requests(settle, load);
    else if (!ask_for_page(settle, load))
        return false;
    intake->is_loading = true;
    intake->loading_rows = load->row_max;
    return true;
}

/* ---- taking rows in -------------------------------------------------------------------------- */

static struct settlement *take_in(struct settle *settle, const struct load_row *row, enum await to)
{
    CHECK(row->bank < settle->config.bank_count);
    CHECK(settlement_batch(row->settlement_id) == settle->start.batch_id);
    CHECK(settlement_partition(row->settlement_id) == settle->start.partition);
    struct settlement *s = step_begin(&settle->steps, row->settlement_id, row->bank, to);
    s->mapping_id = row->mapping_id;
    s->key_seed = row->key_seed;
    s->outcome_seq = row->outcome_seq;
    s->repayment_minor = row->repayment_minor;
    s->hold_minor = row->hold_minor;
    s->expected_minor = row->expected_minor;
    s->expect_at_us = row->expect_at_us;
    s->opening_minor = row->opening_minor;
    s->floor_held_minor = row->floor_held_minor;
    s->floor_payable_minor = row->floor_payable_minor;
    s->floor_residue_minor = row->floor_residue_minor;
    s->floor_received_minor = row->floor_received_minor;
    memcpy(s->accepted_generation, row->accepted_generation, sizeof(s->accepted_generation));
    if (settle->config.unhold)
        s->unheld_minor = money_add(s->floor_held_minor, s->opening_minor);
    s->deposit_minor = row->deposit_minor;
    s->done_steps = row->done_steps;
    s->is_compensating = row->is_compensating;
    s->seen_recorded_minor = row->seen_minor;
    s->seen_minor = -1;
    s->step = STEP_DEPOSIT;
    s->parties = row->parties;
    settle->counts.loaded++;
    return s;
}

bool intake_has_open_transfer(const struct load_row *row)
{
    return row->transfer.step != 0 &&
           (row->transfer.state == 0 || row->transfer.state == OUTCOME_PENDING);
}

/* A rejection for now, whose next generation is due by itself. */
static bool waits_for_generation(const struct load_row *row)
{
    const struct load_transfer *transfer = &row->transfer;
    bool is_done = (row->done_steps >> transfer->step & 1) != 0;
    return !is_done && transfer->state == OUTCOME_REJECTED_LATER &&
           transfer->kind == TRANSFER_NORMAL;
}

void intake_go_on(struct settle *settle, struct settlement *s, const struct load_row *row)
{
    if (!account_is_done(s, STEP_DEPOSIT)) {
        step_move(&settle->steps, s, AWAIT_POLL_TURN);
    } else if (intake_has_open_transfer(row) || waits_for_generation(row)) {
        s->step = row->transfer.step;
        doubt_resume(settle, s, &row->transfer);
    } else if (s->is_compensating) {
        compensate_next(settle, s);
    } else {
        s->step = STEP_DEPOSIT;
        if (account_is_done(s, STEP_PAYOUT)) // with no transfer at all nothing is under way
            s->paid_at_us = row->transfer.decided_at_us > 0 ? row->transfer.decided_at_us : 1;
        course_next(settle, s);
    }
}

static void take_in_under_way(struct settle *settle, const struct load_row *row)
{
    struct settlement *s = take_in(settle, row, AWAIT_INTENT_ROOM);
    if (row->transfer.step != 0)
        doubt_take_up(settle, s, &row->transfer);
    intake_go_on(settle, s, row);
}

static void mark_requested(struct settle *settle, uint32_t position)
{
    CHECK(position >= 1 && position <= settle->start.accounts);
    settle->intake.requested[position / 64] |= UINT64_C(1) << position % 64;
}

static bool is_requested(const struct settle *settle, uint32_t position)
{
    return (settle->intake.requested[position / 64] >> position % 64 & 1) != 0;
}

/* From now on it is in a slot, in the line of those who wait, or done with: no page brings it in.
 */
struct settlement *intake_take_in_requested(struct settle *settle, const struct load_row *row)
{
    uint32_t position = settlement_position(row->settlement_id);
    struct waiting_account waited = {.seen_minor = -1};
    bool was_in =
        row->place == LOAD_PLACE_FRESH && waiting_remove(&settle->waiting, position, &waited);
    mark_requested(settle, position);
    struct settlement *s = take_in(settle, row, AWAIT_INTENT_ROOM);
    settle->counts.loaded -= was_in;
    s->seen_minor = waited.seen_minor;
    if (row->transfer.step != 0)
        doubt_take_up(settle, s, &row->transfer);
    s->is_visitor = settle->config.scope == SETTLE_REQUESTED;
    s->is_parked = row->place == LOAD_PLACE_PARKED;
    s->is_ended = row->place == LOAD_PLACE_ENDED;
    s->fee_minor = row->fee_minor;
    s->end_state = row->end_state;
    s->end_held_minor = row->end_held_minor;
    s->end_payable_minor = row->end_payable_minor;
    s->end_residue_minor = row->end_residue_minor;
    return s;
}

void intake_put_back(struct settle *settle, struct settlement *s, const struct load_row *row)
{
    if (s->is_parked || s->is_ended || s->is_visitor)
        course_release(settle, s);
    else
        intake_go_on(settle, s, row);
}

/* The bank has more to look at than a second's tokens: it waits for its first look. */
static bool stands_aside(struct settle *settle, const struct load_row *row)
{
    CHECK(row->bank < settle->config.bank_count);
    if (settle->is_past_deadline ||
        step_count(&settle->steps, row->bank, AWAIT_POLL_TURN) < looks_ahead(settle, row->bank))
        return false;
    waiting_push(&settle->waiting, row->bank, waiting_line_new(line_of(settle, row->expect_at_us)),
                 &(struct waiting_account){.position = settlement_position(row->settlement_id),
                                           .polled_at_ms = WAITING_NEVER,
                                           .seen_minor = -1});
    settle->counts.loaded++;
    return true;
}

static void take_in_fresh(struct settle *settle, const struct load_row *row)
{
    settle->intake.is_fresh_near = line_of(settle, row->expect_at_us) == LINE_NEAR;
    if (row->state == LOAD_STATE_BLOCKED) {
        settle->counts.blocked++;
        return;
    }
    if (stands_aside(settle, row))
        return;
    struct settlement *s = take_in(settle, row, AWAIT_POLL_TURN);
    if (settle->is_past_deadline)
        deposit_short(settle, s);
}

static void take_in_again(struct settle *settle, const struct load_row *row,
                          const struct waiting_account *account)
{
    if (row->state == LOAD_STATE_BLOCKED) {
        settle->counts.blocked++;
        return;
    }
    struct settlement *s = take_in(settle, row, AWAIT_POLL_TURN);
    settle->counts.loaded--; // it came in before
    s->seen_minor = account->seen_minor;
    s->looked_at_ns = account->seen_minor >= 0 ? polled_at_ns(settle, account) : 0;
    if (settle->intake.is_last_look && is_known_short(settle, account))
        deposit_short(settle, s);
}

static void take_in_page(struct settle *settle, const struct store_loaded *loaded)
{
    struct intake *intake = &settle->intake;
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        const struct load_row *row = &loaded->rows[i];
        uint32_t position = settlement_position(row->settlement_id);
        if (loaded->scope == LOAD_AGAIN) {
            CHECK(position == intake->listed[i].account.position);
            take_in_again(settle, row, &intake->listed[i].account);
            continue;
        }
        CHECK(loaded->scope == LOAD_UNDER_WAY ? position < intake->after_position
                                              : position > intake->after_position);
        intake->after_position = position;
        if (is_requested(settle, position))
            continue;
        if (loaded->scope == LOAD_UNDER_WAY)
            take_in_under_way(settle, row);
        else
            take_in_fresh(settle, row);
    }
}

static void take_requests(struct settle *settle, const struct store_loaded *loaded)
{
    struct intake *intake = &settle->intake;
    if (intake->decisions != settle->decisions && !SIN(page_is_new))
        return; // one of these may be decided meanwhile: from the same place again
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        CHECK(loaded->rows[i].request.id > intake->after_request);
        intake->after_request = loaded->rows[i].request.id;
        request_on_row(settle, &loaded->rows[i]);
    }
    if (loaded->at_end)
        intake->is_asking = false;
}

static void on_load_failed(struct settle *settle, const struct store_loaded *loaded)
{
    struct intake *intake = &settle->intake;
    intake->tries++;
    if (status_class(loaded->status) != STATUS_CLASS_RETRY || intake->tries >= LOAD_TRIES) {
        settle->counts.fatal = loaded->status;
        settle_end_now(settle, settle_end_of(loaded->status));
        return;
    }
    for (uint32_t i = 0; loaded->scope == LOAD_AGAIN && i < intake->listed_count; i++)
        waiting_push(&settle->waiting, intake->listed[i].bank,
                     (enum waiting_line)intake->listed[i].line, &intake->listed[i].account);
    intake->again_at_ns =
        settle->now_ns + retry_wait_ns(&settle->retry, intake->tries, &settle->prng);
}

void intake_on_loaded(struct settle *settle, const struct store_loaded *loaded)
{
    struct intake *intake = &settle->intake;
    CHECK(intake->is_loading && loaded->row_count <= intake->loading_rows);
    CHECK(loaded->status != STATUS_OK || loaded->row_count > 0 || loaded->at_end);
    intake->is_loading = false;
    if (loaded->status != STATUS_OK) {
        on_load_failed(settle, loaded);
        return;
    }
    intake->tries = 0;
    if (loaded->scope == LOAD_AGAIN)
        CHECK(loaded->row_count == intake->listed_count);
    if (loaded->scope == LOAD_REQUESTED) {
        take_requests(settle, loaded);
        return;
    }
    take_in_page(settle, loaded);
    if (loaded->scope == LOAD_AGAIN || !loaded->at_end)
        return;
    intake->after_position = 0;
    intake->stage = loaded->scope == LOAD_UNDER_WAY ? INTAKE_FRESH : INTAKE_WAITING;
}

void intake_end_looking(struct settle *settle)
{
    if (!settle->is_past_deadline || !settle_is_open(settle))
        return;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        struct settlement *s = step_first(&settle->steps, bank, AWAIT_POLL_TURN);
        while (s != NULL && chunk_has_room(&settle->chunks)) {
            deposit_short(settle, s);
            s = step_first(&settle->steps, bank, AWAIT_POLL_TURN);
        }
    }
}

bool intake_is_done(const struct settle *settle)
{
    const struct intake *intake = &settle->intake;
    return intake->stage == INTAKE_WAITING && !intake->is_loading && !intake->has_requests &&
           !intake->is_asking && settle->waiting.count == 0;
}

void intake_on_requested(struct settle *settle)
{
    settle->intake.has_requests = true;
}

/* When the next page is asked for, though nothing comes: as ask_for_looks does. */
static uint64_t looks_at_ns(const struct settle *settle)
{
    if (settle->intake.stage == INTAKE_FRESH && room_of_all(settle) > 0)
        return settle->now_ns;
    if (!may_look_again(settle))
        return AT_NEVER;
    uint64_t at_ns = AT_NEVER;
    for (uint32_t bank = 0; bank < settle->config.bank_count; bank++) {
        uint64_t due_ns = room_of(settle, bank) > 0 ? next_due_ns(settle, bank) : AT_NEVER;
        at_ns = due_ns < at_ns ? due_ns : at_ns;
    }
    return at_ns;
}

uint64_t intake_next_at(const struct settle *settle)
{
    const struct intake *intake = &settle->intake;
    if (!settle_is_open(settle) || intake->is_loading || !chunk_has_room(&settle->chunks))
        return AT_NEVER;
    uint64_t at_ns = intake->again_at_ns;
    if (may_ask_for_requests(settle))
        return at_ns;
    if (step_free_count(&settle->steps) < page_rows(settle))
        return AT_NEVER;
    if (intake->stage != INTAKE_UNDER_WAY) {
        uint64_t looks_ns = looks_at_ns(settle);
        at_ns = looks_ns > at_ns ? looks_ns : at_ns;
    }
    return at_ns;
}
