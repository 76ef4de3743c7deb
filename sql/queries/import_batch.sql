-- The batch, if it is there, and the plan that holds.
SELECT b.batch_id, b.currency, h.revision, h.frozen_at IS NOT NULL AS frozen,
       encode(r.plan_digest, 'hex') AS digest, r.accounts,
       (SELECT max(x.revision) FROM daybook.plan_revision x WHERE x.batch_id = b.batch_id) AS newest,
       r.partitions
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan_revision r ON r.batch_id = b.batch_id AND r.revision = h.revision
WHERE b.cohort = $1 AND b.settle_date = $2::date
FOR UPDATE OF h
