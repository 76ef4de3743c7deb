-- $1 batch: whether its holds are transfers, and whether what was held before is given back; NULL
-- before its first run.
SELECT h.hold_by_transfer, CASE WHEN h.frozen_at IS NOT NULL THEN h.unhold END
FROM daybook.batch_head h WHERE h.batch_id = $1::int
