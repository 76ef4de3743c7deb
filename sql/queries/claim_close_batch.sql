-- $1 batch, $2 epoch: closed once every planned settlement has its end record.
UPDATE daybook.batch_head h SET closed_at = clock_timestamp()
FROM daybook.plan_revision pr
WHERE h.batch_id = $1::int AND h.epoch = $2::int AND h.closed_at IS NULL
  AND pr.batch_id = h.batch_id AND pr.revision = h.revision
  AND pr.accounts = (SELECT count(DISTINCT o.settlement_id) FROM daybook.outcome o
                     WHERE o.settlement_id >= $1::bigint << 32
                       AND o.settlement_id < ($1::bigint + 1) << 32 AND o.state = 22)
