-- The day in time zone $1, $2 days ago.
SELECT (clock_timestamp() AT TIME ZONE $1)::date - $2::int
