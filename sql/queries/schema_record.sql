INSERT INTO daybook.schema_version (version, name, sha256) VALUES ($1, $2, decode($3, 'hex'))
