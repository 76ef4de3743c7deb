-- Everything recorded of settlement $1, in the order in which it was written.
SELECT to_char(r.at, 'HH24:MI:SS.MS') AS at, r.chunk, r.position, r.kind,
       (ARRAY['deposit', 'collect', 'hold', 'payout', 'closing'])[r.step]
           || CASE WHEN r.undo = 1 THEN ' undo' ELSE '' END
           || CASE WHEN r.generation > 1 THEN ' #' || r.generation ELSE '' END AS step,
       r.what, r.amount_minor, r.detail
FROM (
    SELECT i.intended_at AS at, i.chunk, i.position, 'intent' AS kind, i.step, i.kind AS undo,
           i.generation, 'may be sent until ' || to_char(i.send_before, 'HH24:MI:SS.MS') AS what,
           i.amount_minor, 'key ' || encode(uuid_send(i.idem_key), 'hex') AS detail
    FROM daybook.intent i WHERE i.settlement_id = $1::bigint
    UNION ALL
    SELECT t.at, t.chunk, t.position, 'attempt', t.step, t.kind, t.generation,
           'may be sent until ' || to_char(t.send_before, 'HH24:MI:SS.MS'), NULL,
           'send ' || (t.number + 1)
    FROM daybook.attempt t WHERE t.settlement_id = $1::bigint
    UNION ALL
    SELECT o.at, o.chunk, o.position, 'outcome', o.step, o.kind, o.generation,
           CASE o.state WHEN 1 THEN 'accepted' WHEN 2 THEN 'pending' WHEN 3 THEN 'rejected_later'
                        WHEN 4 THEN 'reversed' WHEN 5 THEN 'posted' WHEN 6 THEN 'skipped'
                        WHEN 7 THEN 'deposited' WHEN 8 THEN 'rejected_person' WHEN 20 THEN 'short' WHEN 21 THEN 'parked'
                        WHEN 22 THEN 'settled' END,
           o.amount_minor,
           concat_ws(' ', 'code ' || o.code, 'bank ref ' || o.bank_ref,
                     'available ' || o.available_minor, 'held ' || o.held_minor,
                     'residue ' || o.residue_minor)
    FROM daybook.outcome o WHERE o.settlement_id = $1::bigint
    UNION ALL
    SELECT c.committed_at, e.chunk, e.position, 'entry', e.step, e.kind, e.generation,
           'Dr ' || (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held', 'suspense',
                           'fee', 'residue'])[e.debit]
           || ' / Cr ' || (ARRAY['virtual', 'payable', 'collection', 'receivable', 'held',
                                 'suspense', 'fee', 'residue'])[e.credit],
           e.amount_minor, ''
    FROM daybook.entry e
    LEFT JOIN daybook.chunk c
        ON c.batch_id = ($1::bigint >> 32)::int AND c.partition = (($1::bigint >> 26) & 63)
       AND c.chunk = e.chunk
    WHERE e.settlement_id = $1::bigint
) r
ORDER BY r.chunk, r.position
