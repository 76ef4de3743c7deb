SELECT version, encode(sha256, 'hex'), name FROM daybook.schema_version ORDER BY version
