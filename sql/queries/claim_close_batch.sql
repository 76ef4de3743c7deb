-- $1 batch, $2 epoch: closed once every planned settlement has an end record. The closing records
-- tell how many got theirs in each run. Where a run died without any they tell too few: if ($3 1) this
-- run left nothing that it knows of, the end records themselves are counted.
UPDATE daybook.batch_head h SET closed_at = clock_timestamp()
FROM daybook.plan_revision pr
WHERE h.batch_id = $1::int AND h.epoch = $2::int AND h.closed_at IS NULL
  AND pr.batch_id = h.batch_id AND pr.revision = h.revision
  AND CASE
      WHEN pr.accounts = (SELECT sum(c.settled + c.ended) FROM daybook.closing c
                          WHERE c.batch_id = $1::int) THEN true
      WHEN $3::int = 1
      THEN pr.accounts = (SELECT count(DISTINCT o.settlement_id) FROM daybook.outcome o
                          WHERE o.settlement_id >= $1::bigint << 32
                            AND o.settlement_id < ($1::bigint + 1) << 32
                            AND o.state BETWEEN 22 AND 26)
      ELSE false END
