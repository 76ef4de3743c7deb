-- $1 batch, $2 epoch, $3 kind, $4 operator, $5 host, $6 process, $7 pid and $8 start of the control
-- session, $9 timeline, $10 reason or NULL: tells of the run that began here.
INSERT INTO daybook.run (batch_id, epoch, kind, operator, host, pid, control_pid, control_start,
                         timeline, reason)
VALUES ($1::int, $2::int, $3, $4, $5, $6::int, $7::int, $8::timestamptz, $9::bigint, $10)
RETURNING run_id
