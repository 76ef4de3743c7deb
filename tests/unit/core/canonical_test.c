#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aborts.h"
#include "hex.h"

#include "core/canonical.h"

/* The bytes below were computed elsewhere, from the words of canonical.h. They stand in every
   database: when one changes, old chunks no longer verify. */

static struct record intent(void)
{
    struct record record = {.settlement_id = settlement_id(7, 3, 1234),
                            .record_kind = RECORD_INTENT,
                            .step = STEP_COLLECT,
                            .kind = TRANSFER_NORMAL,
                            .generation = 1};
    for (uint8_t i = 0; i < IDEM_KEY_BYTES; i++)
        record.intent.key.bytes[i] = (uint8_t)(0xa0 + i);
    record.intent.amount_minor = 300000;
    record.intent.mapping_id = 42;
    record.intent.intended_at_us = 1700000000123456;
    record.intent.send_before_us = 1700000010123456;
    return record;
}

static struct record attempt(void)
{
    struct record record = {.settlement_id = settlement_id(7, 3, 1234),
                            .record_kind = RECORD_ATTEMPT,
                            .step = STEP_PAYOUT,
                            .kind = TRANSFER_UNDO,
                            .generation = 258};
    record.attempt.number = 513;
    record.attempt.at_us = 1700000011000000;
    record.attempt.send_before_us = 1700000021000000;
    return record;
}

static struct record outcome(void)
{
    struct record record = {.settlement_id = settlement_id(7, 3, 1234),
                            .record_kind = RECORD_OUTCOME,
                            .step = STEP_PAYOUT,
                            .kind = TRANSFER_NORMAL,
                            .generation = 2};
    record.outcome.seq = 9;
    record.outcome.state = OUTCOME_REJECTED_LATER;
    record.outcome.amount_minor = 1234567;
    record.outcome.available_minor = 7654321;
    record.outcome.held_minor = -1;
    record.outcome.residue_minor = 5;
    record.outcome.at_us = 1700000012000000;
    strcpy(record.outcome.text.code, "E042");
    strcpy(record.outcome.text.bank_ref, "\xea\xb0\x80-9");
    return record;
}

static struct record entry(void)
{
    struct record record = {.settlement_id = settlement_id(7, 3, 1234),
                            .record_kind = RECORD_ENTRY,
                            .step = STEP_COLLECT,
                            .kind = TRANSFER_NORMAL,
                            .generation = 1};
    record.entry.line = 2;
    record.entry.debit = LEDGER_PAYABLE;
    record.entry.credit = LEDGER_RECEIVABLE;
    record.entry.amount_minor = 300000;
    return record;
}

static struct record decision(void)
{
    struct record record = {.settlement_id = settlement_id(7, 3, 1234),
                            .record_kind = RECORD_DECISION};
    record.decision.request_id = 0x0102030405060708;
    record.decision.request_kind = REQUEST_AMEND;
    record.decision.state = DECISION_STALE;
    record.decision.amount_minor = -2;
    record.decision.mapping_id = 43;
    record.decision.at_us = 1700000012000000;
    strcpy(record.decision.code, "newer_attempt");
    return record;
}

static void assert_canonical(const struct record *record, const char *expected)
{
    uint8_t bytes[CANONICAL_BYTES_MAX];
    uint32_t byte_count = canonical_record(record, bytes);
    assert_hex(bytes, byte_count, expected);
}

static void an_intent_has_these_bytes(void **state)
{
    (void)state;
    struct record record = intent();
    assert_canonical(&record, "01000000070c0004d202000001"
                              "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                              "00000000000493e0000000000000002a"
                              "00060a241820224000060a2418b8b8c0");
}

static void an_attempt_has_these_bytes(void **state)
{
    (void)state;
    struct record record = attempt();
    assert_canonical(&record, "02000000070c0004d204010102"
                              "020100060a2418c618c000060a24195eaf40");
}

static void an_outcome_has_these_bytes(void **state)
{
    (void)state;
    struct record record = outcome();
    assert_canonical(&record, "03000000070c0004d204000002"
                              "000903000000000012d687000000000074cbb1"
                              "ffffffffffffffff0000000000000005"
                              "00060a2418d55b00"
                              "0445303432"
                              "05eab0802d39");
}

static void an_entry_has_these_bytes(void **state)
{
    (void)state;
    struct record record = entry();
    assert_canonical(&record, "04000000070c0004d202000001"
                              "02020400000000000493e0");
}

static void a_decision_has_these_bytes(void **state)
{
    (void)state;
    struct record record = decision();
    assert_canonical(&record, "05000000070c0004d200000000"
                              "01020304050607080604fffffffffffffffe"
                              "000000000000002b00060a2418d55b00"
                              "0d6e657765725f617474656d7074");
}

static void a_chunk_hashes_its_predecessor_and_its_records_in_order(void **state)
{
    (void)state;
    struct digest prev;
    for (uint8_t i = 0; i < DIGEST_BYTES; i++)
        prev.bytes[i] = i;
    const struct record records[] = {intent(), attempt(), outcome(), entry(), decision()};
    struct hash *hash = hash_open();
    struct digest digest = canonical_chunk_hash(hash, &prev, records, 4);
    assert_hex(digest.bytes, DIGEST_BYTES,
               "bab3a295cbf06b59d70630896e255286aee705103b75e64a5c84407462684543");
    digest = canonical_chunk_hash(hash, &prev, records, 5);
    assert_hex(digest.bytes, DIGEST_BYTES,
               "6107c9faf9a8c2f72f4daf06e8fe0aba117e5f0faaed373ecee32371e0c5930c");
    hash_close(hash);
}

static void a_chunk_longer_than_one_block_hashes_the_same_way(void **state)
{
    (void)state;
    static struct record records[101];
    for (uint32_t i = 0; i < 100; i++)
        records[i] = entry();
    records[100] = intent();
    const struct digest none = {{0}};
    struct hash *hash = hash_open();
    struct digest digest = canonical_chunk_hash(hash, &none, records, 101);
    assert_hex(digest.bytes, DIGEST_BYTES,
               "d1824d1766785cec6830780138b62ce081891042a754113f928485e8feb6fe85");
    hash_close(hash);
}

static void what_is_not_a_record_s_own_does_not_count(void **state)
{
    (void)state;
    uint8_t bytes[2][CANONICAL_BYTES_MAX];
    struct parties parties = {.holder_name = "somebody"};
    struct record record = intent();
    uint32_t byte_count = canonical_record(&record, bytes[0]);
    record.bank = 7; // for rendering only, as the parties are
    record.intent.parties = &parties;
    assert_int_equal(canonical_record(&record, bytes[1]), byte_count);
    assert_memory_equal(bytes[0], bytes[1], byte_count);
}

static void the_longest_record_fits(void **state)
{
    (void)state;
    struct record record = outcome();
    memset(record.outcome.text.code, 'c', CODE_TEXT_MAX);
    memset(record.outcome.text.bank_ref, 'r', BANK_REF_MAX);
    uint8_t bytes[CANONICAL_BYTES_MAX];
    assert_int_equal(canonical_record(&record, bytes),
                     13 + 43 + 1 + CODE_TEXT_MAX + 1 + BANK_REF_MAX);
}

static void a_record_of_no_kind(void)
{
    const struct record record = {.record_kind = RECORD_DECISION + 1};
    uint8_t bytes[CANONICAL_BYTES_MAX];
    (void)canonical_record(&record, bytes);
}

static void a_text_without_an_end(void)
{
    struct record record = outcome();
    memset(record.outcome.text.code, 'c', CODE_TEXT_MAX + 1);
    uint8_t bytes[CANONICAL_BYTES_MAX];
    (void)canonical_record(&record, bytes);
}

static void a_code_without_an_end(void)
{
    struct record record = decision();
    memset(record.decision.code, 'c', CODE_TEXT_MAX + 1);
    uint8_t bytes[CANONICAL_BYTES_MAX];
    (void)canonical_record(&record, bytes);
}

static void a_record_that_is_none_aborts(void **state)
{
    (void)state;
    assert_aborts(a_record_of_no_kind);
    assert_aborts(a_text_without_an_end);
    assert_aborts(a_code_without_an_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intent_has_these_bytes),
        cmocka_unit_test(an_attempt_has_these_bytes),
        cmocka_unit_test(an_outcome_has_these_bytes),
        cmocka_unit_test(an_entry_has_these_bytes),
        cmocka_unit_test(a_decision_has_these_bytes),
        cmocka_unit_test(a_chunk_hashes_its_predecessor_and_its_records_in_order),
        cmocka_unit_test(a_chunk_longer_than_one_block_hashes_the_same_way),
        cmocka_unit_test(what_is_not_a_record_s_own_does_not_count),
        cmocka_unit_test(the_longest_record_fits),
        cmocka_unit_test(a_record_that_is_none_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
