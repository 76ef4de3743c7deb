-- The closing record, under the head's lock: only where the head is this run's and as it knows it.
-- $1 batch, $2 partition, $3 run, $4 epoch, $5 chunk, $6 hash, $7 … $14 counts
INSERT INTO daybook.closing (batch_id, partition, run_id, chunk, records, entries,
                             debit_total_minor, hash, settled, short, parked, blocked, waiting,
                             active, pending, in_doubt)
SELECT h.batch_id, h.partition, $3::bigint, h.chunk, h.records, h.entries, h.debit_total_minor,
       h.hash, $7::bigint, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint,
       $13::bigint, $14::bigint
FROM daybook.head h
WHERE h.batch_id = $1::int AND h.partition = $2::smallint AND h.epoch = $4::int
  AND h.chunk = $5::int AND h.hash = decode($6, 'hex')
FOR UPDATE
