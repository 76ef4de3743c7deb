-- The row of a bank's contract as this site uses it, made when it is new.
-- $1 bank, $2 sha256 (hex), $3 collection account, $4 suspense account, $5 text, $6 pool account
WITH made AS (
    INSERT INTO daybook.bank_profile (bank, sha256, collection_account, suspense_account,
                                      pool_account, body)
    VALUES ($1, decode($2, 'hex'), $3, $4, $6, $5)
    ON CONFLICT DO NOTHING
    RETURNING profile_id
)
SELECT profile_id FROM made
UNION ALL
SELECT p.profile_id FROM daybook.bank_profile p
WHERE p.bank = $1 AND p.sha256 = decode($2, 'hex') AND p.collection_account = $3
  AND p.suspense_account = $4 AND p.pool_account = $6
LIMIT 1
