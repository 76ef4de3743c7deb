-- The chain as the chunks tell it: $1 batch.
SELECT c.partition, c.chunk, c.records, c.entries, c.debit_total_minor, c.hash, c.prev_hash,
       c.epoch
FROM daybook.chunk c
WHERE c.batch_id = $1::int
ORDER BY c.partition, c.chunk
