-- Files a request and tells the batch's owner: $1 batch, $2 settlement or NULL, $3 kind, $4 operator,
-- $5 reason, $6 step, $7 transfer, $8 generation, $9 attempts, $10 amount, $11 residue, $12 mapping,
-- $13 bank, $14 bank's reference, $15 the request that it comes after, or NULL.
WITH filed AS (
    INSERT INTO daybook.request (batch_id, settlement_id, account_id, kind, operator, reason, step,
                                 transfer, generation, attempts, amount_minor, residue_minor,
                                 mapping_id, bank, bank_ref, after_request)
    SELECT $1::int, $2::bigint,
           (SELECT p.account_id FROM daybook.plan p WHERE p.settlement_id = $2::bigint
            ORDER BY p.revision DESC LIMIT 1),
           $3, $4, $5, $6::smallint, $7::smallint, $8::smallint, $9::smallint, $10::bigint,
           $11::bigint, $12::bigint, $13, $14, $15::bigint
    RETURNING request_id
)
SELECT f.request_id, n.told FROM filed f, LATERAL (
    SELECT pg_notify('daybook_request', $1::int::text) IS NULL AS told
) n
