-- Rows whose virtual account belongs to another account, and to which.
SELECT i.position, i.account_ref, a.account_ref AS owner
FROM incoming i
JOIN daybook.virtual_account v ON v.bank = i.bank AND v.virtual_account = i.virtual_account
JOIN daybook.account a ON a.account_id = v.account_id
WHERE a.account_ref <> i.account_ref
ORDER BY i.position
LIMIT 21
