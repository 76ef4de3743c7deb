-- Where an import stands until it is in: the file's rows. Each has numbers for a new account and a new
-- mapping ready, used where they are new. What has a fixed width comes first: it is found fastest.
-- Each account is there once: keeping what was looked up for it would be of no use.
SET LOCAL work_mem = '256MB';
SET LOCAL jit = off;
SET LOCAL enable_memoize = off;
SET LOCAL default_statistics_target = 10;
CREATE TEMP TABLE incoming (
    position int NOT NULL,
    repayment_minor bigint NOT NULL,
    hold_minor bigint NOT NULL,
    key_seed uuid NOT NULL,
    account_id bigint NOT NULL DEFAULT nextval('daybook.account_account_id_seq'),
    mapping_id bigint NOT NULL DEFAULT nextval('daybook.mapping_mapping_id_seq'),
    expected_minor bigint,
    expect_at timestamptz,
    opening_minor bigint,
    account_ref text COLLATE "C" NOT NULL,
    bank text NOT NULL,
    virtual_account text NOT NULL,
    payout_bank text NOT NULL,
    payout_account text NOT NULL,
    holder_name text NOT NULL
) ON COMMIT DROP
