-- Where the settlements of batch $1, revision $2 stand, and why: one row for each state, undecided
-- transfer, step and code, with how many, their money, since when, and one account of them.
-- amount_minor is what the step would move; of what has ended otherwise than settled, what is left
-- for the person. The states are those of v_settlement; one pass over the outcomes of the batch, and
-- more only about what is not settled.
WITH newest AS MATERIALIZED (
    -- seq << 8 | state: its greatest value tells the newest.
    SELECT n.settlement_id, max(n.seq::int << 8 | n.state) AS packed,
           max(n.seq::int << 8 | n.state) FILTER (WHERE n.state BETWEEN 22 AND 26) AS end_packed,
           max(n.amount_minor) FILTER (WHERE n.state = 7) AS deposit_minor,
           sum(CASE WHEN n.state = 4 THEN -n.amount_minor ELSE n.amount_minor END)
               FILTER (WHERE n.state IN (1, 4, 9) AND n.step = 4 AND n.kind = 0) AS payout_minor,
           sum(n.amount_minor) FILTER (WHERE n.state = 32) AS raised_minor,
           bool_or(n.state = 30) AS is_compensating,
           max(n.residue_minor) FILTER (WHERE n.state BETWEEN 22 AND 26) AS residue_minor,
           max(n.at) AS at
    FROM daybook.outcome n
    WHERE n.settlement_id >= $1::bigint << 32 AND n.settlement_id < ($1::bigint + 1) << 32
    GROUP BY n.settlement_id
), left_over AS (
    -- What is not settled, as its records have it.
    SELECT n.*, o.step AS outcome_step, o.code, e.amount_minor AS end_minor, t.step AS transfer_step,
           t.amount_minor AS transfer_minor,
           CASE WHEN n.end_packed IS NOT NULL OR t.step IS NULL OR d.state <> 2 THEN ''
                WHEN d.state = 2 THEN 'pending'
                WHEN greatest(t.send_before, a.send_before) < clock_timestamp() THEN 'in_doubt'
                ELSE 'intended' END AS transfer
    FROM newest n
    JOIN daybook.outcome o
        ON o.settlement_id = n.settlement_id AND o.seq = (n.packed >> 8)::smallint
       AND o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
    LEFT JOIN daybook.outcome e
        ON e.settlement_id = n.settlement_id AND e.seq = (n.end_packed >> 8)::smallint
       AND e.settlement_id >= $1::bigint << 32 AND e.settlement_id < ($1::bigint + 1) << 32
    LEFT JOIN LATERAL (
        SELECT i.* FROM daybook.intent i
        WHERE i.settlement_id = n.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) t ON true
    LEFT JOIN LATERAL (
        SELECT x.state FROM daybook.outcome x
        WHERE x.settlement_id = t.settlement_id AND x.step = t.step AND x.kind = t.kind
          AND x.generation = t.generation AND x.state IN (1, 2, 3, 4, 8, 9)
        ORDER BY x.seq DESC LIMIT 1
    ) d ON true
    LEFT JOIN LATERAL (
        SELECT max(y.send_before) AS send_before FROM daybook.attempt y
        WHERE y.settlement_id = t.settlement_id AND y.step = t.step AND y.kind = t.kind
          AND y.generation = t.generation
    ) a ON true
    WHERE n.end_packed IS NULL OR n.end_packed & 255 <> 22
), standing AS (
    SELECT l.*, CASE WHEN l.transfer IN ('in_doubt', 'intended') THEN l.transfer_step
                     ELSE l.outcome_step END AS step,
           CASE WHEN l.end_packed IS NOT NULL
                THEN (ARRAY['compensated', 'returned', 'superseded', 'written_off'])
                         [(l.end_packed & 255) - 22]
                WHEN l.packed & 255 = 21 THEN 'parked'
                WHEN l.transfer = 'in_doubt' THEN 'in_doubt'
                WHEN l.packed & 255 = 20 THEN 'short'
                WHEN l.is_compensating THEN 'compensating'
                WHEN l.deposit_minor IS NOT NULL THEN 'active'
                ELSE 'waiting' END AS state
    FROM left_over l
), told AS (
    SELECT s.settlement_id, s.state, s.transfer, s.step, s.code, s.deposit_minor, s.payout_minor,
           s.residue_minor, s.at,
           CASE WHEN s.end_packed IS NOT NULL THEN s.end_minor
                WHEN s.transfer <> '' AND s.transfer_step = s.step THEN s.transfer_minor
                WHEN s.step = 1 THEN coalesce(p.expected_minor, p.repayment_minor + p.hold_minor)
                WHEN s.step = 2 THEN p.repayment_minor
                WHEN s.step = 3 THEN p.hold_minor
                WHEN s.step = 4 THEN c.payable_minor END AS amount_minor
    FROM standing s
    JOIN daybook.plan p
        ON p.settlement_id = s.settlement_id AND p.revision = $2::int
       AND p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
    LEFT JOIN LATERAL (
        SELECT coalesce(w.payable_minor, 0) + coalesce(s.raised_minor, 0)
               + coalesce((SELECT sum(CASE WHEN x.credit = 2 THEN x.amount_minor
                                           ELSE -x.amount_minor END)
                           FROM daybook.entry x
                           WHERE x.settlement_id = s.settlement_id
                             AND (x.credit = 2 OR x.debit = 2)), 0) AS payable_minor
        FROM (SELECT) AS always
        LEFT JOIN daybook.opening w
            ON w.account_id = p.account_id AND w.settlement_id = s.settlement_id
        WHERE s.step = 4
    ) c ON true
    UNION ALL
    -- Nothing recorded yet.
    SELECT p.settlement_id,
           CASE WHEN other.settlement_id <> p.settlement_id
                 AND NOT EXISTS (SELECT FROM daybook.outcome x
                                 WHERE x.settlement_id = other.settlement_id
                                   AND x.state BETWEEN 22 AND 26)
                THEN 'blocked' ELSE 'waiting' END,
           '', 1, NULL, NULL, NULL, NULL, r.created_at,
           coalesce(p.expected_minor, p.repayment_minor + p.hold_minor)
    FROM daybook.plan p
    JOIN daybook.plan_revision r ON r.batch_id = $1::int AND r.revision = p.revision
    LEFT JOIN LATERAL (
        SELECT o.settlement_id FROM daybook.opening o
        WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
    ) other ON true
    WHERE (SELECT count(*) FROM newest) < (SELECT q.accounts FROM daybook.plan_revision q
                                           WHERE q.batch_id = $1::int AND q.revision = $2::int)
      AND p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
      AND p.revision = $2::int
      -- Not through `newest`: its row count is guessed, and the guess made this quadratic.
      AND NOT EXISTS (SELECT FROM daybook.outcome o WHERE o.settlement_id = p.settlement_id)
), grouped AS (
    SELECT t.state, t.transfer, t.step, coalesce(t.code, '') AS code, count(*) AS accounts,
           sum(t.deposit_minor) AS deposit_minor, sum(t.amount_minor) AS amount_minor,
           sum(t.payout_minor) AS payout_minor, sum(t.residue_minor) AS residue_minor,
           min(t.at) AS oldest, min(t.settlement_id) AS first_id
    FROM told t
    GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT 'settled', '', 5, '', count(*), sum(n.deposit_minor), NULL, sum(n.payout_minor),
           sum(n.residue_minor), min(n.at), min(n.settlement_id)
    FROM newest n
    WHERE n.end_packed & 255 = 22
    HAVING count(*) > 0
)
SELECT g.state, g.transfer,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[g.step] AS step, g.code,
       g.accounts, coalesce(g.deposit_minor, 0)::bigint AS deposit_minor,
       g.amount_minor::bigint AS amount_minor, coalesce(g.payout_minor, 0)::bigint AS payout_minor,
       coalesce(g.residue_minor, 0)::bigint AS residue_minor, g.oldest,
       a.account_ref AS first_account
FROM grouped g
JOIN daybook.plan p ON p.settlement_id = g.first_id AND p.revision = $2::int
JOIN daybook.account a ON a.account_id = p.account_id
ORDER BY g.accounts DESC, g.state, g.transfer, g.step, g.code
