-- The public views: columns may be added, never changed. Ids are bigint or text, amounts bigint
-- minor units, times timestamptz, hashes bytea. Filter by batch_id where a view has it: it selects by
-- key range. v_balance has none: it is about all batches, and reads them all.
SET LOCAL ROLE daybook_owner;

-- An account number for those who need not know it: its last four characters where it has enough
-- others, and nothing of a short one; not even how long it is.
CREATE FUNCTION daybook.masked(account text)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN pg_has_role(current_user, 'daybook_auditor', 'usage') THEN account
    WHEN length(account) < 8 THEN '****'
    ELSE '****' || right(account, 4)
END;

-- Who gave way to a newer epoch is dead, however fresh its heartbeat. 30 s is claim.stale_after as it
-- is without configuration, which no view can know: for people, not for a decision.
CREATE VIEW daybook.v_run AS
SELECT r.run_id, r.batch_id::bigint AS batch_id, r.kind,
       CASE WHEN r.ended_at IS NOT NULL THEN 'ended'
            WHEN r.epoch < h.epoch
                 OR r.heartbeat_at < clock_timestamp() - interval '30 s' THEN 'died'
            ELSE 'running' END AS state,
       r.operator, r.reason, r.started_at, r.ended_at, r.exit_code
FROM daybook.run r
JOIN daybook.batch_head h ON h.batch_id = r.batch_id;

CREATE VIEW daybook.v_batch AS
SELECT b.batch_id::bigint AS batch_id, b.cohort, b.settle_date, b.currency,
       CASE WHEN h.closed_at IS NOT NULL THEN 'closed'
            WHEN h.frozen_at IS NULL THEN 'planned'
            WHEN EXISTS (SELECT FROM daybook.v_run r
                         WHERE r.batch_id = b.batch_id AND r.state = 'running') THEN 'running'
            ELSE 'idle' END AS state,
       pr.accounts::bigint AS accounts, pr.partitions::bigint AS partitions, pr.plan_digest,
       b.created_at, h.closed_at
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan_revision pr ON pr.batch_id = b.batch_id AND pr.revision = h.revision;

-- The reason is the code: no other word is kept why a settlement is where it is.
CREATE VIEW daybook.v_settlement AS
SELECT p.settlement_id, b.batch_id::bigint AS batch_id, a.account_ref, m.bank,
       CASE WHEN s.state = 22 THEN 'settled'
            WHEN s.state = 21 THEN 'parked'
            WHEN t.open_transfer AND t.send_before < clock_timestamp() THEN 'in_doubt'
            WHEN s.state = 20 THEN 'short'
            WHEN s.state IS NOT NULL THEN 'active'
            WHEN o.settlement_id IS NULL AND other.settlement_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM daybook.outcome x
                                 WHERE x.settlement_id = other.settlement_id AND x.state = 22)
                THEN 'blocked'
            ELSE 'waiting' END AS state,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])
           [CASE WHEN t.open_transfer THEN t.step ELSE coalesce(s.step, 1) END] AS step,
       CASE WHEN o.settlement_id IS NOT NULL
            THEN o.held_minor + o.payable_minor + o.residue_minor
                 + CASE WHEN o.follows IS NULL THEN coalesce(p.opening_minor, 0) ELSE 0 END
            END AS floor_minor,
       x.seen_minor, x.deposit_minor, p.repayment_minor, p.hold_minor, x.payout_minor,
       x.residue_minor, s.code, s.code AS reason,
       coalesce(s.at, o.opened_at, b.created_at) AS updated_at
FROM daybook.batch b
JOIN daybook.batch_head h ON h.batch_id = b.batch_id
JOIN daybook.plan p
    ON p.settlement_id >= b.batch_id::bigint << 32
   AND p.settlement_id < (b.batch_id::bigint + 1) << 32
   AND p.revision = h.revision
JOIN daybook.account a ON a.account_id = p.account_id
JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
LEFT JOIN daybook.opening o
    ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
LEFT JOIN LATERAL (
    SELECT n.settlement_id FROM daybook.opening n
    WHERE n.account_id = p.account_id ORDER BY n.ordinal DESC LIMIT 1
) other ON true
LEFT JOIN LATERAL (
    SELECT n.state, n.step, n.code, n.at FROM daybook.outcome n
    WHERE n.settlement_id = p.settlement_id ORDER BY n.seq DESC LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    SELECT max(n.amount_minor) FILTER (WHERE n.state = 7) AS deposit_minor,
           (array_agg(n.amount_minor ORDER BY n.seq DESC) FILTER (WHERE n.state = 20))[1]
               AS seen_minor,
           (sum(CASE n.state WHEN 1 THEN n.amount_minor ELSE -n.amount_minor END)
                FILTER (WHERE n.state IN (1, 4) AND n.step = 4 AND n.kind = 0))::bigint
               AS payout_minor,
           max(coalesce(n.residue_minor, 0)) FILTER (WHERE n.state = 22) AS residue_minor
    FROM daybook.outcome n WHERE n.settlement_id = p.settlement_id
) x ON true
LEFT JOIN LATERAL (
    SELECT i.step,
           NOT EXISTS (SELECT FROM daybook.outcome n
                       WHERE n.settlement_id = i.settlement_id AND n.step = i.step
                         AND n.kind = i.kind AND n.generation = i.generation
                         AND n.state IN (1, 2, 3, 4, 8)) AS open_transfer,
           greatest(i.send_before,
                    (SELECT max(y.send_before) FROM daybook.attempt y
                     WHERE y.settlement_id = i.settlement_id AND y.step = i.step
                       AND y.kind = i.kind AND y.generation = i.generation)) AS send_before
    FROM daybook.intent i
    WHERE i.settlement_id = p.settlement_id
    ORDER BY i.chunk DESC, i.position DESC LIMIT 1
) t ON true;

CREATE VIEW daybook.v_transfer AS
SELECT i.settlement_id, b.batch_id::bigint AS batch_id,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[i.step] AS step,
       i.generation::bigint AS generation,
       (ARRAY['normal', 'undo'])[i.kind + 1] AS kind, f.bank,
       encode(uuid_send(i.idem_key), 'hex') AS idem_key,
       daybook.masked(CASE i.kind WHEN 0 THEN side.own_account ELSE side.far_account END)
           AS from_account,
       daybook.masked(CASE i.kind WHEN 0 THEN side.far_account ELSE side.own_account END)
           AS to_account,
       i.amount_minor,
       CASE d.state WHEN 1 THEN 'accepted' WHEN 2 THEN 'pending' WHEN 3 THEN 'rejected'
                    WHEN 4 THEN 'reversed' WHEN 8 THEN 'rejected'
                    ELSE CASE WHEN greatest(i.send_before,
                                  (SELECT max(y.send_before) FROM daybook.attempt y
                                   WHERE y.settlement_id = i.settlement_id AND y.step = i.step
                                     AND y.kind = i.kind AND y.generation = i.generation))
                                  < clock_timestamp() THEN 'in_doubt'
                              ELSE 'intended' END END AS state,
       d.bank_ref, d.code, encode(uuid_send(i.idem_key), 'hex') AS trace_id,
       i.intended_at, CASE WHEN d.state <> 2 THEN d.at END AS decided_at
FROM daybook.batch b
JOIN daybook.intent i
    ON i.settlement_id >= b.batch_id::bigint << 32
   AND i.settlement_id < (b.batch_id::bigint + 1) << 32
JOIN daybook.mapping m ON m.mapping_id = i.mapping_id
JOIN daybook.bank_profile f ON f.profile_id = i.profile_id
CROSS JOIN LATERAL (
    SELECT CASE i.step WHEN 2 THEN f.collection_account WHEN 3 THEN f.suspense_account
                       ELSE m.payout_account END AS far_account,
           coalesce(nullif(f.pool_account, ''), m.virtual_account) AS own_account
) side
LEFT JOIN LATERAL (
    SELECT n.state, n.bank_ref, n.code, n.at FROM daybook.outcome n
    WHERE n.settlement_id = i.settlement_id AND n.step = i.step AND n.kind = i.kind
      AND n.generation = i.generation AND n.state IN (1, 2, 3, 4, 8)
    ORDER BY n.seq DESC LIMIT 1
) d ON true;

CREATE VIEW daybook.v_entry AS
SELECT b.batch_id::bigint AS batch_id, (e.settlement_id >> 26) & 63 AS partition,
       e.chunk::bigint AS chunk, e.position::bigint AS position, e.settlement_id,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[e.step] AS step,
       e.generation::bigint AS generation,
       (ARRAY['normal', 'undo', 'reversal'])[e.kind + 1] AS kind,
       (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense', 'fee',
              'residue'])[e.debit] AS debit,
       (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense', 'fee',
              'residue'])[e.credit] AS credit,
       e.amount_minor
FROM daybook.batch b
JOIN daybook.entry e
    ON e.settlement_id >= b.batch_id::bigint << 32
   AND e.settlement_id < (b.batch_id::bigint + 1) << 32;

-- The balance is debit - credit for what one has (virtual, collection, receivable, suspense, fee),
-- credit - debit for what one owes (payable, held, residue).
CREATE VIEW daybook.v_balance AS
SELECT s.owner, (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense', 'fee',
                       'residue'])[s.ledger_account] AS ledger_account,
       s.currency, sum(s.debit_minor)::bigint AS debit_minor,
       sum(s.credit_minor)::bigint AS credit_minor,
       (CASE WHEN s.ledger_account IN (2, 5, 8) THEN sum(s.credit_minor) - sum(s.debit_minor)
             ELSE sum(s.debit_minor) - sum(s.credit_minor) END)::bigint AS balance_minor
FROM (
    SELECT CASE WHEN side.ledger_account IN (3, 7) THEN 'house' ELSE a.account_ref END AS owner,
           side.ledger_account, b.currency, side.debit_minor, side.credit_minor
    FROM daybook.entry e
    JOIN daybook.batch b ON b.batch_id = (e.settlement_id >> 32)::int
    JOIN daybook.batch_head h ON h.batch_id = b.batch_id
    JOIN daybook.plan p ON p.settlement_id = e.settlement_id AND p.revision = h.revision
    JOIN daybook.account a ON a.account_id = p.account_id
    CROSS JOIN LATERAL (
        VALUES (e.debit, e.amount_minor, 0::bigint), (e.credit, 0::bigint, e.amount_minor)
    ) side (ledger_account, debit_minor, credit_minor)
) s
GROUP BY s.owner, s.ledger_account, s.currency;

CREATE VIEW daybook.v_chunk AS
SELECT c.batch_id::bigint AS batch_id, c.partition::bigint AS partition, c.chunk::bigint AS chunk,
       c.records::bigint AS records, c.entries::bigint AS entries,
       c.debit_total_minor AS debit_total, c.hash, c.prev_hash, c.epoch::bigint AS epoch,
       c.committed_at
FROM daybook.chunk c;

CREATE VIEW daybook.v_request AS
SELECT r.request_id, r.batch_id::bigint AS batch_id, a.account_ref, r.kind, r.operator, r.reason,
       coalesce(n.state, 'open') AS state, n.answered_at
FROM daybook.request r
LEFT JOIN daybook.account a ON a.account_id = r.account_id
LEFT JOIN daybook.request_answer n ON n.request_id = r.request_id;

REVOKE ALL ON FUNCTION daybook.masked(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION daybook.masked(text)
    TO daybook_engine, daybook_reader, daybook_auditor;
GRANT SELECT ON daybook.v_batch, daybook.v_run, daybook.v_settlement, daybook.v_transfer,
    daybook.v_entry, daybook.v_balance, daybook.v_chunk, daybook.v_request
    TO daybook_engine, daybook_reader, daybook_auditor;

RESET ROLE;
