-- What a revision plans at each bank, as the import counted it: a run asks it at each start, and the
-- plan of a large batch is long. `verify` proves that it is what the plan says.
SET LOCAL ROLE daybook_owner;

CREATE TABLE daybook.plan_bank (
    batch_id int NOT NULL,
    revision int NOT NULL,
    bank text COLLATE "C" NOT NULL CHECK (octet_length(bank) BETWEEN 1 AND 16),
    accounts int NOT NULL CHECK (accounts > 0),
    collects int NOT NULL CHECK (collects BETWEEN 0 AND accounts), -- accounts with a repayment
    holds int NOT NULL CHECK (holds BETWEEN 0 AND accounts),       -- accounts with a hold
    repayment_minor bigint NOT NULL,
    hold_minor bigint NOT NULL,
    expected_minor bigint NOT NULL, -- of those where something is expected
    PRIMARY KEY (batch_id, revision, bank)
);

INSERT INTO daybook.plan_bank (batch_id, revision, bank, accounts, collects, holds,
                               repayment_minor, hold_minor, expected_minor)
SELECT (p.settlement_id >> 32)::int, p.revision, m.bank, count(*),
       count(*) FILTER (WHERE p.repayment_minor > 0), count(*) FILTER (WHERE p.hold_minor > 0),
       sum(p.repayment_minor), sum(p.hold_minor), coalesce(sum(p.expected_minor), 0)
FROM daybook.plan p
JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
GROUP BY 1, 2, 3;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON daybook.plan_bank
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.refuse_change();

GRANT SELECT, INSERT ON daybook.plan_bank TO daybook_engine;
GRANT SELECT ON daybook.plan_bank TO daybook_auditor;

RESET ROLE;
