-- The settlements of a benchmark's batch and whose they are: $1 cohort, $2 date.
SELECT p.settlement_id, a.account_ref
FROM daybook.batch b
JOIN daybook.plan p ON p.settlement_id >= b.batch_id::bigint << 32
                   AND p.settlement_id < (b.batch_id::bigint + 1) << 32
JOIN daybook.account a ON a.account_id = p.account_id
WHERE b.cohort = $1 AND b.settle_date = $2::date
