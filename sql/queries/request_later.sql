-- What the settlement after $1 does not know of its newest end record yet: the successor's batch and
-- settlement, payable and residue that its floor lacks. No row: nothing, or it has ended.
SELECT o.settlement_id >> 32 AS batch_id, o.settlement_id, b.cohort, b.settle_date,
       d.payable_minor, d.residue_minor
FROM daybook.opening o
JOIN daybook.batch b ON b.batch_id = (o.settlement_id >> 32)::int
CROSS JOIN LATERAL (
    SELECT x.amount_minor, coalesce(x.residue_minor, 0) AS residue_minor FROM daybook.outcome x
    WHERE x.settlement_id = o.follows AND x.state BETWEEN 22 AND 26
    ORDER BY x.seq DESC LIMIT 1
) ended
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.amount_minor), 0)::bigint AS payable_minor,
           coalesce(sum(r.residue_minor), 0)::bigint AS residue_minor
    FROM daybook.request r
    JOIN daybook.decision e ON e.settlement_id = r.settlement_id AND e.request_id = r.request_id
    WHERE r.batch_id = (o.settlement_id >> 32)::int AND r.settlement_id = o.settlement_id
      AND r.kind = 'raise' AND e.state = 1
) raised
CROSS JOIN LATERAL (
    SELECT ended.amount_minor - o.payable_minor - raised.payable_minor AS payable_minor,
           ended.residue_minor - o.residue_minor - raised.residue_minor AS residue_minor
) d
WHERE o.account_id = (SELECT p.account_id FROM daybook.plan p WHERE p.settlement_id = $1::bigint
                      ORDER BY p.revision DESC LIMIT 1)
  AND o.follows = $1::bigint AND d.payable_minor > 0
  AND NOT EXISTS (SELECT FROM daybook.outcome x
                  WHERE x.settlement_id = o.settlement_id AND x.state BETWEEN 22 AND 26)
