-- Batches that no benchmark made ($1: how the cohorts of those begin).
SELECT count(*), min(b.cohort) FROM daybook.batch b WHERE NOT starts_with(b.cohort, $1)
