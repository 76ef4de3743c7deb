#include "core/request.h"

#include <string.h>

#include "base/money.h"
#include "base/sin.h"
#include "core/account.h"
#include "core/closing.h"
#include "core/compensate.h"
#include "core/course.h"
#include "core/doubt.h"
#include "core/evidence.h"
#include "core/intake.h"
#include "core/ledger.h"

/* ---- decisions ------------------------------------------------------------------------------- */

/* One request under consideration. */
struct asked {
    const struct load_request *request;
    const struct load_row *row; /* as the store has it; NULL: it was in a slot already */
};

static void answer(struct settle *settle, struct settlement *s, const struct load_row *row,
                   const struct load_request *request, enum decision_state state, const char *code)
{
    struct record record = {
        .settlement_id = s != NULL ? s->id : row->settlement_id,
        .bank = s != NULL ? s->bank : row->bank,
        .decision = {.request_id = request->id,
                     .request_kind = request->kind,
                     .state = (uint8_t)state,
                     .amount_minor = request->amount_minor,
                     .mapping_id = state == DECISION_DONE ? request->mapping_id : 0}};
    size_t bytes = strlen(code);
    CHECK(bytes <= CODE_TEXT_MAX);
    memcpy(record.decision.code, code, bytes);
    course_decide(settle, s, &record);
}

static void done(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    settle_timer_clear(settle, s);
    answer(settle, s, asked->row, asked->request, DECISION_DONE, "");
}

static bool refuse(struct settle *settle, struct settlement *s, const struct asked *asked,
                   const char *code)
{
    answer(settle, s, asked->row, asked->request, DECISION_REFUSED, code);
    return false;
}

/* ---- where it stands ------------------------------------------------------------------------- */

/* Nothing of it is in flight, being written, or permitted to be sent. */
#define AT_REST                                                                                    \
    (1U << AWAIT_POLL_TURN | 1U << AWAIT_POLL_AGAIN | 1U << AWAIT_INTENT_ROOM |                    \
     1U << AWAIT_SEND_AGAIN | 1U << AWAIT_INQUIRY_TURN | 1U << AWAIT_INQUIRY_AGAIN |               \
     1U << AWAIT_CLOSING_TURN | 1U << AWAIT_CLOSING_AGAIN | 1U << AWAIT_CONFIRM_TURN |             \
     1U << AWAIT_CONFIRM_AGAIN)
/* A permission that was not used yet may be left unused. */
#define PARKABLE (AT_REST | 1U << AWAIT_SEND_ROOM | 1U << AWAIT_SEND_TURN)

static bool is_busy(const struct settlement *s, const struct load_request *request)
{
    uint32_t free = request->kind == REQUEST_PARK ? PARKABLE : AT_REST;
    if (SIN(busy_ignored) && request->kind == REQUEST_PARK)
        free |= 1U << AWAIT_SEND_REPLY;
    return (free >> s->await & 1) == 0 || s->request_id != 0;
}

static bool has_deposit(const struct settlement *s)
{
    return account_is_done(s, STEP_DEPOSIT);
}

/* Its newest transfer has no final outcome. */
static bool is_open(const struct settlement *s, const struct asked *asked)
{
    if (asked->row != NULL)
        return intake_has_open_transfer(asked->row);
    uint32_t open = 1U << AWAIT_INQUIRY_TURN | 1U << AWAIT_INQUIRY_AGAIN |
                    (s->wants_generation ? 0 : 1U << AWAIT_SEND_AGAIN);
    return (open >> s->await & 1) != 0;
}

static bool is_as_seen(const struct settlement *s, const struct load_request *request)
{
    return s->order.step == request->step && s->order.kind == request->transfer_kind &&
           s->order.generation == request->generation && s->attempts == request->attempts;
}

/* ---- park, release, amend -------------------------------------------------------------------- */

static bool on_park(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    if (s->is_parked)
        return refuse(settle, s, asked, REQUEST_CODE_PARKED);
    done(settle, s, asked);
    course_park_code(settle, s, PARK_BY_PERSON);
    return true;
}

/* Whom no going on can help: money is missing, or who bears it is open. */
static bool is_for_good(const struct load_row *row)
{
#define IS(code) (memcmp(row->park_code, (code), sizeof(code)) == 0)
    return IS(PARK_BELOW_DUES) || IS(PARK_FEE_TAKEN) || IS(PARK_FEE_UNCLEAR);
#undef IS
}

/* An entry of the closing step that comes with the settlement's next outcome. */
static void move_money(struct settle *settle, struct settlement *s, enum ledger_account debit,
                       enum ledger_account credit, int64_t amount_minor)
{
    uint8_t step = s->step;
    s->step = STEP_CLOSING;
    struct record *record =
        course_entry(settle, s, 1, (struct ledger_line){debit, credit}, amount_minor);
    record->generation = (uint16_t)(s->outcome_seq + 1);
    s->step = step;
}

static bool release_residue(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    int64_t residue_minor = s->end_residue_minor;
    if (asked->row->later != LOAD_LATER_NONE)
        return refuse(settle, s, asked, REQUEST_CODE_LATER);
    if (residue_minor <= 0)
        return refuse(settle, s, asked, REQUEST_CODE_NOTHING);
    done(settle, s, asked);
    move_money(settle, s, LEDGER_RESIDUE, LEDGER_PAYABLE, residue_minor);
    s->end_payable_minor = money_add(s->end_payable_minor, residue_minor);
    if (!SIN(residue_kept))
        s->end_residue_minor = 0;
    closing_end_again(settle, s, s->end_state);
    return true;
}

static bool on_release(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    if (s->is_ended)
        return release_residue(settle, s, asked);
    if (!s->is_parked)
        return refuse(settle, s, asked, REQUEST_CODE_NOT_PARKED);
    if (is_for_good(asked->row))
        return refuse(settle, s, asked, asked->row->park_code);
    done(settle, s, asked);
    s->is_parked = s->is_visitor = false;
    s->step = s->order.step != 0 ? s->order.step : STEP_DEPOSIT;
    course_outcome(settle, s, OUTCOME_RELEASED, 0, NULL)->kind = TRANSFER_NORMAL;
    intake_go_on(settle, s, asked->row);
    return true;
}

static bool on_amend(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    if (account_is_done(s, STEP_PAYOUT))
        return refuse(settle, s, asked, REQUEST_CODE_PAID);
    if (is_open(s, asked))
        return refuse(settle, s, asked, REQUEST_CODE_IN_DOUBT);
    // The wait that it is in goes on.
    answer(settle, s, asked->row, asked->request, DECISION_DONE, "");
    if (SIN(amend_ignored))
        return false;
    s->mapping_id = asked->request->mapping_id;
    s->parties = asked->request->parties;
    return false;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static bool on_write_off(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    if (is_open(s, asked))
        return refuse(settle, s, asked, REQUEST_CODE_IN_DOUBT);
    if (has_deposit(s) && !s->is_parked)
        return refuse(settle, s, asked, REQUEST_CODE_NOT_PARKED);
    done(settle, s, asked);
    closing_end_as_it_stands(settle, s, OUTCOME_WRITTEN_OFF);
    return true;
}

static bool on_supersede(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    if (has_deposit(s))
        return refuse(settle, s, asked, REQUEST_CODE_HAS_DEPOSIT);
    if (s->is_parked)
        return refuse(settle, s, asked, REQUEST_CODE_PARKED);
    done(settle, s, asked);
    closing_end_as_it_stands(settle, s, OUTCOME_SUPERSEDED);
    return true;
}

/* Money of an earlier settlement lies in the account again: before the deposit it belongs to the
   floor, afterwards it is residue. What was parked stays so. */
static bool on_raise(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    const struct load_request *request = asked->request;
    int64_t payable_minor = request->amount_minor, residue_minor = request->residue_minor;
    answer(settle, s, asked->row, request, DECISION_DONE, "");
    if (has_deposit(s)) {
        move_money(settle, s, LEDGER_PAYABLE, LEDGER_RESIDUE, payable_minor);
        residue_minor = money_add(residue_minor, payable_minor);
        payable_minor = 0;
    }
    struct record *record = course_outcome(settle, s, OUTCOME_RAISED, payable_minor, NULL);
    record->outcome.residue_minor = residue_minor;
    if (!SIN(raise_ignored))
        s->floor_payable_minor = money_add(s->floor_payable_minor, payable_minor);
    s->floor_residue_minor = money_add(s->floor_residue_minor, residue_minor);
    if (s->is_parked) {
        struct bank_text text = {0};
        memcpy(text.code, asked->row->park_code, sizeof(text.code));
        course_park(settle, s, &text);
        settle->counts.parked--; // it was counted by who parked it
    }
    return s->is_parked;
}

/* ---- what the bank is asked about first ------------------------------------------------------ */

static bool await_evidence(struct settle *settle, struct settlement *s,
                           const struct load_request *request)
{
    s->request_id = request->id;
    s->request_kind = request->kind;
    memcpy(s->word.code, REQUEST_WORD, sizeof(REQUEST_WORD));
    memcpy(s->word.bank_ref, request->bank_ref, sizeof(s->word.bank_ref));
    if (settle_desk(settle, s)->rules.inquiry != INQUIRY_BY_KEY)
        return evidence_none(settle, s);
    doubt_ask(settle, s);
    return true;
}

static bool on_word(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    if (!is_open(s, asked))
        return refuse(settle, s, asked, REQUEST_CODE_NOT_IN_DOUBT);
    if (is_as_seen(s, asked->request) || SIN(stale_word))
        return await_evidence(settle, s, asked->request);
    answer(settle, s, asked->row, asked->request, DECISION_STALE, REQUEST_CODE_NEWER);
    return false;
}

static bool on_return(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    const struct load_request *request = asked->request;
    enum step_kind step = request->step;
    if (asked->row->later == LOAD_LATER_ENDED)
        return refuse(settle, s, asked, REQUEST_CODE_LATER);
    bool is_there = step >= STEP_COLLECT && step <= STEP_PAYOUT && account_is_done(s, step) &&
                    request->transfer_kind == TRANSFER_NORMAL && request->generation > 0 &&
                    s->accepted_generation[step] == request->generation;
    if (!is_there) {
        answer(settle, s, asked->row, request, DECISION_STALE, REQUEST_CODE_NEWER);
        return false;
    }
    s->step = (uint8_t)step;
    s->order = (struct transfer_order){
        .settlement_id = s->id,
        .amount_minor = account_step_amount(s, step),
        .step = (uint8_t)step,
        .kind = TRANSFER_NORMAL,
        .generation = request->generation,
        .key = ledger_key(settle->hash, &s->key_seed, step, TRANSFER_NORMAL, request->generation)};
    return await_evidence(settle, s, request);
}

/* ---- one row --------------------------------------------------------------------------------- */

/* True: it has a way of its own now. False: it is where it was. */
static bool carry_out(struct settle *settle, struct settlement *s, const struct asked *asked)
{
    switch ((enum request_kind)asked->request->kind) { // uncovered: a rate is no settlement's
    case REQUEST_PARK:
        return on_park(settle, s, asked);
    case REQUEST_RELEASE:
        return on_release(settle, s, asked);
    case REQUEST_AMEND:
        return on_amend(settle, s, asked);
    case REQUEST_WRITE_OFF:
        return on_write_off(settle, s, asked);
    case REQUEST_SUPERSEDE:
        return on_supersede(settle, s, asked);
    case REQUEST_RAISE:
        return on_raise(settle, s, asked);
    case REQUEST_RETURN:
        return on_return(settle, s, asked);
    case REQUEST_PAID:
    case REQUEST_PAID_BY_HAND:
    case REQUEST_NOT_PAID:
        return on_word(settle, s, asked);
    case REQUEST_RATE: // uncovered: the same
        break;
    }
    CHECK(false);
    return false;
}

static void on_rate(struct settle *settle, const struct load_row *row)
{
    if (row->bank >= settle->config.bank_count) {
        answer(settle, NULL, row, &row->request, DECISION_REFUSED, REQUEST_CODE_NO_BANK);
        return;
    }
    struct desk *desk = &settle->desks[row->bank];
    CHECK(row->request.amount_minor >= 1 && row->request.amount_minor <= THROTTLE_RATE_MAX);
    answer(settle, NULL, row, &row->request, DECISION_DONE, "");
    desk->rules.rate_per_s = (uint32_t)row->request.amount_minor;
    throttle_set_rate(desk->throttle, desk->rules.rate_per_s, row->request.id, settle->now_ns);
}

/* What an end permits, and what only an end does. */
static bool fits_end(const struct load_request *request, bool is_ended)
{
    switch ((enum request_kind)request->kind) {
    case REQUEST_RELEASE:
        return true;
    case REQUEST_RETURN:
        return is_ended;
    case REQUEST_PARK:
    case REQUEST_AMEND:
    case REQUEST_WRITE_OFF:
    case REQUEST_SUPERSEDE:
    case REQUEST_RAISE:
    case REQUEST_PAID:
    case REQUEST_PAID_BY_HAND:
    case REQUEST_NOT_PAID:
    case REQUEST_RATE:
        return !is_ended;
    }
    CHECK(false);
    return false;
}

static void on_in_slot(struct settle *settle, struct settlement *s,
                       const struct load_request *request)
{
    const struct asked asked = {.request = request};
    if (is_busy(s, request))
        answer(settle, s, NULL, request, DECISION_BUSY, REQUEST_CODE_UNDER_WAY);
    else if (!fits_end(request, false))
        (void)refuse(settle, s, &asked, REQUEST_CODE_NOT_ENDED);
    else
        (void)carry_out(settle, s, &asked);
}

static const char *why_not_at_all(const struct load_row *row)
{
    bool is_ended = row->place == LOAD_PLACE_ENDED;
    if (row->state == LOAD_STATE_BLOCKED)
        return REQUEST_CODE_BLOCKED;
    if (fits_end(&row->request, is_ended))
        return NULL;
    return is_ended ? REQUEST_CODE_ENDED : REQUEST_CODE_NOT_ENDED;
}

static void on_outside(struct settle *settle, const struct load_row *row)
{
    const struct asked asked = {.request = &row->request, .row = row};
    const char *code = why_not_at_all(row);
    if (code != NULL) {
        (void)refuse(settle, NULL, &asked, code);
        return;
    }
    struct settlement *s = intake_take_in_requested(settle, row);
    if (!carry_out(settle, s, &asked))
        intake_put_back(settle, s, row);
}

void request_on_row(struct settle *settle, const struct load_row *row)
{
    if (!settle_is_open(settle))
        return; // it stays open
    if (row->request.kind == REQUEST_RATE) {
        on_rate(settle, row);
        return;
    }
    if (row->request.is_off) { // wherever it stands
        answer(settle, NULL, row, &row->request, DECISION_REFUSED, REQUEST_CODE_OFF);
        return;
    }
    struct settlement *s = step_find(&settle->steps, row->settlement_id);
    if (s == NULL && step_is_remembered(&settle->steps, row->settlement_id) && !SIN(page_is_new))
        intake_on_requested(settle); // it left its slot since the row was read: once more
    else if (s == NULL)
        on_outside(settle, row);
    else if (s->request_id != row->request.id) // else its answer is being found out
        on_in_slot(settle, s, &row->request);
}
