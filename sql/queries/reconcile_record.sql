-- $1 batch, $2 bank, $3 to $4 what was listed, $5 lines, $6 agreed, $7 under way, $8 to $14 the breaks,
-- $15 does it lift, $16 operator, $17 how many chunks there were (reconcile_heads): a row for each
-- partition with its present head; none where the ledger went on since.
INSERT INTO daybook.reconciliation (batch_id, partition, bank, timeline, chunk, hash, listed_from,
                                    listed_to, bank_lines, agreed, under_way, missing_at_bank,
                                    missing_here, missing_here_asked, amount, duplicate, returned,
                                    status, lifts, operator)
SELECT $1::int, place, $2, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint,
       coalesce(d.chunk, 0), coalesce(d.hash, decode(repeat('00', 32), 'hex')), $3::timestamptz,
       $4::timestamptz, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::bigint,
       $11::bigint, $12::bigint, $13::bigint, $14::bigint, $15::boolean, $16
FROM daybook.batch_head h
JOIN daybook.plan_revision pr ON pr.batch_id = h.batch_id AND pr.revision = h.revision
CROSS JOIN LATERAL generate_series(0, pr.partitions - 1) AS place
LEFT JOIN daybook.head d ON d.batch_id = h.batch_id AND d.partition = place
WHERE h.batch_id = $1::int
  AND $17::bigint = (SELECT coalesce(sum(n.chunk), 0) FROM daybook.head n WHERE n.batch_id = $1::int)
