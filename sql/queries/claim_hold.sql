-- $1 batch: whether its holds are transfers; NULL before its first run.
SELECT h.hold_by_transfer FROM daybook.batch_head h WHERE h.batch_id = $1::int
