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

-- Still the partition's holder? Returns the database's time, or raises DB001. Volatile, so that no
-- plan leaves it out.
CREATE FUNCTION daybook.check_epoch(p_batch int, p_partition int, p_epoch int)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
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
    RETURN clock_timestamp();
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
    FOREACH name IN ARRAY ARRAY['schema_version', 'installation', 'account', 'mapping',
                                'virtual_account', 'bank_profile', 'batch', 'plan_revision',
                                'plan', 'opening', 'chunk', 'intent', 'attempt',
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
       AND (NEW.revision <> OLD.revision OR NEW.frozen_at IS DISTINCT FROM OLD.frozen_at
            OR NEW.hold_by_transfer IS DISTINCT FROM OLD.hold_by_transfer) THEN
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

-- A number belongs to the account that had it first; two imports at once wait for each other here.
CREATE FUNCTION daybook.guard_mapping()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, daybook, pg_temp
AS $$
BEGIN
    INSERT INTO daybook.virtual_account (bank, virtual_account, account_id)
    SELECT DISTINCT n.bank, n.virtual_account, n.account_id FROM added n ORDER BY 1, 2, 3
    ON CONFLICT (bank, virtual_account) DO NOTHING;
    IF EXISTS (SELECT FROM added n
               JOIN daybook.virtual_account v
                   ON v.bank = n.bank AND v.virtual_account = n.virtual_account
               WHERE v.account_id <> n.account_id) THEN
        RAISE EXCEPTION USING ERRCODE = '23505',
            MESSAGE = 'a virtual account of this mapping belongs to another account';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard AFTER INSERT ON daybook.mapping
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION daybook.guard_mapping();

RESET ROLE;
