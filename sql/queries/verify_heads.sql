-- The chain's end as the heads tell it: $1 batch.
SELECT h.partition, h.chunk, h.records, h.entries, h.debit_total_minor,
       encode(h.hash, 'hex') AS hash
FROM daybook.head h
WHERE h.batch_id = $1::int
ORDER BY h.partition
