-- The next requests after one that have no decision yet, in their order, each with all that is known
-- of the settlement that it is about; opens that settlement where its account is free, as
-- store_load_fresh does. One that is to come after another waits for that one's decision.
-- $1 batch, $2 partition, $3 epoch, $4 revision, $5 after request, $6 most rows
-- $7 not 0: what earlier settlements posted as come in is wanted
WITH asked AS MATERIALIZED (
    SELECT r.request_id, r.settlement_id, r.kind, r.step, r.transfer, r.generation, r.attempts,
           r.amount_minor, r.residue_minor, r.mapping_id, r.bank, r.bank_ref,
           coalesce(other.state <> 1, false) AS is_off
    FROM daybook.request r
    LEFT JOIN LATERAL (
        SELECT d.state FROM daybook.request b
        JOIN daybook.decision d
            ON d.settlement_id = b.settlement_id AND d.request_id = b.request_id
        WHERE b.request_id = r.after_request
    ) other ON true
    WHERE r.batch_id = $1::int AND r.request_id > $5::bigint
      AND coalesce((r.settlement_id >> 26) & 63, $2::bigint) = $2::bigint
      AND (r.after_request IS NULL OR other.state IS NOT NULL)
      AND (r.settlement_id IS NULL
           OR EXISTS (SELECT FROM daybook.plan p
                      WHERE p.settlement_id = r.settlement_id AND p.revision = $4::int))
      AND NOT EXISTS (
          SELECT FROM daybook.decision d
          WHERE d.request_id = r.request_id
            AND d.settlement_id
                = coalesce(r.settlement_id, ($1::bigint << 32) | ($2::bigint << 26)))
    ORDER BY r.request_id
    LIMIT $6::int
), page AS MATERIALIZED (
    SELECT q.*, p.account_id, p.mapping_id AS plan_mapping_id, p.key_seed, p.repayment_minor,
           p.hold_minor, p.expected_minor, p.expect_at, p.opening_minor, own.ordinal AS own_ordinal,
           newest.ordinal, newest.settlement_id AS newest_id,
           CASE WHEN own.ordinal IS NOT NULL THEN own.follows ELSE newest.settlement_id END
               AS follows,
           CASE WHEN own.ordinal IS NOT NULL THEN own.held_minor ELSE ended.held_minor END
               AS floor_held_minor,
           CASE WHEN own.ordinal IS NOT NULL THEN own.payable_minor ELSE ended.amount_minor END
               AS floor_payable_minor,
           CASE WHEN own.ordinal IS NOT NULL THEN own.residue_minor ELSE ended.residue_minor END
               AS floor_residue_minor,
           own.ordinal IS NOT NULL OR newest.ordinal IS NULL OR ended.settlement_id IS NOT NULL
               AS is_open
    FROM asked q
    LEFT JOIN daybook.plan p ON p.settlement_id = q.settlement_id AND p.revision = $4::int
    LEFT JOIN daybook.opening own
        ON own.account_id = p.account_id AND own.settlement_id = p.settlement_id
    LEFT JOIN LATERAL (
        SELECT o.* FROM daybook.opening o
        WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
    ) newest ON true
    LEFT JOIN LATERAL (
        SELECT y.* FROM daybook.outcome y
        WHERE own.ordinal IS NULL AND y.settlement_id = newest.settlement_id
          AND y.state BETWEEN 22 AND 26
        ORDER BY y.seq DESC LIMIT 1
    ) ended ON true
), opened AS (
    INSERT INTO daybook.opening (account_id, ordinal, settlement_id, follows, held_minor,
                                 payable_minor, residue_minor)
    SELECT DISTINCT ON (page.account_id)
           page.account_id, coalesce(page.ordinal, 0) + 1, page.settlement_id, page.newest_id,
           coalesce(page.floor_held_minor, 0), coalesce(page.floor_payable_minor, 0),
           coalesce(page.floor_residue_minor, 0)
    FROM page
    WHERE page.account_id IS NOT NULL AND page.own_ordinal IS NULL AND page.is_open
    ORDER BY page.account_id
)
SELECT (SELECT daybook.check_epoch($1::int, $2::int, $3::int)),
       CASE WHEN page.request_id IS NOT NULL
            THEN coalesce(page.settlement_id, ($1::bigint << 32) | ($2::bigint << 26)) END,
       coalesce(page.is_open, true), coalesce(m.bank, page.bank), coalesce(m.mapping_id, 0),
       coalesce(page.key_seed, '00000000-0000-0000-0000-000000000000'::uuid),
       coalesce(page.repayment_minor, 0), coalesce(page.hold_minor, 0),
       coalesce(page.expected_minor, 0),
       CASE WHEN page.follows IS NULL THEN coalesce(page.opening_minor, 0) ELSE 0 END,
       coalesce(page.floor_held_minor, 0),
       coalesce(page.floor_payable_minor, 0) + coalesce(x.raised_payable_minor, 0),
       coalesce(page.floor_residue_minor, 0) + coalesce(x.raised_residue_minor, 0),
       coalesce(r.received_minor, 0), coalesce(x.deposit_minor, 0), coalesce(x.seen_minor, -1),
       coalesce(x.outcome_seq, 0::smallint), coalesce(x.done_steps, 0::smallint),
       coalesce(m.virtual_account, ''), coalesce(m.payout_bank, ''),
       coalesce(m.payout_account, ''), coalesce(m.holder_name, ''), page.expect_at,
       coalesce(t.step, 0::smallint), coalesce(t.kind, 0::smallint),
       coalesce(t.generation, 0::smallint), coalesce(d.state, 0::smallint),
       coalesce(a.attempts, 0::smallint), coalesce(t.amount_minor, 0), t.intended_at,
       greatest(t.send_before, a.send_before), d.at, t.body_sha256,
       coalesce(x.collected, 0::smallint), coalesce(x.held, 0::smallint),
       coalesce(x.paid, 0::smallint), coalesce(x.is_compensating, false),
       page.request_id,
       array_position(ARRAY['paid', 'paid_by_hand', 'not_paid', 'park', 'release', 'amend',
                            'write_off', 'rate', 'supersede', 'return', 'raise'], page.kind)
           ::smallint,
       page.step, page.transfer, page.generation, page.attempts, page.amount_minor,
       page.residue_minor, page.mapping_id, page.bank_ref,
       page.is_off OR page.mapping_id > 0 AND n.mapping_id IS NULL,
       coalesce(n.virtual_account, ''), coalesce(n.payout_bank, ''),
       coalesce(n.payout_account, ''), coalesce(n.holder_name, ''),
       (CASE WHEN e.state IS NOT NULL THEN 3 WHEN s.state = 21 THEN 2
             WHEN x.deposit_minor IS NOT NULL THEN 1 ELSE 0 END)::smallint,
       (CASE WHEN later.settlement_id IS NULL THEN 0 WHEN later.is_ended THEN 2 ELSE 1 END)
           ::smallint,
       coalesce(e.state, 0::smallint), coalesce(e.held_minor, 0), coalesce(e.amount_minor, 0),
       coalesce(e.residue_minor, 0), CASE WHEN s.state = 21 THEN coalesce(s.code, '') ELSE '' END,
       coalesce((SELECT sum(y.amount_minor)::bigint FROM daybook.entry y
                 WHERE y.settlement_id = page.settlement_id AND y.debit = 7 AND y.credit = 1), 0)
FROM (SELECT) AS always
LEFT JOIN (
    page
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
        WHERE x.settlement_id = page.settlement_id
    ) x ON true
    LEFT JOIN LATERAL (
        SELECT y.mapping_id FROM daybook.decision y
        WHERE y.settlement_id = page.settlement_id AND y.mapping_id > 0
        ORDER BY y.chunk DESC, y.position DESC LIMIT 1
    ) amended ON true
    LEFT JOIN daybook.mapping m ON m.mapping_id = coalesce(amended.mapping_id, page.plan_mapping_id)
    LEFT JOIN LATERAL (
        SELECT i.* FROM daybook.intent i
        WHERE i.settlement_id = page.settlement_id ORDER BY i.chunk DESC, i.position DESC LIMIT 1
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
        SELECT y.state, y.code FROM daybook.outcome y
        WHERE y.settlement_id = page.settlement_id ORDER BY y.seq DESC LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT y.state, y.held_minor, y.amount_minor, y.residue_minor FROM daybook.outcome y
        WHERE y.settlement_id = page.settlement_id AND y.state BETWEEN 22 AND 26
        ORDER BY y.seq DESC LIMIT 1
    ) e ON true
    LEFT JOIN LATERAL (
        SELECT o.settlement_id,
               EXISTS (SELECT FROM daybook.outcome y
                       WHERE y.settlement_id = o.settlement_id AND y.state BETWEEN 22 AND 26)
                   AS is_ended
        FROM daybook.opening o
        WHERE o.account_id = page.account_id AND o.ordinal = page.own_ordinal + 1
    ) later ON true
    -- Names of another account, or at another bank, are none that it can be amended to.
    LEFT JOIN daybook.mapping n
        ON n.mapping_id = page.mapping_id AND n.account_id = page.account_id AND n.bank = m.bank
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_minor)::bigint AS received_minor
        FROM daybook.opening w
        JOIN daybook.entry e ON e.settlement_id = w.settlement_id
        WHERE $7::int <> 0 AND w.account_id = page.account_id
          AND w.settlement_id <> page.settlement_id
          AND e.step IN (1, 5) AND e.kind = 0 AND e.debit = 1
    ) r ON true
) ON true
ORDER BY page.request_id
