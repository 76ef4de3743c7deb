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

-- An import of an older program that is under way ends before its plan is counted; one that waits
-- for this does not count, and is refused by the trigger below.
SELECT pg_advisory_xact_lock(7232621904137740916);
LOCK TABLE daybook.plan IN SHARE ROW EXCLUSIVE MODE;

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

-- What was not counted at any bank would be looked for at none.
CREATE FUNCTION daybook.guard_plan_revision()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM added n
               WHERE n.accounts IS DISTINCT FROM (
                   SELECT sum(b.accounts) FROM daybook.plan_bank b
                   WHERE b.batch_id = n.batch_id AND b.revision = n.revision)) THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005',
            MESSAGE = 'the accounts of this plan are not counted by bank',
            HINT = 'Import it with a program that fits the schema.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard AFTER INSERT ON daybook.plan_revision
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.guard_plan_revision();

RESET ROLE;
