#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "jobs/explain_words.h"

/* Everything empty but what a test states. */
#define EVENT(...)                                                                                 \
    {                                                                                              \
        .step = "", .transfer = "normal", .state = "", .debit = "", .credit = "", .idem_key = "",  \
        .bank = "", .from_account = "", .to_account = "", .bank_ref = "", .code = "",              \
        .send_before = "", .run_id = "3", .request = "", .who = "", .reason = "",                  \
        .currency = "KRW", __VA_ARGS__                                                             \
    }

struct row {
    struct explain_event event;
    const char *text;
};

#pragma GCC diagnostic ignored "-Woverride-init"

static const struct row rows[] = {
    {EVENT(.kind = "run", .request = "resume", .who = "cron"), "run 3, a resume by cron"},
    {EVENT(.kind = "run", .request = "rerun", .who = "mina", .reason = "bank is back"),
     "run 3, a rerun by mina; reason: bank is back"},
    {EVENT(.kind = "intent", .step = "payout", .amount_minor = 1850000, .bank = "north",
           .from_account = "****0001", .to_account = "****0002", .generation = 1,
           .idem_key = "ab12", .send_before = "2026-03-25 09:00:11"),
     "bank north is to move 1,850,000 KRW for payout, from ****0001 to ****0002; key ab12; sent by "
     "2026-03-25 09:00:11 or not at all"},
    {EVENT(.kind = "intent", .step = "collect", .transfer = "undo", .amount_minor = 5,
           .bank = "north", .from_account = "a", .to_account = "b", .generation = 2,
           .idem_key = "k", .send_before = "t"),
     "bank north is to move 5 KRW for the undo of collect, from a to b; try 2, under a new key; "
     "key k; sent by t or not at all"},
    {EVENT(.kind = "attempt", .number = 1, .send_before = "t"),
     "the same transfer may be sent once more (send 2), under the same key, by t"},
    {EVENT(.kind = "entry", .debit = "virtual", .credit = "payable", .amount_minor = 2000000),
     "Dr virtual / Cr payable  2,000,000 KRW"},
    {EVENT(.kind = "entry", .transfer = "reversal", .debit = "virtual", .credit = "payable",
           .amount_minor = 1),
     "taken back: Dr virtual / Cr payable  1 KRW"},
    {EVENT(.kind = "outcome", .state = "accepted", .step = "payout", .amount_minor = 7,
           .bank_ref = "tr_1"),
     "the bank did it: payout of 7 KRW; its reference: tr_1"},
    {EVENT(.kind = "outcome", .state = "accepted", .transfer = "undo", .step = "collect",
           .amount_minor = 7),
     "the bank did it: the undo of collect of 7 KRW"},
    {EVENT(.kind = "outcome", .state = "pending", .bank_ref = "tr_1"),
     "the bank has it and has not decided yet; its reference: tr_1"},
    {EVENT(.kind = "outcome", .state = "rejected_later", .code = "insufficient_funds"),
     "the bank refused for now, nothing was paid; it is tried again later; its code: "
     "insufficient_funds"},
    {EVENT(.kind = "outcome", .state = "rejected_person", .code = "account_closed"),
     "the bank refused, nothing was paid; only a person can change that; its code: "
     "account_closed"},
    {EVENT(.kind = "outcome", .state = "reversed", .step = "payout", .amount_minor = 7),
     "the bank took back what it had accepted: payout of 7 KRW"},
    {EVENT(.kind = "outcome", .state = "posted", .step = "hold", .amount_minor = 50000),
     "kept back in the account: 50,000 KRW"},
    {EVENT(.kind = "outcome", .state = "skipped", .step = "hold"),
     "nothing to do: the amount of hold is 0"},
    {EVENT(.kind = "outcome", .state = "deposited", .amount_minor = 2000000,
           .available_minor = 2050000),
     "deposit found: 2,000,000 KRW of new money; the balance said 2,050,000 KRW"},
    {EVENT(.kind = "outcome", .state = "by_hand", .step = "payout", .amount_minor = 7,
           .code = "by_person", .bank_ref = "slip 4"),
     "a person did it at the bank: payout of 7 KRW; its code: by_person; its reference: slip 4"},
    {EVENT(.kind = "outcome", .state = "short"), "the last look of that run: no new money"},
    {EVENT(.kind = "outcome", .state = "short", .amount_minor = 300),
     "the last look of that run: 300 KRW of new money, less than the deposit"},
    {EVENT(.kind = "outcome", .state = "parked", .code = "over_deposit"),
     "parked for a person, code over_deposit: far more money came than was expected"},
    {EVENT(.kind = "outcome", .state = "parked", .code = "account_stopped"),
     "parked for a person, code account_stopped: the bank refused, with this code of its own"},
    {EVENT(.kind = "outcome", .state = "settled"), "settled; nothing stays in the account"},
    {EVENT(.kind = "outcome", .state = "settled", .available_minor = 50007, .held_minor = 50000,
           .residue_minor = 7),
     "settled; the closing look found 50,007 KRW; in the account stay: held 50,000 KRW, residue 7 "
     "KRW"},
    {EVENT(.kind = "outcome", .state = "compensated", .amount_minor = 9, .code = "account_closed"),
     "ended: what was done is undone; code account_closed; in the account stay: payable 9 KRW"},
    {EVENT(.kind = "outcome", .state = "returned", .amount_minor = 9),
     "ended again: a transfer came back; in the account stay: payable 9 KRW"},
    {EVENT(.kind = "outcome", .state = "superseded"),
     "ended without a deposit: a newer batch looks for it; nothing stays in the account"},
    {EVENT(.kind = "outcome", .state = "written_off", .amount_minor = 9),
     "ended by a person, as it stood; in the account stay: payable 9 KRW"},
    {EVENT(.kind = "outcome", .state = "compensating", .code = "account_closed"),
     "from here on backwards: what was done is undone; code account_closed"},
    {EVENT(.kind = "outcome", .state = "released"),
     "released: it goes on from where it was parked"},
    {EVENT(.kind = "outcome", .state = "raised", .amount_minor = 9, .residue_minor = -2),
     "money of an earlier settlement lies in the account again: payable 9 KRW, residue -2 KRW"},
    {EVENT(.kind = "outcome", .state = "state 40"), "state 40"},
    {EVENT(.kind = "request", .who = "mina", .request = "paid", .bank_ref = "tr_1",
           .reason = "seen in the portal"),
     "mina asked: paid, the bank's reference tr_1; reason: seen in the portal"},
    {EVENT(.kind = "decision", .state = "refused", .who = "mina", .request = "paid",
           .code = "bank_rejected"),
     "what mina asked (paid): it was refused; code bank_rejected: the bank says that it refused "
     "it"},
};

static void everything_that_can_happen_is_a_sentence(void **state)
{
    (void)state;
    char text[EXPLAIN_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(explain_say(&rows[i].event, text), rows[i].text);
}

static void what_is_too_long_is_cut_and_never_overruns(void **state)
{
    (void)state;
    char reason[2 * EXPLAIN_BYTES], text[EXPLAIN_BYTES];
    memset(reason, 'x', sizeof reason);
    reason[sizeof reason - 1] = '\0';
    struct explain_event event = EVENT(.kind = "request", .who = "mina", .request = "park",
                                       .reason = reason, .amount_minor = 1, .bank_ref = reason);
    assert_int_equal(strlen(explain_say(&event, text)), EXPLAIN_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_that_can_happen_is_a_sentence),
        cmocka_unit_test(what_is_too_long_is_cut_and_never_overruns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
