-- Intents of batch $1 that name a profile which is not there.
SELECT i.chunk, i.position
FROM daybook.intent i
LEFT JOIN daybook.bank_profile f ON f.profile_id = i.profile_id
WHERE i.settlement_id >= $1::bigint << 32 AND i.settlement_id < ($1::bigint + 1) << 32
  AND (f.profile_id IS NULL OR octet_length(i.body_sha256) <> 32)
ORDER BY i.chunk, i.position
LIMIT 1
