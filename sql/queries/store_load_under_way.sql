-- The next settlements below a position whose deposit is recorded, and which have neither ended
-- (22 to 26) nor are parked (21); each with its newest transfer, and the generation under which each
-- step was accepted. One pass over the partition's outcomes, from the highest key down, finds them:
-- what a run had begun last is there at once, and only the last page passes all that have ended.
-- seq << 8 | state has its greatest value at the newest state.
-- $1 batch, $2 partition, $3 epoch, $4 revision, $5 below position, $6 most rows
-- $7 not 0: what earlier settlements posted as come in is wanted
SELECT (SELECT daybook.check_epoch($1::int, $2::int, $3::int)), u.settlement_id,
       o.account_id IS NOT NULL, m.bank, m.mapping_id, p.key_seed, p.repayment_minor, p.hold_minor,
       coalesce(p.expected_minor, 0),
       CASE WHEN o.follows IS NULL THEN coalesce(p.opening_minor, 0) ELSE 0 END,
       coalesce(o.held_minor, 0), coalesce(o.payable_minor, 0) + x.raised_payable_minor,
       coalesce(o.residue_minor, 0) + x.raised_residue_minor,
       coalesce(r.received_minor, 0), x.deposit_minor, coalesce(x.seen_minor, -1), x.outcome_seq,
       x.done_steps,
       m.virtual_account, m.payout_bank, m.payout_account, m.holder_name, p.expect_at,
       coalesce(t.step, 0::smallint), coalesce(t.kind, 0::smallint),
       coalesce(t.generation, 0::smallint), coalesce(d.state, 0::smallint),
       coalesce(a.attempts, 0::smallint), coalesce(t.amount_minor, 0), t.intended_at,
       greatest(t.send_before, a.send_before), d.at, t.body_sha256,
       coalesce(x.collected, 0::smallint), coalesce(x.held, 0::smallint),
       coalesce(x.paid, 0::smallint), x.is_compensating
FROM (SELECT) AS always
LEFT JOIN (
    (
        SELECT x.settlement_id
        FROM daybook.outcome x
        WHERE x.settlement_id > (($1::bigint << 32) | ($2::bigint << 26))
          AND x.settlement_id < (($1::bigint << 32) | ($2::bigint << 26)) + $5::bigint
        GROUP BY x.settlement_id
        HAVING bool_or(x.state = 7) AND NOT bool_or(x.state BETWEEN 22 AND 26)
           AND max(x.seq::int << 8 | x.state) & 255 <> 21
        ORDER BY x.settlement_id DESC
        LIMIT $6::int
    ) u
    LEFT JOIN LATERAL (
        SELECT max(x.seq) AS outcome_seq,
               max(x.amount_minor) FILTER (WHERE x.state = 7) AS deposit_minor,
               coalesce(sum(x.amount_minor) FILTER (WHERE x.state = 32), 0)::bigint
                   AS raised_payable_minor,
               coalesce(sum(x.residue_minor) FILTER (WHERE x.state = 32), 0)::bigint
                   AS raised_residue_minor,
               (array_agg(x.amount_minor ORDER BY x.seq DESC) FILTER (WHERE x.state = 20))[1]
                   AS seen_minor,
               coalesce(bool_or(x.state = 30), false) AS is_compensating,
               -- A bit of each step: done, and as often undone or reversed, or not.
               (CASE WHEN bool_or(x.state = 7) THEN 2 ELSE 0 END
                | CASE WHEN sum(way.step) FILTER (WHERE x.step = 2) > 0 THEN 4 ELSE 0 END
                | CASE WHEN sum(way.step) FILTER (WHERE x.step = 3) > 0 THEN 8 ELSE 0 END
                | CASE WHEN sum(way.step) FILTER (WHERE x.step = 4) > 0 THEN 16 ELSE 0 END
               )::smallint AS done_steps,
               -- Done by hand, the transfer is not what counts.
               max(x.generation * way.by_us) FILTER (WHERE x.step = 2)::smallint AS collected,
               max(x.generation * way.by_us) FILTER (WHERE x.step = 3)::smallint AS held,
               max(x.generation * way.by_us) FILTER (WHERE x.step = 4)::smallint AS paid
        FROM daybook.outcome x
        CROSS JOIN LATERAL (
            SELECT CASE WHEN x.kind = 0 AND x.state IN (1, 5, 6, 9) THEN 1
                        WHEN x.kind = 0 AND x.state = 4 THEN -1
                        WHEN x.kind = 1 AND x.state IN (1, 5, 9) THEN -1 ELSE 0 END AS step,
                   CASE WHEN x.kind = 0 AND x.state = 1
                             AND NOT EXISTS (SELECT FROM daybook.outcome h
                                             WHERE h.settlement_id = x.settlement_id
                                               AND h.step = x.step AND h.kind = 0
                                               AND h.state = 9) THEN 1 ELSE 0 END AS by_us
        ) way
        WHERE x.settlement_id = u.settlement_id
    ) x ON true
    LEFT JOIN daybook.plan p ON p.settlement_id = u.settlement_id AND p.revision = $4::int
    LEFT JOIN daybook.opening o
        ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
    LEFT JOIN LATERAL (
        SELECT y.mapping_id FROM daybook.decision y
        WHERE y.settlement_id = u.settlement_id AND y.mapping_id > 0
        ORDER BY y.chunk DESC, y.position DESC LIMIT 1
    ) amended ON true
    LEFT JOIN daybook.mapping m ON m.mapping_id = coalesce(amended.mapping_id, p.mapping_id)
    LEFT JOIN LATERAL (
        SELECT i.* FROM daybook.intent i
        WHERE i.settlement_id = u.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) t ON true
    LEFT JOIN LATERAL (
        SELECT y.state, y.at FROM daybook.outcome y
        WHERE y.settlement_id = t.settlement_id AND y.step = t.step AND y.kind = t.kind
          AND y.generation = t.generation AND y.state IN (1, 2, 3, 4, 8)
        ORDER BY y.seq DESC LIMIT 1
    ) d ON true
    LEFT JOIN LATERAL (
        SELECT count(*)::smallint AS attempts, max(y.send_before) AS send_before
        FROM daybook.attempt y
        WHERE y.settlement_id = t.settlement_id AND y.step = t.step AND y.kind = t.kind
          AND y.generation = t.generation
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_minor)::bigint AS received_minor
        FROM daybook.opening w
        JOIN daybook.entry e ON e.settlement_id = w.settlement_id
        WHERE $7::int <> 0 AND w.account_id = p.account_id AND w.settlement_id <> u.settlement_id
          AND e.step IN (1, 5) AND e.kind = 0 AND e.debit = 1
    ) r ON true
) ON true
