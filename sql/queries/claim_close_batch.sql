-- $1 batch, $2 epoch: every planned settlement has its end record, as the run counted them in the
-- database.
UPDATE daybook.batch_head h SET closed_at = clock_timestamp()
WHERE h.batch_id = $1::int AND h.epoch = $2::int AND h.closed_at IS NULL
