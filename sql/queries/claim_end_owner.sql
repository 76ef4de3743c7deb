-- $1 batch, $2 pid and $3 backend_start of the owner's session, $4 its epoch as seen, $5 may a
-- living one be ended, $6 us of silence after which any may: looks again, and ends it.
SELECT pg_terminate_backend(a.pid)
FROM pg_stat_activity a
LEFT JOIN daybook.run r
    ON r.batch_id = $1::int AND r.control_pid = a.pid AND r.control_start = a.backend_start
WHERE a.pid = $2::int AND a.backend_start = $3::timestamptz AND coalesce(r.epoch, 0) = $4::int
  AND ($5::boolean OR coalesce(r.heartbeat_at, a.state_change)
                      < clock_timestamp() - $6::bigint * interval '1 us')
