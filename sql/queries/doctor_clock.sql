-- The database's clock, in microseconds since 1970.
SELECT (1000000 * extract(epoch FROM clock_timestamp()))::bigint
