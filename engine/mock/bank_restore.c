/* The book of an earlier life, put together again from what its log has. */
#include <string.h>

#include "mock/bank_state.h"

/* A transfer of the key that is not decided, known or forgotten. UINT32_MAX: there is none. */
static uint32_t undecided(const struct book *book, const char *key)
{
    for (uint32_t place = book->entry_count; place-- > 0;)
        if (!book->entries[place].decided && strcmp(book->entries[place].transfer.key, key) == 0)
            return place;
    return UINT32_MAX;
}

/* The effect's transfer, not decided: begun here, or late so far. UINT32_MAX: it does not fit. */
static uint32_t restore_place(struct mock_bank *bank, const struct mock_restore *restore)
{
    uint32_t place = book_transfer(&bank->book, restore->key, restore->at_ns);
    if (place != UINT32_MAX && !bank->book.entries[place].decided)
        return place;
    if (restore->body == NULL)
        return undecided(&bank->book, restore->key);
    if (book_is_full(&bank->book) || (place != UINT32_MAX && bank->book.key_lifetime_ns == 0))
        return UINT32_MAX;
    if (place != UINT32_MAX) // decided, and begun again: by then it was forgotten
        book_forget(&bank->book, place);
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
    if (!bank_ask(bank, &request, &asked, &unused))
        return UINT32_MAX;
    return book_begin(&bank->book, &asked.order);
}

static bool restore_later(struct mock_bank *bank, const struct mock_restore *restore,
                          uint32_t place)
{
    bank->book.entries[place].fate = restore->effect == MOCK_EFFECT_LATE      ? BOOK_LATE
                                     : restore->effect == MOCK_EFFECT_PENDING ? BOOK_PENDING
                                                                              : BOOK_FAILING;
    heap_set(&bank->late, place, restore->late_at_ns);
    return true;
}

/* What was done stays done, even where today's accounts would not allow it; money must fit. */
static bool restore_accepted(struct mock_bank *bank, const struct mock_restore *restore,
                             uint32_t place)
{
    if (book_refusal(&bank->book, place) == MOCK_REFUSAL_FUNDS)
        return false;
    bank_decide(bank, place, MOCK_REFUSAL_NONE);
    if (restore->reverses_at_ns > 0)
        heap_set(&bank->back, place, restore->reverses_at_ns);
    return restore->fee_minor == 0 ||
           book_charge(&bank->book, place, restore->fee_minor) == restore->fee_minor;
}

bool mock_bank_restore(struct mock_bank *bank, const struct mock_restore *restore)
{
    bool is_refused =
        restore->effect == MOCK_EFFECT_REFUSED || restore->effect == MOCK_EFFECT_FORGOTTEN;
    CHECK(restore->effect != MOCK_EFFECT_NONE && restore->fee_minor >= 0);
    if (is_refused && restore->refusal == MOCK_REFUSAL_NONE)
        return false;
    if (restore->at_ns > bank->now_ns)
        bank->now_ns = restore->at_ns;
    uint32_t place = restore_place(bank, restore);
    if (place == UINT32_MAX)
        return false;
    if (restore->effect == MOCK_EFFECT_ACCEPTED)
        return restore_accepted(bank, restore, place);
    if (!is_refused)
        return restore_later(bank, restore, place);
    bank_decide(bank, place, restore->refusal);
    if (restore->effect == MOCK_EFFECT_FORGOTTEN)
        book_forget(&bank->book, place);
    return true;
}

bool mock_bank_restore_reversal(struct mock_bank *bank, uint64_t transfer_id, uint64_t at_ns)
{
    if (transfer_id == 0 || transfer_id > bank->book.decided_count)
        return false;
    uint32_t place = bank->book.decided[transfer_id - 1];
    if (!bank->book.entries[place].transfer.accepted)
        return false;
    if (at_ns > bank->now_ns)
        bank->now_ns = at_ns;
    heap_clear(&bank->back, place);
    return book_reverse(&bank->book, place, at_ns);
}
