-- The newest version applied, 0: none; no parameters.
SELECT coalesce(max(version), 0) FROM daybook.schema_version
