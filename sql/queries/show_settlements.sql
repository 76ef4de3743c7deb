-- The settlements of account $1, oldest first; $2 cohort and $3 date, or NULL for all.
SELECT s.settlement_id, b.cohort, b.settle_date, b.currency, s.state, s.step, s.bank,
       s.floor_minor, s.seen_minor, s.deposit_minor, s.repayment_minor, s.hold_minor,
       s.payout_minor, s.residue_minor, coalesce(s.code, '') AS code,
       to_char(s.updated_at, 'YYYY-MM-DD HH24:MI:SS') AS updated_at
FROM daybook.account a
JOIN daybook.plan p ON p.account_id = a.account_id
JOIN daybook.batch b ON b.batch_id = (p.settlement_id >> 32)::int
JOIN daybook.batch_head h ON h.batch_id = b.batch_id AND h.revision = p.revision
JOIN daybook.v_settlement s
    ON s.batch_id = b.batch_id AND s.settlement_id = p.settlement_id
WHERE a.account_ref = $1 AND ($2::text IS NULL OR b.cohort = $2)
  AND ($3::date IS NULL OR b.settle_date = $3::date)
ORDER BY b.settle_date, s.settlement_id
