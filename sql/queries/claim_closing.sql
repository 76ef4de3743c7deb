-- The closing record, under the head's lock: only where the head is this run's and as it knows it.
-- $1 batch, $2 partition, $3 run, $4 epoch, $5 chunk, $6 hash, $7 … $14 counts, $15 1: the run knows
-- all transfers; 0: it ended before, and each one without an answer may be in doubt; $16 one more
-- count, of those that ended otherwise than settled.
INSERT INTO daybook.closing (batch_id, partition, run_id, chunk, records, entries,
                             debit_total_minor, hash, settled, short, parked, blocked, waiting,
                             active, ended, pending, in_doubt)
SELECT h.batch_id, h.partition, $3::bigint, h.chunk, h.records, h.entries, h.debit_total_minor,
       h.hash, $7::bigint, $8::bigint, $9::bigint, $10::bigint, $11::bigint, $12::bigint,
       $16::bigint, $13::bigint,
       CASE WHEN $15::int = 1 THEN $14::bigint ELSE (
           SELECT count(*) FROM daybook.intent i
           WHERE i.settlement_id >= (h.batch_id::bigint << 32) + (h.partition::bigint << 26)
             AND i.settlement_id < (h.batch_id::bigint << 32) + ((h.partition + 1)::bigint << 26)
             AND NOT EXISTS (SELECT FROM daybook.outcome o
                             WHERE o.settlement_id = i.settlement_id AND o.step = i.step
                               AND o.kind = i.kind AND o.generation = i.generation
                               AND o.state IN (1, 2, 3, 4, 8))) END
FROM daybook.head h
WHERE h.batch_id = $1::int AND h.partition = $2::smallint AND h.epoch = $4::int
  AND h.chunk = $5::int AND h.hash = decode($6, 'hex')
FOR UPDATE
