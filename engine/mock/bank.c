#include "mock/bank.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/money.h"
#include "base/time.h"
#include "mock/answer.h"
#include "mock/book.h"
#include "mock/faults.h"
#include "mock/rate.h"
#include "mock/request.h"

struct mock_bank {
    struct book book;
    struct heap late; /* undecided transfers, by place in the book */
    struct rate rate;
    struct faults faults;
    uint64_t late_ns;
    uint64_t now_ns;
    uint64_t calls, over_limit;
    char currency[MOCK_CURRENCY_BYTES];
    char token[MOCK_TOKEN_BYTES];
    void *memory;
};

static struct mock_bank *take_memory(struct arena *arena, const struct mock_settings *settings)
{
    struct mock_bank *bank = ARENA_TAKE(arena, 1, struct mock_bank);
    struct mock_bank dry;
    struct mock_bank *target = bank == NULL ? &dry : bank;
    book_init(&target->book, arena, settings->accounts_max, settings->transfers_max);
    heap_init(&target->late, arena, settings->transfers_max);
    return bank;
}

struct mock_bank *mock_bank_open(const struct mock_settings *settings)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    (void)take_memory(&arena, settings);
    // calloc gives untouched pages: room for transfers that never come costs next to nothing.
    void *memory = calloc(1, arena.used_bytes + 64);
    if (memory == NULL)
        return NULL;
    uintptr_t aligned = ((uintptr_t)memory + 63) & ~(uintptr_t)63;
    arena_init(&arena, (void *)aligned, arena.used_bytes);
    struct mock_bank *bank = take_memory(&arena, settings);
    bank->memory = memory;
    bank->late_ns = settings->late_ns;
    rate_init(&bank->rate, settings->rate_per_s, settings->burst);
    faults_init(&bank->faults, settings);
    memcpy(bank->currency, settings->currency[0] == 0 ? "KRW" : settings->currency,
           MOCK_CURRENCY_BYTES);
    memcpy(bank->token, settings->token, MOCK_TOKEN_BYTES);
    CHECK(book_is_name(bank->currency, strnlen(bank->currency, MOCK_CURRENCY_BYTES), 3));
    CHECK(bank->token[MOCK_TOKEN_BYTES - 1] == 0);
    return bank;
}

void mock_bank_close(struct mock_bank *bank)
{
    if (bank != NULL)
        free(bank->memory);
}

void mock_bank_set_faults(struct mock_bank *bank, const struct mock_faults *faults)
{
    faults_set(&bank->faults, faults);
}

/* ---- the book ---- */

bool mock_bank_account(struct mock_bank *bank, const char *account, int64_t balance_minor,
                       enum mock_account_state state)
{
    return book_open_account(&bank->book, account, balance_minor, state);
}

bool mock_bank_deposit(struct mock_bank *bank, const char *account, int64_t amount_minor)
{
    return book_deposit(&bank->book, account, amount_minor);
}

bool mock_bank_balance(const struct mock_bank *bank, const char *account, int64_t *balance_minor)
{
    uint32_t place = book_account(&bank->book, account);
    if (place == BOOK_OUTSIDE)
        return false;
    *balance_minor = bank->book.accounts[place].balance_minor;
    return true;
}

uint32_t mock_bank_account_count(const struct mock_bank *bank)
{
    return bank->book.account_count;
}

const char *mock_bank_account_at(const struct mock_bank *bank, uint32_t index,
                                 int64_t *balance_minor, enum mock_account_state *state)
{
    CHECK(index < bank->book.account_count);
    const struct book_account *account = &bank->book.accounts[index];
    *balance_minor = account->balance_minor;
    *state = (enum mock_account_state)account->state;
    return account->account;
}

int64_t mock_bank_outside(const struct mock_bank *bank)
{
    return bank->book.outside_minor;
}

uint32_t mock_bank_transfer_count(const struct mock_bank *bank)
{
    return bank->book.decided_count;
}

const struct mock_transfer *mock_bank_transfer(const struct mock_bank *bank, uint32_t index)
{
    CHECK(index < bank->book.decided_count);
    return &bank->book.entries[bank->book.decided[index]].transfer;
}

/* ---- transfers ---- */

/* A transfer that was asked for, checked as far as the book's accounts go. */
struct asked {
    struct request_order read;
    struct book_order order;
};

/* NULL: *asked holds; else the error was answered. The order points into *asked and the key. */
static bool ask(struct mock_bank *bank, const struct request *request, struct asked *asked,
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
        .body_hash = book_hash(request->kind, request->body.bytes, request->body.count),
    };
    if (asked->order.from == BOOK_OUTSIDE ||
        (asked->order.to == BOOK_OUTSIDE && request->kind == MOCK_ACCOUNT_TRANSFER)) {
        reply->what = "unknown account";
        answer_error(reply, 404, "object_not_found_error", "There is no such account.");
        return false;
    }
    return true;
}

static void decide(struct mock_bank *bank, uint32_t place, enum mock_refusal refusal)
{
    heap_clear(&bank->late, place);
    book_decide(&bank->book, place, refusal, bank->now_ns);
}

static void answer_decided(struct mock_bank *bank, uint32_t place, bool is_replayed,
                           struct mock_reply *reply)
{
    const struct mock_transfer *transfer = &bank->book.entries[place].transfer;
    if (transfer->accepted)
        answer_transfer(reply, transfer, bank->currency, is_replayed);
    else
        answer_refused(reply, (enum mock_refusal)transfer->refusal, is_replayed);
}

static void decide_now(struct mock_bank *bank, uint32_t place, struct mock_reply *reply)
{
    enum mock_refusal refusal = book_refusal(&bank->book, place);
    decide(bank, place, refusal);
    reply->effect = refusal == MOCK_REFUSAL_NONE ? MOCK_EFFECT_ACCEPTED : MOCK_EFFECT_REFUSED;
    reply->refusal = refusal;
    reply->transfer_id = bank->book.entries[place].transfer.id;
    reply->what = refusal == MOCK_REFUSAL_NONE ? "accepted" : "refused";
    answer_decided(bank, place, false, reply);
}

/* The key is known: the same answer again, or a clash. A late accept is done now, and only now. */
static void repeat(struct mock_bank *bank, const struct asked *asked, uint32_t place,
                   struct mock_reply *reply)
{
    const struct book_entry *entry = &bank->book.entries[place];
    if (entry->body_hash != asked->order.body_hash) { // the kind is in it
        reply->what = "key used";
        answer_key_used(reply, entry->transfer.id);
    } else if (!entry->decided) {
        decide_now(bank, place, reply);
    } else {
        reply->what = "replayed";
        answer_decided(bank, place, true, reply);
    }
}

/* Do what was asked, once. With is_late it is only kept, if it is new. */
static void transfer(struct mock_bank *bank, const struct request *request, bool is_late,
                     struct mock_reply *reply)
{
    struct asked asked;
    if (!ask(bank, request, &asked, reply))
        return;
    uint32_t place = book_transfer(&bank->book, request->key);
    if (place != UINT32_MAX) {
        repeat(bank, &asked, place, reply);
        return;
    }
    if (book_is_full(&bank->book)) {
        reply->what = "book full";
        answer_error(reply, 500, "internal_server_error", "The book is full.");
        return;
    }
    place = book_begin(&bank->book, &asked.order);
    if (!is_late) {
        decide_now(bank, place, reply);
        return;
    }
    reply->what = "late";
    reply->effect = MOCK_EFFECT_LATE;
    reply->late_at_ns = bank->now_ns + bank->late_ns;
    heap_set(&bank->late, place, reply->late_at_ns);
}

/* ---- answers that do not come as they should ---- */

static void reset(struct mock_reply *reply)
{
    reply->decision = MOCK_RESET;
    reply->status = 0;
    reply->bytes = 0;
}

static void silence(struct mock_reply *reply)
{
    reply->decision = MOCK_SILENCE;
    reply->status = 0;
    reply->bytes = 0;
}

static void fail(struct mock_reply *reply)
{
    answer_error(reply, 500, "internal_server_error", "Something went wrong here.");
}

static void accept_late(struct mock_bank *bank, const struct request *request,
                        struct mock_reply *reply)
{
    transfer(bank, request, true, reply);
    if (reply->effect != MOCK_EFFECT_LATE)
        reply->fault = ""; // nothing new to be late with
    else if (faults_coin(&bank->faults))
        silence(reply);
    else
        answer_error(reply, 504, "internal_server_error", "No answer from within the bank.");
}

static void transfer_with(struct mock_bank *bank, const struct request *request, enum fault fault,
                          struct mock_reply *reply)
{
    reply->what = "nothing";
    switch (fault) {
    case FAULT_RESET_BEFORE:
        reset(reply);
        break;
    case FAULT_ERROR_BEFORE:
        fail(reply);
        break;
    case FAULT_HANG:
        if (faults_coin(&bank->faults))
            transfer(bank, request, false, reply);
        silence(reply);
        break;
    case FAULT_LATE_ACCEPT:
        accept_late(bank, request, reply);
        break;
    case FAULT_LOST_AFTER:
        transfer(bank, request, false, reply);
        reset(reply);
        break;
    case FAULT_ERROR_AFTER:
        transfer(bank, request, false, reply);
        fail(reply);
        break;
    case FAULT_THROTTLE:
    case FAULT_SLOW:
    case FAULT_NONE:
        transfer(bank, request, false, reply);
        break;
    }
}

/* ---- requests ---- */

static void balance(struct mock_bank *bank, const struct request *request, struct mock_reply *reply)
{
    uint32_t place = book_account(&bank->book, request->account);
    reply->what = place == BOOK_OUTSIDE ? "unknown account" : "balance";
    if (place == BOOK_OUTSIDE)
        answer_error(reply, 404, "object_not_found_error", "There is no such account.");
    else
        answer_balance(reply, request->account, bank->book.accounts[place].balance_minor,
                       bank->currency);
}

static void inquire(struct mock_bank *bank, const struct request *request, struct mock_reply *reply)
{
    if (request->key[0] == 0) {
        reply->what = "invalid";
        answer_error(reply, 400, "invalid_parameters_error", "idempotency_key is needed");
        return;
    }
    uint32_t place = book_transfer(&bank->book, request->key);
    const struct book_entry *entry = place == UINT32_MAX ? NULL : &bank->book.entries[place];
    bool is_known = entry != NULL && entry->decided && entry->transfer.kind == request->kind;
    reply->what = is_known ? "found" : "not found";
    answer_list(reply, is_known ? &entry->transfer : NULL, bank->currency);
}

static bool is_authorized(const struct mock_bank *bank, const struct request *request)
{
    static const char scheme[] = "Bearer ";
    struct span shown = request->authorization;
    size_t token_bytes = strlen(bank->token);
    return token_bytes == 0 ||
           (shown.count == sizeof scheme - 1 + token_bytes &&
            memcmp(shown.bytes, scheme, sizeof scheme - 1) == 0 &&
            memcmp(shown.bytes + sizeof scheme - 1, bank->token, token_bytes) == 0);
}

/* Not HTTP, not allowed, too many: answered before it is looked at. */
static bool turn_away(struct mock_bank *bank, const struct request *request,
                      struct mock_reply *reply)
{
    uint64_t wait_ns;
    if (request->call == REQUEST_BAD) {
        reply->what = "bad request";
        answer_error(reply, 400, "malformed_request_error", request->wrong);
    } else if (!is_authorized(bank, request)) {
        reply->what = "unauthorized";
        answer_error(reply, 401, "invalid_api_key_error", "The token is missing or wrong.");
    } else if (!rate_take(&bank->rate, bank->now_ns, &wait_ns)) {
        bank->over_limit++;
        reply->what = "over limit";
        answer_too_many(reply, wait_ns);
    } else {
        return false;
    }
    return true;
}

static void answer(struct mock_bank *bank, const struct request *request, struct mock_reply *reply)
{
    if (turn_away(bank, request, reply))
        return;
    enum fault fault = faults_draw(&bank->faults, request->call == REQUEST_TRANSFER);
    reply->fault = fault_name(fault);
    reply->what = "nothing";
    if (fault == FAULT_THROTTLE) {
        answer_too_many(reply, 0);
    } else if (request->call == REQUEST_TRANSFER) {
        transfer_with(bank, request, fault, reply);
    } else if (fault == FAULT_HANG) {
        silence(reply);
    } else if (request->call == REQUEST_BALANCE) {
        balance(bank, request, reply);
    } else if (request->call == REQUEST_INQUIRY) {
        inquire(bank, request, reply);
    } else {
        reply->what = "unknown path";
        answer_error(reply, 404, "api_method_not_found_error", "There is no such path.");
    }
}

static void reply_begin(struct mock_reply *reply, const struct request *request)
{
    // Not the whole struct: clearing the answer's kilobyte would cost more than writing it.
    reply->status = 0;
    reply->bytes = 0;
    reply->close_after = request->close_after;
    memcpy(reply->key, request->key, sizeof reply->key);
    reply->what = "";
    reply->fault = "";
    reply->effect = MOCK_EFFECT_NONE;
    reply->refusal = MOCK_REFUSAL_NONE;
    reply->transfer_id = 0;
    reply->late_at_ns = 0;
    reply->method = request->method;
    reply->path = request->path.bytes;
    reply->path_bytes = request->path.count;
    reply->body = request->body.bytes;
    reply->body_bytes = request->body.count;
}

size_t mock_bank_request(struct mock_bank *bank, const char *bytes, size_t byte_count,
                         uint64_t now_ns, struct mock_reply *reply)
{
    struct request request;
    size_t used = byte_count == 0 ? 0 : request_read(&request, bytes, byte_count);
    if (used == 0)
        return 0;
    mock_bank_advance(bank, now_ns);
    bank->calls++;
    reply_begin(reply, &request);
    answer(bank, &request, reply);
    reply->at_ns = now_ns + faults_latency(&bank->faults);
    return used;
}

void mock_bank_advance(struct mock_bank *bank, uint64_t now_ns)
{
    CHECK(now_ns >= bank->now_ns);
    uint32_t place;
    while (heap_pop(&bank->late, now_ns, &place)) {
        bank->now_ns = now_ns;
        decide(bank, place, book_refusal(&bank->book, place));
    }
    bank->now_ns = now_ns;
}

uint64_t mock_bank_next_at(const struct mock_bank *bank)
{
    return heap_next_at(&bank->late);
}

uint64_t mock_bank_calls(const struct mock_bank *bank, uint64_t *over_limit)
{
    *over_limit = bank->over_limit;
    return bank->calls;
}

/* ---- an earlier life ---- */

/* The undecided transfer of the effect, begun if need be. UINT32_MAX: it does not fit. */
static uint32_t restore_place(struct mock_bank *bank, const struct mock_restore *restore)
{
    uint32_t place = book_transfer(&bank->book, restore->key);
    if (place != UINT32_MAX)
        return bank->book.entries[place].decided ? UINT32_MAX : place;
    if (restore->body == NULL || book_is_full(&bank->book))
        return UINT32_MAX;
    struct mock_reply unused = {.bytes = 0};
    struct asked asked;
    struct request request = {
        .kind = restore->kind,
        .body = {restore->body, restore->body_bytes},
    };
    size_t key_bytes = strlen(restore->key);
    if (!book_is_name(restore->key, key_bytes, MOCK_KEY_BYTES - 1))
        return UINT32_MAX;
    memcpy(request.key, restore->key, key_bytes + 1);
    if (!ask(bank, &request, &asked, &unused))
        return UINT32_MAX;
    return book_begin(&bank->book, &asked.order);
}

bool mock_bank_restore(struct mock_bank *bank, const struct mock_restore *restore)
{
    CHECK(restore->effect != MOCK_EFFECT_NONE);
    if (restore->effect == MOCK_EFFECT_REFUSED && restore->refusal == MOCK_REFUSAL_NONE)
        return false;
    uint32_t place = restore_place(bank, restore);
    if (place == UINT32_MAX)
        return false;
    if (restore->effect == MOCK_EFFECT_LATE) {
        heap_set(&bank->late, place, restore->at_ns);
        return true;
    }
    if (restore->at_ns > bank->now_ns)
        bank->now_ns = restore->at_ns;
    // What was done stays done, even where today's accounts would not allow it; money must fit.
    enum mock_refusal now = book_refusal(&bank->book, place);
    if (restore->effect == MOCK_EFFECT_ACCEPTED && now == MOCK_REFUSAL_FUNDS)
        return false;
    decide(bank, place,
           restore->effect == MOCK_EFFECT_ACCEPTED ? MOCK_REFUSAL_NONE : restore->refusal);
    return true;
}
