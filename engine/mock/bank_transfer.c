/* Transfers: what a POST does to the book, and what is said of it. */
#include <string.h>

#include "mock/bank_state.h"

void bank_name_fault(const struct call *call, enum fault fault)
{
    if (call->reply->fault[0] == 0)
        call->reply->fault = fault_name(fault);
}

/* Money comes into such an account; it leaves by the pool's. */
static bool is_pooled(const struct mock_bank *bank, uint32_t place)
{
    return bank->book.accounts[place].state == MOCK_ACCOUNT_POOLED;
}

bool bank_ask(struct mock_bank *bank, const struct request *request, struct asked *asked,
              struct mock_reply *reply)
{
    const char *wrong = request->key[0] == 0
                            ? "an Idempotency-Key of at most 64 letters, digits and ._- is needed"
                            : request_order_read(&asked->read, request->kind, request->body.bytes,
                                                 request->body.count);
    if (wrong == NULL && strcmp(asked->read.currency, bank->currency) != 0)
        wrong = "the currency is not this bank's";
    if (wrong == NULL && strcmp(asked->read.from, asked->read.to) == 0)
        wrong = "both accounts are the same";
    if (wrong != NULL) {
        reply->what = "invalid";
        answer_error(reply, 400, "invalid_parameters_error", wrong);
        return false;
    }
    asked->order = (struct book_order){
        .kind = request->kind,
        .key = request->key,
        .to_account = asked->read.to,
        .amount_minor = asked->read.amount_minor,
        .from = book_account(&bank->book, asked->read.from),
        .to = book_account(&bank->book, asked->read.to),
        .share = book_account(&bank->book, asked->read.share),
        .now_ns = bank->now_ns,
        .body_hash = book_hash(request->kind, request->body.bytes, request->body.count),
    };
    if (asked->order.from == BOOK_OUTSIDE || is_pooled(bank, asked->order.from) ||
        (asked->order.share == BOOK_OUTSIDE) != (asked->read.share[0] == 0) ||
        (asked->order.share != BOOK_OUTSIDE && !is_pooled(bank, asked->order.share)) ||
        (asked->order.to == BOOK_OUTSIDE && request->kind == MOCK_ACCOUNT_TRANSFER)) {
        reply->what = "unknown account";
        answer_error(reply, 404, "object_not_found_error", "There is no such account.");
        return false;
    }
    return true;
}

void bank_decide(struct mock_bank *bank, uint32_t place, enum mock_refusal refusal)
{
    heap_clear(&bank->late, place);
    book_decide(&bank->book, place, refusal, bank->now_ns);
}

struct told bank_tell(const struct mock_bank *bank, uint32_t place, enum fault way,
                      struct mock_transfer *copy)
{
    *copy = bank->book.entries[place].transfer;
    if (way == FAULT_WRONG_KEY)
        copy->key[strlen(copy->key) - 1] ^= 1;
    if (way == FAULT_WRONG_AMOUNT)
        copy->amount_minor++;
    const char *other = strcmp(bank->currency, "USD") == 0 ? "EUR" : "USD";
    return (struct told){
        .transfer = copy,
        .pending = place + 1,
        .currency = way == FAULT_WRONG_CURRENCY ? other : bank->currency,
    };
}

static bool was_refused_at_once(const struct mock_transfer *transfer)
{
    return !transfer->accepted && transfer->refusal != MOCK_REFUSAL_FAILED &&
           transfer->refusal != MOCK_REFUSAL_RETURNED;
}

static void answer_known(struct mock_bank *bank, const struct call *call, uint32_t place,
                         bool is_replayed)
{
    struct mock_transfer copy;
    const struct book_entry *entry = &bank->book.entries[place];
    struct told told = bank_tell(bank, place, call->way, &copy);
    if (entry->decided && was_refused_at_once(&entry->transfer))
        answer_refused(call->reply, (enum mock_refusal)entry->transfer.refusal, is_replayed);
    else
        answer_transfer(call->reply, &told, is_replayed);
}

static void after_accepted(struct mock_bank *bank, const struct call *call, uint32_t place)
{
    struct mock_reply *reply = call->reply;
    reply->effect = MOCK_EFFECT_ACCEPTED;
    reply->what = "accepted";
    if (faults_has(call->struck, FAULT_FEE)) {
        reply->fee_minor = book_charge(&bank->book, place, bank->fee_minor);
        bank_name_fault(call, FAULT_FEE);
    }
    if (faults_has(call->struck, FAULT_REVERSED)) {
        reply->reverses_at_ns = bank->now_ns + bank->reverse_ns;
        heap_set(&bank->back, place, reply->reverses_at_ns);
        bank_name_fault(call, FAULT_REVERSED);
    }
}

static void after_refused(struct mock_bank *bank, const struct call *call, uint32_t place)
{
    struct mock_reply *reply = call->reply;
    reply->effect = MOCK_EFFECT_REFUSED;
    reply->what = "refused";
    if (!faults_has(call->struck, FAULT_FORGET_REFUSED))
        return;
    reply->effect = MOCK_EFFECT_FORGOTTEN;
    book_forget(&bank->book, place);
    bank_name_fault(call, FAULT_FORGET_REFUSED);
}

static void decide_now(struct mock_bank *bank, const struct call *call, uint32_t place)
{
    enum mock_refusal refusal = book_refusal(&bank->book, place);
    bank_decide(bank, place, refusal);
    call->reply->refusal = refusal;
    call->reply->transfer_id = bank->book.entries[place].transfer.id;
    if (refusal == MOCK_REFUSAL_NONE)
        after_accepted(bank, call, place);
    else
        after_refused(bank, call, place);
    answer_known(bank, call, place, false);
}

/* Looked at before the key is, and found wanting, although it was done. */
static void refuse_repeat(struct mock_bank *bank, const struct call *call)
{
    call->reply->what = "refused again";
    bank_name_fault(call, FAULT_REFUSE_REPEAT);
    if (faults_coin(&bank->faults))
        answer_refused(call->reply, MOCK_REFUSAL_FUNDS, false);
    else
        answer_forbidden(call->reply);
}

/* The key is known: the same answer again, or a clash. A late accept is done now, and only now. */
static void repeat(struct mock_bank *bank, const struct call *call, const struct asked *asked,
                   uint32_t place)
{
    const struct book_entry *entry = &bank->book.entries[place];
    if (faults_has(call->struck, FAULT_REFUSE_REPEAT) && entry->decided &&
        entry->transfer.accepted) {
        refuse_repeat(bank, call);
    } else if (entry->body_hash != asked->order.body_hash) { // the kind is in it
        call->reply->what = "key used";
        answer_key_used(call->reply, entry->transfer.id);
    } else if (!entry->decided && entry->fate == BOOK_LATE) {
        decide_now(bank, call, place);
    } else {
        call->reply->what = "replayed";
        answer_known(bank, call, place, true);
    }
}

static void decide_later(struct mock_bank *bank, const struct call *call, uint32_t place,
                         enum book_fate fate)
{
    static const struct {
        const char *what;
        enum mock_effect effect;
        enum fault fault;
    } words[] = {
        [BOOK_LATE] = {"late", MOCK_EFFECT_LATE, FAULT_LATE_ACCEPT},
        [BOOK_PENDING] = {"pending", MOCK_EFFECT_PENDING, FAULT_PROCESSING},
        [BOOK_FAILING] = {"pending", MOCK_EFFECT_FAILING, FAULT_FAILS_LATER},
    };
    struct mock_reply *reply = call->reply;
    bank->book.entries[place].fate = (uint8_t)fate;
    reply->what = words[fate].what;
    reply->effect = words[fate].effect;
    reply->late_at_ns = bank->now_ns + (fate == BOOK_LATE ? bank->late_ns : bank->settle_ns);
    heap_set(&bank->late, place, reply->late_at_ns);
    bank_name_fault(call, words[fate].fault);
    if (fate != BOOK_LATE)
        answer_known(bank, call, place, false);
}

/* Do what was asked, once. */
static void transfer(struct mock_bank *bank, const struct call *call)
{
    struct asked asked;
    if (!bank_ask(bank, call->request, &asked, call->reply))
        return;
    uint32_t place = book_transfer(&bank->book, call->request->key, bank->now_ns);
    if (place != UINT32_MAX) {
        repeat(bank, call, &asked, place);
    } else if (book_is_full(&bank->book)) {
        call->reply->what = "book full";
        answer_error(call->reply, 500, "internal_server_error", "The book is full.");
    } else {
        place = book_begin(&bank->book, &asked.order);
        if (call->is_late)
            decide_later(bank, call, place, BOOK_LATE);
        else if (faults_has(call->struck, FAULT_FAILS_LATER))
            decide_later(bank, call, place, BOOK_FAILING);
        else if (faults_has(call->struck, FAULT_PROCESSING))
            decide_later(bank, call, place, BOOK_PENDING);
        else
            decide_now(bank, call, place);
    }
}

/* ---- answers that do not come as they should ---- */

static void reset(struct mock_reply *reply)
{
    reply->decision = MOCK_RESET;
    reply->status = 0;
    reply->bytes = 0;
}

void bank_say_nothing(struct mock_reply *reply)
{
    reply->decision = MOCK_SILENCE;
    reply->status = 0;
    reply->bytes = 0;
}

static void fail(struct mock_reply *reply)
{
    answer_error(reply, 500, "internal_server_error", "Something went wrong here.");
}

static void accept_late(struct mock_bank *bank, struct call *call)
{
    struct mock_reply *reply = call->reply;
    call->is_late = true;
    reply->fault = ""; // unless there is something new to be late with
    transfer(bank, call);
    if (reply->effect != MOCK_EFFECT_LATE)
        return;
    if (faults_coin(&bank->faults))
        bank_say_nothing(reply);
    else
        answer_error(reply, 504, "internal_server_error", "No answer from within the bank.");
}

void bank_transfer(struct mock_bank *bank, struct call *call)
{
    bool done = call->way != FAULT_RESET_BEFORE && call->way != FAULT_ERROR_BEFORE &&
                (call->way != FAULT_HANG || faults_coin(&bank->faults));
    if (call->way == FAULT_LATE_ACCEPT)
        accept_late(bank, call);
    else if (done)
        transfer(bank, call);
    if (call->way == FAULT_RESET_BEFORE || call->way == FAULT_LOST_AFTER)
        reset(call->reply);
    else if (call->way == FAULT_ERROR_BEFORE || call->way == FAULT_ERROR_AFTER)
        fail(call->reply);
    else if (call->way == FAULT_HANG)
        bank_say_nothing(call->reply);
}
