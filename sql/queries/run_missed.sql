-- Paydays before today in time zone $3 that nobody finished: no run ever began, or the newest one
-- died ($4: a heartbeat so many microseconds old), or could not go on (exit code of 64 and above).
-- Those of cohort $1 first, but not its batch of $2; $5 at most. Reads heads and runs alone.
SELECT b.cohort, b.settle_date,
       CASE WHEN r.run_id IS NULL THEN 'was never run'
            WHEN r.ended_at IS NULL THEN 'its last run died'
            ELSE 'its last run ended with exit code ' || r.exit_code END AS how,
       count(*) OVER () AS total
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
LEFT JOIN LATERAL (
    SELECT n.run_id, n.ended_at, n.heartbeat_at, n.exit_code FROM daybook.run n
    WHERE n.batch_id = b.batch_id ORDER BY n.epoch DESC LIMIT 1
) r ON true
WHERE h.closed_at IS NULL
  AND b.settle_date < (clock_timestamp() AT TIME ZONE $3)::date
  AND NOT (b.cohort = $1 AND b.settle_date = $2::date)
  AND (r.run_id IS NULL OR r.exit_code >= 64
       OR (r.ended_at IS NULL
           AND r.heartbeat_at < clock_timestamp() - $4::bigint * interval '1 microsecond'))
ORDER BY b.cohort <> $1, b.settle_date DESC, b.cohort
LIMIT $5::int
