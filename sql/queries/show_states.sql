-- Settlements of batch $1 by state, with their money.
SELECT s.state, count(*) AS accounts, coalesce(sum(s.deposit_minor), 0)::bigint AS deposit_minor,
       coalesce(sum(s.payout_minor), 0)::bigint AS payout_minor,
       coalesce(sum(s.residue_minor), 0)::bigint AS residue_minor
FROM daybook.v_settlement s
WHERE s.batch_id = $1::bigint
GROUP BY s.state
ORDER BY 2 DESC, 1
