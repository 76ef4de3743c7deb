-- Why settlements of batch $1 are parked: by step and code, with the deposits that wait there.
SELECT (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[n.step] AS step,
       coalesce(n.code, '') AS code, count(*) AS accounts,
       coalesce(sum(d.amount_minor), 0)::bigint AS deposit_minor
FROM (
    SELECT DISTINCT ON (o.settlement_id) o.settlement_id, o.state, o.step, o.code
    FROM daybook.outcome o
    WHERE o.settlement_id IN (
        SELECT x.settlement_id FROM daybook.outcome x
        WHERE x.settlement_id >= $1::bigint << 32 AND x.settlement_id < ($1::bigint + 1) << 32
          AND x.state = 21)
    ORDER BY o.settlement_id, o.seq DESC
) n
LEFT JOIN daybook.outcome d ON d.settlement_id = n.settlement_id AND d.state = 7
WHERE n.state = 21
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
