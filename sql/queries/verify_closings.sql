-- Closing records of batch $1 that the chain does not bear out.
SELECT c.partition, c.chunk, c.run_id
FROM daybook.closing c
LEFT JOIN daybook.chunk k
    ON k.batch_id = c.batch_id AND k.partition = c.partition AND k.chunk = c.chunk
WHERE c.batch_id = $1::int AND c.chunk > 0 AND k.hash IS DISTINCT FROM c.hash
ORDER BY c.partition, c.chunk
LIMIT 1
