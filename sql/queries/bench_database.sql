-- May a benchmark use this database? What is in it that is not daybook's.
SELECT to_regclass('daybook.schema_version') IS NOT NULL AS has_schema, count(*) AS others,
       current_setting('server_version') AS version, current_setting('fsync') AS fsync
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname NOT IN ('daybook', 'pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
