-- schema_versions of a database without a schema.
SELECT 0 AS version, '' AS sha256, '' AS name WHERE false
