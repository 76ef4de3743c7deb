-- All batches, or the one of $1 cohort and $2 date.
SELECT b.cohort, b.settle_date FROM daybook.batch b
WHERE ($1::text IS NULL OR b.cohort = $1) AND ($2::date IS NULL OR b.settle_date = $2::date)
ORDER BY b.batch_id
