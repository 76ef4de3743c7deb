-- A new version where any outside name is new; no parameters.
INSERT INTO daybook.mapping (mapping_id, account_id, version, bank, virtual_account, payout_bank,
                             payout_account, holder_name) OVERRIDING SYSTEM VALUE
SELECT p.mapping_id, p.account_id, p.version, p.bank, p.virtual_account, p.payout_bank,
       p.payout_account, p.holder_name
FROM placed p
WHERE p.version IS NOT NULL
