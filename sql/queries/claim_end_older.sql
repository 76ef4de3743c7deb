-- $1 batch, $2 epoch: ends every session of an older epoch of this batch.
SELECT count(pg_terminate_backend(a.pid, 5000))
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND CASE WHEN a.application_name ~ '^daybook:[0-9]{1,10}:[0-9]{1,10}$'
           THEN split_part(a.application_name, ':', 2)::bigint = $1::bigint
                AND split_part(a.application_name, ':', 3)::bigint < $2::bigint
           ELSE false END
