-- How many chunks batch $1 has: it rises with every one.
SELECT coalesce(sum(h.chunk), 0)::bigint FROM daybook.head h WHERE h.batch_id = $1::int
