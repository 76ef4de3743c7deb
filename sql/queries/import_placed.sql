-- The rows with their accounts and mappings: the newest mapping where it says the same as the file
-- (version is NULL), a new version where any outside name is new.
CREATE TEMP TABLE placed ON COMMIT DROP AS
SELECT i.position, i.repayment_minor, i.hold_minor, i.key_seed,
       coalesce(a.account_id, i.account_id) AS account_id,
       CASE WHEN says.the_same THEN newest.mapping_id ELSE i.mapping_id END AS mapping_id,
       a.account_id IS NULL AS is_new,
       CASE WHEN NOT says.the_same THEN coalesce(newest.version, 0) + 1 END AS version,
       i.expected_minor, i.expect_at, i.opening_minor, i.account_ref,
       i.bank, i.virtual_account, i.payout_bank, i.payout_account, i.holder_name
FROM incoming i
LEFT JOIN daybook.account a ON a.account_ref = i.account_ref
LEFT JOIN LATERAL (
    SELECT m.mapping_id, m.version, m.bank, m.virtual_account, m.payout_bank, m.payout_account,
           m.holder_name
    FROM daybook.mapping m
    WHERE m.account_id = a.account_id
    ORDER BY m.version DESC
    LIMIT 1
) newest ON true
CROSS JOIN LATERAL (
    SELECT ((newest.bank, newest.virtual_account, newest.payout_bank, newest.payout_account,
             newest.holder_name)
            = (i.bank, i.virtual_account, i.payout_bank, i.payout_account, i.holder_name)) IS TRUE
) says (the_same)
