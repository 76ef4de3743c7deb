-- A further version of account $1's outside names: those of mapping $2, with $3 payout bank, $4 payout
-- account, $5 holder name in their place where they are not NULL. The one that is there already where
-- it says the same.
WITH wanted AS (
    SELECT m.account_id, m.bank, m.virtual_account, coalesce($3, m.payout_bank) AS payout_bank,
           coalesce($4, m.payout_account) AS payout_account,
           coalesce($5, m.holder_name) AS holder_name
    FROM daybook.mapping m WHERE m.mapping_id = $2::bigint AND m.account_id = $1::bigint
), there AS (
    SELECT m.mapping_id FROM daybook.mapping m JOIN wanted w
        ON (m.account_id, m.bank, m.virtual_account, m.payout_bank, m.payout_account,
            m.holder_name)
         = (w.account_id, w.bank, w.virtual_account, w.payout_bank, w.payout_account, w.holder_name)
    ORDER BY m.version DESC LIMIT 1
), added AS (
    INSERT INTO daybook.mapping (account_id, version, bank, virtual_account, payout_bank,
                                 payout_account, holder_name)
    SELECT w.account_id,
           1 + (SELECT max(m.version) FROM daybook.mapping m WHERE m.account_id = w.account_id),
           w.bank, w.virtual_account, w.payout_bank, w.payout_account, w.holder_name
    FROM wanted w WHERE NOT EXISTS (SELECT FROM there)
    RETURNING mapping_id
)
SELECT mapping_id FROM there UNION ALL SELECT mapping_id FROM added
