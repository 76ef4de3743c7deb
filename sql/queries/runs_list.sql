-- The newest runs: $1 cohort, $2 date, each NULL for all; $3 at most so many.
SELECT r.run_id, b.cohort, b.settle_date, r.kind, r.state, r.operator, r.reason, r.started_at,
       r.ended_at,
       (extract(epoch FROM CASE r.state WHEN 'running' THEN clock_timestamp() ELSE r.ended_at END
                           - r.started_at) * 1000)::bigint AS took_ms,
       r.exit_code::int AS exit_code
FROM daybook.v_run r
JOIN daybook.v_batch b ON b.batch_id = r.batch_id
WHERE ($1::text IS NULL OR b.cohort = $1) AND ($2::date IS NULL OR b.settle_date = $2::date)
ORDER BY r.run_id DESC
LIMIT $3::int
