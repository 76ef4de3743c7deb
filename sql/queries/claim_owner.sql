-- $1 lock class, $2 batch: who holds the batch's lock, and when it was last heard of. Of a session
-- of another login, which this one may not look at, since when it is there is not to be seen.
SELECT a.pid, a.backend_start, coalesce(r.epoch, 0) AS epoch, r.run_id, r.operator, r.host,
       r.pid AS process,
       extract(epoch FROM clock_timestamp() - coalesce(r.heartbeat_at, a.state_change))::bigint
           AS silent_s
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
LEFT JOIN daybook.run r
    ON r.batch_id = $2::int AND r.control_pid = a.pid
   AND (r.control_start = a.backend_start OR a.backend_start IS NULL AND r.ended_at IS NULL)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND l.classid::bigint = $1::bigint AND l.objid::bigint = $2::bigint
