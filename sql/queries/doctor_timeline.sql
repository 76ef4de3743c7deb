-- The server's timeline, and the one that the newest run of any batch saw (NULL: there was none):
-- accounts go through many batches, so what one of them lost concerns all.
SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint,
       r.timeline, r.run_id
FROM (SELECT) AS always
LEFT JOIN (SELECT n.timeline, n.run_id FROM daybook.run n ORDER BY n.run_id DESC LIMIT 1) r ON true
