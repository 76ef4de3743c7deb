-- What guards the ledger and is not as the migrations made it: owner, triggers, rights, roles; one
-- sentence a row. Reading alone may be granted further; it changes nothing.
WITH tables AS (
    SELECT c.oid, c.relname::text AS name, c.relkind, c.relowner, c.relacl,
           c.relname IN ('batch_head', 'head', 'run') AS moves
    FROM pg_class c
    WHERE c.relnamespace = to_regnamespace('daybook') AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
), triggers AS (
    SELECT t.name AS table_name, t.oid AS table_oid, g.tgname, g.tgfoid, g.tgtype,
           g.tgenabled IN ('O', 'A') AND g.tgqual IS NULL AND g.tgattr::text = '' AS works
    FROM tables t
    JOIN pg_trigger g ON g.tgrelid = t.oid
    WHERE NOT g.tgisinternal
), functions AS (
    SELECT p.oid, p.proname::text AS name, p.proowner, p.prosecdef, p.prorettype, p.proacl
    FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace('daybook')
), rights AS (
    SELECT 'table ' || t.name AS what, t.name, x.grantee, x.privilege_type, x.is_grantable,
           t.relkind, NULL::text AS column_name
    FROM tables t, aclexplode(t.relacl) x
    WHERE x.grantee <> t.relowner
    UNION ALL
    SELECT format('table %s (%s)', t.name, a.attname), t.name, x.grantee, x.privilege_type,
           x.is_grantable, t.relkind, a.attname
    FROM tables t
    JOIN pg_attribute a ON a.attrelid = t.oid, aclexplode(a.attacl) x
    WHERE x.grantee <> t.relowner
    UNION ALL
    SELECT 'function ' || f.name, f.name, x.grantee, x.privilege_type, x.is_grantable, 'F', NULL
    FROM functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) x
    WHERE x.grantee <> f.proowner
    UNION ALL
    SELECT 'schema daybook', n.nspname, x.grantee, x.privilege_type, x.is_grantable, 'S', NULL
    FROM pg_namespace n, aclexplode(n.nspacl) x
    WHERE n.oid = to_regnamespace('daybook') AND x.grantee <> n.nspowner
), widened AS (
    SELECT r.what, r.privilege_type, coalesce(g.rolname, 'PUBLIC') AS grantee
    FROM rights r
    LEFT JOIN pg_roles g ON g.oid = r.grantee
    WHERE r.is_grantable
       OR NOT CASE
           WHEN r.privilege_type IN ('SELECT', 'USAGE') THEN true
           WHEN r.privilege_type = 'EXECUTE' THEN g.rolname IS NOT NULL
           WHEN g.rolname IS DISTINCT FROM 'daybook_engine' OR r.relkind <> 'r' THEN false
           WHEN r.privilege_type = 'INSERT' THEN r.name <> 'schema_version'
           WHEN r.privilege_type = 'UPDATE' THEN CASE r.name
               WHEN 'batch_head' THEN r.column_name <> 'batch_id'
               WHEN 'head' THEN r.column_name NOT IN ('batch_id', 'partition')
               WHEN 'run' THEN r.column_name NOT IN (
                   'run_id', 'batch_id', 'epoch', 'kind', 'operator', 'reason', 'host', 'pid',
                   'control_pid', 'control_start', 'started_at', 'timeline')
               END IS TRUE
           ELSE false
       END
)
SELECT format('%s belongs to %s, not to daybook_owner', x.what, pg_get_userbyid(x.owner)) AS wrong
FROM (
    SELECT 'table ' || t.name, t.relowner FROM tables t
    UNION ALL SELECT 'function ' || f.name, f.proowner FROM functions f
    UNION ALL SELECT 'schema daybook', n.nspowner FROM pg_namespace n
    WHERE n.oid = to_regnamespace('daybook')
) AS x (what, owner)
WHERE x.owner IS DISTINCT FROM to_regrole('daybook_owner')
UNION ALL
SELECT format('table %s: the trigger that refuses %s is missing or disabled', t.name,
              CASE WHEN t.moves THEN 'removal' ELSE 'change and removal' END)
FROM tables t
WHERE t.relkind IN ('r', 'p')
  AND NOT EXISTS (
      SELECT FROM triggers g
      WHERE g.table_oid = t.oid AND g.works
        AND g.tgfoid = to_regprocedure('daybook.refuse_change()')
        -- before (2), not for each row (1), delete (8), truncate (32), update (16)
        AND g.tgtype & 3 = 2
        AND g.tgtype & 56 = CASE WHEN t.moves THEN 40 ELSE 56 END)
UNION ALL
SELECT format('the trigger by %s is missing or disabled', f.name)
FROM functions f
WHERE f.prorettype = 'trigger'::regtype
  AND NOT EXISTS (SELECT FROM triggers g WHERE g.tgfoid = f.oid AND g.works)
UNION ALL
SELECT format('table %s: the trigger %s is disabled', g.table_name, g.tgname)
FROM triggers g
WHERE NOT g.works
UNION ALL
SELECT format('table %s: no migration made its trigger %s', g.table_name, g.tgname)
FROM triggers g
WHERE NOT EXISTS (SELECT FROM functions f WHERE f.oid = g.tgfoid)
UNION ALL
SELECT format('table %s: no migration made its rule %s', t.name, r.rulename)
FROM tables t
JOIN pg_rewrite r ON r.ev_class = t.oid
WHERE t.relkind NOT IN ('v', 'm') OR r.rulename <> '_RETURN'
UNION ALL
SELECT format('function %s runs with its owner''s rights', f.name)
FROM functions f
WHERE f.prosecdef
UNION ALL
SELECT format('%s: %s may %s', w.what, w.grantee, w.privilege_type)
FROM widened w
UNION ALL
SELECT format('role %s has attributes that it must not have', r.rolname)
FROM pg_roles r
WHERE r.rolname IN ('daybook_owner', 'daybook_engine', 'daybook_reader', 'daybook_auditor')
  AND (r.rolsuper OR r.rolbypassrls OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication)
UNION ALL
SELECT format('role %s is a member of daybook_owner', r.rolname)
FROM pg_roles r
WHERE r.rolname IN ('daybook_engine', 'daybook_reader', 'daybook_auditor')
  AND pg_has_role(r.oid, to_regrole('daybook_owner'), 'member')
