-- $1 batch, $2 partition, $3 epoch: only upward.
UPDATE daybook.head h SET epoch = $3::int
WHERE h.batch_id = $1::int AND h.partition = $2::smallint AND h.epoch < $3::int
