-- All batches, or the one of $1 cohort and $2 date; what has no head or plan is told elsewhere.
SELECT b.cohort, b.settle_date FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan_revision r ON r.batch_id = h.batch_id AND r.revision = h.revision
WHERE ($1::text IS NULL OR b.cohort = $1) AND ($2::date IS NULL OR b.settle_date = $2::date)
ORDER BY b.batch_id
