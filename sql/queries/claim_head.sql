-- $1 batch, $2 partition; accounts: a bound on those of the partition, for they are dealt in turn
SELECT h.epoch, h.chunk, encode(h.hash, 'hex') AS hash,
       (1000000 * extract(epoch FROM clock_timestamp()))::bigint AS now_us,
       (r.accounts + r.partitions - 1) / r.partitions AS accounts
FROM daybook.head h
JOIN daybook.batch_head b USING (batch_id)
JOIN daybook.plan_revision r ON r.batch_id = b.batch_id AND r.revision = b.revision
WHERE h.batch_id = $1::int AND h.partition = $2::smallint
