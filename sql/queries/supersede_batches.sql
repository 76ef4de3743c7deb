-- Batches that ended on older dates than batch $1 (revision $2), and hold accounts that it has not
-- opened and that are still without their deposit there: with how many. The plan is looked at only where an older batch has accounts
-- that have not ended.
SELECT b.batch_id, b.cohort, b.settle_date, count(*) AS accounts
FROM daybook.plan p
JOIN LATERAL (
    SELECT o.settlement_id FROM daybook.opening o
    WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
) newest ON true
JOIN daybook.batch b ON b.batch_id = (newest.settlement_id >> 32)::int
JOIN daybook.batch mine ON mine.batch_id = $1::int
LEFT JOIN LATERAL (
    SELECT x.state FROM daybook.outcome x
    WHERE x.settlement_id = newest.settlement_id ORDER BY x.seq DESC LIMIT 1
) s ON true
WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
  AND p.revision = $2::int AND newest.settlement_id <> p.settlement_id
  AND (SELECT EXISTS (
          SELECT FROM daybook.batch older
          JOIN daybook.batch_head h ON h.batch_id = older.batch_id
          JOIN daybook.batch here ON here.batch_id = $1::int
          WHERE older.settle_date < here.settle_date
            AND h.frozen_at IS NOT NULL AND h.closed_at IS NULL))
  AND NOT EXISTS (SELECT FROM daybook.opening own
                  WHERE own.account_id = p.account_id AND own.settlement_id = p.settlement_id)
  AND b.settle_date < mine.settle_date
  AND (s.state IS NULL OR s.state = 20
       OR s.state IN (31, 32)
          AND NOT EXISTS (SELECT FROM daybook.outcome x
                          WHERE x.settlement_id = newest.settlement_id AND x.state = 7))
GROUP BY b.batch_id, b.cohort, b.settle_date
ORDER BY b.settle_date, b.batch_id
