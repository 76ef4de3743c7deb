-- Money of batch $1, revision $2: planned, and moved so far.
SELECT (SELECT sum(p.repayment_minor)::bigint FROM daybook.plan p
        WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
          AND p.revision = $2::int) AS repayment,
       (SELECT sum(p.hold_minor)::bigint FROM daybook.plan p
        WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
          AND p.revision = $2::int) AS hold,
       coalesce(sum(o.amount_minor) FILTER (WHERE o.state = 7), 0)::bigint AS deposited,
       coalesce(sum(s.moved_minor) FILTER (WHERE o.step = 2), 0)::bigint AS collected,
       coalesce(sum(s.moved_minor) FILTER (WHERE o.step = 3), 0)::bigint AS held,
       coalesce(sum(s.moved_minor) FILTER (WHERE o.step = 4), 0)::bigint AS paid,
       coalesce(sum(o.residue_minor) FILTER (WHERE o.state = 22), 0)::bigint AS residue
FROM daybook.outcome o
CROSS JOIN LATERAL (
    -- Accepted or posted; what was reversed came back.
    SELECT CASE WHEN o.kind <> 0 THEN 0
                WHEN o.state IN (1, 5) THEN o.amount_minor
                WHEN o.state = 4 THEN -o.amount_minor END AS moved_minor
) s
WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
