-- Money of batch $1, revision $2: planned, and moved so far.
SELECT (SELECT sum(b.repayment_minor)::bigint FROM daybook.plan_bank b
        WHERE b.batch_id = $1::int AND b.revision = $2::int) AS repayment,
       (SELECT sum(b.hold_minor)::bigint FROM daybook.plan_bank b
        WHERE b.batch_id = $1::int AND b.revision = $2::int) AS hold,
       coalesce(sum(o.amount_minor) FILTER (WHERE o.state = 7), 0)::bigint AS deposited,
       coalesce(sum(s.moved_minor) FILTER (WHERE o.step = 2), 0)::bigint AS collected,
       coalesce(sum(s.moved_minor) FILTER (WHERE o.step = 3), 0)::bigint AS held,
       coalesce(sum(s.moved_minor) FILTER (WHERE o.step = 4), 0)::bigint AS paid,
       -- What the newest end record of each left; there is rarely more than one.
       coalesce(sum(o.residue_minor) FILTER (
           WHERE o.state BETWEEN 22 AND 26 AND o.residue_minor IS NOT NULL
             AND NOT EXISTS (SELECT FROM daybook.outcome x
                             WHERE x.settlement_id = o.settlement_id AND x.seq > o.seq
                               AND x.state BETWEEN 22 AND 26)), 0)::bigint AS residue
FROM daybook.outcome o
CROSS JOIN LATERAL (
    -- Accepted, posted, or done by hand; what was reversed or undone came back.
    SELECT CASE WHEN o.kind = 0 AND o.state IN (1, 5, 9) THEN o.amount_minor
                WHEN o.kind = 0 AND o.state = 4 OR o.kind = 1 AND o.state IN (1, 5, 9)
                    THEN -o.amount_minor END AS moved_minor
) s
WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
