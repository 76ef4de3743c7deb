SELECT clock_timestamp(), page.*
FROM (SELECT) AS always LEFT JOIN daybook.load_again($1::int4, $2::int4, $3::int4, $4::int4, $5::int4[]) AS page ON true
