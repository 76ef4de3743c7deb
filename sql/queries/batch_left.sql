-- Who is left in doubt, pending or parked: $1 batch, $2 at most so many of each, in the order of the
-- plan, with how many there are.
WITH newest AS MATERIALIZED (
    SELECT n.settlement_id, n.seq, n.state
    FROM (
        SELECT DISTINCT ON (o.settlement_id) o.settlement_id, o.seq, o.state
        FROM daybook.outcome o
        WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
        ORDER BY o.settlement_id DESC, o.seq DESC
    ) n
    WHERE n.state NOT IN (20, 22, 23, 24, 25, 26)
), left_over AS (
    SELECT n.settlement_id, n.seq, t.step, t.amount_minor, t.intended_at,
           CASE WHEN t.step IS NOT NULL AND d.state IS NULL THEN 'in_doubt'
                WHEN n.state = 21 THEN 'parked'
                WHEN d.state = 2 THEN 'pending' END AS kind
    FROM newest n
    LEFT JOIN LATERAL (
        SELECT i.step, i.kind, i.generation, i.amount_minor, i.intended_at
        FROM daybook.intent i
        WHERE i.settlement_id = n.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) t ON true
    LEFT JOIN LATERAL (
        SELECT x.state FROM daybook.outcome x
        WHERE x.settlement_id = n.settlement_id AND x.step = t.step AND x.kind = t.kind
          AND x.generation = t.generation AND x.state IN (1, 2, 3, 4, 8)
        ORDER BY x.seq DESC LIMIT 1
    ) d ON true
), numbered AS (
    SELECT l.*, row_number() OVER each AS number, count(*) OVER (PARTITION BY l.kind) AS total
    FROM left_over l WHERE l.kind IS NOT NULL
    WINDOW each AS (PARTITION BY l.kind ORDER BY l.settlement_id)
)
SELECT l.kind, l.total, a.account_ref,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])
           [CASE l.kind WHEN 'parked' THEN o.step ELSE l.step END] AS step,
       CASE l.kind WHEN 'parked' THEN coalesce(d.amount_minor, 0) ELSE l.amount_minor END
           AS amount_minor,
       coalesce(o.code, '') AS code,
       to_char(CASE l.kind WHEN 'parked' THEN o.at ELSE l.intended_at END,
               'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
FROM numbered l
JOIN daybook.batch_head h ON h.batch_id = $1::int
JOIN daybook.plan p ON p.settlement_id = l.settlement_id AND p.revision = h.revision
JOIN daybook.account a ON a.account_id = p.account_id
JOIN daybook.outcome o ON o.settlement_id = l.settlement_id AND o.seq = l.seq
LEFT JOIN daybook.outcome d ON d.settlement_id = l.settlement_id AND d.state = 7
WHERE l.number <= $2::int
ORDER BY l.kind, l.number
