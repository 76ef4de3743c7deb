-- $1 batch. The server's timeline, and the one that the newest run on another one saw (NULL: there
-- was none, or it is made good): accounts go through many batches, so what one of them lost concerns
-- all. It is made good where for each bank of the batch a reconciliation on the server's timeline
-- found nothing there that the ledger lacks: of this batch, in the past of its present heads; or of
-- another, before this batch was planned: then the bank had none of this one that were unknown.
WITH now_on AS MATERIALIZED (
    SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline
), other AS MATERIALIZED (
    SELECT n.timeline, n.run_id FROM daybook.run n, now_on
    WHERE n.timeline <> now_on.timeline
    ORDER BY n.run_id DESC LIMIT 1
), unproven AS MATERIALIZED (
    -- Looked for once, and only where there is another timeline.
    SELECT o.timeline, o.run_id FROM other o, now_on
    WHERE EXISTS (
        SELECT FROM daybook.batch b
        JOIN daybook.batch_head h ON h.batch_id = b.batch_id
        JOIN daybook.plan_revision pr ON pr.batch_id = b.batch_id AND pr.revision = h.revision
        CROSS JOIN LATERAL generate_series(0, pr.partitions - 1) AS place
        -- A plan of which no bank is known is not proven either.
        LEFT JOIN daybook.plan_bank k ON k.batch_id = b.batch_id AND k.revision = h.revision
        WHERE b.batch_id = $1::int
          AND NOT EXISTS (
              SELECT FROM daybook.reconciliation x
              WHERE x.bank = k.bank AND x.timeline = now_on.timeline AND x.lifts
                AND ((x.created_at < b.created_at
                      AND x.listed_from <= b.settle_date - interval '31 days')
                     OR (x.batch_id = b.batch_id AND x.partition = place
                         AND (x.chunk = 0
                              OR EXISTS (SELECT FROM daybook.chunk c
                                         WHERE c.batch_id = x.batch_id
                                           AND c.partition = x.partition AND c.chunk = x.chunk
                                           AND c.hash = x.hash))))))
)
SELECT now_on.timeline, u.timeline, u.run_id
FROM now_on
LEFT JOIN unproven u ON true
