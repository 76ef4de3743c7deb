-- Rows whose virtual account belongs to another account, and to which. A mapping that is there already
-- has its number.
SELECT p.position, p.account_ref, a.account_ref AS owner
FROM placed p
JOIN daybook.virtual_account v ON v.bank = p.bank AND v.virtual_account = p.virtual_account
JOIN daybook.account a ON a.account_id = v.account_id
WHERE p.version IS NOT NULL AND v.account_id <> p.account_id
ORDER BY p.position
LIMIT 21
