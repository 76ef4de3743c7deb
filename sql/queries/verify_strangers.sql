-- Rows that belong to no batch, plan or account, one sentence a row. Records are found by the
-- ranges of settlement ids that no batch has: no table is read as a whole for them.
WITH gaps AS (
    SELECT coalesce((lag(b.batch_id::bigint) OVER o + 1) << 32, (-1::bigint) << 63) AS low,
           (b.batch_id::bigint << 32) - 1 AS high
    FROM daybook.batch b
    WINDOW o AS (ORDER BY b.batch_id)
    UNION ALL
    SELECT coalesce((max(b.batch_id)::bigint + 1) << 32, (-1::bigint) << 63), 9223372036854775807
    FROM daybook.batch b
)
SELECT format('plan: settlement %s is of no batch', min(x.settlement_id)) AS wrong
FROM gaps g, daybook.plan x
WHERE x.settlement_id BETWEEN g.low AND g.high
HAVING count(*) > 0
UNION ALL
SELECT format('intent: settlement %s is of no batch', min(x.settlement_id))
FROM gaps g, daybook.intent x
WHERE x.settlement_id BETWEEN g.low AND g.high
HAVING count(*) > 0
UNION ALL
SELECT format('attempt: settlement %s is of no batch', min(x.settlement_id))
FROM gaps g, daybook.attempt x
WHERE x.settlement_id BETWEEN g.low AND g.high
HAVING count(*) > 0
UNION ALL
SELECT format('outcome: settlement %s is of no batch', min(x.settlement_id))
FROM gaps g, daybook.outcome x
WHERE x.settlement_id BETWEEN g.low AND g.high
HAVING count(*) > 0
UNION ALL
SELECT format('entry: settlement %s is of no batch', min(x.settlement_id))
FROM gaps g, daybook.entry x
WHERE x.settlement_id BETWEEN g.low AND g.high
HAVING count(*) > 0
UNION ALL
SELECT format('decision: settlement %s is of no batch', min(x.settlement_id))
FROM gaps g, daybook.decision x
WHERE x.settlement_id BETWEEN g.low AND g.high
HAVING count(*) > 0
UNION ALL
SELECT format('%s: batch %s is not there', x.name, x.batch_id)
FROM (
    SELECT 'chunk', batch_id FROM daybook.chunk WHERE chunk = 1
    UNION ALL SELECT 'head', batch_id FROM daybook.head
    UNION ALL SELECT 'batch_head', batch_id FROM daybook.batch_head
    UNION ALL SELECT 'plan_revision', batch_id FROM daybook.plan_revision
    UNION ALL SELECT 'plan_bank', batch_id FROM daybook.plan_bank
    UNION ALL SELECT 'run', batch_id FROM daybook.run
    UNION ALL SELECT 'closing', batch_id FROM daybook.closing
    UNION ALL SELECT 'request', batch_id FROM daybook.request
) AS x (name, batch_id)
WHERE NOT EXISTS (SELECT FROM daybook.batch b WHERE b.batch_id = x.batch_id)
UNION ALL
SELECT format('batch: %s of %s has no head or no plan', b.cohort, b.settle_date)
FROM daybook.batch b
LEFT JOIN daybook.batch_head h ON h.batch_id = b.batch_id
LEFT JOIN daybook.plan_revision r ON r.batch_id = h.batch_id AND r.revision = h.revision
WHERE r.batch_id IS NULL
UNION ALL
SELECT format('opening: settlement %s is planned for no such account', min(o.settlement_id))
FROM daybook.opening o
WHERE NOT EXISTS (SELECT FROM daybook.plan p
                  WHERE p.settlement_id = o.settlement_id AND p.account_id = o.account_id)
HAVING count(*) > 0
UNION ALL
SELECT format('opening: the one of settlement %s does not follow the account''s one before',
              min(o.settlement_id))
FROM daybook.opening o
LEFT JOIN daybook.opening b ON b.account_id = o.account_id AND b.ordinal = o.ordinal - 1
WHERE o.follows IS DISTINCT FROM b.settlement_id
HAVING count(*) > 0
UNION ALL
SELECT format('request: %s is about settlement %s, which is not planned for its account',
              min(r.request_id), min(r.settlement_id))
FROM daybook.request r
WHERE r.kind <> 'rate'
  AND NOT EXISTS (SELECT FROM daybook.plan p
                  WHERE p.settlement_id = r.settlement_id
                    AND p.account_id = coalesce(r.account_id, p.account_id))
HAVING count(*) > 0
UNION ALL
-- One that comes after another is answered after it, and done only if that one is.
SELECT format('decision: request %s was answered as if request %s were done', min(r.request_id),
              min(r.after_request))
FROM daybook.request r
JOIN daybook.decision d
    ON d.settlement_id = coalesce(r.settlement_id, r.batch_id::bigint << 32)
   AND d.request_id = r.request_id
LEFT JOIN daybook.request b ON b.request_id = r.after_request
LEFT JOIN daybook.decision e
    ON e.settlement_id = b.settlement_id AND e.request_id = b.request_id
WHERE r.after_request IS NOT NULL AND (e.state IS NULL OR d.state = 1 AND e.state <> 1)
HAVING count(*) > 0
UNION ALL
-- A mapping is planned, or it is what somebody asked to amend to.
SELECT format('mapping: %s is in no plan, and nobody asked for it', min(m.mapping_id))
FROM daybook.mapping m
WHERE NOT EXISTS (SELECT FROM daybook.plan p
                  WHERE p.mapping_id = m.mapping_id AND p.account_id = m.account_id)
  AND NOT EXISTS (SELECT FROM daybook.request r
                  JOIN daybook.plan p ON p.settlement_id = r.settlement_id
                  WHERE r.mapping_id = m.mapping_id AND p.account_id = m.account_id)
HAVING count(*) > 0
UNION ALL
SELECT format('account: %s has no mapping', min(a.account_ref))
FROM daybook.account a
WHERE NOT EXISTS (SELECT FROM daybook.mapping m WHERE m.account_id = a.account_id)
HAVING count(*) > 0
UNION ALL
SELECT format('mapping: the virtual account of %s belongs to another account', min(m.mapping_id))
FROM daybook.mapping m
LEFT JOIN daybook.virtual_account v
    ON v.bank = m.bank AND v.virtual_account = m.virtual_account
WHERE v.account_id IS DISTINCT FROM m.account_id
HAVING count(*) > 0
