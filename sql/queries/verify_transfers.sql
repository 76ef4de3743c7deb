-- Every accepted transfer that was not reversed, as the bank was told it; bank $1 or all.
SELECT encode(uuid_send(i.idem_key), 'hex') AS idem_key,
       CASE i.kind WHEN 0 THEN side.own_account ELSE side.far_account END AS from_account,
       CASE i.kind WHEN 0 THEN side.far_account ELSE side.own_account END AS to_account,
       i.amount_minor, b.cohort, b.settle_date::text
FROM daybook.outcome o
JOIN daybook.intent i
    ON i.settlement_id = o.settlement_id AND i.step = o.step AND i.kind = o.kind
   AND i.generation = o.generation
JOIN daybook.mapping m ON m.mapping_id = i.mapping_id
JOIN daybook.bank_profile f ON f.profile_id = i.profile_id
JOIN daybook.batch b ON b.batch_id = (i.settlement_id >> 32)::int
CROSS JOIN LATERAL (
    SELECT CASE i.step WHEN 2 THEN f.collection_account WHEN 3 THEN f.suspense_account
                       ELSE m.payout_account END AS far_account,
           coalesce(nullif(f.pool_account, ''), m.virtual_account) AS own_account
) side
WHERE o.state = 1 AND ($1::text IS NULL OR f.bank = $1)
  AND NOT EXISTS (SELECT FROM daybook.outcome x
                  WHERE x.settlement_id = o.settlement_id AND x.step = o.step AND x.kind = o.kind
                    AND x.generation = o.generation AND x.state = 4)
