-- $1 batch, $2 partition, $3 chunk: where the head is, and the hash of that chunk.
SELECT coalesce(h.chunk, 0), coalesce(encode(c.hash, 'hex'), '')
FROM (SELECT) AS always
LEFT JOIN daybook.head h ON h.batch_id = $1::int AND h.partition = $2::smallint
LEFT JOIN daybook.chunk c
    ON c.batch_id = $1::int AND c.partition = $2::smallint AND c.chunk = $3::int
