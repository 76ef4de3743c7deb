-- Settlements of batch $1 (NULL: all) at bank $2 (NULL: all) that have not ended: whose a transfer
-- may be that the ledger does not know.
SELECT p.settlement_id, p.key_seed, a.account_ref, m.bank, b.currency
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan p
    ON p.settlement_id >= b.batch_id::bigint << 32
   AND p.settlement_id < (b.batch_id::bigint + 1) << 32 AND p.revision = h.revision
JOIN daybook.account a ON a.account_id = p.account_id
JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
WHERE ($1::int IS NULL OR b.batch_id = $1::int) AND ($2::text IS NULL OR m.bank = $2)
  AND NOT EXISTS (SELECT FROM daybook.outcome o
                  WHERE o.settlement_id = p.settlement_id AND o.state BETWEEN 22 AND 26)
