-- A migration is applied: $1 version, $2 name, $3 SHA-256 in hex.
INSERT INTO daybook.schema_version (version, name, sha256) VALUES ($1, $2, decode($3, 'hex'))
