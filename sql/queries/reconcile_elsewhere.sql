-- What other batches than $1 told bank $2 (NULL: all): key, and the bank's references.
SELECT i.idem_key, coalesce(o.bank_ref, '') AS bank_ref
FROM daybook.intent i
JOIN daybook.bank_profile f ON f.profile_id = i.profile_id
LEFT JOIN daybook.outcome o
    ON o.settlement_id = i.settlement_id AND o.step = i.step AND o.kind = i.kind
   AND o.generation = i.generation AND o.state IN (1, 2, 4)
WHERE (i.settlement_id < $1::bigint << 32 OR i.settlement_id >= ($1::bigint + 1) << 32)
  AND ($2::text IS NULL OR f.bank = $2)
