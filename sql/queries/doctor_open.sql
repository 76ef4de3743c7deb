-- Batches that a run may still have to do with, the latest first: $1 at most.
SELECT b.batch_id, b.cohort, b.settle_date
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
WHERE h.closed_at IS NULL
ORDER BY b.settle_date DESC, b.batch_id
LIMIT $1::int
