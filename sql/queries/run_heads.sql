-- Where the chains of a batch end: $1 batch.
SELECT h.partition, h.chunk, h.records, h.entries, encode(h.hash, 'hex') AS hash
FROM daybook.head h WHERE h.batch_id = $1::int ORDER BY h.partition
