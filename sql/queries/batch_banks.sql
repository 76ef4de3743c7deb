-- The banks of batch $1, revision $2, with what is planned at each.
SELECT m.bank, count(*) AS accounts, sum(p.repayment_minor)::bigint AS repayment,
       sum(p.hold_minor)::bigint AS hold, coalesce(sum(p.expected_minor), 0)::bigint AS expected
FROM daybook.plan p
JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
  AND p.revision = $2::int
GROUP BY m.bank
ORDER BY m.bank
