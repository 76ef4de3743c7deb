#include "mock/bank.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/money.h"
#include "base/time.h"
#include "mock/bank_state.h"
#include "mock/framing.h"

static struct mock_bank *take_memory(struct arena *arena, const struct mock_settings *settings)
{
    struct mock_bank *bank = ARENA_TAKE(arena, 1, struct mock_bank);
    struct mock_bank dry;
    struct mock_bank *target = bank == NULL ? &dry : bank;
    book_init(&target->book, arena, settings->accounts_max, settings->transfers_max);
    heap_init(&target->late, arena, settings->transfers_max);
    heap_init(&target->back, arena, settings->transfers_max);
    return bank;
}

static void take_settings(struct mock_bank *bank, const struct mock_settings *settings)
{
    bank->late_ns = settings->late_ns;
    bank->settle_ns = settings->settle_ns;
    bank->reverse_ns = settings->reverse_ns;
    bank->lag_ns = settings->lag_ns;
    bank->drip_ns = settings->drip_ns;
    bank->fee_minor = settings->fee_minor;
    bank->book.key_lifetime_ns = settings->key_lifetime_ns;
    rate_init(&bank->rate, settings->rate_per_s, settings->burst);
    bool is_own = settings->meter_per_s > 0;
    meter_init(&bank->meter, is_own ? settings->meter_per_s : settings->rate_per_s,
               is_own ? settings->meter_burst : settings->burst);
    faults_init(&bank->faults, settings);
    memcpy(bank->currency, settings->currency[0] == 0 ? "KRW" : settings->currency,
           MOCK_CURRENCY_BYTES);
    memcpy(bank->token, settings->token, MOCK_TOKEN_BYTES);
    memcpy(bank->fee_account, settings->fee_account, MOCK_ACCOUNT_BYTES);
    memcpy(bank->pool_account, settings->pool_account, MOCK_ACCOUNT_BYTES);
    CHECK(book_is_name(bank->currency, strnlen(bank->currency, MOCK_CURRENCY_BYTES), 3));
    CHECK(bank->token[MOCK_TOKEN_BYTES - 1] == 0);
    CHECK(bank->fee_account[MOCK_ACCOUNT_BYTES - 1] == 0);
    CHECK(bank->pool_account[MOCK_ACCOUNT_BYTES - 1] == 0 && settings->fee_minor >= 0);
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
    take_settings(bank, settings);
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
    struct book *book = &bank->book;
    if (!book_open_account(book, account, balance_minor, state))
        return false;
    if (bank->pool_account[0] != 0 && strcmp(account, bank->pool_account) == 0)
        book->pool = book->account_count - 1;
    if (bank->fee_account[0] != 0 && strcmp(account, bank->fee_account) == 0)
        book->fee_payer = book->account_count - 1;
    return true;
}

bool mock_bank_deposit(struct mock_bank *bank, const char *account, int64_t amount_minor)
{
    return book_deposit(&bank->book, account, amount_minor);
}

bool mock_bank_move(struct mock_bank *bank, const char *from, const char *to, const char *share,
                    int64_t amount_minor)
{
    return book_move(&bank->book, from, to, share, amount_minor);
}

enum mock_knows mock_bank_knows(const struct mock_bank *bank, const char *key,
                                const struct mock_transfer **transfer)
{
    uint32_t place = book_transfer(&bank->book, key, 0);
    *transfer = NULL;
    if (place == UINT32_MAX)
        return MOCK_KNOWS_NOTHING;
    const struct book_entry *entry = &bank->book.entries[place];
    if (!entry->decided)
        return MOCK_KNOWS_UNDECIDED;
    *transfer = &entry->transfer;
    if (entry->transfer.accepted)
        return MOCK_KNOWS_DONE;
    return entry->transfer.reversed_at_ns > 0 ? MOCK_KNOWS_REVERSED : MOCK_KNOWS_REFUSED;
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

int64_t mock_bank_fees(const struct mock_bank *bank)
{
    return bank->book.fees_minor;
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

uint32_t mock_bank_reversal_count(const struct mock_bank *bank)
{
    return bank->book.reversed_count;
}

const struct mock_transfer *mock_bank_reversal(const struct mock_bank *bank, uint32_t index)
{
    CHECK(index < bank->book.reversed_count);
    return &bank->book.entries[bank->book.reversed[index]].transfer;
}

/* ---- requests ---- */

static void balance(struct mock_bank *bank, const struct call *call)
{
    struct mock_reply *reply = call->reply;
    const char *name = call->request->account;
    uint32_t place = book_account(&bank->book, name);
    const struct book_account *account = place == BOOK_OUTSIDE ? NULL : &bank->book.accounts[place];
    reply->what = account == NULL ? "unknown account" : "balance";
    if (account == NULL)
        answer_error(reply, 404, "object_not_found_error", "There is no such account.");
    else if (account->state == MOCK_ACCOUNT_POOLED)
        answer_share(reply, name, account->balance_minor, account->received_minor, bank->currency);
    else
        answer_balance(reply, name, account->balance_minor, bank->currency);
}

/* Can it be seen? Not while this inquiry falls to a replica that lags behind. */
static bool is_seen(const struct mock_bank *bank, const struct call *call,
                    const struct book_entry *entry)
{
    if (entry->transfer.kind != call->request->kind ||
        (!entry->decided && entry->fate == BOOK_LATE))
        return false;
    if (!faults_has(call->struck, FAULT_LAGGING) ||
        bank->now_ns - entry->transfer.begun_at_ns >= bank->lag_ns)
        return true;
    bank_name_fault(call, FAULT_LAGGING);
    return false;
}

/* What is not decided and not seen is not listed either, nor is what left nothing behind. */
static bool is_listed(const struct call *call, const struct request_list *wanted,
                      const struct book_entry *entry)
{
    const struct mock_transfer *transfer = &entry->transfer;
    return transfer->kind == call->request->kind && !entry->forgotten &&
           (entry->decided || entry->fate != BOOK_LATE) &&
           transfer->begun_at_ns >= wanted->since_ns && transfer->begun_at_ns < wanted->until_ns;
}

static void inquire(struct mock_bank *bank, const struct call *call)
{
    struct mock_transfer copy;
    struct told told = {.transfer = NULL};
    if (call->request->key[0] == 0) {
        call->reply->what = "invalid";
        answer_error(call->reply, 400, "invalid_parameters_error", "idempotency_key is needed");
        return;
    }
    call->reply->what = "not found";
    uint32_t place = book_transfer(&bank->book, call->request->key, bank->now_ns);
    if (place != UINT32_MAX && is_seen(bank, call, &bank->book.entries[place])) {
        call->reply->what = "found";
        told = bank_tell(bank, place, call->way, &copy);
    }
    answer_list(call->reply, &told);
}

/* Those of a kind and span of time, as they were received; from the cursor on, at most a page. */
static void list(struct mock_bank *bank, const struct call *call)
{
    struct request_list wanted;
    struct answer_page page;
    struct mock_transfer copy;
    char next[16] = "";
    const char *wrong = request_list_read(&wanted, call->request->query);
    call->reply->what = wrong == NULL ? "list" : "invalid";
    if (wrong != NULL) {
        answer_error(call->reply, 400, "invalid_parameters_error", wrong);
        return;
    }
    answer_page_begin(&page);
    for (uint32_t place = wanted.from; place < bank->book.entry_count && next[0] == 0; place++) {
        const struct book_entry *entry = &bank->book.entries[place];
        if (!is_listed(call, &wanted, entry))
            continue;
        if (page.count == wanted.limit) {
            snprintf(next, sizeof next, "p%" PRIu32, place);
            continue;
        }
        struct told told = bank_tell(bank, place, FAULT_NONE, &copy);
        answer_page_add(&page, &told);
    }
    answer_page_end(call->reply, &page, next);
}

/* An answer that repeats whom it is about; who gets another's can tell. */
static bool names_whom(const struct mock_reply *reply)
{
    return reply->decision == MOCK_ANSWER && (reply->status == 200 || reply->status == 202) &&
           strcmp(reply->what, "not found") != 0;
}

static void keep_answer(struct kept_answer *kept, const struct call *call)
{
    const struct request *request = call->request;
    const char *about = request->call == REQUEST_BALANCE ? request->account : request->key;
    if (call->reply->bytes > sizeof kept->answer)
        return;
    memcpy(kept->about, about, strlen(about) + 1);
    memcpy(kept->answer, call->reply->answer, call->reply->bytes);
    kept->bytes = call->reply->bytes;
    kept->status = call->reply->status;
}

/* Of the two newest answers about different ones, this call may get the one that is not its own. */
static void swap(struct mock_bank *bank, const struct call *call)
{
    if (!faults_may(&bank->faults, FAULT_SWAPPED) || call->request->call == REQUEST_LIST)
        return; // a list is about nobody
    struct kept_answer own = {.bytes = 0};
    if (names_whom(call->reply))
        keep_answer(&own, call);
    const char *about =
        call->request->call == REQUEST_BALANCE ? call->request->account : call->request->key;
    const struct kept_answer *others =
        strcmp(bank->kept.about, about) != 0 ? &bank->kept : &bank->other;
    if (call->way == FAULT_SWAPPED && call->reply->decision == MOCK_ANSWER && others->bytes > 0) {
        memcpy(call->reply->answer, others->answer, others->bytes);
        call->reply->bytes = others->bytes;
        call->reply->status = others->status;
    } else if (call->way == FAULT_SWAPPED) {
        call->reply->fault = "";
    }
    if (own.bytes == 0)
        return;
    if (strcmp(bank->kept.about, own.about) != 0)
        bank->other = bank->kept;
    bank->kept = own;
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

static enum fault_target target_of(const struct request *request)
{
    return request->call == REQUEST_TRANSFER  ? FAULT_ON_TRANSFER
           : request->call == REQUEST_INQUIRY ? FAULT_ON_INQUIRY
                                              : FAULT_ON_ANY;
}

static void answer(struct mock_bank *bank, const struct request *request, struct mock_reply *reply)
{
    if (turn_away(bank, request, reply))
        return;
    struct call call = {.request = request, .reply = reply};
    call.struck = faults_draw(&bank->faults, target_of(request));
    call.way = faults_way(call.struck);
    reply->fault = fault_name(call.way);
    reply->what = "nothing";
    if (call.way == FAULT_THROTTLE) {
        answer_too_many(reply, 0);
    } else if (request->call == REQUEST_TRANSFER) {
        bank_transfer(bank, &call);
    } else if (call.way == FAULT_HANG) {
        bank_say_nothing(reply);
    } else if (request->call == REQUEST_BALANCE) {
        balance(bank, &call);
    } else if (request->call == REQUEST_INQUIRY) {
        inquire(bank, &call);
    } else if (request->call == REQUEST_LIST) {
        list(bank, &call);
    } else {
        reply->what = "unknown path";
        answer_error(reply, 404, "api_method_not_found_error", "There is no such path.");
    }
    swap(bank, &call);
    framing_bend(reply, call.way);
    reply->drip_ns = call.way == FAULT_DRIP ? bank->drip_ns : 0;
}

static void reply_begin(struct mock_reply *reply, const struct request *request)
{
    // Not the whole struct: clearing the answer's kilobyte would cost more than writing it.
    reply->status = 0;
    reply->bytes = 0;
    reply->drip_ns = 0;
    reply->close_after = request->close_after;
    memcpy(reply->key, request->key, sizeof reply->key);
    reply->what = "";
    reply->fault = "";
    reply->effect = MOCK_EFFECT_NONE;
    reply->refusal = MOCK_REFUSAL_NONE;
    reply->transfer_id = 0;
    reply->late_at_ns = reply->reverses_at_ns = 0;
    reply->fee_minor = 0;
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
    meter_add(&bank->meter, now_ns);
    reply_begin(reply, &request);
    answer(bank, &request, reply);
    reply->at_ns = now_ns + faults_latency(&bank->faults);
    return used;
}

void mock_bank_advance(struct mock_bank *bank, uint64_t now_ns)
{
    CHECK(now_ns >= bank->now_ns);
    bank->now_ns = now_ns;
    uint32_t place;
    while (heap_pop(&bank->late, now_ns, &place)) {
        bool fails = bank->book.entries[place].fate == BOOK_FAILING;
        bank_decide(bank, place, fails ? MOCK_REFUSAL_FAILED : book_refusal(&bank->book, place));
    }
    while (heap_pop(&bank->back, now_ns, &place))
        if (!book_reverse(&bank->book, place, now_ns))
            continue; // what is spent does not come back
}

uint64_t mock_bank_next_at(const struct mock_bank *bank)
{
    uint64_t late_ns = heap_next_at(&bank->late), back_ns = heap_next_at(&bank->back);
    return late_ns < back_ns ? late_ns : back_ns;
}

void mock_bank_meter(const struct mock_bank *bank, struct mock_meter *meter)
{
    *meter = (struct mock_meter){
        .per_s = bank->meter.per_s,
        .burst = bank->meter.burst,
        .calls = bank->calls,
        .most = (bank->meter.most + NS_PER_S - 1) / NS_PER_S,
        .over = bank->meter.over,
    };
}

uint64_t mock_bank_calls(const struct mock_bank *bank, uint64_t *over_limit)
{
    *over_limit = bank->over_limit;
    return bank->calls;
}
