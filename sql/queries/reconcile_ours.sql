-- The transfers that a bank is asked about, as it was told them, and where they stand: of batch $1
-- (NULL: all) at bank $2 (NULL: all). $3, $4: those intended around that span of time (NULL: all), or
-- with $5 all the others. $6 to $7: what was accepted in it the bank must show ($8: and intended in it);
-- $9: open for longer is too long, in microseconds.
SELECT i.idem_key,
       CASE i.kind WHEN 0 THEN side.own_account ELSE side.far_account END AS from_account,
       CASE i.kind WHEN 0 THEN side.far_account ELSE side.own_account END AS to_account,
       i.amount_minor, b.currency, a.account_ref, f.bank, i.settlement_id, i.step, i.kind,
       i.generation, coalesce(d.state, 0::smallint) AS state, coalesce(d.bank_ref, '') AS bank_ref,
       CASE WHEN d.state IS NULL THEN
           greatest(i.send_before,
                    (SELECT max(y.send_before) FROM daybook.attempt y
                     WHERE y.settlement_id = i.settlement_id AND y.step = i.step
                       AND y.kind = i.kind AND y.generation = i.generation)) >= clock_timestamp()
           ELSE false END AS may_be_sent,
       i.intended_at < clock_timestamp() - $9::bigint * interval '1 us' AS is_old,
       coalesce(d.at < $7::timestamptz
                AND CASE WHEN $8::boolean THEN i.intended_at ELSE d.at END >= $6::timestamptz,
                false) AS is_demanded
FROM daybook.intent i
JOIN daybook.bank_profile f ON f.profile_id = i.profile_id
JOIN daybook.mapping m ON m.mapping_id = i.mapping_id
JOIN daybook.account a ON a.account_id = m.account_id
JOIN daybook.batch b ON b.batch_id = (i.settlement_id >> 32)::int
CROSS JOIN LATERAL (
    SELECT CASE i.step WHEN 2 THEN f.collection_account WHEN 3 THEN f.suspense_account
                       ELSE m.payout_account END AS far_account,
           coalesce(nullif(f.pool_account, ''), m.virtual_account) AS own_account
) side
LEFT JOIN (
    SELECT DISTINCT ON (o.settlement_id, o.step, o.kind, o.generation)
           o.settlement_id, o.step, o.kind, o.generation, o.state, o.bank_ref, o.at
    FROM daybook.outcome o
    WHERE o.state IN (1, 2, 3, 4, 8, 9)
      AND o.settlement_id >= coalesce($1::bigint << 32, 0)
      AND o.settlement_id < coalesce(($1::bigint + 1) << 32, 9223372036854775807)
    ORDER BY o.settlement_id, o.step, o.kind, o.generation, o.seq DESC
) d ON d.settlement_id = i.settlement_id AND d.step = i.step AND d.kind = i.kind
   AND d.generation = i.generation
WHERE i.settlement_id >= coalesce($1::bigint << 32, 0)
  AND i.settlement_id < coalesce(($1::bigint + 1) << 32, 9223372036854775807)
  AND ($2::text IS NULL OR f.bank = $2)
  AND ($3::timestamptz IS NULL
       OR (i.intended_at >= $3 - interval '3 days'
           AND i.intended_at < $4::timestamptz + interval '1 day') <> $5::boolean)
ORDER BY i.settlement_id, i.step, i.kind, i.generation
