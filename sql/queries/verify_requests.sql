-- What was asked of batch $1, revision $2, by id; an amendment's new names, where they are the
-- account's.
SELECT r.request_id, coalesce(r.settlement_id, 0) AS settlement_id,
       coalesce(array_position(ARRAY['paid', 'paid_by_hand', 'not_paid', 'park', 'release', 'amend',
                                     'write_off', 'rate', 'supersede', 'return', 'raise'], r.kind),
                0) AS kind,
       r.amount_minor, r.residue_minor, r.mapping_id, r.step, r.transfer, r.generation, r.attempts,
       r.bank_ref, m.bank, m.virtual_account, m.payout_bank, m.payout_account, m.holder_name
FROM daybook.request r
LEFT JOIN daybook.plan p ON p.settlement_id = r.settlement_id AND p.revision = $2::int
LEFT JOIN daybook.mapping m
    ON r.mapping_id > 0 AND m.mapping_id = r.mapping_id AND m.account_id = p.account_id
WHERE r.batch_id = $1::int
ORDER BY r.request_id
