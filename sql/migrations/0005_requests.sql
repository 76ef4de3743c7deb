-- Requests: what people ask for, what became of it, and the ends that a settlement can have besides
-- being settled. An outcome's states: below 20 of a step, 20 short, 21 parked, 22 to 26 its end
-- (settled, compensated, returned, superseded, written off), 30 compensating, 31 released,
-- 32 floor raised.
SET LOCAL ROLE daybook_owner;

-- ---- what is asked for --------------------------------------------------------------------------

-- Of a settlement, or (settlement_id NULL) of the run. What the person saw of the transfer that a
-- `paid`, `paid_by_hand` or `not_paid` is about stands in step, transfer, generation and attempts:
-- a newer attempt makes the request stale.
ALTER TABLE daybook.request
    ADD COLUMN settlement_id bigint,
    ADD COLUMN after_request bigint, -- answered only when that one is done
    ADD COLUMN amount_minor bigint NOT NULL DEFAULT 0, -- raise: payable; rate: calls a second
    ADD COLUMN residue_minor bigint NOT NULL DEFAULT 0, -- raise
    ADD COLUMN mapping_id bigint NOT NULL DEFAULT 0,   -- amend: the version that counts from now on
    ADD COLUMN step smallint NOT NULL DEFAULT 0,
    ADD COLUMN transfer smallint NOT NULL DEFAULT 0,
    ADD COLUMN generation smallint NOT NULL DEFAULT 0,
    ADD COLUMN attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN bank text NOT NULL DEFAULT '',     -- rate
    ADD COLUMN bank_ref text NOT NULL DEFAULT '', -- paid, paid_by_hand: where it can be found
    ADD CONSTRAINT request_kind CHECK (kind IN (
        'paid', 'paid_by_hand', 'not_paid', 'park', 'release', 'amend', 'write_off', 'rate',
        'supersede', 'return', 'raise')),
    ADD CONSTRAINT request_about CHECK (
        CASE WHEN kind = 'rate' THEN settlement_id IS NULL AND amount_minor > 0 AND bank <> ''
             ELSE settlement_id IS NOT NULL AND settlement_id >> 32 = batch_id END),
    ADD CONSTRAINT request_amount CHECK (CASE kind
        WHEN 'raise' THEN amount_minor BETWEEN 1 AND 999999999999999999
                          AND residue_minor BETWEEN -amount_minor AND 0
        WHEN 'rate' THEN amount_minor BETWEEN 1 AND 1000000
        ELSE amount_minor = 0 END),
    ADD CONSTRAINT request_mapping CHECK ((kind = 'amend') = (mapping_id > 0)),
    ADD CONSTRAINT request_transfer CHECK (
        step BETWEEN 0 AND 5 AND transfer BETWEEN 0 AND 1 AND generation >= 0 AND attempts >= 0),
    ADD CONSTRAINT request_person CHECK (octet_length(operator) BETWEEN 1 AND 64
                                         AND octet_length(reason) BETWEEN 1 AND 400),
    ADD CONSTRAINT request_bank_ref CHECK (octet_length(bank_ref) <= 47);
CREATE INDEX request_batch ON daybook.request (batch_id, request_id);

-- What became of it: a record of the chunk that carries its effect. One a partition; of a run's
-- (settlement_id NULL) under position 0.
DROP VIEW daybook.v_request;
DROP TABLE daybook.request_answer;
CREATE TABLE daybook.decision (
    settlement_id bigint NOT NULL,
    request_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    mapping_id bigint NOT NULL,
    at timestamptz NOT NULL,
    chunk int NOT NULL,
    position int NOT NULL,
    request_kind smallint NOT NULL,
    state smallint NOT NULL,
    code text, -- why not; NULL: done
    PRIMARY KEY (settlement_id, request_id)
);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON daybook.decision
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.refuse_change();

CREATE VIEW daybook.v_request AS
SELECT r.request_id, r.batch_id::bigint AS batch_id, a.account_ref, r.kind, r.operator, r.reason,
       coalesce((ARRAY['done', 'refused', 'busy', 'stale'])[d.state], 'open') AS state,
       d.at AS answered_at, d.code, r.created_at, r.settlement_id
FROM daybook.request r
LEFT JOIN daybook.account a ON a.account_id = r.account_id
LEFT JOIN LATERAL (
    SELECT x.state, x.at, x.code FROM daybook.decision x
    WHERE x.settlement_id = coalesce(r.settlement_id, r.batch_id::bigint << 32)
      AND x.request_id = r.request_id
) d ON true;

-- ---- the plan gives held money back, or not -----------------------------------------------------

-- run.unhold, frozen with the plan as run.hold is.
ALTER TABLE daybook.batch_head ADD COLUMN unhold boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION daybook.guard_batch_head()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    IF OLD.frozen_at IS NOT NULL
       AND (NEW.revision <> OLD.revision OR NEW.frozen_at IS DISTINCT FROM OLD.frozen_at
            OR NEW.hold_by_transfer IS DISTINCT FROM OLD.hold_by_transfer
            OR NEW.unhold IS DISTINCT FROM OLD.unhold) THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005',
            MESSAGE = format('the plan of batch %s is frozen', OLD.batch_id),
            HINT = 'Import other input as another batch.';
    END IF;
    IF NEW.batch_id <> OLD.batch_id OR NEW.epoch < OLD.epoch OR NEW.revision < OLD.revision THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005',
            MESSAGE = format('the head of batch %s cannot go back', OLD.batch_id);
    END IF;
    RETURN NEW;
END
$$;

-- Settlements that ended otherwise than settled.
ALTER TABLE daybook.closing ADD COLUMN ended bigint NOT NULL DEFAULT 0;

-- ---- views --------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW daybook.v_settlement AS
SELECT p.settlement_id, b.batch_id::bigint AS batch_id, a.account_ref, m.bank,
       CASE WHEN e.state IS NOT NULL
            THEN (ARRAY['settled', 'compensated', 'returned', 'superseded', 'written_off'])
                     [e.state - 21]
            WHEN s.state = 21 THEN 'parked'
            WHEN t.open_transfer AND t.send_before < clock_timestamp() THEN 'in_doubt'
            WHEN s.state = 20 THEN 'short'
            WHEN x.is_compensating THEN 'compensating'
            WHEN x.deposit_minor IS NOT NULL THEN 'active'
            WHEN o.settlement_id IS NULL AND other.settlement_id IS NOT NULL
                 AND NOT EXISTS (SELECT FROM daybook.outcome n
                                 WHERE n.settlement_id = other.settlement_id
                                   AND n.state BETWEEN 22 AND 26)
                THEN 'blocked'
            ELSE 'waiting' END AS state,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])
           [CASE WHEN t.open_transfer THEN t.step ELSE coalesce(s.step, 1) END] AS step,
       CASE WHEN o.settlement_id IS NOT NULL
            THEN o.held_minor + o.payable_minor + o.residue_minor + x.raised_minor
                 + CASE WHEN o.follows IS NULL THEN coalesce(p.opening_minor, 0) ELSE 0 END
            END AS floor_minor,
       x.seen_minor, x.deposit_minor, p.repayment_minor, p.hold_minor, x.payout_minor,
       e.residue_minor, s.code, s.code AS reason,
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
    SELECT n.state, coalesce(n.residue_minor, 0) AS residue_minor FROM daybook.outcome n
    WHERE n.settlement_id = p.settlement_id AND n.state BETWEEN 22 AND 26
    ORDER BY n.seq DESC LIMIT 1
) e ON true
LEFT JOIN LATERAL (
    SELECT max(n.amount_minor) FILTER (WHERE n.state = 7) AS deposit_minor,
           (array_agg(n.amount_minor ORDER BY n.seq DESC) FILTER (WHERE n.state = 20))[1]
               AS seen_minor,
           (sum(CASE WHEN n.state = 4 THEN -n.amount_minor ELSE n.amount_minor END)
                FILTER (WHERE n.state IN (1, 4, 9) AND n.step = 4 AND n.kind = 0))::bigint
               AS payout_minor,
           -- Of what was raised after the deposit, all is residue, and the floor as it was stays.
           coalesce(sum(n.amount_minor + coalesce(n.residue_minor, 0))
                        FILTER (WHERE n.state = 32 AND n.amount_minor > 0), 0)::bigint
               AS raised_minor,
           coalesce(bool_or(n.state = 30), false) AS is_compensating
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

-- ---- rights -------------------------------------------------------------------------------------

GRANT SELECT ON daybook.decision TO daybook_engine, daybook_auditor;
GRANT INSERT ON daybook.decision TO daybook_engine;
GRANT UPDATE (unhold) ON daybook.batch_head TO daybook_engine;
GRANT SELECT ON daybook.v_request TO daybook_engine, daybook_reader, daybook_auditor;

RESET ROLE;
