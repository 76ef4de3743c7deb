-- The migrations applied so far; no parameters.
SELECT version, encode(sha256, 'hex'), name FROM daybook.schema_version ORDER BY version
