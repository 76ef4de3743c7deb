-- $1 batch, $2 partition
SELECT h.epoch, h.chunk, encode(h.hash, 'hex') AS hash,
       (1000000 * extract(epoch FROM clock_timestamp()))::bigint AS now_us
FROM daybook.head h
WHERE h.batch_id = $1::int AND h.partition = $2::smallint
