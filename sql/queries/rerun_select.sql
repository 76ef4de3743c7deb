-- The parked settlements of batch $1, revision $2 that a rerun is about, counted; with $3 = 1 they get a
-- request to be released, by operator $4 for the reason $5. Selectors, NULL: any: $6 code, $7 bank,
-- $8 step, $9 and $10 least and greatest amount of the step that failed, $11 account references. What
-- is in doubt stays out until it is resolved, and so does what no going on can help.
WITH parked AS (
    SELECT x.settlement_id, max(x.seq) AS seq
    FROM daybook.outcome x
    WHERE x.settlement_id >= $1::bigint << 32 AND x.settlement_id < ($1::bigint + 1) << 32
    GROUP BY x.settlement_id
    HAVING max(x.seq::int << 8 | x.state) & 255 = 21
), selected AS MATERIALIZED (
    SELECT q.settlement_id, p.account_id, o.step, coalesce(o.code, '') AS code,
           coalesce(t.amount_minor, d.amount_minor, 0) AS amount_minor,
           t.is_open IS TRUE AS is_open,
           coalesce(o.code, '') IN ('below_dues', 'fee_taken', 'fee_unclear') AS is_for_good,
           EXISTS (SELECT FROM daybook.request r
                   WHERE r.batch_id = $1::int AND r.settlement_id = q.settlement_id
                     AND r.kind = 'release'
                     AND NOT EXISTS (SELECT FROM daybook.decision e
                                     WHERE e.settlement_id = r.settlement_id
                                       AND e.request_id = r.request_id)) AS is_asked
    FROM parked q
    JOIN daybook.outcome o ON o.settlement_id = q.settlement_id AND o.seq = q.seq
    JOIN daybook.plan p ON p.settlement_id = q.settlement_id AND p.revision = $2::int
    JOIN daybook.account a ON a.account_id = p.account_id
    JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
    LEFT JOIN daybook.outcome d ON d.settlement_id = q.settlement_id AND d.state = 7
    LEFT JOIN LATERAL (
        SELECT i.step, i.amount_minor,
               NOT EXISTS (SELECT FROM daybook.outcome n
                           WHERE n.settlement_id = i.settlement_id AND n.step = i.step
                             AND n.kind = i.kind AND n.generation = i.generation
                             AND n.state IN (1, 3, 4, 8)) AS is_open
        FROM daybook.intent i
        WHERE i.settlement_id = q.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) t ON true
    WHERE ($6::text IS NULL OR coalesce(o.code, '') = $6)
      AND ($7::text IS NULL OR m.bank = $7)
      AND ($8::smallint IS NULL OR o.step = $8::smallint)
      AND ($9::bigint IS NULL OR coalesce(t.amount_minor, d.amount_minor, 0) >= $9::bigint)
      AND ($10::bigint IS NULL OR coalesce(t.amount_minor, d.amount_minor, 0) <= $10::bigint)
      AND ($11::text[] IS NULL OR a.account_ref = ANY ($11::text[]))
), filed AS (
    INSERT INTO daybook.request (batch_id, settlement_id, account_id, kind, operator, reason)
    SELECT $1::int, s.settlement_id, s.account_id, 'release', $4, $5
    FROM selected s
    WHERE $3::int = 1 AND NOT s.is_open AND NOT s.is_for_good AND NOT s.is_asked
    ORDER BY s.settlement_id
)
SELECT (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[s.step] AS step, s.code,
       CASE WHEN s.is_open THEN 'in_doubt' WHEN s.is_for_good THEN 'for_good' ELSE 'rerun' END AS what,
       count(*) AS accounts, sum(s.amount_minor)::bigint AS amount_minor
FROM selected s
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
