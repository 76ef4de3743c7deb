-- $1 batch, $2 whether holds are transfers, $3 whether what was held before is given back: freezes the
-- plan and takes the next epoch.
UPDATE daybook.batch_head h
SET epoch = h.epoch + 1, frozen_at = coalesce(h.frozen_at, clock_timestamp()),
    hold_by_transfer = $2::boolean, unhold = $3::boolean
FROM daybook.plan_revision pr
WHERE h.batch_id = $1::int AND pr.batch_id = h.batch_id AND pr.revision = h.revision
RETURNING h.epoch, h.revision, pr.partitions
