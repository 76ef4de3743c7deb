-- The banks of batch $1, revision $2, with what is planned at each.
SELECT b.bank, b.accounts, b.repayment_minor, b.hold_minor, b.expected_minor,
       b.collects, b.holds
FROM daybook.plan_bank b
WHERE b.batch_id = $1::int AND b.revision = $2::int
ORDER BY b.bank
