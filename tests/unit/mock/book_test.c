#include "ask.h"

#include <stdlib.h>

#include "base/money.h"
#include "base/prng.h"
#include "mock/book.h"

#define ACCOUNTS 200
#define TRANSFERS 5000

static void *open_book(struct book *book, uint32_t accounts_max, uint32_t transfers_max)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    book_init(book, &arena, accounts_max, transfers_max);
    size_t bytes = arena.used_bytes;
    void *memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    arena_init(&arena, memory, bytes);
    book_init(book, &arena, accounts_max, transfers_max);
    return memory;
}

static void accounts_are_refused_that_the_book_cannot_hold(void **state)
{
    (void)state;
    struct book book;
    void *memory = open_book(&book, 3, 1);
    char name[42];
    memset(name, 'a', sizeof name);
    name[41] = 0;
    assert_false(book_open_account(&book, name, 0, MOCK_ACCOUNT_OPEN));
    name[40] = 0;
    assert_true(book_open_account(&book, name, 0, MOCK_ACCOUNT_OPEN));
    assert_false(book_open_account(&book, name, 0, MOCK_ACCOUNT_OPEN));
    assert_false(book_open_account(&book, "", 0, MOCK_ACCOUNT_OPEN));
    assert_false(book_open_account(&book, "a,b", 0, MOCK_ACCOUNT_OPEN));
    assert_false(book_open_account(&book, "a", -1, MOCK_ACCOUNT_OPEN));
    assert_true(book_open_account(&book, "a", MONEY_MAX - 5, MOCK_ACCOUNT_OPEN));
    assert_false(book_open_account(&book, "b", 6, MOCK_ACCOUNT_OPEN));
    assert_true(book_open_account(&book, "b", 4, MOCK_ACCOUNT_OPEN));
    assert_false(book_open_account(&book, "c", 0, MOCK_ACCOUNT_OPEN));
    assert_false(book_deposit(&book, "a", 2));
    assert_false(book_deposit(&book, "a", 0));
    assert_false(book_deposit(&book, "nobody", 1));
    assert_true(book_deposit(&book, "a", 1));
    free(memory);
}

static void names_are_letters_digits_and_three_marks(void **state)
{
    (void)state;
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    for (int c = 0; c < 256; c++) {
        char name[2] = {(char)c, 'x'};
        assert_int_equal(book_is_name(name, 2, 2), c != 0 && strchr(good, c) != NULL);
    }
    assert_false(book_is_name("", 0, 2));
    assert_false(book_is_name("abc", 3, 2));
}

/* Against the plainest book there is: an array of balances. */
static void many_transfers_end_as_plain_arithmetic_says(void **state)
{
    (void)state;
    static int64_t balances[ACCOUNTS];
    struct book book;
    void *memory = open_book(&book, ACCOUNTS, TRANSFERS);
    struct prng prng = prng_split(2, "book test");
    uint32_t refused = 0;
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "A-%u", i);
        balances[i] = (int64_t)prng_below(&prng, 10000);
        assert_true(book_open_account(&book, name, balances[i], MOCK_ACCOUNT_OPEN));
        assert_int_equal(book_account(&book, name), i);
    }
    for (uint32_t i = 0; i < TRANSFERS; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key.%u", i);
        uint32_t from = (uint32_t)prng_below(&prng, ACCOUNTS);
        uint32_t to = (from + 1 + (uint32_t)prng_below(&prng, ACCOUNTS - 1)) % ACCOUNTS;
        struct book_order order = {.key = key,
                                   .to_account = book.accounts[to].account,
                                   .amount_minor = 1 + (int64_t)prng_below(&prng, 5000),
                                   .from = from,
                                   .to = to};
        assert_int_equal(book_transfer(&book, key, 0), UINT32_MAX);
        uint32_t place = book_begin(&book, &order);
        enum mock_refusal refusal = book_refusal(&book, place);
        book_decide(&book, place, refusal, i);
        assert_int_equal(refusal, balances[from] >= order.amount_minor ? MOCK_REFUSAL_NONE
                                                                       : MOCK_REFUSAL_FUNDS);
        refused += refusal != MOCK_REFUSAL_NONE;
        if (refusal == MOCK_REFUSAL_NONE) {
            balances[from] -= order.amount_minor;
            balances[to] += order.amount_minor;
        }
        assert_int_equal(book_transfer(&book, key, 0), place);
        assert_int_equal(book.entries[place].transfer.id, i + 1);
    }
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        assert_int_equal(book.accounts[i].balance_minor, balances[i]);
    assert_in_range(refused, 1, TRANSFERS - 1);
    assert_true(book_is_full(&book));
    free(memory);
}

static void hash_tells_length_and_place_of_bytes(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   "a",        "b",         "ab",
                                        "ba", "abcdefgh", "abcdefghi", "abcdefgi"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(book_hash(0, texts[i], strlen(texts[i])) !=
                        book_hash(0, texts[j], strlen(texts[j])));
    assert_true(book_hash(0, "a", 1) != book_hash(1, "a", 1));
    assert_true(book_hash(0, "a\0", 2) != book_hash(0, "a", 1));
}

/* ---- an earlier life ---- */

#define BODY                                                                                       \
    "{\"account_id\":\"V1\",\"destination_account_id\":\"COLLECT\",\"amount\":100,"                \
    "\"currency\":\"KRW\"}"

static struct mock_restore effect(enum mock_effect kind, const char *key, uint64_t at_ns)
{
    return (struct mock_restore){.effect = kind,
                                 .refusal = kind == MOCK_EFFECT_REFUSED ? MOCK_REFUSAL_STOPPED
                                                                        : MOCK_REFUSAL_NONE,
                                 .key = key,
                                 .body = BODY,
                                 .body_bytes = sizeof BODY - 1,
                                 .at_ns = kind == MOCK_EFFECT_LATE ? 0 : at_ns,
                                 .late_at_ns = at_ns};
}

static void effects_that_are_put_back_answer_as_before(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_restore accepted = effect(MOCK_EFFECT_ACCEPTED, "k1", 5);
    struct mock_restore refused = effect(MOCK_EFFECT_REFUSED, "k2", 6);
    struct mock_restore late = effect(MOCK_EFFECT_LATE, "k3", 50);
    struct mock_reply reply;
    assert_true(mock_bank_restore(bank, &accepted));
    assert_true(mock_bank_restore(bank, &refused));
    assert_true(mock_bank_restore(bank, &late));
    assert_int_equal(ask_book(bank, "COLLECT"), 100);
    ask_post(bank, "/account_transfers", "k1", BODY, 10, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.answer, "Idempotent-Replayed: true"));
    ask_post(bank, "/account_transfers", "k2", BODY, 10, &reply);
    assert_int_equal(reply.status, 409);
    assert_string_equal(ask_status(bank, "/account_transfers", "k3", 49), "");
    assert_string_equal(ask_status(bank, "/account_transfers", "k3", 50), "complete");
    assert_int_equal(ask_book(bank, "COLLECT"), 200);
    mock_bank_close(bank);
}

static void late_effect_that_was_decided_is_put_back_once(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_restore late = effect(MOCK_EFFECT_LATE, "k1", 50);
    struct mock_restore done = effect(MOCK_EFFECT_ACCEPTED, "k1", 60);
    done.body = NULL;
    assert_false(mock_bank_restore(bank, &done));
    assert_true(mock_bank_restore(bank, &late));
    assert_true(mock_bank_restore(bank, &done));
    assert_false(mock_bank_restore(bank, &done));
    assert_true(mock_bank_next_at(bank) == AT_NEVER);
    assert_int_equal(ask_book(bank, "COLLECT"), 100);
    assert_int_equal(mock_bank_transfer(bank, 0)->done_at_ns, 60);
    mock_bank_close(bank);
}

static void effects_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct mock_bank *bank = ask_open(&(struct mock_settings){0});
    struct mock_restore broken = effect(MOCK_EFFECT_ACCEPTED, "k1", 5);
    broken.body_bytes--;
    assert_false(mock_bank_restore(bank, &broken));
    struct mock_restore no_reason = effect(MOCK_EFFECT_REFUSED, "k1", 5);
    no_reason.refusal = MOCK_REFUSAL_NONE;
    assert_false(mock_bank_restore(bank, &no_reason));
    struct mock_restore bad_key = effect(MOCK_EFFECT_ACCEPTED, "k 1", 5);
    assert_false(mock_bank_restore(bank, &bad_key));
    struct mock_reply reply;
    ask_transfer(bank, "all", "V1", "V2", 100000, 5, &reply);
    struct mock_restore no_money = effect(MOCK_EFFECT_ACCEPTED, "k1", 5);
    assert_false(mock_bank_restore(bank, &no_money));
    assert_int_equal(ask_total(bank), 157000);
    mock_bank_close(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_are_refused_that_the_book_cannot_hold),
        cmocka_unit_test(names_are_letters_digits_and_three_marks),
        cmocka_unit_test(many_transfers_end_as_plain_arithmetic_says),
        cmocka_unit_test(hash_tells_length_and_place_of_bytes),
        cmocka_unit_test(effects_that_are_put_back_answer_as_before),
        cmocka_unit_test(late_effect_that_was_decided_is_put_back_once),
        cmocka_unit_test(effects_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
