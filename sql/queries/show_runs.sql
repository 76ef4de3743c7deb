-- The newest runs of a batch: $1 batch.
SELECT r.run_id, r.kind, r.state, r.operator, to_char(r.started_at, 'YYYY-MM-DD HH24:MI:SS'),
       coalesce(to_char(r.ended_at, 'YYYY-MM-DD HH24:MI:SS'), ''),
       coalesce(r.exit_code::text, '')
FROM daybook.v_run r
WHERE r.batch_id = $1::bigint
ORDER BY r.run_id DESC
LIMIT 10
