-- Closing records of batch $1, and the epoch of the run that each closes. Who was parked, or found
-- short, may have ended in the same run: those counts stand each for itself.
SELECT c.partition, c.chunk, c.run_id, r.epoch, c.records, c.entries, c.debit_total_minor,
       encode(c.hash, 'hex') AS hash, c.settled, c.ended, c.parked,
       greatest(c.settled + c.ended, c.short, c.blocked, c.waiting + c.active) AS most,
       least(c.settled, c.ended, c.short, c.parked, c.blocked, c.waiting, c.active, c.pending,
             c.in_doubt) AS least
FROM daybook.closing c
LEFT JOIN daybook.run r ON r.run_id = c.run_id AND r.batch_id = c.batch_id
WHERE c.batch_id = $1::int
ORDER BY c.partition, c.run_id
