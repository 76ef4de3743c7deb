-- What became of request $1: its state, the code where it was not done; and whether a run of its batch
-- is active; and where its settlement stands now.
SELECT r.state, coalesce(r.code, '') AS code,
       EXISTS (SELECT FROM daybook.v_run u
               WHERE u.batch_id = r.batch_id AND u.state = 'running') AS has_owner,
       coalesce((SELECT s.state FROM daybook.v_settlement s
                 WHERE s.settlement_id = r.settlement_id AND s.batch_id = r.batch_id), '')
           AS settlement_state
FROM daybook.v_request r
WHERE r.request_id = $1::bigint
