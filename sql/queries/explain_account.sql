-- The settlements of account $1 in all batches, and these batches, as arrays; no row: there is no such
-- account.
SELECT p.settlements, p.batches
FROM daybook.account a
CROSS JOIN LATERAL (
    SELECT array_agg(p.settlement_id ORDER BY p.settlement_id) AS settlements,
           array_agg(p.settlement_id >> 32) AS batches
    FROM daybook.plan p
    JOIN daybook.batch_head h
        ON h.batch_id = (p.settlement_id >> 32)::int AND h.revision = p.revision
    WHERE p.account_id = a.account_id
) p
WHERE a.account_ref = $1
