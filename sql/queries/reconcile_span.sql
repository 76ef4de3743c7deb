-- The span of time that is compared, and the one that a bank is asked for: of batch $1; else the days
-- $2 to $3 in time zone $6, both included (NULL: those of the bookings from $4 to $5, microseconds
-- since 1970). With $2 a batch is looked at from that day on. As text: from, to; what the bank is
-- asked for, in UTC; now. Last: is a batch's span wide enough for all that it can have lost?
--
-- Of a batch that has chunks nothing was sent before it was made. One without any may have been made
-- again after a restore: it is looked for from a month before its date.
WITH whole AS (
    SELECT CASE WHEN EXISTS (SELECT FROM daybook.chunk c WHERE c.batch_id = b.batch_id)
                THEN b.created_at - interval '1 day'
                ELSE least(b.created_at - interval '1 day',
                           b.settle_date::timestamp AT TIME ZONE $6 - interval '31 days')
           END AS since
    FROM daybook.batch b WHERE b.batch_id = $1::int
), span AS (
    SELECT coalesce($2::date::timestamp AT TIME ZONE $6,
                    (SELECT w.since FROM whole w),
                    date_trunc('day', to_timestamp($4::bigint / 1e6) AT TIME ZONE $6)
                        AT TIME ZONE $6) AS since,
           CASE WHEN $1::int IS NOT NULL THEN clock_timestamp() + interval '1 day'
                ELSE coalesce(($3::date + 1)::timestamp AT TIME ZONE $6,
                              (date_trunc('day', to_timestamp($5::bigint / 1e6) AT TIME ZONE $6)
                               + interval '1 day') AT TIME ZONE $6) END AS until,
           CASE WHEN $1::int IS NOT NULL THEN interval '0' ELSE interval '1 hour' END AS margin
)
SELECT s.since::text, least(s.until, clock_timestamp())::text,
       to_char((s.since - s.margin) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char((s.until + s.margin) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       clock_timestamp()::text,
       coalesce(s.since <= (SELECT w.since FROM whole w), false)
FROM span s
