-- Schema daybook: what happened, append-only; and the few heads that move.
-- Applied in one transaction, by a role that may create roles and a schema in this database.

DO $$
DECLARE
    wanted text;
BEGIN
    -- Roles belong to the cluster: another database may have made them already.
    FOREACH wanted IN ARRAY ARRAY['daybook_owner', 'daybook_engine', 'daybook_reader',
                                  'daybook_auditor']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    -- Who applies the schema also runs daybook on a small installation.
    FOREACH wanted IN ARRAY ARRAY['daybook_owner', 'daybook_engine']
    LOOP
        IF NOT pg_catalog.pg_has_role(current_user, wanted, 'member') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA daybook AUTHORIZATION daybook_owner;
SET LOCAL ROLE daybook_owner;

CREATE TABLE daybook.schema_version (
    version int PRIMARY KEY,
    name text NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Which installation this is, wherever a copy of it lies: heads that are known outside the database
-- belong to it. One row.
CREATE TABLE daybook.installation (
    installation_id uuid NOT NULL DEFAULT gen_random_uuid(),
    one boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO daybook.installation DEFAULT VALUES;

-- ---- who ----------------------------------------------------------------------------------------

CREATE TABLE daybook.account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_ref text COLLATE "C" NOT NULL UNIQUE
        CHECK (octet_length(account_ref) BETWEEN 1 AND 64)
);

-- The outside names of an account. A change is a new version; plans and intents name the version.
CREATE TABLE daybook.mapping (
    mapping_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    version int NOT NULL CHECK (version > 0),
    bank text NOT NULL CHECK (octet_length(bank) BETWEEN 1 AND 16),
    virtual_account text NOT NULL CHECK (octet_length(virtual_account) BETWEEN 1 AND 40),
    payout_bank text NOT NULL CHECK (octet_length(payout_bank) BETWEEN 1 AND 16),
    payout_account text NOT NULL CHECK (octet_length(payout_account) BETWEEN 1 AND 40),
    holder_name text NOT NULL CHECK (octet_length(holder_name) BETWEEN 1 AND 70),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (account_id, version)
);

-- Whose a number is, for good: an account may get another, but nobody else gets this one. What was
-- left in it is the floor of that account's next settlement.
CREATE TABLE daybook.virtual_account (
    bank text COLLATE "C" NOT NULL,
    virtual_account text COLLATE "C" NOT NULL,
    account_id bigint NOT NULL,
    PRIMARY KEY (bank, virtual_account)
);

-- A bank's contract and this site's accounts there, as they were told to it. Intents refer to it.
CREATE TABLE daybook.bank_profile (
    profile_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank text NOT NULL CHECK (octet_length(bank) BETWEEN 1 AND 16),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    collection_account text NOT NULL DEFAULT '',
    suspense_account text NOT NULL DEFAULT '',
    pool_account text NOT NULL DEFAULT '', -- where it is given, transfers go from it
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (bank, sha256, collection_account, suspense_account, pool_account)
);

-- ---- what was planned ---------------------------------------------------------------------------

CREATE TABLE daybook.batch (
    batch_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cohort text NOT NULL CHECK (octet_length(cohort) BETWEEN 1 AND 64),
    settle_date date NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (cohort, settle_date)
);

CREATE TABLE daybook.plan_revision (
    batch_id int NOT NULL,
    revision int NOT NULL CHECK (revision > 0),
    accounts int NOT NULL CHECK (accounts > 0),
    partitions int NOT NULL CHECK (partitions BETWEEN 1 AND 64),
    plan_digest bytea NOT NULL CHECK (octet_length(plan_digest) = 32),
    operator text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, revision)
);

-- A head: which revision holds, whether it is frozen and how its holds are made, and the newest
-- epoch given out.
CREATE TABLE daybook.batch_head (
    batch_id int PRIMARY KEY,
    revision int NOT NULL CHECK (revision > 0),
    epoch int NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    frozen_at timestamptz,
    closed_at timestamptz,
    hold_by_transfer boolean, -- run.hold, with the plan: what was posted cannot go on as transfers
    CHECK ((frozen_at IS NULL) = (hold_by_transfer IS NULL))
) WITH (fillfactor = 20);

-- settlement_id = batch << 32 | partition << 26 | position, positions from 1.
CREATE TABLE daybook.plan (
    settlement_id bigint NOT NULL,
    account_id bigint NOT NULL,
    mapping_id bigint NOT NULL,
    repayment_minor bigint NOT NULL CHECK (repayment_minor >= 0),
    hold_minor bigint NOT NULL CHECK (hold_minor >= 0),
    key_seed uuid NOT NULL,
    revision int NOT NULL,
    expected_minor bigint CHECK (expected_minor > 0),
    expect_at timestamptz,
    opening_minor bigint CHECK (opening_minor >= 0),
    PRIMARY KEY (settlement_id, revision)
);

-- ---- what happened ------------------------------------------------------------------------------

-- An account's settlements in the order in which they opened: a chain without branches.
-- What the followed one left in the account is the floor of this one.
CREATE TABLE daybook.opening (
    account_id bigint NOT NULL,
    settlement_id bigint NOT NULL,
    follows bigint,
    held_minor bigint NOT NULL DEFAULT 0,
    payable_minor bigint NOT NULL DEFAULT 0,
    residue_minor bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL DEFAULT now(),
    ordinal int NOT NULL,
    CHECK (ordinal = 1 AND follows IS NULL OR ordinal > 1 AND follows <> settlement_id),
    PRIMARY KEY (account_id, ordinal)
);

-- A head: the newest chunk of a partition, and who may write the next.
CREATE TABLE daybook.head (
    records bigint NOT NULL DEFAULT 0,
    entries bigint NOT NULL DEFAULT 0,
    debit_total_minor bigint NOT NULL DEFAULT 0,
    batch_id int NOT NULL,
    epoch int NOT NULL,
    chunk int NOT NULL DEFAULT 0,
    partition smallint NOT NULL CHECK (partition BETWEEN 0 AND 63),
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(hash) = 32),
    PRIMARY KEY (batch_id, partition)
) WITH (fillfactor = 20);

CREATE TABLE daybook.chunk (
    debit_total_minor bigint NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    batch_id int NOT NULL,
    chunk int NOT NULL CHECK (chunk > 0),
    epoch int NOT NULL,
    records int NOT NULL,
    entries int NOT NULL,
    partition smallint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    PRIMARY KEY (batch_id, partition, chunk)
);

-- The four kinds of record. Chunks COPY into them: no foreign keys, no row triggers, one index each.
-- Numbers of step, kind, state and ledger account are those of engine/core/port.h.

CREATE TABLE daybook.intent (
    settlement_id bigint NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    mapping_id bigint NOT NULL,
    intended_at timestamptz NOT NULL,
    send_before timestamptz NOT NULL,
    idem_key uuid NOT NULL,
    chunk int NOT NULL,
    position int NOT NULL,
    profile_id int NOT NULL,
    step smallint NOT NULL,
    kind smallint NOT NULL,
    generation smallint NOT NULL,
    body_sha256 bytea NOT NULL,
    PRIMARY KEY (settlement_id, step, kind, generation)
);

-- Sends after the first; that one is the intent itself.
CREATE TABLE daybook.attempt (
    settlement_id bigint NOT NULL,
    at timestamptz NOT NULL,
    send_before timestamptz NOT NULL,
    chunk int NOT NULL,
    position int NOT NULL,
    step smallint NOT NULL,
    kind smallint NOT NULL,
    generation smallint NOT NULL,
    number smallint NOT NULL,
    PRIMARY KEY (settlement_id, step, kind, generation, number)
);

-- Amounts other than amount_minor are NULL where they are 0, texts where they are empty.
CREATE TABLE daybook.outcome (
    settlement_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    at timestamptz NOT NULL,
    chunk int NOT NULL,
    position int NOT NULL,
    seq smallint NOT NULL,
    step smallint NOT NULL,
    kind smallint NOT NULL,
    generation smallint NOT NULL,
    state smallint NOT NULL,
    available_minor bigint,
    held_minor bigint,
    residue_minor bigint,
    code text,
    bank_ref text,
    PRIMARY KEY (settlement_id, seq)
);

-- Double entry, balanced by construction: one row is one amount from one account to another.
CREATE TABLE daybook.entry (
    settlement_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    chunk int NOT NULL,
    position int NOT NULL,
    step smallint NOT NULL,
    kind smallint NOT NULL,
    generation smallint NOT NULL,
    line smallint NOT NULL,
    debit smallint NOT NULL,
    credit smallint NOT NULL,
    CHECK (amount_minor > 0 AND debit <> credit),
    PRIMARY KEY (settlement_id, step, kind, generation, line)
);

-- ---- who ran it ---------------------------------------------------------------------------------

CREATE TABLE daybook.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id int NOT NULL,
    epoch int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('run', 'resume', 'rerun')),
    operator text NOT NULL,
    reason text,
    host text NOT NULL,
    pid int NOT NULL,
    control_pid int NOT NULL,           -- the backend that holds the batch's lock
    control_start timestamptz NOT NULL, -- … since when: process ids come again
    timeline bigint NOT NULL,           -- of the server's WAL: another one after a restore
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    exit_code int,
    CHECK ((ended_at IS NULL) = (exit_code IS NULL)),
    UNIQUE (batch_id, epoch)
) WITH (fillfactor = 20);

-- Every run ends with one of these a partition.
CREATE TABLE daybook.closing (
    batch_id int NOT NULL,
    partition smallint NOT NULL,
    run_id bigint NOT NULL,
    chunk int NOT NULL,
    records bigint NOT NULL,
    entries bigint NOT NULL,
    debit_total_minor bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    settled bigint NOT NULL,
    short bigint NOT NULL,
    parked bigint NOT NULL,
    blocked bigint NOT NULL,
    waiting bigint NOT NULL,
    active bigint NOT NULL,
    pending bigint NOT NULL,
    in_doubt bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, partition, run_id)
);

-- What people ask for, and what became of it.
CREATE TABLE daybook.request (
    request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id int NOT NULL,
    account_id bigint,
    kind text NOT NULL,
    operator text NOT NULL,
    reason text NOT NULL,
    body jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE daybook.request_answer (
    request_id bigint PRIMARY KEY,
    state text NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

RESET ROLE;
