-- Every record of batch $1 in the order of its chain, all five kinds in one shape.
SELECT r.settlement_id, r.record_kind, r.chunk, r.position, r.step, r.kind, r.generation,
       r.number, r.state, r.credit, r.amount_minor, r.first_minor, r.held_minor, r.residue_minor,
       r.at, r.send_before, r.idem_key, r.code, r.bank_ref, r.profile_id, r.body_sha256
FROM (
    SELECT i.settlement_id, 1::smallint AS record_kind, i.chunk, i.position, i.step, i.kind,
           i.generation, 0::smallint AS number, 0::smallint AS state, 0::smallint AS credit,
           i.amount_minor, i.mapping_id AS first_minor, 0::bigint AS held_minor,
           0::bigint AS residue_minor, i.intended_at AS at, i.send_before,
           uuid_send(i.idem_key) AS idem_key, NULL::text AS code, NULL::text AS bank_ref,
           i.profile_id, i.body_sha256
    FROM daybook.intent i
    WHERE i.settlement_id >= $1::bigint << 32 AND i.settlement_id < ($1::bigint + 1) << 32
    UNION ALL
    SELECT t.settlement_id, 2, t.chunk, t.position, t.step, t.kind, t.generation, t.number, 0, 0,
           0, 0, 0, 0, t.at, t.send_before, NULL, NULL, NULL, NULL, NULL
    FROM daybook.attempt t
    WHERE t.settlement_id >= $1::bigint << 32 AND t.settlement_id < ($1::bigint + 1) << 32
    UNION ALL
    SELECT o.settlement_id, 3, o.chunk, o.position, o.step, o.kind, o.generation, o.seq, o.state,
           0, o.amount_minor, o.available_minor, o.held_minor, o.residue_minor, o.at, NULL, NULL,
           o.code, o.bank_ref, NULL, NULL
    FROM daybook.outcome o
    WHERE o.settlement_id >= $1::bigint << 32 AND o.settlement_id < ($1::bigint + 1) << 32
    UNION ALL
    SELECT e.settlement_id, 4, e.chunk, e.position, e.step, e.kind, e.generation, e.line, e.debit,
           e.credit, e.amount_minor, 0, 0, 0, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL
    FROM daybook.entry e
    WHERE e.settlement_id >= $1::bigint << 32 AND e.settlement_id < ($1::bigint + 1) << 32
    UNION ALL
    SELECT d.settlement_id, 5, d.chunk, d.position, 0, 0, 0, d.request_kind, d.state, 0,
           d.amount_minor, d.mapping_id, d.request_id, 0, d.at, NULL, NULL, d.code, NULL,
           NULL, NULL
    FROM daybook.decision d
    WHERE d.settlement_id >= $1::bigint << 32 AND d.settlement_id < ($1::bigint + 1) << 32
) r
ORDER BY (r.settlement_id >> 26) & 63, r.chunk, r.position, r.record_kind
