-- settlement_id = batch << 32 | partition << 26 | position. The partitions are dealt in turn: they
-- are alike in size, and each has its accounts in the order in which they are expected.
-- $1 batch, $2 revision, $3 partitions
INSERT INTO daybook.plan (settlement_id, account_id, mapping_id, repayment_minor, hold_minor,
                          key_seed, revision, expected_minor, expect_at, opening_minor)
SELECT ($1::bigint << 32) + (((i.position - 1) % $3::int)::bigint << 26)
           + (i.position - 1) / $3::int + 1,
       p.account_id, coalesce(p.mapping_id, f.mapping_id),
       i.repayment_minor, i.hold_minor, i.key_seed, $2::int, i.expected_minor, i.expect_at,
       i.opening_minor
FROM incoming i
JOIN placed p ON p.position = i.position
LEFT JOIN fresh f ON f.account_id = p.account_id
ORDER BY i.position
