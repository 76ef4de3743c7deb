-- That a batch was compared with a bank's own book, and what that proved. After a restore or a
-- failover a batch is paid from again only where its newest transfers were looked for at every bank.
SET LOCAL ROLE daybook_owner;

CREATE TABLE daybook.reconciliation (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY,
    batch_id int NOT NULL,
    partition smallint NOT NULL,
    bank text NOT NULL CHECK (octet_length(bank) BETWEEN 1 AND 16),
    timeline bigint NOT NULL,    -- of the server, when the ledger was read
    chunk int NOT NULL,          -- the partition's head then; 0: nothing written yet
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    listed_from timestamptz NOT NULL,
    listed_to timestamptz NOT NULL,
    bank_lines bigint NOT NULL CHECK (bank_lines >= 0),
    agreed bigint NOT NULL CHECK (agreed >= 0),
    under_way bigint NOT NULL CHECK (under_way >= 0),
    missing_at_bank bigint NOT NULL,
    missing_here bigint NOT NULL,
    missing_here_asked bigint NOT NULL, -- of these, intended here: a run asks the bank by key first
    amount bigint NOT NULL,
    duplicate bigint NOT NULL,
    returned bigint NOT NULL,
    status bigint NOT NULL,
    -- The whole book was read, after all that was sent before had arrived, and the bank has nothing
    -- that this ledger lacks: it may be paid from on this timeline.
    lifts boolean NOT NULL,
    operator text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (NOT lifts OR (missing_here = missing_here_asked AND missing_at_bank = 0 AND amount = 0
                         AND duplicate = 0)),
    PRIMARY KEY (reconciliation_id)
);
CREATE INDEX ON daybook.reconciliation (batch_id, bank);

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON daybook.reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.refuse_change();

GRANT SELECT, INSERT ON daybook.reconciliation TO daybook_engine;
GRANT SELECT ON daybook.reconciliation TO daybook_auditor;

CREATE VIEW daybook.v_reconciliation AS
SELECT r.reconciliation_id, r.batch_id::bigint AS batch_id, r.partition::bigint AS partition, r.bank,
       r.timeline, r.chunk::bigint AS chunk, r.hash, r.listed_from, r.listed_to, r.bank_lines,
       r.agreed, r.under_way, r.missing_at_bank, r.missing_here, r.missing_here_asked, r.amount,
       r.duplicate, r.returned, r.status, r.lifts, r.operator, r.created_at
FROM daybook.reconciliation r;
GRANT SELECT ON daybook.v_reconciliation TO daybook_engine, daybook_reader, daybook_auditor;

RESET ROLE;
