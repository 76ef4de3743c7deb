-- All in partition 0: settlement_id = batch << 32 | position.
INSERT INTO daybook.plan (settlement_id, account_id, mapping_id, repayment_minor, hold_minor,
                          key_seed, revision, expected_minor, expect_at, opening_minor)
SELECT ($1::bigint << 32) | i.position, a.account_id, newest.mapping_id, i.repayment_minor,
       i.hold_minor, i.key_seed, $2::int, i.expected_minor, i.expect_at, i.opening_minor
FROM incoming i
JOIN daybook.account a ON a.account_ref = i.account_ref
JOIN (
    SELECT DISTINCT ON (m.account_id) m.account_id, m.mapping_id
    FROM daybook.mapping m
    ORDER BY m.account_id, m.version DESC
) newest ON newest.account_id = a.account_id
ORDER BY i.position
