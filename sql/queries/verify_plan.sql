-- The plan of batch $1, revision $2, in position order, with what the floor was.
SELECT p.settlement_id, p.repayment_minor, p.hold_minor, p.expected_minor, p.opening_minor,
       p.expect_at, p.mapping_id, uuid_send(p.key_seed) AS key_seed, o.settlement_id AS opened,
       o.follows, o.held_minor, o.payable_minor, o.residue_minor, a.account_ref, m.bank, m.virtual_account,
       m.payout_bank, m.payout_account, m.holder_name
FROM daybook.plan p
LEFT JOIN daybook.account a ON a.account_id = p.account_id
LEFT JOIN daybook.mapping m ON m.mapping_id = p.mapping_id AND m.account_id = p.account_id
LEFT JOIN daybook.opening o
    ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
  AND p.revision = $2::int
ORDER BY p.settlement_id
