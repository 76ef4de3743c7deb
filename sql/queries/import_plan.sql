-- settlement_id = batch << 32 | partition << 26 | position. The partitions are dealt in turn: they
-- are alike in size, and each has its accounts in the order in which they are expected.
-- $1 batch, $2 revision, $3 partitions
INSERT INTO daybook.plan (settlement_id, account_id, mapping_id, repayment_minor, hold_minor,
                          key_seed, revision, expected_minor, expect_at, opening_minor)
SELECT ($1::bigint << 32) + (((p.position - 1) % $3::int)::bigint << 26)
           + (p.position - 1) / $3::int + 1,
       p.account_id, p.mapping_id, p.repayment_minor, p.hold_minor, p.key_seed, $2::int,
       p.expected_minor, p.expect_at, p.opening_minor
FROM placed p
