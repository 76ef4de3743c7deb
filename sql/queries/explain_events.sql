-- Everything recorded of the settlements $1 (an array), each in the order in which it was written:
-- the runs that wrote it, bank calls, outcomes, entries, what people asked and what became of that.
WITH record AS MATERIALIZED (
    SELECT i.settlement_id, i.chunk, i.position, 'intent' AS kind, i.intended_at AS at, i.step,
           i.kind AS transfer, i.generation, i.amount_minor, i.send_before,
           encode(uuid_send(i.idem_key), 'hex') AS idem_key, f.bank,
           CASE i.kind WHEN 0 THEN side.own_account ELSE side.far_account END AS from_account,
           CASE i.kind WHEN 0 THEN side.far_account ELSE side.own_account END AS to_account,
           NULL::smallint AS number, NULL::smallint AS state, NULL::bigint AS available_minor,
           NULL::bigint AS held_minor, NULL::bigint AS residue_minor, NULL::smallint AS debit,
           NULL::smallint AS credit, NULL AS code, NULL AS bank_ref, NULL::bigint AS request_id
    FROM daybook.intent i
    JOIN daybook.mapping m ON m.mapping_id = i.mapping_id
    JOIN daybook.bank_profile f ON f.profile_id = i.profile_id
    CROSS JOIN LATERAL (
        SELECT CASE i.step WHEN 2 THEN f.collection_account WHEN 3 THEN f.suspense_account
                           ELSE m.payout_account END AS far_account,
               coalesce(nullif(f.pool_account, ''), m.virtual_account) AS own_account
    ) side
    WHERE i.settlement_id = ANY ($1::bigint[])
    UNION ALL
    SELECT y.settlement_id, y.chunk, y.position, 'attempt', y.at, y.step, y.kind, y.generation, NULL,
           y.send_before, NULL, NULL, NULL, NULL, y.number, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL
    FROM daybook.attempt y WHERE y.settlement_id = ANY ($1::bigint[])
    UNION ALL
    SELECT o.settlement_id, o.chunk, o.position, 'outcome', o.at, o.step, o.kind, o.generation,
           o.amount_minor, NULL, NULL, NULL, NULL, NULL, NULL, o.state, o.available_minor,
           o.held_minor, o.residue_minor, NULL, NULL, o.code, o.bank_ref, NULL
    FROM daybook.outcome o WHERE o.settlement_id = ANY ($1::bigint[])
    UNION ALL
    SELECT e.settlement_id, e.chunk, e.position, 'entry', NULL, e.step, e.kind, e.generation,
           e.amount_minor, NULL, NULL, NULL, NULL, NULL, e.line, NULL, NULL, NULL, NULL, e.debit,
           e.credit, NULL, NULL, NULL
    FROM daybook.entry e WHERE e.settlement_id = ANY ($1::bigint[])
    UNION ALL
    SELECT d.settlement_id, d.chunk, d.position, 'decision', d.at, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, d.state, NULL, NULL, NULL, NULL, NULL, d.code, NULL,
           d.request_id
    FROM daybook.decision d WHERE d.settlement_id = ANY ($1::bigint[])
), placed AS MATERIALIZED (
    SELECT r.*, c.committed_at, c.epoch
    FROM record r
    LEFT JOIN daybook.chunk c
        ON c.batch_id = (r.settlement_id >> 32)::int
       AND c.partition = ((r.settlement_id >> 26) & 63)::smallint AND c.chunk = r.chunk
), told AS (
    SELECT p.settlement_id, p.chunk, p.position, p.kind, coalesce(p.at, p.committed_at) AS at,
           p.step, p.transfer, p.generation, p.number, p.state, p.amount_minor, p.available_minor,
           p.held_minor, p.residue_minor, p.debit, p.credit, p.idem_key, p.bank, p.from_account,
           p.to_account, p.bank_ref, p.code, p.send_before, p.request_id, q.kind AS request,
           q.operator, q.reason, NULL::bigint AS run_id
    FROM placed p
    LEFT JOIN daybook.request q ON q.request_id = p.request_id
    UNION ALL
    -- What was asked stands behind what was committed before.
    SELECT q.settlement_id,
           coalesce((SELECT max(p.chunk) FROM placed p
                     WHERE p.settlement_id = q.settlement_id
                       AND p.committed_at <= q.created_at), 0),
           2147483647, 'request', q.created_at, nullif(q.step, 0), NULL, nullif(q.generation, 0),
           NULL, NULL, nullif(q.amount_minor, 0), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, nullif(q.bank_ref, ''), NULL, NULL, q.request_id, q.kind, q.operator, q.reason, NULL
    FROM daybook.request q WHERE q.settlement_id = ANY ($1::bigint[])
    UNION ALL
    SELECT w.settlement_id, w.chunk, 0, 'run', u.started_at, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, u.kind,
           u.operator, u.reason, u.run_id
    FROM (
        SELECT p.settlement_id, p.epoch, min(p.chunk) AS chunk
        FROM placed p GROUP BY p.settlement_id, p.epoch
    ) w
    JOIN daybook.run u ON u.batch_id = (w.settlement_id >> 32)::int AND u.epoch = w.epoch
)
SELECT t.settlement_id, t.at, t.chunk, t.position, t.kind,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[t.step] AS step,
       (ARRAY['normal', 'undo', 'reversal'])[t.transfer + 1] AS transfer,
       nullif(t.generation, 0)::int AS generation, t.number::int AS number,
       CASE t.kind WHEN 'decision' THEN (ARRAY['done', 'refused', 'busy', 'stale'])[t.state]
            WHEN 'outcome' THEN
                CASE t.state WHEN 1 THEN 'accepted' WHEN 2 THEN 'pending' WHEN 3 THEN 'rejected_later'
                     WHEN 4 THEN 'reversed' WHEN 5 THEN 'posted' WHEN 6 THEN 'skipped'
                     WHEN 7 THEN 'deposited' WHEN 8 THEN 'rejected_person' WHEN 9 THEN 'by_hand'
                     WHEN 20 THEN 'short' WHEN 21 THEN 'parked' WHEN 22 THEN 'settled'
                     WHEN 23 THEN 'compensated' WHEN 24 THEN 'returned' WHEN 25 THEN 'superseded'
                     WHEN 26 THEN 'written_off' WHEN 30 THEN 'compensating' WHEN 31 THEN 'released'
                     WHEN 32 THEN 'raised' ELSE 'state ' || t.state END
            END AS state,
       t.amount_minor, t.available_minor, t.held_minor, t.residue_minor,
       (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense', 'fee',
              'residue'])[t.debit] AS debit,
       (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense', 'fee',
              'residue'])[t.credit] AS credit,
       t.idem_key, t.bank, daybook.masked(t.from_account) AS from_account,
       daybook.masked(t.to_account) AS to_account, t.bank_ref, t.code, t.send_before, t.request_id,
       t.request, t.operator, t.reason, t.run_id
FROM told t
ORDER BY t.settlement_id, t.chunk, t.position, t.request_id
