-- Who may do what. The owner owns, and nobody logs in as it. The engine reads, adds, and moves heads
-- and runs. The auditor reads everything, the reader only the views, with account numbers masked.

-- A role that was there before may have been given more than it should have.
DO $$
DECLARE
    found text;
BEGIN
    SELECT string_agg(r.rolname, ', ' ORDER BY r.rolname) INTO found
    FROM pg_catalog.pg_roles r
    WHERE r.rolname IN ('daybook_owner', 'daybook_engine', 'daybook_reader', 'daybook_auditor')
      AND (r.rolsuper OR r.rolbypassrls OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42501',
            MESSAGE = format('these roles have attributes that they must not have: %s', found),
            HINT = 'ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION';
    END IF;
    SELECT string_agg(r.name, ', ') INTO found
    FROM unnest(ARRAY['daybook_engine', 'daybook_reader', 'daybook_auditor']) AS r (name)
    WHERE pg_catalog.pg_has_role(r.name, 'daybook_owner', 'member');
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42501',
            MESSAGE = format('these roles are members of daybook_owner: %s', found),
            HINT = 'REVOKE daybook_owner FROM them: what an engine may do, it must not own.';
    END IF;
END
$$;

SET LOCAL ROLE daybook_owner;

REVOKE ALL ON SCHEMA daybook FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA daybook FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA daybook FROM PUBLIC;
-- What later migrations make is nobody's until they grant it.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA daybook TO daybook_engine, daybook_reader, daybook_auditor;

GRANT SELECT ON ALL TABLES IN SCHEMA daybook TO daybook_engine, daybook_auditor;
GRANT INSERT ON ALL TABLES IN SCHEMA daybook TO daybook_engine;
REVOKE INSERT ON daybook.schema_version FROM daybook_engine;

-- Heads and runs move, but whose they are, and who ran what when, stays.
DO $$
DECLARE
    moving record;
BEGIN
    FOR moving IN
        SELECT m.name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
        FROM (VALUES
            ('batch_head', ARRAY['batch_id']),
            ('head', ARRAY['batch_id', 'partition']),
            ('run', ARRAY['run_id', 'batch_id', 'epoch', 'kind', 'operator', 'reason', 'host', 'pid',
                          'control_pid', 'control_start', 'timeline', 'started_at'])
        ) AS m (name, fixed)
        JOIN pg_catalog.pg_attribute a
            ON a.attrelid = ('daybook.' || m.name)::regclass AND a.attnum > 0
           AND NOT a.attisdropped AND a.attname <> ALL (m.fixed)
        GROUP BY m.name
    LOOP
        EXECUTE format('GRANT UPDATE (%s) ON daybook.%I TO daybook_engine', moving.columns,
                       moving.name);
    END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
    daybook.advance(int, int, int, int, bytea, bytea, int, int, bigint),
    daybook.check_epoch(int, int, int)
    TO daybook_engine;

RESET ROLE;
