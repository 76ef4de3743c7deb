-- import_placed of accounts that are all new: the rows as they came. It goes with its table.
CREATE TEMP VIEW placed AS
SELECT i.position, i.repayment_minor, i.hold_minor, i.key_seed, i.account_id, i.mapping_id,
       true AS is_new, 1 AS version, i.expected_minor, i.expect_at, i.opening_minor, i.account_ref,
       i.bank, i.virtual_account, i.payout_bank, i.payout_account, i.holder_name
FROM incoming i
