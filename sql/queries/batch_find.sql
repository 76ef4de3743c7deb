-- One batch and its current revision: $1 cohort, $2 date.
SELECT b.batch_id, b.currency, h.revision, r.accounts, r.partitions,
       encode(r.plan_digest, 'hex') AS digest, h.frozen_at IS NOT NULL AS frozen,
       h.closed_at IS NOT NULL AS closed,
       (SELECT v.state FROM daybook.v_batch v WHERE v.batch_id = b.batch_id) AS state,
       EXISTS (SELECT FROM daybook.run u WHERE u.batch_id = b.batch_id) AS has_run,
       coalesce(h.hold_by_transfer, false) AS hold_by_transfer,
       h.unhold,
       EXISTS (SELECT FROM daybook.request q
               WHERE q.batch_id = b.batch_id AND q.settlement_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM daybook.decision d
                                 WHERE d.settlement_id = q.settlement_id
                                   AND d.request_id = q.request_id)) AS is_asked
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan_revision r ON r.batch_id = b.batch_id AND r.revision = h.revision
WHERE b.cohort = $1 AND b.settle_date = $2::date
