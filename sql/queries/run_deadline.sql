-- Microseconds from now to $1 minutes after today's midnight in time zone $2; negative: passed.
SELECT (1000000 * extract(epoch FROM
    (((clock_timestamp() AT TIME ZONE $2)::date + make_interval(mins => $1::int))
     AT TIME ZONE $2) - clock_timestamp()))::bigint
