-- Files what a bank's list proves: $1 settlement, $2 step, $3 kind, $4 generation, $5 the bank's
-- reference, $6 operator, $7 reason, $8 `paid` (of a transfer without an outcome) or `return` (of an
-- accepted one of a settlement that has ended). No row: it is not so, or is asked for already.
WITH filed AS (
    INSERT INTO daybook.request (batch_id, settlement_id, account_id, kind, operator, reason, step,
                                 transfer, generation, attempts, bank_ref)
    SELECT (i.settlement_id >> 32)::int, i.settlement_id, m.account_id, $8, $6, $7, i.step, i.kind,
           i.generation, y.attempts, $5
    FROM daybook.intent i
    JOIN daybook.mapping m ON m.mapping_id = i.mapping_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN $8 = 'paid' THEN count(*) ELSE 0 END::smallint AS attempts
        FROM daybook.attempt a
        WHERE a.settlement_id = i.settlement_id AND a.step = i.step AND a.kind = i.kind
          AND a.generation = i.generation
    ) y
    LEFT JOIN LATERAL (
        SELECT o.state FROM daybook.outcome o
        WHERE o.settlement_id = i.settlement_id AND o.step = i.step AND o.kind = i.kind
          AND o.generation = i.generation AND o.state IN (1, 2, 3, 4, 8, 9)
        ORDER BY o.seq DESC LIMIT 1
    ) d ON true
    WHERE i.settlement_id = $1::bigint AND i.step = $2::smallint AND i.kind = $3::smallint
      AND i.generation = $4::smallint
      AND CASE $8 WHEN 'paid' THEN d.state IS NULL
               ELSE d.state = 1
                    AND EXISTS (SELECT FROM daybook.outcome o
                                WHERE o.settlement_id = i.settlement_id
                                  AND o.state BETWEEN 22 AND 26) END
      AND NOT EXISTS (SELECT FROM daybook.v_request r
                      JOIN daybook.request q ON q.request_id = r.request_id
                      WHERE q.batch_id = (i.settlement_id >> 32)::int
                        AND q.settlement_id = i.settlement_id AND q.kind = $8 AND q.step = i.step
                        AND q.transfer = i.kind AND q.generation = i.generation
                        AND r.state = 'open')
    RETURNING request_id, batch_id
)
SELECT f.request_id, b.cohort, b.settle_date::text,
       pg_notify('daybook_request', f.batch_id::text) IS NULL AS told
FROM filed f
JOIN daybook.batch b ON b.batch_id = f.batch_id
