-- The next settlements after a position whose deposit is recorded, and which have neither ended
-- (22) nor are parked (21); each with its newest transfer, and the generation under which each step
-- was accepted. One pass over the partition's outcomes, in the order of their key: seq << 8 | state
-- has its greatest value at the newest state.
-- $1 batch, $2 partition, $3 epoch, $4 revision, $5 after position, $6 most rows
-- $7 not 0: what earlier settlements posted as come in is wanted
SELECT (SELECT daybook.check_epoch($1::int, $2::int, $3::int)), u.settlement_id,
       o.account_id IS NOT NULL, m.bank, p.mapping_id, p.key_seed, p.repayment_minor, p.hold_minor,
       coalesce(p.expected_minor, 0),
       CASE WHEN o.follows IS NULL THEN coalesce(p.opening_minor, 0) ELSE 0 END,
       coalesce(o.held_minor, 0), coalesce(o.payable_minor, 0), coalesce(o.residue_minor, 0),
       coalesce(r.received_minor, 0), u.deposit_minor, coalesce(n.amount_minor, -1), u.outcome_seq,
       u.step_done,
       m.virtual_account, m.payout_bank, m.payout_account, m.holder_name,
       coalesce(t.step, 0::smallint), coalesce(t.kind, 0::smallint),
       coalesce(t.generation, 0::smallint), coalesce(d.state, 0::smallint),
       coalesce(a.attempts, 0::smallint), coalesce(t.amount_minor, 0), t.intended_at,
       greatest(t.send_before, a.send_before), d.at, t.body_sha256,
       coalesce(u.collected, 0::smallint), coalesce(u.held, 0::smallint),
       coalesce(u.paid, 0::smallint)
FROM (SELECT) AS always
LEFT JOIN (
    (
        SELECT x.settlement_id, max(x.seq) AS outcome_seq,
               max(x.amount_minor) FILTER (WHERE x.state = 7) AS deposit_minor,
               max(x.step) FILTER (WHERE x.state IN (1, 5, 6, 7) AND x.kind = 0) AS step_done,
               max(x.generation) FILTER (WHERE x.state = 1 AND x.kind = 0 AND x.step = 2)
                   AS collected,
               max(x.generation) FILTER (WHERE x.state = 1 AND x.kind = 0 AND x.step = 3) AS held,
               max(x.generation) FILTER (WHERE x.state = 1 AND x.kind = 0 AND x.step = 4) AS paid
        FROM daybook.outcome x
        WHERE x.settlement_id > (($1::bigint << 32) | ($2::bigint << 26) | $5::bigint)
          AND x.settlement_id < (($1::bigint << 32) | ($2::bigint << 26)) + (1 << 26)
        GROUP BY x.settlement_id
        HAVING bool_or(x.state = 7) AND max(x.seq::int << 8 | x.state) & 255 NOT IN (21, 22)
        ORDER BY x.settlement_id
        LIMIT $6::int
    ) u
    LEFT JOIN daybook.plan p ON p.settlement_id = u.settlement_id AND p.revision = $4::int
    LEFT JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
    LEFT JOIN daybook.opening o
        ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
    LEFT JOIN LATERAL (
        SELECT i.* FROM daybook.intent i
        WHERE i.settlement_id = u.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
    ) t ON true
    LEFT JOIN LATERAL (
        SELECT x.state, x.at FROM daybook.outcome x
        WHERE x.settlement_id = t.settlement_id AND x.step = t.step AND x.kind = t.kind
          AND x.generation = t.generation AND x.state < 20
        ORDER BY x.seq DESC LIMIT 1
    ) d ON true
    LEFT JOIN LATERAL (
        SELECT count(*)::smallint AS attempts, max(y.send_before) AS send_before
        FROM daybook.attempt y
        WHERE y.settlement_id = t.settlement_id AND y.step = t.step AND y.kind = t.kind
          AND y.generation = t.generation
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT x.amount_minor FROM daybook.outcome x
        WHERE x.settlement_id = u.settlement_id AND x.state = 20 ORDER BY x.seq DESC LIMIT 1
    ) n ON true
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_minor)::bigint AS received_minor
        FROM daybook.opening w
        JOIN daybook.entry e ON e.settlement_id = w.settlement_id
        WHERE $7::int <> 0 AND w.account_id = p.account_id AND w.settlement_id <> u.settlement_id
          AND e.step IN (1, 5) AND e.kind = 0 AND e.debit = 1
    ) r ON true
) ON true
