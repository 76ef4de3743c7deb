-- The file's rows, in the order of their positions and of these columns.
COPY incoming (position, account_ref, bank, virtual_account, payout_bank, payout_account, holder_name,
               repayment_minor, hold_minor, expected_minor, expect_at, opening_minor, key_seed)
FROM STDIN (FORMAT binary)
