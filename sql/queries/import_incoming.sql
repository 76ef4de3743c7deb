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
) ON COMMIT DROP
