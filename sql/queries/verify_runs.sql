-- What is wrong between runs, heads and chunks of batch $1, one sentence a row.
SELECT format('run %s ended, and partition %s has no closing record of it', r.run_id, h.partition)
FROM daybook.run r
JOIN daybook.head h ON h.batch_id = r.batch_id
LEFT JOIN daybook.closing c
    ON c.batch_id = r.batch_id AND c.run_id = r.run_id AND c.partition = h.partition
WHERE r.batch_id = $1::int AND r.ended_at IS NOT NULL AND c.run_id IS NULL
  AND r.exit_code <= 5 -- others could not begin, or broke off: the next run's record speaks for them
UNION ALL
SELECT format('chunk %s of partition %s is of epoch %s, which no run had', min(k.chunk), k.partition,
              k.epoch)
FROM daybook.chunk k
WHERE k.batch_id = $1::int
  AND NOT EXISTS (SELECT FROM daybook.run r WHERE r.batch_id = k.batch_id AND r.epoch = k.epoch)
GROUP BY k.partition, k.epoch
UNION ALL
SELECT format('partition %s is held by epoch %s, but the batch has given out %s', h.partition,
              h.epoch, b.epoch)
FROM daybook.head h
JOIN daybook.batch_head b ON b.batch_id = h.batch_id
WHERE h.batch_id = $1::int AND h.epoch > b.epoch
UNION ALL
SELECT format('the batch is closed, but %s of %s settlements have their end record', e.ended,
              p.accounts)
FROM daybook.batch_head b
JOIN daybook.plan_revision p ON p.batch_id = b.batch_id AND p.revision = b.revision
CROSS JOIN LATERAL (
    SELECT count(DISTINCT o.settlement_id) AS ended FROM daybook.outcome o
    WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
      AND o.state BETWEEN 22 AND 26
) e
WHERE b.batch_id = $1::int AND b.closed_at IS NOT NULL AND e.ended <> p.accounts
