-- $1 batch, $2 partition; accounts: of the whole batch, which bounds those of the partition
SELECT h.epoch, h.chunk, encode(h.hash, 'hex') AS hash,
       (1000000 * extract(epoch FROM clock_timestamp()))::bigint AS now_us, r.accounts
FROM daybook.head h
JOIN daybook.batch_head b USING (batch_id)
JOIN daybook.plan_revision r ON r.batch_id = b.batch_id AND r.revision = b.revision
WHERE h.batch_id = $1::int AND h.partition = $2::smallint
