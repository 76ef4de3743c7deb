-- Those of the account references $3 that batch $1, revision $2 does not have, with their places.
SELECT l.account_ref, l.place
FROM unnest($3::text[]) WITH ORDINALITY AS l (account_ref, place)
LEFT JOIN daybook.account a ON a.account_ref = l.account_ref
LEFT JOIN daybook.plan p
    ON p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
   AND p.revision = $2::int AND p.account_id = a.account_id
WHERE p.settlement_id IS NULL
ORDER BY l.place
LIMIT 10
