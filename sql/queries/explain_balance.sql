-- What the settlements $1 (an array: all of one account) together leave in its ledger accounts, as
-- v_balance counts: debit - credit for what one has, credit - debit for what one owes.
SELECT b.currency,
       (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense', 'fee',
              'residue'])[side.ledger_account] AS ledger_account,
       (CASE WHEN side.ledger_account IN (2, 5, 8) THEN -1 ELSE 1 END
        * sum(side.amount_minor))::bigint AS balance_minor
FROM daybook.entry e
JOIN daybook.batch b ON b.batch_id = (e.settlement_id >> 32)::int
CROSS JOIN LATERAL (
    VALUES (e.debit, e.amount_minor), (e.credit, -e.amount_minor)
) side (ledger_account, amount_minor)
WHERE e.settlement_id = ANY ($1::bigint[])
  AND side.ledger_account NOT IN (3, 7) -- the house's
GROUP BY b.currency, side.ledger_account
ORDER BY b.currency, side.ledger_account
