-- The next settlements after a position that have no deposit yet (nothing recorded, or short last).
-- Opens those whose account is free: it never had one, or its newest one has its end record (22),
-- whose amounts are the floor. The key (account, ordinal) lets one opener win; the loser gets
-- 23505, and sees whose the account is when it asks again.
-- $1 batch, $2 partition, $3 epoch, $4 revision, $5 after position, $6 most rows
-- $7 not 0: what earlier settlements posted as come in is wanted
WITH page AS MATERIALIZED (
    SELECT p.settlement_id, p.account_id, p.key_seed, p.repayment_minor,
           p.hold_minor, p.expected_minor, p.expect_at, p.opening_minor, s.seq,
           newest.ordinal, newest.settlement_id AS newest_id,
           newest.settlement_id = p.settlement_id AS mine,
           newest.follows, newest.held_minor, newest.payable_minor, newest.residue_minor,
           ended.settlement_id IS NOT NULL AS free, ended.held_minor AS left_held_minor,
           ended.amount_minor AS left_payable_minor, ended.residue_minor AS left_residue_minor,
           -- Few have either: so written, the others cost nothing.
           CASE WHEN (SELECT EXISTS (
                    SELECT FROM daybook.decision d
                    WHERE d.settlement_id >= (($1::bigint << 32) | ($2::bigint << 26))
                      AND d.settlement_id < (($1::bigint << 32) | ($2::bigint << 26)) + (1 << 26)))
                THEN coalesce((SELECT d.mapping_id FROM daybook.decision d
                               WHERE d.settlement_id = p.settlement_id AND d.mapping_id > 0
                               ORDER BY d.chunk DESC, d.position DESC LIMIT 1), p.mapping_id)
                ELSE p.mapping_id END AS mapping_id,
           CASE WHEN s.seq IS NOT NULL THEN (
                SELECT ARRAY[sum(x.amount_minor) FILTER (WHERE x.state = 32)::bigint,
                             sum(x.residue_minor) FILTER (WHERE x.state = 32)::bigint,
                             (array_agg(x.amount_minor ORDER BY x.seq DESC)
                                  FILTER (WHERE x.state = 20))[1]]
                FROM daybook.outcome x WHERE x.settlement_id = p.settlement_id) END
               AS earlier -- raised payable, raised residue, what was seen last
    FROM daybook.plan p
    LEFT JOIN LATERAL (
        SELECT x.seq, x.state FROM daybook.outcome x
        WHERE x.settlement_id = p.settlement_id ORDER BY x.seq DESC LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT o.* FROM daybook.opening o
        WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
    ) newest ON true
    LEFT JOIN LATERAL (
        SELECT x.* FROM daybook.outcome x
        WHERE x.settlement_id = newest.settlement_id AND x.state BETWEEN 22 AND 26
          AND newest.settlement_id <> p.settlement_id
        ORDER BY x.seq DESC LIMIT 1
    ) ended ON true
    WHERE p.settlement_id > (($1::bigint << 32) | ($2::bigint << 26) | $5::bigint)
      AND p.settlement_id < (($1::bigint << 32) | ($2::bigint << 26)) + (1 << 26)
      AND p.revision = $4::int
      AND (s.state IS NULL OR s.state = 20
           -- released, or its floor was raised
           OR s.state IN (31, 32)
              AND NOT EXISTS (SELECT FROM daybook.outcome x
                              WHERE x.settlement_id = p.settlement_id AND x.state = 7))
    ORDER BY p.settlement_id
    LIMIT $6::int
), opened AS (
    INSERT INTO daybook.opening (account_id, ordinal, settlement_id, follows, held_minor,
                                 payable_minor, residue_minor)
    SELECT page.account_id, coalesce(page.ordinal, 0) + 1, page.settlement_id, page.newest_id,
           coalesce(page.left_held_minor, 0), coalesce(page.left_payable_minor, 0),
           coalesce(page.left_residue_minor, 0)
    FROM page
    WHERE page.newest_id IS NULL OR page.free
    ORDER BY page.account_id
)
SELECT (SELECT daybook.check_epoch($1::int, $2::int, $3::int)), page.settlement_id,
       page.newest_id IS NULL OR page.mine OR page.free, m.bank,
       page.mapping_id, page.key_seed,
       page.repayment_minor, page.hold_minor, coalesce(page.expected_minor, 0),
       CASE WHEN page.newest_id IS NULL OR page.mine AND page.follows IS NULL
            THEN coalesce(page.opening_minor, 0) ELSE 0 END,
       CASE WHEN page.mine THEN page.held_minor ELSE coalesce(page.left_held_minor, 0) END,
       CASE WHEN page.mine THEN page.payable_minor ELSE coalesce(page.left_payable_minor, 0) END
           + coalesce(page.earlier[1], 0),
       CASE WHEN page.mine THEN page.residue_minor ELSE coalesce(page.left_residue_minor, 0) END
           + coalesce(page.earlier[2], 0),
       coalesce(r.received_minor, 0), 0::bigint, coalesce(page.earlier[3], -1),
       coalesce(page.seq, 0::smallint), 0::smallint,
       m.virtual_account, m.payout_bank, m.payout_account, m.holder_name, page.expect_at
FROM (SELECT) AS always
LEFT JOIN (
    page
    LEFT JOIN daybook.mapping m ON m.mapping_id = page.mapping_id
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_minor)::bigint AS received_minor
        FROM daybook.opening w
        JOIN daybook.entry e ON e.settlement_id = w.settlement_id
        WHERE $7::int <> 0 AND w.account_id = page.account_id AND w.settlement_id <> page.settlement_id
          AND e.step IN (1, 5) AND e.kind = 0 AND e.debit = 1
    ) r ON true
) ON true
