SELECT string_agg(b.settle_date::text, ', ' ORDER BY b.settle_date) FROM daybook.batch b
WHERE b.cohort = $1
