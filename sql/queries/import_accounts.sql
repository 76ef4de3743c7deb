-- The accounts that are not known yet; no parameters.
INSERT INTO daybook.account (account_ref)
SELECT i.account_ref FROM incoming i
WHERE NOT EXISTS (SELECT FROM daybook.account a WHERE a.account_ref = i.account_ref)
ORDER BY i.account_ref
