-- The settlement dates that a cohort has, as one text: $1 cohort.
SELECT string_agg(b.settle_date::text, ', ' ORDER BY b.settle_date) FROM daybook.batch b
WHERE b.cohort = $1
