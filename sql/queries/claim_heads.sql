-- $1 batch, $2 epoch, $3 partitions: the heads of a first run.
INSERT INTO daybook.head (batch_id, partition, epoch)
SELECT $1::int, place, $2::int FROM generate_series(0, $3::int - 1) AS place
ON CONFLICT DO NOTHING
