-- What is planned at each bank: $1 batch, $2 revision.
INSERT INTO daybook.plan_bank (batch_id, revision, bank, accounts, collects, holds,
                               repayment_minor, hold_minor, expected_minor)
SELECT $1::int, $2::int, i.bank, count(*), count(*) FILTER (WHERE i.repayment_minor > 0),
       count(*) FILTER (WHERE i.hold_minor > 0), sum(i.repayment_minor), sum(i.hold_minor),
       coalesce(sum(i.expected_minor), 0)
FROM incoming i
GROUP BY i.bank
