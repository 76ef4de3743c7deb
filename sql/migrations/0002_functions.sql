-- What the engine may do by function, and what nobody may do.
SET LOCAL ROLE daybook_owner;

-- ---- chunks -------------------------------------------------------------------------------------

-- Moves a partition's head from chunk - 1 to chunk, or raises:
--   DB001 another epoch holds the partition   DB002 this very chunk is there already
--   DB003 it is there with another hash       DB004 chunks between are missing
-- Returns the database's time.
CREATE FUNCTION daybook.advance(p_batch int, p_partition int, p_epoch int, p_chunk int,
                                p_prev_hash bytea, p_hash bytea, p_records int, p_entries int,
                                p_debit_total_minor bigint)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, daybook, pg_temp
AS $$
DECLARE
    v_head daybook.head;
    v_hash bytea;
BEGIN
    SELECT * INTO v_head FROM daybook.head h
    WHERE h.batch_id = p_batch AND h.partition = p_partition FOR UPDATE;
    IF v_head.epoch IS DISTINCT FROM p_epoch THEN
        RAISE EXCEPTION USING ERRCODE = 'DB001',
            MESSAGE = format('epoch %s holds the partition, this is %s', v_head.epoch, p_epoch);
    END IF;
    IF v_head.chunk < p_chunk - 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'DB004',
            MESSAGE = format('the newest chunk is %s, this is %s', v_head.chunk, p_chunk);
    END IF;
    IF v_head.chunk >= p_chunk THEN
        SELECT c.hash INTO v_hash FROM daybook.chunk c
        WHERE c.batch_id = p_batch AND c.partition = p_partition AND c.chunk = p_chunk;
        IF v_hash = p_hash THEN
            RAISE EXCEPTION USING ERRCODE = 'DB002',
                MESSAGE = format('chunk %s is there already', p_chunk);
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'DB003',
            MESSAGE = format('chunk %s is there with another hash', p_chunk);
    END IF;
    IF v_head.hash <> p_prev_hash THEN
        RAISE EXCEPTION USING ERRCODE = 'DB003',
            MESSAGE = format('chunk %s does not follow the hash of chunk %s', p_chunk, p_chunk - 1);
    END IF;
    INSERT INTO daybook.chunk (batch_id, partition, chunk, epoch, records, entries,
                               debit_total_minor, hash, prev_hash)
    VALUES (p_batch, p_partition, p_chunk, p_epoch, p_records, p_entries, p_debit_total_minor,
            p_hash, p_prev_hash);
    UPDATE daybook.head h
    SET chunk = p_chunk, hash = p_hash, records = h.records + p_records,
        entries = h.entries + p_entries,
        debit_total_minor = h.debit_total_minor + p_debit_total_minor
    WHERE h.batch_id = p_batch AND h.partition = p_partition;
    RETURN clock_timestamp();
END
$$;

-- ---- pages --------------------------------------------------------------------------------------

-- One settlement as the engine loads it; struct load_row of engine/core/port.h.
CREATE TYPE daybook.load_row AS (
    settlement_id bigint,
    opened boolean,
    bank text,
    mapping_id bigint,
    key_seed uuid,
    repayment_minor bigint,
    hold_minor bigint,
    expected_minor bigint,
    opening_minor bigint,
    floor_held_minor bigint,
    floor_payable_minor bigint,
    floor_residue_minor bigint,
    deposit_minor bigint,
    seen_minor bigint,
    outcome_seq smallint,
    step_done smallint,
    virtual_account text,
    payout_bank text,
    payout_account text,
    holder_name text,
    transfer_step smallint,
    transfer_kind smallint,
    transfer_generation smallint,
    transfer_state smallint,
    transfer_attempts smallint,
    transfer_amount_minor bigint,
    transfer_intended_at timestamptz,
    transfer_send_before timestamptz,
    transfer_decided_at timestamptz,
    transfer_body_sha256 bytea
);

CREATE FUNCTION daybook.check_epoch(p_batch int, p_partition int, p_epoch int)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, daybook, pg_temp
AS $$
DECLARE
    v_epoch int;
BEGIN
    SELECT h.epoch INTO v_epoch FROM daybook.head h
    WHERE h.batch_id = p_batch AND h.partition = p_partition;
    IF v_epoch IS DISTINCT FROM p_epoch THEN
        RAISE EXCEPTION USING ERRCODE = 'DB001',
            MESSAGE = format('epoch %s holds the partition, this is %s', v_epoch, p_epoch);
    END IF;
END
$$;

-- Opens the listed settlements whose account is free: it never had one, or its newest one has its
-- end record, whose amounts become the floor. The key (account, ordinal) lets one opener win; who
-- lost sees that when it reads back.
CREATE FUNCTION daybook.open_page(p_ids bigint[], p_revision int)
RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, daybook, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
    INSERT INTO daybook.opening (account_id, ordinal, settlement_id, follows, held_minor,
                                 payable_minor, residue_minor)
    SELECT p.account_id, coalesce(newest.ordinal, 0) + 1, p.settlement_id, newest.settlement_id,
           coalesce(ended.held_minor, 0), coalesce(ended.amount_minor, 0),
           coalesce(ended.residue_minor, 0)
    FROM unnest(p_ids) AS listed (settlement_id)
    JOIN daybook.plan p
        ON p.settlement_id = listed.settlement_id AND p.revision = p_revision
    LEFT JOIN LATERAL (
        SELECT o.ordinal, o.settlement_id FROM daybook.opening o
        WHERE o.account_id = p.account_id ORDER BY o.ordinal DESC LIMIT 1
    ) newest ON true
    LEFT JOIN LATERAL (
        SELECT x.amount_minor, x.held_minor, x.residue_minor FROM daybook.outcome x
        WHERE x.settlement_id = newest.settlement_id AND x.state = 22
        ORDER BY x.seq DESC LIMIT 1
    ) ended ON true
    WHERE newest.settlement_id IS NULL
       OR (newest.settlement_id <> p.settlement_id AND ended.amount_minor IS NOT NULL)
    ORDER BY p.account_id
    ON CONFLICT DO NOTHING
$$;

-- Opens the listed fresh settlements, then reads them in a new snapshot, in the order of the list.
CREATE FUNCTION daybook.open_and_read(p_ids bigint[], p_revision int)
RETURNS SETOF daybook.load_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, daybook, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
BEGIN
    PERFORM daybook.open_page(p_ids, p_revision);
    RETURN QUERY
    SELECT listed.settlement_id, o.account_id IS NOT NULL, m.bank, p.mapping_id, p.key_seed,
           p.repayment_minor, p.hold_minor, coalesce(p.expected_minor, 0),
           CASE WHEN o.follows IS NULL THEN coalesce(p.opening_minor, 0) ELSE 0 END,
           coalesce(o.held_minor, 0), coalesce(o.payable_minor, 0), coalesce(o.residue_minor, 0),
           0::bigint, coalesce(s.amount_minor, -1), coalesce(s.seq, 0::smallint), 0::smallint,
           m.virtual_account, m.payout_bank, m.payout_account, m.holder_name,
           0::smallint, 0::smallint, 0::smallint, 0::smallint, 0::smallint, 0::bigint,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::bytea
    FROM unnest(p_ids) WITH ORDINALITY AS listed (settlement_id, place)
    LEFT JOIN daybook.plan p
        ON p.settlement_id = listed.settlement_id AND p.revision = p_revision
    LEFT JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
    LEFT JOIN daybook.opening o
        ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
    LEFT JOIN LATERAL (
        SELECT x.seq, x.amount_minor FROM daybook.outcome x
        WHERE x.settlement_id = listed.settlement_id ORDER BY x.seq DESC LIMIT 1
    ) s ON true
    ORDER BY listed.place;
END
$$;

-- The next fresh settlements after a position: nothing recorded yet, or short last.
CREATE FUNCTION daybook.load_fresh(p_batch int, p_partition int, p_epoch int, p_revision int,
                                   p_after int, p_max int)
RETURNS SETOF daybook.load_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, daybook, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    v_first bigint := (p_batch::bigint << 32) | (p_partition::bigint << 26);
    v_ids bigint[];
BEGIN
    PERFORM daybook.check_epoch(p_batch, p_partition, p_epoch);
    v_ids := ARRAY(
        SELECT p.settlement_id
        FROM daybook.plan p
        LEFT JOIN LATERAL (
            SELECT x.state FROM daybook.outcome x
            WHERE x.settlement_id = p.settlement_id ORDER BY x.seq DESC LIMIT 1
        ) s ON true
        WHERE p.settlement_id > (v_first | p_after)
          AND p.settlement_id < v_first + (1 << 26)
          AND p.revision = p_revision
          AND (s.state IS NULL OR s.state = 20)
        ORDER BY p.settlement_id
        LIMIT p_max);
    RETURN QUERY SELECT * FROM daybook.open_and_read(v_ids, p_revision);
END
$$;

-- Those of the listed positions that are still fresh.
CREATE FUNCTION daybook.load_again(p_batch int, p_partition int, p_epoch int, p_revision int,
                                   p_positions int[])
RETURNS SETOF daybook.load_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, daybook, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    v_first bigint := (p_batch::bigint << 32) | (p_partition::bigint << 26);
    v_ids bigint[];
BEGIN
    PERFORM daybook.check_epoch(p_batch, p_partition, p_epoch);
    v_ids := ARRAY(
        SELECT p.settlement_id
        FROM unnest(p_positions) WITH ORDINALITY AS listed (position, place)
        JOIN daybook.plan p
            ON p.settlement_id = (v_first | listed.position) AND p.revision = p_revision
        LEFT JOIN LATERAL (
            SELECT x.state FROM daybook.outcome x
            WHERE x.settlement_id = p.settlement_id ORDER BY x.seq DESC LIMIT 1
        ) s ON true
        WHERE s.state IS NULL OR s.state = 20
        ORDER BY listed.place);
    RETURN QUERY SELECT * FROM daybook.open_and_read(v_ids, p_revision);
END
$$;

-- The next settlements after a position whose deposit is recorded, and which have neither ended
-- nor are parked; each with its newest transfer. One pass over the partition's outcomes, in the
-- order of their key.
CREATE FUNCTION daybook.load_under_way(p_batch int, p_partition int, p_epoch int, p_revision int,
                                       p_after int, p_max int)
RETURNS SETOF daybook.load_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, daybook, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashagg = off
SET enable_sort = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    v_first bigint := (p_batch::bigint << 32) | (p_partition::bigint << 26);
BEGIN
    PERFORM daybook.check_epoch(p_batch, p_partition, p_epoch);
    RETURN QUERY
    SELECT u.settlement_id, o.account_id IS NOT NULL, m.bank, p.mapping_id, p.key_seed,
           p.repayment_minor, p.hold_minor, coalesce(p.expected_minor, 0),
           CASE WHEN o.follows IS NULL THEN coalesce(p.opening_minor, 0) ELSE 0 END,
           coalesce(o.held_minor, 0), coalesce(o.payable_minor, 0), coalesce(o.residue_minor, 0),
           u.deposit_minor, coalesce(n.amount_minor, -1), u.outcome_seq, u.step_done,
           m.virtual_account, m.payout_bank, m.payout_account, m.holder_name,
           coalesce(t.step, 0::smallint), coalesce(t.kind, 0::smallint),
           coalesce(t.generation, 0::smallint), coalesce(d.state, 0::smallint),
           coalesce(a.attempts, 0::smallint), coalesce(t.amount_minor, 0),
           t.intended_at, greatest(t.send_before, a.send_before), d.at, t.body_sha256
    FROM (
        -- seq << 8 | state: its greatest value tells the newest state.
        SELECT x.settlement_id,
               max(x.seq) AS outcome_seq,
               max(x.amount_minor) FILTER (WHERE x.state = 7) AS deposit_minor,
               max(x.step) FILTER (WHERE x.state IN (1, 5, 6, 7) AND x.kind = 0) AS step_done
        FROM daybook.outcome x
        WHERE x.settlement_id > (v_first | p_after) AND x.settlement_id < v_first + (1 << 26)
        GROUP BY x.settlement_id
        HAVING bool_or(x.state = 7) AND max(x.seq::int << 8 | x.state) & 255 NOT IN (21, 22)
        ORDER BY x.settlement_id
        LIMIT p_max
    ) u
    LEFT JOIN daybook.plan p
        ON p.settlement_id = u.settlement_id AND p.revision = p_revision
    LEFT JOIN daybook.mapping m ON m.mapping_id = p.mapping_id
    LEFT JOIN daybook.opening o
        ON o.account_id = p.account_id AND o.settlement_id = p.settlement_id
    LEFT JOIN LATERAL (
        SELECT i.* FROM daybook.intent i
        WHERE i.settlement_id = u.settlement_id
        ORDER BY i.chunk DESC, i.position DESC LIMIT 1
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
    ) n ON true;
END
$$;

-- ---- what nobody may do -------------------------------------------------------------------------

CREATE FUNCTION daybook.refuse_change()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '42501',
        MESSAGE = format('%s on %I.%I is refused: what happened stays', TG_OP, TG_TABLE_SCHEMA,
                         TG_TABLE_NAME),
        HINT = 'Write a further record instead.';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['schema_version', 'account', 'mapping', 'bank_profile', 'batch',
                                'plan_revision', 'plan', 'opening', 'chunk', 'intent', 'attempt',
                                'outcome', 'entry', 'closing', 'request', 'request_answer']
    LOOP
        EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE'
                       ' ON daybook.%I FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION daybook.refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['batch_head', 'head', 'run']
    LOOP
        EXECUTE format('CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE'
                       ' ON daybook.%I FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION daybook.refuse_change()', name);
    END LOOP;
END
$$;

-- A frozen plan stays: no other revision becomes the batch's, epochs only rise.
CREATE FUNCTION daybook.guard_batch_head()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    IF OLD.frozen_at IS NOT NULL
       AND (NEW.revision <> OLD.revision OR NEW.frozen_at IS DISTINCT FROM OLD.frozen_at) THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005',
            MESSAGE = format('the plan of batch %s is frozen', OLD.batch_id),
            HINT = 'Import other input as another batch.';
    END IF;
    IF NEW.batch_id <> OLD.batch_id OR NEW.epoch < OLD.epoch OR NEW.revision < OLD.revision THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005',
            MESSAGE = format('the head of batch %s cannot go back', OLD.batch_id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard BEFORE UPDATE ON daybook.batch_head
    FOR EACH ROW EXECUTE FUNCTION daybook.guard_batch_head();

CREATE FUNCTION daybook.guard_head()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    IF NEW.batch_id <> OLD.batch_id OR NEW.partition <> OLD.partition OR NEW.epoch < OLD.epoch
       OR NEW.chunk NOT IN (OLD.chunk, OLD.chunk + 1) THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005',
            MESSAGE = format('the head of batch %s partition %s goes on by one chunk, never back',
                             OLD.batch_id, OLD.partition);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard BEFORE UPDATE ON daybook.head
    FOR EACH ROW EXECUTE FUNCTION daybook.guard_head();

-- Rows cannot be slipped into a frozen plan.
CREATE FUNCTION daybook.guard_plan()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM daybook.batch_head h
               WHERE h.frozen_at IS NOT NULL
                 AND h.batch_id IN (SELECT DISTINCT (n.settlement_id >> 32)::int FROM added n)) THEN
        RAISE EXCEPTION USING ERRCODE = 'DB005', MESSAGE = 'the plan of this batch is frozen';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard AFTER INSERT ON daybook.plan
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.guard_plan();

RESET ROLE;
