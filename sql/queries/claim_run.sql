-- $1 batch, $2 epoch, $3 kind, $4 operator, $5 host, $6 process: tells of the run that began here.
INSERT INTO daybook.run (batch_id, epoch, kind, operator, host, pid, control_pid, control_start)
SELECT $1::int, $2::int, $3, $4, $5, $6::int, a.pid, a.backend_start
FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
RETURNING run_id
