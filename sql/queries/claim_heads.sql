-- $1 batch, $2 epoch, $3 partitions: the heads of a first run. Looks first: an INSERT that meets a
-- row which a stopped engine's transaction has changed would wait for that.
INSERT INTO daybook.head (batch_id, partition, epoch)
SELECT $1::int, place, $2::int FROM generate_series(0, $3::int - 1) AS place
WHERE NOT EXISTS (SELECT FROM daybook.head h
                  WHERE h.batch_id = $1::int AND h.partition = place)
ON CONFLICT DO NOTHING
