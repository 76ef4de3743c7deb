-- Banks of batch $1, revision $2, where what was counted is not what the plan says.
SELECT coalesce(b.bank, p.bank) AS bank
FROM (
    SELECT x.bank, x.accounts, x.collects, x.holds, x.repayment_minor, x.hold_minor, x.expected_minor
    FROM daybook.plan_bank x
    WHERE x.batch_id = $1::int AND x.revision = $2::int
) b
FULL JOIN (
    SELECT m.bank, count(*) AS accounts, count(*) FILTER (WHERE x.repayment_minor > 0) AS collects,
           count(*) FILTER (WHERE x.hold_minor > 0) AS holds,
           sum(x.repayment_minor) AS repayment_minor, sum(x.hold_minor) AS hold_minor,
           coalesce(sum(x.expected_minor), 0) AS expected_minor
    FROM daybook.plan x
    JOIN daybook.mapping m ON m.mapping_id = x.mapping_id
    WHERE x.settlement_id >= $1::bigint << 32 AND x.settlement_id < ($1::bigint + 1) << 32
      AND x.revision = $2::int
    GROUP BY m.bank
) p ON p.bank = b.bank
WHERE (b.accounts, b.collects, b.holds, b.repayment_minor, b.hold_minor, b.expected_minor)
      IS DISTINCT FROM
      (p.accounts, p.collects, p.holds, p.repayment_minor, p.hold_minor, p.expected_minor)
ORDER BY 1
