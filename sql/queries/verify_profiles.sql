-- Every bank profile that was ever used, by id.
SELECT f.profile_id, f.bank, f.collection_account, f.suspense_account, f.body,
       sha256(convert_to(f.body, 'UTF8')) = f.sha256 AS sha256_fits,
       f.pool_account
FROM daybook.bank_profile f
ORDER BY f.profile_id
