-- Accounts of batch $1, revision $2 whose last settlement, in another batch, has not ended.
SELECT a.account_ref, b.cohort, b.settle_date
FROM daybook.plan p
JOIN daybook.account a ON a.account_id = p.account_id
CROSS JOIN LATERAL (
    SELECT o.settlement_id FROM daybook.opening o
    WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
) other
JOIN daybook.batch b ON b.batch_id = (other.settlement_id >> 32)::int
WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
  AND p.revision = $2::int
  AND other.settlement_id <> p.settlement_id
  AND NOT EXISTS (SELECT FROM daybook.outcome x
                  WHERE x.settlement_id = other.settlement_id AND x.state BETWEEN 22 AND 26)
  AND NOT EXISTS (SELECT FROM daybook.opening o
                  WHERE o.account_id = p.account_id AND o.settlement_id = p.settlement_id)
ORDER BY p.settlement_id
LIMIT $3::int
