-- The accounts that are not known yet; no parameters.
INSERT INTO daybook.account (account_id, account_ref) OVERRIDING SYSTEM VALUE
SELECT p.account_id, p.account_ref FROM placed p WHERE p.is_new
