-- Where the settlements of a batch stand: $1 batch, $2 revision. One walk over the outcomes, by their
-- key, whose first of each settlement is its newest; the plan is looked at only where some have none.
WITH newest AS MATERIALIZED (
    SELECT DISTINCT ON (o.settlement_id) o.settlement_id, o.state
    FROM daybook.outcome o
    WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
    ORDER BY o.settlement_id DESC, o.seq DESC
), going AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM daybook.outcome x
                   WHERE x.settlement_id = n.settlement_id AND x.state = 7
                     AND x.settlement_id >= $1::bigint << 32
                     AND x.settlement_id < ($1::bigint + 1) << 32) AS has_deposit
    FROM newest n
    WHERE n.state NOT BETWEEN 20 AND 26
), totals AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE n.state = 22) AS settled,
           count(*) FILTER (WHERE n.state = 23) AS compensated,
           count(*) FILTER (WHERE n.state = 24) AS returned,
           count(*) FILTER (WHERE n.state = 25) AS superseded,
           count(*) FILTER (WHERE n.state = 26) AS written_off,
           count(*) FILTER (WHERE n.state = 20) AS short,
           count(*) FILTER (WHERE n.state = 21) AS parked,
           (SELECT count(*) FROM going g WHERE g.has_deposit) AS active,
           -- Released, or its floor raised, before the deposit: it waits as if nothing had happened.
           (SELECT count(*) FROM going g WHERE NOT g.has_deposit) AS begun,
           (SELECT r.accounts FROM daybook.plan_revision r
            WHERE r.batch_id = $1::int AND r.revision = $2::int) - count(*) AS untouched
    FROM newest n
), open_transfer AS MATERIALIZED (
    -- The newest transfer where the bank's answer is not final.
    SELECT n.state, d.state AS transfer_state
    FROM newest n
    CROSS JOIN LATERAL (
        SELECT i.step, i.kind, i.generation FROM daybook.intent i
        WHERE i.settlement_id = n.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) t
    LEFT JOIN LATERAL (
        SELECT x.state FROM daybook.outcome x
        WHERE x.settlement_id = n.settlement_id AND x.step = t.step AND x.kind = t.kind
          AND x.generation = t.generation AND x.state IN (1, 2, 3, 4, 8)
        ORDER BY x.seq DESC LIMIT 1
    ) d ON true
    WHERE n.state NOT IN (20, 22, 23, 24, 25, 26) AND coalesce(d.state, 2) = 2
), blocked AS (
    SELECT p.settlement_id
    FROM daybook.plan p
    CROSS JOIN LATERAL (
        SELECT o.settlement_id FROM daybook.opening o
        WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
    ) other
    WHERE (SELECT t.untouched FROM totals t) > 0
      AND p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
      AND p.revision = $2::int
      AND other.settlement_id <> p.settlement_id
      -- Not through `newest`: its row count is guessed, and the guess made this quadratic.
      AND NOT EXISTS (SELECT FROM daybook.outcome o WHERE o.settlement_id = p.settlement_id)
      AND NOT EXISTS (SELECT FROM daybook.outcome x
                      WHERE x.settlement_id = other.settlement_id AND x.state BETWEEN 22 AND 26)
)
SELECT t.settled, t.short, t.parked, t.active,
       (SELECT count(*) FROM open_transfer WHERE transfer_state = 2) AS pending,
       (SELECT count(*) FROM open_transfer WHERE transfer_state IS NULL) AS in_doubt,
       (SELECT count(*) FROM open_transfer WHERE transfer_state IS NULL AND state = 21)
           AS parked_in_doubt,
       (SELECT count(*) FROM blocked) AS blocked, t.untouched + t.begun AS waiting,
       t.compensated, t.returned, t.superseded, t.written_off
FROM totals t
