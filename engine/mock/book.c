#include "mock/book.h"

#include <string.h>

#include "base/money.h"

static uint64_t slots_for(uint32_t count)
{
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)count)
        slots *= 2;
    return slots;
}

void book_init(struct book *book, struct arena *arena, uint32_t accounts_max,
               uint32_t transfers_max)
{
    CHECK(accounts_max > 0 && accounts_max < BOOK_OUTSIDE);
    CHECK(transfers_max > 0 && transfers_max < UINT32_MAX);
    *book = (struct book){.accounts_max = accounts_max,
                          .entries_max = transfers_max,
                          .pool = BOOK_OUTSIDE,
                          .fee_payer = BOOK_OUTSIDE};
    uint64_t account_slots = slots_for(accounts_max);
    uint64_t entry_slots = slots_for(transfers_max);
    book->account_mask = account_slots - 1;
    book->entry_mask = entry_slots - 1;
    book->accounts = ARENA_TAKE(arena, accounts_max, struct book_account);
    book->account_slots = ARENA_TAKE(arena, account_slots, uint32_t);
    book->entries = ARENA_TAKE(arena, transfers_max, struct book_entry);
    book->entry_slots = ARENA_TAKE(arena, entry_slots, uint32_t);
    book->decided = ARENA_TAKE(arena, transfers_max, uint32_t);
    book->reversed = ARENA_TAKE(arena, transfers_max, uint32_t);
    // Keys fall all over their table: touched now, or most of the first transfers fault a page in.
    if (book->entry_slots != NULL)
        memset(book->entry_slots, 0, entry_slots * sizeof *book->entry_slots);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

uint64_t book_hash(uint64_t seed, const char *bytes, size_t byte_count)
{
    uint64_t hash = mix(seed ^ byte_count ^ UINT64_C(0x9e3779b97f4a7c15));
    for (size_t at = 0; at < byte_count; at += 8) {
        uint64_t word = 0;
        size_t left = byte_count - at;
        memcpy(&word, bytes + at, left < 8 ? left : 8);
        hash = mix(hash ^ word) + UINT64_C(0x9e3779b97f4a7c15);
    }
    return hash;
}

bool book_is_name(const char *bytes, size_t byte_count, size_t most)
{
    // A bit for each of "-.0-9" and "A-Z_a-z".
    static const uint64_t parts[2] = {UINT64_C(0x03ff600000000000), UINT64_C(0x07fffffe87fffffe)};
    if (byte_count == 0 || byte_count > most)
        return false;
    for (size_t i = 0; i < byte_count; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c > 127 || (parts[c >> 6] >> (c & 63) & 1) == 0)
            return false;
    }
    return true;
}

/* The slot that holds the account, or the free one where it belongs. */
static uint32_t *account_slot(const struct book *book, const char *account)
{
    uint64_t at = book_hash(1, account, strlen(account)) & book->account_mask;
    while (book->account_slots[at] != 0) {
        if (strcmp(book->accounts[book->account_slots[at] - 1].account, account) == 0)
            break;
        at = (at + 1) & book->account_mask;
    }
    return &book->account_slots[at];
}

static uint32_t *entry_slot(const struct book *book, const char *key)
{
    uint64_t at = book_hash(2, key, strlen(key)) & book->entry_mask;
    while (book->entry_slots[at] != 0) {
        if (strcmp(book->entries[book->entry_slots[at] - 1].transfer.key, key) == 0)
            break;
        at = (at + 1) & book->entry_mask;
    }
    return &book->entry_slots[at];
}

static bool has_room(const struct book *book, int64_t amount_minor)
{
    return amount_minor >= 0 && amount_minor <= MONEY_MAX - book->total_minor;
}

/* Into an account; a person's share lies in the pool. Nothing where it is outside. */
static void credit(struct book *book, uint32_t place, int64_t amount_minor)
{
    if (place == BOOK_OUTSIDE) {
        book->outside_minor += amount_minor;
        return;
    }
    struct book_account *account = &book->accounts[place];
    account->balance_minor += amount_minor;
    if (account->state == MOCK_ACCOUNT_POOLED) {
        account->received_minor += amount_minor;
        book->accounts[book->pool].balance_minor += amount_minor;
    }
}

bool book_open_account(struct book *book, const char *account, int64_t balance_minor,
                       enum mock_account_state state)
{
    size_t bytes = strlen(account);
    if (!book_is_name(account, bytes, MOCK_ACCOUNT_BYTES - 1) || !has_room(book, balance_minor) ||
        book->account_count == book->accounts_max ||
        (state == MOCK_ACCOUNT_POOLED && book->pool == BOOK_OUTSIDE))
        return false;
    uint32_t *slot = account_slot(book, account);
    if (*slot != 0)
        return false;
    struct book_account *added = &book->accounts[book->account_count++];
    memcpy(added->account, account, bytes + 1);
    added->state = (uint8_t)state;
    book->total_minor += balance_minor;
    *slot = book->account_count;
    credit(book, book->account_count - 1, balance_minor);
    return true;
}

bool book_deposit(struct book *book, const char *account, int64_t amount_minor)
{
    uint32_t place = book_account(book, account);
    if (place == BOOK_OUTSIDE || amount_minor <= 0 || !has_room(book, amount_minor))
        return false;
    credit(book, place, amount_minor);
    book->total_minor += amount_minor;
    return true;
}

uint32_t book_account(const struct book *book, const char *account)
{
    uint32_t slot = *account_slot(book, account);
    return slot == 0 ? BOOK_OUTSIDE : slot - 1;
}

static bool is_forgotten(const struct book *book, const struct book_entry *entry, uint64_t now_ns)
{
    uint64_t begun_ns = entry->transfer.begun_at_ns;
    uint64_t age_ns = now_ns > begun_ns ? now_ns - begun_ns : 0;
    return entry->forgotten || (book->key_lifetime_ns > 0 && age_ns >= book->key_lifetime_ns);
}

uint32_t book_transfer(const struct book *book, const char *key, uint64_t now_ns)
{
    uint32_t slot = *entry_slot(book, key);
    if (slot == 0 || is_forgotten(book, &book->entries[slot - 1], now_ns))
        return UINT32_MAX;
    return slot - 1;
}

void book_forget(struct book *book, uint32_t place)
{
    book->entries[place].forgotten = true;
}

bool book_is_full(const struct book *book)
{
    return book->entry_count == book->entries_max;
}

uint32_t book_begin(struct book *book, const struct book_order *order)
{
    CHECK(!book_is_full(book));
    CHECK(order->amount_minor > 0 && order->from < book->account_count);
    uint32_t *slot = entry_slot(book, order->key);
    CHECK(*slot == 0 || is_forgotten(book, &book->entries[*slot - 1], order->now_ns));
    uint32_t place = book->entry_count++;
    struct book_entry *entry = &book->entries[place];
    entry->from = order->from;
    entry->to = order->to;
    entry->share = order->share;
    entry->body_hash = order->body_hash;
    struct mock_transfer *transfer = &entry->transfer;
    transfer->kind = (uint8_t)order->kind;
    transfer->amount_minor = order->amount_minor;
    transfer->begun_at_ns = order->now_ns;
    memcpy(transfer->key, order->key, strnlen(order->key, sizeof transfer->key - 1));
    memcpy(transfer->from, book->accounts[order->from].account, sizeof transfer->from);
    memcpy(transfer->to, order->to_account, strnlen(order->to_account, sizeof transfer->to - 1));
    *slot = book->entry_count;
    return place;
}

static enum mock_refusal refusal_by_state(uint8_t state)
{
    switch ((enum mock_account_state)state) {
    case MOCK_ACCOUNT_STOPPED:
        return MOCK_REFUSAL_STOPPED;
    case MOCK_ACCOUNT_CLOSED:
        return MOCK_REFUSAL_CLOSED;
    case MOCK_ACCOUNT_OPEN:
    case MOCK_ACCOUNT_POOLED:
        break;
    }
    return MOCK_REFUSAL_NONE;
}

enum mock_refusal book_refusal(const struct book *book, uint32_t place)
{
    const struct book_entry *entry = &book->entries[place];
    const struct book_account *from = &book->accounts[entry->from];
    enum mock_refusal refusal = refusal_by_state(from->state);
    if (refusal == MOCK_REFUSAL_NONE && entry->to != BOOK_OUTSIDE)
        refusal = refusal_by_state(book->accounts[entry->to].state);
    if (refusal == MOCK_REFUSAL_NONE && from->balance_minor < entry->transfer.amount_minor)
        refusal = MOCK_REFUSAL_FUNDS;
    return refusal;
}

/* What goes out of the pool is out of a person's share, what comes in is in it. */
static void change_share(struct book *book, const struct book_entry *entry, int64_t amount_minor)
{
    if (entry->share == BOOK_OUTSIDE)
        return;
    if (entry->from == book->pool)
        book->accounts[entry->share].balance_minor -= amount_minor;
    if (entry->to == book->pool)
        book->accounts[entry->share].balance_minor += amount_minor;
}

void book_decide(struct book *book, uint32_t place, enum mock_refusal refusal, uint64_t now_ns)
{
    struct book_entry *entry = &book->entries[place];
    struct mock_transfer *transfer = &entry->transfer;
    CHECK(!entry->decided);
    entry->decided = true;
    transfer->refusal = (uint8_t)refusal;
    transfer->accepted = refusal == MOCK_REFUSAL_NONE;
    transfer->done_at_ns = now_ns;
    book->decided[book->decided_count++] = place;
    transfer->id = book->decided_count;
    if (!transfer->accepted)
        return;
    int64_t *from_minor = &book->accounts[entry->from].balance_minor;
    CHECK(*from_minor >= transfer->amount_minor);
    *from_minor -= transfer->amount_minor;
    change_share(book, entry, transfer->amount_minor);
    credit(book, entry->to, transfer->amount_minor);
}

int64_t book_charge(struct book *book, uint32_t place, int64_t fee_minor)
{
    struct book_entry *entry = &book->entries[place];
    uint32_t payer = book->fee_payer == BOOK_OUTSIDE ? entry->from : book->fee_payer;
    int64_t *payer_minor = &book->accounts[payer].balance_minor;
    CHECK(entry->transfer.accepted && entry->transfer.fee_minor == 0);
    if (*payer_minor < fee_minor)
        return 0;
    *payer_minor -= fee_minor;
    book->fees_minor += fee_minor;
    entry->transfer.fee_minor = fee_minor;
    if (payer == book->pool && entry->share != BOOK_OUTSIDE)
        book->accounts[entry->share].balance_minor -= fee_minor;
    return fee_minor;
}

bool book_reverse(struct book *book, uint32_t place, uint64_t now_ns)
{
    struct book_entry *entry = &book->entries[place];
    struct mock_transfer *transfer = &entry->transfer;
    CHECK(entry->decided && transfer->accepted);
    int64_t *to_minor =
        entry->to == BOOK_OUTSIDE ? &book->outside_minor : &book->accounts[entry->to].balance_minor;
    if (*to_minor < transfer->amount_minor)
        return false;
    *to_minor -= transfer->amount_minor;
    book->accounts[entry->from].balance_minor += transfer->amount_minor;
    change_share(book, entry, -transfer->amount_minor);
    transfer->accepted = false;
    transfer->refusal = MOCK_REFUSAL_RETURNED;
    transfer->reversed_at_ns = now_ns;
    book->reversed[book->reversed_count++] = place;
    return true;
}

bool book_move(struct book *book, const char *from, const char *to, const char *share,
               int64_t amount_minor)
{
    struct book_entry moved = {.from = book_account(book, from),
                               .to = book_account(book, to),
                               .share = book_account(book, share)};
    bool is_known = moved.from != BOOK_OUTSIDE && (share[0] == 0 || moved.share != BOOK_OUTSIDE);
    if (!is_known || amount_minor <= 0 || book->accounts[moved.from].balance_minor < amount_minor)
        return false;
    book->accounts[moved.from].balance_minor -= amount_minor;
    change_share(book, &moved, amount_minor);
    credit(book, moved.to, amount_minor);
    return true;
}
