-- Asks batch $3 to end, as superseded, those of its settlements that hold accounts of batch $1
-- (revision $2) without a deposit, where that one has not opened them itself; by operator $4, for the reason $5.
INSERT INTO daybook.request (batch_id, settlement_id, account_id, kind, operator, reason)
SELECT $3::int, newest.settlement_id, p.account_id, 'supersede', $4, $5
FROM daybook.plan p
JOIN LATERAL (
    SELECT o.settlement_id FROM daybook.opening o
    WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT x.state FROM daybook.outcome x
    WHERE x.settlement_id = newest.settlement_id ORDER BY x.seq DESC LIMIT 1
) s ON true
WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
  AND p.revision = $2::int
  AND NOT EXISTS (SELECT FROM daybook.opening own
                  WHERE own.account_id = p.account_id AND own.settlement_id = p.settlement_id)
  AND newest.settlement_id >= $3::bigint << 32 AND newest.settlement_id < ($3::bigint + 1) << 32
  AND (s.state IS NULL OR s.state IN (20, 31, 32))
  AND NOT EXISTS (SELECT FROM daybook.outcome x
                  WHERE x.settlement_id = newest.settlement_id AND x.state = 7)
  AND NOT EXISTS (SELECT FROM daybook.request r
                  WHERE r.batch_id = $3::int AND r.settlement_id = newest.settlement_id
                    AND r.kind = 'supersede'
                    AND NOT EXISTS (SELECT FROM daybook.decision e
                                    WHERE e.settlement_id = r.settlement_id
                                      AND e.request_id = r.request_id))
ORDER BY newest.settlement_id
