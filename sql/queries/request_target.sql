-- The settlement of account $1 that a request is about: in the batch of cohort $2 on date $3, or (both
-- NULL) the one that opened last. With its newest transfer, as a person sees it.
SELECT v.settlement_id, v.batch_id, b.cohort, b.settle_date, b.currency, v.state, v.step,
       coalesce(v.code, '') AS code, coalesce(v.residue_minor, 0) AS residue_minor,
       h.frozen_at IS NOT NULL AS is_frozen, coalesce(t.step, 0::smallint) AS transfer_step,
       coalesce(t.kind, 0::smallint) AS transfer_kind, coalesce(t.generation, 0::smallint),
       coalesce(t.attempts, 0), coalesce(t.amount_minor, 0) AS amount_minor,
       t.step IS NOT NULL AND t.is_open AS is_open, m.payout_bank, m.payout_account, m.holder_name,
       m.virtual_account, p.account_id, m.bank, m.mapping_id
FROM (
    SELECT p.settlement_id
    FROM daybook.account a
    JOIN daybook.batch b ON b.cohort = $2 AND b.settle_date = $3::date
    JOIN daybook.batch_head h ON h.batch_id = b.batch_id
    JOIN daybook.plan p
        ON p.settlement_id >= b.batch_id::bigint << 32
       AND p.settlement_id < (b.batch_id::bigint + 1) << 32
       AND p.revision = h.revision AND p.account_id = a.account_id
    WHERE a.account_ref = $1
    UNION ALL
    (SELECT o.settlement_id
     FROM daybook.account a
     JOIN daybook.opening o ON o.account_id = a.account_id
     WHERE a.account_ref = $1 AND $2::text IS NULL
     ORDER BY o.ordinal DESC LIMIT 1)
) target
JOIN daybook.v_settlement v
    ON v.settlement_id = target.settlement_id AND v.batch_id = target.settlement_id >> 32
JOIN daybook.batch b ON b.batch_id = v.batch_id
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan p ON p.settlement_id = v.settlement_id AND p.revision = h.revision
JOIN LATERAL (
    SELECT coalesce((SELECT d.mapping_id FROM daybook.decision d
                     WHERE d.settlement_id = p.settlement_id AND d.mapping_id > 0
                     ORDER BY d.request_id DESC LIMIT 1), p.mapping_id) AS mapping_id
) current ON true
JOIN daybook.mapping m ON m.mapping_id = current.mapping_id
LEFT JOIN LATERAL (
    SELECT i.step, i.kind, i.generation, i.amount_minor,
           (SELECT count(*) FROM daybook.attempt y
            WHERE y.settlement_id = i.settlement_id AND y.step = i.step AND y.kind = i.kind
              AND y.generation = i.generation) AS attempts,
           NOT EXISTS (SELECT FROM daybook.outcome n
                       WHERE n.settlement_id = i.settlement_id AND n.step = i.step
                         AND n.kind = i.kind AND n.generation = i.generation
                         AND n.state IN (1, 3, 4, 8)) AS is_open
    FROM daybook.intent i
    WHERE i.settlement_id = target.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
) t ON true
