-- Opening money belongs to an account's first batch: those that settled elsewhere before.
SELECT i.position, i.account_ref
FROM incoming i
JOIN daybook.account a ON a.account_ref = i.account_ref
JOIN daybook.opening o ON o.account_id = a.account_id AND o.ordinal = 1
WHERE i.opening_minor > 0 AND (o.settlement_id >> 32)::int IS DISTINCT FROM $1::int
ORDER BY i.position
LIMIT 21
