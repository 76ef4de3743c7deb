#include "jobs/explain_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/money.h"
#include "jobs/codes.h"

struct words {
    const struct explain_event *event;
    char *out;
    size_t used;
};

static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct words *words, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int bytes = vsnprintf(words->out + words->used, EXPLAIN_BYTES - words->used, format, list);
    va_end(list);
    CHECK(bytes >= 0);
    words->used += (size_t)bytes;
    if (words->used > EXPLAIN_BYTES - 1)
        words->used = EXPLAIN_BYTES - 1; // cut off; the JSON has it whole
}

static void add_money(struct words *words, int64_t amount_minor)
{
    char text[MONEY_TEXT_BYTES];
    add(words, "%s %s", money_format(amount_minor, text), words->event->currency);
}

/* ", its code X", ", its reference Y": what the bank said besides. */
static void add_said(struct words *words)
{
    const struct explain_event *event = words->event;
    if (event->code[0] != '\0')
        add(words, "; its code: %s", event->code);
    if (event->bank_ref[0] != '\0')
        add(words, "; its reference: %s", event->bank_ref);
}

static bool is_undo(const struct explain_event *event)
{
    return strcmp(event->transfer, "undo") == 0;
}

static const char *undo_of(const struct explain_event *event)
{
    return is_undo(event) ? "the undo of " : "";
}

/* ---- bank calls ---- */

static void say_intent(struct words *words)
{
    const struct explain_event *event = words->event;
    add(words, "bank %s is to move ", event->bank);
    add_money(words, event->amount_minor);
    add(words, " for %s%s, from %s to %s", undo_of(event), event->step, event->from_account,
        event->to_account);
    if (event->generation > 1)
        add(words, "; try %lld, under a new key", (long long)event->generation);
    add(words, "; key %s; sent by %s or not at all", event->idem_key, event->send_before);
}

static void say_attempt(struct words *words)
{
    const struct explain_event *event = words->event;
    add(words, "the same transfer may be sent once more (send %lld), under the same key, by %s",
        (long long)event->number + 1, event->send_before);
}

static void say_entry(struct words *words)
{
    const struct explain_event *event = words->event;
    add(words, "%sDr %s / Cr %s  ", strcmp(event->transfer, "reversal") == 0 ? "taken back: " : "",
        event->debit, event->credit);
    add_money(words, event->amount_minor);
}

/* ---- outcomes ---- */

static void say_accepted(struct words *words)
{
    add(words, "the bank did it: %s%s of ", undo_of(words->event), words->event->step);
    add_money(words, words->event->amount_minor);
    add_said(words);
}

static void say_pending(struct words *words)
{
    add(words, "the bank has it and has not decided yet");
    add_said(words);
}

static void say_rejected_later(struct words *words)
{
    add(words, "the bank refused for now, nothing was paid; it is tried again later");
    add_said(words);
}

static void say_rejected_person(struct words *words)
{
    add(words, "the bank refused, nothing was paid; only a person can change that");
    add_said(words);
}

static void say_reversed(struct words *words)
{
    add(words, "the bank took back what it had accepted: %s of ", words->event->step);
    add_money(words, words->event->amount_minor);
    add_said(words);
}

static void say_posted(struct words *words)
{
    if (strcmp(words->event->step, "hold") == 0)
        add(words, "kept back in the account: ");
    else
        add(words, "posted, without a bank call: ");
    add_money(words, words->event->amount_minor);
}

static void say_skipped(struct words *words)
{
    add(words, "nothing to do: the amount of %s is 0", words->event->step);
}

static void say_deposited(struct words *words)
{
    add(words, "deposit found: ");
    add_money(words, words->event->amount_minor);
    add(words, " of new money; the balance said ");
    add_money(words, words->event->available_minor);
}

static void say_by_hand(struct words *words)
{
    add(words, "a person did it at the bank: %s of ", words->event->step);
    add_money(words, words->event->amount_minor);
    add_said(words);
}

static void say_short(struct words *words)
{
    if (words->event->amount_minor == 0) {
        add(words, "the last look of that run: no new money");
        return;
    }
    add(words, "the last look of that run: ");
    add_money(words, words->event->amount_minor);
    add(words, " of new money, less than the deposit");
}

static void say_parked(struct words *words)
{
    const char *code = words->event->code;
    add(words, "parked for a person, code %s: %s", code, codes_reason(code));
}

static void add_left(struct words *words, const char *what, int64_t amount_minor, bool *is_first)
{
    if (amount_minor == 0)
        return;
    add(words, "%s %s ", *is_first ? "" : ",", what);
    add_money(words, amount_minor);
    *is_first = false;
}

/* The end: why, what the closing look saw, what stays. */
static void say_end(struct words *words, const char *why)
{
    const struct explain_event *event = words->event;
    bool is_first = true;
    add(words, "%s", why);
    if (event->available_minor != 0) {
        add(words, "; the closing look found ");
        add_money(words, event->available_minor);
    }
    if (event->code[0] != '\0')
        add(words, "; code %s", event->code);
    if (event->held_minor == 0 && event->amount_minor == 0 && event->residue_minor == 0) {
        add(words, "; nothing stays in the account");
        return;
    }
    add(words, "; in the account stay:");
    add_left(words, "held", event->held_minor, &is_first);
    add_left(words, "payable", event->amount_minor, &is_first);
    add_left(words, "residue", event->residue_minor, &is_first);
}

static void say_settled(struct words *words)
{
    say_end(words, "settled");
}

static void say_compensated(struct words *words)
{
    say_end(words, "ended: what was done is undone");
}

static void say_returned(struct words *words)
{
    say_end(words, "ended again: a transfer came back");
}

static void say_superseded(struct words *words)
{
    say_end(words, "ended without a deposit: a newer batch looks for it");
}

static void say_written_off(struct words *words)
{
    say_end(words, "ended by a person, as it stood");
}

static void say_compensating(struct words *words)
{
    add(words, "from here on backwards: what was done is undone");
    if (words->event->code[0] != '\0')
        add(words, "; code %s", words->event->code);
}

static void say_released(struct words *words)
{
    add(words, "released: it goes on from where it was parked");
}

static void say_raised(struct words *words)
{
    bool is_first = true;
    add(words, "money of an earlier settlement lies in the account again:");
    add_left(words, "payable", words->event->amount_minor, &is_first);
    add_left(words, "residue", words->event->residue_minor, &is_first);
}

static const struct {
    const char *state;
    void (*say)(struct words *words);
} outcomes[] = {
    {"accepted", say_accepted},
    {"pending", say_pending},
    {"rejected_later", say_rejected_later},
    {"rejected_person", say_rejected_person},
    {"reversed", say_reversed},
    {"posted", say_posted},
    {"skipped", say_skipped},
    {"deposited", say_deposited},
    {"by_hand", say_by_hand},
    {"short", say_short},
    {"parked", say_parked},
    {"settled", say_settled},
    {"compensated", say_compensated},
    {"returned", say_returned},
    {"superseded", say_superseded},
    {"written_off", say_written_off},
    {"compensating", say_compensating},
    {"released", say_released},
    {"raised", say_raised},
};

static void say_outcome(struct words *words)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (strcmp(outcomes[i].state, words->event->state) == 0) {
            outcomes[i].say(words);
            return;
        }
    }
    add(words, "%s", words->event->state); // of a newer daybook
}

/* ---- people ---- */

static void say_request(struct words *words)
{
    const struct explain_event *event = words->event;
    add(words, "%s asked: %s", event->who, event->request);
    if (event->amount_minor != 0) {
        add(words, " ");
        add_money(words, event->amount_minor);
    }
    if (event->bank_ref[0] != '\0')
        add(words, ", the bank's reference %s", event->bank_ref);
    add(words, "; reason: %s", event->reason);
}

static void say_decision(struct words *words)
{
    const struct explain_event *event = words->event;
    const struct code_page *page = codes_find_kind(CODE_DECISION, event->state);
    add(words, "what %s asked (%s): %s", event->who, event->request,
        page != NULL ? page->what : event->state);
    if (event->code[0] != '\0')
        add(words, "; code %s: %s", event->code, codes_decision_reason(event->code));
}

static void say_run(struct words *words)
{
    const struct explain_event *event = words->event;
    add(words, "run %s, a %s by %s", event->run_id, event->request, event->who);
    if (event->reason[0] != '\0')
        add(words, "; reason: %s", event->reason);
}

static const struct {
    const char *kind;
    void (*say)(struct words *words);
} kinds[] = {
    {"intent", say_intent}, {"attempt", say_attempt}, {"outcome", say_outcome},
    {"entry", say_entry},   {"request", say_request}, {"decision", say_decision},
    {"run", say_run},
};

const char *explain_say(const struct explain_event *event, char out[EXPLAIN_BYTES])
{
    struct words words = {.event = event, .out = out};
    out[0] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, event->kind) == 0)
            kinds[i].say(&words);
    }
    return out;
}
