-- Openings of batch $1, revision $2, whose floor is not what the settlement before left.
SELECT o.settlement_id
FROM daybook.plan p
JOIN daybook.opening o ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
LEFT JOIN LATERAL (
    SELECT x.settlement_id, x.amount_minor, x.held_minor, x.residue_minor
    FROM daybook.outcome x
    WHERE x.settlement_id = o.follows AND x.state = 22
    ORDER BY x.seq DESC LIMIT 1
) ended ON true
WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
  AND p.revision = $2::int
  AND (o.follows, o.held_minor, o.payable_minor, o.residue_minor) IS DISTINCT FROM
      (ended.settlement_id, coalesce(ended.held_minor, 0), coalesce(ended.amount_minor, 0),
       coalesce(ended.residue_minor, 0))
LIMIT 1
