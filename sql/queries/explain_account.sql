-- The settlements of account $1 in all batches, as an array; no row: there is no such account.
SELECT a.account_id,
       (SELECT array_agg(p.settlement_id ORDER BY p.settlement_id)
        FROM daybook.plan p
        JOIN daybook.batch_head h
            ON h.batch_id = (p.settlement_id >> 32)::int AND h.revision = p.revision
        WHERE p.account_id = a.account_id) AS settlements
FROM daybook.account a
WHERE a.account_ref = $1
