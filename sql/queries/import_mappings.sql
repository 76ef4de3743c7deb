-- A new version where any outside name is new.
WITH made AS (
    INSERT INTO daybook.mapping (account_id, version, bank, virtual_account, payout_bank,
                                 payout_account, holder_name)
    SELECT p.account_id, p.version + 1, i.bank, i.virtual_account, i.payout_bank,
           i.payout_account, i.holder_name
    FROM incoming i
    JOIN placed p ON p.position = i.position
    WHERE p.mapping_id IS NULL
    ORDER BY p.account_id
    RETURNING account_id, mapping_id
)
INSERT INTO fresh (account_id, mapping_id) SELECT m.account_id, m.mapping_id FROM made m
