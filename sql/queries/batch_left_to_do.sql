-- What is left to do of batch $1, revision $2, bank by bank: settlements whose deposit is still to be
-- looked for, those under way, and how many of both collect or hold by the plan. Put together by
-- grouping, not by a join: the row counts are guessed, and a guess must not make this quadratic.
WITH newest AS MATERIALIZED (
    SELECT n.settlement_id, n.state, NOT n.state BETWEEN 21 AND 26 AND EXISTS (
               SELECT FROM daybook.outcome x
               WHERE x.settlement_id = n.settlement_id AND x.state = 7
                     AND x.settlement_id >= $1::bigint << 32
                     AND x.settlement_id < ($1::bigint + 1) << 32) AS has_deposit
    FROM (
        SELECT DISTINCT ON (o.settlement_id) o.settlement_id, o.state
        FROM daybook.outcome o
        WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
        ORDER BY o.settlement_id DESC, o.seq DESC
    ) n
), told AS (
    SELECT p.settlement_id, p.mapping_id, p.repayment_minor > 0 AS collects, p.hold_minor > 0 AS holds,
           NULL::int AS state, false AS has_deposit
    FROM daybook.plan p
    WHERE p.settlement_id >= $1::bigint << 32 AND p.settlement_id < ($1::bigint + 1) << 32
      AND p.revision = $2::int
    UNION ALL
    SELECT n.settlement_id, NULL, false, false, n.state, n.has_deposit FROM newest n
), settlement AS MATERIALIZED (
    SELECT max(t.mapping_id) AS mapping_id, bool_or(t.collects) AS collects, bool_or(t.holds) AS holds,
           max(t.state) AS state, bool_or(t.has_deposit) AS has_deposit
    FROM told t
    GROUP BY t.settlement_id
)
SELECT m.bank, count(*) FILTER (WHERE NOT s.has_deposit) AS fresh,
       count(*) FILTER (WHERE s.has_deposit) AS under_way,
       count(*) FILTER (WHERE s.collects) AS collects, count(*) FILTER (WHERE s.holds) AS holds
FROM settlement s
JOIN daybook.mapping m ON m.mapping_id = s.mapping_id
WHERE s.state IS NULL OR s.state NOT BETWEEN 21 AND 26
GROUP BY m.bank
ORDER BY m.bank
