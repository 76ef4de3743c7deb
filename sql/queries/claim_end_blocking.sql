-- $1 pid of the waiting session, $2 batch, $3 epoch: ends what stands in its way, but never a
-- session of a newer epoch of this batch.
SELECT count(pg_terminate_backend(a.pid, 5000))
FROM pg_stat_activity a
WHERE a.pid = ANY (pg_blocking_pids($1::int))
  AND CASE WHEN a.application_name ~ '^daybook:[0-9]{1,10}:[0-9]{1,10}$'
           THEN split_part(a.application_name, ':', 2)::bigint <> $2::bigint
                OR split_part(a.application_name, ':', 3)::bigint < $3::bigint
           ELSE true END
