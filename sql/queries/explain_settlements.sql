-- The settlements $1 (an array: all of one account), oldest first, whether they opened or not;
-- `wanted` are those of cohort $2 and date $3 (NULL: all). Account numbers are masked as in
-- v_transfer. $4 are the batches, as an array: both are asked of the view, for a join alone would read
-- the whole of it.
SELECT s.settlement_id, b.cohort, b.settle_date, b.currency, s.state, s.step, s.bank, s.code,
       s.floor_minor, s.seen_minor, s.deposit_minor, s.repayment_minor, s.hold_minor,
       n.expected_minor, s.payout_minor, s.residue_minor, s.updated_at,
       o.held_minor AS floor_held_minor, o.payable_minor AS floor_payable_minor,
       o.residue_minor AS floor_residue_minor,
       CASE WHEN o.follows IS NULL THEN n.opening_minor END AS opening_minor,
       o.opened_at, earlier.cohort AS follows_cohort, earlier.settle_date AS follows_date,
       holder.cohort AS holder_cohort, holder.settle_date AS holder_date,
       m.version AS mapping_version, daybook.masked(m.virtual_account) AS virtual_account,
       m.payout_bank, daybook.masked(m.payout_account) AS payout_account,
       r.operator AS imported_by, r.created_at AS imported_at, t.state AS transfer,
       t.seen AS transfer_seen,
       ($2::text IS NULL OR b.cohort = $2) AND ($3::date IS NULL OR b.settle_date = $3::date)
           AS wanted
FROM daybook.plan n
JOIN daybook.batch b ON b.batch_id = (n.settlement_id >> 32)::int
JOIN daybook.batch_head h ON h.batch_id = b.batch_id AND h.revision = n.revision
JOIN daybook.v_settlement s
    ON s.settlement_id = n.settlement_id AND s.settlement_id = ANY ($1::bigint[])
   AND s.batch_id = ANY ($4::bigint[])
JOIN daybook.plan_revision r ON r.batch_id = b.batch_id AND r.revision = n.revision
JOIN daybook.mapping m ON m.mapping_id = n.mapping_id
LEFT JOIN daybook.opening o
    ON o.account_id = n.account_id AND o.settlement_id = n.settlement_id
LEFT JOIN daybook.batch earlier ON earlier.batch_id = (o.follows >> 32)::int
LEFT JOIN LATERAL (
    -- Its newest transfer, where the bank has not decided it.
    SELECT CASE WHEN y.state = 2 THEN 'pending'
                WHEN greatest(newest_intent.send_before, z.send_before) < clock_timestamp()
                THEN 'in_doubt' ELSE 'intended' END AS state,
           CASE newest_intent.kind WHEN 1 THEN 'undo-' ELSE '' END
           || (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[newest_intent.step]
           || '.' || newest_intent.generation || '.' || z.attempts AS seen
    FROM (
        SELECT i.step, i.kind, i.generation, i.send_before FROM daybook.intent i
        WHERE i.settlement_id = n.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) newest_intent
    LEFT JOIN LATERAL (
        SELECT d.state FROM daybook.outcome d
        WHERE d.settlement_id = n.settlement_id AND d.step = newest_intent.step
          AND d.kind = newest_intent.kind AND d.generation = newest_intent.generation
          AND d.state IN (1, 2, 3, 4, 8, 9)
        ORDER BY d.seq DESC LIMIT 1
    ) y ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS attempts, max(d.send_before) AS send_before FROM daybook.attempt d
        WHERE d.settlement_id = n.settlement_id AND d.step = newest_intent.step
          AND d.kind = newest_intent.kind AND d.generation = newest_intent.generation
    ) z
    WHERE coalesce(y.state, 2) = 2
) t ON true
LEFT JOIN LATERAL (
    SELECT x.settlement_id FROM daybook.opening x
    WHERE x.account_id = n.account_id ORDER BY x.ordinal DESC LIMIT 1
) newest ON s.state = 'blocked'
LEFT JOIN daybook.batch holder ON holder.batch_id = (newest.settlement_id >> 32)::int
WHERE n.settlement_id = ANY ($1::bigint[])
ORDER BY b.settle_date, s.settlement_id
