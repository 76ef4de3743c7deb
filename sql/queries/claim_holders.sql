-- Who holds locks on rows of the heads: as a person looks for them.
SELECT string_agg(DISTINCT a.pid || ' ' || a.usename || ' ' || a.application_name, ', ')
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.relation = 'daybook.head'::regclass AND l.granted AND a.pid <> pg_backend_pid()
  AND l.mode IN ('RowShareLock', 'RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
                 'ExclusiveLock', 'AccessExclusiveLock')
