-- A new version where any outside name differs from the newest one.
INSERT INTO daybook.mapping (account_id, version, bank, virtual_account, payout_bank,
                             payout_account, holder_name)
SELECT a.account_id, coalesce(newest.version, 0) + 1, i.bank, i.virtual_account, i.payout_bank,
       i.payout_account, i.holder_name
FROM incoming i
JOIN daybook.account a ON a.account_ref = i.account_ref
LEFT JOIN (
    SELECT DISTINCT ON (m.account_id) m.account_id, m.version, m.bank, m.virtual_account,
           m.payout_bank, m.payout_account, m.holder_name
    FROM daybook.mapping m
    ORDER BY m.account_id, m.version DESC
) newest ON newest.account_id = a.account_id
WHERE newest.version IS NULL
   OR (newest.bank, newest.virtual_account, newest.payout_bank, newest.payout_account,
       newest.holder_name)
      IS DISTINCT FROM
      (i.bank, i.virtual_account, i.payout_bank, i.payout_account, i.holder_name)
ORDER BY a.account_id
