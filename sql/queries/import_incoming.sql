-- Where an import stands until it is in: the file's rows, their accounts, their new mappings.
SET LOCAL work_mem = '256MB';
SET LOCAL jit = off;
CREATE TEMP TABLE incoming (
    position int NOT NULL,
    account_ref text COLLATE "C" NOT NULL,
    bank text NOT NULL,
    virtual_account text NOT NULL,
    payout_bank text NOT NULL,
    payout_account text NOT NULL,
    holder_name text NOT NULL,
    repayment_minor bigint NOT NULL,
    hold_minor bigint NOT NULL,
    expected_minor bigint,
    expect_at timestamptz,
    opening_minor bigint,
    key_seed uuid NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE placed (
    position int NOT NULL,
    account_id bigint NOT NULL,
    version int NOT NULL,
    mapping_id bigint
) ON COMMIT DROP;
CREATE TEMP TABLE fresh (account_id bigint NOT NULL, mapping_id bigint NOT NULL) ON COMMIT DROP
