-- $1 run, $2 batch, $3 epoch: alive; no row where the batch is another's by now.
UPDATE daybook.run r SET heartbeat_at = clock_timestamp()
WHERE r.run_id = $1::bigint AND r.ended_at IS NULL
  AND EXISTS (SELECT FROM daybook.batch_head h
              WHERE h.batch_id = $2::int AND h.epoch = $3::int)
RETURNING (1000000 * extract(epoch FROM r.heartbeat_at))::bigint
