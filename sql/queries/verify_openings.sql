-- What is wrong with the openings of batch $1, revision $2, one sentence a row, at most five of a
-- kind: the floor is what an end record of the settlement before left, and what came back to that one
-- afterwards was raised here, or is asked to be.
WITH opened AS (
    SELECT o.settlement_id, o.follows, o.held_minor, o.payable_minor, o.residue_minor,
           newest.held_minor AS left_held_minor,
           newest.amount_minor + coalesce(newest.residue_minor, 0) - o.payable_minor
               - o.residue_minor AS late_minor
    FROM daybook.plan p
    JOIN daybook.opening o
        ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
    LEFT JOIN LATERAL (
        SELECT x.held_minor, x.amount_minor, x.residue_minor FROM daybook.outcome x
        WHERE x.settlement_id = o.follows AND x.state BETWEEN 22 AND 26
        ORDER BY x.seq DESC LIMIT 1
    ) newest ON true
    WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
      AND p.revision = $2::int
), unfounded AS (
    SELECT o.settlement_id FROM opened o
    WHERE CASE WHEN o.follows IS NULL
               THEN (o.held_minor, o.payable_minor, o.residue_minor) <> (0, 0, 0)
               ELSE NOT EXISTS (
                   SELECT FROM daybook.outcome x
                   WHERE x.settlement_id = o.follows AND x.state BETWEEN 22 AND 26
                     AND x.amount_minor = o.payable_minor
                     AND coalesce(x.held_minor, 0) = o.held_minor
                     AND coalesce(x.residue_minor, 0) = o.residue_minor) END
    ORDER BY o.settlement_id LIMIT 5
), raised AS (
    SELECT o.settlement_id, o.late_minor, r.raised_minor FROM opened o
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(x.amount_minor + coalesce(x.residue_minor, 0)), 0)::bigint
                   AS raised_minor
        FROM daybook.outcome x
        WHERE x.settlement_id = o.settlement_id AND x.state = 32
    ) r
    WHERE o.follows IS NOT NULL AND o.late_minor <> r.raised_minor
      -- Less was raised than came back: somebody may have asked already.
      AND NOT (r.raised_minor < o.late_minor AND EXISTS (
          SELECT FROM daybook.request q
          WHERE q.batch_id = $1::int AND q.settlement_id = o.settlement_id AND q.kind = 'raise'
            AND NOT EXISTS (SELECT FROM daybook.decision d
                            WHERE d.settlement_id = q.settlement_id
                              AND d.request_id = q.request_id)))
      AND o.settlement_id NOT IN (SELECT u.settlement_id FROM unfounded u)
    ORDER BY o.settlement_id LIMIT 5
)
SELECT format('settlement %s opened on another floor than was left', u.settlement_id) AS wrong
FROM unfounded u
UNION ALL
SELECT format('settlement %s: %s came back to the one before it after it opened, %s were raised',
              r.settlement_id, r.late_minor, r.raised_minor)
FROM raised r
