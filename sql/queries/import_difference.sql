-- What the file would change in the frozen plan: one row an account, changed fields by name.
SELECT coalesce(i.account_ref, p.account_ref) AS account_ref,
       CASE WHEN p.account_ref IS NULL THEN 'added'
            WHEN i.account_ref IS NULL THEN 'removed'
            ELSE 'changed' END AS change,
       CASE WHEN p.account_ref IS NOT NULL AND i.account_ref IS NOT NULL THEN
       concat_ws(', ',
           CASE WHEN i.bank <> p.bank THEN 'bank' END,
           CASE WHEN i.virtual_account <> p.virtual_account THEN 'virtual_account' END,
           CASE WHEN i.payout_bank <> p.payout_bank THEN 'payout_bank' END,
           CASE WHEN i.payout_account <> p.payout_account THEN 'payout_account' END,
           CASE WHEN i.holder_name <> p.holder_name THEN 'holder_name' END,
           CASE WHEN i.repayment_minor <> p.repayment_minor
                THEN format('repayment_minor %s to %s', p.repayment_minor, i.repayment_minor) END,
           CASE WHEN i.hold_minor <> p.hold_minor
                THEN format('hold_minor %s to %s', p.hold_minor, i.hold_minor) END,
           CASE WHEN i.expected_minor IS DISTINCT FROM p.expected_minor
                THEN format('expected_minor %s to %s', coalesce(p.expected_minor::text, 'none'),
                            coalesce(i.expected_minor::text, 'none')) END,
           CASE WHEN i.expect_at IS DISTINCT FROM p.expect_at THEN 'expect_at' END,
           CASE WHEN i.opening_minor IS DISTINCT FROM p.opening_minor
                THEN format('opening_minor %s to %s', coalesce(p.opening_minor::text, 'none'),
                            coalesce(i.opening_minor::text, 'none')) END) ELSE '' END AS what,
       count(*) OVER (PARTITION BY CASE WHEN p.account_ref IS NULL THEN 'added'
            WHEN i.account_ref IS NULL THEN 'removed' ELSE 'changed' END) AS alike
FROM incoming i
FULL JOIN (
    SELECT a.account_ref, m.bank, m.virtual_account, m.payout_bank, m.payout_account,
           m.holder_name, p.repayment_minor, p.hold_minor, p.expected_minor, p.expect_at,
           p.opening_minor
    FROM daybook.plan p
    JOIN daybook.account a ON a.account_id = p.account_id
    JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
    WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
      AND p.revision = $2::int
) p ON p.account_ref = i.account_ref
WHERE (i.bank, i.virtual_account, i.payout_bank, i.payout_account, i.holder_name,
       i.repayment_minor, i.hold_minor, i.expected_minor, i.expect_at, i.opening_minor)
      IS DISTINCT FROM
      (p.bank, p.virtual_account, p.payout_bank, p.payout_account, p.holder_name,
       p.repayment_minor, p.hold_minor, p.expected_minor, p.expect_at, p.opening_minor)
ORDER BY 2, 1
